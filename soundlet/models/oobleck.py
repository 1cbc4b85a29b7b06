"""The Oobleck autoencoder: residual units with periodic activations between strided convolutions.

The convolutions are plain. For training, `add_weight_norm` puts the weight norm of the released
checkpoints on them, and `fold_weight_norm` takes it off again without changing the sound.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize
from torch.nn.utils.parametrizations import weight_norm

from soundlet.config import OobleckDecoderConfig, OobleckEncoderConfig

DILATIONS = (1, 3, 9)


class SnakeBeta(nn.Module):
    """Periodic activation `x + sin²(alpha x) / beta`, with both learned per channel.

    They are stored as logarithms, as checkpoints have them.
    Source: Snake, https://arxiv.org/abs/2006.08195; with beta, https://arxiv.org/abs/2206.04658.

    Shape: (batch, channels, samples) to the same.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.alpha = nn.Parameter(torch.zeros(channels))
        self.beta = nn.Parameter(torch.zeros(channels))

    def forward(self, x: Tensor) -> Tensor:
        rate = self.alpha.exp()[:, None]
        depth = 1 / (self.beta.exp() + 1e-9)[:, None]
        return x + depth * (rate * x).sin().square()


class ResidualUnit(nn.Module):
    """A dilated convolution and a mixing of channels, added to the input.

    Shape: (batch, channels, samples) to the same.
    """

    def __init__(self, channels: int, dilation: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            SnakeBeta(channels),
            nn.Conv1d(channels, channels, 7, dilation=dilation, padding=3 * dilation),
            SnakeBeta(channels),
            nn.Conv1d(channels, channels, kernel_size=1),
        )

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = x + self.layers(x)
        return out


class EncoderBlock(nn.Module):
    """Residual units, then one value out of every `stride`.

    Shape: (batch, channels_in, samples) to (batch, channels_out, samples / stride).
    """

    def __init__(self, channels_in: int, channels_out: int, stride: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            *(ResidualUnit(channels_in, dilation) for dilation in DILATIONS),
            SnakeBeta(channels_in),
            nn.Conv1d(channels_in, channels_out, 2 * stride, stride=stride, padding=stride // 2),
        )

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.layers(x)
        return out


class DecoderBlock(nn.Module):
    """`stride` values out of every one, then residual units.

    Shape: (batch, channels_in, samples) to (batch, channels_out, samples * stride).
    """

    def __init__(self, channels_in: int, channels_out: int, stride: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            SnakeBeta(channels_in),
            nn.ConvTranspose1d(
                channels_in, channels_out, 2 * stride, stride=stride, padding=stride // 2
            ),
            *(ResidualUnit(channels_out, dilation) for dilation in DILATIONS),
        )

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.layers(x)
        return out


class OobleckEncoder(nn.Module):
    """Audio to the mean and scale of its latents, before the bottleneck.

    Shape: (batch, in_channels, samples), samples a multiple of the hop length, to
    (batch, latent_dim, samples / hop_length).
    """

    def __init__(self, config: OobleckEncoderConfig) -> None:
        super().__init__()
        widths = [multiple * config.channels for multiple in (1, *config.c_mults)]
        steps = zip(widths[:-1], widths[1:], config.strides, strict=True)
        self.layers = nn.Sequential(
            nn.Conv1d(config.in_channels, widths[0], kernel_size=7, padding=3),
            *(EncoderBlock(narrow, wide, stride) for narrow, wide, stride in steps),
            SnakeBeta(widths[-1]),
            nn.Conv1d(widths[-1], config.latent_dim, kernel_size=3, padding=1),
        )

    def forward(self, audio: Tensor) -> Tensor:
        out: Tensor = self.layers(audio)
        return out


class OobleckDecoder(nn.Module):
    """Latents to audio, which may exceed [-1, 1].

    Shape: (batch, latent_dim, frames) to (batch, out_channels, frames * hop_length).
    """

    def __init__(self, config: OobleckDecoderConfig) -> None:
        super().__init__()
        widths = [multiple * config.channels for multiple in (1, *config.c_mults)]
        steps = list(zip(widths[:-1], widths[1:], config.strides, strict=True))
        self.layers = nn.Sequential(
            nn.Conv1d(config.latent_dim, widths[-1], kernel_size=7, padding=3),
            *(DecoderBlock(wide, narrow, stride) for narrow, wide, stride in reversed(steps)),
            SnakeBeta(widths[0]),
            nn.Conv1d(widths[0], config.out_channels, kernel_size=7, padding=3, bias=False),
            nn.Tanh() if config.final_tanh else nn.Identity(),
        )

    def forward(self, latents: Tensor) -> Tensor:
        audio: Tensor = self.layers(latents)
        return audio


def add_weight_norm(module: nn.Module) -> None:
    """Splits the weight of every convolution in `module` into a direction and a length."""
    for layer in _convolutions(module):
        weight_norm(layer)


def fold_weight_norm(module: nn.Module) -> None:
    """Undoes `add_weight_norm`, keeping the weights as they are."""
    for layer in _convolutions(module):
        parametrize.remove_parametrizations(layer, "weight")


def _convolutions(module: nn.Module) -> list[nn.Module]:
    return [
        layer for layer in module.modules() if isinstance(layer, nn.Conv1d | nn.ConvTranspose1d)
    ]
