"""The public names, and nothing else."""

from __future__ import annotations

import inspect

import pytest

import soundlet
from soundlet.bundle import Defaults
from soundlet.pipeline import load
from soundlet.request import GenerationRequest


def test_the_public_names_are_these() -> None:
    assert soundlet.__all__ == [
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
    for name in soundlet.__all__:
        assert getattr(soundlet, name) is not None
    assert dir(soundlet) == soundlet.__all__


def test_every_error_is_a_soundlet_error() -> None:
    for name in soundlet.__all__:
        if name.endswith("Error") or name == "Cancelled":
            assert issubclass(getattr(soundlet, name), soundlet.SoundletError)


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'laod'"):
        soundlet.laod  # noqa: B018


def test_a_request_has_these_fields_and_defaults() -> None:
    defaults = {
        name: field.default for name, field in GenerationRequest.__dataclass_fields__.items()
    }
    assert list(defaults) == [
        "prompt",
        "seconds",
        "seed",
        "candidates",
        "steps",
        "sampler",
        "cfg_scale",
        "cfg_rescale",
        "cfg_interval",
        "negative_prompt",
        "init_audio",
        "init_noise_level",
        "loop",
        "truncate_prompt",
        "short_window",
        "n_frames",
        "reference",
    ]
    assert defaults["cfg_interval"] == (0.0, 1.0)
    assert all(defaults[name] is None for name in Defaults.model_fields)


def test_load_takes_a_folder_an_engine_and_threads() -> None:
    assert list(inspect.signature(load).parameters)[:3] == ["model", "engine", "threads"]
