"""Files that a reader sees whole or not at all, and the folders that they go to."""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from pathlib import Path

from soundlet.errors import SoundletError


def write_whole(path: Path, data: bytes | memoryview) -> None:
    """Write `data` to a hidden neighbour of `path`, then rename it.

    Raises:
        OSError: it cannot be written; its `filename` is `path`, and nothing is left behind.
    """
    temporary = path.with_name(f".soundlet-{secrets.token_hex(4)}.part")
    try:
        temporary.write_bytes(data)
        os.replace(temporary, path)
    except BaseException as e:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
        if isinstance(e, OSError):
            raise OSError(e.errno, e.strerror, str(path)) from e  # a full disk names no file
        raise


def make_folder(folder: Path) -> None:
    """Make a folder to write into, and those above it, unless they are there.

    Raises:
        SoundletError: there cannot be such a folder, or nothing can be written into it.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as e:
        raise SoundletError(f"{folder} cannot be made a folder: {e.strerror or e}") from e
    if not os.access(folder, os.W_OK):
        raise SoundletError(f"the folder {folder} cannot be written to: name another")
