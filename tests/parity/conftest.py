"""The golden tensors, and the tiny model that they are of, on every engine."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import ArrayLike, NDArray
from safetensors.numpy import load_file

from soundlet.bundle import Bundle, open_bundle
from soundlet.checkpoint import load_official
from soundlet.config import ModelConfig, T5Config
from soundlet.engines import ENGINES_FOR, Engine, load_engine
from soundlet.models import Model

TINY = Path(__file__).parent / "golden" / "tiny"

TOLERANCE = 1e-5
"""Greatest difference over greatest value: float32 rounds at 6e-8, over some hundred sums."""

Golden = dict[str, NDArray[np.generic]]
Official = tuple[Model, ModelConfig, T5Config]


def relative_error(found: ArrayLike, expected: ArrayLike) -> float:
    """The greatest difference, relative to the greatest value; shapes must be equal."""
    a, b = np.asarray(found, np.float64), np.asarray(expected, np.float64)
    assert a.shape == b.shape
    return float(np.abs(a - b).max() / np.abs(b).max())


@pytest.fixture(scope="session")
def golden() -> Golden:
    """What the reference computes; see golden/README.md."""
    return dict(load_file(TINY / "golden.safetensors"))


@pytest.fixture(scope="session")
def official() -> Official:
    """The tiny model, read from its files in the official format."""
    model, config, t5_config, _ = load_official(TINY)
    return model, config, t5_config


@pytest.fixture(scope="session")
def bundle(tiny_bundle: Path) -> Bundle:
    """The tiny model, converted."""
    return open_bundle(tiny_bundle)


@pytest.fixture(scope="session", params=ENGINES_FOR["onnx"])
def engine(request: pytest.FixtureRequest, bundle: Bundle) -> Engine:
    """Each engine in turn, with the tiny model loaded."""
    return load_engine(bundle, request.param, threads=1)
