"""Loops over tempi and bars: exact length, drift, seam, tempo; plain trimmed clips beside them.

    python -m benchmarks.loops [--count 30] [--steps 25] [--threads 1] [--out FOLDER]
        [--into docs/loops.md]

Every loop is read back from its file by libsndfile, whose view of loop points and tempo is compared
with what was asked. The plain clip is what the model makes of the same prompt and seed, cut to the
same number of samples; loops that are longer than the model's window have none. Music changes most
where a bar begins, so beside the score of the seam stands what the same loop scores when it is
begun at its other bars, where nothing was ever cut.
"""

from __future__ import annotations

import argparse
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

import soundlet
from benchmarks.render import row, show
from benchmarks.wav_reader import read_loop
from soundlet.ideas import random_prompt
from soundlet.loops import Loop, loop_request, make_loop
from soundlet.prompt import build_prompt, read_prompt
from soundlet.seam import Seam, measure_seam
from soundlet.tempo import Grid

BARS = (1, 2, 4, 8)
SLOWEST, FASTEST = 60, 180
RIGHT = 0.03  # of tempo error


@dataclass(frozen=True)
class Found:
    """What was measured on one loop.

    Attributes:
        drift_ms: after 64 repeats.
        seam: of the loop.
        inside: the median score of the loop begun at each of its other bars; None: it has one bar.
        plain: the seam of the plain clip; None: longer than the model's window.
        tempo_error: None: no beat was heard.
    """

    drift_ms: float
    seam: Seam
    inside: float | None
    plain: Seam | None
    tempo_error: float | None


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


def measured(model: soundlet.Model, i: int, grid: Grid, steps: int | None, path: Path) -> Found:
    """Make the loop of a number, write it, have another library read it, and print a line."""
    rate = model.config.sample_rate
    prompt = prompt_for(i, grid.bpm)
    loop, plain = made(model, prompt, grid, first_seed=100 * i, steps=steps)
    loop.clip.save(path)
    seen = read_loop(path)
    exact = grid.n_beats * 60 * rate / grid.bpm
    assert loop.clip.audio.shape[1] == seen.n_samples == round(exact)
    assert (seen.start, seen.end) == (0, seen.n_samples)
    assert (round(seen.bpm, 3), seen.n_beats) == (grid.bpm, grid.n_beats)
    assert abs(loop.measured.drift_seconds) <= 32 / rate
    found = Found(
        drift_ms=1000 * loop.measured.drift_seconds,
        seam=loop.measured.seam,
        inside=score_inside(loop, grid),
        plain=None if plain is None else measure_seam(plain.audio, rate, grid.n_beats),
        tempo_error=loop.measured.rhythm.tempo_error,
    )
    line = f"{i:2} {grid.bpm:4.0f} BPM {grid.bars} bars {seen.n_samples:8} samples"
    line += f"  drift {found.drift_ms:+.2f} ms  seam {found.seam.score:5.2f}"
    line += f"  click {found.seam.click:5.2f}"
    if found.inside is not None:
        line += f"  inside {found.inside:5.2f}"
    if found.plain is not None:
        line += f"  plain {found.plain.score:6.2f} {found.plain.click:6.2f}"
    if loop.measured.rhythm.bpm is not None:
        line += f"  heard {loop.measured.rhythm.bpm:.1f} BPM"
    print(f"{line}  {prompt}", flush=True)
    return found


def table(found: list[Found]) -> list[str]:
    """The medians, a line each: of the loops, and of the plain clips beside them."""
    pairs = [(each.seam, each.plain) for each in found if each.plain is not None]
    bars = [(each.seam.score, each.inside) for each in found if each.inside is not None]
    errors = [each.tempo_error for each in found if each.tempo_error is not None]
    n_right = sum(error < RIGHT for error in errors)
    worst = max(abs(each.drift_ms) for each in found)
    own, other = np.median(bars, axis=0)
    scores = np.median([(a.score, b.score) for a, b in pairs], axis=0)
    clicks = np.median([(a.click, b.click) for a, b in pairs], axis=0)
    better = sum(a.score < b.score for a, b in pairs)
    score = np.median([each.seam.score for each in found])
    heard = f"{len(errors)}, {n_right} of them within 3 %"
    return [
        row(["", "loop", "the same prompt and seed, cut to length"]),
        row(["---"] * 3),
        row([f"seam score, median of all {len(found)}", f"{score:.2f}", ""]),
        row([f"the same, of {len(bars)} that have two or more bars", f"{own:.2f}", ""]),
        row(["begun at each of their other bars", f"{other:.2f}", ""]),
        row([f"seam score, median of {len(pairs)} pairs", f"{scores[0]:.2f}", f"{scores[1]:.2f}"]),
        row([f"click, median of {len(pairs)} pairs", f"{clicks[0]:.2f}", f"{clicks[1]:.2f}"]),
        row([f"pairs in which it has the lower score, of {len(pairs)}", f"{better}", ""]),
        row([f"drift after 64 repeats, worst of {len(found)}", f"{worst:.2f} ms", ""]),
        row([f"tempo heard, of {len(found)}", heard, ""]),
    ]


def main() -> None:
    """Make the loops and print a line for each, then the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=30)
    parser.add_argument("--steps", type=int)
    parser.add_argument("--threads", type=int)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--into", type=Path, help="the page to write the table into")
    arguments = parser.parse_args()
    model = soundlet.load(threads=arguments.threads)
    folder = arguments.out or Path(tempfile.mkdtemp())
    found = [
        measured(model, i, grid, arguments.steps, folder / f"loop_{i:02}.wav")
        for i, grid in enumerate(grids(arguments.count))
    ]
    show({"loops": table(found)}, arguments.into)


if __name__ == "__main__":
    main()
