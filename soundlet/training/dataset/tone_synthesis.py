"""Pitched electronic and modelled instruments: patches that play notes at any pitch and length.

A patch is a voice (how the sound is made) and ranges for the numbers of that voice; `make_patch`
draws them once, so that the notes of a clip belong together. Tables are in `tone_patches`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from soundlet.training.dataset.audio_effects import (
    Audio,
    bitcrush,
    chorus,
    drive,
    fade,
    normalise_peak,
    within_range,
)
from soundlet.training.dataset.tone_patches import PATCHES, PatchStyle
from soundlet.training.dataset.tone_voices import frequency

__all__ = ["PATCHES", "Patch", "PatchStyle", "make_patch", "synth_note"]


@dataclass(frozen=True)
class Patch:
    """One drawn patch.

    Attributes:
        name: key of `PATCHES`.
        style: its entry there: role, range of pitches, voice.
        sound: the numbers drawn; `dataclasses.replace` may change them.
        rng: draws what differs from note to note.
    """

    name: str
    style: PatchStyle
    sound: dict[str, float]
    rng: np.random.Generator

    def note(self, midi: float, seconds: float, velocity: float = 0.8) -> Audio:
        """Play one note.

        Args:
            midi: pitch as a MIDI number; 69 is 440 Hz.
            seconds: time until the key is let go.
            velocity: 0 to 1, heard in level and in brightness.

        Returns:
            (2, samples): the note and its release, at -3 dB or lower for softer notes.
        """
        p = self.sound
        audio = self.style.voice(p, frequency(midi), seconds, velocity, self.rng)
        audio = drive(audio, p.get("drive", 0.0))
        if p.get("bits", 0.0) > 0.0:
            audio = bitcrush(normalise_peak(audio), p["bits"])
        if p.get("chorus", 0.0) > 0.0:
            audio = chorus(within_range(audio), self.rng, p["chorus"])
        level_db = -3.0 + 24.0 * float(np.log10(max(velocity, 0.05)))
        return normalise_peak(fade(audio, 0.0008, 0.01), level_db)


def make_patch(name: str, rng: np.random.Generator, bpm: float | None = None) -> Patch:
    """Draw a patch.

    Args:
        name: key of `PATCHES`.
        rng: draws the numbers, and later what differs between notes.
        bpm: tempo that wobbling filters follow; None lets them move freely.
    """
    style = PATCHES[name]
    sound = {
        key: float(rng.uniform(*value)) if isinstance(value, tuple) else float(value)
        for key, value in style.sound.items()
    }
    if bpm is not None and "lfo_hz" in sound:
        sound["lfo_hz"] = bpm / 60.0 * float(rng.choice([1.0, 1.5, 2.0, 3.0, 4.0]))
    return Patch(name, style, sound, rng)


def synth_note(
    patch: str, midi: float, seconds: float, velocity: float, rng: np.random.Generator
) -> Audio:
    """One note of a freshly drawn patch; see `Patch.note`."""
    return make_patch(patch, rng).note(midi, seconds, velocity)
