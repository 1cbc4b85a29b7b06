"""Loop points and tempo of a WAV file as libsndfile reads them, not the code that wrote them."""

from __future__ import annotations

import os
import struct
from dataclasses import dataclass

import soundfile

GET_INSTRUMENT, GET_LOOP_INFO = 0x10D0, 0x10E0  # commands of sf_command, sndfile.h
INSTRUMENT_SIZE, LOOP_INFO_SIZE = 16 + 16 * 16, 2 * 2 + 4 * 4 + 4 * 6
FORWARD = 801  # SF_LOOP_FORWARD


@dataclass(frozen=True)
class LoopSeen:
    """What another program sees.

    Attributes:
        n_samples: of the file.
        start: first sample of the loop.
        end: the sample after its last.
        root_note: MIDI note.
        bpm: tempo.
        n_beats: in the loop.
        beats_per_bar: of the meter.
    """

    n_samples: int
    start: int
    end: int
    root_note: int
    bpm: float
    n_beats: int
    beats_per_bar: int


def read_loop(path: str | os.PathLike[str]) -> LoopSeen:
    """Read the `smpl` and `acid` chunks of a WAV file.

    Raises:
        ValueError: there is none of them.
    """
    ffi, library = soundfile._ffi, soundfile._snd
    with soundfile.SoundFile(path) as file:
        instrument = ffi.new(f"char[{INSTRUMENT_SIZE}]")
        loop_info = ffi.new(f"char[{LOOP_INFO_SIZE}]")
        if not library.sf_command(file._file, GET_INSTRUMENT, instrument, INSTRUMENT_SIZE):
            raise ValueError(f"{path} has no loop points")
        if not library.sf_command(file._file, GET_LOOP_INFO, loop_info, LOOP_INFO_SIZE):
            raise ValueError(f"{path} has no tempo")
        # SF_INSTRUMENT: int gain; char basenote, detune, 2 of velocity, 2 of key; int loop_count;
        # 16 times int mode; unsigned start, end, count.
        _, note, _, _, _, _, _, count = struct.unpack_from("<i6b2xi", ffi.buffer(instrument))
        mode, start, end, _ = struct.unpack_from("<iIII", ffi.buffer(instrument), 16)
        if (count, mode) != (1, FORWARD):
            raise ValueError(f"{path} has {count} loops, of mode {mode}")
        # SF_LOOP_INFO: short numerator, denominator; int loop_mode, beats; float bpm; int root_key.
        numerator, _, _, n_beats, bpm, _ = struct.unpack_from("<hhiifi", ffi.buffer(loop_info))
        return LoopSeen(file.frames, start, end, note, bpm, n_beats, numerator)
