"""A WAV file that is written while its sound is made, onto a pipe that cannot go back."""

from __future__ import annotations

import struct
from typing import BinaryIO

import numpy as np

from soundlet.audio import Audio
from soundlet.errors import AudioError

FLOAT = 3  # WAVE_FORMAT_IEEE_FLOAT
COMMENT_BYTES = 16384  # room for the settings, whose length is not known at the start


class WavStream:
    """Writes 32-bit float WAV of a known length, the header first."""

    def __init__(
        self, stream: BinaryIO, *, sample_rate: int, channels: int, n_samples: int
    ) -> None:
        """Writes the header.

        Args:
            stream: any binary stream; it is never read or moved back.
            sample_rate: in Hz.
            channels: how many.
            n_samples: that will be written in all, of each channel.
        """
        self._stream, self._left = stream, n_samples
        stream.write(wav_header(sample_rate=sample_rate, channels=channels, n_samples=n_samples))
        stream.flush()

    def write(self, piece: Audio) -> None:
        """Write the next samples, (channels, samples), and send them on their way."""
        self._left -= piece.shape[1]
        self._stream.write(np.ascontiguousarray(piece.T, "<f4").tobytes())
        self._stream.flush()

    def close(self, comment: str) -> None:
        """Write what the file says of itself; the stream stays open.

        Raises:
            AudioError: more or fewer samples than were announced, or a comment without room.
        """
        if self._left:
            raise AudioError(f"the stream is {self._left} samples short of what was announced")
        self._stream.write(wav_comment(comment))
        self._stream.flush()


def wav_header(*, sample_rate: int, channels: int, n_samples: int) -> bytes:
    """What comes before the samples of a 32-bit float WAV file; `wav_comment` comes after them.

    Args:
        sample_rate: in Hz.
        channels: how many.
        n_samples: of each channel.
    """
    frame = 4 * channels
    form = struct.pack("<HHIIHHH", FLOAT, channels, sample_rate, sample_rate * frame, frame, 32, 0)
    chunks = _chunk(b"fmt ", form) + _chunk(b"fact", struct.pack("<I", n_samples))
    size = n_samples * frame
    data = b"data" + struct.pack("<I", size)
    length = 4 + len(chunks) + len(data) + size + len(wav_comment(""))
    return b"RIFF" + struct.pack("<I", length) + b"WAVE" + chunks + data


def wav_comment(text: str) -> bytes:
    """A LIST chunk of always the same length that holds `text` as the comment.

    Raises:
        AudioError: there is no room for it.
    """
    body = text.encode()
    if len(body) >= COMMENT_BYTES:
        raise AudioError(f"a comment of {len(body)} bytes is too long for a stream")
    padded = body.ljust(COMMENT_BYTES - 1, b" ") + b"\0"
    return _chunk(b"LIST", b"INFO" + _chunk(b"ICMT", padded))


def _chunk(name: bytes, body: bytes) -> bytes:
    return name + struct.pack("<I", len(body)) + body
