"""The Diffusion Transformer: latents, a time and conditioning to a velocity.

Guidance and sampling are outside: one call is one plain evaluation of the network.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TypeVar

import torch
from torch import Tensor, nn
from torch.nn import functional

from soundlet.config import DiTConfig
from soundlet.models.attention import attend
from soundlet.models.modulation import BlockModulation, Modulation, bend, sum_of
from soundlet.models.prior import PromptPrior
from soundlet.models.rhythm import BeatEmbedding, TempoReader, TempoReading

Layer = TypeVar("Layer", bound=nn.Module)

TINY = 1e-6  # of a mean square
NONE_LEFT_OUT = 1e-9  # of a token, where none is: its logarithm is a number


class FourierFeatures(nn.Module):
    """A time to cosines, then sines, of learned frequencies.

    Shape: (batch,) to (batch, 2 * n_frequencies).
    """

    def __init__(self, n_frequencies: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(n_frequencies, 1))

    def forward(self, t: Tensor) -> Tensor:
        angles = 2 * math.pi * t[:, None] @ self.weight.T
        return torch.cat([angles.cos(), angles.sin()], dim=-1)


class LayerNorm(nn.Module):
    """Layer norm with a learned scale; the shift is stored, and not trained.

    Shape: (..., dim) to the same.
    """

    beta: Tensor

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.gamma = nn.Parameter(torch.ones(dim))
        self.register_buffer("beta", torch.zeros(dim))

    def forward(self, x: Tensor) -> Tensor:
        return functional.layer_norm(x, self.gamma.shape, self.gamma, self.beta, eps=1e-5)


class RotaryEmbedding(nn.Module):
    """Angles by which positions are rotated.

    Shape: a number of positions to cosines and sines, each (positions, dim / 2) float32.
    """

    inv_freq: Tensor

    def __init__(self, dim: int) -> None:
        super().__init__()
        inv_freq = 10_000.0 ** -(torch.arange(0, dim, 2).float() / dim)
        self.register_buffer("inv_freq", inv_freq)  # stored: checkpoints carry their own

    def forward(self, n_positions: int) -> tuple[Tensor, Tensor]:
        positions = torch.arange(n_positions, device=self.inv_freq.device).float()
        angles = positions[:, None] * self.inv_freq.float()
        return angles.cos(), angles.sin()


class HeadNorm(nn.Module):
    """Normalises queries and keys per head, where the config asks for it.

    Shape: q and k (batch, heads, tokens, head_dim) to the same.
    """

    def __init__(self, config: DiTConfig) -> None:
        super().__init__()
        has_norm = config.attn_kwargs.qk_norm == "ln"
        self.q = nn.LayerNorm(config.head_dim, eps=1e-6) if has_norm else nn.Identity()
        self.k = nn.LayerNorm(config.head_dim, eps=1e-6) if has_norm else nn.Identity()

    def forward(self, q: Tensor, k: Tensor) -> tuple[Tensor, Tensor]:
        return self.q(q), self.k(k)


class SelfAttention(nn.Module):
    """Attention among the tokens of the sound; positions rotate a part of each head.

    Shape: x (batch, tokens, dim), rotation as `RotaryEmbedding` gives it, to the shape of x.
    """

    def __init__(self, config: DiTConfig) -> None:
        super().__init__()
        dim = config.embed_dim
        self.n_heads = config.num_heads
        self.to_qkv = nn.Linear(dim, 3 * dim, bias=False)
        self.norm = HeadNorm(config)
        self.to_out = _zero(nn.Linear(dim, dim, bias=False))

    def forward(self, x: Tensor, rotation: tuple[Tensor, Tensor]) -> Tensor:
        q, k, v = (split_heads(part, self.n_heads) for part in self.to_qkv(x).chunk(3, dim=-1))
        q, k = self.norm(q, k)
        q, k = rotate(q, rotation), rotate(k, rotation)
        out = attend(q, k, v, scale=q.shape[-1] ** -0.5)
        projected: Tensor = self.to_out(join_heads(out))
        return projected


class CrossAttention(nn.Module):
    """Attention of the sound to the conditioning, padding included, without positions.

    Shape: x (batch, tokens, dim), context (batch, cond tokens, dim), bias as `left_out_bias` gives
    it, to the shape of x.
    """

    def __init__(self, config: DiTConfig) -> None:
        super().__init__()
        dim = config.embed_dim
        self.n_heads = config.num_heads
        self.to_q = nn.Linear(dim, dim, bias=False)
        self.to_kv = nn.Linear(dim, 2 * dim, bias=False)
        self.norm = HeadNorm(config)
        self.to_out = _zero(nn.Linear(dim, dim, bias=False))

    def forward(self, x: Tensor, context: Tensor, bias: Tensor | None = None) -> Tensor:
        q = split_heads(self.to_q(x), self.n_heads)
        k, v = (split_heads(part, self.n_heads) for part in self.to_kv(context).chunk(2, dim=-1))
        q, k = self.norm(q, k)
        out = attend(q, k, v, scale=q.shape[-1] ** -0.5, bias=bias)
        projected: Tensor = self.to_out(join_heads(out))
        return projected


class FeedForward(nn.Module):
    """Two layers, the first gated by SiLU: its first half is the value, its second the gate.

    Shape: (batch, tokens, dim) to the same.
    """

    WIDENING = 4

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.expand = nn.Linear(dim, 2 * self.WIDENING * dim)
        self.project = _zero(nn.Linear(self.WIDENING * dim, dim))

    def forward(self, x: Tensor) -> Tensor:
        value, gate = self.expand(x).chunk(2, dim=-1)
        out: Tensor = self.project(value * functional.silu(gate))
        return out


class Block(nn.Module):
    """Self-attention, cross-attention, feed-forward, each added to its input.

    Shape: x (batch, tokens, dim), context (batch, cond tokens, dim) to the shape of x.
    """

    def __init__(self, config: DiTConfig) -> None:
        super().__init__()
        dim = config.embed_dim
        self.self_attention_norm = LayerNorm(dim)
        self.self_attention = SelfAttention(config)
        self.cross_attention_norm = LayerNorm(dim)
        self.cross_attention = CrossAttention(config)
        self.feed_forward_norm = LayerNorm(dim)
        self.feed_forward = FeedForward(dim)

    def forward(
        self,
        x: Tensor,
        context: Tensor,
        rotation: tuple[Tensor, Tensor],
        modulation: BlockModulation | None = None,
        bias: Tensor | None = None,
    ) -> Tensor:
        if modulation is None:
            x = x + self.self_attention(self.self_attention_norm(x), rotation)
            x = x + self.cross_attention(self.cross_attention_norm(x), context, bias)
            plain: Tensor = x + self.feed_forward(self.feed_forward_norm(x))
            return plain
        m = modulation
        h = bend(self.self_attention_norm(x), m.attention_scale, m.attention_shift)
        x = x + (1 + m.attention_gate) * self.self_attention(h, rotation)
        x = x + self.cross_attention(self.cross_attention_norm(x), context, bias)
        h = bend(self.feed_forward_norm(x), m.feed_forward_scale, m.feed_forward_shift)
        out: Tensor = x + (1 + m.feed_forward_gate) * self.feed_forward(h)
        return out


class DiffusionTransformer(nn.Module):
    """The network that denoises: the velocity of a rectified flow, noise minus data.

    The time and the seconds come in as one token before the first of the sound. Five things are
    not in the reference, and off unless the config asks for them: the mean of the prompt in that
    token (`global_prompt`), what that token says as scales and shifts of every block
    (`modulation_rank`), the phase of the beat at the prompt's tempo (`beats`), the mean of the
    latents that a prompt makes likely (`prior`): what the blocks see is x without it; and a network
    that says what the data are (`predicts`), which the velocity follows from: the noise then need
    not pass through blocks that are hardly wider than it. Such a network has the velocity of
    `LEAST_TIME` at all times below, but in training: it hardly learns those, and errs by many times
    the velocity there.

    Shape: x (batch, channels, frames) with frames a multiple of `patch_size`, t (batch,) in
    [0, 1] where 1 is noise, cross_attn_cond (batch, cond tokens, cond_dim), global_cond
    (batch, cond_dim); to a velocity of the shape of x. `n_left_out` tokens of padding, a number or
    (1,), may be left out of cross_attn_cond, which changes nothing but the time that it takes.

    Source: https://arxiv.org/abs/2407.14358 for the architecture.
    """

    N_TIME_FREQUENCIES = 128
    SURPRISE = 0.25  # of the spread of a channel: how much of it the other frames leave open
    LEAST_TIME = 0.119  # one in forty that training draws is below, and samplers stop at it

    def __init__(self, config: DiTConfig) -> None:
        super().__init__()
        channels, dim = config.io_channels, config.embed_dim
        self.patch_size = config.patch_size
        self.cross_embed = _projection(config.cond_token_dim, dim, bias=False)
        self.global_embed = _projection(config.global_cond_dim, dim, bias=False)
        self.time_features = FourierFeatures(self.N_TIME_FREQUENCIES)
        self.time_embed = _projection(2 * self.N_TIME_FREQUENCIES, dim, bias=True)
        self.preprocess_conv = _zero(nn.Conv1d(channels, channels, kernel_size=1, bias=False))
        self.project_in = nn.Linear(channels * config.patch_size, dim, bias=False)
        self.rotary = RotaryEmbedding(config.rotary_dim)
        self.blocks = nn.ModuleList([Block(config) for _ in range(config.depth)])
        self.project_out = nn.Linear(dim, channels * config.patch_size, bias=False)
        self.postprocess_conv = _zero(nn.Conv1d(channels, channels, kernel_size=1, bias=False))
        self.prompt_embed = self.modulation = self.tempo = self.beats = None
        self.prior = self.prior_embed = None
        if config.global_prompt:
            self.prompt_embed = _projection(config.cond_token_dim, dim, bias=False)
            _zero(self.prompt_embed[-1])
        if config.modulation_rank:
            self.modulation = Modulation(dim, config.depth, config.modulation_rank)
        if config.beats is not None:
            self.tempo = TempoReader(config.cond_token_dim)
            per_second = config.beats.frames_per_second / config.patch_size
            self.beats = BeatEmbedding(dim, per_second)
        if config.prior is not None:
            self.prior = PromptPrior(config.prior, config.cond_token_dim, channels)
            self.prior_embed = _zero(nn.Linear(channels * config.patch_size, dim, bias=False))
        self.register_buffer("spread", torch.ones(channels) if config.predicts == "data" else None)

    prompt_embed: nn.Sequential | None
    modulation: Modulation | None
    tempo: TempoReader | None
    beats: BeatEmbedding | None
    prior: PromptPrior | None
    prior_embed: nn.Linear | None
    spread: Tensor | None

    def forward(
        self,
        x: Tensor,
        t: Tensor,
        cross_attn_cond: Tensor,
        global_cond: Tensor,
        n_left_out: int | Tensor = 0,
    ) -> Tensor:
        if self.spread is not None and not self.training:
            t = t.clamp(min=self.LEAST_TIME)
        reading, mean = self._expected(cross_attn_cond, global_cond, x.shape[2])
        told = (cross_attn_cond, global_cond, n_left_out)
        said = self._said(self._tokens(x, t, *told, reading, mean))
        return self._velocity(x, t, said, mean)

    def guided(
        self,
        x: Tensor,
        t: Tensor,
        cross_attn_cond: Tensor,
        global_cond: Tensor,
        n_left_out: int | Tensor = 0,
        *,
        scale: Tensor,
    ) -> tuple[Tensor, Tensor]:
        """The velocity, and the same moved away from that of blocks that hear no prompt.

        Only what the blocks say is moved, not the beat nor the mean that a prompt makes likely:
        each sound keeps those, and the size of each channel over its frames.

        Shape: as `forward`, scale (batch,) where 1 moves nothing, to two velocities.
        """
        reading, mean = self._expected(cross_attn_cond, global_cond, x.shape[2])
        own, others = (
            self._said(self._tokens(x, t, prompt, global_cond, n_left_out, reading, mean))
            for prompt in (cross_attn_cond, torch.zeros_like(cross_attn_cond))
        )
        moved = others + scale[:, None, None] * (own - others)
        moved = moved * (_size(own) / _size(moved))
        return self._velocity(x, t, own, mean), self._velocity(x, t, moved, mean)

    def _said(self, tokens: Tensor) -> Tensor:
        """What the blocks say, of the shape of x, by what the last of them gives."""
        out = self._from_patches(self.project_out(tokens[:, 1:]))
        said: Tensor = out + self.postprocess_conv(out)
        return said

    def _velocity(self, x: Tensor, t: Tensor, said: Tensor, mean: Tensor | None) -> Tensor:
        out = said
        if self.spread is not None:
            unexpected = x if mean is None else x - (1 - t)[:, None, None] * mean
            of_x, of_out = self.shares(t)
            out = of_x * unexpected - of_out * said
        velocity: Tensor = out if mean is None else out - mean
        return velocity

    def shares(self, t: Tensor) -> tuple[Tensor, Tensor]:
        """How much of x, and of what the blocks say, is in the velocity where data are predicted.

        The velocity is (x - data) / t, and the data are a part of x and of what the blocks say:
        the parts that are best for a channel that is known but for `SURPRISE` of its spread. Far
        from the data the blocks say all, and next to them hardly anything.

        Shape: times (batch,) to shares, each (batch, channels, 1); the second is subtracted.

        Source: the preconditioning of Karras et al., https://arxiv.org/abs/2206.00364, at the times
        of a rectified flow; that networks had better name data than noise, as in
        https://arxiv.org/abs/2511.13720.
        """
        assert self.spread is not None
        spread, t = self.spread[:, None], t[:, None, None]
        unknown = self.SURPRISE * spread
        power = (unknown * (1 - t)).square() + t.square()
        return (t - (1 - t) * unknown.square()) / power, spread / power.sqrt()

    def tokens(
        self,
        x: Tensor,
        t: Tensor,
        cross_attn_cond: Tensor,
        global_cond: Tensor,
        n_left_out: int | Tensor = 0,
    ) -> Tensor:
        """What the last block gives, the token of time and seconds first.

        Shape: as `forward`, to (batch, 1 + patches, embed_dim).
        """
        reading, mean = self._expected(cross_attn_cond, global_cond, x.shape[2])
        return self._tokens(x, t, cross_attn_cond, global_cond, n_left_out, reading, mean)

    def _expected(
        self, cross_attn_cond: Tensor, global_cond: Tensor, n_frames: int
    ) -> tuple[TempoReading | None, Tensor | None]:
        """The tempo that the prompt names, and the mean of the latents that it makes likely."""
        if self.tempo is None:
            return None, None
        prompt = cross_attn_cond[:, :-1]
        reading = self.tempo(prompt)
        if self.prior is None:
            return reading, None
        return reading, self.prior(prompt, global_cond, reading, n_frames)

    def _tokens(
        self,
        x: Tensor,
        t: Tensor,
        cross_attn_cond: Tensor,
        global_cond: Tensor,
        n_left_out: int | Tensor,
        reading: TempoReading | None,
        mean: Tensor | None,
    ) -> Tensor:
        context = self.cross_embed(cross_attn_cond)
        bias = None
        if isinstance(n_left_out, Tensor) or n_left_out > 0:
            context = functional.pad(context, (0, 0, 0, 1))
            bias = left_out_bias(context, n_left_out)
        told = [self.global_embed(global_cond), self.time_embed(self.time_features(t))]
        if self.prompt_embed is not None:
            prompt = cross_attn_cond[:, :-1]  # what follows it are the seconds
            told.append(self.prompt_embed(mean_of_tokens(prompt)))
        first = sum_of(told)
        if mean is not None:
            x = x - (1 - t)[:, None, None] * mean
        patches = self.project_in(self.to_patches(x + self.preprocess_conv(x)))
        if mean is not None and self.prior_embed is not None:
            patches = patches + self.prior_embed(self.to_patches(mean))
        if reading is not None and self.beats is not None:
            patches = patches + self.beats(reading, patches.shape[1])
        tokens = torch.cat([first[:, None], patches], dim=1)
        rotation = self.rotary(tokens.shape[1])
        bent: Sequence[BlockModulation | None] = [None] * len(self.blocks)
        if self.modulation is not None:
            bent = self.modulation(told)
        for block, modulation in zip(self.blocks, bent, strict=True):
            tokens = block(tokens, context, rotation, modulation, bias)
        return tokens

    def keep_blocks(self, count: int) -> None:
        """Drop all blocks after the first `count`, and what bends them."""
        self.blocks = self.blocks[:count]
        if self.modulation is not None:
            self.modulation.tables = nn.Parameter(self.modulation.tables[:count].detach().clone())

    def to_patches(self, x: Tensor) -> Tensor:
        """(batch, channels, frames) to (batch, patches, channels * patch_size)."""
        if self.patch_size == 1:
            return x.transpose(1, 2)
        patches = x.reshape(x.shape[0], x.shape[1], -1, self.patch_size)
        return patches.permute(0, 2, 1, 3).flatten(2)

    def _from_patches(self, tokens: Tensor) -> Tensor:
        """(batch, patches, channels * patch_size) to (batch, channels, frames)."""
        if self.patch_size == 1:
            return tokens.transpose(1, 2)
        patches = tokens.reshape(tokens.shape[0], tokens.shape[1], -1, self.patch_size)
        return patches.permute(0, 2, 1, 3).flatten(2)


def left_out_bias(context: Tensor, n_left_out: int | Tensor) -> Tensor:
    """What the last token of a context must be heard with to stand for `n_left_out` like it.

    Shape: context (batch, cond tokens, dim), n_left_out a number or (1,), to (cond tokens,).
    """
    count = torch.as_tensor(n_left_out, dtype=torch.float32, device=context.device).reshape(1)
    others = torch.zeros(context.shape[1] - 1, device=context.device)
    return torch.cat([others, count.clamp(min=NONE_LEFT_OUT).log()])


def mean_of_tokens(prompt: Tensor) -> Tensor:
    """Mean over the tokens of a prompt (batch, tokens, dim) that are not zero; zeros of none."""
    count = (prompt != 0).any(dim=-1).sum(dim=1, keepdim=True)
    mean: Tensor = prompt.sum(dim=1) / count.clamp(min=1)
    return mean


def _size(x: Tensor) -> Tensor:
    """Root mean square over the frames of (batch, channels, frames): (batch, channels, 1)."""
    return (x.square().mean(dim=2, keepdim=True) + TINY).sqrt()


def split_heads(x: Tensor, n_heads: int) -> Tensor:
    """(batch, tokens, heads * head_dim) to (batch, heads, tokens, head_dim)."""
    return x.reshape(x.shape[0], x.shape[1], n_heads, -1).transpose(1, 2)


def join_heads(x: Tensor) -> Tensor:
    """(batch, heads, tokens, head_dim) to (batch, tokens, heads * head_dim)."""
    return x.transpose(1, 2).flatten(2)


def rotate(x: Tensor, rotation: tuple[Tensor, Tensor]) -> Tensor:
    """Rotates channel i with channel i + n, for the first 2n channels of each head, in float32.

    Args:
        x: (batch, heads, tokens, head_dim).
        rotation: cosines and sines, each (tokens, n).
    """
    cos, sin = rotation
    n = cos.shape[-1]
    first, second = x[..., :n].float(), x[..., n : 2 * n].float()
    turned = [first * cos - second * sin, second * cos + first * sin]
    return torch.cat([*(part.to(x.dtype) for part in turned), x[..., 2 * n :]], dim=-1)


def _projection(dim_in: int, dim_out: int, *, bias: bool) -> nn.Sequential:
    return nn.Sequential(
        nn.Linear(dim_in, dim_out, bias=bias), nn.SiLU(), nn.Linear(dim_out, dim_out, bias=bias)
    )


def _zero(layer: Layer) -> Layer:
    """The layer with all weights zero: at the start of training its branch adds nothing."""
    for parameter in layer.parameters():
        nn.init.zeros_(parameter)
    return layer
