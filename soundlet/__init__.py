"""Text to short stereo sound on the device you own."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from soundlet.errors import (
    AudioError,
    BundleError,
    Cancelled,
    CheckpointError,
    ConfigError,
    EngineError,
    GenerationError,
    HubError,
    RequestError,
    ServerError,
    SoundletError,
)
from soundlet.request import GenerationRequest

if TYPE_CHECKING:
    from soundlet.clip import Clip
    from soundlet.pipeline import Model, load

__version__ = "0.1.0"

__all__ = [
    "AudioError",
    "BundleError",
    "Cancelled",
    "CheckpointError",
    "Clip",
    "ConfigError",
    "EngineError",
    "GenerationError",
    "GenerationRequest",
    "HubError",
    "Model",
    "RequestError",
    "ServerError",
    "SoundletError",
    "__version__",
    "load",
]

_HOMES = {"Clip": "soundlet.clip", "Model": "soundlet.pipeline", "load": "soundlet.pipeline"}
"""Where those names live that need NumPy: imported when they are first asked for."""


def __getattr__(name: str) -> object:
    if name in _HOMES:
        value: object = getattr(import_module(_HOMES[name]), name)
        globals()[name] = value
        return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
