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
        OSError: it cannot be written; nothing is left behind.
    """
    temporary = path.with_name(f".soundlet-{secrets.token_hex(4)}.part")
    try:
        temporary.write_bytes(data)
        os.replace(temporary, path)
    except BaseException:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise


def make_folder(folder: Path) -> None:
    """Make a folder, and those above it, unless they are there.

    Raises:
        SoundletError: there cannot be such a folder.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as e:
        raise SoundletError(f"{folder} cannot be made a folder: {e.strerror or e}") from e
