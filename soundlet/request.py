"""What a caller may ask for: one type for Python, the command line, the server and the tests."""

from __future__ import annotations

import math
import os
from dataclasses import dataclass
from numbers import Integral, Real
from typing import TYPE_CHECKING, Any, Literal, get_args

from soundlet.errors import RequestError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Sampler = Literal["pingpong", "euler", "rk4", "dpmpp", "pingpong-dpmpp"]

SAMPLERS: tuple[Sampler, ...] = get_args(Sampler)
"""Every sampler there is: pingpong for distilled models, the others for plain rectified flow."""

MAX_SEED = 2**32 - 1
MAX_STEPS = 1000
MAX_CFG_SCALE = 100.0
MAX_CANDIDATES = 16
MIN_LOOP_SECONDS, MAX_LOOP_SECONDS = 0.25, 120.0
MAX_THREADS = 1024
MOST_CHANNELS = 64  # of an array that has fewer samples than channels

_NUMBERS = (
    "seconds",
    "seed",
    "candidates",
    "steps",
    "cfg_scale",
    "cfg_rescale",
    "init_noise_level",
    "n_frames",
)
_FLAGS = ("loop", "truncate_prompt", "short_window", "reference")


@dataclass(frozen=True, kw_only=True, eq=False)
class GenerationRequest:
    """One clip to make. Fields left at None take the model's own default.

    Numbers may be NumPy's; the request holds Python's own.

    Attributes:
        prompt: what the clip should sound like, in English.
        seconds: length of the clip, and what the model is told of it. What a model can do at most
            is checked when it gets the request.
        seed: 0 to 2**32 - 1. None draws one; the clip says which it was.
        candidates: sounds that are sampled, 1 to 16, of which the one that fits the prompt best
            becomes the clip; more than 1 needs a model that can tell.
        steps: of the sampler, 1 to 1000; distilled models were made for 8.
        sampler: one of `SAMPLERS`.
        cfg_scale: strength of guidance, 0 to 100; 1 is none.
        cfg_rescale: 0 to 1, tames the loudness and colour that strong guidance adds.
        cfg_interval: (first, last) time of the flow in [0, 1], 1 being noise, with guidance on.
        negative_prompt: what the clip should not sound like; needs a `cfg_scale` other than 1.
        init_audio: sound to start from: a file, or (array of (channels, samples), rate in Hz).
        init_noise_level: how much of `init_audio` is replaced: above 0 (none) to 1 (all of it).
        loop: make the end lead into the start, so that the clip repeats without a seam. Such a clip
            may be longer than the model's window, up to `MAX_LOOP_SECONDS`.
        truncate_prompt: cut prompts that are too long for the model instead of refusing them.
        short_window: sample no more than the clip's own length of a model that was trained on one
            length; faster, and the sound differs from what the whole window would give. Without
            effect on models of variable length, which always do so.
        n_frames: latents to sample, in `reference` mode only. None: the model's whole window.
        reference: repeat the reference implementation to the letter: one seed for the whole batch,
            the whole window kept, no fade and no change of level.

    Raises:
        RequestError: a value no model takes; the message says which is right.
    """

    prompt: str
    seconds: float | None = None
    seed: int | None = None
    candidates: int | None = None
    steps: int | None = None
    sampler: Sampler | None = None
    cfg_scale: float | None = None
    cfg_rescale: float = 0.0
    cfg_interval: tuple[float, float] = (0.0, 1.0)
    negative_prompt: str | None = None
    init_audio: str | os.PathLike[str] | tuple[NDArray[np.floating[Any]], int] | None = None
    init_noise_level: float = 1.0
    loop: bool = False
    truncate_prompt: bool = False
    short_window: bool = False
    n_frames: int | None = None
    reference: bool = False

    def __post_init__(self) -> None:
        """Check every field on its own, then those that only make sense together."""
        _check_text("prompt", self.prompt)
        if self.negative_prompt is not None:
            _check_text("negative_prompt", self.negative_prompt)
        if self.seconds is not None:
            _check_number("seconds", self.seconds, 0, math.inf, low_is_allowed=False)
        if self.seed is not None:
            require_seed(self.seed)
        if self.candidates is not None:
            require_whole("candidates", self.candidates, 1, MAX_CANDIDATES)
        if self.steps is not None:
            require_whole("steps", self.steps, 1, MAX_STEPS)
        if self.sampler is not None and self.sampler not in SAMPLERS:
            raise RequestError(
                f"sampler must be one of {', '.join(SAMPLERS)}, not {self.sampler!r}"
            )
        if self.cfg_scale is not None:
            _check_number("cfg_scale", self.cfg_scale, 0, MAX_CFG_SCALE)
        _check_number("cfg_rescale", self.cfg_rescale, 0, 1)
        _check_interval(self.cfg_interval)
        _check_number("init_noise_level", self.init_noise_level, 0, 1, low_is_allowed=False)
        _check_init_audio(self.init_audio, self.init_noise_level)
        for name in _FLAGS:
            _check_flag(name, getattr(self, name))
        if self.short_window and (self.loop or self.reference):
            other = "loop" if self.loop else "reference"
            raise RequestError(
                f"short_window=True and {other}=True exclude each other: that one says how much"
                " is sampled"
            )
        if self.loop and self.reference:
            raise RequestError(
                "loop=True and reference=True exclude each other: reference runs are"
                " those of the reference implementation, which makes no loops"
            )
        if self.reference and (self.candidates or 1) > 1:
            raise RequestError(
                f"candidates={self.candidates} and reference=True exclude each other: reference"
                " runs are those of the reference implementation, which makes one sound"
            )
        if self.n_frames is not None:
            require_whole("n_frames", self.n_frames, 1, 2**20)
            if not self.reference:
                raise RequestError(
                    f"n_frames ({self.n_frames}) is for reference=True only;"
                    " seconds sets the length of a clip"
                )
        for name in _NUMBERS:
            value = getattr(self, name)
            object.__setattr__(self, name, None if value is None else plain_number(value))
        object.__setattr__(self, "cfg_interval", tuple(map(plain_number, self.cfg_interval)))


