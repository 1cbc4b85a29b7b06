"""What may be asked of a sound that is there: one type for each operation."""

from __future__ import annotations

import hashlib
import math
import os
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from numbers import Integral, Real
from pathlib import Path
from typing import Any, ClassVar, TypeVar

import numpy as np

from soundlet.errors import RequestError
from soundlet.request import GenerationRequest, Sampler, plain_number, require_channels_first
from soundlet.source import Given, name_of

Region = tuple[float, float]
Share = float | tuple[float, float]

MAX_OUTPAINT_SECONDS = 3600.0
MAX_REGIONS = 64
MAX_RESAMPLINGS = 10
MAX_CROSSFADE = 0.5
LONGEST_BLEND = 600.0  # seconds


@dataclass(frozen=True, kw_only=True, eq=False)
class ModelEdit:
    """What the edits that ask the model have in common.

    Attributes:
        prompt: what the new sound should be like, in English.
        audio: the sound to edit: a file, or (array of (channels, samples), rate in Hz).
        seed, steps, sampler, cfg_scale, cfg_rescale, cfg_interval, negative_prompt,
            truncate_prompt: as in `GenerationRequest`.

    Raises:
        RequestError: a value no model takes; the message says which is right.
    """

    operation: ClassVar[str] = ""

    prompt: str
    audio: Given | None = None
    seed: int | None = None
    steps: int | None = None
    sampler: Sampler | None = None
    cfg_scale: float | None = None
    cfg_rescale: float = 0.0
    cfg_interval: tuple[float, float] = (0.0, 1.0)
    negative_prompt: str | None = None
    truncate_prompt: bool = False

    def __post_init__(self) -> None:
        """Check what all have in common; each adds its own."""
        self.generation()
        _check_audio(self.audio)

    def generation(self, prompt: str | None = None) -> GenerationRequest:
        """How the model is asked, as a request; the length is left to the edit."""
        names = {each.name for each in fields(ModelEdit)} - {"audio", "prompt"}
        how = {name: getattr(self, name) for name in names}
        text = self.prompt if prompt is None else prompt
        return GenerationRequest(prompt=text, candidates=1, **how)

    def as_json(self) -> dict[str, Any]:
        """The operation and its fields; of the sound, its name and hash."""
        return _told(self)


@dataclass(frozen=True, kw_only=True, eq=False)
class RestyleRequest(ModelEdit):
    """The same sound in another manner: part of it becomes noise, from which the model goes on.

    Attributes:
        strength: how much of the sound is replaced: above 0 (none) to below 1 (all of it).
    """

    operation: ClassVar[str] = "restyle"

    strength: float = 0.7

    def __post_init__(self) -> None:
        """Check the strength too."""
        super().__post_init__()
        _check_given(self.audio)
        _check_strength(self.strength)


@dataclass(frozen=True, kw_only=True, eq=False)
class VariationRequest(RestyleRequest):
    """Another take of the same sound: restyled a little, by the prompt it was made from.

    Each seed is another variation.
    """

    operation: ClassVar[str] = "variation"

    strength: float = 0.5


@dataclass(frozen=True, kw_only=True, eq=False)
class InpaintRequest(ModelEdit):
    """New sound in one or more regions; all else comes back sample for sample.

    Attributes:
        regions: (first, last) of each in seconds, in any order; they must not overlap.
        resamplings: how often each stretch of the flow is run, 1 to 10: more makes the edges agree
            better, and takes so many times as long.
        crossfade: seconds at each edge, 0 to 0.5, inside what is kept, where old and new are mixed;
            less where the mix would peak above full scale.
    """

    operation: ClassVar[str] = "inpaint"

    regions: tuple[Region, ...] = ()
    resamplings: int = 3
    crossfade: float = 0.02

    def __post_init__(self) -> None:
        """Check the regions too."""
        super().__post_init__()
        _check_given(self.audio)
        _check_joins(self.resamplings, self.crossfade)
        if not self.regions or len(self.regions) > MAX_REGIONS:
            raise RequestError(f"regions must be 1 to {MAX_REGIONS} pairs of seconds")
        for region in self.regions:
            is_pair = isinstance(region, tuple | list) and len(region) == 2
            are_numbers = is_pair and all(_is_number(value) for value in region)
            if not are_numbers or not 0 <= region[0] < region[1]:
                raise RequestError(
                    f"a region must be (first, last) in seconds, 0 <= first < last, not {region!r}"
                )
        last = 0.0
        for region in sorted(self.regions):
            if region[0] < last:
                raise RequestError(
                    f"regions must not overlap: one begins at {region[0]:g} s, before another ends"
                    f" at {last:g} s"
                )
            last = region[1]


