from __future__ import annotations

from functools import partial

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import nn

from soundlet.config import OobleckDecoderConfig, OobleckEncoderConfig
from soundlet.engines.tiling import (
    decode_tiled,
    decoder_halo,
    encode_tiled,
    encoder_halo,
    tiles,
)
from soundlet.models.oobleck import OobleckDecoder, OobleckEncoder, SnakeBeta

STRIDES = [(2,), (4,), (2, 4), (6, 2), (2, 4, 4, 8, 8)]
"""The last are those of the released model."""


def decoder_of(strides: tuple[int, ...]) -> OobleckDecoderConfig:
    return OobleckDecoderConfig(
        channels=2,
        c_mults=(1,) * len(strides),
        strides=strides,
        latent_dim=3,
        use_snake=True,
        out_channels=2,
        final_tanh=False,
    )


def encoder_of(strides: tuple[int, ...]) -> OobleckEncoderConfig:
    return OobleckEncoderConfig(
        channels=2,
        c_mults=(1,) * len(strides),
        strides=strides,
        latent_dim=6,
        use_snake=True,
        in_channels=2,
    )


@torch.inference_mode()
def run(module: nn.Module, x: NDArray[np.float32]) -> NDArray[np.float32]:
    result: NDArray[np.float32] = module(torch.tensor(x)).numpy()
    return result


@torch.inference_mode()
def counting(module: nn.Module) -> nn.Module:
    """All weights one and all activations linear: what is reached is above zero, exactly."""
    for name, parameter in module.named_parameters():
        parameter.fill_(0 if name.endswith("bias") else 1)
    for layer in module.modules():
        if isinstance(layer, SnakeBeta):
            layer.alpha.fill_(-torch.inf)
    return module.double()


@pytest.mark.parametrize("strides", STRIDES)
@torch.inference_mode()
def test_the_decoder_halo_is_exactly_how_far_a_frame_is_heard(strides: tuple[int, ...]) -> None:
    config = decoder_of(strides)
    halo = decoder_halo(config)
    centre = halo + 2
    latents = torch.zeros(1, 3, 2 * centre + 1, dtype=torch.double)
    latents[:, :, centre] = 1
    audio = counting(OobleckDecoder(config))(latents)
    frames = audio.unflatten(2, (-1, config.samples_per_latent)).amax(dim=(0, 1, 3))
    reached = frames.nonzero()[:, 0] - centre
    assert max(-int(reached.min()), int(reached.max())) == halo


@pytest.mark.parametrize("strides", STRIDES)
@torch.inference_mode()
def test_the_encoder_halo_is_exactly_how_far_a_frame_is_heard(strides: tuple[int, ...]) -> None:
    config = encoder_of(strides)
    halo, hop = encoder_halo(config), config.samples_per_latent
    centre = halo + 2
    audio = torch.zeros(1, 2, (2 * centre + 1) * hop, dtype=torch.double)
    audio[:, :, centre * hop : (centre + 1) * hop] = 1
    latents = counting(OobleckEncoder(config))(audio)
    reached = latents.amax(dim=(0, 1)).nonzero()[:, 0] - centre
    assert max(-int(reached.min()), int(reached.max())) == halo


def test_the_halos_of_the_released_model_are_short() -> None:
    assert decoder_halo(decoder_of((2, 4, 4, 8, 8))) == 10
    assert encoder_halo(encoder_of((2, 4, 4, 8, 8))) == 8


@pytest.mark.parametrize("tile", [1, 3, 7, 50])
def test_decoding_in_tiles_is_decoding_in_one_piece(tile: int) -> None:
    torch.manual_seed(0)
    config = decoder_of((2, 4))
    decode = partial(run, OobleckDecoder(config))
    latents = torch.randn(2, 3, 50).numpy()
    whole = decode(latents)
    tiled = decode_tiled(decode, latents, config.samples_per_latent, tile, decoder_halo(config))
    assert tiled.dtype == np.float32
    np.testing.assert_allclose(tiled, whole, rtol=0, atol=1e-6 * np.abs(whole).max())


@pytest.mark.parametrize("tile", [1, 3, 7, 50])
def test_encoding_in_tiles_is_encoding_in_one_piece(tile: int) -> None:
    torch.manual_seed(0)
    config = encoder_of((2, 4))
    encode = partial(run, OobleckEncoder(config))
    audio = torch.randn(2, 2, 50 * 8).numpy()
    whole = encode(audio)
    tiled = encode_tiled(encode, audio, config.samples_per_latent, tile, encoder_halo(config))
    assert tiled.shape == (2, 6, 50)
    np.testing.assert_allclose(tiled, whole, rtol=0, atol=1e-6 * np.abs(whole).max())


def test_no_piece_is_larger_than_a_tile_with_its_halo() -> None:
    sizes = []

    def decode(latents: NDArray[np.float32]) -> NDArray[np.float32]:
        sizes.append(latents.shape)
        return np.repeat(latents, 4, axis=2)

    latents = np.random.default_rng(0).standard_normal((2, 1, 101)).astype(np.float32)
    audio = decode_tiled(decode, latents, hop_length=4, tile=10, halo=3)
    np.testing.assert_array_equal(audio, np.repeat(latents, 4, axis=2))
    assert {batch for batch, _, _ in sizes} == {1}
    assert max(frames for _, _, frames in sizes) <= 16


@pytest.mark.parametrize(("n_frames", "tile"), [(1, 1), (7, 3), (128, 128), (129, 128), (5, 9)])
def test_tiles_cover_every_frame_once_and_are_about_equal(n_frames: int, tile: int) -> None:
    ranges = list(tiles(n_frames, tile))
    assert [frame for first, last in ranges for frame in range(first, last)] == list(
        range(n_frames)
    )
    lengths = [last - first for first, last in ranges]
    assert max(lengths) <= tile
    assert max(lengths) - min(lengths) <= 1


def test_nothing_to_decode_is_refused() -> None:
    with pytest.raises(ValueError, match="nothing to run"):
        decode_tiled(lambda x: x, np.empty((1, 3, 0), np.float32), 4, 10, 3)
