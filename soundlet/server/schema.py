"""The JSON of the interface, typed: what is sent to the server, and what it answers.

The fields of a generation are those of `soundlet.GenerationRequest`; a test holds the two together.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from soundlet.request import MAX_CANDIDATES, MAX_CFG_SCALE, MAX_SEED, MAX_STEPS, Sampler
from soundlet.server.jobs import State
from soundlet.tempo import FASTEST, MAX_BARS, MAX_BEATS_PER_BAR, SLOWEST

MOST_TRIED = 8  # loops of a job
MAX_TEXT = 2000  # characters of a prompt: more than any text encoder reads
HAS_A_WORD = r"\S"

Text = Annotated[str, Field(min_length=1, max_length=MAX_TEXT, pattern=HAS_A_WORD)]
UnitFloat = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]

EXAMPLE: dict[str, JsonValue] = {"prompt": "techno drum loop, 128 BPM", "seconds": 4, "seed": 1}


LOOP_EXAMPLE: dict[str, JsonValue] = {
    "prompt": "house, drum loop, 909 kit, driving",
    "bpm": 124,
    "bars": 2,
    "seed": 1,
}


class Body(BaseModel):
    """What is sent: a field that it does not name is an error."""

    model_config = ConfigDict(extra="forbid", strict=True)


class SoundBody(Body):
    """What every request may say of how its sound is made. What is left out is the model's own."""

    model: Annotated[
        str | None, Field(max_length=200, description="Name of a model; the first one if left out.")
    ] = None
    prompt: Annotated[Text, Field(description="What it should sound like, in English.")]
    seed: Annotated[
        int | None, Field(ge=0, le=MAX_SEED, description="Repeats a sound; drawn if left out.")
    ] = None
    steps: Annotated[
        int | None, Field(ge=1, le=MAX_STEPS, description="Of the sampler; more is slower.")
    ] = None
    sampler: Annotated[
        Sampler | None, Field(description="pingpong for distilled models, else another.")
    ] = None
    cfg_scale: Annotated[
        float | None,
        Field(
            ge=0,
            le=MAX_CFG_SCALE,
            allow_inf_nan=False,
            description="Strength of guidance; 1 is none.",
        ),
    ] = None
    cfg_rescale: Annotated[
        UnitFloat, Field(description="Tames the level that guidance adds; 0 is not at all.")
    ] = 0.0
    cfg_interval: Annotated[
        list[UnitFloat],
        Field(min_length=2, max_length=2, description="Times of the flow with guidance on."),
    ] = [0.0, 1.0]
    negative_prompt: Annotated[
        Text | None, Field(description="What it should not sound like; needs guidance.")
    ] = None
    truncate_prompt: Annotated[
        bool, Field(description="Cut a prompt that is too long instead of refusing it.")
    ] = False

    def fields(self) -> dict[str, Any]:
        """What was given, by name, but for the model."""
        given = self.model_dump(exclude={"model"}, exclude_none=True)
        return {**given, "cfg_interval": tuple(given["cfg_interval"])}


class Generation(SoundBody):
    """One clip to make."""

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE]})

    seconds: Annotated[
        float | None, Field(gt=0, allow_inf_nan=False, description="Length of the clip.")
    ] = None
    candidates: Annotated[
        int | None,
        Field(
            ge=1,
            le=MAX_CANDIDATES,
            description="Sounds that are sampled, of which the best fit is kept; more is slower.",
        ),
    ] = None
    loop: Annotated[bool, Field(description="Make the end lead into the start.")] = False
    short_window: Annotated[
        bool, Field(description="Sample no more than the clip's length; a little other in sound.")
    ] = False


class Loop(SoundBody):
    """Whole bars that repeat without a seam. The prompt gets the tempo, if it does not state it."""

    model_config = ConfigDict(json_schema_extra={"examples": [LOOP_EXAMPLE]})

    bpm: Annotated[
        float | None,
        Field(
            ge=SLOWEST,
            le=FASTEST,
            allow_inf_nan=False,
            description="Beats a minute; what the prompt states if left out.",
        ),
    ] = None
    bars: Annotated[int, Field(ge=1, le=MAX_BARS)] = 2
    beats_per_bar: Annotated[int, Field(ge=1, le=MAX_BEATS_PER_BAR)] = 4
    best_of: Annotated[
        int, Field(ge=1, le=MOST_TRIED, description="Make so many and keep the best.")
    ] = 1


