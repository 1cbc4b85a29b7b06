"""What an engine's decoder and encoder networks need around them, by the type of codec.

Oobleck networks turn latents into samples and run in tiles; spectral ones turn latents into
spectrogram frames, and `soundlet.spectrogram` turns those into samples.
"""

from __future__ import annotations

import numpy as np

from soundlet.config import ModelConfig, SpectralDecoderConfig, SpectralEncoderConfig
from soundlet.engines.tiling import (
    Array,
    Network,
    decode_tiled,
    decoder_halo,
    encode_tiled,
    encoder_halo,
)
from soundlet.spectrogram import SpectrogramFormat, analyse, synthesise

__all__ = ["Network", "decode", "encode", "mean_and_std"]

MIN_STD = np.float32(1e-4)  # of the VAE bottleneck

TILE_SAMPLES = 2**18
"""Most samples of a tile besides its halo: 128 frames of the official model, about 6 s."""


def decode(config: ModelConfig, network: Network, latents: Array) -> Array:
    """Audio of `latents` by an engine's decoder `network`.

    Returns:
        (batch, audio channels, frames * hop_length).
    """
    decoder = config.autoencoder.decoder.config
    if isinstance(decoder, SpectralDecoderConfig):
        frames = network(latents)
        return synthesise(frames, _format(decoder), iterations=decoder.phase_iterations)
    tile = max(1, TILE_SAMPLES // config.hop_length)
    return decode_tiled(network, latents, config.hop_length, tile, decoder_halo(decoder))


def encode(config: ModelConfig, network: Network, audio: Array) -> Array:
    """Mean and scale of the latents of `audio` by an engine's encoder `network`.

    Returns:
        (batch, 2 * latent channels, frames).
    """
    encoder = config.autoencoder.encoder.config
    if isinstance(encoder, SpectralEncoderConfig):
        return network(analyse(audio, _format(encoder)))
    tile = max(1, TILE_SAMPLES // config.hop_length)
    return encode_tiled(network, audio, config.hop_length, tile, encoder_halo(encoder))


def mean_and_std(mean_and_scale: Array) -> tuple[Array, Array]:
    """What the VAE bottleneck draws latents from, out of what `encode` gives.

    Returns:
        Mean and standard deviation, each (batch, latent channels, frames).
    """
    mean, scale = np.split(mean_and_scale, 2, axis=1)
    std: Array = np.logaddexp(scale, np.float32(0)) + MIN_STD  # softplus
    return mean, std


def _format(config: SpectralEncoderConfig | SpectralDecoderConfig) -> SpectrogramFormat:
    return SpectrogramFormat(config.n_fft, config.hop_length, config.n_bands)
