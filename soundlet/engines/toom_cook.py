"""Convolutions in fewer products: Toom and Cook's algorithm, its points chosen to round little.

`m` outputs of a filter of `r` taps are coefficients of a product of polynomials of degrees `m - 1`
and `r - 1`, transposed. That product is found from its remainders by polynomials of degree 1 and 2
with small coefficients: as many remainders as it has coefficients, of fewer products than the
`m · r` of the sum. Remainders by `x - p` alone need the fewest, but for more than a few points `p`
they differ so much in size that float32 loses a digit; the two of degree 2 here, whose roots lie on
the unit circle, cost a product each and keep it. In float32, sums of 128 channels of random numbers
come out with 1.5 times the error of the direct sum (`tests/unit/engines/test_toom_cook.py`).

Source: Winograd, Arithmetic Complexity of Computations (1980), chapter 5; degree 2: Barabasz and
Gregg, Winograd Convolution for DNNs: Beyond Linear Polynomials, https://arxiv.org/abs/1905.05233.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from math import lcm

import numpy as np
from numpy.typing import NDArray

Polynomial = tuple[Fraction, ...]
"""Coefficients from the constant on; the last is 1."""

Matrix = list[list[Fraction]]

HALF = Fraction(1, 2)
POINTS = (Fraction(0), Fraction(1), Fraction(-1), Fraction(2), Fraction(-2), HALF, -HALF)
LINEAR: tuple[Polynomial, ...] = tuple((-point, Fraction(1)) for point in POINTS)
QUADRATIC: tuple[Polynomial, ...] = (  # x² + 1 alone, or x² + x + 1 and x² - x + 1
    (Fraction(1), Fraction(0), Fraction(1)),
    (Fraction(1), Fraction(1), Fraction(1)),
    (Fraction(1), Fraction(-1), Fraction(1)),
)

MODULI: dict[int, tuple[Polynomial, ...]] = {
    4: LINEAR[:3],
    8: (*LINEAR[:5], QUADRATIC[0]),
    10: (*LINEAR, QUADRATIC[0]),
    12: (*LINEAR, *QUADRATIC[1:]),
}
"""By how many coefficients they find; the one of the highest power is found besides."""


@dataclass(frozen=True)
class Transforms:
    """`outputs = synthesis @ ((kernel @ taps) * (analysis @ inputs))`.

    Attributes:
        analysis: (products, n_outputs + n_taps - 1) float32.
        kernel: (products, n_taps) float64.
        synthesis: (n_outputs, products) float32.
    """

    analysis: NDArray[np.float32]
    kernel: NDArray[np.float64]
    synthesis: NDArray[np.float32]

    @property
    def n_products(self) -> int:
        """Products for all the outputs."""
        return len(self.analysis)


@cache
def transforms(n_outputs: int, n_taps: int) -> Transforms:
    """Those of so many outputs at a time; with the taps, one more than a key of `MODULI`.

    Args:
        n_outputs: at least 1, for which they are those of the plain sum.
        n_taps: at least 2.
    """
    if n_outputs == 1:
        taps = np.eye(n_taps)
        return Transforms(taps.astype(np.float32), taps, np.ones((1, n_taps), np.float32))
    size = n_outputs + n_taps - 1
    moduli = MODULI[size]
    remainders = [row for modulus in moduli for row in _remainders(size, modulus)]
    remainders.append(_leading(size))
    recombine = _matmul(_inverse(remainders), _remainders_of_products(moduli))
    rows = [list(row) for row in zip(*recombine, strict=True)]
    kernel = np.array(_factors(n_taps, moduli), float)
    synthesis = np.array(_factors(n_outputs, moduli), float).T
    denominators = np.array([[lcm(*(value.denominator for value in row))] for row in rows], float)
    analysis = np.array(rows, float) * denominators  # of whole numbers: float32 has them exactly
    kernel /= denominators
    for factor in (analysis, synthesis.T):  # sums of about the size of what is summed
        scale = 2.0 ** -np.rint(np.log2(np.linalg.norm(factor, axis=1, keepdims=True)))
        factor *= scale
        kernel /= scale
    return Transforms(analysis.astype(np.float32), kernel, synthesis.astype(np.float32))


def _remainders(size: int, modulus: Polynomial) -> Matrix:
    """Coefficients of a polynomial of `size` ones to those of its remainder."""
    power = [Fraction(1)] + [Fraction(0)] * (len(modulus) - 2)
    columns: Matrix = []
    for _ in range(size):
        columns.append(power)
        carried = [Fraction(0), *power[:-1]]
        power = [c - power[-1] * m for c, m in zip(carried, modulus, strict=False)]
    return [list(row) for row in zip(*columns, strict=True)]


def _leading(size: int) -> list[Fraction]:
    return [Fraction(0)] * (size - 1) + [Fraction(1)]


def _factors(size: int, moduli: tuple[Polynomial, ...]) -> Matrix:
    """What is multiplied: remainders, for one of degree 1 also the sum of its coefficients."""
    rows: Matrix = []
    for modulus in moduli:
        remainder = _remainders(size, modulus)
        rows += remainder
        if len(remainder) == 2:
            rows.append([a + b for a, b in zip(*remainder, strict=True)])
    return [*rows, _leading(size)]


def _remainders_of_products(moduli: tuple[Polynomial, ...]) -> Matrix:
    """Products to the remainders of the product of both polynomials.

    Of degree 1, (a + bx)(c + dx) = ac + ((a + b)(c + d) - ac - bd)x + bd x² by Karatsuba's three
    products, with x² as the modulus has it.
    """
    blocks: list[Matrix] = []
    for modulus in moduli:
        if len(modulus) == 2:
            blocks.append([[Fraction(1)]])
        else:
            constant, linear, _ = modulus
            blocks.append(
                [
                    [Fraction(1), -constant, Fraction(0)],
                    [Fraction(-1), -1 - linear, Fraction(1)],
                ]
            )
    blocks.append([[Fraction(1)]])
    width = sum(len(block[0]) for block in blocks)
    rows: Matrix = []
    start = 0
    for block in blocks:
        for row in block:
            rows.append([Fraction(0)] * start + row + [Fraction(0)] * (width - start - len(row)))
        start += len(block[0])
    return rows


def _matmul(a: Matrix, b: Matrix) -> Matrix:
    columns = list(zip(*b, strict=True))
    return [
        [sum((x * y for x, y in zip(row, column, strict=True)), Fraction(0)) for column in columns]
        for row in a
    ]


def _inverse(matrix: Matrix) -> Matrix:
    """By Gauss and Jordan, exactly."""
    size = len(matrix)
    rows = [[*row, *(Fraction(int(i == j)) for j in range(size))] for i, row in enumerate(matrix)]
    for column in range(size):
        pivot = next(i for i in range(column, size) if rows[i][column])
        rows[column], rows[pivot] = rows[pivot], rows[column]
        divisor = rows[column][column]
        rows[column] = [value / divisor for value in rows[column]]
        for i in range(size):
            if i != column and rows[i][column]:
                factor = rows[i][column]
                rows[i] = [a - factor * b for a, b in zip(rows[i], rows[column], strict=True)]
    return [row[size:] for row in rows]
