"""Masked flow: sampling frames that agree with frames that are known.

A model without an input for inpainting is told of the known frames by putting them, noised to the
time of the step, in the place of what it made of them, at every step. What it makes beside them
then fits only roughly, since it was begun before they could say much; so after each stretch of
steps the latents are noised again and the stretch is repeated ("resampling").

Source: RePaint, https://arxiv.org/abs/2201.09865, here for rectified flow: noising from time s to a
later t multiplies by a = (1-t)/(1-s) and adds noise of variance t² - (a·s)².
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from soundlet.sampling import Array, Noise, Progress, Step, Velocity

JUMPS = 5  # stretches that the flow is cut into


def path(steps: int, resamplings: int) -> Iterator[tuple[int, int]]:
    """Pairs of indices into the times: forward by one, or back to where a stretch began.

    Args:
        steps: of the sampler.
        resamplings: how often each stretch is run.
    """
    stretch = max(1, -(-steps // JUMPS))
    for first in range(0, steps, stretch):
        last = min(first + stretch, steps)
        for again in range(resamplings):
            if again:
                yield last, first
            yield from ((i, i + 1) for i in range(first, last))


def noised(x: Array, s: np.float32, t: np.float32, noise: Noise) -> Array:
    """Latents at time `s`, noised to a later time `t`."""
    if t >= 1:
        return noise()
    keep = (1 - float(t)) / (1 - float(s))
    spread = np.sqrt(max(float(t) ** 2 - (keep * float(s)) ** 2, 0.0))
    out: Array = np.float32(keep) * x + np.float32(spread) * noise()
    return out


def sample_masked(
    step: Step,
    velocity: Velocity,
    times: Array,
    known: Array,
    is_known: NDArray[np.bool_],
    *,
    noise: Noise,
    resamplings: int,
    on_step: Progress | None = None,
) -> Array:
    """Latents in which the known frames are as given.

    Args:
        step: of a sampler.
        velocity: the model with its conditioning bound.
        times: (steps + 1,), from 1 to 0.
        known: (1, channels, frames); anything where it is not known.
        is_known: (frames,).
        noise: fresh noise of the shape of `known`.
        resamplings: how often each stretch of the flow is run, 1 or more.
        on_step: see `Progress`.

    Returns:
        (1, channels, frames).
    """
    moves = list(path(len(times) - 1, resamplings))
    x = known_noise = noise()
    for done, (i, j) in enumerate(moves):
        if j < i:
            x, known_noise = noised(x, times[i], times[j], noise), noise()
        else:
            t = times[i]
            placed = (np.float32(1) - t) * known + t * known_noise
            x = step(velocity, np.where(is_known, placed, x), t, times[j])
        if on_step is not None:
            on_step(done + 1, len(moves))
    return np.where(is_known, known, x)
