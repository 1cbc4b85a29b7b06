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
from soundlet.engines import ENGINES_FOR, Conditioning, Engine, load_engine
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


def errors_of(
    engine: Engine,
    golden: Golden,
    *,
    decoder: Engine | None = None,
    encoder: Engine | None = None,
) -> dict[str, float]:
    """How far the four functions are from the reference, given its own arrays.

    Args:
        engine: the one asked.
        golden: the reference's arrays.
        decoder: asked to decode in place of `engine`, for programs of one length.
        encoder: likewise asked to encode.
    """
    floats = {name: array.astype(np.float32) for name, array in golden.items()}
    told = engine.condition(
        golden["input_ids"].astype(np.int64),
        golden["attention_mask"].astype(np.int64),
        np.array([11, 2.5], np.float32),
    )
    given = Conditioning(floats["cross_attn_cond"], floats["global_cond"])
    found = {
        "cross_attn_cond": told.cross_attn_cond,
        "global_cond": told.global_cond,
        "velocity": engine.velocity(floats["x"], floats["t"], given),
        "decoded": (decoder or engine).decode(floats["latents"]),
        "encoder_mean_and_scale": (encoder or engine).encode(floats["audio"]),
    }
    return {name: relative_error(array, floats[name]) for name, array in found.items()}


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
