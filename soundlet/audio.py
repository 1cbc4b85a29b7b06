"""Sound files: read, resample, write.

A file is encoded in memory first and then put in place whole, so no failure leaves half of one.
"""

from __future__ import annotations

import io
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO, Literal, TypeAlias, get_args

import numpy as np
from numpy.typing import NDArray

from soundlet.errors import AudioError
from soundlet.wav_chunks import info_chunk, with_chunks
from soundlet.whole_files import write_whole

Audio: TypeAlias = NDArray[np.float32]
"""(channels, samples) float32, nominally in [-1, 1]."""

Format: TypeAlias = Literal["wav", "flac", "ogg", "mp3"]
Bits: TypeAlias = Literal["16", "24", "32f"]
FORMATS: tuple[Format, ...] = get_args(Format)

SUBTYPES: dict[str, dict[str | None, str]] = {
    "wav": {"16": "PCM_16", "24": "PCM_24", "32f": "FLOAT"},
    "flac": {"16": "PCM_16", "24": "PCM_24"},
    "ogg": {None: "VORBIS"},
    "mp3": {None: "MPEG_LAYER_III"},
}
"""For each format its sample widths, the default first, and what libsndfile calls them."""

LOUDEST_PEAK = 8.0  # 18 dB over full scale: what lies beyond is no sound, or one in another scale
COMPRESSION_LEVEL = 0.2  # of 0 (largest) to 1: Vorbis quality 8; MP3 with variable bit rate V2
ID3_FRAMES = {
    "title": b"TIT2",
    "artist": b"TPE1",
    "album": b"TALB",
    "date": b"TDRC",
    "genre": b"TCON",
    "comment": b"COMM",
    "copyright": b"TCOP",
    "software": b"TSSE",
}
TAGS = tuple(ID3_FRAMES)
BLOCK = 65536  # samples an encoder is given at once: libvorbis runs out of stack on long ones


def read_audio(path: str | os.PathLike[str]) -> tuple[Audio, int]:
    """Read a whole sound file.

    Args:
        path: WAV, FLAC, OGG, MP3, or anything else that libsndfile knows.

    Returns:
        The sound, (channels, samples), and its sample rate in Hz.

    Raises:
        AudioError: no such file, not a sound, no samples, or samples that are not numbers.
    """
    import soundfile

    path = Path(path)
    if not path.exists():
        raise AudioError(f"{path}: no such file")
    if path.is_dir():
        raise AudioError(f"{path} is a folder, not a sound file")
    try:
        samples, rate = soundfile.read(path, dtype="float32", always_2d=True)
    except UnicodeEncodeError as e:
        raise AudioError(f"{path}: only files with names in UTF-8 can be read: rename it") from e
    except soundfile.LibsndfileError as e:
        reason = e.error_string.rstrip(". ")
        raise AudioError(f"{path}: not a sound file that can be read ({reason})") from e
    if not len(samples):
        raise AudioError(f"{path} holds no samples")
    if not np.isfinite(samples).all():
        raise AudioError(f"{path} holds samples that are not finite numbers")
    return np.ascontiguousarray(samples.T), int(rate)


def resample(audio: Audio, from_rate: int, to_rate: int) -> Audio:
    """Change the sample rate, at soxr's "very high" quality.

    Args:
        audio: (channels, samples).
        from_rate: its rate in Hz.
        to_rate: the rate wanted in Hz.

    Returns:
        (channels, samples * to_rate / from_rate), the samples rounded to a whole number.
    """
    import soxr

    if from_rate == to_rate:
        return audio
    changed = soxr.resample(audio.T, from_rate, to_rate, quality="VHQ")
    return np.ascontiguousarray(changed.T, dtype=np.float32)


def format_of(path: str | os.PathLike[str]) -> Format:
    """The format that a file name's ending stands for.

    Raises:
        AudioError: no ending, or one of a format that is not written.
    """
    suffix = Path(path).suffix.lower().removeprefix(".")
    for known in FORMATS:
        if suffix == known:
            return known
    endings = ", ".join(f".{known}" for known in FORMATS)
    raise AudioError(f"{path}: the name must end in one of {endings}, or the format be given")


def is_named_otherwise(path: str | os.PathLike[str], format: str) -> bool:
    """Whether a file name's ending stands for another format than `format`."""
    suffix = Path(path).suffix.lower().removeprefix(".")
    return suffix in FORMATS and suffix != format


