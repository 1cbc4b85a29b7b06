"""How well a loop closes: the jump where its end meets its start, against jumps inside of it.

A jump is how much the sound differs between the 46 ms before a place and the 46 ms after it: the
mean distance of 40 mel bands in dB, and the distance of the levels in dB. Music jumps by itself, at
a beat above all, so the seam is compared with the other beats of the same loop: a score of 1 means
that it jumps as much as the median of those, 2 twice as much. A click, which is too short to show
in 46 ms, is measured apart, as the bend of the waveform at the very sample.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from soundlet.audio import Audio

Samples = NDArray[np.float64]

WINDOW_SECONDS = 0.0465
N_BANDS = 40
LOWEST_HZ, HIGHEST_HZ = 40.0, 16000.0
FLOOR_DB = -60.0  # of the loudest band
LEVEL_FLOOR = 1e-3
AROUND_SECONDS = 0.02  # a beat is looked for this far to each side of its place
AROUND_STEPS = 9
CLICK_SECONDS = 0.01  # of waveform around, whose bends a click is compared with


@dataclass(frozen=True)
class Seam:
    """The jump at the seam and at the beats inside.

    Attributes:
        spectral_db: mean distance of the bands at the seam.
        level_db: distance of the levels at the seam.
        inside_db: the median over the other beats, bands and level together.
        score: what the seam jumps, over `inside_db`; 1 or less is no worse than inside.
        click: the bend of the waveform at the seam over the usual bend around it; a cut makes 10 or
            more, a smooth waveform about 1.
    """

    spectral_db: float
    level_db: float
    inside_db: float
    score: float
    click: float

    def as_json(self) -> dict[str, float]:
        """The fields for JSON, to a hundredth."""
        return {name: round(value, 2) for name, value in asdict(self).items()}


def measure_seam(audio: Audio, sample_rate: int, n_beats: int) -> Seam:
    """How well a loop closes.

    Args:
        audio: (channels, samples), whole beats.
        sample_rate: in Hz.
        n_beats: beats of it; a loop of one beat is compared with its quarters.
    """
    mono = audio.astype(np.float64).mean(axis=0)
    size = 2 * round(WINDOW_SECONDS * sample_rate / 2)
    count = n_beats if n_beats > 1 else 4
    floor = _loudest(mono, size, sample_rate) * 10 ** (FLOOR_DB / 20)
    jumps = [_jump(mono, i * len(mono) / count, size, sample_rate, floor) for i in range(count)]
    inside = float(np.median([sum(jump) for jump in jumps[1:]]))
    spectral, level = jumps[0]
    score = (spectral + level) / max(inside, 0.1)
    return Seam(spectral, level, inside, score, _click(mono, sample_rate))


def _stretch(mono: Samples, start: int, length: int) -> Samples:
    return np.take(mono, np.arange(start, start + length), mode="wrap")


def _bands(stretch: Samples, sample_rate: int) -> Samples:
    spectrum = np.abs(np.fft.rfft(stretch * np.hanning(len(stretch) + 1)[:-1]))
    bands: Samples = spectrum @ _mel_matrix(len(stretch), sample_rate)
    return bands


def _loudest(mono: Samples, size: int, sample_rate: int) -> float:
    starts = range(0, len(mono), size)
    loudest = max(float(_bands(_stretch(mono, s, size), sample_rate).max()) for s in starts)
    return max(loudest, 1e-9)


def _jump(
    mono: Samples, place: float, size: int, sample_rate: int, floor: float
) -> tuple[float, float]:
    """Distances of bands and of levels, at the place near `place` where they are largest."""
    best = (0.0, 0.0)
    for seconds in np.linspace(-AROUND_SECONDS, AROUND_SECONDS, AROUND_STEPS):
        at = round(place + float(seconds) * sample_rate)
        before, after = _stretch(mono, at - size, size), _stretch(mono, at, size)
        bands = [np.maximum(_bands(part, sample_rate), floor) for part in (before, after)]
        levels = [np.sqrt(np.mean(np.square(part))) + LEVEL_FLOOR for part in (before, after)]
        jump = (
            float(np.mean(np.abs(20 * np.log10(bands[1] / bands[0])))),
            abs(20 * float(np.log10(levels[1] / levels[0]))),
        )
        best = max(best, jump, key=sum)
    return best


def _click(mono: Samples, sample_rate: int) -> float:
    reach = max(8, round(CLICK_SECONDS * sample_rate))
    bends = np.diff(_stretch(mono, -reach, 2 * reach), 2)
    at_seam = np.abs(bends[reach - 2 : reach]).max()  # the two bends that reach across
    return float(at_seam / (np.sqrt(np.mean(np.square(bends))) + 1e-9))


@lru_cache(maxsize=4)
def _mel_matrix(size: int, sample_rate: int) -> Samples:
    """(bins, bands): triangles of area 1, equally spaced on the mel scale."""
    low, high = np.log1p(LOWEST_HZ / 700), np.log1p(min(HIGHEST_HZ, sample_rate / 2) / 700)
    hz = 700 * np.expm1(np.linspace(low, high, N_BANDS + 2))
    bins = np.arange(size // 2 + 1) * sample_rate / size
    rising = (bins[:, None] - hz[:-2]) / (hz[1:-1] - hz[:-2])
    falling = (hz[2:] - bins[:, None]) / (hz[2:] - hz[1:-1])
    triangles = np.maximum(0, np.minimum(rising, falling))
    nearest = np.abs(bins[:, None] - hz[1:-1]).argmin(axis=0)  # a narrow band may hold no bin
    triangles[nearest, np.arange(N_BANDS)] += 1e-3
    matrix: Samples = triangles / triangles.sum(axis=0)
    return matrix
