"""Captioned sounds: a folder of one's own, or what `soundlet dataset build` made.

A folder of one's own has a `metadata.jsonl` and the files that it names. Each line is an object
with `file` (a path inside the folder), `captions` (a list of sentences) or `caption` (one), and,
if it is not that of the file, `seconds` (the length that the captions are told with). An object
`attributes` says what is known besides: words or lists of words under names of one's own, and
`bpm`. Files may have any sample rate, and one or two channels.
"""

from __future__ import annotations

import io
import json
import zipfile
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Annotated, Any, TypeVar

import numpy as np
import soundfile
import soxr
import torch
from numpy.typing import NDArray
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from soundlet.audio import LOUDEST_PEAK
from soundlet.config.problems import describe, mismatch
from soundlet.training.loop import TrainingError

METADATA = "metadata.jsonl"
BUILT = "dataset.json"
SHOWN_PROBLEMS = 10

Audio = NDArray[np.float32]
"""(2, samples) float32."""


@dataclass(frozen=True)
class ClipEntry:
    """One sound of a folder.

    Attributes:
        path: the sound file, or the archive that it is in.
        seconds: its length.
        captions: sentences that describe it.
        member: its name in the archive. None: it is a file of its own.
        tags: what is known of it besides, such as "kind: pad".
        bpm: its tempo in beats per minute. None: it has none, or it is not known.
    """

    path: Path
    seconds: float
    captions: tuple[str, ...]
    member: str | None = None
    tags: tuple[str, ...] = ()
    bpm: float | None = None

    @property
    def source(self) -> Path | io.BytesIO:
        """What to read the sound from."""
        if self.member is None:
            return self.path
        with zipfile.ZipFile(self.path) as archive:
            return io.BytesIO(archive.read(self.member))


