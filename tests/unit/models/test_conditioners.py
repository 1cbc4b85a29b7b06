from __future__ import annotations

import json
import math
from typing import Any

import pytest
import torch

from soundlet.config import ModelConfig, NumberConfig, T5Config, parse_config
from soundlet.models.conditioners import Conditioners, NumberEmbedder

IDS = torch.tensor([[5, 6, 1] + 13 * [0], [7, 1] + 14 * [0]])
MASK = (IDS > 0).long()


@pytest.fixture
def conditioners(tiny_config: ModelConfig, tiny_t5_config: T5Config) -> Conditioners:
    torch.manual_seed(0)
    return Conditioners(tiny_config, tiny_t5_config).eval()


@torch.inference_mode()
def test_padding_is_exactly_zero_and_seconds_are_the_last_token(conditioners: Conditioners) -> None:
    cross_attn_cond, mask, global_cond = conditioners(IDS, MASK, torch.tensor([1.0, 2.0]))
    assert cross_attn_cond.shape == (2, 17, 768)
    assert torch.all(cross_attn_cond[0, 3:16] == 0)
    assert torch.all(cross_attn_cond[1, 2:16] == 0)
    assert torch.equal(cross_attn_cond[:, 16], global_cond)
    assert torch.equal(mask, torch.cat([MASK, torch.ones(2, 1)], dim=1))


def test_a_text_encoder_of_another_width_is_projected(
    tiny_config: ModelConfig, tiny_t5_config: T5Config
) -> None:
    names = Conditioners(tiny_config, tiny_t5_config).state_dict().keys()
    assert {"project_out.weight", "project_out.bias"} <= names
    same_width = tiny_t5_config.model_copy(update={"d_model": tiny_config.cond_dim})
    names = Conditioners(tiny_config, same_width).state_dict().keys()
    assert not any(name.startswith("project_out") for name in names)


def test_a_projection_that_the_config_asks_for_is_there(
    tiny_json: dict[str, Any], tiny_t5_config: T5Config
) -> None:
    tiny_json["model"]["conditioning"]["configs"][0]["config"]["project_out"] = True
    config = parse_config(json.dumps(tiny_json))
    same_width = tiny_t5_config.model_copy(update={"d_model": config.cond_dim})
    assert "project_out.weight" in Conditioners(config, same_width).state_dict()


@torch.inference_mode()
def test_seconds_outside_the_range_count_as_its_ends(conditioners: Conditioners) -> None:
    seconds = torch.tensor([-5.0, 0.0, 256.0, 1000.0])
    embedded = conditioners.seconds(seconds)
    assert torch.equal(embedded[0], embedded[1])
    assert torch.equal(embedded[2], embedded[3])
    assert not torch.equal(embedded[1], embedded[2])


@torch.inference_mode()
def test_the_features_of_a_number_are_itself_then_sines_then_cosines() -> None:
    embedder = NumberEmbedder(NumberConfig(min_val=10, max_val=14), 257)
    embedder.project.weight.copy_(torch.eye(257))
    embedder.project.bias.zero_()
    features = embedder(torch.tensor([11.0]))[0]
    angles = 2 * math.pi * 0.25 * embedder.frequencies
    assert features[0] == 0.25
    torch.testing.assert_close(features[1:129], angles.sin())
    torch.testing.assert_close(features[129:], angles.cos())
