"""The first output layer of a DiT that predicts data, before it is trained."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor

from soundlet.training.flow import Flow, FlowBatch, condition, mixed
from soundlet.training.latents import LatentStore

N_MEASURED = 2000  # sounds that the spread is taken from
RIDGE = 1e-4  # of the mean square of what the blocks say
EARLIEST = 0.1  # time that is fitted


def spread_of(store: LatentStore) -> Tensor:
    """Standard deviation of each channel of the latents: (channels,)."""
    count = len(store.entries)
    chosen = torch.linspace(0, count - 1, min(N_MEASURED, count)).round().long().tolist()
    frames = [torch.from_numpy(store.latents(i, store.entries[i].frames)) for i in chosen]
    return torch.cat(frames, dim=1).std(dim=1).clamp(min=1e-3)


@torch.no_grad()
def fit_output(flow: Flow, batches: Iterable[FlowBatch], generator: torch.Generator) -> None:
    """Let blocks that were trained to lead to the velocity lead to the data, by least squares.

    What is left to learn then is how to say it better; from an output layer drawn at random, all
    that the blocks know would be lost in the first steps.

    Args:
        flow: whose DiT predicts data, with the blocks of one that predicts the velocity.
        batches: a few tens of them.
        generator: of noise and times.
    """
    dit = flow.dit
    dit.project_out.weight.zero_()
    dit.postprocess_conv.weight.zero_()
    n_in, n_out = dit.project_out.in_features, dit.project_out.out_features
    products, sides = torch.zeros(n_in, n_in).double(), torch.zeros(n_in, n_out).double()
    for batch in batches:
        told = condition(flow, batch)
        t = torch.rand(len(batch.latents), generator=generator).clamp(min=EARLIEST)
        noise = torch.randn(batch.latents.shape, generator=generator)
        x = mixed(batch.latents, noise, t)
        _, share = dit.shares(t)
        missing = (dit(x, t, *told) - (noise - batch.latents)) / share
        weight = share.mean(dim=1, keepdim=True)  # an error counts as it does in the velocity
        tokens = (weight * dit.tokens(x, t, *told)[:, 1:]).flatten(0, 1).double()
        products += tokens.T @ tokens
        sides += tokens.T @ (weight * dit.to_patches(missing)).flatten(0, 1).double()
    ridge = RIDGE * products.diagonal().mean() * torch.eye(n_in).double()
    dit.project_out.weight.copy_(torch.linalg.solve(products + ridge, sides).T)
