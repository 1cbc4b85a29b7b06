"""A folder of captioned sounds: `metadata.jsonl` and the files that it names.

Each line of `metadata.jsonl` is an object with `file` (a path inside the folder), `captions` (a
list of sentences) or `caption` (one), and, if it is not that of the file, `seconds` (the length
that the captions are told with). Files may have any sample rate, and one or two channels.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import soundfile
import soxr
import torch
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from soundlet.config.problems import describe, mismatch
from soundlet.training.loop import TrainingError

METADATA = "metadata.jsonl"
SHOWN_PROBLEMS = 10

Audio = NDArray[np.float32]
"""(2, samples) float32."""


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
    """The sounds of a folder, read when they are asked for, at one sample rate."""

    def __init__(self, folder: Path, sample_rate: int = 44100) -> None:
        """Read the folder's metadata.

        Args:
            folder: with a `metadata.jsonl` in it.
            sample_rate: that sounds are read at, in Hz; others are resampled.

        Raises:
            TrainingError: there is none, or its lines have problems; names them.
        """
        self.folder = folder
        self.sample_rate = sample_rate
        self.entries = read_entries(folder)
        self._seconds = torch.tensor([entry.seconds for entry in self.entries])

    def audio(self, index: int) -> Audio:
        """The whole sound: (2, samples) float32.

        Raises:
            TrainingError: the file cannot be read.
        """
        return self._read(self.entries[index].path, 0.0, None)

    def crops(self, count: int, n_samples: int, generator: torch.Generator) -> NDArray[np.float32]:
        """Random stretches of random sounds, longer sounds more often: (count, 2, n_samples).

        A sound shorter than the stretch is followed by silence.

        Raises:
            TrainingError: a file cannot be read.
        """
        chosen = torch.multinomial(self._seconds, count, replacement=True, generator=generator)
        places = torch.rand(count, generator=generator).tolist()
        out = np.zeros((count, 2, n_samples), dtype=np.float32)
        for row, (index, place) in enumerate(zip(chosen.tolist(), places, strict=True)):
            # One crop in ten begins where the sound does, so that the first hit is learnt too.
            part = self._read(self.entries[index].path, max(0.0, place * 1.1 - 0.1), n_samples)
            out[row, :, : part.shape[1]] = part
        return out

    def _read(self, path: Path, place: float, n_samples: int | None) -> Audio:
        """`n_samples` from `place` (0 to 1, of where they may begin), or all for None."""
        try:
            with soundfile.SoundFile(path) as file:
                rate = file.samplerate
                wanted = file.frames
                if n_samples is not None:
                    wanted = min(wanted, -(-n_samples * rate // self.sample_rate))
                spare = file.frames - wanted
                file.seek(min(int(place * (spare + 1)), spare))
                audio = file.read(wanted, dtype="float32", always_2d=True)
        except (soundfile.SoundFileError, OSError) as e:
            raise TrainingError(f"{path}: cannot be read as sound ({e})") from e
        if audio.shape[1] > 2:
            raise TrainingError(f"{path} has {audio.shape[1]} channels: mix it down to 1 or 2")
        if not np.isfinite(audio).all():
            raise TrainingError(f"{path} holds samples that are not finite numbers")
        if rate != self.sample_rate:
            audio = soxr.resample(audio, rate, self.sample_rate)
        if audio.shape[1] == 1:
            audio = np.repeat(audio, 2, axis=1)
        return np.ascontiguousarray(audio[:n_samples].T, dtype=np.float32)


class _Line(BaseModel):
    """A line of the metadata; keys that are not known are of no use here."""

    model_config = ConfigDict(frozen=True, extra="ignore", strict=True)

    file: Annotated[str, Field(min_length=1)]
    captions: Annotated[tuple[str, ...], Field(min_length=1)] | None = None
    caption: str | None = None
    seconds: Annotated[float, Field(gt=0)] | None = None

    @model_validator(mode="after")
    def _is_captioned_once(self) -> _Line:
        if (self.captions is None) == (self.caption is None):
            raise mismatch("give captions (a list of sentences) or caption (one)")
        return self


def read_entries(folder: Path) -> tuple[ClipEntry, ...]:
    """What a folder's metadata says, with lengths taken from the files where it does not.

    Raises:
        TrainingError: no such file, or problems in it: names the lines.
    """
    path = folder / METADATA
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError as e:
        raise TrainingError(
            f"{path} cannot be read ({e.strerror}): it has a line for each sound, such as"
            ' {"file": "kick.wav", "caption": "short kick drum"}'
        ) from e
    except UnicodeDecodeError as e:
        raise TrainingError(f"{path} is not text in UTF-8") from e
    entries: list[ClipEntry] = []
    problems: list[str] = []
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            entries.append(_entry(folder, line))
        except TrainingError as e:
            problems.append(f"line {number}: {e}")
    if problems:
        more = len(problems) - SHOWN_PROBLEMS
        shown = problems[:SHOWN_PROBLEMS] + ([f"and {more} more"] if more > 0 else [])
        raise TrainingError("\n  ".join([f"{path}:", *shown]))
    if not entries:
        raise TrainingError(f"{path} names no sound")
    return tuple(entries)


def _entry(folder: Path, line: str) -> ClipEntry:
    data: Any = None
    try:
        data = json.loads(line)
        fields = _Line.model_validate_json(line)
    except ValidationError as e:
        raise TrainingError("; ".join(describe(e, data))) from e
    except ValueError as e:
        raise TrainingError(f"not JSON ({e})") from e
    path = folder / fields.file
    if not path.is_file():
        raise TrainingError(f"{fields.file}: no such file")
    seconds = fields.seconds or _length(path)
    return ClipEntry(path, seconds, fields.captions or (fields.caption or "",))


def _length(path: Path) -> float:
    try:
        found = soundfile.info(path)
    except soundfile.SoundFileError as e:
        raise TrainingError(f"{path.name}: cannot be read as sound ({e})") from e
    if not found.frames:
        raise TrainingError(f"{path.name} holds no samples")
    return float(found.frames / found.samplerate)
