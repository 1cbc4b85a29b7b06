"""Making a file's sound again from the settings inside it, and saying what differs.

Whether the latents are the same is told by their hash, which the file holds. The samples are
compared too: a file of a lossless format with the new sound written in the same form, one of a
lossy format with the new sound after it went through the same encoder.
"""

from __future__ import annotations

import io
import math
import os
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import numpy as np

from soundlet.audio import Audio
from soundlet.clip import Clip, sha256_of_init_audio
from soundlet.editing import OPERATIONS, apply, request_from_json
from soundlet.errors import AudioError, RequestError
from soundlet.finish import Finish
from soundlet.metadata import LOSSLESS, SoundFile, read_sound_file, require_settings, versions
from soundlet.pipeline import Model
from soundlet.request import GenerationRequest
from soundlet.sampling import Progress
from soundlet.tempo import Grid


@dataclass(frozen=True)
class Reproduction:
    """A sound made again, and how it compares with the file.

    Attributes:
        clip: the new sound.
        differences: what made the file and is different now: model, engine, versions, init audio.
        same_latents: to the last bit.
        same_samples: of the file and of the new sound in the same form.
        same_file: byte for byte.
        largest_difference: of any two samples, 1 is full scale. None: of another length.
        difference_db: power of the difference over the power of the file; minus infinity for none.
        lossless: whether the format of the file is.
    """

    clip: Clip
    differences: tuple[str, ...]
    same_latents: bool
    same_samples: bool
    same_file: bool
    largest_difference: float | None
    difference_db: float | None
    lossless: bool

    def as_json(self) -> dict[str, Any]:
        """All but the sound, for JSON; minus infinity is null."""
        told = {f.name: getattr(self, f.name) for f in fields(self) if f.name != "clip"}
        db = self.difference_db
        told["difference_db"] = round(db, 2) if db is not None and math.isfinite(db) else None
        told["differences"] = [*self.differences]
        return told


def reproduce(
    path: str | os.PathLike[str],
    model: Model,
    *,
    init_audio: str | os.PathLike[str] | None = None,
    on_step: Progress | None = None,
) -> Reproduction:
    """Make the sound of a file again.

    Args:
        path: of a file that soundlet wrote.
        model: to make it with; that it is another one is told, not refused.
        init_audio: the sound that the file was started from, if it was. None: the file of its name
            in the folder of `path`.
        on_step: called after each step with (steps done, steps in all).

    Raises:
        AudioError: the file holds no settings.
        RequestError: the settings cannot be repeated by this version or this model.
    """
    file = read_sound_file(path)
    settings = require_settings(file)
    edits = list(settings.get("edits") or [])
    for edit in edits:
        if not isinstance(edit, dict) or not isinstance(edit.get("operation"), str):
            raise RequestError(f"{path} was edited in a way that is not told: {edit!r}")
    if edits and edits[0]["operation"] in OPERATIONS:
        edit, sound, missing = _edit_of(edits.pop(0), Path(path), init_audio)
        clip = apply(model, request_from_json(edit, sound), on_step=on_step)
    else:
        request, missing = _request_of(settings, Path(path), init_audio)
        clip = model.generate(request, on_step=on_step)
    if settings.get("grid") is not None:
        clip = replace(clip, grid=_grid_of(settings["grid"], path))
    for edit in edits:
        if edit["operation"] != "finish":
            raise RequestError(
                f"{path} was edited in a way that this version does not know: {edit['operation']!r}"
            )
        clip = clip.finished(Finish.from_json(edit))
    return _compared(file, settings, clip, [*_differences(settings, model), *missing])


