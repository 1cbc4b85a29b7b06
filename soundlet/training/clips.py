"""A folder of captioned sounds: `metadata.jsonl` and the files that it names.

Each line of `metadata.jsonl` is an object with `file` (a path inside the folder), `captions` (a
list of sentences) and `seconds` (the length that the captions are told with).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
import torch
from numpy.typing import NDArray

from soundlet.training.loop import TrainingError


@dataclass(frozen=True)
class ClipEntry:
    """One sound of a folder.

    Attributes:
        path: the sound file.
        seconds: its length.
        captions: sentences that describe it.
    """

    path: Path
    seconds: float
    captions: tuple[str, ...]


class ClipFolder:
    """The sounds of a folder, read when they are asked for."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.entries = tuple(_read_entries(folder))
        if not self.entries:
            raise TrainingError(f"{folder / 'metadata.jsonl'} names no sound")
        self._seconds = torch.tensor([entry.seconds for entry in self.entries])

    def audio(self, index: int) -> NDArray[np.float32]:
        """The whole sound: (2, samples) float32."""
        return _read(self.entries[index].path, 0, -1)

    def crops(self, count: int, n_samples: int, generator: torch.Generator) -> NDArray[np.float32]:
        """Random stretches of random sounds, longer sounds more often: (count, 2, n_samples).

        A sound shorter than the stretch is followed by silence.
        """
        chosen = torch.multinomial(self._seconds, count, replacement=True, generator=generator)
        places = torch.rand(count, generator=generator).tolist()
        out = np.zeros((count, 2, n_samples), dtype=np.float32)
        for row, (index, place) in enumerate(zip(chosen.tolist(), places, strict=True)):
            path = self.entries[index].path
            spare = max(0, soundfile.info(path).frames - n_samples)
            # One crop in ten begins where the sound does, so that the first hit is learnt too.
            start = int(max(0.0, place * 1.1 - 0.1) * (spare + 1))
            part = _read(path, min(start, spare), n_samples)
            out[row, :, : part.shape[1]] = part
        return out


def _read(path: Path, start: int, frames: int) -> NDArray[np.float32]:
    audio, _ = soundfile.read(path, frames=frames, start=start, dtype="float32", always_2d=True)
    if audio.shape[1] == 1:
        audio = np.repeat(audio, 2, axis=1)
    return np.ascontiguousarray(audio[:, :2].T)


def _read_entries(folder: Path) -> list[ClipEntry]:
    path = folder / "metadata.jsonl"
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise TrainingError(f"cannot read {path}: {error.strerror}") from error
    entries = []
    for number, line in enumerate(lines, start=1):
        try:
            fields = json.loads(line)
            entry = ClipEntry(
                folder / fields["file"], float(fields["seconds"]), tuple(fields["captions"])
            )
        except (json.JSONDecodeError, KeyError, TypeError, ValueError) as error:
            raise TrainingError(
                f"{path}, line {number}: wants an object with file, seconds and captions"
            ) from error
        entries.append(entry)
    return entries
