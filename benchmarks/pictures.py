"""The pictures of docs/: made from sounds of the default model.

    python -m benchmarks.pictures [--only NAME...]

Those of speed are measured while they are drawn: let the machine have nothing else to do.
"""

from __future__ import annotations

import argparse
import json
import shutil
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from textwrap import wrap
from typing import Any

import matplotlib as mpl
import numpy as np
from numpy.typing import NDArray

mpl.use("Agg")

import matplotlib.pyplot as plt

import soundlet
from benchmarks.random_checkpoint import T5_BASE
from soundlet.batch import read_lines, run_batch
from soundlet.batch.making import Maker
from soundlet.batch.pack import write_pack
from soundlet.bundle import PARTS, Part, open_bundle
from soundlet.config import load_config, load_t5_config
from soundlet.editing import InpaintRequest, OutpaintRequest, inpaint, outpaint
from soundlet.evaluation.tempo import estimate_tempo
from soundlet.export.onnx_fixed import export_onnx_fixed
from soundlet.export.quantize import quantize_bundle
from soundlet.finish import Finish, level_of
from soundlet.loops import loop_request, make_loop
from soundlet.models import build_model
from soundlet.tempo import Grid
from soundlet.timing import Job, measure
from soundlet.training.dataset.attributes import SAMPLE_RATE
from soundlet.training.dataset.render import KIND_WEIGHTS, render_clip
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
        if figure is None:  # it has written the file itself
            continue
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


def generate_picture() -> Any:  # noqa: ANN401
    """Four sounds of each of two prompts, one a seed."""
    model = soundlet.load()
    figure, axes = plt.subplots(2, 4, figsize=(WIDTH, 3.2), sharey=True, layout="constrained")
    prompts = (("techno drum loop", "128 BPM"), ("dark pad", "in A minor"))
    for row, words in zip(axes, prompts, strict=True):
        for seed, axis in enumerate(row, start=1):
            clip = model.generate(" ".join(words), seconds=4, seed=seed)
            mono, rate = clip.audio.mean(axis=0), clip.sample_rate
            axis.specgram(mono, NFFT=1024, Fs=rate, noverlap=768, vmin=-130, vmax=-40, cmap="magma")
            axis.set(ylim=(0, 8000), title=f"--seed {seed}")
        row[0].set(ylabel="\n".join((*words, "Hz")))
    for axis in axes[1]:
        axis.set_xlabel("seconds")
    return figure


def asked_picture() -> Any:  # noqa: ANN401
    """Tempi asked of drum loops and tempi heard in them, on octave lines."""
    model = soundlet.load()
    asked = np.linspace(70, 170, 21).round().astype(int)
    heard = [
        estimate_tempo(model.generate(f"drum loop, {bpm} BPM", seconds=6, seed=bpm).audio)
        for bpm in asked
    ]
    figure, axis = plt.subplots(figsize=(WIDTH / 2, 3.2), layout="constrained")
    for ratio, name, last in ((0.5, "half", 170), (1, "right", 170), (2, "double", 90)):
        axis.plot(asked, ratio * asked, color=PALE, lw=0.8, ls="-" if ratio == 1 else ":")
        axis.annotate(f" {name}", (last, ratio * last), color=PALE)
    axis.plot(asked, heard, "o", color=ACCENT, ms=3.5)
    axis.set(xlabel="BPM asked of a drum loop", ylabel="BPM heard", ylim=(55, 185), xlim=(65, 185))
    return figure


