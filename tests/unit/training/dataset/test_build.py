"""A data set on disk is the same however it was built, and is never half written."""

import json
import os
import signal
from pathlib import Path

import numpy as np
import pytest

from soundlet.errors import SoundletError
from soundlet.training.dataset import build
from soundlet.training.dataset.build import build_dataset, read_dataset
from soundlet.training.dataset.render import render_clip
from soundlet.whole_files import write_whole


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Small shards of one-shots, which are rendered fastest."""
    monkeypatch.setattr(build, "CLIPS_PER_SHARD", 2)
    monkeypatch.setattr(
        build, "render_clip", lambda seed, only: render_clip(seed, "one_shot", only)
    )


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def test_clips_are_read_back_as_rendered(tmp_path: Path) -> None:
    build_dataset(tmp_path / "set", 3, seed=2)
    stored = list(read_dataset(tmp_path / "set"))
    assert [clip.number for clip in stored] == [0, 1, 2]
    for clip in stored:
        rendered = render_clip(2 * build.SEED_STRIDE + clip.number, "one_shot")
        assert clip.audio.shape == rendered.audio.shape
        assert np.abs(clip.audio - rendered.audio).max() < 1 / 32000
        assert clip.attributes == rendered.attributes
        assert clip.captions == rendered.captions + rendered.wordings
        assert clip.seconds == rendered.seconds


def test_an_interrupted_build_goes_on_to_the_same_bytes(tmp_path: Path) -> None:
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    build_dataset(whole, 5, seed=0)
    seen: list[tuple[int, int]] = []

    def stop(done: int, total: int) -> None:
        seen.append((done, total))
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        build_dataset(broken, 5, seed=0, on_progress=stop)
    assert seen == [(2, 5)]
    with pytest.raises(SoundletError, match="lacks 2 shards"):
        list(read_dataset(broken))
    build_dataset(broken, 5, seed=0)
    assert contents(broken) == contents(whole)


def says_how_it_takes_ctrl_c(out: Path, shard: int, *_told: object) -> int:
    held = signal.SIGINT in signal.pthread_sigmask(signal.SIG_BLOCK, set())
    ends = signal.getsignal(signal.SIGINT) is signal.SIG_DFL
    (out / f"said-{shard}").write_text(f"held: {held}, ends: {ends}")
    return 1


def does_nothing() -> None:
    """In the place of what a process of a pool begins with."""


def test_ctrl_c_is_held_until_a_worker_ends_by_it_without_a_word(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(build, "_build_shard", says_how_it_takes_ctrl_c)
    build_dataset(tmp_path / "ready", 4, seed=0, workers=2)
    monkeypatch.setattr(build, "end_at_interrupt", does_nothing)
    build_dataset(tmp_path / "starting", 4, seed=0, workers=2)
    for folder, said in (
        ("ready", "held: False, ends: True"),
        ("starting", "held: True, ends: False"),
    ):
        assert [(tmp_path / folder / f"said-{i}").read_text() for i in range(2)] == [said, said]


def test_a_shard_is_written_whole_before_ctrl_c_comes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def write_after_ctrl_c(path: Path, data: bytes) -> None:
        if path.suffix == ".zip":
            os.kill(os.getpid(), signal.SIGINT)
        write_whole(path, data)

    monkeypatch.setattr(build, "write_whole", write_after_ctrl_c)
    with pytest.raises(KeyboardInterrupt):
        build_dataset(tmp_path / "set", 2, seed=0)
    assert len(list(read_dataset(tmp_path / "set"))) == 2


def test_a_data_set_may_grow(tmp_path: Path) -> None:
    build_dataset(tmp_path / "grown", 1, seed=0)
    build_dataset(tmp_path / "grown", 3, seed=0)
    build_dataset(tmp_path / "whole", 3, seed=0)
    assert contents(tmp_path / "grown") == contents(tmp_path / "whole")


def test_two_data_sets_do_not_mix(tmp_path: Path) -> None:
    build_dataset(tmp_path / "set", 1, seed=0)
    with pytest.raises(SoundletError, match="name a new folder"):
        build_dataset(tmp_path / "set", 1, seed=1)
    (tmp_path / "letters").mkdir()
    (tmp_path / "letters" / "a.txt").write_text("x")
    with pytest.raises(SoundletError, match=r"a\.txt"):
        build_dataset(tmp_path / "letters", 1, seed=0)


def test_clips_are_of_what_is_named_alone(tmp_path: Path) -> None:
    only = ["coin", "glockenspiel"]
    build_dataset(tmp_path / "set", 8, seed=1, only=only)
    facts = [clip.attributes for clip in read_dataset(tmp_path / "set")]
    named = [fact.source or fact.instruments[0] for fact in facts]
    assert sorted(set(named)) == only
    assert all((fact.kind == "sound_effect") == (fact.source == "coin") for fact in facts)
    for other in ([], ["coin"]):
        with pytest.raises(SoundletError, match="name a new folder"):
            build_dataset(tmp_path / "set", 8, seed=1, only=other)
    with pytest.raises(SoundletError, match="'cion' is no sound effect and no instrument"):
        build_dataset(tmp_path / "other", 1, seed=1, only=["cion"])
    assert not (tmp_path / "other").exists()


def test_the_text_of_a_shard_is_one_object_a_line(tmp_path: Path) -> None:
    build_dataset(tmp_path / "set", 2, seed=0)
    lines = (tmp_path / "set" / "shard-00000.jsonl").read_text().splitlines()
    facts = [json.loads(line) for line in lines]
    assert [fact["number"] for fact in facts] == [0, 1]
    assert all(fact["captions"] and fact["attributes"]["kind"] for fact in facts)


@pytest.mark.parametrize(
    ("count", "seed", "workers"), [(0, 0, 1), (1, -1, 1), (1, 10**8 + 1, 1), (1, 0, 0)]
)
def test_senseless_requests_are_refused(
    tmp_path: Path, count: int, seed: int, workers: int
) -> None:
    with pytest.raises(SoundletError, match=f"count {count}, seed {seed}, workers {workers}"):
        build_dataset(tmp_path / "set", count, seed, workers)


def test_a_folder_without_a_data_set_says_so(tmp_path: Path) -> None:
    with pytest.raises(SoundletError, match=r"dataset\.json"):
        list(read_dataset(tmp_path))


def test_several_processes_build_the_same_data_set(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.undo()  # other processes know nothing of the patches
    build_dataset(tmp_path / "one", 2, seed=0)
    build_dataset(tmp_path / "two", 2, seed=0, workers=2)
    assert contents(tmp_path / "one") == contents(tmp_path / "two")
