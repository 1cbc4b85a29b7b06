"""Beginning, end and level of a sound: is it there, all of it, and nothing after it?"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from soundlet.evaluation.spectra import SAMPLE_RATE, Array
from soundlet.pipeline import Model
from soundlet.request import GenerationRequest

HEARD_DB = -40.0  # under the peak: where a sound begins
GONE_DB = -50.0  # under the peak: where it has ended
BLOCK = 441  # samples: 10 ms
SILENT_PEAK = 1e-4  # -80 dBFS
FULL_SCALE = 0.999
CLIPPED_RUN = 3  # samples in a row at full scale that nothing but clipping makes

BEYOND = 0.75  # seconds that the window of the model is longer than the clip asked for
GRACE = 0.1  # seconds after the end in which a codec may still ring
FAINTEST_DB = -100.0


def block_levels(audio: Array) -> Array:
    """The level of each 10 ms in dB under the loudest, never below -100."""
    n = max(1, audio.shape[1] // BLOCK)
    peaks = np.abs(audio[:, : n * BLOCK]).max(axis=0)
    peaks = np.pad(peaks, (0, n * BLOCK - len(peaks))).reshape(n, BLOCK).max(axis=1)
    relative = np.maximum(peaks / max(float(peaks.max()), 1e-9), 10 ** (FAINTEST_DB / 20))
    return np.asarray(20 * np.log10(relative), np.float32)


def onset_seconds(audio: Array) -> float:
    """Silence before the sound."""
    return float(np.argmax(block_levels(audio) > HEARD_DB)) * BLOCK / SAMPLE_RATE


def sounding_seconds(audio: Array) -> float:
    """The time until the sound has ended for good."""
    loud = np.flatnonzero(block_levels(audio) > GONE_DB)
    return float(loud[-1] + 1) * BLOCK / SAMPLE_RATE if len(loud) else 0.0


def is_silent(audio: Array) -> bool:
    """Whether there is nothing to hear."""
    return float(np.abs(audio).max()) < SILENT_PEAK


def is_clipped(audio: Array) -> bool:
    """Whether the waveform is cut off at full scale anywhere."""
    for channel in audio:
        for sign in (1, -1):
            at_limit = np.concatenate([[0], (sign * channel >= FULL_SCALE).astype(int), [0]])
            edges = np.flatnonzero(np.diff(at_limit))
            if len(edges) and (edges[1::2] - edges[::2]).max() >= CLIPPED_RUN:
                return True
    return False


def level_after_db(audio: Array, n_samples: int) -> float | None:
    """The mean level after the end of a clip, in dB relative to that of the clip.

    Args:
        audio: (channels, samples), the clip and what the model made after it.
        n_samples: length of the clip.

    Returns:
        At least -100; None where too little comes after the end to be measured.
    """
    after = audio[:, n_samples + round(GRACE * SAMPLE_RATE) :]
    if after.shape[1] < GRACE * SAMPLE_RATE:
        return None
    clip = float(np.square(audio[:, :n_samples], dtype=np.float64).mean())
    rest = float(np.square(after, dtype=np.float64).mean())
    return max(FAINTEST_DB, 10 * math.log10((rest + 1e-20) / (clip + 1e-20)))


def sound_and_after(model: Model, request: GenerationRequest) -> tuple[Array, int]:
    """A clip with what the model makes after its end: untrimmed, unfaded, at the model's level.

    The window is the whole of a model of fixed length. A model of variable length is given 0.75 s
    more than the clip, while it is told the clip's own seconds. One sound is sampled, whatever the
    request says of candidates.

    Returns:
        The sound, (channels, samples), and the samples of it that are the clip.
    """
    config = model.config
    seconds = model.resolve(request).seconds
    assert seconds is not None  # resolved
    n_samples = max(1, round(seconds * config.sample_rate))
    wanted = config.n_frames
    if model.bundle.manifest.length == "variable":
        patch = config.dit.patch_size
        frames = math.ceil((seconds + BEYOND) * config.sample_rate / config.hop_length)
        wanted = min(wanted, math.ceil(frames / patch) * patch)
    clip = model.generate(replace(request, candidates=None, reference=True, n_frames=wanted))
    return clip.audio, n_samples
