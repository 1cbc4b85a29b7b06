"""Stereo sound as spectrogram frames, and back: the representation behind the spectral codec.

A frame holds one level per frequency bin for both channels together, and per band where the sound
lies between left and right (balance) and how alike the channels are (coherence), as parametric
stereo codecs do. Phase is not kept: `synthesise` recovers it, first by following the spectral
peaks from frame to frame, then by a few rounds of fast Griffin-Lim.

Sources: Perraudin, Balazs, Søndergaard, "A fast Griffin-Lim algorithm", 2013; Beauregard, Harish,
Wyse, "Single pass spectrogram inversion", 2015; Breebaart et al., "Parametric coding of stereo
audio", 2005.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]
Spectra = NDArray[np.complex64]

FLOOR_DB = -90.0  # level 0 of a frame; level 1 is a full-scale sine
HIGHEST_LEVEL = 2.0  # 90 dB over full scale: beyond any sound, short of overflow
TINY = np.float32(1e-12)


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


def analyse(audio: Array, form: SpectrogramFormat) -> Array:
    """Frames of stereo sound.

    Args:
        audio: (batch, 2, samples), a whole number of hops long.
        form: the sizes of a frame.

    Returns:
        (batch, features, frames) with one frame a hop: levels (0 at -90 dBFS, 1 at a full-scale
        sine), balances (-1 right, 1 left) and coherences (-1 to 1).
    """
    left, right = stft(audio[:, 0], form), stft(audio[:, 1], form)
    power_left, power_right = _power(left), _power(right)
    magnitude = np.sqrt((power_left + power_right) / 2)
    bands = band_matrix(form)
    energy_left, energy_right = power_left @ bands, power_right @ bands
    cross = (left.real * right.real + left.imag * right.imag) @ bands
    balance = (energy_left - energy_right) / (energy_left + energy_right + TINY)
    coherence = (cross + TINY) / (np.sqrt(energy_left * energy_right) + TINY)
    frames = np.concatenate([to_level(magnitude), balance, coherence], axis=-1)
    return np.ascontiguousarray(frames.swapaxes(-1, -2), dtype=np.float32)


def synthesise(frames: Array, form: SpectrogramFormat, *, iterations: int = 16) -> Array:
    """Sound whose frames are as near to `frames` as phase recovery gets.

    Args:
        frames: (batch, features, frames) as `analyse` gives them.
        form: the sizes of a frame.
        iterations: rounds of fast Griffin-Lim after the peaks have been followed.

    Returns:
        (batch, 2, frames * hop_length) float32.
    """
    return np.stack([_synthesise_one(item.T, form, iterations) for item in frames])


def synthesise_pieces(
    frames_until: Callable[[int], Array],
    n_frames: int,
    form: SpectrogramFormat,
    *,
    iterations: int = 16,
) -> Iterator[Array]:
    """What `synthesise` makes of one clip, from its start, piece by piece.

    A frame of a round of Griffin-Lim depends on the frames whose windows overlap its own, so a
    piece is made from its frames and so many rounds of neighbours: the samples are the same.

    Args:
        frames_until: gives (features, frames) as `analyse` does: at least so many, from the first.
            It is asked for few of them at first, and for more as they are needed.
        n_frames: there are in all.
        form: the sizes of a frame.
        iterations: rounds of fast Griffin-Lim after the peaks have been followed.

    Yields:
        (2, samples) float32; a short piece first, and longer ones after it, so that a listener
        has each before the one before it has been played.
    """
    hop = form.hop_length
    reach = (iterations + 1) * (form.n_fft // hop - 1)
    start = np.zeros((0, form.n_bins), np.float32)
    turned = np.zeros(form.n_bins)
    first, length = 0, max(1, reach // 2)
    while first < n_frames:
        last = min(first + length, n_frames)
        left, right = max(first - reach, 0), min(last + reach, n_frames)
        frames = frames_until(right)
        if right > len(start):  # peaks are followed forwards: what comes later changes nothing
            levels = frames[: form.n_bins, len(start) : right].T
            phases, turned = _followed(to_magnitude(levels), form, turned)
            start = np.concatenate([start, phases])
        piece = _synthesise_one(frames[:, left:right].T, form, iterations, start[left:right])
        yield piece[:, (first - left) * hop : (last - left) * hop]
        first, length = last, min(4 * reach, max(4 * length, 2 * reach))


def to_level(magnitude: Array) -> Array:
    """Level of a magnitude: 0 at or below -90 dBFS, 1 at full scale."""
    floor = np.float32(10 ** (FLOOR_DB / 20))
    level: Array = 1 - np.log(magnitude + floor) / np.log(floor)
    return level


def to_magnitude(level: Array) -> Array:
    """The inverse of `to_level`, never below 0; levels above 2 count as 2."""
    floor = np.float32(10 ** (FLOOR_DB / 20))
    level = np.minimum(level, np.float32(HIGHEST_LEVEL))
    magnitude: Array = np.maximum(np.exp((1 - level) * np.log(floor)) - floor, np.float32(0))
    return magnitude


def stft(signal: Array, form: SpectrogramFormat) -> Spectra:
    """Windowed spectra of (batch, samples), scaled so that a full-scale sine has magnitude 1.

    Returns:
        (batch, samples / hop_length, bins); frame k is centred on the middle of hop k.
    """
    edge = (form.n_fft - form.hop_length) // 2
    padded = np.pad(signal, ((0, 0), (edge, edge)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, form.n_fft, axis=-1)
    spectra = np.fft.rfft(windows[:, :: form.hop_length] * _analysis_window(form), axis=-1)
    return spectra.astype(np.complex64, copy=False)


def istft(spectra: Spectra, form: SpectrogramFormat) -> Array:
    """The least-squares inverse of `stft`: (batch, frames, bins) to (batch, samples)."""
    batch, frames, _ = spectra.shape
    hop, overlap = form.hop_length, form.n_fft // form.hop_length
    pieces = np.fft.irfft(spectra, n=form.n_fft, axis=-1).astype(np.float32, copy=False)
    pieces = (pieces * _analysis_window(form)).reshape(batch, frames, overlap, hop)
    total = np.zeros((batch, frames + overlap - 1, hop), dtype=np.float32)
    for shift in range(overlap):
        total[:, shift : shift + frames] += pieces[:, :, shift]
    edge = (form.n_fft - hop) // 2
    samples: Array = total.reshape(batch, -1)[:, edge : edge + frames * hop]
    scaled: Array = samples / _overlap_weight(form, frames)
    return scaled


@lru_cache(maxsize=8)
def band_of_bins(form: SpectrogramFormat) -> NDArray[np.intp]:
    """(bins,): the band of each bin, equally wide on the Bark scale."""
    position = np.linspace(0, 1, form.n_bins) * 22.05  # kHz at 44.1 kHz
    bark = 13 * np.arctan(0.76 * position) + 3.5 * np.arctan((position / 7.5) ** 2)
    band: NDArray[np.intp] = (bark / bark[-1] * form.n_bands).astype(np.intp)
    return np.minimum(band, form.n_bands - 1)


@lru_cache(maxsize=8)
def band_matrix(form: SpectrogramFormat) -> Array:
    """(bins, bands) of zeros and ones: 1 where the bin is of the band."""
    matrix: Array = np.eye(form.n_bands, dtype=np.float32)[band_of_bins(form)]
    return matrix


@lru_cache(maxsize=8)
def _analysis_window(form: SpectrogramFormat) -> Array:
    window = np.hanning(form.n_fft + 1)[:-1]
    scaled: Array = (window * 2 / window.sum()).astype(np.float32)
    return scaled


@lru_cache(maxsize=32)
def _overlap_weight(form: SpectrogramFormat, frames: int) -> Array:
    squared = (_analysis_window(form).astype(np.float64) ** 2).reshape(-1, form.hop_length)
    overlap = len(squared)
    total = np.zeros((frames + overlap - 1, form.hop_length))
    for shift in range(overlap):
        total[shift : shift + frames] += squared[shift]
    edge = (form.n_fft - form.hop_length) // 2
    return total.reshape(-1)[edge : edge + frames * form.hop_length].astype(np.float32)


def _power(spectra: Spectra) -> Array:
    power: Array = spectra.real**2 + spectra.imag**2
    return power


def _unit(spectra: Spectra) -> Spectra:
    unit: Spectra = spectra / (np.abs(spectra) + TINY)
    return unit


def _synthesise_one(
    frames: Array, form: SpectrogramFormat, iterations: int, start: Array | None = None
) -> Array:
    levels, balance, coherence = np.split(
        frames, [form.n_bins, form.n_bins + form.n_bands], axis=-1
    )
    magnitude = to_magnitude(levels)
    phase = recover_phase(magnitude, form, iterations, start=start)
    balance, angle = np.clip(balance, -1, 1), np.arccos(np.clip(coherence, -1, 1)) / 2
    # Looked up, not multiplied by the matrix: after so large a product, OpenBLAS's threads spin
    # for tens of milliseconds on cores that other work wants.
    left_gain, right_gain, direct, diffuse = (
        of_bands[:, band_of_bins(form)]
        for of_bands in (np.sqrt(1 + balance), np.sqrt(1 - balance), np.cos(angle), np.sin(angle))
    )
    diffuse = diffuse * _decorrelation(form)
    core = magnitude * phase
    left = core * (direct + diffuse) * left_gain
    right = core * (direct - diffuse) * right_gain
    return istft(np.stack([left, right]).astype(np.complex64), form)


@lru_cache(maxsize=8)
def _decorrelation(form: SpectrogramFormat) -> Spectra:
    """A fixed phase a bin, slowly winding, that makes the diffuse part unlike the direct one."""
    turns = np.random.RandomState(7).uniform(-0.5, 0.5, form.n_bins // 8 + 2)
    curve = np.interp(np.arange(form.n_bins) / 8, np.arange(len(turns)), turns)
    phasors: Spectra = (1j * np.exp(2j * np.pi * curve)).astype(np.complex64)
    return phasors


def recover_phase(
    magnitude: Array,
    form: SpectrogramFormat,
    iterations: int,
    momentum: float = 0.99,
    *,
    start: Array | None = None,
) -> Spectra:
    """Unit phasors under which `magnitude` (frames, bins) comes close to a real signal's STFT.

    `start` are the phases to begin with; None follows the peaks.
    """
    target = magnitude[None].astype(np.float32)
    if start is None:
        start = follow_peaks(magnitude, form)
    phase = np.exp(1j * start).astype(np.complex64)[None]
    previous = target * phase
    for _ in range(iterations):
        rebuilt = stft(istft(target * phase, form), form)
        phase = _unit(rebuilt + np.float32(momentum) * (rebuilt - previous))
        previous = rebuilt
    unit: Spectra = phase[0]
    return unit


def follow_peaks(magnitude: Array, form: SpectrogramFormat) -> Array:
    """Phases (frames, bins) that advance from frame to frame at the frequency of the next peak."""
    return _followed(magnitude, form, np.zeros(form.n_bins))[0]


def _followed(
    magnitude: Array, form: SpectrogramFormat, turned: NDArray[np.float64]
) -> tuple[Array, NDArray[np.float64]]:
    """The phases of frames that come after others.

    Args:
        magnitude: (frames, bins).
        form: the sizes of a frame.
        turned: (bins,), by how much the frames before have advanced.

    Returns:
        Phases (frames, bins), and by how much all have advanced: (bins,).
    """
    log = np.log(magnitude + np.float32(1e-7))
    peak = np.zeros(log.shape, dtype=bool)
    peak[:, 1:-1] = (log[:, 1:-1] >= log[:, :-2]) & (log[:, 1:-1] > log[:, 2:])
    curvature = log[:, :-2] - 2 * log[:, 1:-1] + log[:, 2:]
    offset = np.zeros_like(log)
    offset[:, 1:-1] = 0.5 * (log[:, :-2] - log[:, 2:]) / np.minimum(curvature, np.float32(-1e-6))
    bins = np.arange(form.n_bins)
    below = np.maximum.accumulate(np.where(peak, bins, 0), axis=1)
    above = np.minimum.accumulate(np.where(peak, bins, form.n_bins - 1)[:, ::-1], axis=1)[:, ::-1]
    nearest = np.where(bins - below <= above - bins, below, above)
    frequency = nearest + np.clip(np.take_along_axis(offset, nearest, axis=1), -0.5, 0.5)
    advance = 2 * np.pi * form.hop_length / form.n_fft * frequency
    turns = np.cumsum(np.concatenate([turned[None], advance]), axis=0)[1:]
    middle = turns - advance / 2
    # A window's spectrum turns by half a cycle a bin when its middle, not its start, is the origin.
    phase: Array = (middle - np.pi * (bins - nearest)).astype(np.float32)
    return phase, turns[-1]
