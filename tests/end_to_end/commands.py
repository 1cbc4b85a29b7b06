"""Running the command: within this process where that will do, in one of its own where not."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from typer.testing import CliRunner, Result

from soundlet.cli import app
from soundlet.web import RUNTIME_FILES

TINY_SOURCE = Path(__file__).parents[1] / "parity" / "golden" / "tiny"
TINY_SECONDS = 0.02  # the whole window of the tiny model is 1024 samples


def run(*arguments: object, stdin: str | None = None) -> Result:
    """`soundlet ARGUMENTS` within this process; bugs of ours are raised."""
    words = [str(argument) for argument in arguments]
    return CliRunner().invoke(app, words, input=stdin, catch_exceptions=False)


def runtime_of_web(folder: Path) -> Path:
    """A folder, to be made, with files that are called as ONNX Runtime Web's are."""
    folder.mkdir()
    for name in RUNTIME_FILES:
        (folder / name).touch()
    return folder


def command(*arguments: object) -> list[str]:
    """`soundlet ARGUMENTS` for a process of its own."""
    return [sys.executable, "-m", "soundlet", *map(str, arguments)]


def tree(folder: Path) -> set[str]:
    """Every path under `folder`."""
    return {os.path.relpath(path, folder) for path in folder.rglob("*")}
