from __future__ import annotations

import numpy as np
import pytest

import soundlet
from soundlet.editing.placing import put

RATE, N = 44100, 3 * 44100


@pytest.mark.parametrize("crossfade", [0.02, 0.2])
def test_nothing_beside_what_is_new_is_louder_than_full_scale(crossfade: float) -> None:
    rng = np.random.RandomState(3)
    kept = np.sign(rng.normal(size=(2, N))).astype(np.float32)  # found anew, its peaks are higher
    new = rng.uniform(-0.5, 0.5, (2, N)).astype(np.float32)
    place, out = (RATE, 2 * RATE), kept.copy()
    gain = put(out, new, RATE, place, crossfade, RATE, soundlet.load(threads=1))
    assert np.abs(out).max() <= 1
    assert 0 < gain <= 1
    reach = round(crossfade * RATE)
    np.testing.assert_array_equal(out[:, : RATE - reach], kept[:, : RATE - reach])
    np.testing.assert_array_equal(out[:, 2 * RATE + reach :], kept[:, 2 * RATE + reach :])
    assert np.abs(out - kept)[:, RATE : 2 * RATE].mean() > 0.5
