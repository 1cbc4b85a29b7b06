"""The tables of docs/performance.md from what compare.py wrote.

python benchmarks/render.py results.json
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from statistics import median
from typing import Any

LABELS = ("conditioners", "dit", "decoder", "whole")


def render(result: dict[str, Any]) -> list[str]:
    """The lines of two tables: seconds, and how many times as fast as the first model."""
    models = result["models"]
    first = next(iter(models))
    machine = ", ".join(result["machine"].values())
    short = sorted({n for m in models.values() for n in m["seconds"] if n.endswith(" s")})
    labels = [*LABELS, *short]
    head = ["", *labels, "peak MB"]
    lines = [
        f"{machine}; {result['threads']} threads; a window of {result['window_seconds']:.3g} s,"
        f" 8 steps; medians of {len(models[first]['seconds']['whole'])} rounds, in seconds.",
        "",
        row(head),
        row(["---"] * len(head)),
    ]
    medians = {
        name: {label: median(times) for label, times in model["seconds"].items()}
        for name, model in models.items()
    }
    for name, model in models.items():
        cells = [figure(medians[name].get(label)) for label in labels]
        lines.append(row([name, *cells, f"{model['peak_bytes'] / 1e6:.0f}"]))
    lines += ["", f"Times as fast as {first}:", "", row(["", *LABELS, "memory"])]
    lines.append(row(["---"] * (len(LABELS) + 2)))
    for name, model in models.items():
        if name == first:
            continue
        ratios = [f"{medians[first][label] / medians[name][label]:.2f}" for label in LABELS]
        memory = model["peak_bytes"] / models[first]["peak_bytes"]
        lines.append(row([name, *ratios, f"{memory:.2f}"]))
    return lines


def figure(seconds: float | None) -> str:
    """Three digits."""
    return "" if seconds is None else f"{seconds:.3g}"


def row(cells: list[str]) -> str:
    """A line of a table."""
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    for text in render(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))):
        print(text)
