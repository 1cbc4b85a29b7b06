"""Decoding and hearing in PyTorch, so that what is heard of a sound can say how it should change.

The numbers are those of `soundlet.spectrogram` and `soundlet.hearing`, which need no PyTorch;
phases, and what is counted rather than measured, are taken as given.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from soundlet import hearing
from soundlet.phase_recovery import recover_phase
from soundlet.spectrogram import (
    FLOOR_DB,
    HIGHEST_LEVEL,
    band_of_bins,
    decorrelation,
    to_magnitude,
)
from soundlet.stft import SpectrogramFormat, analysis_window, overlap_weight

TINY = 1e-6  # what keeps a root that is 0 from having no derivative


def synthesised(frames: Tensor, form: SpectrogramFormat, iterations: int) -> Tensor:
    """The sound of frames, as `soundlet.spectrogram.synthesise` makes it.

    Gradients pass through levels and stereo; phases count as given.

    Args:
        frames: (features, frames) of one sound.
        form: the sizes of a frame.
        iterations: rounds of phase recovery.

    Returns:
        (2, frames * hop_length).
    """
    sizes = [form.n_bins, form.n_bands, form.n_bands]
    levels, balance, coherence = torch.split(frames.T, sizes, dim=1)
    floor = 10 ** (FLOOR_DB / 20)
    exponents = (1 - levels.clamp(max=HIGHEST_LEVEL)) * math.log(floor)
    magnitude = (exponents.exp() - floor).clamp(min=0)
    known = to_magnitude(levels.detach().numpy())
    spectra = magnitude * torch.from_numpy(recover_phase(known, form, iterations))
    angle = coherence.clamp(TINY - 1, 1 - TINY).arccos() / 2
    direct, diffuse = angle.cos(), angle.sin()
    balance = balance.clamp(-1, 1)
    left, right = (1 + balance).clamp(min=TINY).sqrt(), (1 - balance).clamp(min=TINY).sqrt()
    band = torch.from_numpy(band_of_bins(form))
    phasors = torch.from_numpy(decorrelation(form))
    return torch.stack(
        [
            _overlapped(spectra * (turned[:, band] * phasors + straight[:, band]), form)
            for straight, turned in (
                (direct * left, diffuse * left),
                (direct * right, -diffuse * right),
            )
        ]
    )


def _overlapped(spectra: Tensor, form: SpectrogramFormat) -> Tensor:
    """The least-squares inverse of windowed spectra (frames, bins): (samples,)."""
    count, hop = len(spectra), form.hop_length
    window = torch.from_numpy(analysis_window(form))
    pieces = torch.fft.irfft(spectra, form.n_fft, dim=1) * window
    n_padded = (count - 1) * hop + form.n_fft
    total = functional.fold(pieces.T[None], (1, n_padded), (1, form.n_fft), stride=(1, hop))
    samples = total[0, 0, 0, form.edge : form.edge + count * hop]
    return samples / torch.from_numpy(overlap_weight(form, count))


def heard(audio: Tensor, sample_rate: int) -> Tensor:
    """What is heard of a sound: see `soundlet.hearing.heard`.

    Args:
        audio: (2, samples).
        sample_rate: in Hz.

    Returns:
        (`hearing.N_HEARD`,).
    """
    mels, notes, width = _bands_of(audio, sample_rate)
    loudness = torch.log10((10 ** (2 * mels)).sum(dim=1)) / 2
    loudness = loudness - loudness.max()
    sounding = loudness > hearing.SOUNDING
    groups = mels.reshape(len(mels), hearing.N_GROUPS, -1).mean(dim=2)
    parts = [
        _timbre(mels, sounding),
        _register(notes[sounding]),
        _harmony(notes[sounding]),
        _rates(groups, sample_rate),
        _beats(mels, sample_rate),
        _after_onset(groups, loudness),
        _envelope(loudness),
        width.mean(dim=0, keepdim=True),
    ]
    return torch.cat(parts)


def _bands_of(audio: Tensor, sample_rate: int) -> tuple[Tensor, Tensor, Tensor]:
    """Levels of bands, levels of quarter-tones, and width: see `soundlet.hearing.bands_of`."""
    n_frames = max(1, -(-audio.shape[1] // hearing.HOP))
    sums = torch.stack([audio[0] + audio[1], audio[0] - audio[1]]) / 2
    padded = functional.pad(sums, (0, n_frames * hearing.HOP - audio.shape[1]))
    padded = padded / padded[0].abs().max().clamp(min=1e-9)
    short, long = _powers(padded, hearing.SHORT), _powers(padded[:1], hearing.LONG)
    middle, side = short.sum(dim=2) + float(hearing.TINY)
    widest = hearing.WIDEST / 10
    width = 10 * torch.log10(side / middle).clamp(hearing.FAINTEST / 10, widest)
    mels = short[0] @ torch.from_numpy(hearing.mel_matrix(sample_rate))
    notes = long[0] @ torch.from_numpy(hearing.note_matrix(sample_rate))
    return _levels(mels), _levels(notes), width / hearing.UNIT


def _powers(signals: Tensor, form: SpectrogramFormat) -> Tensor:
    """(signals, samples) to (signals, frames, bins)."""
    padded = functional.pad(signals, (form.edge, form.edge))
    windows = padded.unfold(1, form.n_fft, form.hop_length)
    spectra = torch.fft.rfft(windows * torch.from_numpy(analysis_window(form)), dim=2)
    return _squared(spectra)


def _levels(powers: Tensor) -> Tensor:
    share = powers / powers.max().clamp(min=float(hearing.TINY))
    levels: Tensor = 10 / hearing.UNIT * share.clamp(min=10 ** (hearing.FAINTEST / 10)).log10()
    return levels


def _timbre(mels: Tensor, sounding: Tensor) -> Tensor:
    chosen = mels[sounding]
    low, high = _percentiles(chosen, (hearing.SPREAD[0], hearing.SPREAD[-1]))
    steps = _changes(mels).abs()
    return torch.cat([chosen.mean(dim=0), low, high, _deviation(chosen), steps.mean(dim=0)])


def _register(notes: Tensor) -> Tensor:
    steps = notes.reshape(len(notes), -1, hearing.PER_STEP).mean(dim=2)
    return torch.cat([steps.mean(dim=0), _deviation(steps)])


def _harmony(notes: Tensor) -> Tensor:
    sharp = (notes - _smoothed(notes)).clamp(min=0)
    rises = (sharp[:, 1:-1] > sharp[:, :-2]) & (sharp[:, 1:-1] >= sharp[:, 2:])
    n_peaks = (rises & (notes[:, 1:-1] > hearing.PEAK)).sum(dim=1).float()
    alike = sharp / (_length(sharp, 1) + 1e-3)
    spectra = torch.fft.rfft(alike, 2 * 256, dim=1)
    overlaid = torch.fft.irfft(_squared(spectra), dim=1)
    moved = [
        1 - _percentiles((alike[lag:] * alike[:-lag]).sum(dim=1), hearing.SPREAD)
        if len(alike) > lag
        else torch.zeros(len(hearing.SPREAD))
        for lag in hearing.MOVES
    ]
    octaves = alike.mean(dim=0).reshape(hearing.N_OCTAVES, -1)[:, ::2]
    low = octaves[: hearing.LOW_OCTAVES].sum(dim=0)
    high = octaves[hearing.LOW_OCTAVES :].sum(dim=0)
    classes = [each / (_length(each, 0) + 1e-3) for each in (low + high, low)]
    return torch.cat(
        [
            3 * overlaid[:, 1 : hearing.INTERVALS].mean(dim=0),
            _percentiles(n_peaks, hearing.SPREAD) / 5,
            *(3 * each for each in moved),
            *classes,
        ]
    )


def _smoothed(notes: Tensor) -> Tensor:
    around = hearing.SMOOTH // 2
    padded = functional.pad(notes[:, None], (around, around), mode="replicate")
    return functional.avg_pool1d(padded, hearing.SMOOTH, 1)[:, 0]


def _rates(groups: Tensor, sample_rate: int) -> Tensor:
    n = len(groups)
    spectra = torch.fft.rfft(groups - groups.mean(dim=0), dim=0)
    power = (_squared(spectra)) / n**2
    hz = torch.arange(len(power)) * sample_rate / hearing.HOP / n
    sums = [power[(hz >= low) & (hz < high)].sum(dim=0) for low, high in pairwise(hearing.RATES)]
    logs: Tensor = torch.log(torch.stack(sums) + 1e-4) / 2
    return logs.flatten()


def _beats(mels: Tensor, sample_rate: int) -> Tensor:
    places = np.geomspace(hearing.SHORTEST_BEAT, hearing.LONGEST_BEAT, hearing.N_BEATS)
    lags = torch.from_numpy(places * sample_rate / hearing.HOP).float()
    found = []
    for rows in (mels, mels[:, : hearing.N_MELS // hearing.N_GROUPS * 2]):
        onsets = _changes(rows).clamp(min=0).sum(dim=1)
        onsets = onsets - onsets.mean()
        n_padded = 1 << (2 * len(onsets) + int(lags[-1])).bit_length()
        spectra = torch.fft.rfft(onsets, n_padded)
        repeated = torch.fft.irfft(_squared(spectra))
        before = lags.long().clamp(max=len(repeated) - 2)
        beyond = (lags - before).clamp(max=1)
        between = (1 - beyond) * repeated[before] + beyond * repeated[before + 1]
        found.append(between / (repeated[0] + 1e-6))
    return 2 * torch.cat(found)


def _after_onset(groups: Tensor, loudness: Tensor) -> Tensor:
    onset = int((loudness > hearing.PEAK).int().argmax())
    parts = [groups[onset + first : onset + last] for first, last in pairwise(hearing.AFTER_ONSET)]
    silence = torch.full((hearing.N_GROUPS,), hearing.FAINTEST / hearing.UNIT)
    return torch.cat([part.mean(dim=0) if len(part) else silence for part in parts])


def _envelope(loudness: Tensor) -> Tensor:
    audible = loudness.clamp(min=hearing.FAINTEST / hearing.UNIT)
    levels = _percentiles(audible, (5, 10, 25, 50, 75, 90))
    changes = _changes(loudness[:, None])[:, 0]
    sudden = [4 * (changes > limit).float().mean() for limit in hearing.RISES]
    return torch.cat([levels, _percentiles(changes, (1, 50, 95, 99)), torch.stack(sudden)])


def _percentiles(values: Tensor, percents: Sequence[float]) -> Tensor:
    """Along the first axis: (percents, ...)."""
    return torch.quantile(values, torch.tensor(percents, dtype=values.dtype) / 100, dim=0)


def _deviation(values: Tensor) -> Tensor:
    return (values.var(dim=0, unbiased=False) + TINY**2).sqrt()


def _length(values: Tensor, dim: int) -> Tensor:
    return (values.square().sum(dim=dim, keepdim=True) + TINY**2).sqrt()


def _changes(values: Tensor) -> Tensor:
    """From each row to the next, with 0 first."""
    return torch.diff(values, dim=0, prepend=values[:1])


def _squared(spectra: Tensor) -> Tensor:
    squares: Tensor = spectra.real.square() + spectra.imag.square()
    return squares
