"""A trained codec, from a run or from a bundle, as functions on arrays."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from soundlet.bundle import MANIFEST, MODEL_CONFIG, WEIGHTS, open_bundle
from soundlet.checkpoint import load_bundle_weights
from soundlet.config import ModelConfig, SpectralDecoderConfig, load_config
from soundlet.engines import codec
from soundlet.engines.codec import spectrogram_format
from soundlet.models import build_decoder, build_encoder, build_model
from soundlet.models.bottleneck import MIN_STD
from soundlet.models.oobleck import OobleckDecoder, OobleckEncoder
from soundlet.models.spectral import SpectralDecoder, SpectralEncoder
from soundlet.training.autoencoder import feature_weights
from soundlet.training.clips import Audio, ClipFolder
from soundlet.training.latents import LatentStatistics
from soundlet.training.loop import TrainingError
from soundlet.training.weights import average_weights, load_weights

Array = NDArray[np.float32]

Encoder: TypeAlias = OobleckEncoder | SpectralEncoder
Decoder: TypeAlias = OobleckDecoder | SpectralDecoder

DISTURBANCE = 0.5  # of a channel, in its standard deviations
COMPRESSION = 0.6


@dataclass(frozen=True)
class Codec:
    """Encoder and decoder with trained weights.

    Attributes:
        config: of the model that they are of.
        encoder: audio or its frames to the mean and scale of the latents.
        decoder: latents to audio or its frames.
        is_final: whether its latents are used as they are: those of a bundle.
    """

    config: ModelConfig
    encoder: Encoder
    decoder: Decoder
    is_final: bool

    def encode(self, audio: Audio) -> tuple[Array, Array]:
        """Mean and standard deviation of the latents, each (batch, channels, frames).

        Args:
            audio: (batch, channels, samples), a whole number of frames long.
        """
        found = codec.encode(self.config, lambda x: _run(self.encoder, x), audio)
        return codec.mean_and_std(found)

    def decode(self, latents: Array) -> Audio:
        """Audio (batch, channels, frames * hop_length) of latents."""
        return codec.decode(self.config, lambda x: _run(self.decoder, x), latents)


def open_codec(source: Path) -> Codec:
    """The codec of a run of `train autoencoder` (its moving average), or of a bundle.

    Raises:
        TrainingError: neither of the two.
        CheckpointError: weights do not fit the config.
        BundleError, ConfigError: a bundle or config is damaged.
    """
    if (source / MANIFEST).is_file():
        bundle = open_bundle(source)
        model = build_model(bundle.config, bundle.t5_config, device="meta")
        load_bundle_weights(model, bundle.folder / WEIGHTS)
        return Codec(bundle.config, model.encoder, model.decoder, is_final=True)
    weights = average_weights(source)
    config = load_config(source / MODEL_CONFIG)
    encoder = build_encoder(config.autoencoder.encoder).eval()
    decoder = build_decoder(config.autoencoder.decoder).eval()
    load_weights(nn.ModuleDict({"encoder": encoder, "decoder": decoder}), weights, source)
    return Codec(config, encoder, decoder, is_final=False)


def measure_latents(
    encoder: Codec, clips: ClipFolder, *, n_crops: int = 480, crop_latents: int = 32, seed: int = 5
) -> LatentStatistics:
    """Mean and spread of each channel over random crops of `clips`.

    Those of a bundle are the identity, whatever they measure: its flow knows them as they are.
    """
    if encoder.is_final:
        channels = encoder.config.latent_channels
        return LatentStatistics(
            mean=(0.0,) * channels, std=(1.0,) * channels, deviation=(0.0,) * channels
        )
    generator = torch.Generator().manual_seed(seed)
    n_samples = crop_latents * encoder.config.hop_length
    means, deviations = [], []
    for start in range(0, n_crops, 16):
        crops = clips.crops(min(16, n_crops - start), n_samples, generator)
        mean, deviation = encoder.encode(crops)
        means.append(mean)
        deviations.append(deviation)
    mean, deviation = np.concatenate(means), np.concatenate(deviations)
    return LatentStatistics(
        mean=_numbers(mean.mean(axis=(0, 2))),
        std=_numbers(np.maximum(mean.std(axis=(0, 2)), MIN_STD)),
        deviation=_numbers(deviation.mean(axis=(0, 2))),
    )


def weigh_channels(
    codec: Codec, statistics: LatentStatistics, clips: ClipFolder, *, seed: int = 6
) -> LatentStatistics:
    """Statistics after which a channel's spread is what the decoder makes of it.

    Plain normalisation lets a flow spend as much on a channel that is hardly heard as on the first
    few, which carry the levels. Here the spread of each follows the change of the levels when that
    channel is disturbed, compressed so that details are not all left to the last steps; over all
    channels its mean square stays 1.

    Raises:
        TrainingError: not a spectral codec in training.
    """
    decoder = codec.config.autoencoder.decoder.config
    if codec.is_final or not isinstance(decoder, SpectralDecoderConfig):
        raise TrainingError("channels are weighed for runs of `soundlet train autoencoder` only")
    generator = torch.Generator().manual_seed(seed)
    crops = clips.crops(8, 32 * codec.config.hop_length, generator)
    latents, _ = codec.encode(crops)
    form = spectrogram_format(decoder)
    n_bins = form.n_bins
    bins = feature_weights(form)[:n_bins, None].numpy()
    levels = _run(codec.decoder, latents)[:, :n_bins]
    noise = torch.randn(latents[:, 0].shape, generator=generator).numpy() * DISTURBANCE
    heard = np.empty(len(statistics.std), np.float32)
    for channel, std in enumerate(statistics.std):
        disturbed = latents.copy()
        disturbed[:, channel] += noise * std
        change = _run(codec.decoder, disturbed)[:, :n_bins] - levels
        heard[channel] = np.sqrt(np.mean((bins * change) ** 2))
    weights = heard / np.sqrt(np.mean(heard**2))
    weights **= COMPRESSION
    weights /= np.sqrt(np.mean(weights**2))
    std = np.array(statistics.std, np.float32) / weights
    return statistics.model_copy(update={"std": _numbers(std)})


def _numbers(values: Array) -> tuple[float, ...]:
    return tuple(float(value) for value in values)


@torch.inference_mode()
def _run(network: nn.Module, x: Array) -> Array:
    device = next(network.parameters()).device
    found: Tensor = network(torch.from_numpy(x).to(device))
    return found.float().cpu().numpy()