def speed_picture() -> Any:  # noqa: ANN401
    """Seconds that clips of several lengths take, and of what."""
    lengths = (1.5, 3.0, 6.0, 9.0, 11.8)
    found = [measure(Job(seconds=seconds)) for seconds in lengths]
    figure, axes = plt.subplots(1, 2, figsize=(WIDTH, 2.4), layout="constrained")
    axes[0].plot(lengths, [each.cold_time for each in found], "o-", color=PALE, label="first clip")
    warm = [median(each.warm_times) for each in found]
    axes[0].plot(lengths, warm, "o-", color=ACCENT, label="later clips")
    axes[0].set(xlabel="seconds of sound", ylabel="seconds to make it", ylim=(0, None))
    axes[0].legend(frameon=False)
    steps = open_bundle().manifest.defaults.steps
    calls: dict[Part, int] = {"conditioners": 1, "dit": steps, "decoder": 1}
    times = [n * median(found[2].part_times[part]) for part, n in calls.items()]
    axes[1].barh(list(calls), times, color=PALE, height=0.55)
    axes[1].invert_yaxis()
    axes[1].locator_params(axis="x", nbins=4)
    axes[1].set(xlabel=f"seconds of one candidate of {lengths[2]:g} s, {steps} steps")
    return figure


def precision_picture() -> Any:  # noqa: ANN401
    """A sound of the model as it is, with its dit in int8, and of another seed."""
    with TemporaryDirectory() as room:
        small = quantize_bundle(open_bundle().folder, Path(room) / "small", {"dit": "int8"})
        models = [soundlet.load(), soundlet.load(small.folder)]
        how: dict[str, Any] = {
            "prompt": "house piano chords, 120 BPM",
            "seconds": 4,
            "candidates": 1,
        }
        clips = {
            "float": models[0].generate(seed=3, **how),
            "--precision dit=int8": models[1].generate(seed=3, **how),
            "float, another seed": models[0].generate(seed=4, **how),
        }
    return side_by_side(clips)


def side_by_side(clips: Mapping[str, soundlet.Clip]) -> Any:  # noqa: ANN401
    """The spectrogram of each of three clips, under its name."""
    figure, axes = plt.subplots(1, 3, figsize=(WIDTH, 2), sharey=True, layout="constrained")
    for axis, (name, clip) in zip(axes, clips.items(), strict=True):
        mono, rate = clip.audio.mean(axis=0), clip.sample_rate
        axis.specgram(mono, NFFT=1024, Fs=rate, noverlap=768, vmin=-130, vmax=-40, cmap="magma")
        axis.set(ylim=(0, 8000), title=name, xlabel="seconds")
    axes[0].set(ylabel="Hz")
    return figure


def exported_picture() -> Any:  # noqa: ANN401
    """A sound of the bundle, of its graphs of one length in float16, and of another seed."""
    how: dict[str, Any] = {"prompt": "techno drum loop, 128 BPM", "seconds": 3, "candidates": 1}
    with TemporaryDirectory() as room:
        small = Path(room) / "small"
        export_onnx_fixed(
            open_bundle(), small, precision=dict.fromkeys(PARTS, "float16"), seconds=3
        )
        clips = {
            "the bundle": soundlet.load().generate(seed=3, **how),
            "soundlet export onnx, float16": soundlet.load(small).generate(seed=3, **how),
            "the bundle, another seed": soundlet.load().generate(seed=4, **how),
        }
    return side_by_side(clips)


def taught_picture() -> Any:  # noqa: ANN401
    """Clips of the training data, with a caption of each."""
    figure, axes = plt.subplots(2, 3, figsize=(WIDTH, 3.4), sharey=True, layout="constrained")
    for axis, kind in zip(axes.flat, KIND_WEIGHTS, strict=False):
        clip = render_clip(7, kind)
        mono = clip.audio.mean(axis=0)
        axis.specgram(mono, NFFT=1024, Fs=SAMPLE_RATE, noverlap=768, vmin=-130, vmax=-40,
                      cmap="magma")  # fmt: skip
        caption = min(clip.captions, key=len)
        axis.set(ylim=(0, 8000))
        axis.set_title("\n".join(wrap(caption, 38)[:2]), fontsize=7)
    for axis in axes[:, 0]:
        axis.set(ylabel="Hz")
    for axis in axes[1]:
        axis.set(xlabel="seconds")
    return figure


