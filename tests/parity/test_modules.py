"""The torch modules against the reference, from its own checkpoint."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor
from transformers import T5Config as HubT5Config
from transformers import T5EncoderModel

from soundlet.checkpoint import our_t5_name
from soundlet.config import T5Config
from soundlet.models.t5 import T5Encoder
from tests.parity.conftest import TOLERANCE, Golden, Official, relative_error


def tensor(golden: Golden, name: str) -> Tensor:
    return torch.from_numpy(golden[name])


@torch.inference_mode()
def test_conditioning_is_that_of_the_reference(official: Official, golden: Golden) -> None:
    cross_attn_cond, mask, global_cond = official[0].conditioners(
        tensor(golden, "input_ids"), tensor(golden, "attention_mask"), torch.tensor([11, 2.5])
    )
    assert relative_error(cross_attn_cond, golden["cross_attn_cond"]) < TOLERANCE
    assert relative_error(cross_attn_cond[:, :-1], golden["prompt_emb"]) < TOLERANCE
    assert relative_error(cross_attn_cond[:, -1:], golden["seconds_emb"]) < TOLERANCE
    assert relative_error(global_cond, golden["global_cond"]) < TOLERANCE
    assert torch.equal(mask[:, :-1].long(), tensor(golden, "attention_mask"))


@torch.inference_mode()
def test_the_velocity_is_that_of_the_reference(official: Official, golden: Golden) -> None:
    names = ("x", "t", "cross_attn_cond", "global_cond")
    velocity = official[0].dit(*(tensor(golden, name) for name in names))
    assert relative_error(velocity, golden["velocity"]) < TOLERANCE


@torch.inference_mode()
def test_the_decoder_is_that_of_the_reference(official: Official, golden: Golden) -> None:
    audio = official[0].decoder(tensor(golden, "latents"))
    assert relative_error(audio, golden["decoded"]) < TOLERANCE


@torch.inference_mode()
def test_the_encoder_is_that_of_the_reference(official: Official, golden: Golden) -> None:
    mean_and_scale = official[0].encoder(tensor(golden, "audio"))
    assert relative_error(mean_and_scale, golden["encoder_mean_and_scale"]) < TOLERANCE


@pytest.mark.parametrize("feed_forward", ["relu", "gated-gelu"])
@torch.inference_mode()
def test_the_text_encoder_is_that_of_transformers(feed_forward: str) -> None:
    sizes = {"vocab_size": 50, "d_model": 24, "d_kv": 8, "d_ff": 40, "num_layers": 3}
    sizes |= {"num_heads": 4, "relative_attention_num_buckets": 16}
    sizes |= {"relative_attention_max_distance": 40}
    torch.manual_seed(0)
    options = {**sizes, "feed_forward_proj": feed_forward, "dropout_rate": 0.0}
    theirs = T5EncoderModel(HubT5Config.from_dict(options))
    for parameter in theirs.parameters():
        parameter.normal_(std=0.3)
    config = T5Config.model_validate({**sizes, "feed_forward_proj": feed_forward})
    ours = T5Encoder(config, max_length=64).eval()
    names = {name: our_t5_name(name, config) for name in theirs.state_dict()}
    ours.load_state_dict(
        {ours: theirs.state_dict()[name] for name, ours in names.items() if ours is not None}
    )
    ids = torch.randint(2, 50, (2, 64))
    mask = torch.ones(2, 64, dtype=torch.long)
    mask[1, 5:] = 0
    expected = theirs(input_ids=ids, attention_mask=mask).last_hidden_state
    found = ours(ids, mask)
    real: NDArray[np.bool_] = mask.bool().numpy()
    assert relative_error(found[real], expected[real].numpy()) < TOLERANCE
