"""What the codec alone does to a sound, beside what Opus does to it at 24 kbit/s."""

from __future__ import annotations

import glob
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from soundlet.audio import read_audio, resample
from soundlet.errors import AudioError
from soundlet.evaluation.spectra import SAMPLE_RATE, Array, magnitudes
from soundlet.pipeline import Model

RESOLUTIONS = (2048, 1024, 512, 256, 128)  # samples in a window; a quarter from one to the next
FLOOR = 1e-4  # -80 dB under the loudest bin of the original
OPUS_RATE = 48000  # Hz
OPUS_BITS = 24000  # a second
SUFFIXES = (".wav", ".flac")


def stft_distance(original: Array, copy: Array) -> float:
    """The multi-resolution STFT distance: 0 for identical sounds, 3 and more for unrelated.

    For each window length of 2048, 1024, 512, 256 and 128 samples (Hann, hop of a quarter), with X
    and Y the magnitudes of original and copy over both channels: the spectral convergence
    |X - Y| / |X| (Frobenius norms) plus the mean of |ln X - ln Y|, where magnitudes count as at
    least -80 dB under the loudest of X. The distance is the mean over the window lengths.

    Args:
        original: (channels, samples), not silent.
        copy: of the same shape.

    Source: the terms are those of Yamamoto et al., https://arxiv.org/abs/1910.11480.
    """
    terms = []
    for n_fft in RESOLUTIONS:
        x, y = (magnitudes(each, n_fft, n_fft // 4) for each in (original, copy))
        floor = max(float(x.max()), 1e-9) * FLOOR
        convergence = np.linalg.norm(x - y) / max(float(np.linalg.norm(x)), 1e-9)
        logs = np.abs(np.log(np.maximum(x, floor)) - np.log(np.maximum(y, floor)))
        terms.append(float(convergence) + float(logs.mean()))
    return float(np.mean(terms))


def codec_round_trip(model: Model, audio: Array) -> Array:
    """A sound through the model's encoder and decoder, without the noise of sampling.

    Args:
        model: whose codec is used.
        audio: (2, samples) at 44.1 kHz, no longer than the model's window.

    Returns:
        Of the shape of `audio`.
    """
    config = model.config
    given = resample(audio, SAMPLE_RATE, config.sample_rate)
    if config.audio_channels == 1:
        given = given.mean(axis=0, keepdims=True)
    frames = -(-given.shape[1] // config.hop_length)
    padded = np.zeros((1, len(given), frames * config.hop_length), np.float32)
    padded[0, :, : given.shape[1]] = given
    mean, _ = np.split(model.engine.encode(padded), 2, axis=1)
    decoded = model.engine.decode(np.ascontiguousarray(mean))[0, :, : given.shape[1]]
    return as_measured(decoded, config.sample_rate, audio.shape[1])


def as_measured(audio: Array, sample_rate: int, n_samples: int | None = None) -> Array:
    """A model's sound as the measures want it: stereo, 44.1 kHz, and of the length given."""
    stereo = np.repeat(audio, 2, axis=0) if len(audio) == 1 else audio[:2]
    stereo = resample(np.ascontiguousarray(stereo, np.float32), sample_rate, SAMPLE_RATE)
    if n_samples is None:
        return stereo
    fitted = np.zeros((2, n_samples), np.float32)
    kept = min(n_samples, stereo.shape[1])
    fitted[:, :kept] = stereo[:, :kept]
    return fitted


def opus_is_available() -> bool:
    """Whether this libsndfile writes Opus; those of the soundfile wheels do."""
    import soundfile

    return "OPUS" in soundfile.available_subtypes("OGG")


def opus_round_trip(audio: Array, bits: int = OPUS_BITS) -> tuple[Array, int]:
    """A sound through an Opus file.

    Args:
        audio: (2, samples) at 44.1 kHz.
        bits: a second, for both channels together.

    Returns:
        The sound, of the shape of `audio`, and the bytes of the file.
    """
    import soundfile

    given = resample(audio, SAMPLE_RATE, OPUS_RATE)
    file = io.BytesIO()
    # libsndfile spreads 6 to 256 kbit/s a channel over the levels 1 to 0.
    level = 1 - (bits / len(given) - 6000) / 250000
    options: dict[str, Any] = {"compression_level": level}
    with soundfile.SoundFile(
        file, "w", OPUS_RATE, len(given), "OPUS", format="OGG", **options
    ) as writer:
        writer.write(given.T)
    size = file.tell()
    file.seek(0)
    decoded, _ = soundfile.read(file, dtype="float32", always_2d=True)
    return as_measured(decoded.T, OPUS_RATE, audio.shape[1]), size


def read_loops(place: str, longest: float, count: int) -> list[tuple[str, Array]]:
    """Sounds of a folder, or those that a pattern such as "samples/loop_*.flac" names.

    Args:
        place: the folder or pattern; WAV and FLAC files count.
        longest: seconds; longer sounds are cut.
        count: most sounds that are read; of more, evenly chosen ones.

    Returns:
        Name and sound, (2, samples) at 44.1 kHz.

    Raises:
        AudioError: there is no such file, or one that cannot be read.
    """
    folder = Path(place)
    found = folder.iterdir() if folder.is_dir() else map(Path, glob.glob(place))
    paths = sorted(path for path in found if path.suffix.lower() in SUFFIXES)
    if not paths:
        raise AudioError(f"{place}: no WAV or FLAC file; name a folder of them or a pattern")
    chosen = _evenly(paths, count)
    loops = []
    for path in chosen:
        audio, rate = read_audio(path)
        loops.append((path.name, as_measured(audio[:, : int(longest * rate)], rate)))
    return loops


def _evenly(paths: Sequence[Path], count: int) -> list[Path]:
    if len(paths) <= count:
        return list(paths)
    return [paths[int(i)] for i in np.linspace(0, len(paths) - 1, count)]