def require_seed(seed: object) -> None:
    """Raises RequestError for what is no seed."""
    require_whole("seed", seed, 0, MAX_SEED)


def require_whole(name: str, value: object, low: int, high: int) -> None:
    """Raises RequestError for what is no whole number from `low` to `high`."""
    if isinstance(value, Integral) and not isinstance(value, bool) and low <= int(value) <= high:
        return
    raise RequestError(f"{name} must be a whole number from {low} to {high}, not {value!r}")


def require_channels_first(name: str, shape: tuple[int, ...]) -> None:
    """Raises RequestError for the shape of a sound that must be (samples, channels).

    Args:
        name: what the caller knows the sound as.
        shape: of the array, which is to be (channels, samples).
    """
    channels, samples = shape
    if channels > max(samples, MOST_CHANNELS):
        raise RequestError(
            f"{name} must be an array of (channels, samples), and {tuple(shape)} would be"
            f" {channels} channels of {samples} samples: transpose it"
        )


def require_encodable(name: str, text: str) -> None:
    """Raises RequestError for text that UTF-8 cannot hold.

    Args:
        name: what the caller knows it as.
        text: any.
    """
    try:
        text.encode()
    except UnicodeEncodeError as e:
        raise RequestError(
            f"{name} holds {text[e.start]!r}, half of a surrogate pair, which no text has:"
            " leave it out"
        ) from e


def plain_number(value: float | Real) -> float:
    """A number as one of Python's own, which JSON can hold, also where it is one of NumPy's."""
    return int(value) if isinstance(value, Integral) else float(value)


def _check_text(name: str, value: object) -> None:
    if not isinstance(value, str):
        raise RequestError(f"{name} must be text, not {value!r}")
    if not value.strip():
        should = "should not" if name == "negative_prompt" else "should"
        raise RequestError(f"{name} is empty: say what the clip {should} sound like")
    if "\0" in value:
        raise RequestError(f"{name} holds a NUL character, which no text has: leave it out")
    require_encodable(name, value)


def _check_flag(name: str, value: object) -> None:
    if not isinstance(value, bool):
        raise RequestError(f"{name} must be true or false, not {value!r}")


def _check_number(
    name: str, value: object, low: float, high: float, *, low_is_allowed: bool = True
) -> None:
    """`low` to `high`; NaN, infinity and what no float can hold never pass."""
    number = _float(value)
    if math.isfinite(number) and (low < number <= high or (low_is_allowed and number == low)):
        return
    start = f"from {low:g}" if low_is_allowed else f"above {low:g}"
    end = "" if math.isinf(high) else f"{' to' if low_is_allowed else ' and at most'} {high:g}"
    raise RequestError(f"{name} must be a number {start}{end}, not {value!r}")


def _check_interval(value: object) -> None:
    if isinstance(value, tuple | list) and len(value) == 2:
        first, last = map(_float, value)
        if 0 <= first <= last <= 1:
            return
    raise RequestError(
        f"cfg_interval must be (first, last), 0 <= first <= last <= 1, not {value!r}"
    )


def _float(value: object) -> float:
    """The number as a float; NaN where it is none, or too large."""
    if not isinstance(value, Real) or isinstance(value, bool):
        return math.nan
    try:
        return float(value)
    except OverflowError:
        return math.nan


def _check_init_audio(init_audio: object, level: float) -> None:
    if init_audio is None:
        if level != 1:
            raise RequestError(f"init_noise_level {level:g} needs init_audio to start from")
        return
    if level == 1:
        raise RequestError(
            "init_audio has no effect at init_noise_level 1; set it below 1, such as 0.8"
        )
    if isinstance(init_audio, str | os.PathLike):
        return
    form = "init_audio must be a file, or (array of (channels, samples), rate in Hz)"
    if not isinstance(init_audio, tuple) or len(init_audio) != 2:
        raise RequestError(f"{form}, not {type(init_audio).__name__}")
    array, rate = init_audio
    if not hasattr(array, "shape") or not hasattr(getattr(array, "dtype", None), "kind"):
        raise RequestError(f"{form}; the first is {type(array).__name__}, not a NumPy array")
    if len(array.shape) != 2 or 0 in array.shape or array.dtype.kind != "f":
        raise RequestError(
            f"{form}; the array is {array.dtype} of shape {tuple(array.shape)},"
            " not floating point (channels, samples)"
        )
    require_channels_first("init_audio", array.shape)
    require_whole("the rate of init_audio", rate, 1, 768_000)
