"""Key: which notes sound how much, and the major or minor key that they suggest.

`estimate_key` correlates the notes with the profiles that Krumhansl and Kessler found by listening
tests. `KeyRuler` has profiles fitted to real renders, and also hears how a sound begins and what
its bass plays, which settles most of what short clips leave open.

Source: Krumhansl, "Cognitive Foundations of Musical Pitch", 1990.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from soundlet.evaluation.choice import Choice, fit_choice
from soundlet.evaluation.spectra import SAMPLE_RATE, Array, magnitudes

Matrix = NDArray[np.float64]

MODES = ("major", "minor")
NOTES = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")
FLATS = {"Db": "C#", "Eb": "D#", "Gb": "F#", "Ab": "G#", "Bb": "A#"}
PROFILES = {
    "major": (6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88),
    "minor": (6.33, 2.68, 3.52, 5.38, 2.60, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17),
}
SCALES = {"major": (0, 2, 4, 5, 7, 9, 11), "minor": (0, 2, 3, 5, 7, 8, 10)}

DECIMATION = 4  # 11 kHz holds every note
RATE = SAMPLE_RATE // DECIMATION
N_FFT, HOP = 4096, 1024
LOWEST, HIGHEST, BASS = 50.0, 2100.0, 220.0  # Hz
QUIETEST = 10 ** (-45 / 20)  # of the loudest partial of a frame
OPENING = 11  # frames: the first second

VIEWS = ("whole", "softened", "opening", "second half", "bass", "opening bass")
"""What `note_views` counts the notes of, each on its own."""


def key_index(name: str) -> int:
    """0 to 11 for C to B major, 12 to 23 for C to B minor; "Bb minor" and "A# minor" are one."""
    tonic, mode = name.split()
    return 12 * MODES.index(mode) + NOTES.index(FLATS.get(tonic, tonic))


def key_name(index: int) -> str:
    """The inverse of `key_index`, with sharps."""
    return f"{NOTES[index % 12]} {MODES[index // 12]}"


def note_views(audio: Array) -> Matrix:
    """The share of each of the twelve notes in a sound and in parts of it.

    Args:
        audio: (2, samples) at 44.1 kHz.

    Returns:
        (views, 12), rows as in `VIEWS`, C first; each sums to 1, or is 0 where nothing sounds.
    """
    from scipy.signal import resample_poly

    mono = resample_poly(audio.mean(axis=0), 1, DECIMATION).astype(np.float32)
    notes, bass = _partials(mono)
    half = len(notes) // 2
    rows = (
        notes.sum(axis=0),
        np.sqrt(notes).sum(axis=0),
        notes[:OPENING].sum(axis=0),
        notes[half:].sum(axis=0),
        bass.sum(axis=0),
        bass[:OPENING].sum(axis=0),
    )
    return np.stack([row / (row.sum() + 1e-9) for row in rows])


def _partials(mono: Array) -> tuple[Matrix, Matrix]:
    """Per frame, the strength of each note among all partials and among the low ones."""
    spectra = magnitudes(mono, N_FFT, HOP)
    middle, left, right = spectra[:, 1:-1], spectra[:, :-2], spectra[:, 2:]
    loudest = spectra.max(axis=1, keepdims=True)
    is_peak = (middle > left) & (middle >= right) & (middle > loudest * QUIETEST)
    frame, place = np.nonzero(is_peak)
    before, at, after = (np.log(part[frame, place] + 1e-9) for part in (left, middle, right))
    offset = np.clip(0.5 * (before - after) / np.minimum(before - 2 * at + after, -1e-6), -0.5, 0.5)
    hz = (place + 1 + offset) * RATE / N_FFT
    pitch = 69 + 12 * np.log2(hz / 440)
    note = np.round(pitch)
    in_tune = np.maximum(0, 1 - 2 * np.abs(pitch - note))
    strength = middle[frame, place] * in_tune * ((hz > LOWEST) & (hz < HIGHEST))
    cell = frame * 12 + note.astype(int) % 12
    size = 12 * len(spectra)
    notes, bass = (
        np.asarray(np.bincount(cell, weights, size), np.float64).reshape(-1, 12)
        for weights in (strength, strength * (hz < BASS))
    )
    return notes, bass


def estimate_key(views: Matrix) -> str:
    """The key of a sound by correlation with the Krumhansl profiles."""
    notes = views[0]
    if np.ptp(notes) == 0:
        return key_name(0)
    scores = [
        np.corrcoef(np.roll(PROFILES[mode], tonic), notes)[0, 1]
        for mode in MODES
        for tonic in range(12)
    ]
    return key_name(int(np.argmax(scores)))


def share_in_scale(views: Matrix, key: str) -> float:
    """How much of what sounds belongs to the scale of `key`: 0.58 for noise, up to 1."""
    tonic, mode = key_index(key) % 12, MODES[key_index(key) // 12]
    inside = [(tonic + step) % 12 for step in SCALES[mode]]
    return float(views[0][inside].sum())


@dataclass(frozen=True)
class KeyRuler:
    """Names the key of a sound, fitted to real renders."""

    choice: Choice

    def __call__(self, views: Matrix) -> str:
        """The key of a sound from its `note_views`."""
        return key_name(self.choice(_as_options(views)))


def fit_key_ruler(views: Sequence[Matrix], keys: Sequence[str]) -> KeyRuler:
    """Fit to sounds whose key is known."""
    options = [_as_options(each) for each in views]
    return KeyRuler(fit_choice(options, [key_index(key) for key in keys], ridge=1.0))


def _as_options(views: Matrix) -> Matrix:
    """(24, columns): the notes as seen from each tonic, in columns of their own for each mode."""
    seen = np.stack([np.roll(views, -tonic, axis=1).ravel() for tonic in range(12)])
    none = np.zeros_like(seen)
    is_minor = np.repeat([0.0, 1.0], 12)[:, None]
    return np.hstack([np.vstack([seen, none]), np.vstack([none, seen]), is_minor])
