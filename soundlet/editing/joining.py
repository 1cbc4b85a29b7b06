"""Joins of two sounds that overlap: kept on one side, new on the other, no edge to hear between.

Where a codec keeps the waveform, both sounds are nearly the same around the join, and a short
crossfade is all it takes. Where it recovers phase, the new sound has the right spectrum and phases
of its own: on its side of the join they are found anew, by Griffin-Lim, between the samples that
stay as they are.
"""

from __future__ import annotations

import numpy as np

from soundlet.audio import Audio
from soundlet.phases import HOP, N_FFT, Samples, spectra_of, with_magnitudes

REACH = 2 * N_FFT  # samples of the new sound whose phases may change
LEVEL_SAMPLES = 8192  # beside a join, by which levels are compared
MOST_LEVELLED = 2.0  # the new sound is made louder or softer by this factor at most


def joined(old: Audio, new: Audio, edge: int, *, crossfade: int, bridge: bool) -> Audio:
    """The old sound up to a join and the new one after it.

    Args:
        old: (channels, samples); what it holds after the join only helps to find the phases.
        new: of the same shape; what it holds before the join as well.
        edge: samples before the join.
        crossfade: samples before the join over which the two are mixed.
        bridge: find the phases after the join anew.

    Returns:
        (channels, samples): exactly `old` before the crossfade, exactly `new` from some way after
        the join on.
    """
    crossfade = min(crossfade, edge)
    sound = _bridged(old, new, edge, crossfade) if bridge else new.astype(np.float64)
    rise = (np.arange(crossfade) + 0.5) / max(crossfade, 1)
    mixed = slice(edge - crossfade, edge)
    out = sound.astype(np.float32)
    out[:, : edge - crossfade] = old[:, : edge - crossfade]
    out[:, mixed] = old[:, mixed] * (1 - rise) + sound[:, mixed] * rise
    return out


def level_ratio(old: Audio, new: Audio) -> float:
    """What brings the level of `new` to that of `old`, the same stretch; never far from 1."""
    if not old.size:
        return 1.0
    powers = [float(np.mean(np.square(each, dtype=np.float64))) for each in (old, new)]
    if min(powers) < 1e-8:
        return 1.0
    return float(np.clip(np.sqrt(powers[0] / powers[1]), 1 / MOST_LEVELLED, MOST_LEVELLED))


def _bridged(old: Audio, new: Audio, edge: int, crossfade: int) -> Samples:
    """The new sound with phases near the join that fit the old one."""
    half = N_FFT // 2
    reach = min(REACH, new.shape[1] - edge - N_FFT) // HOP * HOP
    first = (edge - crossfade) - N_FFT
    if reach < half or first < 0:
        return new.astype(np.float64)
    last = edge + reach + N_FFT
    before, after = (each[:, first:last].astype(np.float64) for each in (old, new))
    n_samples, at = before.shape[1], edge - first
    centres = half + HOP * np.arange((n_samples - N_FFT) // HOP + 1)
    target = np.where(
        (centres < at - half)[:, None], *map(np.abs, map(spectra_of, (before, after)))
    )
    place = np.arange(n_samples)
    rise = np.clip((place - (at - crossfade)) / max(crossfade, 1), 0, 1)
    is_free = (place >= at - crossfade) & (place < at + reach)
    fixed = np.where(place < at, before, after)
    sound = np.where(is_free, before * (1 - rise) + after * rise, fixed)
    sound = with_magnitudes(sound, target, lambda found: np.where(is_free, found, fixed))
    fall = np.clip((at + reach - place) / HOP, 0, 1)  # back into the new sound, without a step
    out = new.astype(np.float64)
    out[:, first:last] = sound * fall + after * (1 - fall)
    return out
