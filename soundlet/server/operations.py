"""What a job can be: each operation's name, its request from plain values, and how it is run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from soundlet.audio import Audio
from soundlet.clip import Clip
from soundlet.pipeline import Model
from soundlet.request import GenerationRequest

Upload: TypeAlias = tuple[Audio, int]
"""A decoded sound (channels, samples) and its rate in Hz."""


@dataclass(frozen=True)
class Operation:
    """One thing that the server does.

    Attributes:
        request: the typed request of these fields and this upload. Raises RequestError.
        run: makes the sound of it; takes `on_step` and `should_stop` too.
        needs_audio: it starts from an uploaded sound.
    """

    request: Callable[[Mapping[str, Any], Upload | None], Any]
    run: Callable[..., Clip]
    needs_audio: bool = False


def _generation(fields: Mapping[str, Any], _audio: Upload | None) -> GenerationRequest:
    return GenerationRequest(**fields)


OPERATIONS: dict[str, Operation] = {"generate": Operation(_generation, Model.generate)}
