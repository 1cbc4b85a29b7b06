"""Kernel ridge regression and classification: exact, quick to fit, the same on every machine.

Source: Rifkin, Yeo, Poggio, "Regularized least-squares classification", 2003.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float64]

WIDTH = 0.2  # of the Gaussian kernel: the decay per mean squared difference of the features
RIDGE = 0.01
TINY = 1e-9  # a feature that varies less is constant
FARTHEST = 4.0  # standard deviations; what lies further out counts as this


@dataclass(frozen=True)
class Scale:
    """Mean and deviation of each feature on the sounds that were fitted.

    Attributes:
        mean: (features,).
        deviation: (features,), above 0.
    """

    mean: Matrix
    deviation: Matrix

    @classmethod
    def of(cls, features: NDArray[np.floating]) -> Scale:
        """The scale of (sounds, features)."""
        values = np.asarray(features, np.float64)
        deviation = values.std(axis=0)
        return cls(values.mean(axis=0), np.where(deviation > TINY, deviation, 1.0))

    def __call__(self, features: NDArray[np.floating]) -> Matrix:
        """(..., features) with mean 0 and deviation 1, outliers drawn in."""
        scaled = (np.asarray(features, np.float64) - self.mean) / self.deviation
        return np.clip(scaled, -FARTHEST, FARTHEST)


@dataclass(frozen=True)
class Regression:
    """A smooth function of the features that passes near the targets it was fitted to.

    Attributes:
        scale: of the features.
        points: (sounds, features), the fitted sounds, scaled.
        weights: (sounds, targets).
        offset: (targets,).
    """

    scale: Scale
    points: Matrix
    weights: Matrix
    offset: Matrix

    def __call__(self, features: NDArray[np.floating]) -> Matrix:
        """(sounds, features) to (sounds, targets)."""
        return _kernel(self.scale(features), self.points) @ self.weights + self.offset


def fit_regression(
    features: NDArray[np.floating], targets: NDArray[np.floating], ridge: float = RIDGE
) -> tuple[Regression, Matrix]:
    """Fit (sounds, targets) to (sounds, features).

    Returns:
        The function, and for each fitted sound what the function would say of it had it been
        fitted to all the others: (sounds, targets).
    """
    scale = Scale.of(features)
    points = scale(features)
    offset = targets.mean(axis=0)
    kernel = _kernel(points, points)
    inverse = np.linalg.inv(kernel + ridge * np.eye(len(points)))
    weights = inverse @ (targets - offset)
    left_out: Matrix = targets - weights / np.diag(inverse)[:, None]
    return Regression(scale, points, weights, offset), left_out


@dataclass(frozen=True)
class Classifier:
    """Names the class of a sound.

    Attributes:
        classes: their names.
        score: features to one score a class, near 1 for the right one and 0 for the others.
    """

    classes: tuple[str, ...]
    score: Regression

    def __call__(self, features: NDArray[np.floating]) -> list[str]:
        """The likeliest class of each row of (sounds, features)."""
        return [self.classes[i] for i in self.score(features).argmax(axis=1)]


def fit_classifier(features: NDArray[np.floating], labels: Sequence[str]) -> Classifier:
    """Fit a class for each row of (sounds, features)."""
    classes = tuple(sorted(set(labels)))
    targets = np.array([[float(label == name) for name in classes] for label in labels])
    score, _ = fit_regression(features, targets)
    return Classifier(classes, score)


def _kernel(rows: Matrix, points: Matrix) -> Matrix:
    squares = (rows**2).sum(axis=1)[:, None] + (points**2).sum(axis=1) - 2 * rows @ points.T
    kernel: Matrix = np.exp(-WIDTH * np.maximum(squares, 0) / rows.shape[1])
    return kernel
