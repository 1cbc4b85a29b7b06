"""Keys, scales, chords and progressions as numbers: pitch classes and MIDI pitches."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from soundlet.vocabulary.keys import TONICS

MAJOR = (0, 2, 4, 5, 7, 9, 11)
MINOR = (0, 2, 3, 5, 7, 8, 10)

# Scale degrees counted from 0. Every progression begins on the tonic, so that a short clip is
# already in its key; those of a single voice stay nearer to it.
PROGRESSIONS: dict[str, tuple[tuple[int, ...], ...]] = {
    "major": (
        (0, 4, 5, 3),
        (0, 5, 3, 4),
        (0, 3, 4, 3),
        (0, 3, 0, 4),
        (0, 2, 3, 4),
        (0, 5, 1, 4),
        (0, 3),
        (0, 4),
        (0, 1, 3, 4),
        (0,),
    ),
    "minor": (
        (0, 5, 2, 6),
        (0, 3, 5, 6),
        (0, 6, 5, 6),
        (0, 5, 3, 4),
        (0, 3, 6, 0),
        (0, 2, 6, 3),
        (0, 5),
        (0, 6),
        (0, 3),
        (0,),
    ),
}
JAZZ_PROGRESSIONS: dict[str, tuple[tuple[int, ...], ...]] = {
    "major": ((0, 5, 1, 4), (0, 1, 4, 0), (0, 3, 1, 4), (0, 0, 1, 4)),
    "minor": ((0, 3, 1, 4), (0, 5, 1, 4), (0, 1, 4, 0), (0, 0, 3, 4)),
}
SINGLE_VOICE_PROGRESSIONS: dict[str, tuple[tuple[int, ...], ...]] = {
    "major": ((0,), (0,), (0, 0, 3, 0), (0, 3, 4, 0), (0, 4, 0, 0), (0, 5, 3, 4)),
    "minor": ((0,), (0,), (0, 0, 3, 0), (0, 3, 4, 0), (0, 4, 0, 0), (0, 6, 5, 0)),
}


@dataclass(frozen=True)
class Key:
    """A tonic (pitch class, 0 is C) and a mode, "major" or "minor"."""

    tonic: int
    mode: str

    @property
    def name(self) -> str:
        """The usual English name, such as "A minor" or "Eb major"."""
        return f"{TONICS[self.mode][self.tonic]} {self.mode}"

    @property
    def scale(self) -> tuple[int, ...]:
        """Semitones above the tonic of the seven degrees."""
        return MAJOR if self.mode == "major" else MINOR

    def pitch(self, degree: int, octave: int) -> int:
        """MIDI pitch of a scale degree (any integer, 0 is the tonic); octave 4 holds middle C."""
        return 12 * (octave + 1) + self.tonic + 12 * (degree // 7) + self.scale[degree % 7]

    def chord(self, degree: int, size: int) -> tuple[int, ...]:
        """Pitch classes of the chord of `size` stacked thirds on a degree.

        The fifth degree of a minor key gets the leading note, as in most tonal music.
        """
        classes = [self.pitch(degree + 2 * i, 4) % 12 for i in range(size)]
        if self.mode == "minor" and degree % 7 == 4 and size >= 2:
            classes[1] = (self.tonic + 11) % 12
        return tuple(classes)


def parse_key(name: str) -> Key:
    """The key of a name as `Key.name` gives it."""
    tonic, mode = name.split()
    return Key(TONICS[mode].index(tonic), mode)


def random_key(rng: np.random.Generator, mode: str | None = None) -> Key:
    """Any of the 24 keys, minor a little more often, or one of the mode asked for."""
    chosen = mode or ("minor" if rng.random() < 0.6 else "major")
    return Key(int(rng.integers(12)), chosen)


def voice(classes: Sequence[int], centre: float, previous: Sequence[int] | None) -> list[int]:
    """Place a chord's pitch classes near `centre`, with small steps from the chord before."""
    inversions: list[list[int]] = []
    for first in range(len(classes)):
        order = [*classes[first:], *classes[:first]]
        for octave in range(2, 8):
            pitches = [12 * octave + order[0]]
            for pitch_class in order[1:]:
                pitches.append(pitches[-1] + (pitch_class - pitches[-1]) % 12)
            inversions.append(pitches)

    def cost(pitches: list[int]) -> float:
        distance = abs(float(np.mean(pitches)) - centre)
        if previous is None:
            return distance
        moved = sum(min(abs(p - q) for q in previous) for p in pitches) / len(pitches)
        return moved + 0.4 * distance

    return min(inversions, key=cost)


def fold(pitch: int, low: int, high: int) -> int:
    """Move a pitch by octaves into [low, high], where the range holds an octave or more."""
    while pitch < low:
        pitch += 12
    while pitch > high:
        pitch -= 12
    return pitch
