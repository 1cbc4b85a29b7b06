"""What is heard of a sound, as numbers: timbre, register, harmony, rhythm, envelope and width.

A network that judges sounds sees nothing else (`soundlet.agreement`). Nothing here is learnt, and
the list says little of the fine grain that tells a made sound from a recorded one: what has learnt
from real sounds has to judge made ones.
"""

from __future__ import annotations

from functools import lru_cache
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from soundlet.stft import Array, SpectrogramFormat, stft

Exact = NDArray[np.float64]
Chosen = NDArray[np.bool_]

HOP = 1024  # samples from one frame to the next
SHORT = SpectrogramFormat(2048, HOP, 0)
LONG = SpectrogramFormat(8192, HOP, 0)

N_MELS, LOWEST_MEL, HIGHEST_MEL = 64, 30.0, 16000.0  # Hz
N_GROUPS = 8  # of neighbouring mel bands
N_OCTAVES, PER_OCTAVE, LOWEST_NOTE = 7, 24, 32.703  # from C1, in Hz
N_NOTES = N_OCTAVES * PER_OCTAVE
PER_STEP = 6  # quarter-tones in a step of the register
LOW_OCTAVES = 3  # that a bass plays in

UNIT = 20.0  # dB
FAINTEST = -60.0  # dB under the loudest: what is below counts as silence
WIDEST = 20.0  # dB of the channels' difference over their mean
SOUNDING = -2.5  # units under the loudest frame: a frame that counts as sounding
PEAK = -1.5  # units: a note that stands out
TINY = np.float32(1e-9)

INTERVALS = 64  # quarter-tones that a spectrum is laid over itself by, and one
SMOOTH = 7  # quarter-tones
MOVES = (2, 4, 8, 16)  # frames
SPREAD = (10, 50, 90)  # percentiles
RATES = (0.4, 0.8, 1.5, 2.5, 4.0, 6.0, 9.0, 14.0, 21.0)  # Hz, between which levels move
N_BEATS, SHORTEST_BEAT, LONGEST_BEAT = 48, 0.1, 1.6  # seconds
AFTER_ONSET = (0, 2, 5, 13, 35, 86)  # frames
RISES = (0.15, 0.3, 0.6)  # units from one frame to the next


def heard(audio: Array, sample_rate: int) -> Array:
    """What is heard of a sound, whatever its level as a whole.

    Args:
        audio: (channels, samples), one or two of them, of any level and length, silence too.
        sample_rate: in Hz.

    Returns:
        (`N_HEARD`,) float32, most of them between -3 and 3.
    """
    mels, notes, width = bands_of(audio, sample_rate)
    loudness = np.log10((10 ** (2 * mels)).sum(axis=1)) / 2
    loudness -= loudness.max()
    sounding = loudness > SOUNDING
    groups = mels.reshape(len(mels), N_GROUPS, -1).mean(axis=2)
    parts = [
        _timbre(mels, sounding),
        _register(notes[sounding]),
        _harmony(notes[sounding]),
        _rates(groups, sample_rate),
        _beats(mels, sample_rate),
        _after_onset(groups, loudness),
        _envelope(loudness),
        width.mean(keepdims=True),
    ]
    return np.concatenate(parts).astype(np.float32)


