from __future__ import annotations

import numpy as np
import pytest

from soundlet.editing.windows import Window, windows_over


@pytest.mark.parametrize("n_missing", [1, 5, 60, 63, 64, 65, 100, 1000])
@pytest.mark.parametrize(("n_left", "n_right"), [(0, 0), (200, 0), (0, 200), (200, 200), (3, 2)])
@pytest.mark.parametrize("bar", [None, 20.7])
def test_windows_fill_the_span_once_and_hear_only_what_is_known(
    n_missing: int, n_left: int, n_right: int, bar: float | None
) -> None:
    is_known = np.ones(n_left + n_missing + n_right, bool)
    is_known[n_left : n_left + n_missing] = False
    taken = np.zeros(n_missing, int)
    for window in windows_over(n_missing, n_left, n_right, 64, bar=bar, origin=7.0):
        assert -n_left <= window.start <= window.first < window.last <= window.stop
        assert window.stop <= n_missing + n_right
        assert window.stop - window.start <= 64
        taken[window.first : window.last] += 1
        heard = is_known[window.start + n_left : window.stop + n_left]
        if n_left or n_right or window.first > 0:
            assert heard.any(), "a window that hears nothing"
        is_known[window.first + n_left : window.last + n_left] = True
    np.testing.assert_array_equal(taken, 1)


def test_a_short_gap_is_one_window_that_hears_both_sides() -> None:
    (window,) = windows_over(10, 100, 100, 64)
    assert window.start < 0
    assert window.stop > 10
    assert (window.first, window.last) == (0, 10)


def test_the_last_window_of_a_long_gap_hears_what_comes_after() -> None:
    *_, last = windows_over(200, 100, 100, 64)
    assert last.stop - 200 >= 64 // 3


def test_sound_before_is_made_from_its_end_on() -> None:
    first, *_, last = windows_over(200, 0, 100, 64)
    assert first.last == 200
    assert last.first == 0
    assert all(isinstance(each, Window) for each in (first, last))


def test_windows_begin_with_a_bar_where_they_can() -> None:
    bar, origin = 16.0, 40.0
    for window in windows_over(500, 40, 0, 64, bar=bar, origin=origin)[1:-1]:
        assert (window.start + origin) % bar == 0
