"""A trained codec, from a run or from a bundle, as functions on arrays."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from soundlet.bundle import MANIFEST, MODEL_CONFIG, WEIGHTS, open_bundle
from soundlet.checkpoint import load_bundle_weights
from soundlet.config import ModelConfig, load_config
from soundlet.engines import codec
from soundlet.models import build_decoder, build_encoder, build_model
from soundlet.training.clips import Audio, ClipFolder
from soundlet.training.latents import LatentStatistics
from soundlet.training.weights import average_weights, load_weights

Array = NDArray[np.float32]

MIN_STD = 1e-4  # of the VAE bottleneck


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
    encoder: nn.Module
    decoder: nn.Module
    is_final: bool

    def encode(self, audio: Audio) -> tuple[Array, Array]:
        """Mean and standard deviation of the latents, each (batch, channels, frames).

        Args:
            audio: (batch, channels, samples), a whole number of frames long.
        """
        found = codec.encode(self.config, lambda x: _run(self.encoder, x), audio)
        mean, scale = np.split(found, 2, axis=1)
        return mean, np.logaddexp(scale, np.float32(0)) + np.float32(MIN_STD)

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
    parts = nn.ModuleDict(
        {
            "encoder": build_encoder(config.autoencoder.encoder),
            "decoder": build_decoder(config.autoencoder.decoder),
        }
    ).eval()
    load_weights(parts, weights, source)
    return Codec(config, parts["encoder"], parts["decoder"], is_final=False)


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


def _numbers(values: Array) -> tuple[float, ...]:
    return tuple(float(value) for value in values)


@torch.inference_mode()
def _run(network: nn.Module, x: Array) -> Array:
    found: Tensor = network(torch.from_numpy(x))
    return found.float().numpy()
