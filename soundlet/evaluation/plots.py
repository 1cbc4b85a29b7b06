"""The pictures of the report, as PNG."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from soundlet.evaluation.findings import Pair, Trip
from soundlet.evaluation.prompts import BEATS
from soundlet.evaluation.scores import Answer
from soundlet.evaluation.spectra import SAMPLE_RATE, Array, in_db, magnitudes, mel_matrix
from soundlet.training.dataset.attributes import KINDS

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

DPI = 90
REAL, OURS = "#8a8a8a", "#0b6e99"


def spectrograms(pairs: Sequence[Pair]) -> bytes:
    """Each prompt's real render beside what the model made, log-frequency, 70 dB deep."""
    figure = _figure(11.0, 1.75 * len(pairs))
    for row, pair in enumerate(pairs):
        for column, (title, audio) in enumerate((("real", pair.real), ("model", pair.generated))):
            axes = figure.add_subplot(len(pairs), 2, 2 * row + column + 1)
            text = pair.prompt.text if column == 0 else ""
            axes.set_title(f"{title}  {text[:78]}", fontsize=7, loc="left")
            if audio is None:
                axes.text(0.5, 0.5, "no sound", ha="center")
            else:
                _spectrogram(axes, audio)
    figure.tight_layout(pad=0.4)
    return _png(figure)


def _spectrogram(axes: Axes, audio: Array) -> None:
    mel = magnitudes(audio.mean(axis=0), 2048, 512) @ mel_matrix(2048, 128, 40.0, 16000.0)
    levels = in_db(mel / max(float(mel.max()), 1e-9), -70.0)
    axes.imshow(
        levels.T,
        origin="lower",
        aspect="auto",
        cmap="magma",
        extent=(0, audio.shape[1] / SAMPLE_RATE, 0, 128),
        interpolation="nearest",
    )
    axes.set_yticks([])
    axes.tick_params(labelsize=6)


def tempo(real: Sequence[Answer], ours: Sequence[Answer]) -> bytes:
    """Tempo heard against tempo asked for, drum loops and full beats."""
    figure = _figure(9.0, 4.2)
    for column, (title, answers) in enumerate((("real renders", real), ("model", ours))):
        axes = figure.add_subplot(1, 2, column + 1)
        pairs = [
            (answer.prompt.bpm, answer.heard.bpm)
            for answer in answers
            if answer.prompt.bpm and answer.prompt.kind in BEATS
            if answer.heard is not None and answer.heard.bpm is not None
        ]
        for ratio, style in ((1.0, "-"), (2.0, ":"), (0.5, ":")):
            axes.plot([60, 180], [60 * ratio, 180 * ratio], style, color=REAL, linewidth=0.8)
        asked, found = zip(*pairs, strict=True) if pairs else ((), ())
        axes.plot(asked, found, "o", color=OURS, markersize=3.5, alpha=0.7)
        axes.set(xlim=(55, 185), ylim=(55, 185), title=title, xlabel="BPM asked for")
        axes.set_ylabel("BPM heard")
    figure.tight_layout()
    return _png(figure)


def confusion(real: Sequence[Answer], ours: Sequence[Answer]) -> bytes:
    """Kind heard against kind asked for."""
    figure = _figure(10.0, 4.6)
    for column, (title, answers) in enumerate((("real renders", real), ("model", ours))):
        axes = figure.add_subplot(1, 2, column + 1)
        counts = np.zeros((len(KINDS), len(KINDS)), int)
        for answer in answers:
            if answer.heard is not None:
                counts[KINDS.index(answer.prompt.kind), KINDS.index(answer.heard.kind)] += 1
        shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
        axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
        for i, j in zip(*np.nonzero(counts), strict=True):
            dark = "white" if shares[i, j] > 0.5 else "black"
            axes.text(j, i, str(counts[i, j]), ha="center", va="center", fontsize=7, color=dark)
        names = [kind.replace("_", " ") for kind in KINDS]
        axes.set_xticks(range(len(KINDS)), names, rotation=60, ha="right", fontsize=7)
        axes.set_yticks(range(len(KINDS)), names, fontsize=7)
        axes.set(title=title, xlabel="heard", ylabel="asked for")
    figure.tight_layout()
    return _png(figure)


def codec(groups: dict[str, Sequence[Trip]]) -> bytes:
    """STFT distances of the codec against those of Opus, a dot a sound."""
    figure = _figure(9.0, 4.2)
    filled = {title: trips for title, trips in groups.items() if trips}
    for column, (title, trips) in enumerate(filled.items()):
        axes = figure.add_subplot(1, max(1, len(filled)), column + 1)
        pairs = [
            (trip.opus_distance, trip.distance) for trip in trips if trip.opus_distance is not None
        ]
        opus, ours = zip(*pairs, strict=True) if pairs else ((), ())
        limit = max([1.0, *opus, *ours]) * 1.05
        axes.plot([0, limit], [0, limit], color=REAL, linewidth=0.8)
        axes.plot(opus, ours, "o", color=OURS, markersize=4)
        axes.set(xlim=(0, limit), ylim=(0, limit), title=title)
        axes.set(xlabel="Opus 24 kbit/s", ylabel="the model's codec")
    figure.tight_layout()
    return _png(figure)


def _figure(width: float, height: float) -> Figure:
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), dpi=DPI)


def _png(figure: Figure) -> bytes:
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", metadata={"Software": None})
    return buffer.getvalue()