def _request_of(
    settings: Mapping[str, Any], path: Path, init_audio: str | os.PathLike[str] | None
) -> tuple[GenerationRequest, list[str]]:
    """The request in the settings, and what its init audio differs in."""
    names = {field.name for field in fields(GenerationRequest)}
    given = {name: value for name, value in settings.items() if name in names}
    given.setdefault("candidates", 1)  # as it was before there were several
    given["cfg_interval"] = tuple(given.get("cfg_interval") or (0.0, 1.0))
    differences: list[str] = []
    if given.get("init_audio") is not None:
        start = Path(init_audio) if init_audio else path.parent / str(given["init_audio"])
        if not start.is_file():
            raise RequestError(
                f"{path} was started from {given['init_audio']}: name that file with init_audio"
                " (--init-audio)"
            )
        given["init_audio"] = start
        if sha256_of_init_audio(start) != settings.get("init_audio_sha256"):
            differences.append(f"init audio: {start} is not the file that it was started from")
    elif init_audio is not None:
        raise RequestError(f"{path} was not started from a sound: leave init_audio out")
    try:
        return GenerationRequest(**given), differences
    except TypeError as e:
        raise RequestError(f"{path} holds settings that are not complete ({e})") from e


def _grid_of(values: Mapping[str, Any], path: str | os.PathLike[str]) -> Grid:
    try:
        return Grid(**values)
    except TypeError as e:
        raise RequestError(f"{path} holds a grid that is not one ({e})") from e


def _edit_of(
    edit: Mapping[str, Any], path: Path, given: str | os.PathLike[str] | None
) -> tuple[Mapping[str, Any], Path | None, list[str]]:
    """An edit, the sound that it was done to, and what that sound differs in."""
    name = edit.get("audio")
    if name is None:
        return edit, None, []
    sound = Path(given) if given else path.parent / str(name)
    if not sound.is_file():
        raise RequestError(
            f"{path} was made of {name}: name that file with init_audio (--init-audio)"
        )
    if sha256_of_init_audio(sound) != edit.get("audio_sha256"):
        return edit, sound, [f"sound: {sound} is not the file that was edited"]
    return edit, sound, []


def _differences(settings: Mapping[str, Any], model: Model) -> list[str]:
    """What made the file and is different now, a line each."""
    now = model.bundle.manifest.name, model.bundle.sha256
    then = settings.get("model"), settings.get("model_sha256") or ""
    found = []
    if then[1] != now[1]:
        same_name = "another version of " if then[0] == now[0] else ""
        found.append(
            f"model: made with {then[0]} ({then[1][:12] or 'no hash'}), this is"
            f" {same_name}{now[0]} ({now[1][:12]})"
        )
    if settings.get("engine") != model.engine.name:
        found.append(f"engine: made with {settings.get('engine')}, this is {model.engine.name}")
    before, current = settings.get("versions") or {}, versions(model.engine.name)
    for name in dict.fromkeys([*before, *current]):
        if name in before and name in current and before[name] != current[name]:
            found.append(f"{name}: made with {before[name]}, this is {current[name]}")
    return found


def _compared(
    file: SoundFile, settings: Mapping[str, Any], clip: Clip, differences: list[str]
) -> Reproduction:
    format = file.written_as
    assert format is not None  # of a file that holds settings
    data = clip.encoded(format, file.bits)
    before, after = _samples(Path(file.path).read_bytes(), file.path), _samples(data, file.path)
    largest = difference_db = None
    if before.shape == after.shape:
        gap = after.astype(np.float64) - before
        largest = float(np.abs(gap).max())
        power = float(np.mean(np.square(before, dtype=np.float64)))
        ratio = float(np.mean(np.square(gap))) / max(power, 1e-20)
        difference_db = 10 * math.log10(ratio) if ratio > 0 else -math.inf
    return Reproduction(
        clip=clip,
        differences=tuple(differences),
        same_latents=settings.get("latents_sha256") == clip.latents_sha256,
        same_samples=largest == 0,
        same_file=Path(file.path).read_bytes() == data,
        largest_difference=largest,
        difference_db=difference_db,
        lossless=format in LOSSLESS,
    )


def _samples(data: bytes, path: str) -> Audio:
    import soundfile

    try:
        samples, _ = soundfile.read(io.BytesIO(data), dtype="float32", always_2d=True)
    except soundfile.LibsndfileError as e:
        raise AudioError(f"{path} cannot be read ({e.error_string.rstrip('. ')})") from e
    return np.ascontiguousarray(samples.T)
