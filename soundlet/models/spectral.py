"""The spectral codec: spectrogram frames to latents and back, at frame rate instead of sample rate.

A small stand-in for Oobleck that trains in hours on a CPU. The networks see the frames of
`soundlet.spectrogram`; what turns sound into frames and frames into sound is there, not here.

Source of the block: ConvNeXt, https://arxiv.org/abs/2201.03545, in one dimension as in Vocos,
https://arxiv.org/abs/2306.00814.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from soundlet.config import SpectralDecoderConfig, SpectralEncoderConfig


class ConvNeXtBlock(nn.Module):
    """Depthwise convolution over time, then a two-layer network per frame, added to the input.

    Shape: (batch, frames, width) to the same.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.mix = nn.Conv1d(width, width, kernel_size=7, padding=3, groups=width)
        self.norm = nn.LayerNorm(width)
        self.expand = nn.Linear(width, 3 * width)
        self.project = nn.Linear(3 * width, width)
        self.scale = nn.Parameter(torch.full((width,), 0.1))

    def forward(self, x: Tensor) -> Tensor:
        h = self.mix(x.transpose(1, 2)).transpose(1, 2)
        h = self.project(nn.functional.gelu(self.expand(self.norm(h))))
        out: Tensor = x + self.scale * h
        return out


class SpectralEncoder(nn.Module):
    """Frames of sound to the mean and scale of the latents.

    Shape: (batch, features, frames) to (batch, latent_dim, frames / frames_per_latent).
    """

    def __init__(self, config: SpectralEncoderConfig) -> None:
        super().__init__()
        self.frames_per_latent = config.frames_per_latent
        self.project_in = nn.Linear(config.n_features, config.frame_width)
        self.frame_blocks = nn.Sequential(
            *(ConvNeXtBlock(config.frame_width) for _ in range(config.frame_depth))
        )
        self.merge = nn.Linear(config.frames_per_latent * config.frame_width, config.width)
        self.blocks = nn.Sequential(*(ConvNeXtBlock(config.width) for _ in range(config.depth)))
        self.project_out = nn.Linear(config.width, config.latent_dim)

    def forward(self, frames: Tensor) -> Tensor:
        h = self.frame_blocks(self.project_in(frames.transpose(1, 2)))
        h = h.reshape(h.shape[0], h.shape[1] // self.frames_per_latent, -1)
        h = self.project_out(self.blocks(self.merge(h)))
        out: Tensor = h.transpose(1, 2)
        return out


class SpectralDecoder(nn.Module):
    """Latents to frames of sound.

    Shape: (batch, latent_dim, latents) to (batch, features, latents * frames_per_latent).
    """

    def __init__(self, config: SpectralDecoderConfig) -> None:
        super().__init__()
        self.frames_per_latent = config.frames_per_latent
        self.frame_width = config.frame_width
        self.project_in = nn.Linear(config.latent_dim, config.width)
        self.blocks = nn.Sequential(*(ConvNeXtBlock(config.width) for _ in range(config.depth)))
        self.split = nn.Linear(config.width, config.frames_per_latent * config.frame_width)
        self.frame_blocks = nn.Sequential(
            *(ConvNeXtBlock(config.frame_width) for _ in range(config.frame_depth))
        )
        self.project_out = nn.Linear(config.frame_width, config.n_features)

    def forward(self, latents: Tensor) -> Tensor:
        h = self.split(self.blocks(self.project_in(latents.transpose(1, 2))))
        h = h.reshape(h.shape[0], h.shape[1] * self.frames_per_latent, self.frame_width)
        h = self.project_out(self.frame_blocks(h))
        frames: Tensor = h.transpose(1, 2)
        return frames
