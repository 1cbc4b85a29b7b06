"""Spectrograms of samples as one picture: what training is judged by."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from numpy.typing import NDArray

from soundlet.spectrogram import to_level
from soundlet.stft import SpectrogramFormat, stft
from soundlet.training.clips import Audio

FORM = SpectrogramFormat(n_fft=2048, hop_length=512, n_bands=1)
N_ROWS = 256  # of a picture, evenly spaced in pitch
LOWEST_HZ = 40.0


@dataclass(frozen=True)
class Sample:
    """A sound to be shown.

    Attributes:
        name: what it is, for captions and curves.
        audio: (2, samples).
        sample_rate: in Hz.
    """

    name: str
    audio: Audio
    sample_rate: int


def spectrogram(sample: Sample) -> NDArray[np.float32]:
    """Levels (pitch, frames) of a sound, 0 to 1, the lowest pitch first."""
    mono = sample.audio.mean(axis=0)
    padded = np.pad(mono, (0, -len(mono) % FORM.hop_length))
    levels = to_level(np.abs(stft(padded[None], FORM))[0]).T
    highest = sample.sample_rate / 2
    hertz = np.geomspace(LOWEST_HZ, highest * 0.98, N_ROWS)
    rows = np.minimum(np.rint(hertz / highest * (FORM.n_bins - 1)).astype(int), FORM.n_bins - 1)
    picture: NDArray[np.float32] = levels[rows]
    return picture


def grid(samples: Sequence[Sample], columns: int) -> NDArray[np.uint8]:
    """The spectrograms of `samples` row by row: (height, width, 3)."""
    rows = -(-len(samples) // columns)
    figure = Figure(figsize=(4.5 * columns, 2.2 * rows), dpi=80, layout="constrained")
    canvas = FigureCanvasAgg(figure)
    for i, sample in enumerate(samples):
        axes = figure.add_subplot(rows, columns, i + 1)
        seconds = sample.audio.shape[1] / sample.sample_rate
        axes.imshow(
            spectrogram(sample),
            origin="lower",
            aspect="auto",
            cmap="magma",
            vmin=0,
            vmax=1,
            extent=(0, seconds, 0, 1),
        )
        axes.set_title(sample.name, fontsize=8)
        axes.set_yticks([])
        axes.tick_params(labelsize=7)
    canvas.draw()  # type: ignore[no-untyped-call]
    pixels = canvas.buffer_rgba()  # type: ignore[no-untyped-call]
    picture: NDArray[np.uint8] = np.asarray(pixels)[:, :, :3].copy()
    return picture


def write_png(picture: NDArray[np.uint8], path: Path) -> None:
    """Write (height, width, 3) as a PNG file."""
    from matplotlib.image import imsave

    imsave(path, picture)
