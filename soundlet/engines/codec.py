"""What an engine's decoder and encoder networks need around them, by the type of codec.

Oobleck networks turn latents into samples and run in tiles; spectral ones turn latents into
spectrogram frames, and `soundlet.spectrogram` turns those into samples.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from soundlet.config import (
    ModelConfig,
    OobleckDecoderConfig,
    SpectralDecoderConfig,
    SpectralEncoderConfig,
)
from soundlet.engines.tiling import (
    Array,
    Network,
    decode_tiled,
    decoder_halo,
    encode_tiled,
    encoder_halo,
)
from soundlet.spectrogram import analyse, synthesise, synthesise_pieces
from soundlet.stft import SpectrogramFormat

__all__ = ["Network", "decode", "encode", "mean_and_std"]

MIN_STD = np.float32(1e-4)  # of the VAE bottleneck

TILE_SAMPLES = 2**18
"""Most samples of a tile besides its halo: 128 frames of the official model, about 6 s."""

FIRST_PIECE_SAMPLES = 2**15
"""Samples of the first piece of a stream, about 0.7 s: the sooner it is there the better."""

SPECTRAL_HALO = 16
"""Latents: more than the convolutions of a spectral decoder reach."""

SPECTRAL_REACH = 3
"""Of a block of a spectral decoder, to each side: its kernel is 7 wide."""

DRAFT_ROUNDS = 4
"""Of phase recovery, for a sound that is only to be judged."""

RISE = (0.5 - 0.5 * np.cos(np.pi * (np.arange(48) + 0.5) / 48)).astype(np.float32)
"""Of the first samples of a sound, about 1 ms: with recovered phases it would begin by a click."""

PART_GROWTH = 4
"""Frames of a stream after the network has run once more, for each that there was."""


def decode(config: ModelConfig, network: Network, latents: Array) -> Array:
    """Audio of `latents` by an engine's decoder `network`.

    Returns:
        (batch, audio channels, frames * hop_length).
    """
    decoder = config.autoencoder.decoder.config
    if isinstance(decoder, SpectralDecoderConfig):
        form, rounds = spectrogram_format(decoder), decoder.phase_iterations
        return _risen(synthesise(network(latents), form, iterations=rounds))
    tile = max(1, TILE_SAMPLES // config.hop_length)
    return decode_tiled(network, latents, config.hop_length, tile, decoder_halo(decoder))


def _risen(audio: Array) -> Array:
    """The start of a sound (..., samples), which is changed, rising from silence."""
    audio[..., : len(RISE)] *= RISE[: audio.shape[-1]]
    return audio


def draft(config: ModelConfig, network: Network, latents: Array) -> Array:
    """What `decode` gives with a spectral codec, but for phases that are found in few rounds.

    It takes half the time, and is near enough to judge a sound by; it is not one to keep.
    """
    decoder = config.autoencoder.decoder.config
    assert isinstance(decoder, SpectralDecoderConfig)
    rounds = min(DRAFT_ROUNDS, decoder.phase_iterations)
    return synthesise(network(latents), spectrogram_format(decoder), iterations=rounds)


def decode_pieces(config: ModelConfig, network: Network, latents: Array) -> Iterator[Array]:
    """What `decode` gives for one clip, from its start, piece by piece.

    Args:
        config: sizes of the model.
        network: of the engine's decoder.
        latents: (channels, frames).

    Yields:
        (audio channels, samples).
    """
    decoder = config.autoencoder.decoder.config
    if isinstance(decoder, SpectralDecoderConfig):
        pieces = synthesise_pieces(
            _frames_until(decoder, network, latents),
            latents.shape[1] * decoder.frames_per_latent,
            spectrogram_format(decoder),
            iterations=decoder.phase_iterations,
        )
        yield _risen(next(pieces))
        yield from pieces
        return
    halo, hop = decoder_halo(decoder), config.hop_length
    length = max(1, FIRST_PIECE_SAMPLES // hop)
    first, n_frames = 0, latents.shape[1]
    while first < n_frames:
        last = min(first + length, n_frames)
        left, right = max(first - halo, 0), min(last + halo, n_frames)
        piece = network(latents[None, :, left:right])[0]
        yield piece[:, (first - left) * hop : (last - left) * hop]
        first, length = last, max(1, TILE_SAMPLES // hop)


def _frames_until(
    decoder: SpectralDecoderConfig, network: Network, latents: Array
) -> Callable[[int], Array]:
    """Gives at least so many spectrogram frames (features, frames) of `latents`, from the first.

    Few are made at first and more each time, so that the start of a clip does not wait for the
    rest of it; what a part has to look at beyond its ends makes many small parts dear.
    """
    per, n_latents = decoder.frames_per_latent, latents.shape[1]
    reach = SPECTRAL_REACH * decoder.depth + -(-SPECTRAL_REACH * decoder.frame_depth // per)
    parts: list[Array] = []

    def made(first: int, last: int) -> Array:
        left, right = max(first - reach, 0), min(last + reach, n_latents)
        frames = network(latents[None, :, left:right])[0]
        part: Array = frames[:, (first - left) * per : (last - left) * per]
        return part

    def until(n_frames: int) -> Array:
        n_made = sum(part.shape[1] for part in parts)
        if n_made < n_frames:
            last = max(-(-n_frames // per), PART_GROWTH * n_made // per)
            parts.append(made(n_made // per, min(last, n_latents)))
        return np.concatenate(parts, axis=1)

    return until


def encode(config: ModelConfig, network: Network, audio: Array) -> Array:
    """Mean and scale of the latents of `audio` by an engine's encoder `network`.

    Returns:
        (batch, 2 * latent channels, frames).
    """
    encoder = config.autoencoder.encoder.config
    if isinstance(encoder, SpectralEncoderConfig):
        return network(analyse(audio, spectrogram_format(encoder)))
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


def is_convolutional(config: ModelConfig) -> bool:
    """Whether a sample depends on nearby latents only: phase recovery looks at everything."""
    return isinstance(config.autoencoder.decoder.config, OobleckDecoderConfig)


def halo(config: ModelConfig) -> int:
    """Latents to each side that shape the spectrum of a frame."""
    decoder = config.autoencoder.decoder.config
    return decoder_halo(decoder) if isinstance(decoder, OobleckDecoderConfig) else SPECTRAL_HALO


def spectrogram_format(config: SpectralEncoderConfig | SpectralDecoderConfig) -> SpectrogramFormat:
    """The sizes of the frames that a spectral network takes or gives."""
    return SpectrogramFormat(config.n_fft, config.hop_length, config.n_bands)
