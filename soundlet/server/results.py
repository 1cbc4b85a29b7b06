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

from soundlet.audio import Bits, Format, encode_audio, read_audio, subtype_of
from soundlet.errors import ServerError
from soundlet.whole_files import write_whole

IDS = re.compile(r"[0-9a-f]{32}")
SOUND = "sound.wav"  # 32-bit float: what was made, to the bit
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
        self._kept: dict[str, _Kept] = {}
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
        return sum(kept.size for kept in self._kept.values())

    def __len__(self) -> int:
        """Results there are."""
        return len(self._kept)

    def target(self, job: str) -> Path:
        """Where a worker writes the sound of a job; its folder is made."""
        folder = self._place(job)
        folder.mkdir(exist_ok=True)
        return folder / SOUND

    def keep(self, job: str, record: Mapping[str, Any]) -> None:
        """The sound is there: keep it with what is to be known of it."""
        folder = self._place(job)
        write_whole(folder / RECORD, json.dumps(record, ensure_ascii=False).encode())
        with self._lock:
            self._kept[job] = _Kept(_size(folder), time.time())
        self.prune(but=job)

    def drop(self, job: str) -> None:
        """Remove all there is of a job."""
        with self._lock:
            self._kept.pop(job, None)
        shutil.rmtree(self._place(job), ignore_errors=True)

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
        if format == "wav" and bits == "32f":
            return folder / SOUND
        path = folder / form_name(format, bits)
        if not path.is_file():
            record = self.record(job)
            if record is None:
                return None
            audio, rate = read_audio(folder / SOUND)
            chunks = loop_chunks((folder / SOUND).read_bytes()) if format == "wav" else {}
            data = encode_audio(
                audio, rate, format=format, bits=bits, tags=tags_of(record), chunks=chunks
            )
            write_whole(path, data)
            kept.size += len(data)
        return path

    def prune(self, *, but: str | None = None) -> None:
        """Drop results that are too old, and the oldest while all of them are too large.

        Args:
            but: the one that was just made and stays.
        """
        now = time.time()
        with self._lock:
            total = self.n_bytes
            for job, kept in sorted(self._kept.items(), key=lambda item: item[1].made):
                is_old = now - kept.made > self._max_seconds
                if (is_old or total > self._max_bytes) and job != but:
                    total -= kept.size
                    del self._kept[job]
                    shutil.rmtree(self._place(job), ignore_errors=True)

    def _take_stock(self) -> None:
        for folder in self._folder.iterdir():
            if not IDS.fullmatch(folder.name) or not folder.is_dir():
                continue
            made = folder.stat().st_mtime
            if (folder / RECORD).is_file():
                self._kept[folder.name] = _Kept(_size(folder), made)
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
