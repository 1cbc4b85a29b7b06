"""What is true of one rendered clip: the facts that captions may state."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

Audio = NDArray[np.float32]
"""Sound as (2, samples), float32 in [-1, 1] at 44.1 kHz."""

SAMPLE_RATE = 44100
KINDS = (
    "drum_loop",
    "bass_line",
    "chords",
    "arpeggio",
    "melody",
    "pad",
    "arrangement",
    "one_shot",
    "sound_effect",
)


@dataclass(frozen=True)
class Attributes:
    """The facts of a clip in canonical words; None or empty where a fact does not apply.

    Attributes:
        kind: one of `KINDS`.
        genre: such as "house".
        subgenre: a narrower style, such as "deep house".
        instruments: canonical names, such as "electric piano" or "808 kit".
        source: what sounds in a one-shot or sound effect, such as "kick" or "rain".
        bpm: tempo in beats per minute.
        key: tonic and mode, such as "A minor".
        moods: canonical mood words whose rule the sound fulfils.
        textures: canonical texture words whose rule the sound fulfils.
        effects: canonical names of the audible effects.
    """

    kind: str
    genre: str | None = None
    subgenre: str | None = None
    instruments: tuple[str, ...] = ()
    source: str | None = None
    bpm: int | None = None
    key: str | None = None
    moods: tuple[str, ...] = ()
    textures: tuple[str, ...] = ()
    effects: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """The attributes as a plain dictionary for JSON."""
        return {k: list(v) if isinstance(v, tuple) else v for k, v in asdict(self).items()}

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> Attributes:
        """The inverse of `as_json`."""
        known = {field.name for field in fields(cls)}
        facts: dict[str, Any] = {
            k: tuple(v) if isinstance(v, list) else v for k, v in values.items() if k in known
        }
        return cls(**facts)
