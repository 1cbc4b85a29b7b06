"""The reference modules in PyTorch, built from a config."""

from __future__ import annotations

import torch
from torch import nn

from soundlet.config import (
    DecoderEntry,
    EncoderEntry,
    ModelConfig,
    SpectralDecoderConfig,
    SpectralEncoderConfig,
    T5Config,
)
from soundlet.models.conditioners import Conditioners
from soundlet.models.dit import DiffusionTransformer
from soundlet.models.oobleck import OobleckDecoder, OobleckEncoder
from soundlet.models.spectral import SpectralDecoder, SpectralEncoder

__all__ = ["Model", "build_decoder", "build_encoder", "build_model"]


class Model(nn.Module):
    """The four parts side by side; each is called on its own."""

    def __init__(self, config: ModelConfig, t5_config: T5Config) -> None:
        super().__init__()
        self.conditioners = Conditioners(config, t5_config)
        self.dit = DiffusionTransformer(config.dit)
        self.decoder = build_decoder(config.autoencoder.decoder)
        self.encoder = build_encoder(config.autoencoder.encoder)


def build_model(
    config: ModelConfig, t5_config: T5Config, *, device: torch.device | str = "cpu"
) -> Model:
    """The model that the configs describe, with fresh weights, in evaluation mode.

    Args:
        config: the parts and their sizes.
        t5_config: the sizes of the text encoder.
        device: where the weights are; "meta" allocates none, for a model about to be loaded.
    """
    with torch.device(device):
        model = Model(config, t5_config)
    return model.eval()


def build_encoder(entry: EncoderEntry) -> OobleckEncoder | SpectralEncoder:
    """The encoder of the type that `entry` names."""
    if isinstance(entry.config, SpectralEncoderConfig):
        return SpectralEncoder(entry.config)
    return OobleckEncoder(entry.config)


def build_decoder(entry: DecoderEntry) -> OobleckDecoder | SpectralDecoder:
    """The decoder of the type that `entry` names."""
    if isinstance(entry.config, SpectralDecoderConfig):
        return SpectralDecoder(entry.config)
    return OobleckDecoder(entry.config)
