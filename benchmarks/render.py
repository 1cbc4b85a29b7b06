"""The tables of docs/performance.md from what compare.py wrote.

python benchmarks/render.py results.json [--into docs/performance.md]
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

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


def lengths(measurements: list[dict[str, Any]]) -> list[str]:
    """A table of lengths and times, and the straight line through them."""
    seconds = np.array([measured["job"]["seconds"] for measured in measurements])
    warm = np.array([median(measured["warm_times"]) for measured in measurements])
    slope, start = np.polyfit(seconds, warm, 1)
    spread = ((warm - warm.mean()) ** 2).sum()
    share = 1 - ((warm - (start + slope * seconds)) ** 2).sum() / spread
    short, whole = np.interp([3.0, seconds[-1]], seconds, warm)
    return [
        "Clips of the default model, whose length is variable:",
        "",
        row(["seconds", "first clip", "later clips", "times real time"]),
        row(["---"] * 4),
        *(
            row([f"{s:g}", f"{m['cold_time']:.2f} s", f"{w:.2f} s", f"{s / w:.1f}"])
            for s, w, m in zip(seconds, warm, measurements, strict=True)
        ),
        "",
        f"Later clips take {start:.2f} s + {slope:.3f} s a second of sound; that line explains"
        f" {100 * share:.1f} % of the differences. 3 s take {short / whole:.2f} of what"
        f" {seconds[-1]:g} s take.",
    ]


def starts(found: dict[str, list[float]]) -> list[str]:
    """A table of medians."""
    lines = ["Starting, with the default model:", "", row(["", "seconds"]), row(["---"] * 2)]
    return lines + [row([name, f"{median(times):.2f}"]) for name, times in found.items()]


def tables(result: dict[str, Any]) -> dict[str, list[str]]:
    """All of them, by the names of their places."""
    return {
        "compared": render(result),
        "lengths": lengths(result["lengths"]),
        "starts": starts(result["starts"]),
    }


def written_into(page: str, name: str, lines: list[str]) -> str:
    """`page` with `lines` between its comments `<!-- name -->` and `<!-- end of name -->`."""
    first, last = f"<!-- {name} -->", f"<!-- end of {name} -->"
    if page.count(first) != 1 or page.count(last) != 1:
        raise SystemExit(f"the page must have one line {first} and one {last}")
    before, rest = page.split(first)
    after = rest.split(last)[1]
    return f"{before}{first}\n" + "\n".join(lines) + f"\n{last}{after}"


def show(found: dict[str, list[str]], page: Path | None) -> None:
    """Print the tables, or write them into their places of a page."""
    if page is None:
        for lines in found.values():
            print("\n".join(lines), end="\n\n")
        return
    text = page.read_text(encoding="utf-8")
    for name, lines in found.items():
        text = written_into(text, name, lines)
    part = page.with_suffix(".part")
    part.write_text(text, encoding="utf-8")
    part.replace(page)


def existing_page(path: str) -> Path:
    """The page of an `--into`, asked for before anything is measured.

    Raises:
        argparse.ArgumentTypeError: it is not there.
    """
    if not Path(path).is_file():
        raise argparse.ArgumentTypeError(f"there is no page {path}")
    return Path(path)


def figure(seconds: float | None) -> str:
    """Three digits."""
    return "" if seconds is None else f"{seconds:.3g}"


def row(cells: list[str]) -> str:
    """A line of a table."""
    return f"| {' | '.join(cells)} |"


def main() -> None:
    """Print the tables, or write them."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("results", type=Path)
    parser.add_argument("--into", type=existing_page, help="the page to write them into")
    given = parser.parse_args()
    show(tables(json.loads(given.results.read_text(encoding="utf-8"))), given.into)


if __name__ == "__main__":
    main()
