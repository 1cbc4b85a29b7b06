"""Bars and beats as exact numbers of samples."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from fractions import Fraction
from numbers import Real
from typing import Any

from soundlet.errors import RequestError
from soundlet.request import plain_number, require_whole

SLOWEST, FASTEST = 20.0, 400.0  # BPM that a grid may have; models are taught 60 to 180
MAX_BARS, MAX_BEATS_PER_BAR = 64, 16


@dataclass(frozen=True, kw_only=True)
class Grid:
    """A whole number of bars at a tempo.

    Numbers may be NumPy's; the grid holds Python's own.

    Attributes:
        bpm: beats a minute, 20 to 400.
        bars: 1 to 64.
        beats_per_bar: 1 to 16.

    Raises:
        RequestError: a value out of range.
    """

    bpm: float
    bars: int
    beats_per_bar: int = 4

    def __post_init__(self) -> None:
        """Check the ranges."""
        require_bpm(self.bpm)
        object.__setattr__(self, "bpm", plain_number(self.bpm))
        for name, most in (("bars", MAX_BARS), ("beats_per_bar", MAX_BEATS_PER_BAR)):
            require_whole(name, getattr(self, name), 1, most)
            object.__setattr__(self, name, int(getattr(self, name)))

    @property
    def n_beats(self) -> int:
        """Beats in all."""
        return self.bars * self.beats_per_bar

    @property
    def seconds(self) -> float:
        """Length, before it is rounded to samples."""
        return float(self.n_beats * 60 / Fraction(self.bpm))

    def n_samples(self, sample_rate: int) -> int:
        """Length in samples, rounded once: at most half a sample from the exact length."""
        return round(self.n_beats * 60 * sample_rate / Fraction(self.bpm))

    def drift_seconds(self, sample_rate: int, repeats: int) -> float:
        """How far the end is from the exact grid after so many repeats; at most half a sample each.

        Positive where the loop is too long.
        """
        exact = self.n_beats * 60 * sample_rate / Fraction(self.bpm)
        return float((self.n_samples(sample_rate) - exact) * repeats / sample_rate)

    def as_json(self) -> dict[str, Any]:
        """The fields, for JSON."""
        return asdict(self)


def require_bpm(bpm: object) -> None:
    """Raises RequestError for what is no tempo."""
    is_number = isinstance(bpm, Real) and not isinstance(bpm, bool)
    if not (is_number and SLOWEST <= bpm <= FASTEST):  # type: ignore[operator]
        raise RequestError(f"bpm must be a number from {SLOWEST:g} to {FASTEST:g}, not {bpm!r}")
