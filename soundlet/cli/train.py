"""`soundlet train`: a codec, a flow, its few-step form, and the bundle of them all."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from soundlet.cli import group
from soundlet.cli.facts import print_facts
from soundlet.cli.options import JsonOption
from soundlet.cli.progress import progress_line
from soundlet.errors import SoundletError

if TYPE_CHECKING:
    from collections.abc import Callable

    from soundlet.bundle import About, Bundle
    from soundlet.config import ModelConfig
    from soundlet.training.loop import Run
    from soundlet.training.settings import AgreementStage, RewardStage

train = group("Train a model, or a part of one. Needs the train extra.")


def write_trained_bundle(
    dest: Path,
    autoencoder: Path,
    flow: Path,
    about: About,
    *,
    agreement: Path | None = None,
    notices: dict[str, bytes] | None = None,
    overwrite: bool = False,
    on_file: Callable[[str], None] | None = None,
) -> Bundle:
    """The moving averages of two runs as a bundle, whose latents have unit variance.

    Args:
        dest: the folder to be.
        autoencoder: a run of `train autoencoder`, or a bundle.
        flow: a run of `train flow`, `guidance`, `reward`, `arc` or `extrapolate`.
        about: what the manifest says.
        agreement: a run of `train agreement` on the same latents, or a bundle that has one. None:
            the model will not tell which of several sounds fits best.
        notices: content of further files, such as a licence or a model card, by name.
        overwrite: replace `dest` if it is a bundle already.
        on_file: told the name of each file before it is written.

    Raises:
        TrainingError, CheckpointError, ConfigError: not runs that fit together.
        BundleError: `dest` is taken, or cannot be written.
    """
    from soundlet.export.bundle import save_bundle
    from soundlet.training.bundle import agreement_of, join_runs

    joined = join_runs(autoencoder, flow)
    return save_bundle(
        dest,
        joined.model,
        about,
        config=joined.config,
        t5_config=joined.t5_config,
        tokenizer=joined.tokenizer,
        agreement=None if agreement is None else agreement_of(agreement, joined),
        notices=notices,
        overwrite=overwrite,
        on_file=on_file,
    )


CONFIG_ARGUMENT = typer.Argument(
    metavar="CONFIG", help="A TOML file. The same command goes on with a run that was stopped."
)


@train.command()
def autoencoder(config: Annotated[Path, CONFIG_ARGUMENT], as_json: JsonOption = False) -> None:
    """Train a codec on sounds."""
    from soundlet.training.settings import AutoencoderStage, read_stage
    from soundlet.training.stages import train_autoencoder

    _report(train_autoencoder(read_stage(AutoencoderStage, config), _show), as_json=as_json)


@train.command()
def text(config: Annotated[Path, CONFIG_ARGUMENT], as_json: JsonOption = False) -> None:
    """Pre-train the text encoder on captions and attributes."""
    from soundlet.training.settings import TextStage, read_stage
    from soundlet.training.stages import train_text

    _report(train_text(read_stage(TextStage, config), _show), as_json=as_json)


@train.command()
def flow(config: Annotated[Path, CONFIG_ARGUMENT], as_json: JsonOption = False) -> None:
    """Train text encoder and DiT on latents and captions."""
    from soundlet.training.settings import FlowStage, read_stage
    from soundlet.training.stages import train_flow

    _report(train_flow(read_stage(FlowStage, config), _show), as_json=as_json)


@train.command()
def guidance(config: Annotated[Path, CONFIG_ARGUMENT], as_json: JsonOption = False) -> None:
    """Teach a flow to follow its prompt without guidance as with it."""
    from soundlet.training.settings import GuidanceStage, read_stage
    from soundlet.training.stages import train_guidance

    _report(train_guidance(read_stage(GuidanceStage, config), _show), as_json=as_json)


@train.command()
def reward(config: Annotated[Path, CONFIG_ARGUMENT], as_json: JsonOption = False) -> None:
    """Train a flow by what its own sounds are heard as."""
    from soundlet.training.settings import RewardStage, read_stage
    from soundlet.training.stages import train_reward

    stage = read_stage(RewardStage, config)
    _hear(stage)
    _report(train_reward(stage, _show), as_json=as_json)


@train.command()
def arc(config: Annotated[Path, CONFIG_ARGUMENT], as_json: JsonOption = False) -> None:
    """Post-train a flow for few steps without guidance."""
    from soundlet.training.settings import ArcStage, read_stage
    from soundlet.training.stages import train_arc

    _report(train_arc(read_stage(ArcStage, config), _show), as_json=as_json)


@train.command()
def agreement(config: Annotated[Path, CONFIG_ARGUMENT], as_json: JsonOption = False) -> None:
    """Train what tells how well sounds and captions fit."""
    from soundlet.training.settings import AgreementStage, read_stage
    from soundlet.training.stages import train_agreement

    stage = read_stage(AgreementStage, config)
    _hear(stage)
    _report(train_agreement(stage, _show), as_json=as_json)


@train.command()
def extrapolate(
    out: Annotated[Path, typer.Argument(metavar="OUT", help="The run to make: a new folder.")],
    flow: Annotated[
        Path, typer.Option(metavar="RUN", help="What both runs began with; or a bundle.")
    ],
    towards: Annotated[
        Path,
        typer.Option(
            metavar="RUN",
            help="Of train flow, on real sounds, or on better ones; or of train reward.",
        ),
    ],
    away_from: Annotated[
        Path,
        typer.Option(
            metavar="RUN",
            help="Of train flow, on what dataset make made, or on worse sounds; or --flow again.",
        ),
    ],
    weight: Annotated[float, typer.Option(help="Of the difference between the two.")] = 0.3,
    as_json: JsonOption = False,
) -> None:
    """Move a flow away from what its own sounds taught it, towards what real ones did.

    Or away from its worse sounds and towards its better ones, of dataset compare.
    """
    from soundlet.training.extrapolation import extrapolate as move

    move(flow, towards, away_from, out, weight=weight)
    print_facts(str(out), as_json=as_json, folder=str(out))


@train.command()
def configs(
    dest: Annotated[Path, typer.Argument(metavar="DEST", help="A folder, made if need be.")],
    as_json: JsonOption = False,
) -> None:
    """Copy a config of each stage, as the model inside soundlet was trained, to be edited."""
    from soundlet.errors import ConfigError
    from soundlet.whole_files import make_folder, write_whole

    source = Path(__file__).parents[1] / "training" / "configs"
    files = sorted(path for path in source.rglob("*") if path.suffix in {".toml", ".json"})
    places = {path: dest / path.relative_to(source) for path in files}
    for place in places.values():
        if place.exists():
            raise ConfigError(f"{place} exists already: name another folder")
    for path, place in places.items():
        make_folder(place.parent)
        write_whole(place, path.read_bytes())
    names = [str(place) for place in places.values()]
    print_facts("\n".join(names), as_json=as_json, files=names)


def _hear(stage: AgreementStage | RewardStage) -> None:
    """Hear the sounds that a judge learns from, unless the run has heard them before."""
    from soundlet.training.stages import hear_sounds

    with progress_line() as show:
        hear_sounds(stage, lambda done, total: show("hearing", done, total))


def _show(line: dict[str, float]) -> None:
    """A line of the curve, on stderr."""
    figures = [f"{name} {value:.4g}" for name, value in line.items() if name != "step"]
    typer.echo(f"step {line['step']:.0f}  " + "  ".join(figures), err=True)


def _report(run: Run[Any], *, as_json: bool) -> None:
    """Where a run is; a stopped one ends the command as an interrupted one does."""
    from soundlet.cli import INTERRUPTED

    if not run.processes.is_first:
        return
    facts = {"folder": str(run.folder), "step": run.step, "stopped": run.was_interrupted}
    print_facts(f"{run.folder}  step {run.step}", as_json=as_json, **facts)
    if run.was_interrupted:
        typer.echo("stopped and saved: the same command goes on", err=True)
        raise typer.Exit(INTERRUPTED)


@train.command()
def bundle(
    dest: Annotated[Path, typer.Argument(metavar="DEST", help="The bundle to make: a new folder.")],
    autoencoder: Annotated[
        Path, typer.Option(metavar="RUN", help="Of train autoencoder; or a bundle.")
    ],
    flow: Annotated[
        Path,
        typer.Option(metavar="RUN", help="Of train flow, guidance, reward, arc or extrapolate."),
    ],
    agreement: Annotated[
        Path | None,
        typer.Option(metavar="RUN", help="Of train agreement, or a bundle: chooses candidates."),
    ] = None,
    like: Annotated[
        Path | None,
        typer.Option(
            metavar="BUNDLE",
            help="Whose agreement, margin and defaults of requests hold where none are given.",
        ),
    ] = None,
    name: Annotated[str | None, typer.Option(help="Of the model.  [default: that of DEST]")] = None,
    source: Annotated[str, typer.Option(help="What it was trained on.")] = "",
    licence: Annotated[str, typer.Option(help="Of the weights.")] = "not stated",
    description: Annotated[str, typer.Option(help="A sentence on it.")] = "",
    notice: Annotated[
        list[Path] | None,
        typer.Option(metavar="FILE", help="A text to include: licence, card. Any number."),
    ] = None,
    precision: Annotated[
        str, typer.Option(metavar="NAME", help="Of the weights: float32 or float16.")
    ] = "float16",
    steps: Annotated[int | None, typer.Option(help="Default of requests.  [default: 50]")] = None,
    sampler: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="Default of requests, such as pingpong or dpmpp.  [default: euler]",
        ),
    ] = None,
    cfg_scale: Annotated[
        float | None, typer.Option(help="Default of requests.  [default: 4]")
    ] = None,
    seconds: Annotated[
        float | None, typer.Option(help="Default of requests.  [default: the longest]")
    ] = None,
    candidates: Annotated[
        int | None,
        typer.Option(help="Default of requests; more than 1 needs --agreement.  [default: 1]"),
    ] = None,
    margin_frames: Annotated[
        int | None, typer.Option(help="Latents sampled beyond the end of a clip.  [default: 0]")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace a bundle that exists.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Make a bundle of trained parts, ready for `soundlet generate --model DEST`."""
    from pydantic import ValidationError

    from soundlet.bundle import MODEL_CONFIG, PARTS, About, longest_seconds, open_bundle
    from soundlet.config import load_config

    config = load_config(flow / MODEL_CONFIG)
    defaults: dict[str, Any] = {
        "steps": 50,
        "sampler": "euler",
        "cfg_scale": 4.0,
        "candidates": 1,
    }
    margin = 0
    if like is not None:
        known = open_bundle(like)
        defaults = known.manifest.defaults.model_dump()
        margin = known.manifest.margin_frames
        if agreement is None and known.agreement is not None:
            agreement = like
    if margin_frames is not None:
        margin = margin_frames
    longest = min(config.seconds_range[1], longest_seconds(config, margin))
    defaults.setdefault("seconds", longest)
    given = {
        "steps": steps,
        "sampler": sampler,
        "cfg_scale": cfg_scale,
        "seconds": seconds,
        "candidates": candidates,
    }
    defaults |= {key: value for key, value in given.items() if value is not None}
    try:
        about = About.model_validate(
            {
                "name": name or dest.name,
                "source": source,
                "licence": licence,
                "description": description,
                "precision": dict.fromkeys(PARTS, precision),
                "defaults": defaults,
                "length": "variable",
                "margin_frames": margin,
            }
        )
    except ValidationError as e:
        first = e.errors()[0]
        place = [str(part) for part in first["loc"] if part != "defaults"]
        option = "--" + place[0].replace("_", "-")
        raise typer.BadParameter(
            f"{first['msg']}, not {first['input']!r}", param_hint=option
        ) from e
    _require_seconds(about.defaults.seconds, config, longest)
    if about.defaults.candidates > 1 and agreement is None:
        raise typer.BadParameter(
            "more than 1 needs --agreement, which chooses among them", param_hint="--candidates"
        )
    with progress_line() as show:
        made = write_trained_bundle(
            dest,
            autoencoder,
            flow,
            about,
            agreement=agreement,
            notices=_notices(notice or []),
            overwrite=force,
            on_file=lambda file: show(f"writing {file}", 0, 0),
        )
    size = sum(record.size for record in made.manifest.files.values())
    line = f"{made.folder}  {size / 1e6:.1f} MB"
    print_facts(line, as_json=as_json, folder=str(made.folder), bytes=size)


def _require_seconds(seconds: float, config: ModelConfig, longest: float) -> None:
    """Refuse a default of requests that the bundle would refuse as a request.

    Raises:
        BadParameter: it is longer than `longest`, or shorter than the shortest.
    """
    shortest = max(config.seconds_range[0], 1 / config.sample_rate)
    if not shortest <= seconds <= longest:
        floored = math.floor(longest * 1000) / 1000 or longest
        raise typer.BadParameter(
            f"must be from {shortest:.3g} to {floored:.8g} with this model and its margin, not"
            f" {seconds:.8g}",
            param_hint="--seconds",
        )


def _notices(paths: list[Path]) -> dict[str, bytes]:
    """The content of files, by name.

    Raises:
        SoundletError: one cannot be read.
    """
    try:
        return {path.name: path.read_bytes() for path in paths}
    except OSError as e:
        raise SoundletError(f"{e.filename}: cannot be read ({e.strerror})") from e
