"""Stereo sound as spectrogram frames, and back: the representation behind the spectral codec.

A frame holds one level per frequency bin for both channels together, and per band where the sound
lies between left and right (balance) and how alike the channels are (coherence), as parametric
stereo codecs do. Phase is not kept: `synthesise` recovers it.

Source: Breebaart et al., "Parametric coding of stereo audio", 2005.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from soundlet.phase_recovery import followed, recover_phase
from soundlet.stft import TINY, Array, Spectra, SpectrogramFormat, Synthesis, blocks, stft

FLOOR_DB = -90.0  # level 0 of a frame; level 1 is a full-scale sine
HIGHEST_LEVEL = 2.0  # 90 dB over full scale: beyond any sound, short of overflow


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
            phases, turned = followed(to_magnitude(levels), form, turned)
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


def _power(spectra: Spectra) -> Array:
    power: Array = spectra.real**2 + spectra.imag**2
    return power


def _synthesise_one(
    frames: Array, form: SpectrogramFormat, iterations: int, start: Array | None = None
) -> Array:
    levels, balance, coherence = np.split(
        frames, [form.n_bins, form.n_bins + form.n_bands], axis=-1
    )
    magnitude = to_magnitude(levels)
    spectra = recover_phase(magnitude, form, iterations, start=start)
    spectra *= magnitude
    balance, angle = np.clip(balance, -1, 1), np.arccos(np.clip(coherence, -1, 1)) / 2
    direct, diffuse = np.cos(angle), np.sin(angle)
    left, right = np.sqrt(1 + balance), np.sqrt(1 - balance)
    # Looked up, not multiplied by the matrix: after so large a product, OpenBLAS's threads spin
    # for tens of milliseconds on cores that other work wants.
    band, phasors = band_of_bins(form), decorrelation(form)
    audio = np.empty((2, len(frames) * form.hop_length), np.float32)
    synthesis = Synthesis(len(frames), form)
    for channel, straight, turned in zip(
        audio, (direct * left, direct * right), (diffuse * left, -diffuse * right), strict=True
    ):
        for block in blocks(len(frames)):
            gain = turned[block][:, band] * phasors
            gain += straight[block][:, band]
            gain *= spectra[block]
            synthesis.add(gain)
        channel[:] = synthesis.finish()[form.edge : -form.edge]
    return audio


@lru_cache(maxsize=8)
def decorrelation(form: SpectrogramFormat) -> Spectra:
    """(bins,): a fixed phase each, slowly winding: the diffuse part becomes unlike the direct."""
    turns = np.random.RandomState(7).uniform(-0.5, 0.5, form.n_bins // 8 + 2)
    curve = np.interp(np.arange(form.n_bins) / 8, np.arange(len(turns)), turns)
    phasors: Spectra = (1j * np.exp(2j * np.pi * curve)).astype(np.complex64)
    return phasors
