"""`soundlet prompt`: what is in a prompt, what it lacks, and ideas."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from soundlet.cli.structure import (
    BpmOption,
    EffectOption,
    ElementOption,
    GenreOption,
    KeyOption,
    MoodOption,
    Structure,
)

if TYPE_CHECKING:
    from soundlet.bundle import Bundle

MAX_IDEAS = 1000


def prompt(
    text: Annotated[
        str, typer.Argument(metavar="[PROMPT]", show_default=False, help="A prompt to read.")
    ] = "",
    genre: GenreOption = None,
    element: ElementOption = None,
    mood: MoodOption = None,
    effect: EffectOption = None,
    bpm: BpmOption = None,
    key: KeyOption = None,
    random: Annotated[
        bool, typer.Option("--random", help="An idea, of --genre and --preset if they are given.")
    ] = False,
    preset: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="one-shot, loop, texture or effect, for --random."),
    ] = None,
    presets: Annotated[
        bool, typer.Option("--presets", help="Show the presets and what they are for.")
    ] = False,
    count: Annotated[int, typer.Option(min=1, max=MAX_IDEAS, help="Ideas to give.")] = 1,
    seed: Annotated[
        int | None, typer.Option(help="Repeat earlier ideas.  [default: new ones]")
    ] = None,
    model: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER", help="A model, to count tokens for.  [default: the one inside]"
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Read a prompt into its parts, or make one from parts, and say what it lacks.

    What is known and usual is by the words that the model inside soundlet was taught.
    """
    if presets:
        show_presets(as_json=as_json)
        return
    if random:
        parts = (text, element, mood, effect, bpm, key)
        if any(parts):
            raise typer.BadParameter("takes only --genre, --preset, --count and --seed with it")
        for line in ideas(genre, preset, count, seed):
            typer.echo(json.dumps({"prompt": line}, ensure_ascii=False) if as_json else line)
        return
    if preset is not None or seed is not None or count != 1:
        raise typer.BadParameter("--preset, --count and --seed are for --random")
    structure = Structure(genre, element or (), mood or (), effect or (), bpm, key)
    if structure.is_empty and not text.strip():
        raise typer.BadParameter("give a prompt, or its parts, or --random", param_hint="PROMPT")
    from soundlet.bundle import open_bundle

    facts = explain(structure.prompt(text), open_bundle(model))
    if as_json:
        typer.echo(json.dumps(facts, ensure_ascii=False))
        return
    for line in lines(facts):
        typer.echo(line)


def show_presets(*, as_json: bool) -> None:
    """Every preset, with a command that uses it."""
    from soundlet.ideas import PRESETS

    for name, preset in PRESETS.items():
        command, _, options = preset.options.partition(" ")
        line = f'soundlet {command} "{preset.example}" {options}'
        if as_json:
            facts = {"preset": name, "about": preset.about, "command": line}
            typer.echo(json.dumps(facts, ensure_ascii=False))
        else:
            typer.echo(f"{name:<10}{preset.about}\n{'':<10}{line}")


def ideas(genre: str | None, preset: str | None, count: int, seed: int | None) -> list[str]:
    """Prompts at random.

    Raises:
        RequestError: a seed out of range, or a genre or preset that there is not.
    """
    import secrets

    from soundlet.ideas import random_prompt
    from soundlet.request import require_seed

    if seed is not None:
        require_seed(seed)
    first = secrets.randbelow(2**32) if seed is None else seed
    return [random_prompt(first + i, genre=genre, preset=preset) for i in range(count)]


def explain(text: str, bundle: Bundle) -> dict[str, Any]:
    """The facts that `--json` prints.

    Raises:
        RequestError: text that UTF-8 cannot hold.
    """
    from soundlet.advice import advise
    from soundlet.bundle import TOKENIZER
    from soundlet.prompt import read_prompt
    from soundlet.request import require_encodable
    from soundlet.tokenizer import Tokenizer

    require_encodable("the prompt", text)
    read = read_prompt(text)
    tokenizer = Tokenizer(bundle.folder / TOKENIZER, bundle.config.prompt_max_length)
    return {
        **read.as_json(),
        "arranged": read.arranged,
        "advice": [advice.as_json() for advice in advise(read)],
        "tokens": tokenizer.count(text),
        "max_tokens": bundle.config.prompt_max_tokens,
    }


def lines(facts: dict[str, Any]) -> list[str]:
    """The facts for a reader."""
    text = [facts["prompt"]]
    for part, values in facts["parts"].items():
        if values:
            text.append(f"  {part:<12}{', '.join(values)}")
    n_tokens, most = facts["tokens"], facts["max_tokens"]
    too_long = "  too long: it will be refused, or cut with --truncate" if n_tokens > most else ""
    text.append(f"  {'tokens':<12}{n_tokens} of {most}{too_long}")
    return text + [f"  {advice['code']:<12}{advice['message']}" for advice in facts["advice"]]
