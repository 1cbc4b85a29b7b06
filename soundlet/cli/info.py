"""`soundlet info`: what a model is and whether it is whole, or what made a sound file."""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from soundlet.cli.options import JsonOption
from soundlet.errors import RequestError

if TYPE_CHECKING:
    from soundlet.bundle import Bundle


def info(
    model: Annotated[
        Path | None,
        typer.Argument(
            metavar="MODEL|FILE",
            help="A model's folder, or a sound file.  [default: the model inside soundlet]",
        ),
    ] = None,
    verify: Annotated[
        bool, typer.Option("--verify", help="Check every byte of every file again.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Show what a model is: parts, sizes, licence, length, defaults. Or what made a sound file."""
    if model is not None and model.is_file():
        if verify:
            raise typer.BadParameter("is for models, not for sound files", param_hint="--verify")
        show_sound_file(model, as_json=as_json)
        return
    from soundlet.bundle import open_bundle, verify_bundle
    from soundlet.hub import address_of

    if model is not None and not model.exists() and address_of(model) is None:
        raise RequestError(f"{model}: no such folder or file: name a model's, or a sound file")
    if verify:
        verify_bundle(model)
    facts = describe(open_bundle(model))
    if as_json:
        typer.echo(json.dumps({**facts, "verified": verify}, ensure_ascii=False, indent=2))
        return
    for line in lines(facts):
        typer.echo(line)
    if verify:
        typer.echo(f"{'verified':<13}{len(facts['files'])} files have the right size and SHA-256")


def show_sound_file(path: Path, *, as_json: bool) -> None:
    """Print what a sound file is, and the settings inside it."""
    from soundlet.metadata import read_sound_file

    file = read_sound_file(path)
    if as_json:
        typer.echo(json.dumps(file.as_json(), ensure_ascii=False, indent=2))
        return
    seconds = file.samples / file.sample_rate
    sound = f"{file.sample_rate} Hz, {file.channels} channels, {file.samples} samples"
    typer.echo(file.path)
    typer.echo(f"{'sound':<20}{seconds:.4g} s, {sound}, {file.format} {file.subtype}")
    if file.settings is None:
        typer.echo(f"{'settings':<20}none: it was not made by soundlet, or its tags are gone")
        return
    for name, value in file.settings.items():
        if value is not None and value != []:
            text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
            typer.echo(f"{_printable(name):<20}{_printable(text)}")


def _printable(text: str) -> str:
    """What a file says of itself, without a line break or a command to the terminal."""
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)


def describe(bundle: Bundle) -> dict[str, Any]:
    """The facts that `--json` prints."""
    manifest, config = bundle.manifest, bundle.config
    told_elsewhere = {"format_version", "files", "precision", "margin_frames"}
    about = manifest.model_dump(exclude=told_elsewhere | {"exported_from", "window_seconds"})
    return {
        "name": about.pop("name"),
        "folder": str(bundle.folder),
        **about,
        "sample_rate": config.sample_rate,
        "channels": config.audio_channels,
        "max_seconds": config.sample_size / config.sample_rate,
        "objective": config.objective,
        "prompt_max_tokens": config.prompt_max_tokens,
        "parts": part_sizes(bundle),
        "files": {name: record.size for name, record in manifest.files.items()},
    }


def part_sizes(bundle: Bundle) -> dict[str, dict[str, Any]]:
    """Precision and bytes of each part: its file, and its tensors in the shared weights."""
    from soundlet.bundle import PART_FILES, PARTS, WEIGHTS

    files = bundle.manifest.files
    shared: dict[str, int] = dict.fromkeys(PARTS, 0)
    if WEIGHTS in files:
        with (bundle.folder / WEIGHTS).open("rb") as file:
            (length,) = struct.unpack("<Q", file.read(8))
            tensors = json.loads(file.read(length))
        for name, tensor in tensors.items():
            part = name.partition(".")[0]
            if part in shared:
                start, end = tensor["data_offsets"]
                shared[part] += end - start
    return {
        part: {
            "precision": bundle.manifest.precision.get(part, "float32"),
            "bytes": files[PART_FILES[bundle.manifest.format][part]].size + shared[part],
        }
        for part in PARTS
    }


def lines(facts: dict[str, Any]) -> list[str]:
    """The facts for a reader."""
    defaults = facts["defaults"]
    sound = f"{facts['sample_rate']} Hz, {facts['channels']} channels"
    candidates = f", best of {defaults['candidates']}" if defaults["candidates"] > 1 else ""
    rows = [
        ("description", facts["description"]),
        ("folder", facts["folder"]),
        ("source", facts["source"]),
        ("licence", facts["licence"]),
        ("made by", facts["created_by"]),
        ("format", facts["format"]),
        ("sound", f"{sound}, up to {facts['max_seconds']:.3g} s, {facts['length']} length"),
        ("prompt", f"up to {facts['prompt_max_tokens']} tokens"),
        (
            "defaults",
            f"{defaults['seconds']:.3g} s, {defaults['steps']} steps, {defaults['sampler']},"
            f" cfg scale {defaults['cfg_scale']:g}{candidates}",
        ),
    ]
    text = [facts["name"]]
    text += [f"{name:<13}{value}" for name, value in rows if value]
    for i, (name, part) in enumerate(facts["parts"].items()):
        head = "parts" if i == 0 else ""
        text.append(f"{head:<13}{name:<14}{part['bytes'] / 1e6:8.1f} MB  {part['precision']}")
    total = sum(facts["files"].values())
    text.append(f"{'files':<13}{len(facts['files'])} files, {total / 1e6:.1f} MB in all")
    return text
