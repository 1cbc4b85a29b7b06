"""`soundlet loop`: whole bars that repeat without a seam, measured."""

from __future__ import annotations

import json
import time
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any

import typer

from soundlet.cli.destination import choose_destination
from soundlet.cli.level import (
    LoudnessOption,
    NormalizeOption,
    TruePeakOption,
    finished_level,
    read_finish,
)
from soundlet.cli.making import drawn_seed, load_model
from soundlet.cli.options import (
    BitsOption,
    CfgScaleOption,
    EngineOption,
    ForceOption,
    FormatOption,
    JsonOption,
    ModelOption,
    NegativePromptOption,
    SamplerOption,
    StepsOption,
    ThreadsOption,
)
from soundlet.cli.progress import progress_line
from soundlet.cli.structure import (
    BeatsOption,
    BpmOption,
    EffectOption,
    ElementOption,
    GenreOption,
    KeyOption,
    MoodOption,
    Structure,
    tempo_of,
)

if TYPE_CHECKING:
    from soundlet.audio import Format
    from soundlet.loops import Loop, Measured


def loop(
    prompt: Annotated[
        str, typer.Argument(metavar="[PROMPT]", show_default=False, help="What it sounds like.")
    ] = "",
    bpm: BpmOption = None,
    bars: Annotated[int, typer.Option(metavar="N", help="Length in bars.")] = 2,
    beats_per_bar: BeatsOption = 4,
    genre: GenreOption = None,
    element: ElementOption = None,
    mood: MoodOption = None,
    effect: EffectOption = None,
    key: KeyOption = None,
    best_of: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            min=1,
            max=100,
            help="Make so many, seeds counting up; keep the best."
            "  [default: 1 with --seed, else until one is good, at most 4]",
        ),
    ] = None,
    out: Annotated[
        str | None,
        typer.Option(
            "--out", "-o", metavar="FILE", help="A file, a folder, or - .  [default: this folder]"
        ),
    ] = None,
    format: FormatOption = None,
    bits: BitsOption = None,
    force: ForceOption = False,
    normalize: NormalizeOption = "none",
    loudness: LoudnessOption = None,
    true_peak: TruePeakOption = None,
    seed: Annotated[
        int | None, typer.Option(help="Repeat an earlier loop.  [default: a new one]")
    ] = None,
    steps: StepsOption = None,
    sampler: SamplerOption = None,
    cfg_scale: CfgScaleOption = None,
    negative_prompt: NegativePromptOption = None,
    model: ModelOption = None,
    engine: EngineOption = None,
    threads: ThreadsOption = None,
    as_json: JsonOption = False,
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="Print only the path, and no progress.")
    ] = False,
) -> None:
    """Make a loop: whole bars at a tempo, exact to the sample, whose end leads into its start.

    WAV files carry loop points and tempo for samplers and audio workstations.
    """
    from soundlet.tempo import Grid

    text = Structure(genre, element or (), mood or (), effect or (), bpm, key).prompt(prompt)
    grid = Grid(bpm=tempo_of(text, bpm, bars), bars=bars, beats_per_bar=beats_per_bar)
    finish = read_finish(normalize=normalize, loudness=loudness, true_peak=true_peak)
    destination = choose_destination(out, format, bits, force=force, n_clips=1)
    fields: dict[str, Any] = {
        "steps": steps,
        "sampler": sampler,
        "cfg_scale": cfg_scale,
        "negative_prompt": negative_prompt,
    }
    fields = {name: value for name, value in fields.items() if value is not None}
    start = time.perf_counter()
    with progress_line(quiet=quiet) as show:
        loaded = load_model(show, model=model, engine=engine, threads=threads)
        from soundlet.loops import USUAL_TRIES, loop_request, make_loop, measure_loop

        tries = best_of or (USUAL_TRIES if seed is None else 1)
        fields["seed"] = drawn_seed(tries) if seed is None else seed
        made = make_loop(
            loaded,
            loop_request(text, grid, loaded.config.sample_rate, **fields),
            grid,
            best_of=tries,
            stop_early=best_of is None,
            on_step=partial(show, "generating"),
        )
        clip = made.clip.finished(finish)
        measured = made.measured if finish.changes_nothing else measure_loop(clip, grid)
        path = destination.save(clip, clip.request.prompt)
    finished_level(clip, finish)
    elapsed = time.perf_counter() - start
    told = None if path is None else str(path)
    if as_json:
        facts = as_object(made, told, destination.format, elapsed)
        facts = {**facts, **clip.settings(), "measured": measured.as_json()}
        typer.echo(json.dumps(facts, ensure_ascii=False), err=destination.is_stdout)
    elif not quiet:
        typer.echo(f"{told or 'stdout'}  seed {clip.seed}", err=destination.is_stdout)
        for line in lines(made, measured, elapsed):
            typer.echo(line, err=destination.is_stdout)
    elif told is not None:
        typer.echo(told)


def as_object(made: Loop, path: str | None, format: Format, elapsed: float) -> dict[str, Any]:
    """What `--json` prints besides the settings and measures of the loop that is kept."""
    audio = made.clip.audio
    return {
        "path": path,
        "sample_rate": made.clip.sample_rate,
        "channels": audio.shape[0],
        "samples": audio.shape[1],
        "format": format,
        "elapsed_seconds": round(elapsed, 3),
        "tried": [{"seed": seed, "cost": round(each.cost, 3)} for seed, each in made.tried],
    }


def lines(made: Loop, measured: Measured, elapsed: float) -> list[str]:
    """The measures for a reader."""
    clip, rhythm, seam, level = made.clip, measured.rhythm, measured.seam, measured.level
    grid = clip.grid
    assert grid is not None
    n_samples = clip.audio.shape[1]
    bars = f"{grid.bars} bar{'s' if grid.bars > 1 else ''}"
    if rhythm.bpm is None or rhythm.beat_seconds is None:
        tempo = "no beat was heard"
    else:
        tempo = (
            f"{rhythm.bpm:.1f} BPM heard, {grid.bpm:g} asked;"
            f" beats {1000 * rhythm.beat_seconds:+.0f} ms"
        )
    rows = [
        (
            "length",
            f"{bars} of {grid.beats_per_bar} at {grid.bpm:g} BPM: {n_samples} samples,"
            f" {n_samples / clip.sample_rate:.4g} s",
        ),
        ("drift", f"{1000 * measured.drift_seconds:+.2f} ms after 64 repeats"),
        ("tempo", tempo),
        (
            "seam",
            f"{seam.score:.2f} times the jump at its other beats"
            f" ({seam.spectral_db:.1f} dB spectrum, {seam.level_db:.1f} dB level)",
        ),
        ("level", f"{level.loudness:.1f} LUFS, {level.true_peak:.1f} dBTP"),
    ]
    if len(made.tried) > 1:
        costs = ", ".join(f"{seed} {each.cost:.2f}" for seed, each in made.tried)
        rows.append(("tried", f"seed and cost: {costs}; {clip.seed} is kept"))
    rows.append(("made in", f"{elapsed:.1f} s"))
    return [f"  {name:<9}{text}" for name, text in rows]
