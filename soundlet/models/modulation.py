"""Time, seconds and prompt as scales, shifts and gates of every block."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn


@dataclass(frozen=True)
class BlockModulation:
    """How one block is bent, each (batch, 1, dim); all zeros leave it as it is."""

    attention_scale: Tensor
    attention_shift: Tensor
    attention_gate: Tensor
    feed_forward_scale: Tensor
    feed_forward_shift: Tensor
    feed_forward_gate: Tensor


class Modulation(nn.Module):
    """One network of low rank for all blocks, and a learned table a block.

    What is told is brought to unit size first, each part on its own: in training the embedding of
    the time grows to twenty times that of the prompt, which would then not be heard.

    Shape: parts, each (batch, dim), to a `BlockModulation` a block.

    Source: Chen et al., https://arxiv.org/abs/2310.00426, section 2.3 (adaLN-single); its low rank
        and the zeros that it starts from are ours.
    """

    N_PARTS = 6

    def __init__(self, dim: int, depth: int, rank: int) -> None:
        super().__init__()
        self.reduce = nn.Linear(dim, rank)
        self.expand = nn.Linear(rank, self.N_PARTS * dim)
        nn.init.zeros_(self.expand.weight)
        nn.init.zeros_(self.expand.bias)
        self.tables = nn.Parameter(torch.zeros(depth, self.N_PARTS, dim))

    def forward(self, told: Sequence[Tensor]) -> list[BlockModulation]:
        first = sum_of([nn.functional.layer_norm(part, part.shape[-1:]) for part in told])
        shared = self.expand(nn.functional.silu(self.reduce(first)))
        shared = shared.reshape(-1, self.N_PARTS, self.tables.shape[-1])
        return [
            BlockModulation(*(shared + table)[:, :, None].unbind(dim=1)) for table in self.tables
        ]


def sum_of(parts: Sequence[Tensor]) -> Tensor:
    """The sum of tensors of one shape."""
    total = parts[0]
    for part in parts[1:]:
        total = total + part
    return total


def bend(x: Tensor, scale: Tensor, shift: Tensor) -> Tensor:
    """A normalised x (batch, tokens, dim), scaled and shifted."""
    return x * (1 + scale) + shift
