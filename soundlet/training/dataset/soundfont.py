"""General MIDI instruments: notes to sound through FluidSynth, the same bytes every time."""

from __future__ import annotations

import ctypes
import io
import os
from collections.abc import Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass
from functools import lru_cache
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from soundlet.errors import SoundletError
from soundlet.training.dataset.attributes import SAMPLE_RATE, Audio

FILE_NAME = "FluidR3_GM.sf2"
FOLDERS = (
    "/usr/share/sounds/sf2",
    "/usr/share/soundfonts",
    "/usr/local/share/soundfonts",
    "/opt/homebrew/share/soundfonts",
)
BLOCK = 64  # samples that FluidSynth computes at once; a note can only begin at their borders
DRUM_BANK = 128
N_CHANNELS = 16
POLYPHONY = 256
CENTRED_PRESET = (8, 80)  # a sine wave: one voice to the note, in the middle


@dataclass(frozen=True)
class PlayedNote:
    """One note in seconds: MIDI pitch 0 to 127, velocity 0 to 1."""

    start: float
    seconds: float
    pitch: int
    velocity: float


def find_soundfont() -> Path:
    """The installed Fluid R3 soundfont.

    Raises:
        SoundletError: it is in none of the usual folders.
    """
    asked = os.environ.get("SOUNDLET_SOUNDFONT")
    if asked is not None and not Path(asked).is_file():
        raise SoundletError(f"SOUNDLET_SOUNDFONT names {asked}, which is not a file")
    candidates = [Path(asked)] if asked else [Path(folder) / FILE_NAME for folder in FOLDERS]
    for path in candidates:
        if path.is_file():
            return path
    raise SoundletError(
        f"{FILE_NAME} is in none of {', '.join(FOLDERS)}:"
        " install the Debian packages libfluidsynth3 and fluid-soundfont-gm,"
        " or name the file in SOUNDLET_SOUNDFONT"
    )


def load_fluidsynth() -> ModuleType:
    """The module of pyfluidsynth, which in CI prints where it found the library: not among ours.

    Raises:
        SoundletError: it or the library is not installed.
    """
    try:
        with redirect_stdout(io.StringIO()):
            return import_module("fluidsynth")
    except ImportError as e:
        raise SoundletError(
            f"FluidSynth cannot be loaded ({e}): install the Debian package libfluidsynth3"
            " and the Python package pyfluidsynth"
        ) from e


class SoundFontPlayer:
    """A FluidSynth synthesiser without its own effects, cleared before each rendering."""

    def __init__(self, path: Path) -> None:
        """Load a soundfont.

        Raises:
            SoundletError: FluidSynth is not installed, or the file is no soundfont.
        """
        fluidsynth = load_fluidsynth()
        self._synth: Any = fluidsynth.Synth(
            gain=0.5,
            samplerate=SAMPLE_RATE,
            channels=N_CHANNELS,
            **{"synth.reverb.active": 0, "synth.chorus.active": 0, "synth.polyphony": POLYPHONY},
        )
        self._soundfont: int = self._synth.sfload(str(path))
        if self._soundfont < 0:
            raise SoundletError(f"{path} is not a soundfont that FluidSynth can read")
        self._write = fluidsynth._fl.fluid_synth_write_float
        self._write.restype = ctypes.c_int

    def _fill(self, audio: Audio, start: int, stop: int) -> None:
        if stop > start:
            left, right = (ctypes.c_void_p(channel.ctypes.data) for channel in audio)
            handle = ctypes.c_void_p(self._synth.synth)
            self._write(handle, stop - start, left, start, 1, right, start, 1)

    def _silence(self) -> None:
        for channel in range(N_CHANNELS):
            self._synth.all_sounds_off(channel)
        self._fill(np.zeros((2, BLOCK), np.float32), 0, BLOCK)

    def _clear(self) -> None:
        """Silence every voice, reset every controller, and level what the voices remember.

        A FluidSynth voice glides from the panning of the note it played last, over 64 samples. To
        make a rendering independent of those before it, each voice plays one centred note unheard.
        """
        self._silence()
        self._synth.system_reset()
        for i in range(POLYPHONY):
            channel = i % N_CHANNELS
            if i < N_CHANNELS:
                self._synth.program_select(channel, self._soundfont, *CENTRED_PRESET)
            self._synth.noteon(channel, 40 + i // N_CHANNELS, 1)
        self._fill(np.zeros((2, BLOCK), np.float32), 0, BLOCK)
        self._silence()
        self._synth.system_reset()
        self._fill(np.zeros((2, BLOCK), np.float32), 0, BLOCK)

    def render(self, notes: Sequence[PlayedNote], bank: int, program: int, n_samples: int) -> Audio:
        """Play `notes` on one instrument; starts are rounded to blocks of 64 samples (1.5 ms).

        Args:
            notes: in any order; notes that start after the end are left out.
            bank: soundfont bank, 128 for drum kits.
            program: preset number in the bank.
            n_samples: length of the result.

        Returns:
            (2, n_samples) float32, not normalised.
        """
        self._clear()
        channel = 9 if bank == DRUM_BANK else 0
        if self._synth.program_select(channel, self._soundfont, bank, program) != 0:
            raise SoundletError(f"the soundfont has no instrument {program} in bank {bank}")
        n_blocks = -(-n_samples // BLOCK)
        audio = np.zeros((2, n_blocks * BLOCK), np.float32)
        # At one border, releases come before attacks so that a repeated pitch sounds again.
        events: list[tuple[int, int, int, int]] = []
        for note in notes:
            first = round(note.start * SAMPLE_RATE / BLOCK)
            last = max(first + 1, round((note.start + note.seconds) * SAMPLE_RATE / BLOCK))
            velocity = int(np.clip(round(note.velocity * 127), 1, 127))
            events.append((first, 1, note.pitch, velocity))
            events.append((last, 0, note.pitch, 0))
        position = 0
        for block, is_attack, pitch, velocity in sorted(events):
            if block >= n_blocks:
                break
            self._fill(audio, position * BLOCK, block * BLOCK)
            position = block
            if is_attack:
                self._synth.noteon(channel, pitch, velocity)
            else:
                self._synth.noteoff(channel, pitch)
        self._fill(audio, position * BLOCK, n_blocks * BLOCK)
        return audio[:, :n_samples]


@lru_cache(maxsize=1)
def player() -> SoundFontPlayer:
    """The player of this process: loading the soundfont takes a while, so it is kept."""
    return SoundFontPlayer(find_soundfont())
