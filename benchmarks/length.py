"""How time follows length, from what `soundlet bench --json --seconds LIST` printed.

soundlet bench --seconds 1.5,3,6,11.8 --json > lengths.json
python benchmarks/length.py lengths.json
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from statistics import median

import numpy as np


def lines(measurements: list[dict[str, object]]) -> list[str]:
    """A table of lengths and times, and the straight line through them."""
    found = [
        (float(m["job"]["seconds"]), median(m["warm_times"]), float(m["cold_time"]))  # type: ignore[index, arg-type]
        for m in measurements
    ]
    seconds, warm = np.array([row[0] for row in found]), np.array([row[1] for row in found])
    slope, start = np.polyfit(seconds, warm, 1)
    spread = ((warm - warm.mean()) ** 2).sum()
    share = 1 - ((warm - (start + slope * seconds)) ** 2).sum() / spread
    table = [
        "| seconds | first clip | later clips | times real time |",
        "| --- | --- | --- | --- |",
    ]
    table += [f"| {s:g} | {cold:.2f} s | {w:.2f} s | {s / w:.1f} |" for s, w, cold in found]
    return [
        *table,
        "",
        f"Later clips take {start:.2f} s + {slope:.3f} s a second of sound; the line explains"
        f" {100 * share:.1f} % of the differences. The shortest takes"
        f" {warm[0] / warm[-1]:.2f} of the longest.",
    ]


if __name__ == "__main__":
    report = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    for text in lines(report["measurements"]):
        print(text)
