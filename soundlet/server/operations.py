"""What a job can be: each operation's request from plain values, and how it is run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from soundlet.audio import Audio
from soundlet.clip import Clip
from soundlet.editing import OPERATIONS as EDIT_REQUESTS
from soundlet.editing import apply, request_from_json
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


def _generate(model: Model, fields: Fields, _upload: Upload | None, **watched: Any) -> Made:  # noqa: ANN401
    return model.generate(GenerationRequest(**fields), **watched), {}


def _loop(model: Model, fields: Fields, _upload: Upload | None, **watched: Any) -> Made:  # noqa: ANN401
    rest = dict(fields)
    grid = Grid(**{name: rest.pop(name) for name in ("bpm", "bars", "beats_per_bar")})
    best_of = rest.pop("best_of")
    loop = make_loop(model, GenerationRequest(**rest), grid, best_of=best_of, **watched)
    return loop.clip, loop.measured.as_json()


def _edit(operation: str) -> Run:
    def run(model: Model, fields: Fields, upload: Upload | None, **watched: Any) -> Made:  # noqa: ANN401
        request = request_from_json({"operation": operation, **fields}, upload)
        return apply(model, request, **watched), {}

    return run


OPERATIONS: dict[str, Run] = {
    "generate": _generate,
    "loop": _loop,
    **{name: _edit(name) for name in EDIT_REQUESTS},
}
"""Every operation by its name."""
