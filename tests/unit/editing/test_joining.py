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
    phases = np.random.RandomState(seed).uniform(0, 2 * np.pi, (2, 9, 1))
    hz = 110 * 2 ** (np.array([0, 4, 7, 12, 16, 19, 24, 28, 31])[:, None] / 12)
    return np.sin(2 * np.pi * hz * TIME + phases).mean(axis=1).astype(np.float32)


def test_phases_are_found_that_meet() -> None:
    old, new = chord(1), chord(2)
    around = slice(EDGE - 3000, EDGE + 7000)

    def error(audio: np.ndarray[tuple[int, int], np.dtype[np.float32]]) -> float:
        """How far the levels of the tones are from what they are in a chord that goes on."""
        frames = np.lib.stride_tricks.sliding_window_view(audio[:, around], 4096, axis=1)[:, ::256]
        spectra = np.abs(np.fft.rfft(frames * np.hanning(4096)))
        steady = np.lib.stride_tricks.sliding_window_view(old[:, around], 4096, axis=1)[:, ::256]
        expected = np.abs(np.fft.rfft(steady * np.hanning(4096)))
        return float(np.linalg.norm(spectra - expected) / np.linalg.norm(expected))

    crossfaded = error(joined(old, new, EDGE, crossfade=800, bridge=False))
    bridged = error(joined(old, new, EDGE, crossfade=800, bridge=True))
    assert bridged < 0.75 * crossfaded, (bridged, crossfaded)


def test_levels_are_compared_by_power_and_within_limits() -> None:
    assert level_ratio(tone(0), 0.8 * tone(1)) == pytest.approx(1.25, rel=1e-3)
    assert level_ratio(tone(0), 0.01 * tone(1)) == 2.0
    assert level_ratio(tone(0), 0 * tone(1)) == 1.0
    assert level_ratio(tone(0)[:, :0], tone(1)[:, :0]) == 1.0
