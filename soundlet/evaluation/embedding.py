"""The space in which sounds are near or far: what distances and diversity are measured in.

The coordinates of a sound are the first 32 principal components of its features (`features`: levels
and movement of mel bands, first moments, register and movement of pitch), each feature in standard
deviations, fitted to real renders. No network is in it: two sounds are near where they have like
spectra, envelopes and pitches. Distances compare models measured by the same soundlet, and nothing
else.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from soundlet.evaluation.classifier import Matrix, Scale

N_AXES = 32


@dataclass(frozen=True)
class Embedding:
    """Features to coordinates.

    Attributes:
        scale: of the features.
        axes: (features, axes) orthonormal.
    """

    scale: Scale
    axes: Matrix

    def __call__(self, features: NDArray[np.floating]) -> Matrix:
        """(sounds, features) to (sounds, axes)."""
        placed: Matrix = self.scale(features) @ self.axes
        return placed


def fit_embedding(features: NDArray[np.floating], n_axes: int = N_AXES) -> Embedding:
    """The directions in which (sounds, features) differ most."""
    scale = Scale.of(features)
    scaled = scale(features)
    _, _, axes = np.linalg.svd(scaled - scaled.mean(axis=0), full_matrices=False)
    return Embedding(scale, np.ascontiguousarray(axes[:n_axes].T))


def frechet_distance(ours: Matrix, theirs: Matrix) -> float:
    """The squared Fréchet distance between the Gaussians that fit two sets of coordinates.

    Args:
        ours: (sounds, axes), at least two sounds.
        theirs: (other sounds, axes).

    Source: Heusel et al., https://arxiv.org/abs/1706.08500, for the use; Fréchet, 1957.
    """
    apart = ours.mean(axis=0) - theirs.mean(axis=0)
    one, other = np.cov(ours, rowvar=False), np.cov(theirs, rowvar=False)
    values, vectors = np.linalg.eigh(one)
    root = vectors * np.sqrt(np.maximum(values, 0)) @ vectors.T
    shared = np.linalg.eigvalsh(root @ other @ root)
    spread = np.trace(one) + np.trace(other) - 2 * np.sqrt(np.maximum(shared, 0)).sum()
    return max(0.0, float(apart @ apart + spread))
