from __future__ import annotations

import numpy as np
import pytest

from soundlet.editing.conditions import slerp
from soundlet.editing.line import along
from soundlet.sampling import Array, Velocity


def unit(*values: float) -> Array:
    vector = np.array(values, np.float32)
    return vector / np.float32(np.linalg.norm(vector))


def test_halfway_between_two_right_angles_is_on_the_circle() -> None:
    half = slerp(unit(1, 0), unit(0, 1), 0.5)
    np.testing.assert_allclose(half, unit(1, 1), atol=1e-6)


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_the_ends_are_the_ends(share: float) -> None:
    a, b = np.random.RandomState(0).randn(2, 3, 7).astype(np.float32)
    np.testing.assert_allclose(slerp(a, b, share), b if share else a, atol=1e-5)


def test_lengths_are_interpolated_and_angles_are_even() -> None:
    a, b = 2 * unit(1, 0), 4 * unit(0, 1)
    quarter = slerp(a, b, 0.25)
    assert np.linalg.norm(quarter) == pytest.approx(2.5, abs=1e-5)
    assert np.arctan2(quarter[1], quarter[0]) == pytest.approx(np.pi / 8, abs=1e-5)


def test_padding_and_like_directions_are_interpolated_straight() -> None:
    zero, a = np.zeros(3, np.float32), unit(1, 2, 3)
    np.testing.assert_allclose(slerp(zero, a, 0.25), 0.25 * a, atol=1e-6)
    np.testing.assert_allclose(slerp(a, 3 * a, 0.5), 2 * a, atol=1e-6)
    assert np.isfinite(slerp(a, -a, 0.5)).all()


@pytest.mark.parametrize("n_needed", [10, 64, 65, 200, 331])
def test_windows_in_a_row_leave_no_frame_out(n_needed: int) -> None:
    told = []

    def velocity(seconds: float, places: np.ndarray[tuple[int], np.dtype[np.float64]]) -> Velocity:
        told.append(seconds)
        assert ((places >= 0) & (places <= 1)).all()
        return lambda x, _t: x

    on_the_line, n_frames = along(
        velocity, n_needed, 64, n_needed - 1, seconds_per_frame=0.5, patch=2, is_fixed=False
    )
    assert n_frames >= n_needed or n_frames == 64
    x = np.random.RandomState(0).randn(1, 3, n_frames).astype(np.float32)
    np.testing.assert_allclose(on_the_line(x, np.ones(1, np.float32)), x, rtol=1e-5)
    assert max(told) <= 32
