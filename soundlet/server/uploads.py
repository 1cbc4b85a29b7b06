"""Sound files from strangers: looked at before they are unpacked, and never by their name."""

from __future__ import annotations

import io
import struct

import numpy as np

from soundlet.audio import Audio
from soundlet.errors import AudioError

MAX_SECONDS = 600.0
MIN_SECONDS = 0.01
MAX_CHANNELS = 2
RATES = (4_000, 192_000)  # Hz
MAX_SAMPLES = 600 * 48_000 * MAX_CHANNELS  # over all channels: 230 MB as float32
LOUDEST = 64.0  # times full scale; beyond it the file is damaged, or not sound
KINDS = ("WAV", "WAVEX", "RF64", "FLAC", "OGG", "MP3", "AIFF", "AU", "CAF", "W64")
BLOCK = 2**16  # frames
ADPCM_BITS = 4
UNKNOWN_SIZE = 2**32 - 1  # of the samples, where the file was written into a pipe


def decode_upload(data: bytes) -> tuple[Audio, int]:
    """The sound in the bytes of a file.

    What the header claims is checked first, and no more than it claims is unpacked, so that memory
    is bounded whatever the file says.

    Args:
        data: WAV, FLAC, OGG, MP3, AIFF, AU, CAF or W64.

    Returns:
        (channels, samples) float32, and the rate in Hz.

    Raises:
        AudioError: not a sound file, cut short, empty, or outside the limits of this module.
    """
    import soundfile

    _check_wav(data)
    try:
        with soundfile.SoundFile(io.BytesIO(data)) as file:
            _check_form(file.format, file.samplerate, file.channels, file.frames)
            return _read(file), int(file.samplerate)
    except soundfile.LibsndfileError as e:
        reason = e.error_string.rstrip(". ")
        raise AudioError(f"audio is not a sound file that can be read ({reason})") from e
    except (RuntimeError, ValueError, TypeError, OverflowError) as e:
        raise AudioError(f"audio is a damaged sound file ({e})") from e


def _check_wav(data: bytes) -> None:
    """What libsndfile overlooks: a WAV file that was cut short, or has samples of odd widths."""
    if data[:4] != b"RIFF" or data[8:12] != b"WAVE":
        return
    place = 12
    while place + 8 <= len(data):
        name, size = struct.unpack_from("<4sI", data, place)
        there = len(data) - place - 8
        if name == b"fmt " and size >= 16 and there >= 16:
            (bits,) = struct.unpack_from("<H", data, place + 22)
            if bits % 8 and bits != ADPCM_BITS:
                raise AudioError(f"audio is a WAV file with samples of {bits} bits")
        if size > there and not (name == b"data" and size == UNKNOWN_SIZE):
            raise AudioError(f"audio was cut short: {there} of {size} bytes are there")
        if name == b"data":
            return
        place += 8 + size + size % 2


def _check_form(kind: str, rate: int, channels: int, frames: int) -> None:
    if kind not in KINDS:
        raise AudioError(f"audio is a {kind} file: send one of {', '.join(KINDS)}")
    if not RATES[0] <= rate <= RATES[1]:
        raise AudioError(f"audio has a rate of {rate} Hz: send {RATES[0]} to {RATES[1]} Hz")
    if not 1 <= channels <= MAX_CHANNELS:
        raise AudioError(f"audio has {channels} channels: send 1 or {MAX_CHANNELS}")
    if frames < 1:
        raise AudioError("audio holds no samples")
    if frames / rate > MAX_SECONDS or frames * channels > MAX_SAMPLES:
        raise AudioError(
            f"audio says that it is {frames / rate:.0f} s long: send at most {MAX_SECONDS:.0f} s,"
            f" or {MAX_SAMPLES} samples"
        )
    if frames / rate < MIN_SECONDS:
        raise AudioError(f"audio is {frames} samples long: send at least {MIN_SECONDS:g} s")


def _read(file: object) -> Audio:
    """All samples, block by block, and no more than the header promised."""
    import soundfile

    assert isinstance(file, soundfile.SoundFile)
    promised, blocks, n_read = file.frames, [], 0
    while n_read < promised:
        wanted = min(BLOCK, promised - n_read)
        block = file.read(wanted, dtype="float32", always_2d=True)
        if not len(block):
            break
        blocks.append(block)
        n_read += len(block)
    if n_read < promised:
        raise AudioError(f"audio was cut short: it has {n_read} of {promised} samples")
    samples = np.concatenate(blocks)
    if not np.isfinite(samples).all():
        raise AudioError("audio holds samples that are not finite numbers")
    if np.abs(samples).max() > LOUDEST:
        raise AudioError(f"audio holds samples beyond {LOUDEST:g} times full scale")
    return np.ascontiguousarray(samples.T)
