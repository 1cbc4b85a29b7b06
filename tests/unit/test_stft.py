"""Spectra of windows, their inverse, and phases for magnitudes that have none."""

from __future__ import annotations

import numpy as np
import pytest

from soundlet import stft as module
from soundlet.phase_recovery import follow_peaks, recover_phase
from soundlet.stft import BLOCK, SpectrogramFormat, Synthesis, blocks, stft

FORM = SpectrogramFormat(n_fft=512, hop_length=128, n_bands=8)


def noise(n_frames: int, batch: int = 1) -> module.Array:
    shape = (batch, n_frames * FORM.hop_length)
    return np.random.default_rng(n_frames).standard_normal(shape, dtype=np.float32)


def signal_of(spectra: module.Spectra) -> module.Array:
    synthesis = Synthesis(len(spectra), FORM)
    for block in blocks(len(spectra)):
        synthesis.add(spectra[block])
    return synthesis.finish()[FORM.edge : -FORM.edge]


def test_a_frame_is_the_spectrum_of_its_window() -> None:
    signal = noise(BLOCK + 3, batch=2)
    padded = np.pad(signal.astype(np.float64), ((0, 0), (FORM.edge, FORM.edge)))
    window = np.hanning(FORM.n_fft + 1)[:-1]
    spectra = stft(signal, FORM)
    assert spectra.dtype == np.complex64
    for frame in (0, 1, BLOCK - 1, BLOCK, BLOCK + 2):
        first = frame * FORM.hop_length
        expected = np.fft.rfft(padded[:, first : first + FORM.n_fft] * window * 2 / window.sum())
        assert np.abs(spectra[:, frame] - expected).max() < 1e-6


def test_a_full_scale_sine_has_magnitude_one() -> None:
    angle = 2 * np.pi * 20 / FORM.n_fft * np.arange(20 * FORM.hop_length)
    spectra = stft(np.sin(angle, dtype=np.float32)[None], FORM)
    assert abs(spectra[0, 10, 20]) == pytest.approx(1, abs=1e-3)


@pytest.mark.parametrize("n_frames", [1, 2, BLOCK - 1, BLOCK, BLOCK + 1, 2 * BLOCK + 5])
def test_the_inverse_gives_the_signal_back(n_frames: int) -> None:
    signal = noise(n_frames, batch=2)
    found = np.stack([signal_of(spectra) for spectra in stft(signal, FORM)])
    assert np.abs(found - signal).max() < 1e-5


def test_a_sum_of_windows_does_not_depend_on_the_blocks() -> None:
    spectra = stft(noise(60), FORM)[0]
    synthesis = Synthesis(60, FORM)
    sums = []
    for ends in ([40, 60], [1, 2, 3, 30, 31, 60], [20, 40, 60]):
        for first, last in zip([0, *ends], ends, strict=False):
            synthesis.add(spectra[first:last])
        sums.append(synthesis.finish().copy())
    assert np.array_equal(sums[0], sums[1])
    assert np.array_equal(sums[0], sums[2])


@pytest.mark.parametrize("n_frames", [5, 2 * BLOCK + 5])
def test_rounds_bring_a_signal_nearer_to_its_magnitudes(n_frames: int) -> None:
    magnitude = np.abs(stft(noise(n_frames), FORM))[0]

    def missed(iterations: int) -> float:
        phasors = recover_phase(magnitude, FORM, iterations)
        assert np.abs(np.abs(phasors) - 1).max() < 1e-3
        found = np.abs(stft(signal_of(magnitude * phasors)[None], FORM))[0]
        return float(np.square(found - magnitude).sum() / np.square(magnitude).sum())

    assert missed(16) < 0.5 * missed(0)


def test_phases_begin_where_they_are_told_to() -> None:
    signal = noise(30)
    spectra = stft(signal, FORM)[0]
    phasors = recover_phase(np.abs(spectra), FORM, 4, start=np.angle(spectra))
    assert np.abs(signal_of(np.abs(spectra) * phasors) - signal).max() < 1e-3


def test_a_steady_tone_keeps_its_phase_for_long() -> None:
    """Turns are counted, not added up until rounding has eaten their fractions."""
    n_frames, frequency = 8000, 20.3 / FORM.n_fft
    angle = 2 * np.pi * frequency * (np.arange(n_frames * FORM.hop_length) + 0.5)
    magnitude = np.abs(stft(np.sin(angle).astype(np.float32)[None], FORM))[0]
    phases = follow_peaks(magnitude, FORM)[10:-10, 20].astype(np.float64)
    steps = np.exp(1j * np.diff(phases))
    assert np.abs(steps - steps[0]).max() < 1e-3
