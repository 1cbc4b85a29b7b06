"""Stores of latents that are joined."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from soundlet.training import latents
from soundlet.training.clips import ClipFolder
from soundlet.training.latents import (
    LatentEntry,
    LatentStatistics,
    LatentStore,
    encode_clips,
    join_stores,
    write_array,
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


def encode_small(clips: ClipFolder, folder: Path, level: float) -> LatentStore:
    """Encode by an encoder that gives the same number for all."""
    return encode_clips(
        clips,
        folder,
        lambda audio: np.full((1, 3, audio.shape[2] // 256), level, np.float32),
        hop_length=256,
        frames_multiple=8,
        statistics=LatentStatistics(mean=(0.0,) * 3, std=(1.0,) * 3, deviation=(0.1,) * 3),
    )


def test_encoding_that_is_interrupted_leaves_no_new_latents_under_old_captions(
    clip_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clips, out = ClipFolder(clip_folder), tmp_path / "latents"
    encode_small(clips, out, 1.0)

    def stopped_at_silence(path: Path, values: NDArray[Any]) -> None:
        if path.name == "silence.npy":
            raise KeyboardInterrupt
        write_array(path, values)

    with monkeypatch.context() as patch:
        patch.setattr(latents, "write_array", stopped_at_silence)
        with pytest.raises(KeyboardInterrupt):
            encode_small(clips, out, 2.0)
    with pytest.raises(TrainingError, match="is no store of latents"):
        LatentStore(out)
    assert (encode_small(clips, out, 2.0).latents(0, 4) == 2.0).all()


def test_encoding_that_fails_before_it_writes_leaves_the_store_that_is_there(
    clip_folder: Path, tmp_path: Path
) -> None:
    clips, out = ClipFolder(clip_folder), tmp_path / "latents"
    encode_small(clips, out, 1.0)
    clips.entries = (*clips.entries, replace(clips.entries[0], path=tmp_path / "none.wav"))
    with pytest.raises(TrainingError, match="cannot be read as sound"):
        encode_small(clips, out, 2.0)
    assert (LatentStore(out).latents(0, 4) == 1.0).all()


def cut(folder: Path, n_frames: int) -> None:
    np.save(folder / "latents.npy", np.load(folder / "latents.npy")[:n_frames])


def with_last(folder: Path, **fields: object) -> None:
    """Other fields in the last line."""
    *lines, last = (folder / "entries.jsonl").read_text().splitlines()
    changed = json.dumps(json.loads(last) | fields)
    (folder / "entries.jsonl").write_text("\n".join([*lines, changed]))


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda folder: cut(folder, 6), "has 6 frames, line 2 of entries.jsonl 8 from 4 on"),
        (lambda folder: cut(folder, 11), "has 11 frames"),
        (lambda folder: np.save(folder / "latents.npy", np.zeros(12)), "has 1 dimensions, not 2"),
        (lambda folder: (folder / "latents.npy").write_bytes(b""), "no store of latents"),
        (lambda folder: (folder / "entries.jsonl").write_text(""), "entries.jsonl has no sounds"),
        (lambda folder: with_last(folder, start=-1), "8 from -1 on"),
        (lambda folder: with_last(folder, frames=0), "0 from 4 on"),
        (lambda folder: with_last(folder, frames=2**63 - 1), "from 4 on"),
        (lambda folder: with_last(folder, start=2**63 - 1), "8 from 9223372036854775807 on"),
        (lambda folder: with_last(folder, start="4"), "no whole number"),
        (lambda folder: with_last(folder, frames=8.5), "no whole number"),
    ],
)
def test_a_store_cut_short_is_no_store(
    tmp_path: Path, damage: Callable[[Path], object], said: str
) -> None:
    one, two = store(tmp_path / "one", [4, 8]), store(tmp_path / "two", [4])
    damage(one.folder)
    both = tmp_path / "both"
    done = run_command("dataset", "join", one.folder, two.folder, "--out", both)
    assert done.exit_code == 1
    assert done.stderr.startswith(f"error: {one.folder} is no store of latents (")
    assert said in done.stderr
    assert not both.exists()
