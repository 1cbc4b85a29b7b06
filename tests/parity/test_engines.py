"""Every engine against the reference: the four functions, arrays in and out."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from soundlet.engines import Conditioning, Engine
from tests.parity.conftest import TOLERANCE, Golden, relative_error


def floats(golden: Golden, name: str) -> NDArray[np.float32]:
    return golden[name].astype(np.float32)


def test_condition_is_that_of_the_reference(engine: Engine, golden: Golden) -> None:
    conditioning = engine.condition(
        golden["input_ids"].astype(np.int64),
        golden["attention_mask"].astype(np.int64),
        np.array([11, 2.5], np.float32),
    )
    assert conditioning.cross_attn_cond.dtype == np.float32
    assert relative_error(conditioning.cross_attn_cond, golden["cross_attn_cond"]) < TOLERANCE
    assert relative_error(conditioning.global_cond, golden["global_cond"]) < TOLERANCE


def test_velocity_is_that_of_the_reference(engine: Engine, golden: Golden) -> None:
    conditioning = Conditioning(floats(golden, "cross_attn_cond"), floats(golden, "global_cond"))
    velocity = engine.velocity(floats(golden, "x"), floats(golden, "t"), conditioning)
    assert velocity.dtype == np.float32
    assert relative_error(velocity, golden["velocity"]) < TOLERANCE


def test_velocity_of_one_item_is_that_item_of_the_batch(engine: Engine, golden: Golden) -> None:
    conditioning = Conditioning(
        floats(golden, "cross_attn_cond")[1:], floats(golden, "global_cond")[1:]
    )
    velocity = engine.velocity(floats(golden, "x")[1:], floats(golden, "t")[1:], conditioning)
    assert relative_error(velocity, golden["velocity"][1:]) < TOLERANCE


def test_decode_is_that_of_the_reference(engine: Engine, golden: Golden) -> None:
    audio = engine.decode(floats(golden, "latents"))
    assert audio.dtype == np.float32
    assert relative_error(audio, golden["decoded"]) < TOLERANCE


def test_encode_is_that_of_the_reference(engine: Engine, golden: Golden) -> None:
    mean_and_scale = engine.encode(floats(golden, "audio"))
    assert mean_and_scale.dtype == np.float32
    assert relative_error(mean_and_scale, golden["encoder_mean_and_scale"]) < TOLERANCE
