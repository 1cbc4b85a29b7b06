"""Spectra of sounds, as every measure needs them: NumPy and SciPy only."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]

SAMPLE_RATE = 44100  # Hz, of all sounds that are measured
FLOOR_DB = -80.0


def magnitudes(signal: Array, n_fft: int, hop_length: int) -> Array:
    """Hann-windowed magnitude spectra; a full-scale sine has magnitude 1.

    Args:
        signal: (..., samples); silence is assumed before and after it.
        n_fft: window length in samples.
        hop_length: samples from one frame to the next.

    Returns:
        (..., frames, n_fft // 2 + 1), frame k centred on sample k * hop_length.
    """
    from scipy.fft import rfft

    around = [(0, 0)] * (signal.ndim - 1) + [(n_fft // 2, n_fft // 2)]
    padded = np.pad(signal.astype(np.float32, copy=False), around)
    windows = np.lib.stride_tricks.sliding_window_view(padded, n_fft, axis=-1)
    spectra = rfft(windows[..., ::hop_length, :] * _window(n_fft), axis=-1)
    found: Array = np.abs(spectra)
    return found


def in_db(amplitude: Array, floor_db: float = FLOOR_DB) -> Array:
    """Amplitudes in dB, never below `floor_db`."""
    levels: Array = 20 * np.log10(np.maximum(amplitude, np.float32(10 ** (floor_db / 20))))
    return levels


@lru_cache(maxsize=8)
def mel_matrix(n_fft: int, n_mels: int, low: float, high: float) -> Array:
    """(n_fft // 2 + 1, n_mels): triangles of area 1, equally spaced on the mel scale.

    Args:
        n_fft: window length of the spectra.
        n_mels: number of bands.
        low: lower edge of the first band, in Hz.
        high: upper edge of the last band, in Hz.
    """
    edges = np.linspace(_hz_to_mel(low), _hz_to_mel(high), n_mels + 2)
    hz = 700 * (10 ** (edges / 2595) - 1)
    bins = np.arange(n_fft // 2 + 1) * SAMPLE_RATE / n_fft
    rising = (bins[:, None] - hz[:-2]) / (hz[1:-1] - hz[:-2])
    falling = (hz[2:] - bins[:, None]) / (hz[2:] - hz[1:-1])
    triangles = np.maximum(0, np.minimum(rising, falling))
    # A band narrower than a bin may hold none: it takes the nearest one.
    nearest = np.abs(bins[:, None] - hz[1:-1]).argmin(axis=0)
    triangles[nearest, np.arange(n_mels)] += 1e-3
    matrix: Array = (triangles / triangles.sum(axis=0)).astype(np.float32)
    return matrix


def _hz_to_mel(hz: float) -> float:
    return float(2595 * np.log10(1 + hz / 700))


@lru_cache(maxsize=16)
def _window(n_fft: int) -> Array:
    window = np.hanning(n_fft + 1)[:-1]
    scaled: Array = (window * 2 / window.sum()).astype(np.float32)
    return scaled