class View(BaseModel):
    """What is answered."""

    model_config = ConfigDict(extra="forbid")


class FieldError(View):
    """A fault of one field."""

    field: str
    detail: str


class ProblemView(View):
    """What went wrong, as RFC 9457 has it."""

    model_config = ConfigDict(
        extra="forbid",
        title="Problem",
        json_schema_extra={
            "examples": [
                {
                    "type": "urn:soundlet:request",
                    "title": "The request asks for what cannot be done",
                    "status": 422,
                    "detail": "seconds must be from 2.27e-05 to 11.888 with soundlet-mini, not 60",
                    "field": "seconds",
                }
            ]
        },
    )

    type: Annotated[str, Field(pattern="^urn:soundlet:[a-z-]+$")]
    title: str
    status: Annotated[int, Field(ge=400, le=599)]
    detail: str
    field: Annotated[str, Field(description="What of the request is to blame.")] = ""
    errors: Annotated[
        list[FieldError], Field(description="Every fault, if there are several.")
    ] = []
    retry_after: Annotated[int, Field(ge=0, description="Seconds.")] = 0


class Sound(View):
    """What came out of a job."""

    seed: Annotated[int, Field(ge=0, le=MAX_SEED)]
    seconds: float
    samples: int
    sample_rate: Annotated[int, Field(description="Hz")]
    channels: int
    gain_db: Annotated[float, Field(description="What was done to its level so that it fits.")]
    measures: Annotated[
        dict[str, Any], Field(description="Of a loop: its tempo, seam and level, as measured.")
    ]


class JobView(View):
    """A job: what was asked, how far it is, and what came of it."""

    id: Annotated[str, Field(pattern="^[0-9a-f]{32}$")]
    operation: str
    model: str
    state: State
    position: Annotated[int | None, Field(description="Jobs ahead of it, while it is queued.")]
    step: int
    steps: int | None
    created: Annotated[float, Field(description="Seconds since 1970.")]
    started: float | None
    ended: float | None
    request: Annotated[dict[str, Any], Field(description="As used, defaults filled in.")]
    sound: Sound | None
    settings: Annotated[dict[str, Any] | None, Field(description="What the tags of the file hold.")]
    problem: ProblemView | None


class ModelView(View):
    """A model of this server."""

    name: str
    is_default: bool
    is_ready: bool
    description: str
    licence: str
    sample_rate: int
    channels: int
    max_seconds: float
    prompt_max_tokens: Annotated[int, Field(description="That a prompt may have.")]
    defaults: dict[str, Any]


class ModelsView(View):
    """The models of this server, the default first."""

    soundlet: Annotated[str, Field(description="Version of the server.")]
    models: list[ModelView]
    operations: list[str]
    formats: list[str]


class Idea(View):
    """A prompt, and the parts that it has."""

    prompt: str
    genre: str | None
    elements: Annotated[list[str], Field(description="Kind of sound, sources, instruments.")]
    mood: Annotated[list[str], Field(description="Moods, textures, effects.")]
    key: str | None
    tempo: Annotated[float | None, Field(description="Beats a minute.")]


class IdeasView(View):
    """Prompts that were drawn."""

    seed: Annotated[int, Field(description="Draws the same again.")]
    ideas: list[Idea]


class PresetView(View):
    """A usual kind of sound."""

    name: str
    about: str
    example: Idea


class VocabularyView(View):
    """The words of prompts, by the parts that they say."""

    genre: list[str]
    elements: Annotated[dict[str, list[str]], Field(description="By group.")]
    mood: Annotated[dict[str, list[str]], Field(description="By group.")]
    tonics: Annotated[dict[str, list[str]], Field(description="By mode; a key is both.")]
    tempo: Annotated[list[int], Field(description="Slowest and fastest that was taught.")]
    presets: list[PresetView]


class Health(View):
    """Whether the server is well."""

    status: Literal["ok"]