class ClipFolder:
    """The sounds of a folder, read when they are asked for, at one sample rate."""

    def __init__(self, folder: Path, sample_rate: int = 44100) -> None:
        """Read the folder's metadata.

        Args:
            folder: with a `metadata.jsonl` in it, or built by `soundlet dataset build`.
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
        return self._read(self.entries[index], 0.0, None)

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
            part = self._read(self.entries[index], max(0.0, place * 1.1 - 0.1), n_samples)
            out[row, :, : part.shape[1]] = part
        return out

    def _read(self, entry: ClipEntry, place: float, n_samples: int | None) -> Audio:
        """`n_samples` from `place` (0 to 1, of where they may begin), or all for None."""
        try:
            with soundfile.SoundFile(entry.source) as file:
                rate = file.samplerate
                wanted = file.frames
                if n_samples is not None:
                    wanted = min(wanted, -(-n_samples * rate // self.sample_rate))
                spare = file.frames - wanted
                file.seek(min(int(place * (spare + 1)), spare))
                audio = file.read(wanted, dtype="float32", always_2d=True)
        except (soundfile.SoundFileError, zipfile.BadZipFile, KeyError, OSError) as e:
            raise TrainingError(f"{entry.path}: cannot be read as sound ({e})") from e
        if audio.shape[1] > 2:
            raise TrainingError(
                f"{entry.path} has {audio.shape[1]} channels: mix it down to 1 or 2"
            )
        if not np.isfinite(audio).all():
            raise TrainingError(f"{entry.path} holds samples that are not finite numbers")
        peak = float(np.abs(audio).max(initial=0))
        if peak > LOUDEST_PEAK:
            raise TrainingError(f"{entry.path} peaks at {peak:.3g} times full scale: scale it to 1")
        if rate != self.sample_rate:
            audio = soxr.resample(audio, rate, self.sample_rate)
        if audio.shape[1] == 1:
            audio = np.repeat(audio, 2, axis=1)
        return np.ascontiguousarray(audio[:n_samples].T, dtype=np.float32)


Attributes = dict[str, str | float | tuple[str, ...] | None]
"""What is known of a sound: a word, a number or a list of words under each name."""


def _said(caption: str) -> str:
    if not caption.strip():
        raise mismatch("say what it sounds like")
    return caption


Caption = Annotated[str, AfterValidator(_said)]
Captions = Annotated[tuple[Caption, ...], Field(min_length=1)]
Seconds = Annotated[float, Field(gt=0, allow_inf_nan=False)]


class _Fields(BaseModel):
    """An object in JSON; keys that are not known are of no use here."""

    model_config = ConfigDict(frozen=True, extra="ignore", strict=True)


class _Line(_Fields):
    """A line of the metadata."""

    file: Annotated[str, Field(min_length=1)]
    captions: Captions | None = None
    caption: Caption | None = None
    seconds: Seconds | None = None
    attributes: Attributes = {}

    @model_validator(mode="after")
    def _is_captioned_once(self) -> _Line:
        if (self.captions is None) == (self.caption is None):
            raise mismatch("give captions (a list of sentences) or caption (one)")
        return self

    @model_validator(mode="after")
    def _is_in_the_folder(self) -> _Line:
        path = PurePath(self.file)
        if path.is_absolute() or ".." in path.parts:
            raise mismatch(f"file must be a path inside the folder, not {self.file!r}")
        return self

    @model_validator(mode="after")
    def _has_words_but_for_the_tempo(self) -> _Line:
        for name, value in self.attributes.items():
            is_number = isinstance(value, (int, float))
            if value is not None and is_number != (name == "bpm"):
                wanted = "a number" if name == "bpm" else "a word, or a list of words"
                raise mismatch(f"attributes.{name} must be {wanted}, not {value!r}")
        return self


class _BuiltSet(_Fields):
    """What describes a built data set."""

    count: int


class _BuiltLine(_Fields):
    """A line of a shard."""

    number: int
    captions: Captions
    seconds: Seconds
    attributes: Attributes


Found = TypeVar("Found", bound=_Fields)


def read_entries(folder: Path) -> tuple[ClipEntry, ...]:
    """What a folder's metadata says, with lengths taken from the files where it does not.

    Raises:
        TrainingError: no such file, or problems in it: names the lines.
    """
    path = folder / METADATA
    if not path.exists() and (folder / BUILT).is_file():
        return _built_entries(folder)
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
    fields = _parsed(_Line, line)
    path = folder / fields.file
    if not path.is_file():
        raise TrainingError(f"{fields.file}: no such file")
    length = _length(path)
    captions = fields.captions or (fields.caption or "",)
    return ClipEntry(path, fields.seconds or length, captions, None, *_known(fields.attributes))


def _parsed(kind: type[Found], text: str) -> Found:
    data: Any = None
    try:
        data = json.loads(text)
        return kind.model_validate_json(text)
    except ValidationError as e:
        raise TrainingError("; ".join(describe(e, data))) from e
    except ValueError as e:
        raise TrainingError(f"not JSON ({e})") from e


def _known(attributes: Attributes) -> tuple[tuple[str, ...], float | None]:
    """Tags and tempo."""
    tags: list[str] = []
    for name, value in attributes.items():
        words = (value,) if isinstance(value, str) else value
        if isinstance(words, (tuple, list)):
            tags += (f"{name}: {word}" for word in words)
    bpm = attributes.get("bpm")
    return tuple(tags), float(bpm) if isinstance(bpm, (int, float)) else None


def _built_entries(folder: Path) -> tuple[ClipEntry, ...]:
    """The clips of all whole shards of a built data set."""
    entries: list[ClipEntry] = []
    place = BUILT
    try:
        count = _parsed(_BuiltSet, (folder / BUILT).read_text(encoding="utf-8")).count
        for text in sorted(folder.glob("shard-*.jsonl")):
            place = text.name
            path = text.with_suffix(".zip")
            with zipfile.ZipFile(path) as archive:
                members = archive.namelist()
            lines = text.read_text(encoding="utf-8").splitlines()
            for number, (member, line) in enumerate(zip(members, lines, strict=True), start=1):
                place = f"{text.name}, line {number}"
                fields = _parsed(_BuiltLine, line)
                if fields.number < count:
                    said, known = fields.captions, _known(fields.attributes)
                    entries.append(ClipEntry(path, fields.seconds, said, member, *known))
    except (TrainingError, OSError, zipfile.BadZipFile, ValueError) as e:
        raise TrainingError(f"{folder}: a damaged data set ({place}: {e}): build it again") from e
    if not entries:
        raise TrainingError(f"{folder} has no whole shard yet: let `soundlet dataset build` go on")
    return tuple(entries)


def _length(path: Path) -> float:
    try:
        found = soundfile.info(path)
    except soundfile.SoundFileError as e:
        raise TrainingError(f"{path.name}: cannot be read as sound ({e})") from e
    if not found.frames:
        raise TrainingError(f"{path.name} holds no samples")
    return float(found.frames / found.samplerate)
