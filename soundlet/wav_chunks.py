"""The RIFF chunks of tags, and those in which samplers and workstations look for loops and tempo.

Sources: Microsoft and IBM, "Multimedia programming interface and data specifications", 1991, for
`LIST` and `smpl`; the `acid` chunk of Sonic Foundry ACID as libsndfile (src/wav.c) reads it.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Mapping
from pathlib import Path

MIDDLE_C = 60  # MIDI note that plays the sample as it is
ROOT_SET, STRETCHED = 0x02, 0x04  # flags of `acid`: it has a root note; it follows the tempo

INFO_FIELDS = {
    "title": b"INAM",
    "artist": b"IART",
    "album": b"IPRD",
    "date": b"ICRD",
    "genre": b"IGNR",
    "comment": b"ICMT",
    "copyright": b"ICOP",
    "software": b"ISFT",
}


def info_chunk(tags: Mapping[str, str]) -> bytes:
    """A `LIST` chunk of tags, however long: libsndfile's own leaves out those beyond some 32 kB.

    Args:
        tags: their texts, by the names in `INFO_FIELDS`.
    """
    fields = b""
    for name, value in tags.items():
        text = value.encode() + b"\0"
        fields += INFO_FIELDS[name] + struct.pack("<I", len(text)) + text + b"\0" * (len(text) % 2)
    return b"INFO" + fields


def smpl_chunk(n_samples: int, sample_rate: int, *, root_note: int = MIDDLE_C) -> bytes:
    """A sampler chunk with one forward loop over the whole sound, repeated for ever.

    Args:
        n_samples: in the sound; the loop's last sample is the one before this.
        sample_rate: in Hz.
        root_note: MIDI note at which it is played as it is.
    """
    period = round(1e9 / sample_rate)  # nanoseconds
    head = struct.pack("<9I", 0, 0, period, root_note, 0, 0, 0, 1, 0)
    loop = struct.pack("<6I", 0, 0, 0, n_samples - 1, 0, 0)
    return head + loop


def acid_chunk(
    bpm: float, n_beats: int, beats_per_bar: int, *, root_note: int | None = None
) -> bytes:
    """A chunk that says how many beats there are, and at which tempo.

    Args:
        bpm: quarter notes a minute.
        n_beats: in the whole sound.
        beats_per_bar: of quarter notes.
        root_note: MIDI note of the tonic. None: not tuned, as drums.
    """
    flags = STRETCHED | (ROOT_SET if root_note is not None else 0)
    note = MIDDLE_C if root_note is None else root_note
    return struct.pack("<IHHfIHHf", flags, note, 0x8000, 0.0, n_beats, 4, beats_per_bar, bpm)


def with_chunks(wav: bytes, chunks: Mapping[str, bytes]) -> bytes:
    """A RIFF file with further chunks before its samples, where streams find them too.

    Args:
        wav: a whole WAV file.
        chunks: four characters to content.

    Raises:
        ValueError: not a RIFF file with a `data` chunk.
    """
    added = b"".join(
        name.encode() + struct.pack("<I", len(content)) + content + b"\0" * (len(content) % 2)
        for name, content in chunks.items()
    )
    place = 12
    while place + 8 <= len(wav):
        if wav[place : place + 4] == b"data":
            size = struct.pack("<I", len(wav) + len(added) - 8)
            return wav[:4] + size + wav[8:place] + added + wav[place:]
        size_here = int.from_bytes(wav[place + 4 : place + 8], "little")
        place += 8 + size_here + size_here % 2
    raise ValueError("not a RIFF file with a data chunk")


def comment_in(path: str | os.PathLike[str]) -> str:
    """The comment of a WAV file, however long: libsndfile drops those of 2048 bytes and more.

    Returns:
        The text of its `ICMT`; empty where there is none.
    """
    with Path(path).open("rb") as file:
        if file.read(4) != b"RIFF" or file.read(8)[4:] != b"WAVE":
            return ""
        while len(head := file.read(8)) == 8:
            size = int.from_bytes(head[4:], "little")
            if head[:4] != b"LIST":
                file.seek(size + size % 2, os.SEEK_CUR)
                continue
            body = file.read(size + size % 2)
            place = 4
            while body[:4] == b"INFO" and place + 8 <= len(body):
                length = int.from_bytes(body[place + 4 : place + 8], "little")
                text = body[place + 8 : place + 8 + length]
                if body[place : place + 4] == b"ICMT":
                    return text.rstrip(b"\0 ").decode(errors="replace")
                place += 8 + length + length % 2
    return ""
