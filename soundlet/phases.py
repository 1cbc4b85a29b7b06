"""Phases found anew between samples that stay as they are: Griffin-Lim for seams and joins.

Spectra here are of whole windows only, in float64: nothing is padded. Those of whole clips, from
which a spectral codec makes its sound, are in `soundlet.spectrogram`.

Source: Griffin, Lim, "Signal estimation from modified short-time Fourier transform", 1984.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.float64]
Spectra = NDArray[np.complex128]

N_FFT, HOP = 2048, 512  # samples
ROUNDS = 30
_WINDOW = np.hanning(N_FFT + 1)[:-1]


def spectra_of(sound: Samples) -> Spectra:
    """(channels, samples) to (channels, windows, bins)."""
    frames = np.lib.stride_tricks.sliding_window_view(sound, N_FFT, axis=-1)
    return np.fft.rfft(frames[:, ::HOP] * _WINDOW)


def overlapped(spectra: Spectra, n_samples: int) -> Samples:
    """The least-squares inverse of `spectra_of`, but for the ends, where windows are missing."""
    pieces = np.fft.irfft(spectra, N_FFT) * _WINDOW
    total, weight = np.zeros((len(pieces), n_samples)), np.full(n_samples, 1e-9)
    for i in range(pieces.shape[1]):
        at = slice(i * HOP, i * HOP + N_FFT)
        total[:, at] += pieces[:, i]
        weight[at] += _WINDOW**2
    sound: Samples = total / weight
    return sound


def with_magnitudes(
    sound: Samples, target: NDArray[np.float64], keep: Callable[[Samples], Samples]
) -> Samples:
    """A sound whose windows have the magnitudes `target`, as nearly as what is kept allows.

    Args:
        sound: (channels, samples) to begin from.
        target: (channels, windows, bins).
        keep: puts the samples that must stay back into a sound.
    """
    for _ in range(ROUNDS):
        spectra = spectra_of(sound)
        spectra *= target / np.maximum(np.abs(spectra), 1e-12)
        sound = keep(overlapped(spectra, sound.shape[1]))
    return sound
