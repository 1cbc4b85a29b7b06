"""What a batch has made: a line a sound, written as soon as the sound is in its place."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO

from soundlet.errors import AudioError, RequestError
from soundlet.whole_files import write_whole

MANIFEST, LOCK = "manifest.jsonl", ".batch.lock"

Record = Mapping[str, Any]
"""What is kept of a sound: see `soundlet.batch.making.record_of`."""


class Manifest:
    """The records of a folder, by the file that each is about.

    A process that is killed leaves at most a last line that is not whole; it is dropped when the
    manifest is opened again.
    """

    def __init__(self, folder: Path) -> None:
        """Read what there is; the folder is there.

        Raises:
            AudioError: it cannot be read, or here and in all that follows, not be written.
        """
        self._path = folder / MANIFEST
        self.records: dict[str, Record] = {}
        if self._path.exists():
            with _refusals(self._path, "read"):
                rows = self._path.read_bytes().split(b"\n")
            for row in rows:
                record = _record(row)
                if record is not None:
                    self.records[record["file"]] = record
            self._rewrite()

    def add(self, record: Record) -> None:
        """Write one more record."""
        self.records[record["file"]] = record
        with _refusals(self._path, "written"), self._path.open("ab") as file:
            file.write(_row(record))

    def keep(self, files: list[str]) -> None:
        """Write the records of these files only, in this order, whole or not at all."""
        self.records = {name: self.records[name] for name in files if name in self.records}
        self._rewrite()

    def _rewrite(self) -> None:
        rows = b"".join(_row(record) for record in self.records.values())
        with _refusals(self._path, "written"):
            write_whole(self._path, rows)


@contextmanager
def _refusals(path: Path, what: str) -> Iterator[None]:
    try:
        yield
    except OSError as e:
        raise AudioError(f"{path} cannot be {what}: {e.strerror or e}") from e


def _row(record: Record) -> bytes:
    return json.dumps(record, ensure_ascii=False).encode() + b"\n"


def _record(row: bytes) -> Record | None:
    try:
        values = json.loads(row)
    except ValueError:
        return None
    return values if isinstance(values, dict) and isinstance(values.get("file"), str) else None


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Keep other batches out of a folder; the system lets go of it when the process ends.

    Raises:
        RequestError: another batch is at work there.
        AudioError: nothing can be written there.
    """
    path = folder / LOCK
    while True:
        with _refusals(path, "written"):
            opened = path.open("ab")
        with opened as file:
            if not _lock(file):
                raise RequestError(f"another batch is at work in {folder}: wait for it, or end it")
            if _is_at(file, path):
                try:
                    yield
                finally:
                    with suppress(PermissionError):  # Windows removes no file that is open
                        path.unlink(missing_ok=True)
                return


def _is_at(file: BinaryIO, path: Path) -> bool:
    """Whether the file is still there: another batch may have ended since it was opened."""
    try:
        return os.path.samestat(os.fstat(file.fileno()), path.stat())
    except FileNotFoundError:
        return False


def _lock(file: BinaryIO) -> bool:
    try:
        if os.name == "nt":
            import msvcrt

            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined,unused-ignore]
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
