"""Stores of latents that are joined."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from soundlet.training.latents import (
    LatentEntry,
    LatentStatistics,
    LatentStore,
    join_stores,
    write_store,
)
from soundlet.training.loop import TrainingError
from tests.unit.training.test_stages import run_command


def store(folder: Path, lengths: list[int], *, std: float = 1.0, step: int = 4) -> LatentStore:
    """Sounds of the given lengths, and no two numbers alike."""
    folder.mkdir()
    n = sum(lengths)
    values = np.random.default_rng(n).standard_normal((n, 3)).astype(np.float16)
    starts = np.cumsum([0, *lengths])
    entries = [
        LatentEntry(int(start), length, length / 2, (f"{folder.name} {i}",), (f"kind: {i}",))
        for i, (start, length) in enumerate(zip(starts, lengths, strict=False))
    ]
    statistics = LatentStatistics(mean=(0.0,) * 3, std=(std,) * 3, deviation=(0.1,) * 3)
    return write_store(folder, values, np.ones((3, step), np.float32), statistics, entries)


def test_a_joined_store_has_the_sounds_of_all(tmp_path: Path) -> None:
    one, two = store(tmp_path / "one", [4, 8]), store(tmp_path / "two", [8, 4, 12])
    done = run_command("dataset", "join", one.folder, two.folder, "--out", tmp_path / "both")
    assert done.exit_code == 0
    assert done.stdout == f"{tmp_path / 'both'}  5 sounds, 36 latents\n"
    done = run_command(
        "dataset", "join", one.folder, two.folder, "--out", tmp_path / "both", "--json"
    )
    told = {"folder": str(tmp_path / "both"), "sounds": 5, "latents": 36}
    assert json.loads(done.stdout) == told
    both = LatentStore(tmp_path / "both")
    assert (both.silence == one.silence).all()
    assert both.statistics == one.statistics
    places = [(each, i) for each in (one, two) for i in range(len(each.entries))]
    for index, (each, i) in enumerate(places):
        entry, own = both.entries[index], each.entries[i]
        assert (entry.captions, entry.tags, entry.seconds) == (own.captions, own.tags, own.seconds)
        assert (both.latents(index, 99) == each.latents(i, 99)).all()
    assert sorted(path.name for path in both.folder.iterdir()) == sorted(
        path.name for path in one.folder.iterdir()
    )


@pytest.mark.parametrize(
    ("other", "said"),
    [({"std": 2.0}, "not normalised alike"), ({"step": 8}, "multiples of 8 latents")],
)
def test_stores_that_do_not_match_are_not_joined(
    tmp_path: Path, other: dict[str, float], said: str
) -> None:
    one = store(tmp_path / "one", [4])
    two = store(tmp_path / "two", [4], **other)  # type: ignore[arg-type]
    with pytest.raises(TrainingError, match=said):
        join_stores([one, two], tmp_path / "both")
    assert not (tmp_path / "both").exists()


def test_a_store_is_not_joined_into_itself(tmp_path: Path) -> None:
    one = store(tmp_path / "one", [4])
    with pytest.raises(TrainingError, match="is one of the stores to join: name another"):
        join_stores([one, one], tmp_path / "one")
    assert len(LatentStore(one.folder).entries) == 1
