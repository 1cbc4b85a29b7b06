"""Sounds on disk: kept for a while and up to a size, and given out in the format asked for."""

from __future__ import annotations

import json
import re
import secrets
import shutil
import struct
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from soundlet.audio import Bits, Format, encode_audio, subtype_of
from soundlet.errors import AudioError, ServerError
from soundlet.whole_files import write_whole

IDS = re.compile(r"[0-9a-f]{32}")
SAMPLES = "sound.f32"  # float32, one channel after the other: what was made, to the bit
RECORD = "job.json"  # written last: a folder without it is not a result
HALF_MADE_SECONDS = 3600.0  # after which a folder without a record is left over from a crash

DEFAULT_WIDTHS: dict[str, str] = {"wav": "16", "flac": "16", "ogg": "coded", "mp3": "coded"}
"""Sample width of a file whose width nobody asked for, as its name has it."""

MEDIA_TYPES: dict[str, str] = {
    "wav": "audio/wav",
    "flac": "audio/flac",
    "ogg": "audio/ogg",
    "mp3": "audio/mpeg",
}


@dataclass
class _Kept:
    """What is remembered of a result: bytes on disk, and when it was made."""

    size: int
    made: float


class Results:
    """A folder of results, one folder each, named by the job's id."""

    def __init__(self, folder: Path, *, max_bytes: int, max_seconds: float) -> None:
        """Open the folder, and drop what is too old, too much, or half made.

        Raises:
            ServerError: the folder cannot be made or written to.
        """
        self._folder, self._max_bytes, self._max_seconds = folder, max_bytes, max_seconds
        self._lock = threading.Lock()
        self._kept: dict[str, _Kept] = {}  # the oldest first
        self._n_bytes = 0
        try:
            folder.mkdir(parents=True, exist_ok=True)
            probe = folder / f".probe-{secrets.token_hex(4)}"
            probe.touch()
            probe.unlink()
            self._take_stock()
        except OSError as e:
            raise ServerError(
                f"{folder} cannot hold results ({e.strerror or e}): name another folder"
            ) from e
        self.prune()

    @property
    def n_bytes(self) -> int:
        """Bytes of all results."""
        return self._n_bytes

    def __len__(self) -> int:
        """Results there are."""
        return len(self._kept)

    def folder(self, job: str) -> Path:
        """Where a worker writes the files of a job: `SAMPLES`, and the form asked for most."""
        folder = self._place(job)
        folder.mkdir(exist_ok=True)
        return folder

    def keep(self, job: str, record: Mapping[str, Any]) -> None:
        """The sound is there: keep it with what is to be known of it."""
        folder = self._place(job)
        write_whole(folder / RECORD, json.dumps(record, ensure_ascii=False).encode())
        with self._lock:
            self._add(job, _Kept(_size(folder), time.time()))
        self.prune(but=job)

    def drop(self, job: str) -> None:
        """Remove all there is of a job."""
        with self._lock:
            self._remove(job)

    def record(self, job: str) -> dict[str, Any] | None:
        """What is known of a result; None if there is none of this name."""
        if job not in self._kept:
            return None
        try:
            text = (self._place(job) / RECORD).read_text(encoding="utf-8")
        except FileNotFoundError:
            return None
        record: dict[str, Any] = json.loads(text)
        return record

    def file(self, job: str, format: Format, bits: Bits | None) -> Path | None:
        """The sound in a format, encoded when it is first asked for; None if there is no result.

        Raises:
            AudioError: a format that does not come in this width.
        """
        subtype_of(format, bits)
        kept = self._kept.get(job)
        if kept is None:
            return None
        folder = self._place(job)
        path = folder / form_name(format, bits)
        if not path.is_file():
            try:
                data = self._encoded(job, format, bits)
            except (AudioError, FileNotFoundError):
                if job in self._kept:
                    raise
                return None  # it was dropped meanwhile
            with self._lock:
                if self._kept.get(job) is not kept:
                    return None  # likewise
                if not path.is_file():  # nobody who asked at the same time was first
                    write_whole(path, data)
                    kept.size += len(data)
                    self._n_bytes += len(data)
        return path

    def _encoded(self, job: str, format: Format, bits: Bits | None) -> bytes:
        folder = self._place(job)
        record = json.loads((folder / RECORD).read_text(encoding="utf-8"))
        sound, chunks = record["sound"], {}
        samples = np.fromfile(folder / SAMPLES, "<f4").reshape(sound["channels"], -1)
        if format == "wav":
            chunks = loop_chunks((folder / form_name("wav", None)).read_bytes())
        return encode_audio(
            samples,
            sound["sample_rate"],
            format=format,
            bits=bits,
            tags=tags_of(record),
            chunks=chunks,
        )

    def prune(self, *, but: str | None = None) -> None:
        """Drop results that are too old, and the oldest while all of them are too large.

        Args:
            but: the one that was just made and stays.
        """
        oldest_wanted = time.time() - self._max_seconds
        with self._lock:
            while self._kept:
                job, kept = next(iter(self._kept.items()))
                is_due = kept.made < oldest_wanted or self._n_bytes > self._max_bytes
                if not is_due or job == but:
                    break
                self._remove(job)

    def _add(self, job: str, kept: _Kept) -> None:
        self._kept[job] = kept
        self._n_bytes += kept.size

    def _remove(self, job: str) -> None:
        kept = self._kept.pop(job, None)
        self._n_bytes -= 0 if kept is None else kept.size
        shutil.rmtree(self._place(job), ignore_errors=True)

    def _take_stock(self) -> None:
        found = [f for f in self._folder.iterdir() if IDS.fullmatch(f.name) and f.is_dir()]
        for made, folder in sorted((folder.stat().st_mtime, folder) for folder in found):
            if (folder / RECORD).is_file():
                self._add(folder.name, _Kept(_size(folder), made))
            elif time.time() - made > HALF_MADE_SECONDS:
                shutil.rmtree(folder, ignore_errors=True)

    def _place(self, job: str) -> Path:
        if not IDS.fullmatch(job):
            raise ValueError(f"not the id of a job: {job!r}")
        return self._folder / job


def form_name(format: Format, bits: Bits | None) -> str:
    """Name of the file in that form."""
    width = bits or DEFAULT_WIDTHS[format]
    return f"sound-{width}.{format}"


def tags_of(record: Mapping[str, Any]) -> dict[str, str]:
    """The tags of a sound file, as `Clip.save` writes them."""
    settings = record["settings"]
    return {
        "title": settings["prompt"],
        "software": f"soundlet {settings['soundlet']}",
        "comment": json.dumps(settings, ensure_ascii=False),
    }


def loop_chunks(wav: bytes) -> dict[str, bytes]:
    """The chunks of a WAV file that say where it loops and at which tempo."""
    found, place = {}, 12
    while place + 8 <= len(wav):
        name, size = struct.unpack_from("<4sI", wav, place)
        if name in (b"smpl", b"acid"):
            found[name.decode()] = wav[place + 8 : place + 8 + size]
        place += 8 + size + size % 2
    return found


def _size(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.iterdir())
