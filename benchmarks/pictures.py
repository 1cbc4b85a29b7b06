"""The pictures of docs/: made from sounds of the default model.

python benchmarks/pictures.py [--only loop level settings tempi]
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from numpy.typing import NDArray

mpl.use("Agg")

import matplotlib.pyplot as plt

import soundlet
from soundlet.finish import Finish, level_of
from soundlet.loops import loop_request, make_loop
from soundlet.tempo import Grid
from soundlet.vocabulary.genres import ALL_GENRES

FOLDER = Path(__file__).parents[1] / "docs" / "pictures"
WIDTH = 7.5  # inches
INK, ACCENT, PALE = "#24303c", "#c8553d", "#8fa3b5"


def main() -> None:
    """Draw all pictures, or those that are named."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", nargs="*", choices=PICTURES, default=list(PICTURES))
    plt.rcParams.update(
        {
            "font.size": 8,
            "axes.spines.top": False,
            "axes.spines.right": False,
            "axes.edgecolor": PALE,
            "text.color": INK,
            "axes.labelcolor": INK,
            "xtick.color": INK,
            "ytick.color": INK,
        }
    )
    FOLDER.mkdir(exist_ok=True)
    for name in parser.parse_args().only:
        figure = PICTURES[name]()
        figure.savefig(FOLDER / f"{name}.png", dpi=100, metadata={"Software": None})
        plt.close(figure)


def loop_picture() -> Any:  # noqa: ANN401 - a figure; matplotlib's types are not needed here
    """A plain clip and a loop, spectrogram and waveform, with the wrap in the middle."""
    model = soundlet.load()
    grid = Grid(bpm=120, bars=2)
    request = loop_request("warm pad in A minor", grid, 44100, seed=2)
    loop = make_loop(model, request, grid).clip
    plain = model.generate(request.prompt, seconds=grid.seconds + 0.1, seed=2)
    figure, axes = plt.subplots(2, 2, figsize=(WIDTH, 3.6), layout="constrained")
    n_samples = loop.audio.shape[1]
    rows = (("cut to length", plain.audio[:, :n_samples]), ("soundlet loop", loop.audio))
    for row, (name, audio) in zip(axes, rows, strict=True):
        mono = audio.mean(axis=0)
        near = np.concatenate([mono[-44100:], mono[:44100]])
        row[0].specgram(near, NFFT=1024, Fs=44100, noverlap=768, vmin=-130, vmax=-40, cmap="magma",
                        xextent=(-1, 1))  # fmt: skip
        row[0].set(ylim=(0, 8000), ylabel=f"{name}\nHz")
        row[0].axvline(0, color="white", lw=0.7, ls=":")
        close = np.concatenate([mono[-441:], mono[:441]])
        row[1].plot((np.arange(882) - 441) / 44.1, close, color=INK, lw=0.9)
        row[1].axvline(0, color=ACCENT, lw=0.7, ls=":")
        row[1].set(ylim=np.array([-1.1, 1.1]) * np.abs(close).max())
    axes[0, 0].set_title("spectrogram")
    axes[0, 1].set_title("waveform")
    axes[1, 0].set_xlabel("seconds from the wrap")
    axes[1, 1].set_xlabel("milliseconds from the wrap")
    return figure


def level_picture() -> Any:  # noqa: ANN401
    """A hit as it was made, and trimmed and brought to its peak."""
    made = soundlet.load().generate("snare drum", seconds=1, seed=2)
    done = made.finished(Finish(trim=True, normalize="peak"))
    figure, axes = plt.subplots(1, 2, figsize=(WIDTH, 1.9), sharey=True, layout="constrained")
    for axis, (name, clip) in zip(
        axes, (("as it was made", made), ("--trim --normalize peak", done)), strict=True
    ):
        level = level_of(clip.audio, clip.sample_rate)
        seconds = np.arange(clip.audio.shape[1]) / clip.sample_rate
        axis.plot(seconds, clip.audio[0], color=INK, lw=0.5)
        axis.set(title=f"{name}: {level.loudness:.1f} LUFS, {level.true_peak:.1f} dBTP",
                 xlim=(-0.02, 1.02), ylim=(-1, 1), xlabel="seconds")  # fmt: skip
    return figure


def settings_picture() -> Any:  # noqa: ANN401
    """A sound, the same made again, and another seed; what differs in red."""
    model = soundlet.load()
    first, again = (model.generate("rain", seconds=2, seed=1) for _ in range(2))
    other = model.generate(replace(first.request, seed=2))
    figure, axes = plt.subplots(1, 3, figsize=(WIDTH, 1.7), sharey=True, layout="constrained")
    rows = (("the file", first), ("made again", again), ("with another seed", other))
    for axis, (name, clip) in zip(axes, rows, strict=True):
        seconds = np.arange(clip.audio.shape[1]) / clip.sample_rate
        gap: NDArray[np.float32] = clip.audio[0] - first.audio[0]
        axis.plot(seconds, clip.audio[0], color=INK, lw=0.3)
        axis.plot(seconds, gap, color=ACCENT, lw=0.3)
        axis.set(title=f"{name}\ndiffers by {np.abs(gap).max():.2g} at most", xlabel="seconds")
    return figure


def tempi_picture() -> Any:  # noqa: ANN401
    """The usual tempi of the genres."""
    genres = sorted(ALL_GENRES.items(), key=lambda item: sum(item[1].tempo), reverse=True)
    figure, axis = plt.subplots(figsize=(WIDTH, 4.2), layout="constrained")
    for i, (_, genre) in enumerate(genres):
        low, high = genre.tempo
        axis.barh(i, high - low, left=low, height=0.55, color=PALE)
        for style in genre.styles.values():
            if style.traits.tempo:
                slow, fast = style.traits.tempo
                axis.plot([slow, fast], [i, i], color=ACCENT, lw=1.2)
    axis.set_yticks(range(len(genres)), [name for name, _ in genres])
    axis.set(xlabel="BPM; red: subgenres", ylim=(-0.6, len(genres) - 0.4))
    axis.grid(axis="x", color=PALE, alpha=0.3)
    return figure


PICTURES: dict[str, Callable[[], Any]] = {
    "loop": loop_picture,
    "level": level_picture,
    "settings": settings_picture,
    "tempi": tempi_picture,
}


if __name__ == "__main__":
    main()
