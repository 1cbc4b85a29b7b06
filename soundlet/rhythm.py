"""The tempo and the beat of a loop, measured.

Onset strength is how much louder the bands get from frame to frame. Its autocorrelation says after
which time the sound repeats; a comb over one, two and four beats reads the tempo from that. No such
measure can tell 70 BPM from 140, so the reading nearest to an expected tempo is taken, if there is
one. Beats are where onsets are strongest, the downbeat is the beat with the most bass. Of loops
rendered from notes, the tempo is right within 3 % in nine of ten, the place of the beats within
30 ms in about three of four; which of the beats is the first is right in less than half (45 %).

Source: Ellis, "Beat tracking by dynamic programming", 2007, for onset strength.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass

import numpy as np

from soundlet.audio import Audio
from soundlet.repetition import Curve, autocorrelation, comb_scores

FRAMES_PER_SECOND = 172
WINDOW_SECONDS = 0.0232
BASS_HZ = 150.0
BAND_EDGES_HZ = (20, 60, 110, 170, 250, 360, 500, 700, 1000, 1400, 2000, 2800, 4000, 5700, 8000)
RISE_FRAMES = 2  # over which a rise is taken
SLOWEST, FASTEST = 50.0, 200.0  # BPM
GRID = np.geomspace(SLOWEST, FASTEST, 1109)  # an eighth of a percent apart
COMB = {0.5: 0.5, 1.0: 1.0, 2.0: 1.0, 4.0: 1.0}  # beats: weight
PREFERRED_BPM, PREFERENCE = 120.0, 0.05  # of readings where no tempo is expected
WEAKEST = 0.1  # autocorrelation: below, there is no beat
OCTAVES = (1.0, 2.0, 0.5)


@dataclass(frozen=True)
class Rhythm:
    """What was measured.

    Attributes:
        bpm: tempo, of its octaves the one nearest to the expected. None: there is no beat.
        tempo_error: distance from the expected tempo, 0.01 for 1 %. None: no beat.
        beat_seconds: where the beats are, from half a beat before those that should be to half a
            beat after. None: no beat.
        downbeat_seconds: the same for the first beat of the bar, within half a bar.
    """

    bpm: float | None
    tempo_error: float | None
    beat_seconds: float | None
    downbeat_seconds: float | None

    def as_json(self) -> dict[str, float | None]:
        """The fields, for JSON."""
        return {
            name: None if value is None else round(value, 4) for name, value in asdict(self).items()
        }


def measure_rhythm(
    audio: Audio, sample_rate: int, *, expected_bpm: float, beats_per_bar: int = 4
) -> Rhythm:
    """Tempo and downbeat of a sound that should have a known tempo.

    Args:
        audio: (channels, samples).
        sample_rate: in Hz.
        expected_bpm: chooses among readings an octave apart, and sets the length of the bar.
        beats_per_bar: of the bar.
    """
    curves = onset_curves(audio, sample_rate)
    bpm = tempo_of(curves.strength, expected_bpm)
    if bpm is None:
        return Rhythm(None, None, None, None)
    beat, downbeat = _beats(curves, expected_bpm, beats_per_bar)
    return Rhythm(bpm, abs(bpm / expected_bpm - 1), beat, downbeat)


@dataclass(frozen=True)
class OnsetCurves:
    """How much louder a loop gets, `FRAMES_PER_SECOND` values a second.

    Attributes:
        strength: in dB, mean of the bands.
        bass: in amplitude, below 150 Hz.
        rest: in amplitude, above.
    """

    strength: Curve
    bass: Curve
    rest: Curve


def onset_curves(audio: Audio, sample_rate: int) -> OnsetCurves:
    """The onsets of a loop: what comes before its start is its end.

    Args:
        audio: (channels, samples).
        sample_rate: in Hz.
    """
    mono = audio.astype(np.float64).mean(axis=0)
    size = round(WINDOW_SECONDS * sample_rate)
    n_frames = int(len(mono) / sample_rate * FRAMES_PER_SECOND)
    padded = np.pad(mono, size, mode="wrap")
    step = sample_rate / FRAMES_PER_SECOND
    starts = np.round(np.arange(-RISE_FRAMES, n_frames) * step).astype(int) + size // 2
    frames = padded[starts[:, None] + np.arange(size)] * np.hanning(size)
    power = np.square(np.abs(np.fft.rfft(frames, 2 * size)))
    hz = np.fft.rfftfreq(2 * size, 1 / sample_rate)
    band = np.searchsorted(BAND_EDGES_HZ, hz, side="right")
    total = np.stack([power[:, band == i].sum(axis=1) for i in range(len(BAND_EDGES_HZ) + 1)])
    levels = 10 * np.log10(np.maximum(total / max(float(total.max()), 1e-12), 1e-7))
    bass = np.sqrt(power[:, hz < BASS_HZ].sum(axis=1))
    rest = np.sqrt(power[:, hz >= BASS_HZ].sum(axis=1))
    return OnsetCurves(_rises(levels).mean(axis=0), _rises(bass), _rises(rest))


def _rises(curve: Curve) -> Curve:
    risen: Curve = np.maximum(curve[..., RISE_FRAMES:] - curve[..., :-RISE_FRAMES], 0)
    return risen


def tempo_of(strength: Curve, expected_bpm: float | None = None) -> float | None:
    """The tempo of an onset curve in BPM, or None where nothing repeats."""
    if len(strength) < FRAMES_PER_SECOND // 2 or strength.std() < 0.1:
        return None
    scores = comb_scores(autocorrelation(strength), 60 / GRID * FRAMES_PER_SECOND, COMB)
    preferred = expected_bpm or PREFERRED_BPM
    best = int(np.argmax(scores - PREFERENCE * np.abs(np.log2(GRID / preferred))))
    if scores[best] < WEAKEST:
        return None
    heard = float(GRID[best])
    if expected_bpm is None:
        return heard
    return min(
        (heard * ratio for ratio in OCTAVES), key=lambda bpm: abs(np.log(bpm / expected_bpm))
    )


def _beats(curves: OnsetCurves, bpm: float, beats_per_bar: int) -> tuple[float, float]:
    """Seconds from where beats should be to where they are, and from the start to the downbeat."""
    beat = 60 / bpm * FRAMES_PER_SECOND
    n_beats = max(1, round(len(curves.strength) / beat))
    onsets = sum(_relative(c) for c in (curves.strength, curves.bass, curves.rest))
    smooth = np.convolve(np.pad(onsets, 1, mode="wrap"), np.full(3, 1 / 3), "valid")
    places = np.arange(float(round(beat)))
    laps = (places[None] + beat * np.arange(n_beats)[:, None]).astype(np.float64)
    first = int(np.argmax(_around(smooth, laps).sum(axis=0)))
    accents = _relative(curves.bass) + 0.3 * _relative(curves.strength)
    near = np.arange(-3.0, 4.0)
    strongest = np.zeros(beats_per_bar)
    for i in range(n_beats):
        strongest[i % beats_per_bar] += _around(accents, first + i * beat + near).max()
    downbeat = first + int(np.argmax(strongest)) * beat
    bar = beat * beats_per_bar
    return _centred(first, beat) / FRAMES_PER_SECOND, _centred(downbeat, bar) / FRAMES_PER_SECOND


def _relative(curve: Curve) -> Curve:
    relative: Curve = curve / (curve.mean() + 1e-9)
    return relative


def _around(curve: Curve, places: Curve) -> Curve:
    """A loop's curve between its frames."""
    read: Curve = np.interp(places % len(curve), np.arange(len(curve) + 1), [*curve, curve[0]])
    return read


def _centred(value: float, period: float) -> float:
    return value if value <= period / 2 else value - period
