"""`soundlet dataset`: sounds to train on, their latents, and the words of their captions."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, TypeVar

import typer

from soundlet.cli import group
from soundlet.cli.facts import print_facts
from soundlet.cli.options import JsonOption, ThreadsOption
from soundlet.cli.progress import progress_line
from soundlet.errors import RequestError
from soundlet.request import MAX_SEED, MAX_STEPS, Sampler

Number = TypeVar("Number", int, float)

dataset = group("Make what models are trained on. Needs the train extra.")

CLIPS_HELP = "A folder with sounds and metadata.jsonl, or what dataset build made."
KNOWN_HELP = "Sounds with attributes, which tell what others are heard as; of dataset build."


@dataset.command()
def build(
    out: Annotated[Path, typer.Argument(metavar="OUT", help="A folder; made, or gone on with.")],
    count: Annotated[int, typer.Option(help="Clips in all.")],
    seed: Annotated[int, typer.Option(help="Of the whole data set.")] = 0,
    workers: Annotated[int, typer.Option(help="Processes.")] = 1,
    only: Annotated[
        str | None,
        typer.Option(
            metavar="NAME,...", help="Clips of these sound effects and instruments alone."
        ),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Compose and render captioned clips. The same seed gives the same clips."""
    from soundlet.training.dataset.build import build_dataset

    names = [name.strip() for name in only.split(",")] if only is not None else []
    with progress_line() as show:
        show("rendering", 0, count)
        build_dataset(
            out,
            count,
            seed,
            workers,
            lambda done, total: show("rendering", done, total),
            only=names,
        )
    print_facts(f"{out}  {count} clips", as_json=as_json, folder=str(out), clips=count)


