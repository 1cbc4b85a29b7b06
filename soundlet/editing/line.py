"""Latents longer than a model's window, sampled as one: windows in a row that overlap.

At every step the velocities of overlapping windows are blended, as MultiDiffusion does,
https://arxiv.org/abs/2302.08113; `soundlet.circle` does the same around a circle.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from soundlet.sampling import Array, Velocity

OVERLAP_SHARE = 4  # windows overlap by this part of their length

VelocityFor = Callable[[float, NDArray[np.float64]], Velocity]
"""The velocity of a window: of its seconds, and where in the whole its frames are, 0 to 1."""


def along(
    velocity: VelocityFor,
    n_needed: int,
    longest: int,
    n_heard: float,
    *,
    seconds_per_frame: float,
    patch: int,
    is_fixed: bool,
) -> tuple[Velocity, int]:
    """A velocity for latents of any length, from one for windows.

    Args:
        velocity: of a window.
        n_needed: frames wanted.
        longest: frames of the model's window.
        n_heard: frames of the sound itself, which the model is told the length of.
        seconds_per_frame: of the codec.
        patch: window lengths are multiples of it.
        is_fixed: the model knows no window but its longest.

    Returns:
        The velocity, and the frames that it takes: as many as needed or some more.
    """
    longest -= longest % patch
    if n_needed <= longest or n_heard <= longest:
        n_frames = longest if is_fixed else min(-(-n_needed // patch) * patch, longest)
        places = np.clip(np.arange(n_frames) / n_heard, 0, 1)
        return velocity(n_heard * seconds_per_frame, places), n_frames
    step = longest - longest // OVERLAP_SHARE
    count = 1 + -(-(n_needed - longest) // step)
    n_frames = n_needed
    starts = [round(i * (n_needed - longest) / (count - 1)) for i in range(count)]
    each = [
        velocity(
            longest * seconds_per_frame,
            np.clip((start + np.arange(longest)) / n_heard, 0, 1),
        )
        for start in starts
    ]
    rising = np.minimum((np.arange(longest) + 0.5) / (longest // OVERLAP_SHARE), 1)
    ramp = np.minimum(rising, rising[::-1])
    total = np.zeros(n_frames)
    for start in starts:
        total[start : start + longest] += ramp
    shares = [(ramp / total[start : start + longest]).astype(np.float32) for start in starts]

    def on_the_line(x: Array, t: Array) -> Array:
        out = np.zeros_like(x)
        for one, start, share in zip(each, starts, shares, strict=True):
            out[:, :, start : start + longest] += one(x[:, :, start : start + longest], t) * share
        return out

    return on_the_line, n_frames
