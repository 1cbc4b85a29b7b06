"""The encoder of T5, without the rest of it and without the transformers library.

Source: Raffel et al., https://arxiv.org/abs/1910.10683; the numbers are those of transformers'
`T5EncoderModel`, which a parity test compares with.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from soundlet.config import T5Config
from soundlet.models.attention import attend


class RMSNorm(nn.Module):
    """Divides by the root mean square, without subtracting the mean; no bias.

    Shape: (..., dim) to the same.
    """

    def __init__(self, dim: int, eps: float) -> None:
        super().__init__()
        self.eps = eps
        self.weight = nn.Parameter(torch.ones(dim))

    def forward(self, x: Tensor) -> Tensor:
        return self.weight * (x * torch.rsqrt(x.square().mean(-1, keepdim=True) + self.eps))


class RelativePositionBias(nn.Module):
    """One learned number per head for each bucket of distances between two tokens.

    Shape: a length of at most `max_length` to (heads, length, length), queries before keys.
    """

    buckets: Tensor

    def __init__(self, config: T5Config, max_length: int) -> None:
        super().__init__()
        self.embedding = nn.Embedding(config.relative_attention_num_buckets, config.num_heads)
        buckets = relative_buckets(
            max_length,
            n_buckets=config.relative_attention_num_buckets,
            max_distance=config.relative_attention_max_distance,
        )
        self.register_buffer("buckets", buckets, persistent=False)

    def forward(self, length: int) -> Tensor:
        bias: Tensor = self.embedding(self.buckets[:length, :length])
        return bias.permute(2, 0, 1)


class SelfAttention(nn.Module):
    """Attention of every token to every real token; T5 does not scale the products.

    Shape: x (batch, length, d_model), bias (batch, heads, length, length) to the shape of x.
    """

    def __init__(self, config: T5Config) -> None:
        super().__init__()
        self.n_heads = config.num_heads
        inner = config.num_heads * config.d_kv
        self.to_q = nn.Linear(config.d_model, inner, bias=False)
        self.to_k = nn.Linear(config.d_model, inner, bias=False)
        self.to_v = nn.Linear(config.d_model, inner, bias=False)
        self.to_out = nn.Linear(inner, config.d_model, bias=False)

    def forward(self, x: Tensor, bias: Tensor) -> Tensor:
        q, k, v = (  # each (batch, heads, length, d_kv)
            project(x).reshape(x.shape[0], x.shape[1], self.n_heads, -1).transpose(1, 2)
            for project in (self.to_q, self.to_k, self.to_v)
        )
        out = attend(q, k, v, scale=1.0, bias=bias)
        projected: Tensor = self.to_out(out.transpose(1, 2).flatten(2))
        return projected


class FeedForward(nn.Module):
    """Two layers with ReLU, or with a gated GELU as in T5 v1.1.

    Shape: (batch, length, d_model) to the same.
    """

    def __init__(self, config: T5Config) -> None:
        super().__init__()
        self.is_gated = config.feed_forward_proj == "gated-gelu"
        if self.is_gated:
            self.gate = nn.Linear(config.d_model, config.d_ff, bias=False)
        self.expand = nn.Linear(config.d_model, config.d_ff, bias=False)
        self.project = nn.Linear(config.d_ff, config.d_model, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        if self.is_gated:
            hidden = functional.gelu(self.gate(x), approximate="tanh") * self.expand(x)
        else:
            hidden = functional.relu(self.expand(x))
        out: Tensor = self.project(hidden)
        return out


class Block(nn.Module):
    """Attention, then feed-forward, each added to its input.

    Shape: x (batch, length, d_model), bias (batch, heads, length, length) to the shape of x.
    """

    def __init__(self, config: T5Config) -> None:
        super().__init__()
        self.attention_norm = RMSNorm(config.d_model, config.layer_norm_epsilon)
        self.attention = SelfAttention(config)
        self.feed_forward_norm = RMSNorm(config.d_model, config.layer_norm_epsilon)
        self.feed_forward = FeedForward(config)

    def forward(self, x: Tensor, bias: Tensor) -> Tensor:
        x = x + self.attention(self.attention_norm(x), bias)
        out: Tensor = x + self.feed_forward(self.feed_forward_norm(x))
        return out


class T5Encoder(nn.Module):
    """Tokens to one vector each.

    Shape: input_ids and attention_mask (batch, length) int64, length at most `max_length`;
    to (batch, length, d_model).
    """

    def __init__(self, config: T5Config, max_length: int) -> None:
        super().__init__()
        self.embedding = nn.Embedding(config.vocab_size, config.d_model)
        self.position_bias = RelativePositionBias(config, max_length)
        self.blocks = nn.ModuleList([Block(config) for _ in range(config.num_layers)])
        self.norm = RMSNorm(config.d_model, config.layer_norm_epsilon)

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        x = self.embedding(input_ids)
        # Not as a sum of bias and mask: a compiler may reorder that, and round the bias away.
        is_padding = attention_mask[:, None, None, :] == 0
        bias = self.position_bias(input_ids.shape[1])[None]
        bias = bias.masked_fill(is_padding, torch.finfo(x.dtype).min)
        for block in self.blocks:
            x = block(x, bias)
        out: Tensor = self.norm(x)
        return out


def relative_buckets(length: int, *, n_buckets: int, max_distance: int) -> Tensor:
    """The bucket of each pair of query and key: one per distance when near, wider when far.

    Computed once and on the CPU, so that every engine has the same integers: a logarithm in
    the network could put a distance that lies on an edge into another bucket on another device.

    Returns:
        (length, length) int64, queries before keys; the upper half is for keys that come later.
    """
    positions = torch.arange(length, device="cpu")
    offset = positions[None, :] - positions[:, None]
    half, exact = n_buckets // 2, n_buckets // 4
    distance = offset.abs()
    scale = (half - exact) / math.log(max_distance / exact)
    far = exact + (torch.log(distance.clamp(min=1).float() / exact) * scale).long()
    bucket = torch.where(distance < exact, distance, far.clamp(max=half - 1))
    return bucket + half * (offset > 0)
