"""`soundlet generate`: read the request, print the result; the work is in `soundlet.pipeline`."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from soundlet.cli.destination import choose_destination
from soundlet.cli.level import (
    FadeInOption,
    FadeOutOption,
    LoudnessOption,
    NormalizeOption,
    TrimOption,
    TruePeakOption,
    finished_level,
    read_finish,
)
from soundlet.cli.making import MAX_VARIATIONS, drawn_seed, load_model, tell
from soundlet.cli.options import (
    BitsOption,
    CfgScaleOption,
    EachJsonOption,
    EngineOption,
    ForceOption,
    FormatOption,
    ModelOption,
    NegativePromptOption,
    QuietOption,
    SamplerOption,
    StepsOption,
    ThreadsOption,
    TruncateOption,
)
from soundlet.cli.outlet import outlets
from soundlet.cli.progress import progress_line
from soundlet.cli.structure import (
    BarsOption,
    BpmOption,
    EffectOption,
    ElementOption,
    GenreOption,
    KeyOption,
    MoodOption,
    Structure,
    tempo_of,
)
from soundlet.errors import RequestError
from soundlet.request import MAX_CANDIDATES, GenerationRequest

if TYPE_CHECKING:
    from soundlet.pipeline import Model


def generate(
    prompts: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="PROMPT",
            show_default=False,
            help="What it should sound like; each prompt is a clip. - reads one a line from stdin.",
        ),
    ] = None,
    prompts_file: Annotated[
        Path | None, typer.Option(metavar="FILE", help="A text file with one prompt a line.")
    ] = None,
    genre: GenreOption = None,
    element: ElementOption = None,
    mood: MoodOption = None,
    effect: EffectOption = None,
    bpm: BpmOption = None,
    key: KeyOption = None,
    bars: BarsOption = None,
    beats_per_bar: Annotated[
        int | None, typer.Option(metavar="N", help="Beats of a bar, for --bars.  [default: 4]")
    ] = None,
    out: Annotated[
        str | None,
        typer.Option(
            "--out",
            "-o",
            metavar="FILE",
            help="A file, or a folder for names made from the prompts, or - for stdout."
            "  [default: this folder]",
        ),
    ] = None,
    format: FormatOption = None,
    bits: BitsOption = None,
    force: ForceOption = False,
    play: Annotated[
        bool, typer.Option("--play", help="Play it too, from the moment its start is decoded.")
    ] = False,
    trim: TrimOption = False,
    fade_in: FadeInOption = 0.0,
    fade_out: FadeOutOption = 0.0,
    normalize: NormalizeOption = "none",
    loudness: LoudnessOption = None,
    true_peak: TruePeakOption = None,
    seconds: Annotated[float | None, typer.Option(help="Length of a clip.")] = None,
    seed: Annotated[
        int | None, typer.Option(help="Repeat an earlier sound.  [default: a new one]")
    ] = None,
    variations: Annotated[
        int,
        typer.Option(
            min=1, max=MAX_VARIATIONS, help="Clips of each prompt, with seeds counting up."
        ),
    ] = 1,
    candidates: Annotated[
        int | None,
        typer.Option(
            min=1,
            max=MAX_CANDIDATES,
            help="Sounds to sample for each clip, of which the best fit is kept; 1 is fastest.",
        ),
    ] = None,
    steps: StepsOption = None,
    sampler: SamplerOption = None,
    cfg_scale: CfgScaleOption = None,
    cfg_rescale: Annotated[
        float | None, typer.Option(help="0 to 1: tame the level that guidance adds.")
    ] = None,
    cfg_interval: Annotated[
        tuple[float, float] | None,
        typer.Option(metavar="FIRST LAST", help="Times of the flow, 0 to 1, with guidance on."),
    ] = None,
    negative_prompt: NegativePromptOption = None,
    init_audio: Annotated[
        Path | None, typer.Option(metavar="FILE", help="A sound to start from.")
    ] = None,
    init_noise_level: Annotated[
        float | None, typer.Option(help="How much of it to replace: above 0 and below 1.")
    ] = None,
    truncate: TruncateOption = False,
    model: ModelOption = None,
    engine: EngineOption = None,
    threads: ThreadsOption = None,
    low_memory: Annotated[
        bool, typer.Option("--low-memory", help="Keep one part of the model in memory at a time.")
    ] = False,
    short_window: Annotated[
        bool,
        typer.Option(
            "--short-window",
            help="Sample no more than the length asked for, of models that were trained on one"
            " length: faster, and other sound.",
        ),
    ] = False,
    as_json: EachJsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Make a sound of each prompt and write it to a file.

    Options that are not given take the model's own default (see soundlet info).
    """
    structure = Structure(genre, element or (), mood or (), effect or (), bpm, key)
    texts = read_prompts(prompts or [], prompts_file, is_needed=structure.is_empty)
    texts = [structure.prompt(text) for text in texts]
    lengths = [length_of(text, seconds, bpm, bars, beats_per_bar) for text in texts]
    finish = read_finish(
        trim=trim,
        fade_in=fade_in,
        fade_out=fade_out,
        normalize=normalize,
        loudness=loudness,
        true_peak=true_peak,
    )
    fields: dict[str, Any] = {
        "candidates": candidates,
        "steps": steps,
        "sampler": sampler,
        "cfg_scale": cfg_scale,
        "cfg_rescale": cfg_rescale,
        "cfg_interval": cfg_interval,
        "negative_prompt": negative_prompt,
        "init_audio": init_audio,
        "init_noise_level": init_noise_level,
        "truncate_prompt": truncate,
        "short_window": short_window,
    }
    given = {name: value for name, value in fields.items() if value is not None}
    first = drawn_seed(variations) if seed is None else seed
    requests = [
        GenerationRequest(prompt=text, seconds=length, seed=first + i, **given)
        for text, length in zip(texts, lengths, strict=True)
        for i in range(variations)
    ]
    destination = choose_destination(out, format, bits, force=force, n_clips=len(requests))
    with progress_line(quiet=quiet) as show:
        loaded = load_model(
            show, model=model, engine=engine, threads=threads, low_memory=low_memory
        )
    for request in requests:
        loaded.resolve(request)  # all are checked before any is made
    if short_window and loaded.bundle.manifest.length == "fixed":
        typer.echo(
            f"note: {loaded.bundle.manifest.name} was trained on whole windows of"
            f" {loaded.max_seconds:.3g} s; a shorter one sounds different from what it would keep",
            err=True,
        )
    from soundlet.tokenizer import excerpt

    all_texts = [*texts, *([negative_prompt] if negative_prompt else [])]
    for text in too_long(loaded, all_texts, truncate=truncate):
        typer.echo(f"note: cut to what this model reads: {excerpt(text)!r}", err=True)
    for i, request in enumerate(requests):
        label = "generating" if len(requests) == 1 else f"generating {i + 1} of {len(requests)}"
        start = time.perf_counter()
        with progress_line(quiet=quiet) as show:
            show(label, 0, 0)
            step = partial(show, label)
            with outlets(loaded, request, destination, finish, play=play) as outlet:
                clip = loaded.generate(request, on_step=step, on_piece=outlet.on_piece)
                clip = outlet.finished(clip.finished(finish))
            path = None if outlet.is_written else destination.save(clip, request.prompt)
        elapsed = time.perf_counter() - start
        level = finished_level(clip, finish)
        tell(clip, path, destination, elapsed, level, as_json=as_json, quiet=quiet)


