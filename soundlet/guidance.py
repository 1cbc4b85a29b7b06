"""Classifier-free guidance: two velocities from one doubled batch, and one beyond the first."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from soundlet.sampling import Array, Velocity


@dataclass(frozen=True)
class Conditioning:
    """What the dit is told about the clips of a batch.

    Attributes:
        cross_attn_cond: (batch, tokens, dim) float32: the prompt, zero where padded, and seconds.
        global_cond: (batch, dim) float32: seconds.
    """

    cross_attn_cond: NDArray[np.float32]
    global_cond: NDArray[np.float32]


ConditionedVelocity = Callable[[Array, Array, Conditioning], Array]
"""What an engine offers: v(x, t, conditioning)."""


def guided(
    velocity: ConditionedVelocity,
    conditioning: Conditioning,
    *,
    negative: Array | None = None,
    cfg_scale: float = 1.0,
    cfg_rescale: float = 0.0,
    cfg_interval: tuple[float, float] = (0.0, 1.0),
) -> Velocity:
    """Bind the conditioning, and guidance where it is on, to an engine's velocity.

    Args:
        velocity: of the engine.
        conditioning: of the batch.
        negative: (batch, tokens, dim) to point away from, such as `cross_attn_cond` of a negative
            prompt. None: zeros, which is what the model saw for captions that were dropped in
            training, and not the same as an empty prompt.
        cfg_scale: 1 is no guidance and costs one velocity a call; anything else costs two.
        cfg_rescale: 0 to 1; how far the spread of the result over channels is brought back to that
            of the unguided velocity.
        cfg_interval: the times t, ends included, at which guidance is on.

    Returns:
        A velocity for the samplers.

    Source: https://arxiv.org/abs/2207.12598; the rescale is section 3.4 of
        https://arxiv.org/abs/2305.08891; stable-audio-tools models/dit.py for both.
    """

    def plain(x: Array, t: Array) -> Array:
        return velocity(x, t, conditioning)

    if cfg_scale == 1:
        return plain

    if negative is None:
        negative = np.zeros_like(conditioning.cross_attn_cond)
    doubled = Conditioning(
        cross_attn_cond=np.concatenate([conditioning.cross_attn_cond, negative]),
        global_cond=np.concatenate([conditioning.global_cond, conditioning.global_cond]),
    )
    first, last = cfg_interval

    def with_guidance(x: Array, t: Array) -> Array:
        if not first <= t[0] <= last:
            return plain(x, t)
        both = velocity(np.concatenate([x, x]), np.concatenate([t, t]), doubled)
        wanted, unwanted = both[: len(x)], both[len(x) :]
        out = unwanted + (wanted - unwanted) * np.float32(cfg_scale)
        if cfg_rescale == 0:
            return out
        spread = np.std(wanted, axis=1, ddof=1, keepdims=True)
        rescaled = out * (spread / np.std(out, axis=1, ddof=1, keepdims=True))
        mixed: Array = np.float32(cfg_rescale) * rescaled + np.float32(1 - cfg_rescale) * out
        return mixed

    return with_guidance
