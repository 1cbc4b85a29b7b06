from __future__ import annotations

import pytest
import torch

from soundlet.config import OobleckDecoderConfig, OobleckEncoderConfig
from soundlet.models.oobleck import (
    OobleckDecoder,
    OobleckEncoder,
    SnakeBeta,
    add_weight_norm,
    fold_weight_norm,
)

ENCODER = OobleckEncoderConfig(
    channels=4, c_mults=(1, 2), strides=(2, 6), latent_dim=10, use_snake=True, in_channels=2
)
DECODER = OobleckDecoderConfig(
    channels=4,
    c_mults=(1, 2),
    strides=(2, 6),
    latent_dim=5,
    use_snake=True,
    out_channels=2,
    final_tanh=False,
)


@torch.inference_mode()
def test_a_frame_of_latents_is_exactly_a_hop_of_audio_both_ways() -> None:
    audio = OobleckDecoder(DECODER)(torch.randn(3, 5, 7))
    assert audio.shape == (3, 2, 7 * 12)
    assert OobleckEncoder(ENCODER)(audio).shape == (3, 10, 7)


@torch.inference_mode()
def test_strides_go_from_the_sound_inwards() -> None:
    decoder = OobleckDecoder(DECODER)
    first, second = decoder.layers[1], decoder.layers[2]
    frames = first(torch.randn(1, 8, 3))
    assert frames.shape == (1, 4, 18)
    assert second(frames).shape == (1, 4, 36)


@torch.inference_mode()
def test_a_final_tanh_bounds_the_sound_where_the_config_has_one() -> None:
    bounded = OobleckDecoder(DECODER.model_copy(update={"final_tanh": True}))
    plain = OobleckDecoder(DECODER)
    plain.load_state_dict(bounded.state_dict())
    latents = 20 * torch.randn(1, 5, 7)
    torch.testing.assert_close(bounded(latents), plain(latents).tanh())


@torch.inference_mode()
def test_snake_adds_a_bump_of_the_given_rate_and_depth() -> None:
    snake = SnakeBeta(1)
    snake.alpha.fill_(torch.tensor(3.0).log())
    snake.beta.fill_(torch.tensor(0.5).log())
    x = torch.linspace(-2, 2, 50)[None, None]
    torch.testing.assert_close(snake(x), x + (3 * x).sin() ** 2 / 0.5)


@pytest.mark.parametrize("kind", ["encoder", "decoder"])
@torch.inference_mode()
def test_weight_norm_goes_on_and_off_without_changing_the_sound(kind: str) -> None:
    module = OobleckEncoder(ENCODER) if kind == "encoder" else OobleckDecoder(DECODER)
    names = module.state_dict().keys()
    x = torch.randn(1, 2, 48) if kind == "encoder" else torch.randn(1, 5, 4)
    expected = module(x)
    add_weight_norm(module)
    assert module.state_dict().keys() != names
    torch.testing.assert_close(module(x), expected)
    fold_weight_norm(module)
    assert module.state_dict().keys() == names
    torch.testing.assert_close(module(x), expected)
