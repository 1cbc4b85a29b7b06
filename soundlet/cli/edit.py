"""`soundlet edit`: a sound restyled, varied, filled in, made longer, blended, or one hit of it."""

from __future__ import annotations

import time
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
from soundlet.cli.progress import progress_line
from soundlet.errors import RequestError

if TYPE_CHECKING:
    from soundlet.editing import EditRequest

OPTIONS = {"prompt": "PROMPT", "truncate_prompt": "--truncate"}
"""How those fields are given whose names are not their options'."""


def edit(
    sound: Annotated[Path, typer.Argument(metavar="IN", help="The sound to edit.")],
    prompt: Annotated[
        str,
        typer.Argument(
            metavar="[PROMPT]",
            show_default=False,
            help="What the new sound should be like; a file of soundlet's has its own.",
        ),
    ] = "",
    strength: Annotated[
        float | None,
        typer.Option(help="How much of it to replace.  [default: 0.7; variations: 0.5]"),
    ] = None,
    variations: Annotated[
        int | None,
        typer.Option(
            min=1, max=MAX_VARIATIONS, metavar="N", help="Make so many, with seeds counting up."
        ),
    ] = None,
    first: Annotated[
        list[float] | None,
        typer.Option("--from", metavar="PLACE", help="Start of a region to fill; may be repeated."),
    ] = None,
    last: Annotated[
        list[float] | None, typer.Option("--to", metavar="PLACE", help="End of that region.")
    ] = None,
    before: Annotated[
        float | None, typer.Option(metavar="LENGTH", help="Add so much before it.")
    ] = None,
    after: Annotated[
        float | None, typer.Option(metavar="LENGTH", help="Add so much after it.")
    ] = None,
    blend: Annotated[
        str | None, typer.Option(metavar="PROMPT", help="Restyle to between the two prompts.")
    ] = None,
    share: Annotated[
        str | None,
        typer.Option(
            metavar="SHARE", help="Of --blend, 0 to 1; 0:1 moves over time.  [default: 0.5]"
        ),
    ] = None,
    one_shot: Annotated[
        bool, typer.Option("--one-shot", help="Cut out one hit; the strongest, or see --at.")
    ] = False,
    at: Annotated[
        float | None, typer.Option(metavar="PLACE", help="Where the hit begins, about.")
    ] = None,
    longest: Annotated[
        float | None, typer.Option(metavar="LENGTH", help="Of the hit, in seconds.  [default: 2]")
    ] = None,
    in_bars: Annotated[
        bool, typer.Option("--in-bars", help="Places and lengths are in bars, not seconds.")
    ] = False,
    bpm: Annotated[
        float | None,
        typer.Option(help="Tempo for --in-bars.  [default: the loop's, else the prompt's]"),
    ] = None,
    beats_per_bar: Annotated[
        int | None,
        typer.Option(
            min=1, max=16, metavar="N", help="For --in-bars.  [default: the loop's, else 4]"
        ),
    ] = None,
    resamplings: Annotated[
        int | None,
        typer.Option(metavar="N", help="1 to 10: more fits edges better, slower.  [default: 3]"),
    ] = None,
    crossfade: Annotated[
        float | None, typer.Option(metavar="SECONDS", help="At each edge.  [default: 0.02]")
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
    play: Annotated[bool, typer.Option("--play", help="Play it too.")] = False,
    trim: TrimOption = False,
    fade_in: FadeInOption = 0.0,
    fade_out: FadeOutOption = 0.0,
    normalize: NormalizeOption = "none",
    loudness: LoudnessOption = None,
    true_peak: TruePeakOption = None,
    seed: Annotated[
        int | None, typer.Option(help="Repeat an earlier edit.  [default: a new one]")
    ] = None,
    steps: StepsOption = None,
    sampler: SamplerOption = None,
    cfg_scale: CfgScaleOption = None,
    negative_prompt: NegativePromptOption = None,
    truncate: TruncateOption = False,
    model: ModelOption = None,
    engine: EngineOption = None,
    threads: ThreadsOption = None,
    as_json: EachJsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Edit a sound.

    Without further options it is restyled after the prompt. --from and --to fill regions with new
    sound, --before and --after make it longer; both keep all else sample for sample.
    """
    how: dict[str, Any] = {
        "steps": steps,
        "sampler": sampler,
        "cfg_scale": cfg_scale,
        "negative_prompt": negative_prompt,
        "truncate_prompt": truncate or None,
    }
    if one_shot:
        require_not_given("one_shot", {"prompt": prompt or None, "seed": seed, **how})
    else:
        prompt = prompt or prompt_of(sound)
    places = (first or None, last or None, before, after, at)
    if in_bars and all(given is None for given in places):
        raise typer.BadParameter("names no place or length to count", param_hint="--in-bars")
    if not in_bars and (bpm is not None or beats_per_bar is not None):
        option = "--bpm" if bpm is not None else "--beats-per-bar"
        raise typer.BadParameter("has no effect without --in-bars", param_hint=option)
    scale = seconds_per_bar(sound, prompt, bpm, beats_per_bar) if in_bars else 1.0
    chosen = chosen_operation(
        strength=strength,
        variations=variations,
        regions=paired(first or [], last or [], scale),
        before=None if before is None else before * scale,
        after=None if after is None else after * scale,
        blend=blend,
        share=share,
        one_shot=one_shot,
        at=None if at is None else at * scale,
        longest=longest,
        resamplings=resamplings,
        crossfade=crossfade,
    )
    count = variations or 1
    number = drawn_seed(count) if seed is None else seed
    requests = [
        read_request(chosen, sound, {"prompt": prompt, "seed": number + i, **how})
        for i in range(count)
    ]
    finish = read_finish(
        trim=trim,
        fade_in=fade_in,
        fade_out=fade_out,
        normalize=normalize,
        loudness=loudness,
        true_peak=true_peak,
    )
    destination = choose_destination(out, format, bits, force=force, n_clips=count)
    with progress_line(quiet=quiet) as show:
        loaded = load_model(show, model=model, engine=engine, threads=threads)
    from soundlet.editing import apply

    for i, request in enumerate(requests):
        label = request.operation if count == 1 else f"{request.operation} {i + 1} of {count}"
        start = time.perf_counter()
        with progress_line(quiet=quiet) as show:
            show(label, 0, 0)
            clip = apply(loaded, request, on_step=partial(show, label)).finished(finish)
            path = destination.save(clip, f"{sound.stem} {request.operation}")
        elapsed = time.perf_counter() - start
        level = finished_level(clip, finish)
        tell(
            clip,
            path,
            destination,
            elapsed,
            level,
            as_json=as_json,
            quiet=quiet,
            operation=request.operation,
        )
        if play:
            from soundlet.playback import Player

            with Player(clip.sample_rate, clip.audio.shape[0]) as player:
                player.write(clip.audio)


def prompt_of(sound: Path) -> str:
    """The prompt that a file was made from.

    Raises:
        RequestError: it does not say.
    """
    from soundlet.metadata import read_sound_file

    settings = read_sound_file(sound).settings
    if settings is None:
        raise RequestError(
            f"{sound} does not say what it was made from: say what the new sound should be like"
        )
    return str(settings["prompt"])


def seconds_per_bar(
    sound: Path, prompt: str, bpm: float | None, beats_per_bar: int | None
) -> float:
    """The seconds of a bar: as given, else as the file of a loop says, else by the prompt's tempo.

    Raises:
        RequestError: no tempo is known.
    """
    from soundlet.cli.structure import tempo_of
    from soundlet.metadata import read_sound_file
    from soundlet.tempo import require_bpm

    grid = (read_sound_file(sound).settings or {}).get("grid") or {}
    tempo = tempo_of(prompt, grid.get("bpm") if bpm is None else bpm, 1)
    require_bpm(tempo)
    return (beats_per_bar or grid.get("beats_per_bar", 4)) * 60 / tempo


def paired(first: list[float], last: list[float], scale: float) -> tuple[tuple[float, float], ...]:
    """The regions, in seconds.

    Raises:
        typer.BadParameter: a start without an end, or an end without a start.
    """
    if len(first) != len(last):
        raise typer.BadParameter(
            f"{len(first)} --from and {len(last)} --to: each region needs one of both",
            param_hint="--from",
        )
    return tuple((a * scale, b * scale) for a, b in zip(first, last, strict=True))


def chosen_operation(**options: Any) -> dict[str, Any]:  # noqa: ANN401 - of `edit`
    """The operation that the options stand for, with its own fields.

    Raises:
        typer.BadParameter: two operations, or an option that the one chosen does not have.
    """
    wanted = {
        "inpaint": ("--from", bool(options["regions"])),
        "outpaint": ("--before or --after", (options["before"], options["after"]) != (None, None)),
        "blend": ("--blend", options["blend"] is not None),
        "one_shot": ("--one-shot", options["one_shot"]),
    }
    names = [name for name, (_, is_given) in wanted.items() if is_given]
    if len(names) > 1:
        said = " and ".join(wanted[name][0] for name in names)
        raise typer.BadParameter(f"{said} are different edits: do one after the other")
    default = "restyle" if options["variations"] is None else "variation"
    operation = names[0] if names else default
    own = {
        "restyle": ("strength",),
        "variation": ("strength",),
        "inpaint": ("regions", "resamplings", "crossfade"),
        "outpaint": ("before", "after", "resamplings", "crossfade"),
        "blend": ("strength", "share"),
        "one_shot": ("at", "longest"),
    }[operation]
    foreign = {"strength", "share", "at", "longest", "resamplings", "crossfade"} - set(own)
    if operation == "one_shot":
        foreign.add("variations")
    require_not_given(operation, {name: options[name] for name in sorted(foreign)})
    fields = {name: options[name] for name in own if options[name] is not None}
    if operation == "blend":
        fields |= {"other": options["blend"], "share": read_share(options["share"])}
    return {"operation": operation, **fields}


def require_not_given(operation: str, options: dict[str, Any]) -> None:
    """Options of other edits than the one that is done; None where not given.

    Raises:
        typer.BadParameter: one is given.
    """
    for name, value in options.items():
        if value is not None:
            option = OPTIONS.get(name, "--" + name.replace("_", "-"))
            raise typer.BadParameter(f"has no effect on {operation}", param_hint=option)


def read_share(text: str | None) -> float | tuple[float, float]:
    """What `--share` says.

    Raises:
        typer.BadParameter: neither a number nor two with a colon between.
    """
    if text is None:
        return 0.5
    try:
        shares = tuple(float(part) for part in text.split(":"))
    except ValueError:
        shares = ()
    if len(shares) == 1:
        return shares[0]
    if len(shares) == 2:
        return (shares[0], shares[1])
    raise typer.BadParameter(f"{text!r} is neither a share, such as 0.5, nor two, such as 0:1")


def read_request(chosen: dict[str, Any], sound: Path, how: dict[str, Any]) -> EditRequest:
    """The request of one edit.

    Raises:
        RequestError: a value that the operation does not take.
    """
    from soundlet.editing import request_from_json

    given = {name: value for name, value in how.items() if value is not None}
    return request_from_json({**given, **chosen}, sound)
