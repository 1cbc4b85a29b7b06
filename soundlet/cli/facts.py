"""What a command prints when it is done: a line for readers, or the same as a JSON object."""

from __future__ import annotations

import json

import typer


def print_facts(line: str, *, as_json: bool, **facts: object) -> None:
    """Print `line`, or with `as_json` the object of `facts` instead."""
    typer.echo(json.dumps(facts, ensure_ascii=False) if as_json else line)