def bands_of(audio: Array, sample_rate: int) -> tuple[Array, Array, Array]:
    """Levels over time.

    Arguments are those of `heard`.

    Returns:
        Mel bands (frames, 64) and quarter-tones (frames, 168) in units of 20 dB, 0 as loud as
        the loudest and -3 for 60 dB below it or less; and the width (frames,), the level of the
        channels' difference over that of their mean, in the same units. There is a frame for each
        begun `HOP` of samples, and at least one.
    """
    n_frames = max(1, -(-audio.shape[1] // HOP))
    padded = np.zeros((2, n_frames * HOP), np.float32)
    first, last = audio[0] / 2, audio[-1] / 2
    padded[0, : audio.shape[1]], padded[1, : audio.shape[1]] = first + last, first - last
    padded /= max(float(np.abs(padded[0]).max()), 1e-9)
    short, long = _powers(padded, SHORT), _powers(padded[:1], LONG)
    middle, side = short.sum(axis=2)
    width = 10 * np.log10((side + TINY) / (middle + TINY)).clip(FAINTEST / 10, WIDEST / 10)
    mels, notes = short[0] @ mel_matrix(sample_rate), long[0] @ note_matrix(sample_rate)
    return _levels(mels), _levels(notes), width / np.float32(UNIT)


def _powers(signals: Array, form: SpectrogramFormat) -> Array:
    """(signals, samples) to (signals, frames, bins)."""
    spectra = stft(signals, form)
    powers: Array = spectra.real**2 + spectra.imag**2
    return powers


def _levels(powers: Array) -> Array:
    """In units under the loudest of all, never below the faintest."""
    share = powers / np.maximum(powers.max(), TINY)
    levels: Array = 10 / UNIT * np.log10(np.maximum(share, np.float32(10 ** (FAINTEST / 10))))
    return levels


def _timbre(mels: Array, sounding: Chosen) -> Array:
    """How loud each band is, at its quietest and loudest too, and how it varies."""
    chosen = mels[sounding]
    low, high = np.percentile(chosen, (SPREAD[0], SPREAD[-1]), axis=0)
    steps = np.abs(np.diff(mels, axis=0, prepend=mels[:1]))
    rows = (chosen.mean(axis=0), low, high, chosen.std(axis=0), steps.mean(axis=0))
    return np.concatenate(rows)


def _register(notes: Array) -> Array:
    """How high it plays: levels of steps of three semitones, and how they vary."""
    steps = notes.reshape(len(notes), -1, PER_STEP).mean(axis=2)
    return np.concatenate([steps.mean(axis=0), steps.std(axis=0)])


def _harmony(notes: Array) -> Array:
    """Which notes sound together and after each other: tells chords, tunes, noises and keys."""
    sharp = np.maximum(notes - _smoothed(notes), 0)
    rises = (sharp[:, 1:-1] > sharp[:, :-2]) & (sharp[:, 1:-1] >= sharp[:, 2:])
    n_peaks = (rises & (notes[:, 1:-1] > PEAK)).sum(axis=1)
    alike = sharp / (np.linalg.norm(sharp, axis=1, keepdims=True) + np.float32(1e-3))
    spectra = np.fft.rfft(alike, 2 * 256, axis=1)  # more than notes and intervals together
    overlaid = np.fft.irfft(np.abs(spectra) ** 2, axis=1)[:, 1:INTERVALS].mean(axis=0)
    moved = [
        1 - np.percentile((alike[lag:] * alike[:-lag]).sum(axis=1), SPREAD)
        if len(alike) > lag
        else np.zeros(len(SPREAD))
        for lag in MOVES
    ]
    octaves = alike.mean(axis=0).reshape(N_OCTAVES, -1)[:, ::2]  # what lies between is out of tune
    low, high = octaves[:LOW_OCTAVES].sum(axis=0), octaves[LOW_OCTAVES:].sum(axis=0)
    classes = [each / (np.linalg.norm(each) + 1e-3) for each in (low + high, low)]
    return np.concatenate(
        [3 * overlaid, np.percentile(n_peaks, SPREAD) / 5, *(3 * each for each in moved), *classes]
    )


def _smoothed(notes: Array) -> Array:
    """The mean of neighbours along the last axis."""
    around = SMOOTH // 2
    padded = np.pad(notes, ((0, 0), (around + 1, around)), mode="edge")
    total = np.cumsum(padded, axis=1, dtype=np.float64)
    return ((total[:, SMOOTH:] - total[:, :-SMOOTH]) / SMOOTH).astype(np.float32)


def _rates(groups: Array, sample_rate: int) -> Array:
    """How strongly the levels of groups of bands move, at slow and fast rates."""
    n = len(groups)
    power = np.abs(np.fft.rfft(groups - groups.mean(axis=0), axis=0)) ** 2 / n**2
    hz = np.arange(len(power)) * sample_rate / HOP / n
    sums = [power[(hz >= low) & (hz < high)].sum(axis=0) for low, high in pairwise(RATES)]
    return (np.log(np.stack(sums) + 1e-4).ravel() / 2).astype(np.float32)


def _beats(mels: Array, sample_rate: int) -> Array:
    """How far onsets of all bands, and of low ones, come again after 0.1 to 1.6 seconds."""
    found = []
    lags = np.geomspace(SHORTEST_BEAT, LONGEST_BEAT, N_BEATS) * sample_rate / HOP
    for rows in (mels, mels[:, : N_MELS // N_GROUPS * 2]):
        onsets = np.maximum(np.diff(rows, axis=0, prepend=rows[:1]), 0).sum(axis=1)
        onsets = onsets - onsets.mean()
        n_padded = 1 << (2 * len(onsets) + int(lags[-1])).bit_length()
        power = np.abs(np.fft.rfft(onsets, n_padded)) ** 2
        repeated = np.fft.irfft(power)
        found.append(np.interp(lags, np.arange(len(repeated)), repeated) / (repeated[0] + 1e-6))
    return 2 * np.concatenate(found)


def _after_onset(groups: Array, loudness: Array) -> Array:
    """The levels of groups of bands in the first moments of the sound."""
    onset = int(np.argmax(loudness > PEAK))
    parts = [groups[onset + first : onset + last] for first, last in pairwise(AFTER_ONSET)]
    silence = np.full(N_GROUPS, FAINTEST / UNIT)
    return np.concatenate([part.mean(axis=0) if len(part) else silence for part in parts])


def _envelope(loudness: Array) -> Array:
    """How the level is spread, and how suddenly it changes."""
    levels = np.percentile(np.maximum(loudness, FAINTEST / UNIT), (5, 10, 25, 50, 75, 90))
    changes = np.diff(loudness, prepend=loudness[:1])
    sudden = [4 * np.mean(changes > limit) for limit in RISES]
    return np.concatenate([levels, np.percentile(changes, (1, 50, 95, 99)), sudden])


@lru_cache(maxsize=4)
def mel_matrix(sample_rate: int) -> Array:
    """(bins of `SHORT`, `N_MELS`): triangles that overlap by half, each of sum 1."""
    edges = np.linspace(_mel(LOWEST_MEL), _mel(HIGHEST_MEL), N_MELS + 2)
    hz = 700 * np.expm1(edges / 1127)
    bins = np.arange(SHORT.n_bins) * sample_rate / SHORT.n_fft
    rising = (bins[:, None] - hz[:-2]) / (hz[1:-1] - hz[:-2])
    falling = (hz[2:] - bins[:, None]) / (hz[2:] - hz[1:-1])
    return _of_sum_one(np.maximum(0, np.minimum(rising, falling)), bins, hz[1:-1])


@lru_cache(maxsize=4)
def note_matrix(sample_rate: int) -> Array:
    """(bins of `LONG`, `N_NOTES`): a triangle around each quarter-tone, of sum 1."""
    hz = LOWEST_NOTE * 2 ** (np.arange(N_NOTES) / PER_OCTAVE)
    bins = np.arange(LONG.n_bins) * sample_rate / LONG.n_fft
    width = np.maximum(hz * (2 ** (1 / PER_OCTAVE) - 1), sample_rate / LONG.n_fft)
    return _of_sum_one(np.maximum(0, 1 - np.abs(bins[:, None] - hz) / width), bins, hz)


def _of_sum_one(triangles: Exact, bins: Exact, middles: Exact) -> Array:
    """The same with columns of sum 1; one that is narrower than a bin takes the nearest."""
    nearest = np.abs(bins[:, None] - middles).argmin(axis=0)
    triangles[nearest, np.arange(len(middles))] += 1e-3
    scaled: Array = (triangles / triangles.sum(axis=0)).astype(np.float32)
    return scaled


def _mel(hz: float) -> float:
    return float(1127 * np.log1p(hz / 700))


_FIRST_CLASS = (
    5 * N_MELS + 2 * N_NOTES // PER_STEP + (INTERVALS - 1) + len(SPREAD) * (1 + len(MOVES))
)
CLASSES = slice(_FIRST_CLASS, _FIRST_CLASS + PER_OCTAVE)
"""Where the classes of the notes are, C first: those of all, then those of low ones."""

N_HEARD = (
    CLASSES.stop
    + N_GROUPS * (len(RATES) - 1)
    + 2 * N_BEATS
    + N_GROUPS * (len(AFTER_ONSET) - 1)
    + 13
    + 1
)
"""How many numbers are heard."""
