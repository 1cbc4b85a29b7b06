"""The tables that the benchmarks of loops, edits and batches write, and their places."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.batch_kills import table as kills_table
from benchmarks.editing import edges_table, levels_table, memory_table
from benchmarks.loops import Found, Take
from benchmarks.loops import table as loops_table
from soundlet.seam import Seam

DOCS = Path(__file__).parents[3] / "docs"


def seam(score: float, click: float) -> Seam:
    return Seam(spectral_db=1, level_db=1, inside_db=1, score=score, click=click)


def test_loops_are_told_by_their_medians() -> None:
    first = [
        Take(seam(1.2, 0.5), None, None),
        Take(seam(3.0, 0.7), 1.5, 0.01),
        Take(seam(0.4, 0.9), 0.5, 0.2),
    ]
    kept = [Take(seam(0.8, 0.3), None, 0.02), first[1], first[2]]
    found = [
        Found(0.2, 3, kept[0], first[0], seam(2.0, 9.0)),
        Found(-0.6, 4, kept[1], first[1], seam(2.5, 11.0)),
        Found(0.1, 4, kept[2], first[2], None),
    ]
    lines = loops_table(found)
    assert "| seam score, median of 3 | 0.80 | 1.20 |  |" in lines
    assert "| loops with a score of 1 or less, of 3 | 2 | 1 |  |" in lines
    assert "| seam score, median of 2 with two or more bars | 1.70 | 1.70 |  |" in lines
    assert "| the same, begun at each of their other bars | 1.00 | 1.00 |  |" in lines
    assert "| seam score, median of 2 that have a plain clip | 1.90 | 2.10 | 2.25 |" in lines
    assert "| click, median of these 2 | 0.50 | 0.60 | 10.00 |" in lines
    assert "| score below the plain clip's, of these 2 | 1 | 1 |  |" in lines
    assert "| tempo heard within 3 %, of 3 | 2 | 1 |  |" in lines
    assert "| drift after 64 repeats, worst of 3 | 0.60 ms |  |  |" in lines
    assert "| seeds tried, mean | 3.7 | 1 |  |" in lines


def test_edits_are_told_by_their_medians() -> None:
    names = ("untouched", "inpaint", "inpaint_pasted", "continue", "continue_pasted")
    medians = {name: float(i) for i, name in enumerate(names)}
    lines = edges_table({"median_db": medians, "clips": [{"kept": True}, {"kept": False}]})
    assert "| inpainted | 1.0 dB |" in lines
    assert "| clips kept to the sample outside the crossfades | 1 of 2 |" in lines
    found = {"clips": 5, "by_second_db": [-1, 0, 2.5], "median_db": -0.3, "lowest_second_db": -7.0}
    assert "| the last second | +2.5 dB |" in levels_table(found)
    found = {"after": 60.0, "one_window_mb": 385.0, "outpaint_mb": 554.3}
    assert "| and 60 s put after it | 554 MB |" in memory_table(found)


def test_kills_are_told_with_what_was_left() -> None:
    found = {"lines": 9, "files": 9, "records": 8, "torn": 1, "twice": 1, "without_record": 1,
             "left_over": 0}  # fmt: skip
    plain = kills_table({**found, "files_at_kills": [2, 5], "made_again": 0}, is_ray=False)
    assert plain[0] == "| 9 lines, two workers, 2 kills of all processes |  |"
    assert "| files that were torn, there twice or without a record | 3 |" in plain
    killed = {"worker_killed_at": 3, "node_killed_at": None, "failed": 0}
    on_ray = kills_table({**found, **killed}, is_ray=True)
    assert "| worker killed after, node killed after | 3 sounds and not killed |" in on_ray


@pytest.mark.parametrize(
    ("page", "places"),
    [
        ("loops.md", ("loops",)),
        ("editing.md", ("edges", "levels", "memory")),
        ("batch.md", ("kills", "kills on Ray")),
        ("devices.md", ("exported programs", "browser")),
        ("performance.md", ("convolutions", "profile", "optimised graphs")),
    ],
)
def test_the_pages_have_the_places(page: str, places: tuple[str, ...]) -> None:
    text = (DOCS / page).read_text(encoding="utf-8")
    for place in places:
        assert text.count(f"<!-- {place} -->") == text.count(f"<!-- end of {place} -->") == 1