@dataclass(frozen=True, kw_only=True, eq=False)
class OutpaintRequest(ModelEdit):
    """More sound before or after; what is there comes back sample for sample.

    What is longer than the model's window is made window after window, each of which hears the end
    of the one before.

    Attributes:
        before: seconds to add at the start, 0 to 3600.
        after: seconds to add at the end, 0 to 3600.
        resamplings, crossfade: as in `InpaintRequest`.
    """

    operation: ClassVar[str] = "outpaint"

    before: float = 0.0
    after: float = 0.0
    resamplings: int = 3
    crossfade: float = 0.02

    def __post_init__(self) -> None:
        """Check the lengths too."""
        super().__post_init__()
        _check_given(self.audio)
        _check_joins(self.resamplings, self.crossfade)
        for name in ("before", "after"):
            _check_range(name, getattr(self, name), 0, MAX_OUTPAINT_SECONDS)
        if not self.before and not self.after:
            raise RequestError("say how many seconds to add: before, after, or both")


@dataclass(frozen=True, kw_only=True, eq=False)
class BlendRequest(ModelEdit):
    """A sound between two prompts, or from the one to the other.

    Attributes:
        other: the second prompt.
        share: of the second prompt, 0 to 1; (start, end) moves from the one share to the other over
            the length of the clip.
        audio: a sound to start from. None: it is made from noise alone.
        strength: how much of `audio` is replaced, as in `RestyleRequest`.
        seconds: length, without `audio`. None: the model's default.
    """

    operation: ClassVar[str] = "blend"

    other: str = ""
    share: Share = 0.5
    strength: float = 0.7
    seconds: float | None = None

    def __post_init__(self) -> None:
        """Check the second prompt, the share and the length too."""
        super().__post_init__()
        self.generation(self.other)
        _check_strength(self.strength)
        if isinstance(self.share, tuple | list) and len(self.share) != 2:
            raise RequestError(f"share must be a number, or (start, end), not {self.share!r}")
        for value in self.shares:
            _check_range("share", value, 0, 1)
        if self.seconds is not None:
            if self.audio is not None:
                raise RequestError("seconds is the length of audio: leave one of the two out")
            _check_range("seconds", self.seconds, 0.01, LONGEST_BLEND)

    @property
    def shares(self) -> tuple[float, float]:
        """The share at the start and at the end."""
        if isinstance(self.share, tuple | list):
            return (self.share[0], self.share[1])
        return (self.share, self.share)


@dataclass(frozen=True, kw_only=True, eq=False)
class OneShotRequest:
    """One hit out of a sound: from its onset to the next one, or to the end of its decay.

    Attributes:
        audio: the sound: a file, or (array of (channels, samples), rate in Hz).
        at: seconds near which the hit begins. None: the strongest there is.
        longest: seconds, 0.02 to 10.
    """

    operation: ClassVar[str] = "one_shot"

    audio: Given
    at: float | None = None
    longest: float = 2.0

    def __post_init__(self) -> None:
        """Check every field."""
        _check_given(self.audio)
        _check_audio(self.audio)
        if self.at is not None:
            _check_range("at", self.at, 0, MAX_OUTPAINT_SECONDS)
        _check_range("longest", self.longest, 0.02, 10)

    def as_json(self) -> dict[str, Any]:
        """The operation and its fields; of the sound, its name and hash."""
        return _told(self)


EditRequest = (
    RestyleRequest
    | VariationRequest
    | InpaintRequest
    | OutpaintRequest
    | BlendRequest
    | OneShotRequest
)
"""Anything that `apply` does."""

OPERATIONS: Mapping[str, type[EditRequest]] = {
    kind.operation: kind
    for kind in (
        RestyleRequest,
        VariationRequest,
        InpaintRequest,
        OutpaintRequest,
        BlendRequest,
        OneShotRequest,
    )
}
"""The type of each operation, by its name."""


