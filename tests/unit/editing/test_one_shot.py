from __future__ import annotations

import numpy as np
import pytest

from soundlet.editing.one_shot import one_shot, onsets
from soundlet.errors import RequestError

RATE = 44100


def hits(*places: tuple[float, float]) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
    """Two seconds with a decaying noise burst of so much strength at each place."""
    audio = np.zeros((2, 2 * RATE), np.float32)
    noise = np.random.RandomState(0).randn(2, RATE // 4) * np.exp(-np.arange(RATE // 4) / 2000)
    for seconds, level in places:
        start = round(seconds * RATE)
        audio[:, start : start + RATE // 4] += (level * noise).astype(np.float32)
    return audio


def test_onsets_are_found_within_a_few_milliseconds() -> None:
    starts, _ = onsets(hits((0.3, 0.2), (0.8, 0.1), (1.4, 0.2)), RATE)
    np.testing.assert_allclose(starts / RATE, [0.3, 0.8, 1.4], atol=0.012)


def test_the_strongest_hit_ends_where_the_next_begins() -> None:
    audio = hits((0.3, 0.05), (0.8, 0.2), (1.0, 0.05))
    hit = one_shot(audio, RATE, at=None, longest=2)
    assert hit.start / RATE == pytest.approx(0.8, abs=0.015)
    assert 0.15 < hit.audio.shape[1] / RATE < 0.21
    assert np.abs(hit.audio[:, :400]).max() > 0.3 * np.abs(hit.audio).max()
    assert np.abs(hit.audio[:, -1]).max() < 1e-3


def test_a_hit_over_a_drone_begins_without_a_step() -> None:
    tone = 0.1 * np.sin(2 * np.pi * 55 * np.arange(2 * RATE) / RATE + 0.7)
    for at in (0.3, 0.8, 1.4):
        audio = hits((0.3, 0.2), (0.8, 0.2), (1.4, 0.2)) + tone.astype(np.float32)
        hit = one_shot(audio, RATE, at=at, longest=2)
        assert hit.start > 0
        assert np.abs(hit.audio[:, 0]).max() < 1e-3


def test_a_place_chooses_the_hit_near_it() -> None:
    audio = hits((0.3, 0.05), (0.8, 0.2), (1.4, 0.05))
    assert one_shot(audio, RATE, at=0.33, longest=2).start / RATE == pytest.approx(0.3, abs=0.015)


def test_it_is_no_longer_than_asked() -> None:
    assert one_shot(hits((0.3, 0.2)), RATE, at=None, longest=0.05).audio.shape[1] <= 0.05 * RATE


def test_silence_and_places_after_the_end_are_refused() -> None:
    with pytest.raises(RequestError, match="silent"):
        one_shot(np.zeros((2, RATE), np.float32), RATE, at=None, longest=1)
    with pytest.raises(RequestError, match=r"2 s long"):
        one_shot(hits((0.3, 0.2)), RATE, at=5, longest=1)
