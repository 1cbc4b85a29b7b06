"""The tempo that a prompt names, and where in the bar each token of the sound lies.

Not in the reference: a small DiT learns slowly to count beats from positions alone, and quickly
when it is told the phase of the beat.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn

SLOWEST, FASTEST = 40, 240  # beats per minute

CYCLES_PER_BEAT = (1 / 16, 1 / 8, 1 / 4, 1 / 2, 1, 2, 3, 4)
"""Of the waves that tell the phase: four bars of four beats to sixteenth notes, and triplets."""


@dataclass(frozen=True)
class TempoReading:
    """What a prompt says of its tempo.

    Attributes:
        bpm: (batch,) beats per minute; of no meaning where nothing is told.
        told: (batch,) from 0, no tempo in the prompt, to 1.
        log_shares: (batch, tempi) logarithm of the share of each whole tempo, SLOWEST first.
    """

    bpm: Tensor
    told: Tensor
    log_shares: Tensor


class TempoReader(nn.Module):
    """Chooses the token that says the tempo, or none, and the whole number that it says.

    Shape: prompt (batch, tokens, dim), zero where padded, to a reading of (batch,).
    """

    tempi: Tensor

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.gate = nn.Linear(dim, 1)
        self.number = nn.Linear(dim, FASTEST - SLOWEST + 1)
        self.register_buffer(
            "tempi", torch.arange(SLOWEST, FASTEST + 1, device="cpu").float(), persistent=False
        )
        nn.init.constant_(self.gate.bias, -4.0)

    def forward(self, prompt: Tensor) -> TempoReading:
        is_token = (prompt != 0).any(dim=-1).to(prompt.dtype)
        gate = self.gate(prompt)[..., 0] - 1e4 * (1 - is_token)
        nothing = torch.zeros_like(gate[:, :1])
        choice = torch.cat([gate, nothing], dim=1).softmax(dim=1)
        told = 1 - choice[:, -1]
        shares = self.number(prompt).softmax(dim=-1)
        shares = (choice[:, :-1, None] * shares).sum(dim=1) / (told[:, None] + 1e-6)
        bpm = (shares * self.tempi).sum(dim=1).clamp(min=SLOWEST)
        return TempoReading(bpm, told, (shares + 1e-9).log())


class BeatEmbedding(nn.Module):
    """The phase of each token of the sound in beat and bar, at the tempo of the prompt.

    Where no tempo is told the result is that of no phase at all: the same for every token.

    Shape: a reading of (batch,) and a number of tokens to (batch, tokens, embed_dim).
    """

    WIDTH = 128

    def __init__(self, embed_dim: int, tokens_per_second: float) -> None:
        super().__init__()
        self.tokens_per_second = tokens_per_second
        self.register_buffer(
            "cycles",
            torch.tensor(CYCLES_PER_BEAT, dtype=torch.float32, device="cpu"),
            persistent=False,
        )
        self.expand = nn.Linear(2 * len(CYCLES_PER_BEAT) + 2, self.WIDTH)
        self.project = nn.Linear(self.WIDTH, embed_dim)
        nn.init.zeros_(self.project.weight)
        nn.init.zeros_(self.project.bias)

    cycles: Tensor

    def forward(self, reading: TempoReading, n_tokens: int) -> Tensor:
        told = reading.told[:, None, None]
        middles = torch.arange(n_tokens, device=self.cycles.device).float() + 0.5
        beats = reading.bpm[:, None] * (middles / (60 * self.tokens_per_second))
        angles = (2 * math.pi) * beats[:, :, None] * self.cycles
        speed = (reading.bpm / 60).log()[:, None, None].expand(-1, n_tokens, 1)
        waves = torch.cat([angles.cos(), angles.sin(), speed, torch.ones_like(speed)], dim=-1)
        out: Tensor = self.project(nn.functional.silu(self.expand(told * waves)))
        return out