def subtype_of(format: str, bits: str | None) -> str:
    """What libsndfile calls the numbers in a file of this format and sample width.

    Raises:
        AudioError: no such format, or it does not come in this width.
    """
    if format not in SUBTYPES:
        raise AudioError(f"format is one of {', '.join(FORMATS)}, not {format!r}")
    widths = SUBTYPES[format]
    if bits is None:
        return next(iter(widths.values()))
    if None in widths:
        raise AudioError(f"{format} has no sample width: bits={bits!r} is for wav and flac")
    if bits not in widths:
        raise AudioError(f"bits of {format} is one of {', '.join(map(str, widths))}, not {bits!r}")
    return widths[bits]


def write_audio(
    target: str | os.PathLike[str] | BinaryIO,
    audio: Audio,
    sample_rate: int,
    *,
    format: Format | None = None,
    bits: Bits | None = None,
    tags: Mapping[str, str] | None = None,
    chunks: Mapping[str, bytes] | None = None,
) -> None:
    """Write a sound file, whole or not at all.

    Args:
        target: a path, or a binary stream such as `sys.stdout.buffer`.
        audio: (channels, samples). For 32-bit float files any finite values; for all others
            in [-1, 1], for nothing is clipped in silence.
        sample_rate: in Hz.
        format: None takes the ending of the path, and "wav" for a stream. An ending that stands
            for another format is refused.
        bits: sample width of WAV (16, 24, 32f) and FLAC (16, 24) files; None is 16. OGG and MP3
            have none.
        tags: what the file says of itself, by the names in `TAGS`.
        chunks: further RIFF chunks, by their four characters; only WAV files have them.

    Raises:
        AudioError: a value out of range, a combination that no file can have, or a place that
            cannot be written.
    """
    if isinstance(target, (str, os.PathLike)):
        format = format or format_of(target)
        if is_named_otherwise(target, format):
            raise AudioError(f"{target} ends in another format than {format}")
        data = encode_audio(audio, sample_rate, format=format, bits=bits, tags=tags, chunks=chunks)
        put_in_place(Path(target), data)
    else:
        format = format or "wav"
        data = encode_audio(audio, sample_rate, format=format, bits=bits, tags=tags, chunks=chunks)
        target.write(data)
        target.flush()


def encode_audio(
    audio: Audio,
    sample_rate: int,
    *,
    format: Format = "wav",
    bits: Bits | None = None,
    tags: Mapping[str, str] | None = None,
    chunks: Mapping[str, bytes] | None = None,
) -> bytes:
    """The bytes of a sound file; the same sound always gives the same bytes.

    Arguments and errors are those of `write_audio`.
    """
    import soundfile

    subtype = subtype_of(format, bits)
    samples = _samples(audio, subtype)
    tags = tags or {}
    for name in tags:
        if name not in TAGS:
            raise AudioError(f"no tag is called {name!r}; there are {', '.join(TAGS)}")
    level: dict[str, Any] = {}
    if None in SUBTYPES[format]:
        level["compression_level"] = COMPRESSION_LEVEL
    if format == "mp3":
        level["bitrate_mode"] = "VARIABLE"
    buffer = io.BytesIO()
    try:
        with soundfile.SoundFile(
            buffer, "w", sample_rate, samples.shape[1], subtype, format=format.upper(), **level
        ) as file:
            if format not in ("wav", "mp3"):  # which have their tags from us
                for name, value in tags.items():
                    setattr(file, name, value)
            for start in range(0, len(samples), BLOCK):
                file.write(samples[start : start + BLOCK])
    except soundfile.LibsndfileError as e:
        shape = f"{samples.shape[1]} channels at {sample_rate} Hz"
        raise AudioError(f"{format} cannot hold {shape} ({e.error_string.rstrip('. ')})") from e
    if format == "wav":
        _clear_time(buffer.getbuffer())
        listed = {"LIST": info_chunk(tags)} if tags else {}
        return with_chunks(buffer.getvalue(), {**listed, **(chunks or {})})
    data = buffer.getvalue()
    if format == "ogg":
        return _without_serial(data)
    return _id3(tags) + data if format == "mp3" and tags else data


