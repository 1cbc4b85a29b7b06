from __future__ import annotations

import numpy as np
import pytest

from soundlet.editing.joining import joined, level_ratio

RATE, EDGE, N = 44100, 20000, 40000
TIME = np.arange(N) / RATE


def tone(phase: float) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
    return np.stack([np.sin(2 * np.pi * 441 * TIME + phase + side) for side in (0, 1)]).astype(
        np.float32
    )


@pytest.mark.parametrize("bridge", [False, True])
def test_outside_the_join_nothing_is_touched(bridge: bool) -> None:
    old, new = tone(0), tone(2)
    out = joined(old, new, EDGE, crossfade=800, bridge=bridge)
    np.testing.assert_array_equal(out[:, : EDGE - 800], old[:, : EDGE - 800])
    np.testing.assert_allclose(out[:, -8000:], new[:, -8000:], atol=1e-7)


def chord(seed: int) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
    """The same tones for every seed, each in another phase."""
    phases = np.random.RandomState(seed).uniform(0, 2 * np.pi, (2, 20, 1))
    hz = np.geomspace(150, 6000, 20)[:, None]
    tones = np.sin(2 * np.pi * hz * TIME + phases).mean(axis=1)
    both: np.ndarray[tuple[int, int], np.dtype[np.float32]] = tones.astype(np.float32)
    return both


def worst_frame(
    audio: np.ndarray[tuple[int, int], np.dtype[np.float32]],
    steady: np.ndarray[tuple[int, int], np.dtype[np.float32]],
) -> float:
    """The largest mean difference of a spectrum near the join from that of a chord that goes on."""
    levels = []
    for each in (audio, steady):
        around = each[:, EDGE - 3000 : EDGE + 7000]
        frames = np.lib.stride_tricks.sliding_window_view(around, 2048, axis=1)[:, ::128]
        levels.append(20 * np.log10(np.abs(np.fft.rfft(frames * np.hanning(2048))) + 0.1))
    return float(np.abs(levels[0] - levels[1]).mean(axis=(0, 2)).max())


def test_phases_are_found_that_meet() -> None:
    plain, bridged = (
        sum(
            worst_frame(joined(chord(s), chord(s + 50), EDGE, crossfade=800, bridge=b), chord(s))
            for s in range(4)
        )
        for b in (False, True)
    )
    assert bridged < 0.85 * plain, (bridged, plain)


def test_levels_are_compared_by_power_and_within_limits() -> None:
    assert level_ratio(tone(0), 0.8 * tone(1)) == pytest.approx(1.25, rel=1e-3)
    assert level_ratio(tone(0), 0.01 * tone(1)) == 2.0
    assert level_ratio(tone(0), 0 * tone(1)) == 1.0
    assert level_ratio(tone(0)[:, :0], tone(1)[:, :0]) == 1.0
