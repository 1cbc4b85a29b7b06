"""Making one sound of a batch, wherever that happens."""

from __future__ import annotations

import hashlib
import time
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from soundlet.audio import Bits, format_of
from soundlet.batch.lines import Line
from soundlet.batch.manifest import Record
from soundlet.clip import Clip, sha256_of_init_audio
from soundlet.finish import Finish
from soundlet.loops import make_loop
from soundlet.metadata import SoundFile, read_sound_file
from soundlet.pipeline import Model
from soundlet.prompt import read_prompt
from soundlet.source import name_of


@dataclass(frozen=True)
class Maker:
    """How the sounds of a batch are made.

    Attributes:
        model: folder of the model. None: the one inside soundlet.
        engine: by its name, such as "onnx". None: the usual one for the model's format.
        threads: cores of each worker. None: all.
        bits: sample width. None: the format's own default.
    """

    model: str | None = None
    engine: str | None = None
    threads: int | None = None
    bits: Bits | None = None


def make(model: Model, line: Line, bits: Bits | None) -> tuple[bytes, float]:
    """The bytes of a sound file, and the seconds that they took.

    Raises:
        SoundletError: this model cannot do it, or what came out is not a sound.
    """
    start = time.perf_counter()
    clip = sound_of(model, line).finished(line.finish)
    data = clip.encoded(format_of(line.file), bits)
    return data, time.perf_counter() - start


def sound_of(model: Model, line: Line) -> Clip:
    """The clip of a line, before the last touches."""
    request = line.request(model.config.sample_rate)
    if line.grid is None:
        return model.generate(request)
    return replace(make_loop(model, request, line.grid).clip, grid=line.grid)


def record_of(line: Line, path: Path, elapsed: float | None) -> Record:
    """What the manifest says of a sound that is in its place."""
    file = read_sound_file(path)
    assert file.settings is not None
    prompt = read_prompt(str(file.settings["prompt"]))
    return {
        "line": line.number,
        "file": line.file,
        "line_sha256": line.sha256,
        "file_sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        "prompt": file.settings["prompt"],
        "seed": file.settings["seed"],
        "model": file.settings["model"],
        "model_sha256": file.settings["model_sha256"],
        "kind": prompt.kind,
        "bpm": line.grid.bpm if line.grid is not None else prompt.bpm,
        "key": prompt.first("key"),
        "is_loop": line.grid is not None,
        "bars": None if line.grid is None else line.grid.bars,
        "seconds": round(file.samples / file.sample_rate, 6),
        "samples": file.samples,
        "sample_rate": file.sample_rate,
        "channels": file.channels,
        "elapsed_seconds": None if elapsed is None else round(elapsed, 3),
    }


def is_sound_of(line: Line, file: SoundFile, model: Model) -> bool:
    """Whether a file that no record speaks of was made of this line by this model.

    It is so after a kill between the writing of a sound and that of its record, and where a list
    asks again for what the list before it lacked.

    Raises:
        RequestError: this model cannot do what the line asks for.
    """
    if file.settings is None:
        return False
    settings, request = file.settings, model.resolve(line.request(model.config.sample_rate))
    asked: dict[str, Any] = {field.name: getattr(request, field.name) for field in fields(request)}
    asked |= {
        "model_sha256": model.bundle.sha256,
        "cfg_interval": list(request.cfg_interval),
        "init_audio": name_of(request.init_audio),
        "init_audio_sha256": sha256_of_init_audio(request.init_audio),
        "grid": None if line.grid is None else line.grid.as_json(),
    }
    is_made_so = all(settings.get(name) == value for name, value in asked.items())
    return is_made_so and _is_finished_so(line.finish, settings.get("edits"))


def _is_finished_so(finish: Finish, edits: object) -> bool:
    """Whether these last touches, and nothing else, were done to a sound after it was made."""
    if finish.changes_nothing:
        return not edits
    match edits:
        case [{"operation": "finish", **told}]:
            return told.items() >= finish.as_json().items()
    return False
