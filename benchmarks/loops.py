"""Loops over tempi and bars: exact length, drift, seam, tempo; plain trimmed clips beside them.

    python -m benchmarks.loops [--count 30] [--steps 25] [--threads 1] [--out FOLDER]
        [--into docs/loops.md]

Each loop is made as `soundlet loop` makes it where no seed is named: up to four seeds, until one
keeps time and closes. Beside it stand the loop of the first of these seeds, whatever it is like,
and the plain clip that the model makes of that seed, cut to the same number of samples; loops that
are longer than the model's window have none. Every loop is read back from its file by libsndfile,
whose view of loop points and tempo is compared with what was asked. Music changes most where a bar
begins, so beside the score of the seam stands what the same loop scores when it is begun at its
other bars, where nothing was ever cut.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

import soundlet
from benchmarks.render import existing_page, row, show
from benchmarks.wav_reader import read_loop
from soundlet.ideas import random_prompt
from soundlet.loops import USUAL_TRIES, Loop, loop_request, make_loop
from soundlet.prompt import build_prompt, read_prompt
from soundlet.seam import Seam, measure_seam
from soundlet.tempo import Grid

BARS = (1, 2, 4, 8)
SLOWEST, FASTEST = 60, 180
RIGHT = 0.03  # of tempo error


@dataclass(frozen=True)
class Take:
    """What was measured on one loop.

    Attributes:
        seam: of the loop.
        inside: the median score of the loop begun at each of its other bars; None: it has one bar.
        tempo_error: None: no beat was heard.
    """

    seam: Seam
    inside: float | None
    tempo_error: float | None


@dataclass(frozen=True)
class Found:
    """The loops of one prompt and grid.

    Attributes:
        drift_ms: after 64 repeats.
        n_tried: seeds until one was kept.
        kept: what `soundlet loop` makes.
        first: the loop of the first seed.
        plain: the seam of the plain clip of the first seed; None: longer than the model's window.
    """

    drift_ms: float
    n_tried: int
    kept: Take
    first: Take
    plain: Seam | None


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


def take_of(loop: Loop, grid: Grid) -> Take:
    """The measures of a loop, those at its other bars too."""
    audio, rate = loop.clip.audio, loop.clip.sample_rate
    inside = [
        measure_seam(
            np.roll(audio, -round(bar * audio.shape[1] / grid.bars), axis=1), rate, grid.n_beats
        ).score
        for bar in range(1, grid.bars)
    ]
    return Take(
        seam=loop.measured.seam,
        inside=float(np.median(inside)) if inside else None,
        tempo_error=loop.measured.rhythm.tempo_error,
    )


def made(
    model: soundlet.Model, prompt: str, grid: Grid, *, first_seed: int, steps: int | None
) -> tuple[Loop, Loop, soundlet.Clip | None]:
    """The loop that is kept, that of the first seed which makes a sound, and its plain clip."""
    rate = model.config.sample_rate
    n_samples = grid.n_samples(rate)
    for seed in range(first_seed, first_seed + 20):
        request = loop_request(prompt, grid, rate, seed=seed, steps=steps, candidates=1)
        longer = min(grid.seconds + 0.1, model.max_seconds)  # so that no fade is at the cut
        plain: soundlet.Clip | None = None
        try:
            first = make_loop(model, request, grid)
            if grid.seconds <= longer:
                plain = model.generate(prompt, seconds=longer, seed=seed, steps=steps, candidates=1)
                plain = replace(plain, audio=plain.audio[:, :n_samples])
        except soundlet.GenerationError:
            continue
        if first.measured.is_good:
            return first, first, plain
        kept = make_loop(model, request, grid, best_of=USUAL_TRIES, stop_early=True)
        return kept, first, plain
    raise SystemExit(f"no seed makes a sound of {prompt!r}")


def measured(model: soundlet.Model, i: int, grid: Grid, steps: int | None, path: Path) -> Found:
    """Make the loops of a number, write the one that is kept, have another library read it."""
    rate = model.config.sample_rate
    prompt = prompt_for(i, grid.bpm)
    loop, first, plain = made(model, prompt, grid, first_seed=100 * i, steps=steps)
    loop.clip.save(path)
    seen = read_loop(path)
    exact = grid.n_beats * 60 * rate / grid.bpm
    assert loop.clip.audio.shape[1] == seen.n_samples == round(exact)
    assert (seen.start, seen.end) == (0, seen.n_samples)
    assert (round(seen.bpm, 3), seen.n_beats) == (grid.bpm, grid.n_beats)
    assert abs(loop.measured.drift_seconds) <= 32 / rate
    return Found(
        drift_ms=1000 * loop.measured.drift_seconds,
        n_tried=len(loop.tried),
        kept=take_of(loop, grid),
        first=take_of(first, grid),
        plain=None if plain is None else measure_seam(plain.audio, rate, grid.n_beats),
    )


def line(i: int, grid: Grid, found: Found) -> str:
    """What was measured on one loop, for the log."""
    kept, first = found.kept, found.first
    told = f"{i:2} {grid.bpm:4.0f} BPM {grid.bars} bars  drift {found.drift_ms:+.2f} ms"
    told += f"  seam {kept.seam.score:5.2f}  click {kept.seam.click:5.2f}"
    if kept.tempo_error is not None:
        told += f"  tempo off {100 * kept.tempo_error:4.1f} %"
    told += f"  tried {found.n_tried}  first {first.seam.score:5.2f}"
    if first.inside is not None:
        told += f"  inside {first.inside:5.2f}"
    if found.plain is not None:
        told += f"  plain {found.plain.score:6.2f} {found.plain.click:6.2f}"
    return f"{told}  {prompt_for(i, grid.bpm)}"


def median(values: Iterable[float]) -> str:
    """Of a cell."""
    return f"{np.median(list(values)):.2f}"


def table(found: list[Found]) -> list[str]:
    """The medians, a line each: of the loops kept, of the first ones, and of the plain clips."""
    takes = [[each.kept for each in found], [each.first for each in found]]
    pairs = [(each, each.plain) for each in found if each.plain is not None]
    barred = [[take for take in each if take.inside is not None] for each in takes]
    of = f"of {len(found)}"
    tries = np.mean([each.n_tried for each in found])
    return [
        row(["", "`soundlet loop`", "the first seed it tried", "that seed, cut to length"]),
        row(["---"] * 4),
        row([
            f"seam score, median {of}",
            *(median(take.seam.score for take in each) for each in takes), "",
        ]),
        row([
            f"loops with a score of 1 or less, {of}",
            *(str(sum(take.seam.score <= 1 for take in each)) for each in takes), "",
        ]),
        row([
            f"seam score, median of {len(barred[0])} with two or more bars",
            *(median(take.seam.score for take in each) for each in barred), "",
        ]),
        row([
            "the same, begun at each of their other bars",
            *(median(take.inside for take in each if take.inside) for each in barred), "",
        ]),
        row([
            f"seam score, median of {len(pairs)} that have a plain clip",
            median(each.kept.seam.score for each, _ in pairs),
            median(each.first.seam.score for each, _ in pairs),
            median(plain.score for _, plain in pairs),
        ]),
        row([
            f"click, median of these {len(pairs)}",
            median(each.kept.seam.click for each, _ in pairs),
            median(each.first.seam.click for each, _ in pairs),
            median(plain.click for _, plain in pairs),
        ]),
        row([
            f"score below the plain clip's, of these {len(pairs)}",
            str(sum(each.kept.seam.score < plain.score for each, plain in pairs)),
            str(sum(each.first.seam.score < plain.score for each, plain in pairs)), "",
        ]),
        row([
            f"tempo heard within 3 %, {of}",
            *(str(sum(is_right(take) for take in each)) for each in takes), "",
        ]),
        row([
            f"drift after 64 repeats, worst {of}",
            f"{max(abs(each.drift_ms) for each in found):.2f} ms", "", "",
        ]),
        row(["seeds tried, mean", f"{tries:.1f}", "1", ""]),
    ]  # fmt: skip


def is_right(take: Take) -> bool:
    """Whether the tempo that was asked for was heard."""
    return take.tempo_error is not None and take.tempo_error < RIGHT


def main() -> None:
    """Make the loops and print a line for each, then the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=30)
    parser.add_argument("--steps", type=int)
    parser.add_argument("--threads", type=int)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--into", type=existing_page, help="the page to write the table into")
    arguments = parser.parse_args()
    model = soundlet.load(threads=arguments.threads)
    folder = arguments.out or Path(tempfile.mkdtemp())
    found = []
    for i, grid in enumerate(grids(arguments.count)):
        path = folder / f"loop_{i:02}.wav"
        found.append(measured(model, i, grid, arguments.steps, path))
        print(line(i, grid, found[-1]), flush=True)
    show({"loops": table(found)}, arguments.into)


if __name__ == "__main__":
    main()
