"""The VAE bottleneck between encoder and decoder."""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional

MIN_STD = 1e-4


def mean_and_std(mean_and_scale: Tensor) -> tuple[Tensor, Tensor]:
    """What the encoder says of the latents, as a normal distribution.

    Args:
        mean_and_scale: (batch, 2 * channels, frames), the encoder's output.

    Returns:
        Mean and standard deviation, each (batch, channels, frames).
    """
    mean, scale = mean_and_scale.chunk(2, dim=1)
    return mean, functional.softplus(scale) + MIN_STD


def sample_latents(mean_and_scale: Tensor, noise: Tensor) -> Tensor:
    """Latents drawn from what the encoder says, with the given standard normal `noise`.

    Args:
        mean_and_scale: (batch, 2 * channels, frames), the encoder's output.
        noise: (batch, channels, frames); zeros give the mean.

    Returns:
        (batch, channels, frames).
    """
    mean, std = mean_and_std(mean_and_scale)
    return mean + std * noise


def kl_divergence(mean_and_scale: Tensor) -> Tensor:
    """Twice the distance in nats from a standard normal, summed over channels, else averaged.

    Source: stable-audio-tools models/bottleneck.py, which leaves out the usual factor of a half.
    """
    mean, std = mean_and_std(mean_and_scale)
    variance = std.square()
    return (mean.square() + variance - variance.log() - 1).sum(dim=1).mean()