@dataset.command()
def encode(
    clips: Annotated[Path, typer.Argument(metavar="CLIPS", help=CLIPS_HELP)],
    autoencoder: Annotated[
        Path, typer.Option(metavar="RUN", help="Of train autoencoder; or a bundle.")
    ],
    out: Annotated[Path, typer.Option(metavar="LATENTS", help="The folder to make.")],
    frames_multiple: Annotated[
        int, typer.Option(help="Windows are multiples of this many latents.")
    ] = 16,
    weigh_channels: Annotated[
        bool,
        typer.Option(
            "--weigh-channels", help="Give channels that are heard more a greater spread."
        ),
    ] = False,
    discriminants: Annotated[
        str | None,
        typer.Option(
            metavar="NAME=N,...",
            help="Add N channels that tell the sounds' NAME apart, such as key=12.",
        ),
    ] = None,
    threads: ThreadsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Encode clips for train flow: latents of mean 0 and spread 1 in each channel.

    The latents of a bundle are left as they are.
    """
    from soundlet.training.encoding import encode_folder

    counts = named_numbers(discriminants, count, "key=12,instruments=16")
    with progress_line() as show:
        store = encode_folder(
            clips,
            autoencoder,
            out,
            frames_multiple=frames_multiple,
            is_weighed=weigh_channels,
            discriminants=counts,
            threads=threads,
            on_progress=lambda done, total: show("encoding", done, total),
        )
    n_sounds, n_latents = len(store.entries), len(store.values)
    line = f"{out}  {n_sounds} sounds, {n_latents} latents"
    print_facts(line, as_json=as_json, folder=str(out), sounds=n_sounds, latents=n_latents)


@dataset.command()
def join(
    latents: Annotated[list[Path], typer.Argument(metavar="LATENTS...", help="Of dataset encode.")],
    out: Annotated[Path, typer.Option(metavar="OUT", help="The folder to make.")],
    as_json: JsonOption = False,
) -> None:
    """Put the sounds of several stores of latents into one, for train flow or train reward."""
    from soundlet.training.latents import LatentStore, join_stores

    store = join_stores([LatentStore(each) for each in latents], out)
    n_sounds, n_latents = len(store.entries), len(store.values)
    line = f"{out}  {n_sounds} sounds, {n_latents} latents"
    print_facts(line, as_json=as_json, folder=str(out), sounds=n_sounds, latents=n_latents)


@dataset.command()
def choose(
    latents: Annotated[Path, typer.Argument(metavar="LATENTS", help="Of dataset encode.")],
    out: Annotated[Path, typer.Option(metavar="OUT", help="The folder to make.")],
    agreement: Annotated[
        Path | None,
        typer.Option(metavar="RUN", help="Of train agreement; not needed to keep all sounds."),
    ] = None,
    autoencoder: Annotated[
        Path | None,
        typer.Option(metavar="RUN", help="That the latents are of, to hear them by; or a bundle."),
    ] = None,
    keep: Annotated[float, typer.Option(help="Share of sounds, above 0 to 1.")] = 0.5,
    often: Annotated[
        str | None,
        typer.Option(
            metavar="KIND=N,...",
            help="Have sounds of a KIND in N times, such as bass_line=1.7; or of any tag, such as"
            ' "source: crickets=3".',
        ),
    ] = None,
    evenly: Annotated[
        float,
        typer.Option(
            help="0 to 1: how far rare instruments and sources catch up with common ones."
        ),
    ] = 0.0,
    seed: Annotated[int, typer.Option(min=0, max=MAX_SEED, help="Of all that is random.")] = 0,
    threads: ThreadsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Choose the sounds that fit their captions best, for the last steps of train flow."""
    from soundlet.training.choosing import choose_sounds
    from soundlet.training.latents import LatentStore

    weights = named_numbers(often, float, "bass_line=1.7,drum_loop=0.6")
    tags = {name if ": " in name else f"kind: {name}": times for name, times in weights.items()}
    if len(tags) < len(weights):
        raise RequestError(f"--often names a kind twice, once with 'kind: ' before it: {often!r}")
    with progress_line() as show:
        store = choose_sounds(
            LatentStore(latents),
            out,
            agreement=agreement,
            autoencoder=autoencoder,
            keep=keep,
            often=tags,
            evenly=evenly,
            seed=seed,
            threads=threads,
            on_progress=lambda done, total: show("hearing", done, total),
        )
    n_sounds = len(store.entries)
    print_facts(f"{out}  {n_sounds} sounds", as_json=as_json, folder=str(out), sounds=n_sounds)


@dataset.command()
def make(
    latents: Annotated[Path, typer.Argument(metavar="LATENTS", help="Of dataset encode.")],
    model: Annotated[Path, typer.Option(metavar="RUN", help="Of train flow; or a bundle.")],
    out: Annotated[Path, typer.Option(metavar="OUT", help="The folder to make.")],
    steps: Annotated[int, typer.Option(min=1, max=MAX_STEPS, help="Of the sampler.")] = 8,
    sampler: Annotated[
        Sampler, typer.Option(help="The one that the model is used with.")
    ] = "pingpong-dpmpp",
    seed: Annotated[
        int, typer.Option(min=0, max=MAX_SEED, help="Of noise, and of the captions asked for.")
    ] = 0,
    threads: ThreadsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Have a model make a sound for one caption of each sound, for train extrapolate."""
    from soundlet.training.latents import LatentStore
    from soundlet.training.making import Making, make_sounds

    with progress_line() as show:
        store = make_sounds(
            model,
            LatentStore(latents),
            out,
            Making(steps, sampler, seed),
            threads=threads,
            on_progress=lambda done, total: show("making", done, total),
        )
    n_sounds = len(store.entries)
    print_facts(f"{out}  {n_sounds} sounds", as_json=as_json, folder=str(out), sounds=n_sounds)


@dataset.command()
def compare(
    made: Annotated[
        list[Path],
        typer.Argument(metavar="MADE", help="Two or more of dataset make, of the same captions."),
    ],
    clips: Annotated[Path, typer.Option(metavar="CLIPS", help=KNOWN_HELP)],
    autoencoder: Annotated[
        Path,
        typer.Option(metavar="RUN", help="That the latents are of, to hear them by; or a bundle."),
    ],
    better: Annotated[
        Path, typer.Option(metavar="OUT", help="The folder to make of the sounds that fit best.")
    ],
    worse: Annotated[
        Path, typer.Option(metavar="OUT", help="The folder to make of those that fit worst.")
    ],
    kept: Annotated[
        Path | None,
        typer.Option(
            metavar="RUN", help="Keeps what is heard of the clips; of train agreement on them."
        ),
    ] = None,
    margin: Annotated[
        float, typer.Option(help="Nats that the two sounds of a caption differ by at least.")
    ] = 2.0,
    threads: ThreadsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Choose the best and the worst of several sounds for each caption, for train extrapolate."""
    from soundlet.training.comparing import compare_sounds
    from soundlet.training.latents import LatentStore

    stores = [LatentStore(folder) for folder in made]
    with progress_line() as show:
        best, _ = compare_sounds(
            stores,
            better,
            worse,
            clips=clips,
            autoencoder=autoencoder,
            kept=kept,
            margin=margin,
            threads=threads,
            on_progress=lambda done, total: show("hearing", done, total),
        )
    n_pairs, n_captions = len(best.entries), len(stores[0].entries)
    line = f"{better} and {worse}  {n_pairs} pairs of {n_captions}"
    print_facts(line, as_json=as_json, better=str(better), worse=str(worse), pairs=n_pairs)


@dataset.command()
def vocabulary(
    clips: Annotated[Path, typer.Argument(metavar="CLIPS", help=CLIPS_HELP)],
    size: Annotated[int, typer.Option(help="Pieces, numbers included.")] = 1536,
    out: Annotated[Path, typer.Option(metavar="FILE", help="To be written.")] = Path(
        "spiece.model"
    ),
    as_json: JsonOption = False,
) -> None:
    """Learn the text encoder's vocabulary from captions."""
    from soundlet.training.encoding import learn_vocabulary

    n_pieces, n_captions = learn_vocabulary(clips, size, out)
    line = f"{out}  {n_pieces} pieces from {n_captions} captions"
    print_facts(line, as_json=as_json, file=str(out), pieces=n_pieces, captions=n_captions)


def named_numbers(
    text: str | None, kind: Callable[[str], Number], example: str
) -> dict[str, Number]:
    """Read "name=number,..."; None has no names.

    Raises:
        RequestError: written otherwise, or a name comes twice.
    """
    found: dict[str, Number] = {}
    for part in [] if text is None else text.split(","):
        name, _, number = part.strip().partition("=")
        try:
            if not name or name in found:
                raise ValueError(name)
            found[name] = kind(number)
        except ValueError:
            raise RequestError(
                f"names with numbers are written as {example}, each name once, not {text!r}"
            ) from None
    return found


def count(text: str) -> int:
    """A whole number above 0; anything else is a ValueError."""
    if not text.isdecimal() or not int(text):
        raise ValueError(text)
    return int(text)
