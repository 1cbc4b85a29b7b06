"""The tables that the benchmarks of loops, edits and batches write, and their places."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from benchmarks.batch_kills import table as kills_table
from benchmarks.editing import edges_table, levels_table, memory_table
from benchmarks.loops import Found, Take
from benchmarks.loops import table as loops_table
from benchmarks.server_load import Load, Reading, Seen, failures
from benchmarks.server_load import table as load_table
from benchmarks.server_overhead import Pair, Pairs, Stream, Streams, overhead_table, stream_table
from soundlet.seam import Seam

DOCS = Path(__file__).parents[3] / "docs"
COMPARED = ("compare", "--bundle", "a", "--quantized", "b")


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


def test_the_cost_of_a_request_is_the_median_of_the_pairs() -> None:
    pairs = [Pair(0.2, 0.21), Pair(0.1, 0.13), Pair(0.3, 0.32)]
    lines = overhead_table([Pairs(1, 6.0, pairs)])
    assert lines[2:] == ["| 1 | 6 s | 3 | 200 ms | 210 ms | 20.0 ms |"]


def test_a_stream_is_told_by_its_shares() -> None:
    seen = [Stream(0.4, 1.0, 2.0), Stream(0.5, 1.2, 2.0), Stream(0.3, 0.8, 2.5)]
    lines = stream_table([Streams("mini", 2, 6.0, 16, seen)])
    assert lines[2:] == ["| mini | 2 | 6 s | 16 | 1.00 s | 2.00 s | 50% | 40% |"]


def seen_under_load() -> tuple[Seen, list[dict[str, float]]]:
    """A run in which all went well: 300 sounds, the worker killed after 15 s."""
    readings = [Reading(n, 70 + n / 100, 100, 1 if n < 150 else 2) for n in range(0, 300, 10)]
    answers = Counter({"200": 300, "503 with Retry-After": 9, "500 of the killed worker": 1})
    seen = Seen(answers, [], ["The worker ended by SIGKILL."], readings, killed=15.05)
    records = [
        {"created": i / 10, "started": i / 10 + 1, "ended": i / 10 + 1.5} for i in range(300)
    ]
    return seen, records


def test_load_is_told_as_it_was_seen() -> None:
    seen, records = seen_under_load()
    lines = load_table(Load(None, 32, 8, 3.0, 0.5, 4), seen, records, 0)
    assert "| answers: 503 with Retry-After | 9 |" in lines
    assert "| memory of the server | 70 MB after 50 jobs, 73 MB after 290 |" in lines
    assert "| memory of worker 2 | 100 MB after 200 jobs, 100 MB after 290 |" in lines
    assert "| sounds that are not what their seed gives alone | 0 |" in lines
    assert failures(seen, records, 0) == []


@pytest.mark.parametrize(
    ("fault", "change"),
    [
        ("answers", lambda seen, _: seen.answers.update({"500: internal": 1})),
        ("sounds", lambda seen, _: seen.wrong.append("kick 1")),
        ("waits", lambda _, records: [r.update(started=r["started"] + 2) for r in records[-90:]]),
        ("memory", lambda seen, _: seen.readings.append(Reading(300, 170, 100, 2))),
        ("one job lost", lambda seen, _: seen.crashes.append("another")),
        ("back", lambda _, records: [r.update(ended=r["ended"] + 20) for r in records[130:]]),
    ],
)
def test_load_that_does_not_hold_is_found(
    fault: str, change: Callable[[Seen, list[dict[str, float]]], object]
) -> None:
    seen, records = seen_under_load()
    change(seen, records)
    assert failures(seen, records, 0) == [fault]
    assert "exit" in failures(seen, records, 1)


@pytest.mark.parametrize(
    ("page", "places"),
    [
        ("loops.md", ("loops",)),
        ("editing.md", ("edges", "levels", "memory")),
        ("batch.md", ("kills", "kills on Ray")),
        ("devices.md", ("exported programs", "browser")),
        ("performance.md", ("convolutions", "profile", "optimised graphs")),
        ("server.md", ("load", "overhead", "streams")),
    ],
)
def test_the_pages_have_the_places(page: str, places: tuple[str, ...]) -> None:
    text = (DOCS / page).read_text(encoding="utf-8")
    for place in places:
        assert text.count(f"<!-- {place} -->") == text.count(f"<!-- end of {place} -->") == 1


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("convolutions", "--into", "nowhere.md"), "there is no page nowhere.md"),
        ((*COMPARED, "--out", "no/a"), "there is no folder no"),
        ((*COMPARED, "--out", "a", "--reference-python", "p"), "needs --checkpoint"),
        (("quantization", "a", "--out", "no/a"), "there is no folder no"),
        (("tiles",), "the following arguments are required: bundle"),
    ],
)
def test_what_cannot_be_kept_is_told_before_it_is_measured(
    arguments: tuple[str, ...], says: str
) -> None:
    command = [sys.executable, "-m", f"benchmarks.{arguments[0]}", *arguments[1:]]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 2
    assert says in done.stderr.splitlines()[-1]


@pytest.mark.slow
def test_a_batch_that_is_over_cannot_be_killed(tiny_bundle: Path) -> None:
    few = ("--model", str(tiny_bundle), "--lines", "1", "--kills", "9", "--seconds", "0.02")
    command = [sys.executable, "-m", "benchmarks.batch_kills", *few]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith("the batch ended before kill ")
