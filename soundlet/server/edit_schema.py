"""The JSON of the edits, typed. Their fields are those of `soundlet.editing`; a test compares."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import (
    ConfigDict,
    Field,
    JsonValue,
    ValidationError,
    ValidatorFunctionWrapHandler,
    WrapValidator,
)
from pydantic_core import PydanticCustomError

from soundlet.editing.request import (
    LONGEST_BLEND,
    MAX_CROSSFADE,
    MAX_REGIONS,
    MAX_RESAMPLINGS,
    BlendRequest,
    InpaintRequest,
    OutpaintRequest,
    RestyleRequest,
    VariationRequest,
)
from soundlet.server.schema import Body, SoundBody, Text, UnitFloat
from soundlet.server.uploads import MAX_SECONDS

MOST_ADDED = 120.0  # seconds on either side, in one request

Seconds = Annotated[float, Field(ge=0, le=MAX_SECONDS, allow_inf_nan=False)]
Added = Annotated[float, Field(ge=0, le=MOST_ADDED, allow_inf_nan=False, description="Seconds.")]
Strength = Annotated[
    float, Field(gt=0, lt=1, allow_inf_nan=False, description="How much of the sound is replaced.")
]
Resamplings = Annotated[
    int,
    Field(
        ge=1, le=MAX_RESAMPLINGS, description="More makes the edges agree better, and is slower."
    ),
]
Crossfade = Annotated[
    float,
    Field(ge=0, le=MAX_CROSSFADE, allow_inf_nan=False, description="Seconds at each edge."),
]


def _number_or_pair(value: object, handler: ValidatorFunctionWrapHandler) -> object:
    """What `handler` makes of it; a fault is one of the field, not of one of its two forms."""
    try:
        return handler(value)
    except ValidationError as e:
        right = "a number from 0 to 1, or a list of two: at the start and the end"
        raise PydanticCustomError("share", "Input should be {right}", {"right": right}) from e


Share = Annotated[
    UnitFloat | Annotated[list[UnitFloat], Field(min_length=2, max_length=2)],
    WrapValidator(_number_or_pair),
    Field(description="Of the second prompt: one number, or [start, end] to move between."),
]


def _example(**fields: JsonValue) -> ConfigDict:
    return ConfigDict(json_schema_extra={"examples": [fields]})


class Restyle(SoundBody):
    """The same sound in another manner."""

    model_config = _example(prompt="music box", strength=0.7, seed=1)

    strength: Strength = RestyleRequest.strength


class Variation(Restyle):
    """Another take of the same sound; each seed is another one."""

    strength: Strength = VariationRequest.strength


class Inpaint(SoundBody):
    """New sound in the regions; all else comes back sample for sample."""

    model_config = _example(prompt="snare fill", regions=[[1.5, 2.0]], seed=1)

    regions: Annotated[
        list[Annotated[list[Seconds], Field(min_length=2, max_length=2)]],
        Field(min_length=1, max_length=MAX_REGIONS, description="(first, last) in seconds."),
    ]
    resamplings: Resamplings = InpaintRequest.resamplings
    crossfade: Crossfade = InpaintRequest.crossfade

    def fields(self) -> dict[str, Any]:
        """With the regions as pairs."""
        given = super().fields()
        return {**given, "regions": tuple((first, last) for first, last in given["regions"])}


class Outpaint(SoundBody):
    """More sound before or after; what is there comes back sample for sample."""

    model_config = _example(prompt="drum loop", after=4, seed=1)

    before: Added = 0.0
    after: Added = 0.0
    resamplings: Resamplings = OutpaintRequest.resamplings
    crossfade: Crossfade = OutpaintRequest.crossfade


class Blend(SoundBody):
    """The sound between two prompts, or from the one to the other; without audio a new one."""

    model_config = _example(prompt="rain", other="applause", share=0.5, seed=1)

    other: Annotated[Text, Field(description="The second prompt.")]
    share: Share = 0.5
    strength: Strength = BlendRequest.strength
    seconds: Annotated[
        float | None,
        Field(
            ge=0.01,
            le=LONGEST_BLEND,
            allow_inf_nan=False,
            description="Length without audio; the model's own if left out.",
        ),
    ] = None


class OneShot(Body):
    """One hit out of the sound: from its onset to the next one, or to the end of its decay."""

    model_config = _example(at=1.0)

    model: Annotated[str | None, Field(max_length=200, description="Only named in the file.")] = (
        None
    )
    at: Annotated[
        Seconds | None, Field(description="Seconds near which it begins; the strongest if left out")
    ] = None
    longest: Annotated[float, Field(ge=0.02, le=10, allow_inf_nan=False)] = 2.0

    def fields(self) -> dict[str, Any]:
        """What was given, by name, but for the model."""
        return self.model_dump(exclude={"model"}, exclude_none=True)


EditBody = Restyle | Variation | Inpaint | Outpaint | Blend | OneShot

EDITS: dict[str, type[EditBody]] = {
    "restyle": Restyle,
    "variation": Variation,
    "inpaint": Inpaint,
    "outpaint": Outpaint,
    "blend": Blend,
    "one_shot": OneShot,
}
"""The body of each edit, by the operation's name."""
