"""Short-time Fourier transform of many windows at once, and its least-squares inverse.

All that is worked on together fits a processor's nearest cache, and is allocated once: fresh memory
for each step would take longer than the transforms.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]
Spectra = NDArray[np.complex64]

BLOCK = 48  # windows that are worked on together
TINY = np.float32(1e-12)  # what keeps a magnitude that is divided by from being zero


@dataclass(frozen=True)
class SpectrogramFormat:
    """The sizes of a frame.

    Attributes:
        n_fft: window length in samples.
        hop_length: samples from one frame to the next; divides `n_fft` by at least 4.
        n_bands: bands of stereo parameters, narrow below and wide above.
    """

    n_fft: int
    hop_length: int
    n_bands: int

    @property
    def n_bins(self) -> int:
        """Frequency bins of a frame."""
        return self.n_fft // 2 + 1

    @property
    def n_features(self) -> int:
        """Numbers in a frame: levels, then balances, then coherences."""
        return self.n_bins + 2 * self.n_bands

    @property
    def overlap(self) -> int:
        """Windows that a sample is in."""
        return self.n_fft // self.hop_length

    @property
    def edge(self) -> int:
        """Samples of the first window before the signal, and of the last after it."""
        return (self.n_fft - self.hop_length) // 2


def blocks(frames: int) -> Iterator[slice]:
    """Frames from the first to the last, so many as are worked on together."""
    for first in range(0, frames, BLOCK):
        yield slice(first, min(first + BLOCK, frames))


def stft(signal: Array, form: SpectrogramFormat) -> Spectra:
    """Windowed spectra of (batch, samples), scaled so that a full-scale sine has magnitude 1.

    Returns:
        (batch, samples / hop_length, bins); frame k is centred on the middle of hop k.
    """
    padded = np.pad(signal, ((0, 0), (form.edge, form.edge)))
    frames = signal.shape[1] // form.hop_length
    spectra = np.empty((len(signal), frames, form.n_bins), np.complex64)
    for padded_one, spectra_one in zip(padded, spectra, strict=True):
        analysis = Analysis(padded_one, form)
        for block in blocks(frames):
            analysis.spectra(block, spectra_one[block])
    return spectra


class Analysis:
    """Spectra of a signal's windows, a block at a time."""

    def __init__(self, padded: Array, form: SpectrogramFormat) -> None:
        """`padded` is the signal with `form.edge` samples more before and after it."""
        windows = np.lib.stride_tricks.sliding_window_view(padded, form.n_fft)
        self._windows = windows[:: form.hop_length]
        self._weights = analysis_window(form) * np.float32(form.n_fft)
        self._weighted = np.empty((BLOCK, form.n_fft), np.float32)

    def spectra(self, block: slice, out: Spectra) -> None:
        """Write the spectra (block, bins) of the windows of `block`."""
        weighted = self._weighted[: block.stop - block.start]
        np.multiply(self._windows[block], self._weights, out=weighted)
        # Scaled, since without a scale NumPy 2 takes a detour through float64, at thrice the time.
        out[:] = np.fft.rfft(weighted, norm="forward")


class Synthesis:
    """The least-squares inverse of `stft`, of spectra that come a block at a time, from the first.

    Every sample is a sum in the order of its windows, whatever the blocks.
    """

    def __init__(self, frames: int, form: SpectrogramFormat) -> None:
        self._form = form
        self._before = before = form.overlap - 1
        self._window = analysis_window(form)
        self._weight = 1 / overlap_weight(form, frames)
        self._total = np.zeros((frames + before, form.hop_length), np.float32)
        self._pieces = np.zeros((before + BLOCK, form.overlap, form.hop_length), np.float32)
        self._done = 0

    def add(self, spectra: Spectra) -> None:
        """Add the next windows, of which `spectra` (block, bins) are."""
        count, before = len(spectra), self._before
        pieces = self._pieces[before : before + count].reshape(count, -1)
        np.multiply(np.fft.irfft(spectra, self._form.n_fft), self._window, out=pieces)
        self._sum(count)

    def finish(self) -> Array:
        """The signal with `form.edge` zeros before and after it; begins anew.

        It is valid until the next `finish`.
        """
        self._pieces[self._before :] = 0
        self._sum(self._before)
        self._pieces[:] = 0
        self._done = 0
        edge = self._form.edge
        signal = self._total.reshape(-1)
        signal[edge:-edge] *= self._weight
        signal[:edge] = signal[-edge:] = 0
        return signal

    def _sum(self, count: int) -> None:
        """The next hops, as many as windows have come."""
        before, total = self._before, self._total[self._done : self._done + count]
        total[:] = self._pieces[before : before + count, 0]
        for late in range(1, before + 1):
            total += self._pieces[before - late : before - late + count, late]
        self._pieces[:before] = self._pieces[count : count + before]
        self._done += count


@lru_cache(maxsize=8)
def analysis_window(form: SpectrogramFormat) -> Array:
    """(n_fft,): Hann's, scaled so that a full-scale sine has magnitude 1."""
    window = np.hanning(form.n_fft + 1)[:-1]
    scaled: Array = (window * 2 / window.sum()).astype(np.float32)
    return scaled


@lru_cache(maxsize=32)
def overlap_weight(form: SpectrogramFormat, frames: int) -> Array:
    """(frames * hop_length,): what the squares of the windows over each sample add up to."""
    squared = (analysis_window(form).astype(np.float64) ** 2).reshape(-1, form.hop_length)
    total = np.zeros((frames + form.overlap - 1, form.hop_length))
    for shift in range(form.overlap):
        total[shift : shift + frames] += squared[shift]
    return total.reshape(-1)[form.edge : -form.edge].astype(np.float32)
