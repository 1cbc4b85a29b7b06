"""A discriminator that looks at spectrograms as pictures, patch by patch, at several scales.

A codec that only lowers distances paints the average of all that might be there: haze where noise
should be. Told apart from real spectrograms, it has to paint noise that looks like noise.

Source: PatchGAN, https://arxiv.org/abs/1611.07004; several scales and feature matching as in
https://arxiv.org/abs/1711.11585; hinge losses as in https://arxiv.org/abs/2210.13438.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, relu
from torch.nn.utils.parametrizations import weight_norm

SLOPE = 0.2  # of the leaky activations


class PatchDiscriminator(nn.Module):
    """Strided convolutions over frequency and time; a score a patch.

    The second input channel is the height in the picture: what is right for a cymbal is wrong
    for a bass.

    Shape: (batch, 2, bins, frames) to the features of each layer, of which the last, of one
    channel, are the scores.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        widths = (2, channels, 2 * channels, 3 * channels)
        kernels = ((7, 5), (5, 3), (5, 3))
        self.layers = nn.ModuleList(
            weight_norm(nn.Conv2d(a, b, kernel, stride=2, padding=(kernel[0] // 2, kernel[1] // 2)))
            for a, b, kernel in zip(widths, widths[1:], kernels, strict=False)
        )
        self.score = weight_norm(nn.Conv2d(widths[-1], 1, kernel_size=3, padding=1))

    def forward(self, picture: Tensor) -> list[Tensor]:
        """Features of each layer, then scores."""
        features, x = [], picture
        for layer in self.layers:
            x = nn.functional.leaky_relu(layer(x), SLOPE)
            features.append(x)
        return [*features, self.score(x)]


class SpectrogramDiscriminator(nn.Module):
    """Patch discriminators of the levels as they are, at half and at a quarter of the resolution.

    Shape: levels (batch, bins, frames) to the features of each scale.
    """

    N_SCALES = 3

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.scales = nn.ModuleList(PatchDiscriminator(channels) for _ in range(self.N_SCALES))

    def forward(self, levels: Tensor) -> list[list[Tensor]]:
        """Features and scores of each scale."""
        height = torch.linspace(-1, 1, levels.shape[1], device=levels.device)
        heights = height[None, :, None].expand_as(levels)
        picture = torch.stack([2 * levels - 1, heights], dim=1)
        found = []
        for i, scale in enumerate(self.scales):
            if i:
                picture = avg_pool2d(picture, 2)
            found.append(scale(picture.contiguous(memory_format=torch.channels_last)))
        return found


def hinge_loss(real: list[list[Tensor]], fake: list[list[Tensor]]) -> Tensor:
    """What the discriminator lowers: real scores above 1, fake ones below -1."""
    losses = [
        relu(1 - r[-1].float()).mean() + relu(1 + f[-1].float()).mean()
        for r, f in zip(real, fake, strict=True)
    ]
    return torch.stack(losses).mean()


def generator_loss(fake: list[list[Tensor]]) -> Tensor:
    """What the codec lowers: its patches are taken for real."""
    return torch.stack([-features[-1].float().mean() for features in fake]).mean()


def feature_distance(real: list[list[Tensor]], fake: list[list[Tensor]]) -> Tensor:
    """Mean distance of the features between picture and score, relative to their size."""
    distances = [
        (r.float() - f.float()).abs().mean() / (r.float().abs().mean() + 1e-4)
        for real_scale, fake_scale in zip(real, fake, strict=True)
        for r, f in zip(real_scale[:-1], fake_scale[:-1], strict=True)
    ]
    return torch.stack(distances).mean()
