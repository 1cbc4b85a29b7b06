"""The last touches to a sound: trimmed, faded, brought to a level."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from numbers import Real
from typing import Any, Literal, get_args

import numpy as np

from soundlet.audio import Audio
from soundlet.errors import GenerationError, RequestError
from soundlet.loudness import in_dbtp, integrated_loudness, true_peak
from soundlet.request import plain_number

Normalize = Literal["peak", "loudness", "none"]
NORMALIZE: tuple[Normalize, ...] = get_args(Normalize)
USED_BY: Mapping[str, tuple[Normalize, ...]] = {
    "loudness": ("loudness",),
    "true_peak": ("peak", "loudness"),
}
"""Which ways to normalize a level is for."""

ONSET_DB = -35.0  # of the peak: what is louder has begun
DECAY_DB = -60.0  # of the peak: what stays below is over
LEVEL_SECONDS = 0.002  # over which a level is taken
BEFORE_ONSET_SECONDS = 0.002  # kept, so that no attack is cut
EDGE_SECONDS = 0.001  # of fade at an edge where sound was cut off


@dataclass(frozen=True, kw_only=True)
class Finish:
    """What is done to a finished clip, in this order.

    Numbers may be NumPy's; they are held as Python's own.

    Attributes:
        trim: cut what comes before the onset (35 dB below the peak, less 2 ms) and what comes after
            the decay (60 dB below).
        fade_in: seconds, 0 or more.
        fade_out: seconds, 0 or more.
        normalize: "peak" brings the true peak to `true_peak`; "loudness" brings the loudness to
            `loudness`, or as near as `true_peak` allows; "none" changes no level.
        loudness: LUFS, -60 to 0. Other than the default only with the `normalize` that uses it.
        true_peak: dBTP, -20 to 0: a ceiling. The same.

    Raises:
        RequestError: a value out of range, or one that has no effect.
    """

    trim: bool = False
    fade_in: float = 0.0
    fade_out: float = 0.0
    normalize: Normalize = "none"
    loudness: float = -14.0
    true_peak: float = -1.0

    def __post_init__(self) -> None:
        """Check every field on its own, then whether the levels have an effect."""
        if not isinstance(self.trim, bool):
            raise RequestError(f"trim must be true or false, not {self.trim!r}")
        if self.normalize not in NORMALIZE:
            raise RequestError(
                f"normalize is one of {', '.join(NORMALIZE)}, not {self.normalize!r}"
            )
        ranges = {
            "fade_in": (0, 60),
            "fade_out": (0, 60),
            "loudness": (-60, 0),
            "true_peak": (-20, 0),
        }
        for name, (low, high) in ranges.items():
            value = getattr(self, name)
            is_number = isinstance(value, Real) and not isinstance(value, bool)
            if not (is_number and low <= value <= high):
                raise RequestError(f"{name} must be a number from {low} to {high}, not {value!r}")
            object.__setattr__(self, name, plain_number(value))
        for name, users in USED_BY.items():
            value = getattr(self, name)
            if self.normalize not in users and value != getattr(Finish, name):
                raise RequestError(f"{name} {value:g} needs normalize to be {' or '.join(users)}")

    @property
    def changes_nothing(self) -> bool:
        """Whether all of it is off."""
        return not (self.trim or self.fade_in or self.fade_out) and self.normalize == "none"

    def require_loop_stays_whole(self) -> None:
        """Refuse what would open a loop.

        Raises:
            RequestError: it changes the length.
        """
        if self.changes_length:
            raise RequestError(
                "trimming and fading would open the loop: a loop takes only normalize"
            )

    def require_fades_fit(self, n_samples: int, sample_rate: int) -> None:
        """Refuse fades that are longer than a sound, before it is made.

        Args:
            n_samples: length of the sound, before it is trimmed.
            sample_rate: in Hz.

        Raises:
            RequestError: the two together are longer than the sound.
        """
        _fade_samples(n_samples, sample_rate, self.fade_in, self.fade_out)

    @property
    def changes_length(self) -> bool:
        """Whether a loop would no longer close."""
        return bool(self.trim or self.fade_in or self.fade_out)

    def as_json(self) -> dict[str, Any]:
        """The fields, for JSON."""
        return asdict(self)

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Finish:
        """The inverse of `as_json`; other keys, and levels without effect, are left alone."""
        names = {field.name for field in fields(cls)}
        given = {name: value for name, value in values.items() if name in names}
        for name, users in USED_BY.items():
            if given.get("normalize") not in users:  # files of earlier versions may hold it
                given.pop(name, None)
        return cls(**given)


@dataclass(frozen=True)
class Level:
    """How loud a sound is.

    Attributes:
        loudness: LUFS; minus infinity for silence.
        true_peak: dBTP.
    """

    loudness: float
    true_peak: float

    def as_json(self) -> dict[str, float | None]:
        """The fields for JSON, to a hundredth of a dB; null for silence."""
        return {
            name: round(value, 2) if math.isfinite(value) else None
            for name, value in asdict(self).items()
        }


def level_of(audio: Audio, sample_rate: int) -> Level:
    """Loudness and true peak of (channels, samples)."""
    return Level(integrated_loudness(audio, sample_rate), in_dbtp(true_peak(audio, sample_rate)))


def finished(audio: Audio, sample_rate: int, finish: Finish) -> tuple[Audio, float]:
    """The sound with the last touches, and the gain in dB that brought it to its level.

    Args:
        audio: (channels, samples).
        sample_rate: in Hz.
        finish: what to do.

    Raises:
        RequestError: fades that are longer than the sound.
        GenerationError: silence, which has no onset and no level.
    """
    if finish.changes_nothing:
        return audio, 0.0
    if not np.any(audio):
        raise GenerationError(
            "the sound is silent: there is nothing to trim or to bring to a level"
        )
    if finish.trim:
        audio = trimmed(audio, sample_rate)
    audio = faded(audio, sample_rate, fade_in=finish.fade_in, fade_out=finish.fade_out)
    gain_db = gain_for(audio, sample_rate, finish)
    if gain_db:
        audio = (audio * np.float32(10 ** (gain_db / 20))).astype(np.float32)
    return audio, gain_db


def trimmed(audio: Audio, sample_rate: int) -> Audio:
    """The sound from its onset to the end of its decay, with 1 ms fades where it was cut."""
    window = max(1, round(LEVEL_SECONDS * sample_rate))
    power = np.square(audio.astype(np.float64)).max(axis=0)
    level = np.sqrt(np.convolve(power, np.full(window, 1 / window), "same"))
    peak = float(level.max())
    loud = np.flatnonzero(level >= peak * 10 ** (ONSET_DB / 20))
    heard = np.flatnonzero(level >= peak * 10 ** (DECAY_DB / 20))
    first = max(0, int(loud[0]) - round(BEFORE_ONSET_SECONDS * sample_rate))
    last = int(heard[-1]) + 1
    fade_in = EDGE_SECONDS if first > 0 else 0.0
    fade_out = EDGE_SECONDS if last < audio.shape[1] else 0.0
    kept = audio[:, first:last]
    edge = kept.shape[1] / 2 / sample_rate
    return faded(kept, sample_rate, fade_in=min(fade_in, edge), fade_out=min(fade_out, edge))


def faded(audio: Audio, sample_rate: int, *, fade_in: float, fade_out: float) -> Audio:
    """The sound with raised-cosine fades of so many seconds at its ends.

    Raises:
        RequestError: the two together are longer than the sound.
    """
    n_in, n_out = _fade_samples(audio.shape[1], sample_rate, fade_in, fade_out)
    out = audio.copy()
    out[:, :n_in] *= _rise(n_in)
    out[:, audio.shape[1] - n_out :] *= _rise(n_out)[::-1]
    return out


def _fade_samples(
    n_samples: int, sample_rate: int, fade_in: float, fade_out: float
) -> tuple[int, int]:
    n_in, n_out = round(fade_in * sample_rate), round(fade_out * sample_rate)
    if n_in + n_out > n_samples:
        raise RequestError(
            f"the fades take {fade_in + fade_out:.3g} s together, and the sound is"
            f" {n_samples / sample_rate:.3g} s long: shorten fade_in or fade_out"
        )
    return n_in, n_out


def _rise(n_samples: int) -> Audio:
    curve: Audio = np.square(np.sin(np.arange(n_samples) / max(n_samples, 1) * np.pi / 2))
    return curve.astype(np.float32)


def gain_for(audio: Audio, sample_rate: int, finish: Finish) -> float:
    """The gain in dB that brings a sound to its level, never above the ceiling.

    Raises:
        GenerationError: silence.
    """
    if finish.normalize == "none":
        return 0.0
    level = level_of(audio, sample_rate)
    if not math.isfinite(level.true_peak):
        raise GenerationError("nothing is left of the sound after its fades: make them shorter")
    headroom = finish.true_peak - level.true_peak
    if finish.normalize == "peak":
        return headroom
    loudness = level.loudness
    if not math.isfinite(loudness):  # below the gate of the measure, which the raised sound is not
        raised = audio * np.float32(10 ** (headroom / 20))
        loudness = integrated_loudness(raised, sample_rate) - headroom
    return min(finish.loudness - loudness, headroom)