def parts_picture() -> Any:  # noqa: ANN401
    """Numbers in each part of the official model."""
    config = load_config(Path(__file__).parent / "stable_audio_open_small.json")
    with TemporaryDirectory() as room:
        t5 = Path(room) / "config.json"
        t5.write_text(json.dumps(T5_BASE), encoding="utf-8")
        model = build_model(config, load_t5_config(t5), device="meta")
    counts = [
        sum(weight.numel() for weight in getattr(model, part).parameters()) / 1e6 for part in PARTS
    ]
    figure, axis = plt.subplots(figsize=(WIDTH, 1.5), layout="constrained")
    bars = axis.barh(list(PARTS), counts, color=PALE, height=0.55)
    axis.bar_label(bars, [f" {count:.1f}" for count in counts])
    axis.invert_yaxis()
    axis.set(xlabel="millions of numbers", xlim=(0, 1.1 * max(counts)))
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


def edit_picture() -> Any:  # noqa: ANN401
    """A clip, the clip with a gap filled, and its start continued; what is new is marked."""
    model = soundlet.load()
    rate, prompt = model.config.sample_rate, "house piano chords, 120 BPM"
    clip = model.generate(prompt, seconds=5, seed=3)
    start = (clip.audio[:, : 3 * rate], rate)
    how: dict[str, Any] = {"prompt": prompt, "seed": 4}
    filled = inpaint(model, InpaintRequest(audio=(clip.audio, rate), regions=((1.5, 2.5),), **how))
    longer = outpaint(model, OutpaintRequest(audio=start, after=2, **how))
    figure, axes = plt.subplots(3, 1, figsize=(WIDTH, 4.6), sharex=True, layout="constrained")
    rows = (
        ("a clip", clip, None),
        ("--from 1.5 --to 2.5", filled, (1.5, 2.5)),
        ("its first 3 s, --after 2", longer, (3, 5)),
    )
    for axis, (name, each, new) in zip(axes, rows, strict=True):
        mono = each.audio.mean(axis=0)
        axis.specgram(mono, NFFT=1024, Fs=rate, noverlap=768, vmin=-130, vmax=-40, cmap="magma")
        axis.set(ylim=(0, 8000), ylabel="Hz", title=name)
        for edge in new or ():
            axis.axvline(edge, color="white", lw=0.9, ls=":")
    axes[-1].set_xlabel("seconds")
    return figure


def contact_sheet_picture() -> Any:  # noqa: ANN401
    """The contact sheet of a small pack."""
    prompts = [
        "techno drum loop, 909 kit, 128 BPM",
        "drum and bass drum loop, 174 BPM",
        "house piano chords in A minor, 120 BPM",
        "warm strings chords in D major, 90 BPM",
        "funk bass line, 100 BPM",
        "kick drum",
        "snare drum",
        "hi-hat",
        "rain",
        "thunder",
    ]
    with TemporaryDirectory() as room:
        rows = [{"prompt": text, "seconds": 3, "normalize": "peak"} for text in prompts]
        place = Path(room) / "prompts.jsonl"
        place.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
        model, folder = soundlet.load(), Path(room) / "pack"
        made = run_batch(model, read_lines(place, pack=True), folder, Maker())
        write_pack(folder, made.records, "First pack")
        shutil.copy(folder / "contact-sheet.png", FOLDER / "contact-sheet.png")
    return None


PICTURES: dict[str, Callable[[], Any]] = {
    "generate": generate_picture,
    "loop": loop_picture,
    "level": level_picture,
    "settings": settings_picture,
    "tempi": tempi_picture,
    "edit": edit_picture,
    "contact-sheet": contact_sheet_picture,
    "asked": asked_picture,
    "speed": speed_picture,
    "precision": precision_picture,
    "parts": parts_picture,
    "exported": exported_picture,
    "taught": taught_picture,
}


if __name__ == "__main__":
    main()
