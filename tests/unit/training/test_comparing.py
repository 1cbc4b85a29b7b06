"""The better and the worse of several sounds that a flow makes for the same captions."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from soundlet.errors import SoundletError
from soundlet.hearing import heard
from soundlet.training import comparing
from soundlet.training.clips import ClipFolder
from soundlet.training.codec import open_codec
from soundlet.training.comparing import compare_sounds
from soundlet.training.heard import hear_clips
from soundlet.training.latents import LatentStore, write_store
from soundlet.training.loop import TrainingError
from soundlet.training.words import HeardWords, asked_words
from tests.unit.training.test_agreement import Told, lost, narrowed, read_lines, write_lines
from tests.unit.training.test_extrapolation import FLOW
from tests.unit.training.test_stages import LOOP, run_command, weights, work

__all__ = ["work"]  # a fixture: the stages, run one after the other

N_SOUNDS, N_STORES = 20, 3
RATE, HOP = 44100, 256
LONGEST = 16384  # samples of the tiny model
ROUNDING = 0.01  # nats, in the difference of two ratings
KEYS = ("C minor", "D major", "Eb minor")
CLIPS_TOLD = [(i + 1, N_SOUNDS) for i in range(N_SOUNDS)]
SOUNDS_TOLD = [(i + 1, N_STORES * N_SOUNDS) for i in range(N_STORES * N_SOUNDS)]


@pytest.fixture(scope="module")
def made(work: Path) -> list[LatentStore]:
    """Three sounds for each caption; of some a key and a tempo are known and asked for."""
    for number in range(N_STORES):
        source = "latents" if number == 0 else "made0"
        done = run_command("dataset", "make", work / source, "--model", work / "flow", "--steps", 2,
                           "--seed", number, "--out", work / f"made{number}")  # fmt: skip
        assert done.exit_code == 0, done.output
    for number in range(N_STORES):
        lines = read_lines(work / f"made{number}" / "entries.jsonl")
        for i, line in enumerate(lines):
            line["tags"] = [*line["tags"], f"key: {KEYS[i % 3]}"]
            line["captions"] = [line["captions"][0] + said(i)]
        write_lines(work / f"made{number}" / "entries.jsonl", lines)
    return [LatentStore(work / f"made{number}") for number in range(N_STORES)]


def said(i: int) -> str:
    """What the caption of a sound ends with."""
    return ("", f" in {KEYS[i % 3]}", " 120 BPM")[i // 3 % 3]


@pytest.fixture(scope="module")
def clips(work: Path) -> Path:
    """The sounds that all was trained on, of which more is known."""
    attributes = [
        {
            "kind": ["hum", "tone", "bleep", "drone"][i % 4],
            "key": KEYS[i % 3],
            "bpm": 90 + i % 2 * 30,
        }
        for i in range(N_SOUNDS)
    ]
    return known_as(work, work / "known", attributes)


def known_as(work: Path, folder: Path, attributes: Sequence[dict[str, Any]]) -> Path:
    """The sounds of a folder, of which other things are known."""
    shutil.copytree(work / "clips", folder)
    lines = read_lines(folder / "metadata.jsonl")
    known = [{**line, "attributes": each} for line, each in zip(lines, attributes, strict=True)]
    write_lines(folder / "metadata.jsonl", known)
    return folder


@pytest.fixture(scope="module")
def ratings(work: Path, clips: Path, made: Sequence[LatentStore]) -> NDArray[np.float32]:
    """How plainly each sound, alone, is heard as what was asked for: (stores, sounds)."""
    words, codec = HeardWords(hear_clips(ClipFolder(clips), None, LONGEST)), open_codec(work / "ae")
    assert set(words.words) == {"kind", "key", "tempo"}
    found = np.zeros((N_STORES, N_SOUNDS), np.float32)
    for row, store in zip(found, made, strict=True):
        for i, entry in enumerate(store.entries):
            latents = store.latents(i, int(entry.seconds * RATE / HOP))
            sound = codec.decode(store.statistics.restore(latents[None]))[0]
            (row[i],) = words.fit(heard(sound, RATE)[None], [asked_words(entry)])
    return found


@pytest.fixture(scope="module")
def margin(ratings: NDArray[np.float32]) -> float:
    """The middle of the widest gap between differences, far from all of them."""
    apart = np.sort(np.ptp(ratings, axis=0))[4:-4]
    place = int(np.diff(apart).argmax())
    assert apart[place + 1] - apart[place] > 0.1
    return float(apart[place] + apart[place + 1]) / 2


@pytest.fixture(scope="module")
def runs(work: Path, clips: Path) -> dict[str, Any]:
    return {"clips": clips, "autoencoder": work / "ae"}


# what is chosen


def source_of(stores: Sequence[LatentStore], found: LatentStore, place: int, sound: int) -> int:
    """The one store whose sound the one at a place of another store is."""
    (source,) = (
        number
        for number, store in enumerate(stores)
        if np.array_equal(store.latents(sound, 10_000), found.latents(place, 10_000))
    )
    return source


def test_the_best_and_the_worst_of_each_caption_are_kept(
    made: Sequence[LatentStore],
    ratings: NDArray[np.float32],
    margin: float,
    runs: dict[str, Any],
    tmp_path: Path,
) -> None:
    told = Told()
    better, worse = compare_sounds(
        made, tmp_path / "better", tmp_path / "worse", **runs, margin=margin, on_progress=told
    )
    expected = np.flatnonzero(np.ptp(ratings, axis=0) >= margin).tolist()
    assert 0 < len(expected) < N_SOUNDS
    assert len(better.entries) == len(worse.entries) == len(expected)
    sources = set()
    for place, sound in enumerate(expected):
        best, worst = (source_of(made, store, place, sound) for store in (better, worse))
        assert ratings[best, sound] > ratings[:, sound].max() - ROUNDING
        assert ratings[worst, sound] < ratings[:, sound].min() + ROUNDING
        assert ratings[best, sound] - ratings[worst, sound] > margin - ROUNDING
        sources |= {("best", best), ("worst", worst)}
    assert len(sources) > N_STORES
    assert told == [*CLIPS_TOLD, *SOUNDS_TOLD]


def test_the_two_stores_are_of_the_same_captions_and_lengths(
    made: Sequence[LatentStore],
    ratings: NDArray[np.float32],
    margin: float,
    runs: dict[str, Any],
    tmp_path: Path,
) -> None:
    outs = (tmp_path / "better", tmp_path / "worse")
    better, worse = compare_sounds(made, *outs, **runs, margin=margin)
    assert better.entries == worse.entries
    place = 0
    kept = np.flatnonzero(np.ptp(ratings, axis=0) >= margin)
    for sound, entry in zip(kept, better.entries, strict=True):
        theirs = made[0].entries[sound]
        assert (entry.frames, entry.seconds) == (theirs.frames, theirs.seconds)
        assert (entry.captions, entry.tags) == (theirs.captions, theirs.tags)
        assert entry.start == place
        place += entry.frames
    for store in (better, worse):
        assert store.values.shape == (place, made[0].channels)
        assert store.values.dtype == np.float16
        assert store.statistics == made[0].statistics
        np.testing.assert_array_equal(store.silence, made[0].silence)
    assert not np.array_equal(better.values, worse.values)


def test_without_a_margin_all_that_differ_are_kept(
    made: Sequence[LatentStore], runs: dict[str, Any], tmp_path: Path
) -> None:
    """A sound is no pair with itself."""
    same = edited(made[0], tmp_path / "same")
    half = np.array(made[0].values)
    half[: made[0].entries[8].start] = made[1].values[: made[0].entries[8].start]
    np.save(same / "latents.npy", half)
    stores = (made[0], LatentStore(same))
    better, _ = compare_sounds(stores, tmp_path / "better", tmp_path / "worse", **runs, margin=0)
    captions = [entry.captions for entry in better.entries]
    assert captions == [entry.captions for entry in made[0].entries[:8]]


def test_the_same_sounds_are_chosen_again(
    made: Sequence[LatentStore], runs: dict[str, Any], margin: float, tmp_path: Path
) -> None:
    for name in ("once", "twice"):
        outs = (tmp_path / name / "better", tmp_path / name / "worse")
        compare_sounds(made, *outs, **runs, margin=margin, threads=1)
    names = {"latents.npy", "silence.npy", "statistics.json", "entries.jsonl"}
    for out in ("better", "worse"):
        once, twice = tmp_path / "once" / out, tmp_path / "twice" / out
        assert {path.name for path in once.iterdir()} == names
        assert all((once / name).read_bytes() == (twice / name).read_bytes() for name in names)


def test_the_command_says_how_many_pairs_there_are(
    made: Sequence[LatentStore],
    ratings: NDArray[np.float32],
    margin: float,
    work: Path,
    clips: Path,
    tmp_path: Path,
) -> None:
    better, worse = tmp_path / "better", tmp_path / "worse"
    command = ("dataset", "compare", *(store.folder for store in made), "--clips", clips,
               "--autoencoder", work / "ae", "--better", better, "--worse", worse, "--margin",
               margin)  # fmt: skip
    n_pairs = int((np.ptp(ratings, axis=0) >= margin).sum())
    done = run_command(*command)
    assert done.exit_code == 0, done.output
    assert done.stdout == f"{better} and {worse}  {n_pairs} pairs of {N_SOUNDS}\n"
    assert len(LatentStore(better).entries) == len(LatentStore(worse).entries) == n_pairs
    told = run_command(*command, "--json")
    expected = {"better": str(better), "worse": str(worse), "pairs": n_pairs}
    assert json.loads(told.stdout) == expected


def test_the_margin_is_two_nats_unless_another_is_asked_for(
    made: Sequence[LatentStore], work: Path, clips: Path, runs: dict[str, Any], tmp_path: Path
) -> None:
    expected, _ = compare_sounds(made, tmp_path / "a", tmp_path / "b", **runs, margin=2.0)
    plain, _ = compare_sounds(made, tmp_path / "c", tmp_path / "d", **runs)
    assert plain.entries == expected.entries
    done = run_command("dataset", "compare", *(store.folder for store in made), "--clips", clips,
                       "--autoencoder", work / "ae", "--better", tmp_path / "e", "--worse",
                       tmp_path / "f")  # fmt: skip
    assert done.exit_code == 0, done.output
    assert LatentStore(tmp_path / "e").entries == expected.entries
    assert 0 < len(expected.entries) < N_SOUNDS


def test_what_is_heard_of_the_clips_is_kept(
    made: Sequence[LatentStore], clips: Path, work: Path, runs: dict[str, Any], tmp_path: Path
) -> None:
    """As a run on the same sounds keeps it, whatever is known of them."""
    outs, kept = (tmp_path / "better", tmp_path / "worse"), tmp_path / "new" / "kept"
    before = {path: path.stat().st_mtime_ns for path in clips.iterdir()}
    expected = compare_sounds(made, *outs, **runs)[0].entries
    assert {path: path.stat().st_mtime_ns for path in clips.iterdir()} == before
    assert set(tmp_path.iterdir()) == set(outs)
    for folder, clips_told in ((kept, CLIPS_TOLD), (kept, []), (work / "agreement", [])):
        told = Told()
        better, _ = compare_sounds(made, *outs, **runs, kept=folder, on_progress=told)
        assert told == [*clips_told, *SOUNDS_TOLD]
        assert better.entries == expected
        assert {path.name for path in kept.iterdir()} == {"heard.npy", "heard.json"}
    for name in ("heard.npy", "heard.json"):
        assert (kept / name).read_bytes() == (work / "agreement" / name).read_bytes()


def test_the_command_keeps_what_is_heard_of_the_clips(
    made: Sequence[LatentStore], clips: Path, work: Path, tmp_path: Path
) -> None:
    kept = tmp_path / "kept"
    done = run_command("dataset", "compare", made[0].folder, made[1].folder, "--clips", clips,
                       "--kept", kept, "--autoencoder", work / "ae", "--better",
                       tmp_path / "better", "--worse", tmp_path / "worse", "--margin",
                       0)  # fmt: skip
    assert done.exit_code == 0, done.output
    assert np.load(kept / "heard.npy").shape[0] == N_SOUNDS
    assert {path.name for path in kept.iterdir()} == {"heard.npy", "heard.json"}


def test_sounds_are_rated_by_what_is_known_of_the_clips(
    made: Sequence[LatentStore],
    ratings: NDArray[np.float32],
    work: Path,
    tmp_path: Path,
) -> None:
    """By other words others are chosen."""
    known = [{"kind": ["drone", "hum", "tone", "bleep"][i % 4]} for i in range(N_SOUNDS)]
    clips = known_as(work, tmp_path / "clips", known)
    outs = (tmp_path / "better", tmp_path / "worse")
    better, _ = compare_sounds(made, *outs, clips=clips, autoencoder=work / "ae", margin=0)
    assert len(better.entries) == N_SOUNDS
    sources = [source_of(made, better, i, i) for i in range(N_SOUNDS)]
    assert (ratings.argmax(axis=0) != sources).sum() > N_SOUNDS / 4


def test_a_flow_is_moved_towards_the_better_and_away_from_the_worse(
    made: Sequence[LatentStore], work: Path, runs: dict[str, Any]
) -> None:
    compare_sounds(made, work / "better", work / "worse", **runs, margin=0)
    for name in ("better", "worse"):
        config = FLOW.format(run=f"{name}-run", latents=name) + LOOP.format(steps=4)
        config += "[flow]\nbatch_frames = 128\ntrain_text = false\ncfg_dropout = 0.0\n"
        (work / f"{name}.toml").write_text(config)
        trained = run_command("train", "flow", work / f"{name}.toml")
        assert trained.exit_code == 0, trained.output
    moved = run_command("train", "extrapolate", work / "moved", "--flow", work / "flow",
                        "--towards", work / "better-run", "--away-from",
                        work / "worse-run")  # fmt: skip
    assert moved.exit_code == 0, moved.output
    name = "average.dit.project_in.weight"
    assert not torch.equal(weights(work / "moved")[name], weights(work / "flow")[name])


# what cannot be compared


def edited(
    store: LatentStore, folder: Path, change: Callable[[dict[str, Any]], object] | None = None
) -> Path:
    """A copy of a store, its third entry changed."""
    shutil.copytree(store.folder, folder)
    lines = read_lines(folder / "entries.jsonl")
    if change is not None:
        change(lines[2])
    write_lines(folder / "entries.jsonl", lines)
    return folder


def refused(
    stores: Sequence[LatentStore], runs: dict[str, Any], folder: Path, **settings: Any
) -> str:
    """What is said, in one line, when nothing is written."""
    with pytest.raises(TrainingError) as caught:
        compare_sounds(stores, folder / "better", folder / "worse", **runs, **settings)
    assert not (folder / "better").exists()
    assert not (folder / "worse").exists()
    said = str(caught.value)
    assert len(said.splitlines()) == 1
    return said


@pytest.mark.parametrize(
    "change",
    [
        {"captions": ["another"]},
        {"seconds": 0.2},
        {"frames": 8},
        {"start": 0},
    ],
)
def test_stores_whose_entries_differ_are_refused(
    made: Sequence[LatentStore], runs: dict[str, Any], tmp_path: Path, change: dict[str, Any]
) -> None:
    other = edited(made[1], tmp_path / "other", lambda entry: entry.update(change))
    said = refused([made[0], made[2], LatentStore(other)], runs, tmp_path)
    assert said.startswith(f"{made[0].folder} and {other} are not of the same captions and lengths")
    assert f"`soundlet dataset make {made[0].folder}`" in said


def test_stores_of_different_numbers_of_sounds_are_refused(
    made: Sequence[LatentStore], runs: dict[str, Any], tmp_path: Path
) -> None:
    other = edited(made[1], tmp_path / "other")
    write_lines(other / "entries.jsonl", read_lines(other / "entries.jsonl")[:-1])
    said = refused([made[0], LatentStore(other)], runs, tmp_path)
    assert f"{made[0].folder} and {other} are not of the same captions" in said


def test_latents_that_are_not_alike_are_refused(
    made: Sequence[LatentStore], runs: dict[str, Any], tmp_path: Path
) -> None:
    narrow = narrowed(made[1], tmp_path / "narrow")
    said = refused([made[0], narrow], runs, tmp_path)
    assert f"{made[0].folder} and {narrow.folder} are not of the same latents" in said
    other = edited(made[1], tmp_path / "other")
    statistics = made[1].statistics
    doubled = statistics.model_copy(update={"std": tuple(2 * s for s in statistics.std)})
    (other / "statistics.json").write_bytes(doubled.as_json())
    said = refused([made[0], LatentStore(other)], runs, tmp_path)
    assert f"{made[0].folder} and {other} are not of the same latents" in said


@pytest.mark.parametrize(("n_captions", "says"), [(2, "with 2 captions"), (0, "with 0 captions")])
def test_a_sound_needs_one_caption(
    made: Sequence[LatentStore], runs: dict[str, Any], tmp_path: Path, n_captions: int, says: str
) -> None:
    captions = ["a tone", "another"][:n_captions]
    stores = [
        LatentStore(edited(store, tmp_path / str(i), lambda e: e.update(captions=captions)))
        for i, store in enumerate(made)
    ]
    said = refused(stores, runs, tmp_path)
    assert says in said
    assert f"{stores[0].folder} has" in said
    assert "`soundlet dataset make`" in said


def test_two_stores_at_least_are_compared(
    made: Sequence[LatentStore], runs: dict[str, Any], work: Path, clips: Path, tmp_path: Path
) -> None:
    for n_stores in (0, 1):
        says = f"two stores or more are compared, not of {n_stores}"
        assert says in refused(made[:n_stores], runs, tmp_path)
    done = run_command("dataset", "compare", made[0].folder, "--clips", clips,
                       "--autoencoder", work / "ae", "--better", tmp_path / "better", "--worse",
                       tmp_path / "worse")  # fmt: skip
    assert done.exit_code == 1
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert line.startswith("error: sounds of two stores or more are compared, not of 1")


@pytest.mark.parametrize("margin", [-0.1, float("nan"), float("inf")])
def test_a_margin_that_is_no_number_of_nats_is_refused(
    made: Sequence[LatentStore], runs: dict[str, Any], tmp_path: Path, margin: float
) -> None:
    says = f"margin must be a number of nats from 0, not {margin:g}"
    assert refused(made, runs, tmp_path, margin=margin) == says


def test_a_margin_that_no_sounds_differ_by_is_refused(
    made: Sequence[LatentStore],
    ratings: NDArray[np.float32],
    runs: dict[str, Any],
    tmp_path: Path,
) -> None:
    said = refused(made, runs, tmp_path, margin=1000)
    assert "of no caption two sounds differ by 1000 nats or more" in said
    greatest = float(said.split("the greatest difference is ")[1].removesuffix(": lower --margin"))
    assert greatest == pytest.approx(np.ptp(ratings, axis=0).max(), abs=ROUNDING)


def test_sounds_that_are_the_same_make_no_pair(
    made: Sequence[LatentStore], runs: dict[str, Any], tmp_path: Path
) -> None:
    same = LatentStore(edited(made[0], tmp_path / "same"))
    said = refused([made[0], same], runs, tmp_path, margin=0)
    assert "the greatest difference is 0:" in said


def test_no_folder_is_named_twice(
    made: Sequence[LatentStore], runs: dict[str, Any], tmp_path: Path
) -> None:
    out, ours = tmp_path / "out", made[1].folder
    again = tmp_path / "elsewhere" / ".." / "out"
    before = (ours / "entries.jsonl").read_bytes()
    for stores, better, worse, named in (
        (made, out, again, again),
        (made, again, out, out),
        (made, ours, out, ours),
        (made, out, ours, ours),
        ([made[0], made[0]], out, tmp_path / "worse", made[0].folder),
    ):
        with pytest.raises(TrainingError) as caught:
            compare_sounds(stores, better, worse, **runs)
        assert str(caught.value) == f"{named} is named twice: name another folder"
    assert not out.exists()
    assert (ours / "entries.jsonl").read_bytes() == before


def test_latents_of_another_codec_are_refused_before_anything_is_heard(
    made: Sequence[LatentStore], runs: dict[str, Any], tmp_path: Path
) -> None:
    stores = [narrowed(store, tmp_path / str(i)) for i, store in enumerate(made[:2])]
    told = Told()
    said = refused(stores, runs, tmp_path, on_progress=told)
    assert said.endswith("the autoencoder's have 8: name the one that they are of")
    assert told == []


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_sound_that_is_no_numbers_is_neither_the_best_nor_the_worst(
    made: Sequence[LatentStore],
    ratings: NDArray[np.float32],
    runs: dict[str, Any],
    tmp_path: Path,
    value: float,
) -> None:
    sound = int(np.ptp(ratings, axis=0).argmax())
    order = ratings[:, sound].argsort()
    stores = list(made)
    stores[order[0]] = lost(made[order[0]], tmp_path / "other", sound, value)
    outs = (tmp_path / "better", tmp_path / "worse")
    better, worse = compare_sounds(stores, *outs, **runs, margin=0)
    assert len(better.entries) == N_SOUNDS
    assert source_of(stores, better, sound, sound) == order[-1]
    assert source_of(stores, worse, sound, sound) == order[1]


def test_a_caption_with_one_sound_that_is_one_makes_no_pair(
    made: Sequence[LatentStore], runs: dict[str, Any], tmp_path: Path
) -> None:
    others = [
        lost(store, tmp_path / f"other{i}", 2, float("nan")) for i, store in enumerate(made[1:])
    ]
    outs = (tmp_path / "better", tmp_path / "worse")
    better, worse = compare_sounds([made[0], *others], *outs, **runs, margin=0)
    expected = [entry.captions for i, entry in enumerate(made[0].entries) if i != 2]
    assert [entry.captions for entry in better.entries] == expected
    assert [entry.captions for entry in worse.entries] == expected


def test_without_two_sounds_of_a_caption_there_is_no_pair(
    made: Sequence[LatentStore], runs: dict[str, Any], tmp_path: Path
) -> None:
    none = LatentStore(edited(made[1], tmp_path / "none"))
    np.save(none.folder / "latents.npy", np.full_like(none.values, np.nan))
    said = refused([made[0], LatentStore(none.folder)], runs, tmp_path, margin=0)
    assert said.startswith("of no caption two sounds differ by 0 nats or more")


@pytest.mark.parametrize("known", [{"kind": "hum", "mood": "sad"}, {}, {"mood": "sad", "key": "C"}])
def test_clips_that_no_attribute_tells_apart_rate_nothing(
    made: Sequence[LatentStore], work: Path, tmp_path: Path, known: dict[str, str]
) -> None:
    clips = known_as(work, tmp_path / "clips", [known] * N_SOUNDS)
    runs = {"clips": clips, "autoencoder": work / "ae"}
    says = f"no attribute tells the sounds of {clips} apart: give them "
    assert refused(made, runs, tmp_path).startswith(says)
    done = run_command("dataset", "compare", made[0].folder, made[1].folder, "--clips", clips,
                       "--autoencoder", work / "ae", "--better", tmp_path / "better", "--worse",
                       tmp_path / "worse")  # fmt: skip
    assert done.exit_code == 1
    assert done.stderr.splitlines()[-1].startswith(f"error: {says}")
    assert list(tmp_path.iterdir()) == [clips]


def test_clips_that_are_not_there_rate_nothing(
    made: Sequence[LatentStore], runs: dict[str, Any], tmp_path: Path
) -> None:
    nowhere = tmp_path / "nowhere"
    said = refused(made, {**runs, "clips": nowhere}, tmp_path)
    assert said.startswith(f"{nowhere / 'metadata.jsonl'} cannot be read")


def test_what_is_heard_of_the_clips_cannot_be_kept_in_a_file(
    made: Sequence[LatentStore], runs: dict[str, Any], tmp_path: Path
) -> None:
    (tmp_path / "kept").write_text("a file")
    outs = (tmp_path / "better", tmp_path / "worse")
    with pytest.raises(SoundletError, match="kept cannot be made a folder"):
        compare_sounds(made, *outs, **runs, kept=tmp_path / "kept")
    assert list(tmp_path.iterdir()) == [tmp_path / "kept"]


@pytest.mark.parametrize("n_written", [0, 1])
def test_a_store_is_written_whole_or_not_at_all(
    made: Sequence[LatentStore],
    runs: dict[str, Any],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    n_written: int,
) -> None:
    """What was there before does not stand beside what is new either."""
    outs = (tmp_path / "better", tmp_path / "worse")
    compare_sounds(made[:2], *outs, **runs, margin=0)
    done: list[Path] = []

    def stopped(folder: Path, *parts: Any) -> LatentStore:
        if len(done) == n_written:
            raise KeyboardInterrupt
        done.append(folder)
        return write_store(folder, *parts)

    monkeypatch.setattr(comparing, "write_store", stopped)
    with pytest.raises(KeyboardInterrupt):
        compare_sounds(made, *outs, **runs, margin=0)
    assert done == list(outs[:n_written])
    for out in outs[n_written:]:
        with pytest.raises(TrainingError, match="is no store of latents"):
            LatentStore(out)


def test_what_is_refused_leaves_the_stores_that_are_there(
    made: Sequence[LatentStore], runs: dict[str, Any], tmp_path: Path
) -> None:
    outs = (tmp_path / "better", tmp_path / "worse")
    compare_sounds(made, *outs, **runs, margin=0)
    before = [(out / "entries.jsonl").read_bytes() for out in outs]
    with pytest.raises(TrainingError, match="the greatest difference"):
        compare_sounds(made, *outs, **runs, margin=1000)
    assert [(out / "entries.jsonl").read_bytes() for out in outs] == before