def length_of(
    prompt: str,
    seconds: float | None,
    bpm: float | None,
    bars: int | None,
    beats_per_bar: int | None,
) -> float | None:
    """The seconds of a clip: given, or those of its bars; None for the model's default.

    Raises:
        typer.BadParameter: both are given, or beats without bars.
        RequestError: bars without a tempo.
    """
    if bars is None and beats_per_bar is not None:
        raise typer.BadParameter("needs --bars", param_hint="--beats-per-bar")
    if bars is None:
        return seconds
    if seconds is not None:
        raise typer.BadParameter("sets the length, and so does --seconds", param_hint="--bars")
    from soundlet.tempo import Grid

    beats = 4 if beats_per_bar is None else beats_per_bar
    return Grid(bpm=tempo_of(prompt, bpm, bars), bars=bars, beats_per_bar=beats).seconds


def read_prompts(
    prompts: list[str], prompts_file: Path | None, *, is_needed: bool = True
) -> list[str]:
    """The prompts of the command line, of its `-`, and of the file; blank lines are no prompts.

    Raises:
        typer.BadParameter: none at all, and one is needed.
        RequestError: the file or standard input cannot be read, or holds nothing.
    """
    texts: list[str] = []
    for prompt in prompts:
        texts += _lines(_standard_input, "standard input") if prompt == "-" else [prompt]
    if prompts_file is not None:
        texts += _lines(prompts_file.read_bytes, str(prompts_file))
    if not texts and not is_needed:
        return [""]
    if not texts:
        raise typer.BadParameter("say what it should sound like", param_hint="PROMPT")
    return texts


def _standard_input() -> bytes:
    if sys.stdin is None:
        raise RequestError("standard input is closed: pipe prompts into it, or use --prompts-file")
    return sys.stdin.buffer.read()


def _lines(read: Callable[[], bytes], source: str) -> list[str]:
    try:
        text = read().decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as e:
        reason = e.strerror if isinstance(e, OSError) else "not UTF-8 text"
        raise RequestError(f"{source} cannot be read: {reason}") from e
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if not lines:
        raise RequestError(f"{source} holds no prompt: write one a line")
    return lines


def too_long(model: Model, texts: list[str], *, truncate: bool) -> Iterator[str]:
    """Those of `texts` that will be cut to fit the model's window.

    Raises:
        RequestError: there is one, and `truncate` is off.
    """
    for text in texts:
        try:
            model.require_readable(text)
        except RequestError:
            if not truncate:
                raise
            yield text
