from __future__ import annotations

import pytest
import torch
from torch.distributions import Normal, kl_divergence

from soundlet.models import bottleneck


def test_without_noise_the_latents_are_the_mean() -> None:
    mean_and_scale = torch.randn(2, 6, 5)
    latents = bottleneck.sample_latents(mean_and_scale, torch.zeros(2, 3, 5))
    assert torch.equal(latents, mean_and_scale[:, :3])


def test_the_deviation_is_a_softplus_of_the_scale_and_never_zero() -> None:
    scale = torch.tensor([-200.0, 0.0, 50.0])
    _, std = bottleneck.mean_and_std(torch.stack([torch.zeros(3), scale])[None])
    assert std[0, 0].tolist() == pytest.approx([1e-4, 0.693247, 50.0001])


def test_the_divergence_is_twice_that_of_normal_distributions_summed_over_channels() -> None:
    mean_and_scale = torch.randn(2, 6, 5, generator=torch.Generator().manual_seed(0))
    mean, std = bottleneck.mean_and_std(mean_and_scale)
    exact = kl_divergence(Normal(mean, std), Normal(0.0, 1.0)).sum(dim=1).mean()
    torch.testing.assert_close(bottleneck.kl_divergence(mean_and_scale), 2 * exact)
