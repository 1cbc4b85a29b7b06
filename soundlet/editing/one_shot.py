"""One hit out of a sound: where hits begin, and how far each rings."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from soundlet.audio import Audio
from soundlet.errors import RequestError
from soundlet.finish import EDGE_SECONDS, faded, trimmed

N_FFT, HOP = 1024, 256  # samples
BEFORE_SECONDS = 0.003  # kept before an onset, more than is faded in: no attack is cut
APART_SECONDS = 0.05  # between two onsets
ONSET_SHARE = 0.15  # of the strongest rise: what counts as an onset
FADE_SECONDS = 0.01  # where the next hit cuts this one off
SILENT_PEAK = 1e-4


@dataclass(frozen=True)
class Hit:
    """A hit and where it was found.

    Attributes:
        audio: (channels, samples).
        start: its first sample in the sound.
    """

    audio: Audio
    start: int


def one_shot(audio: Audio, sample_rate: int, *, at: float | None, longest: float) -> Hit:
    """The strongest hit of a sound, or the one that begins nearest to a time.

    Args:
        audio: (channels, samples).
        sample_rate: in Hz.
        at: seconds. None: the strongest.
        longest: seconds of the hit at most.

    Raises:
        RequestError: a time after the end of the sound, or a sound without any hit.
    """
    n_samples = audio.shape[1]
    if at is not None and at * sample_rate >= n_samples:
        raise RequestError(f"at is {at:g} s, and the sound is {n_samples / sample_rate:.4g} s long")
    if float(np.abs(audio).max()) < SILENT_PEAK:
        raise RequestError("the sound is silent: there is no hit to extract")
    starts, rises = onsets(audio, sample_rate)
    if at is None:
        chosen = int(np.argmax(rises))
    else:
        chosen = int(np.argmin(np.abs(starts - at * sample_rate)))
    start = max(0, int(starts[chosen]) - round(BEFORE_SECONDS * sample_rate))
    end = min(n_samples, start + round(longest * sample_rate))
    later = starts[starts > starts[chosen]]
    if len(later):
        end = min(end, int(later[0]) - round(BEFORE_SECONDS * sample_rate))
    part = audio[:, start:end]
    half = part.shape[1] / 2 / sample_rate
    fade_in = min(EDGE_SECONDS, half) if start else 0.0
    fade_out = min(FADE_SECONDS, half) if end < n_samples else 0.0
    part = faded(part, sample_rate, fade_in=fade_in, fade_out=fade_out)
    return Hit(np.ascontiguousarray(trimmed(part, sample_rate)), start)


def onsets(audio: Audio, sample_rate: int) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """The samples at which hits begin, and how strong each is.

    A hit is a peak of the rise of the compressed spectrum from one window to the next. A sound
    without one has a single onset, where it begins.
    """
    mono = np.pad(audio.astype(np.float64).mean(axis=0), (N_FFT, N_FFT))
    frames = np.lib.stride_tricks.sliding_window_view(mono, N_FFT)[::HOP]
    spectra = np.log1p(100 * np.abs(np.fft.rfft(frames * np.hanning(N_FFT))))
    rise = np.maximum(np.diff(spectra, axis=0), 0).sum(axis=1)
    reach = max(1, round(APART_SECONDS * sample_rate / HOP))
    padded = np.pad(rise, reach)
    highest = np.lib.stride_tricks.sliding_window_view(padded, 2 * reach + 1).max(axis=1)
    peaks = np.flatnonzero((rise >= highest) & (rise > ONSET_SHARE * rise.max()))
    # Frame i+1 is the first to hear the hit, in its last hop or two.
    starts = (peaks + 1) * HOP - N_FFT + N_FFT - 2 * HOP
    starts = np.clip(starts, 0, audio.shape[1] - 1)
    strength = np.array([_energy(audio, int(start), sample_rate) for start in starts])
    return starts, strength


def _energy(audio: Audio, start: int, sample_rate: int) -> float:
    part = audio[:, start : start + max(1, round(2 * APART_SECONDS * sample_rate))]
    return float(np.mean(np.square(part, dtype=np.float64)))