def _samples(audio: Audio, subtype: str) -> NDArray[Any]:
    """`audio` as (samples, channels) in the number type of the file."""
    if audio.ndim != 2 or not audio.size:
        raise AudioError(f"audio has the shape (channels, samples), not {audio.shape}")
    lowest, highest = float(audio.min()), float(audio.max())
    if not (np.isfinite(lowest) and np.isfinite(highest)):
        raise AudioError("audio holds values that are not finite numbers")
    audio = audio.astype(np.float32, copy=False)
    if subtype == "FLOAT":
        return _interleaved(audio)
    peak = max(-lowest, highest)
    if peak > 1 + 2.0**-16:  # half a step of 16 bits
        raise AudioError(
            f"audio peaks at {peak:.4g}, over full scale (1):"
            " scale it down, or write WAV with bits='32f', which keeps it"
        )
    if subtype == "PCM_16":
        return _interleaved(_whole(audio, 16).astype(np.int16))
    if subtype == "PCM_24":  # libsndfile keeps the upper 24 of 32 bits
        return _interleaved(np.left_shift(_whole(audio, 24).astype(np.int32), 8))
    return _interleaved(np.clip(audio, -1, 1))


def _interleaved(audio: NDArray[Any]) -> NDArray[Any]:
    """(channels, samples) to (samples, channels), six times as fast as a copy of the transpose."""
    return np.stack(list(audio), axis=1)


def _whole(audio: Audio, bits: int) -> Audio:
    """`audio` in steps of that many bits: float32 holds these whole numbers exactly."""
    full = 2 ** (bits - 1)
    steps = audio * np.float32(full)
    np.rint(steps, out=steps)
    return np.clip(steps, -full, full - 1, out=steps)


def put_in_place(path: Path, data: bytes | memoryview) -> None:
    """Write `data` to a temporary neighbour of `path`, then rename it."""
    if os.path.isdir(path):
        raise AudioError(f"{path} is a folder: name a file in it")
    if not os.path.isdir(path.parent):
        raise AudioError(f"{path}: there is no folder {path.parent}: make it first")
    try:
        place = Path(os.path.realpath(path))  # a link stays one: what it points to is replaced
        if os.path.exists(place) and not os.path.isfile(place):  # a device or pipe is written to
            place.write_bytes(data)
            return
        write_whole(place, data)
    except OSError as e:
        raise AudioError(f"{path} cannot be written: {e.strerror or e}") from e
    except ValueError as e:  # a NUL, or text that the file system cannot hold
        raise AudioError(f"{str(path)!r} is no name that a file can have ({e})") from e


def _id3(tags: Mapping[str, str]) -> bytes:
    """An ID3v2.4 header in UTF-8: libsndfile's own is declared Latin-1 and garbles the rest."""

    def size(n_bytes: int) -> bytes:  # seven bits a byte
        return bytes((n_bytes >> shift) & 0x7F for shift in (21, 14, 7, 0))

    frames = b""
    for name, value in tags.items():
        frame = ID3_FRAMES[name]
        body = (b"\x03eng\0" if frame == b"COMM" else b"\x03") + value.encode()
        frames += frame + size(len(body)) + b"\0\0" + body
    return b"ID3\x04\0\0" + size(len(frames)) + frames


def _clear_time(wav: memoryview) -> None:
    """Set to zero the time of writing, which libsndfile puts into PEAK chunks."""
    place = 12
    while place + 8 <= len(wav):
        size = int.from_bytes(wav[place + 4 : place + 8], "little")
        if bytes(wav[place : place + 4]) == b"PEAK":
            wav[place + 12 : place + 16] = bytes(4)
        place += 8 + size + size % 2


def _without_serial(ogg: bytes) -> bytes:
    """`ogg` with its random stream number set to zero, and the checksums to match.

    Source: the page layout of RFC 3533, section 6.
    """
    data, place = bytearray(ogg), 0
    while place < len(data):
        n_segments = data[place + 26]
        body = place + 27 + n_segments
        end = body + sum(data[place + 27 : body])
        data[place + 14 : place + 18] = bytes(4)
        data[place + 22 : place + 26] = bytes(4)
        data[place + 22 : place + 26] = _ogg_checksum(data[place:end]).to_bytes(4, "little")
        place = end
    return bytes(data)


def _ogg_table() -> tuple[int, ...]:
    table = []
    for byte in range(256):
        value = byte << 24
        for _ in range(8):
            value = (value << 1) ^ (0x104C11DB7 if value & 0x80000000 else 0)
        table.append(value)
    return tuple(table)


_OGG_TABLE = _ogg_table()


def _ogg_checksum(page: bytes | bytearray) -> int:
    value = 0
    for byte in page:
        value = ((value << 8) & 0xFFFFFFFF) ^ _OGG_TABLE[(value >> 24) ^ byte]
    return value