def request_from_json(values: Mapping[str, Any], audio: Given | None) -> EditRequest:
    """The inverse of `as_json`; other keys are left alone.

    Args:
        values: of one edit, as a clip's settings have it.
        audio: the sound that was edited.

    Raises:
        RequestError: no such operation, or a value that it does not take.
    """
    kind = OPERATIONS.get(str(values.get("operation")))
    if kind is None:
        raise RequestError(
            f"operation must be one of {', '.join(OPERATIONS)}, not {values.get('operation')!r}"
        )
    names = {each.name for each in fields(kind)} - {"audio"}
    given = {name: value for name, value in values.items() if name in names}
    for name, value in given.items():
        if isinstance(value, list):
            given[name] = tuple(tuple(v) if isinstance(v, list) else v for v in value)
    try:
        return kind(audio=audio, **given)  # type: ignore[arg-type]
    except TypeError as e:
        raise RequestError(f"the settings of a {kind.operation} are not complete ({e})") from e


Kind = TypeVar("Kind", bound=ModelEdit)


def filled(request: Kind, generation: GenerationRequest) -> Kind:
    """`request` with what the model filled in."""
    names = ("seed", "steps", "sampler", "cfg_scale")
    return replace(request, **{name: getattr(generation, name) for name in names})


def _told(request: ModelEdit | OneShotRequest) -> dict[str, Any]:
    values: dict[str, Any] = {"operation": request.operation}
    for each in fields(request):
        value = getattr(request, each.name)
        if each.name == "audio":
            values |= {"audio": name_of(value), "audio_sha256": _sha256_of(value)}
        else:
            values[each.name] = _plain(value)
    return values


def _plain(value: object) -> object:
    """A value as JSON has it: lists, and Python's own numbers for those of NumPy."""
    if isinstance(value, tuple | list):
        return [_plain(each) for each in value]
    if isinstance(value, bool) or not isinstance(value, Real):
        return value
    return plain_number(value)


def _sha256_of(given: Given | None) -> str | None:
    if given is None:
        return None
    if isinstance(given, tuple):
        return hashlib.sha256(np.ascontiguousarray(given[0], np.float32).tobytes()).hexdigest()
    return hashlib.sha256(Path(given).read_bytes()).hexdigest()


def _is_number(value: object) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool) and math.isfinite(value)


def _check_range(name: str, value: object, low: float, high: float) -> None:
    if not _is_number(value) or not low <= float(value) <= high:  # type: ignore[arg-type]
        raise RequestError(f"{name} must be a number from {low:g} to {high:g}, not {value!r}")


def _check_strength(value: object) -> None:
    if not _is_number(value) or not 0 < float(value) < 1:  # type: ignore[arg-type]
        raise RequestError(f"strength must be a number above 0 and below 1, not {value!r}")


def _check_joins(resamplings: object, crossfade: object) -> None:
    is_whole = isinstance(resamplings, Integral) and not isinstance(resamplings, bool)
    if not is_whole or not 1 <= int(resamplings) <= MAX_RESAMPLINGS:  # type: ignore[call-overload]
        raise RequestError(
            f"resamplings must be a whole number from 1 to {MAX_RESAMPLINGS}, not {resamplings!r}"
        )
    _check_range("crossfade", crossfade, 0, MAX_CROSSFADE)


def _check_given(audio: object) -> None:
    if audio is None:
        raise RequestError("audio is missing: name the sound to edit")


def _check_audio(audio: object) -> None:
    """Anything but a file, an array with its rate, or nothing."""
    if audio is None or isinstance(audio, str | os.PathLike):
        return
    form = "audio must be a file, or (array of (channels, samples), rate in Hz)"
    if not isinstance(audio, tuple) or len(audio) != 2:
        raise RequestError(f"{form}, not {type(audio).__name__}")
    array, rate = audio
    if not isinstance(array, np.ndarray) or array.ndim != 2 or 0 in array.shape:
        raise RequestError(f"{form}; the first is no array of (channels, samples)")
    require_channels_first("audio", array.shape)
    if array.dtype.kind != "f":
        raise RequestError(f"{form}; the array is {array.dtype}, not floating point")
    is_whole = isinstance(rate, Integral) and not isinstance(rate, bool)
    if not is_whole or not 1 <= int(rate) <= 768_000:
        raise RequestError(f"{form}; the rate must be from 1 to 768000, not {rate!r}")
