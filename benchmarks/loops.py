"""Loops over tempi and bars: exact length, drift, seam, tempo; plain trimmed clips beside them.

    python benchmarks/loops.py [--count 30] [--steps 25] [--threads 1] [--out FOLDER]

Every loop is read back from its file by libsndfile, whose view of loop points and tempo is compared
with what was asked. The plain clip is what the model makes of the same prompt and seed, cut to the
same number of samples; loops that are longer than the model's window have none. Music changes most
where a bar begins, so beside the score of the seam stands what the same loop scores when it is
begun at its other bars, where nothing was ever cut.
"""

from __future__ import annotations

import argparse
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np

import soundlet
from benchmarks.wav_reader import read_loop
from soundlet.ideas import random_prompt
from soundlet.loops import Loop, loop_request, make_loop
from soundlet.prompt import build_prompt, read_prompt
from soundlet.seam import measure_seam
from soundlet.tempo import Grid

BARS = (1, 2, 4, 8)
SLOWEST, FASTEST = 60, 180


def grids(count: int) -> list[Grid]:
    """Tempi evenly from 60 to 180 BPM, the numbers of bars in turn."""
    return [
        Grid(bpm=round(float(bpm)), bars=BARS[i % len(BARS)])
        for i, bpm in enumerate(np.linspace(SLOWEST, FASTEST, count))
    ]


def prompt_for(seed: int, bpm: float) -> str:
    """An idea for a loop, at this tempo."""
    idea = read_prompt(random_prompt(seed))
    words = [found.text for found in idea.found if found.part not in ("tempo", "key")]
    return build_prompt(elements=words, key=idea.first("key"), bpm=bpm)


def score_inside(loop: Loop, grid: Grid) -> float | None:
    """The median score of a loop that is begun at each of its other bars; None: it has one bar."""
    audio, rate = loop.clip.audio, loop.clip.sample_rate
    scores = [
        measure_seam(
            np.roll(audio, -round(bar * audio.shape[1] / grid.bars), axis=1), rate, grid.n_beats
        ).score
        for bar in range(1, grid.bars)
    ]
    return float(np.median(scores)) if scores else None


def made(
    model: soundlet.Model, prompt: str, grid: Grid, *, first_seed: int, steps: int | None
) -> tuple[Loop, soundlet.Clip | None]:
    """A loop and a plain clip with the first seed at which both are sounds."""
    rate = model.config.sample_rate
    n_samples = grid.n_samples(rate)
    for seed in range(first_seed, first_seed + 20):
        try:
            loop = make_loop(model, loop_request(prompt, grid, rate, seed=seed, steps=steps), grid)
            longer = min(grid.seconds + 0.1, model.max_seconds)  # so that no fade is at the cut
            if grid.seconds > longer:
                return loop, None
            plain = model.generate(prompt, seconds=longer, seed=seed, steps=steps)
        except soundlet.GenerationError:
            continue
        return loop, replace(plain, audio=plain.audio[:, :n_samples])
    raise SystemExit(f"no seed makes a sound of {prompt!r}")


def main() -> None:
    """Make the loops and print a line for each, then the medians."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=30)
    parser.add_argument("--steps", type=int)
    parser.add_argument("--threads", type=int)
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    model = soundlet.load(threads=arguments.threads)
    rate = model.config.sample_rate
    folder = arguments.out or Path(tempfile.mkdtemp())
    seams, plains, errors, insides = [], [], [], []
    for i, grid in enumerate(grids(arguments.count)):
        prompt = prompt_for(i, grid.bpm)
        loop, plain = made(model, prompt, grid, first_seed=100 * i, steps=arguments.steps)
        clip, measured = loop.clip, loop.measured
        path = folder / f"loop_{i:02}.wav"
        clip.save(path)
        seen = read_loop(path)
        exact = grid.n_beats * 60 * rate / grid.bpm
        assert clip.audio.shape[1] == seen.n_samples == round(exact)
        assert (seen.start, seen.end) == (0, seen.n_samples)
        assert (round(seen.bpm, 3), seen.n_beats) == (grid.bpm, grid.n_beats)
        assert abs(measured.drift_seconds) <= 32 / rate
        line = f"{i:2} {grid.bpm:4.0f} BPM {grid.bars} bars {seen.n_samples:8} samples"
        seam = measured.seam
        line += f"  drift {1000 * measured.drift_seconds:+.2f} ms  seam {seam.score:5.2f}"
        line += f"  click {seam.click:5.2f}"
        seams.append((seam.score, seam.click))
        inside = score_inside(loop, grid)
        if inside is not None:
            insides.append((seam.score, inside))
            line += f"  inside {inside:5.2f}"
        if plain is not None:
            beside = measure_seam(plain.audio, rate, grid.n_beats)
            plains.append((seam.score, beside.score, seam.click, beside.click))
            line += f"  plain {beside.score:6.2f} {beside.click:6.2f}"
        if measured.rhythm.tempo_error is not None:
            errors.append(measured.rhythm.tempo_error)
            line += f"  heard {measured.rhythm.bpm:.1f} BPM"
        print(f"{line}  {prompt}", flush=True)
    score, click = np.median(seams, axis=0)
    print(f"{len(seams)} loops: median seam {score:.2f}, click {click:.2f}")
    own, other = np.median(insides, axis=0)
    print(f"{len(insides)} of two or more bars: seam {own:.2f}, at their other bars {other:.2f}")
    pairs = np.array(plains)
    told = np.median(pairs, axis=0)
    better = np.mean(pairs[:, 0] < pairs[:, 1])
    print(
        f"{len(pairs)} with a plain clip beside them: seam {told[0]:.2f} against {told[1]:.2f},"
        f" click {told[2]:.2f} against {told[3]:.2f}; the loop is better in {better:.0%}"
    )
    print(f"tempo heard in {len(errors)}, median error {np.median(errors):.1%}")


if __name__ == "__main__":
    main()
