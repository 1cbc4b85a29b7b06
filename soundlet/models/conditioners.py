"""A prompt and a number of seconds to the vectors that the DiT listens to."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from soundlet.config import ModelConfig, NumberConfig, T5Config
from soundlet.models.t5 import T5Encoder


class NumberEmbedder(nn.Module):
    """A number within a range to one vector, through learned frequencies.

    Numbers outside the range count as its nearer end, as in the reference.
    The features are the number, then sines, then cosines: not the order that the DiT has for t.

    Shape: (batch,) to (batch, dim).
    """

    N_FREQUENCIES = 128

    def __init__(self, config: NumberConfig, dim: int) -> None:
        super().__init__()
        self.min_val, self.max_val = config.min_val, config.max_val
        self.frequencies = nn.Parameter(torch.randn(self.N_FREQUENCIES))
        self.project = nn.Linear(2 * self.N_FREQUENCIES + 1, dim)

    def forward(self, number: Tensor) -> Tensor:
        within = number.clamp(self.min_val, self.max_val)
        share = ((within - self.min_val) / (self.max_val - self.min_val))[:, None]
        angles = share * self.frequencies * (2 * math.pi)
        out: Tensor = self.project(torch.cat([share, angles.sin(), angles.cos()], dim=-1))
        return out


class Conditioners(nn.Module):
    """The text encoder and the seconds embedding, joined as the DiT takes them.

    Padding of the prompt is exactly zero in the result. The DiT attends to it all the same, as
    the reference does; `cross_attn_mask` is there for callers that follow the runners of others.

    Shape: input_ids and attention_mask (batch, max_length) int64, seconds (batch,) float32; to
    cross_attn_cond (batch, max_length + 1, cond_dim), cross_attn_mask (batch, max_length + 1)
    float32 and global_cond (batch, cond_dim).
    """

    def __init__(self, config: ModelConfig, t5_config: T5Config) -> None:
        super().__init__()
        needs_projection = t5_config.d_model != config.cond_dim or config.prompt.config.project_out
        self.t5 = T5Encoder(t5_config, config.prompt_max_length)
        self.project_out = (
            nn.Linear(t5_config.d_model, config.cond_dim) if needs_projection else nn.Identity()
        )
        self.seconds = NumberEmbedder(config.seconds.config, config.cond_dim)

    def forward(
        self, input_ids: Tensor, attention_mask: Tensor, seconds: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        global_cond = self.seconds(seconds)
        mask = attention_mask.to(global_cond.dtype)
        prompt = self.project_out(self.t5(input_ids, attention_mask)) * mask[:, :, None]
        cross_attn_cond = torch.cat([prompt, global_cond[:, None]], dim=1)
        cross_attn_mask = torch.cat([mask, torch.ones_like(mask[:, :1])], dim=1)
        return cross_attn_cond, cross_attn_mask, global_cond
