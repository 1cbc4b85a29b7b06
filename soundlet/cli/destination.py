"""Where the clips of one command go: decided and checked before any work is done."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, cast

import typer

from soundlet.errors import AudioError
from soundlet.naming import file_stem, free_path

if TYPE_CHECKING:
    from soundlet.audio import Bits, Format
    from soundlet.clip import Clip

STDOUT = "-"


@dataclass(frozen=True)
class Destination:
    """One file, or a folder for files named after their prompts, or neither: stdout.

    Attributes:
        file: the path asked for.
        folder: where files named after their prompts go.
        format: of the files.
        bits: sample width. None: the format's own default.
        force: existing files are replaced.
    """

    file: Path | None
    folder: Path | None
    format: Format
    bits: Bits | None
    force: bool

    @property
    def is_stdout(self) -> bool:
        """Whether the sound itself is what the command prints."""
        return self.file is None and self.folder is None

    def path_for(self, prompt: str, seed: int) -> Path | None:
        """The path of a clip, free unless `force` is on; None for stdout."""
        if self.folder is None:
            return self.file
        stem = file_stem(prompt, seed)
        if self.force:
            return self.folder / f"{stem}.{self.format}"
        return free_path(self.folder, stem, self.format)

    def save(self, clip: Clip, name: str) -> Path | None:
        """Write a clip to its path, or to stdout, and say which path it was."""
        path = self.path_for(name, clip.seed)
        clip.save(sys.stdout.buffer if path is None else path, format=self.format, bits=self.bits)
        return path


def choose_destination(
    out: str | None, format: str | None, bits: str | None, *, force: bool, n_clips: int
) -> Destination:
    """What `--out`, `--format`, `--bits` and `--force` mean together.

    Raises:
        typer.BadParameter: they contradict each other or the number of clips.
        AudioError: a place or a form that cannot be written.
    """
    from soundlet.audio import format_of, is_named_otherwise, subtype_of

    folder = Path(out or ".") if out != STDOUT else None
    if folder is not None and not _is_folder(out, folder):
        file, folder = folder, None
    else:
        file = None
    if file is not None and format is None:
        format = format_of(file)
    elif file is not None and format is not None and is_named_otherwise(file, format):
        raise typer.BadParameter(
            f"{file} ends in another format than {format}", param_hint="--format"
        )
    format = format or "wav"
    subtype_of(format, bits)
    if folder is None and n_clips > 1:
        place = "stdout" if file is None else str(file)
        raise typer.BadParameter(
            f"{n_clips} clips do not fit into {place}: name a folder", param_hint="--out"
        )
    if file is None and folder is None and sys.stdout is None:
        raise AudioError("stdout is closed: pipe it into a program, or name a file with --out")
    if file is None and folder is None and sys.stdout.isatty():
        raise typer.BadParameter(
            "stdout is a terminal: pipe it into a program, or name a file", param_hint="--out"
        )
    _check_place(file, folder, force=force)
    return Destination(
        file=file,
        folder=folder,
        format=cast("Format", format),  # or subtype_of would have refused them
        bits=cast("Bits | None", bits),
        force=force,
    )


def _is_folder(out: str | None, path: Path) -> bool:
    return out is None or out.endswith(("/", os.sep)) or os.path.isdir(path)


def _check_place(file: Path | None, folder: Path | None, *, force: bool) -> None:
    parent = file.parent if file is not None else folder
    if parent is None:
        return
    if not os.path.isdir(parent):
        raise AudioError(f"there is no folder {parent}: make it first")
    if not os.access(parent, os.W_OK):
        raise AudioError(f"the folder {parent} cannot be written to: name another with --out")
    if file is not None and os.path.isfile(file) and not force:
        raise AudioError(f"{file} exists: pass --force to replace it, or name another file")
