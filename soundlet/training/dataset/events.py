"""Notes and drum hits on the beat grid, and their way to seconds."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np

from soundlet.training.dataset.soundfont import PlayedNote

BEATS_PER_BAR = 4


@dataclass(frozen=True)
class Note:
    """A note in beats from the downbeat: MIDI pitch, velocity 0 to 1."""

    start: float
    beats: float
    pitch: int
    velocity: float


@dataclass(frozen=True)
class Hit:
    """A stroke on one piece of a drum kit, in beats from the downbeat, velocity 0 to 1."""

    start: float
    piece: str
    velocity: float


def played(
    notes: Iterable[Note], bpm: float, seconds: float, rng: np.random.Generator, looseness: float
) -> list[PlayedNote]:
    """Notes in seconds, with the small inaccuracies of a player; the first is never early.

    Args:
        notes: notes in beats.
        bpm: tempo.
        seconds: end of the clip; notes that would begin in its last hundredth are left out.
        rng: source of the inaccuracies.
        looseness: standard deviation of the starts in seconds; 0 is a machine.
    """
    result = []
    for note in notes:
        start = note.start * 60.0 / bpm
        if looseness > 0.0 and note.start > 0.0:
            start = max(0.0, start + float(rng.normal(0.0, looseness)))
        if start < seconds - 0.01:
            velocity = float(np.clip(note.velocity * rng.normal(1.0, 0.04), 0.08, 1.0))
            result.append(PlayedNote(start, note.beats * 60.0 / bpm, note.pitch, velocity))
    return result


def transposed(notes: Iterable[Note], semitones: int) -> list[Note]:
    """The same notes, higher or lower."""
    return [replace(note, pitch=note.pitch + semitones) for note in notes]
