"""A WAV file that is written while its sound is made, onto a pipe that cannot go back."""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping
from typing import Any, BinaryIO

import numpy as np

from soundlet.audio import Audio
from soundlet.errors import AudioError
from soundlet.wav_chunks import info_chunk

FLOAT = 3  # WAVE_FORMAT_IEEE_FLOAT
SETTINGS_BYTES = 16384  # room for those settings whose length is not known at the start


def comment_bytes(*texts: str | None) -> int:
    """Room for the settings of a sound, as JSON.

    Args:
        texts: those among them that may be of any length: its prompts.
    """
    return SETTINGS_BYTES + len(json.dumps(texts, ensure_ascii=False).encode())


class WavStream:
    """Writes 32-bit float WAV of a known length, the header first."""

    def __init__(
        self, stream: BinaryIO, *, sample_rate: int, channels: int, n_samples: int, room: int
    ) -> None:
        """Writes the header.

        Args:
            stream: any binary stream; it is never read or moved back.
            sample_rate: in Hz.
            channels: how many.
            n_samples: that will be written in all, of each channel.
            room: for the settings, as of `comment_bytes`.
        """
        self._stream, self._left, self._room = stream, n_samples, room
        header = wav_header(
            sample_rate=sample_rate, channels=channels, n_samples=n_samples, room=room
        )
        stream.write(header)
        stream.flush()

    def write(self, piece: Audio) -> None:
        """Write the next samples, (channels, samples), and send them on their way."""
        self._left -= piece.shape[1]
        self._stream.write(np.ascontiguousarray(piece.T, "<f4").tobytes())
        self._stream.flush()

    def close(self, settings: Mapping[str, Any]) -> None:
        """Write what made the sound; the stream stays open.

        Raises:
            AudioError: more or fewer samples than were announced, or settings without room.
        """
        if self._left:
            raise AudioError(f"the stream is {self._left} samples short of what was announced")
        self._stream.write(wav_comment(settings, self._room))
        self._stream.flush()


def wav_header(*, sample_rate: int, channels: int, n_samples: int, room: int) -> bytes:
    """What comes before the samples of a 32-bit float WAV file; `wav_comment` comes after them.

    Args:
        sample_rate: in Hz.
        channels: how many.
        n_samples: of each channel.
        room: for the settings, as of `comment_bytes`.
    """
    frame = 4 * channels
    form = struct.pack("<HHIIHHH", FLOAT, channels, sample_rate, sample_rate * frame, frame, 32, 0)
    chunks = _chunk(b"fmt ", form) + _chunk(b"fact", struct.pack("<I", n_samples))
    size = n_samples * frame
    data = b"data" + struct.pack("<I", size)
    length = 4 + len(chunks) + len(data) + size + len(wav_comment({}, room))
    return b"RIFF" + struct.pack("<I", length) + b"WAVE" + chunks + data


def wav_comment(settings: Mapping[str, Any], room: int) -> bytes:
    """A LIST chunk that holds settings as its comment, as long as `room` says, whatever they are.

    Raises:
        AudioError: there is no room for them.
    """
    text = json.dumps(settings, ensure_ascii=False)
    n_bytes = len(text.encode())
    if n_bytes >= room:
        raise AudioError(f"settings of {n_bytes} bytes are too long for a stream")
    return _chunk(b"LIST", info_chunk({"comment": text + " " * (room - 1 - n_bytes)}))


def _chunk(name: bytes, body: bytes) -> bytes:
    return name + struct.pack("<I", len(body)) + body
