"""Which of several readings of a sound is right: weights learnt from sounds where it is known.

Source: McFadden, "Conditional logit analysis of qualitative choice behavior", 1974.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float64]


@dataclass(frozen=True)
class Choice:
    """Scores options by a weighted sum of their evidence.

    Attributes:
        scale: divides each column of evidence.
        weights: of the scaled columns.
    """

    scale: Matrix
    weights: Matrix

    def __call__(self, options: NDArray[np.floating]) -> int:
        """The index of the best row of (options, columns)."""
        return int(np.argmax(np.asarray(options, np.float64) / self.scale @ self.weights))


def fit_choice(
    options: Sequence[NDArray[np.floating]], right: Sequence[int], ridge: float = 3.0
) -> Choice:
    """The weights under which the right options are likeliest to be chosen.

    Args:
        options: for each sound its (options, columns) of evidence; counts of options may differ.
        right: for each sound the index of its right option.
        ridge: how strongly weights are kept small.
    """
    from scipy.optimize import minimize

    rows = np.concatenate([np.asarray(each, np.float64) for each in options])
    counts = np.array([len(each) for each in options])
    first = np.concatenate([[0], np.cumsum(counts)[:-1]])
    sound = np.repeat(np.arange(len(counts)), counts)
    chosen = first + np.asarray(right)
    scale = rows.std(axis=0) + 1e-6
    rows = rows / scale

    def loss(weights: Matrix) -> tuple[float, Matrix]:
        scores = rows @ weights
        best = np.maximum.reduceat(scores, first)
        odds = np.exp(scores - best[sound])
        total = np.add.reduceat(odds, first)
        value = float(np.sum(best + np.log(total) - scores[chosen]) + ridge * weights @ weights)
        slope = rows.T @ (odds / total[sound]) - rows[chosen].sum(axis=0) + 2 * ridge * weights
        return value, slope

    start = np.zeros(rows.shape[1])
    found = minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": 300})
    return Choice(scale, np.asarray(found.x, np.float64))
