import numpy as np
import pytest

from soundlet.evaluation.spectra import in_db, magnitudes, mel_matrix
from tests.unit.evaluation.sounds import RATE, sine, stereo


def test_a_full_scale_sine_has_magnitude_one() -> None:
    spectra = magnitudes(stereo(sine(RATE / 2048 * 100, 0.3, 1.0)), 2048, 512)
    assert spectra.shape == (2, -(-round(0.3 * RATE) // 512) + (round(0.3 * RATE) % 512 == 0), 1025)
    assert spectra[0, 12].argmax() == 100
    assert spectra[0, 12].max() == pytest.approx(1, abs=1e-3)


def test_every_mel_band_weighs_one() -> None:
    matrix = mel_matrix(1024, 40, 40.0, 16000.0)
    np.testing.assert_allclose(matrix.sum(axis=0), 1, rtol=1e-5)
    assert (np.diff(matrix.argmax(axis=0)) >= 0).all()


def test_levels_stop_at_the_floor() -> None:
    levels = in_db(np.array([1, 0.1, 0], np.float32), -60.0)
    np.testing.assert_allclose(levels, [0, -20, -60], atol=1e-4)
