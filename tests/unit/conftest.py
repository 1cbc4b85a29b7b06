from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from soundlet.config import ModelConfig, T5Config, parse_config

ROOT = Path(__file__).parents[2]


@pytest.fixture
def official_json() -> dict[str, Any]:
    """model_config.json of the released model, as new values to change at will."""
    text = (ROOT / "benchmarks" / "stable_audio_open_small.json").read_text()
    parsed: dict[str, Any] = json.loads(text)
    return parsed


@pytest.fixture(scope="session")
def tiny_folder() -> Path:
    """A tiny model in the official format."""
    return ROOT / "tests" / "parity" / "golden" / "tiny"


@pytest.fixture
def tiny_json(tiny_folder: Path) -> dict[str, Any]:
    """model_config.json of the tiny model, as new values to change at will."""
    parsed: dict[str, Any] = json.loads((tiny_folder / "model_config.json").read_text())
    return parsed


@pytest.fixture
def tiny_config(tiny_json: dict[str, Any]) -> ModelConfig:
    """The config of the tiny model."""
    return parse_config(json.dumps(tiny_json))


@pytest.fixture(scope="session")
def tiny_t5_config() -> T5Config:
    """The sizes of a very small text encoder."""
    return T5Config(vocab_size=50, d_model=16, d_kv=4, d_ff=24, num_layers=2, num_heads=4)
