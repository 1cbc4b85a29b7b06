"""Phases for magnitudes that have none: peaks are followed, then a few rounds of fast Griffin-Lim.

Sources: Perraudin, Balazs, Søndergaard, "A fast Griffin-Lim algorithm", 2013; Beauregard, Harish,
Wyse, "Single pass spectrogram inversion", 2015.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from soundlet.stft import (
    BLOCK,
    TINY,
    Analysis,
    Array,
    Spectra,
    SpectrogramFormat,
    Synthesis,
    blocks,
)

ONE = np.float32(1)
MOMENTUM = np.float32(0.99)


def recover_phase(
    magnitude: Array, form: SpectrogramFormat, iterations: int, *, start: Array | None = None
) -> Spectra:
    """Unit phasors under which `magnitude` (frames, bins) comes close to a real signal's STFT.

    `start` are the phases to begin with; None follows the peaks.
    """
    frames = len(magnitude)
    if start is None:
        start = follow_peaks(magnitude, form)
    phasors = np.empty(magnitude.shape, np.complex64)
    np.cos(start, out=phasors.real)
    np.sin(start, out=phasors.imag)
    if not iterations:
        return phasors
    spectra = phasors  # in the memory that the phasors will be in at last
    synthesis, next_synthesis = Synthesis(frames, form), Synthesis(frames, form)
    for block in blocks(frames):
        spectra[block] *= magnitude[block]
        synthesis.add(spectra[block])
    rebuilt_block = np.empty((BLOCK, form.n_bins), np.complex64)
    scale_block = np.empty((BLOCK, form.n_bins), np.float32)
    for left in reversed(range(iterations)):
        analysis = Analysis(synthesis.finish(), form)
        for block in blocks(frames):
            count = block.stop - block.start
            rebuilt, scale, before = rebuilt_block[:count], scale_block[:count], spectra[block]
            analysis.spectra(block, rebuilt)
            ahead = np.subtract(rebuilt, before, out=before)
            ahead *= MOMENTUM
            ahead += rebuilt
            np.abs(ahead, out=scale)
            scale += TINY
            np.divide(magnitude[block] if left else ONE, scale, out=scale)
            ahead *= scale
            if left:
                next_synthesis.add(ahead)
                spectra[block] = rebuilt
        synthesis, next_synthesis = next_synthesis, synthesis
    return phasors


def follow_peaks(magnitude: Array, form: SpectrogramFormat) -> Array:
    """Phases (frames, bins) that advance from frame to frame at the frequency of the next peak."""
    return followed(magnitude, form, np.zeros(form.n_bins))[0]


def followed(
    magnitude: Array, form: SpectrogramFormat, turned: NDArray[np.float64]
) -> tuple[Array, NDArray[np.float64]]:
    """The phases of frames that come after others.

    Args:
        magnitude: (frames, bins).
        form: the sizes of a frame.
        turned: (bins,) turns by which the frames before have advanced.

    Returns:
        Phases (frames, bins), and by how many turns all have advanced: (bins,).
    """
    phases = np.empty(magnitude.shape, np.float32)
    bins = np.arange(form.n_bins)
    for block in blocks(len(magnitude)):
        nearest, frequency = _nearest_peaks(magnitude[block])
        advance = frequency * (form.hop_length / form.n_fft)
        turns = np.cumsum(np.concatenate([turned[None], advance]), axis=0)[1:]
        turned = turns[-1].copy()
        # A window's spectrum turns by half a cycle a bin when its middle is the origin.
        turns -= advance / 2 + (bins - nearest) / 2
        turns -= np.floor(turns)
        phases[block] = 2 * np.pi * turns
    return phases, turned


def _nearest_peaks(magnitude: Array) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """Of each bin the nearest that is a peak of its frame, and where between bins that peak lies.

    Args:
        magnitude: (frames, bins); the first and the last bin count as peaks.

    Returns:
        Both (frames, bins), in bins.
    """
    n_bins = magnitude.shape[1]
    log = np.log(magnitude + np.float32(1e-7))
    is_peak = np.ones(log.shape, dtype=bool)
    is_peak[:, 1:-1] = (log[:, 1:-1] >= log[:, :-2]) & (log[:, 1:-1] > log[:, 2:])
    peaks = np.flatnonzero(is_peak)  # counted through all frames, as are the bins around them
    levels, place = log.reshape(-1), peaks % n_bins
    below, at, above = (levels.take(peaks + by, mode="clip") for by in (-1, 0, 1))
    offset = 0.5 * (below - above) / np.minimum(below - 2 * at + above, np.float32(-1e-6))
    offset[(place == 0) | (place == n_bins - 1)] = 0
    first = np.concatenate([[0], (peaks[:-1] + peaks[1:]) // 2 + 1, [levels.size]])
    reach = np.diff(first)
    nearest = np.repeat(place, reach).reshape(log.shape)
    frequency = np.repeat(place + np.clip(offset, -0.5, 0.5).astype(np.float64), reach)
    return nearest, frequency.reshape(log.shape)
