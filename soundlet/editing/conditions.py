"""What the model is told in an edit: one prompt, or a place between two, for a window of time."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from soundlet.guidance import Conditioning, guided
from soundlet.pipeline import Model
from soundlet.request import GenerationRequest
from soundlet.sampling import Array, Velocity

KEY_SHARES = 5  # conditionings along a blend that moves; velocities are mixed between them


@dataclass(frozen=True)
class Voice:
    """How a model is asked, for windows of any length.

    Attributes:
        model: the model.
        request: prompt, guidance and the like.
        other: the second prompt of a blend. None: there is one prompt.
        shares: of the second prompt, at the start and at the end.
    """

    model: Model
    request: GenerationRequest
    other: str | None = None
    shares: tuple[float, float] = (0.0, 0.0)

    def velocity(self, seconds: float, places: NDArray[np.float64]) -> Velocity:
        """The velocity of one window.

        Args:
            seconds: its length, as the model is told it.
            places: (frames,) where in the whole sound each frame is, 0 to 1.
        """
        low, high = self.model.config.seconds_range
        told = min(max(seconds, low), high)
        ask = partial(self.model.condition, truncate=self.request.truncate_prompt)
        conditioning = ask([self.request.prompt], [told])
        negative = self.request.negative_prompt
        unwanted = None if negative is None else ask([negative], [told]).cross_attn_cond
        if self.other is None:
            return self._guided(conditioning, unwanted)
        other = ask([self.other], [told])
        first, last = self.shares
        shares = first + (last - first) * places
        if first == last:
            return self._guided(blended(conditioning, other, first), unwanted)
        keys = np.linspace(min(first, last), max(first, last), KEY_SHARES)
        needed = _needed(keys, shares)
        velocities = [
            self._guided(blended(conditioning, other, float(keys[i])), unwanted) for i in needed
        ]
        weights = _weights(keys, shares)[needed].astype(np.float32)

        def mixed(x: Array, t: Array) -> Array:
            parts = [v(x, t) * weight for v, weight in zip(velocities, weights, strict=True)]
            total: Array = np.sum(parts, axis=0, dtype=np.float32)
            return total

        return mixed

    def _guided(self, conditioning: Conditioning, negative: Array | None) -> Velocity:
        assert self.request.cfg_scale is not None
        return guided(
            self.model.engine.velocity,
            conditioning,
            negative=negative,
            cfg_scale=self.request.cfg_scale,
            cfg_rescale=self.request.cfg_rescale,
            cfg_interval=self.request.cfg_interval,
        )


def blended(one: Conditioning, other: Conditioning, share: float) -> Conditioning:
    """The conditioning between two, token by token along the sphere."""
    return Conditioning(
        slerp(one.cross_attn_cond, other.cross_attn_cond, share),
        slerp(one.global_cond, other.global_cond, share),
    )


def slerp(one: Array, other: Array, share: float) -> Array:
    """Spherical interpolation along the last axis; lengths are interpolated too.

    Vectors of which one is zero, or that point the same or opposite ways, are interpolated
    straight on.

    Args:
        one: (..., dim).
        other: shaped as `one`.
        share: of `other`, 0 to 1.
    """
    a, b = one.astype(np.float64), other.astype(np.float64)
    length_a, length_b = (np.linalg.norm(v, axis=-1, keepdims=True) for v in (a, b))
    both = np.maximum(length_a * length_b, 1e-20)
    cosine = np.clip(np.sum(a * b, axis=-1, keepdims=True) / both, -1, 1)
    angle = np.arccos(cosine)
    sine = np.sin(angle)
    is_straight = (sine < 1e-4) | (length_a * length_b < 1e-12)
    safe = np.where(is_straight, 1, sine)
    direction = np.sin((1 - share) * angle) / safe * a / np.maximum(length_a, 1e-20) + np.sin(
        share * angle
    ) / safe * b / np.maximum(length_b, 1e-20)
    curved = direction * ((1 - share) * length_a + share * length_b)
    mixed: Array = np.where(is_straight, (1 - share) * a + share * b, curved).astype(np.float32)
    return mixed


def _weights(keys: NDArray[np.float64], shares: NDArray[np.float64]) -> NDArray[np.float64]:
    """(keys, frames): how far each frame is given to each key, straight between neighbours."""
    spacing = keys[1] - keys[0]
    weights: NDArray[np.float64] = np.maximum(0, 1 - np.abs(shares[None] - keys[:, None]) / spacing)
    return weights


def _needed(keys: NDArray[np.float64], shares: NDArray[np.float64]) -> NDArray[np.intp]:
    return np.flatnonzero(_weights(keys, shares).max(axis=1) > 0)
