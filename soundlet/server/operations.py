"""What a job can be: each operation's request from plain values, and how it is run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from soundlet.audio import Audio
from soundlet.clip import Clip
from soundlet.loops import make_loop
from soundlet.pipeline import Model
from soundlet.request import GenerationRequest
from soundlet.tempo import Grid

Upload: TypeAlias = tuple[Audio, int]
"""A decoded sound (channels, samples) and its rate in Hz."""

Fields: TypeAlias = Mapping[str, Any]
"""Of a request, as plain values."""

Made: TypeAlias = tuple[Clip, Mapping[str, Any]]
"""A clip, and what was measured on it, as values that JSON has."""

Run: TypeAlias = Callable[..., Made]
"""Run(model, fields, upload, **watched) makes the sound; `watched` are the callbacks of
`Model.generate`."""


@dataclass(frozen=True)
class Operation:
    """One thing that the server does.

    Attributes:
        run: makes the sound of fields that have been checked, and of the upload if there is one.
        needs_audio: it starts from an uploaded sound.
    """

    run: Run
    needs_audio: bool = False


def _generate(model: Model, fields: Fields, _upload: Upload | None, **watched: Any) -> Made:  # noqa: ANN401
    return model.generate(GenerationRequest(**fields), **watched), {}


def _loop(model: Model, fields: Fields, _upload: Upload | None, **watched: Any) -> Made:  # noqa: ANN401
    rest = dict(fields)
    grid = Grid(**{name: rest.pop(name) for name in ("bpm", "bars", "beats_per_bar")})
    best_of = rest.pop("best_of")
    loop = make_loop(model, GenerationRequest(**rest), grid, best_of=best_of, **watched)
    return loop.clip, loop.measured.as_json()


OPERATIONS: dict[str, Operation] = {"generate": Operation(_generate), "loop": Operation(_loop)}
