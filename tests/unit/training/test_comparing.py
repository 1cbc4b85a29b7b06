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

from soundlet.agreement import LEAST, Agreement
from soundlet.bundle import AGREEMENT
from soundlet.hearing import heard
from soundlet.key_pieces import KeyPieces
from soundlet.tokenizer import Tokenizer
from soundlet.training import comparing
from soundlet.training.agreement import AgreementTowers, bundled_towers, open_towers
from soundlet.training.codec import open_codec
from soundlet.training.comparing import compare_sounds, rate_sounds
from soundlet.training.heard import HeardSounds, hear_latents
from soundlet.training.latents import LatentEntry, LatentStore, write_store
from soundlet.training.loop import TrainingError
from tests.unit.training.test_agreement import Told, narrowed, read_lines, sound_of, write_lines
from tests.unit.training.test_extrapolation import FLOW
from tests.unit.training.test_stages import LOOP, run_command, weights, work

__all__ = ["work"]  # a fixture: the stages, run one after the other

N_SOUNDS, N_STORES = 20, 3
RATE, HOP = 44100, 256
ROUNDING = 0.2  # nats, of weights of 8 bits, in the difference of two ratings


@pytest.fixture(scope="module")
def made(work: Path) -> list[LatentStore]:
    """Three sounds for each caption."""
    for number in range(N_STORES):
        source = "latents" if number == 0 else "made0"
        done = run_command("dataset", "make", work / source, "--model", work / "flow", "--steps", 2,
                           "--seed", number, "--out", work / f"made{number}")  # fmt: skip
        assert done.exit_code == 0, done.output
    return [LatentStore(work / f"made{number}") for number in range(N_STORES)]


@pytest.fixture(scope="module")
def ratings(
    work: Path, made: Sequence[LatentStore], tmp_path_factory: pytest.TempPathFactory
) -> NDArray[np.float32]:
    """How well a bundle finds each sound to fit its caption: (stores, sounds)."""
    path = tmp_path_factory.mktemp("agreement") / AGREEMENT
    path.write_bytes(bundled_towers(open_towers(work / "agreement")))
    tokenizer = Tokenizer(work / "model" / "spiece.model", 16)
    rate, codec = Agreement(path, tokenizer, sample_rate=RATE), open_codec(work / "ae")
    found = np.zeros((N_STORES, N_SOUNDS), np.float32)
    for row, store in zip(found, made, strict=True):
        for i, entry in enumerate(store.entries):
            latents = store.latents(i, int(entry.seconds * RATE / HOP))
            sound = codec.decode(store.statistics.restore(latents[None]))[0]
            (row[i],) = rate([sound], entry.captions[0])
    return found


@pytest.fixture(scope="module")
def margin(ratings: NDArray[np.float32]) -> float:
    """The middle of the widest gap between differences, far from all of them."""
    apart = np.sort(np.ptp(ratings, axis=0))[4:-4]
    place = int(np.diff(apart).argmax())
    assert apart[place + 1] - apart[place] > 0.1
    return float(apart[place] + apart[place + 1]) / 2


@pytest.fixture(scope="module")
def runs(work: Path) -> dict[str, Any]:
    return {"agreement": work / "agreement", "autoencoder": work / "ae"}


# how sounds are rated


def test_towers_rate_as_a_bundle_does(model_folder: Path, tmp_path: Path) -> None:
    """Once their weights are rounded as those of a bundle are, to the last digits."""
    tokenizer = Tokenizer(model_folder / "spiece.model", 16)
    keys = KeyPieces(tokenizer.pieces)
    mono = [sound_of(i % 4, np.random.default_rng(i)).astype(np.float32) for i in range(8)]
    sounds = [np.stack([each, each]) for each in mono]
    values = torch.from_numpy(np.stack([heard(each, RATE) for each in sounds]))
    torch.manual_seed(0)
    usual, spread = values.mean(dim=0), values.std(dim=0).clamp(min=0.02)
    towers = AgreementTowers(usual, spread, keys.n_words, [3, 7], [6.0, 2.0])
    with torch.no_grad():
        for name, weight in towers.named_parameters():
            if name.endswith("weight"):
                weight.mul_(10 if name.startswith(("heads", "readers")) else 3)
                across = 0 if name.startswith("narrow") else 1
                scale = weight.abs().amax(dim=across, keepdim=True) / 127
                weight.copy_((weight / scale).round() * scale)
        said = [head(towers.sound(values)).log_softmax(dim=1) for head in towers.heads]
        assert min(float(each.min()) for each in said) < LEAST - 1
    (tmp_path / AGREEMENT).write_bytes(bundled_towers(towers))
    rate = Agreement(tmp_path / AGREEMENT, tokenizer, sample_rate=RATE)
    for prompt in ("low hum 120 Hz", "a tone a tone a tone a tone a tone", "hz; short", ""):
        entries = [LatentEntry(0, 1, 1.0, (prompt,))] * len(sounds)
        found = rate_sounds(towers, tokenizer, HeardSounds(tmp_path, entries, values.numpy()))
        expected = rate(sounds, prompt)
        assert np.ptp(expected) > 2
        np.testing.assert_allclose(found, expected, atol=2e-3)


def test_each_sound_is_rated_against_its_own_caption(
    work: Path, made: Sequence[LatentStore], ratings: NDArray[np.float32]
) -> None:
    tokenizer = Tokenizer(work / "model" / "spiece.model", 16)
    sounds = hear_latents(made[1], open_codec(work / "ae"))
    found = rate_sounds(open_towers(work / "agreement"), tokenizer, sounds)
    np.testing.assert_allclose(found, ratings[1], atol=ROUNDING / 2)
    assert np.ptp(found) > 10 * ROUNDING


def test_ratings_are_the_same_in_small_parts(
    work: Path, made: Sequence[LatentStore], monkeypatch: pytest.MonkeyPatch
) -> None:
    tokenizer, towers = (
        Tokenizer(work / "model" / "spiece.model", 16),
        open_towers(work / "agreement"),
    )
    sounds = hear_latents(made[0], open_codec(work / "ae"))
    whole = rate_sounds(towers, tokenizer, sounds)
    monkeypatch.setattr(comparing, "AT_ONCE", 7)
    np.testing.assert_allclose(rate_sounds(towers, tokenizer, sounds), whole, atol=1e-3)


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
    assert told == [(i + 1, N_STORES * N_SOUNDS) for i in range(N_STORES * N_SOUNDS)]


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
    tmp_path: Path,
) -> None:
    better, worse = tmp_path / "better", tmp_path / "worse"
    command = ("dataset", "compare", *(store.folder for store in made), "--agreement",
               work / "agreement", "--autoencoder", work / "ae", "--better", better, "--worse",
               worse, "--margin", margin)  # fmt: skip
    n_pairs = int((np.ptp(ratings, axis=0) >= margin).sum())
    done = run_command(*command)
    assert done.exit_code == 0, done.output
    assert done.stdout == f"{better} and {worse}  {n_pairs} pairs of {N_SOUNDS}\n"
    assert len(LatentStore(better).entries) == len(LatentStore(worse).entries) == n_pairs
    told = run_command(*command, "--json")
    expected = {"better": str(better), "worse": str(worse), "pairs": n_pairs}
    assert json.loads(told.stdout) == expected


def test_the_margin_is_two_nats_unless_another_is_asked_for(
    made: Sequence[LatentStore], work: Path, runs: dict[str, Any], tmp_path: Path
) -> None:
    expected, _ = compare_sounds(made, tmp_path / "a", tmp_path / "b", **runs, margin=2.0)
    plain, _ = compare_sounds(made, tmp_path / "c", tmp_path / "d", **runs)
    assert plain.entries == expected.entries
    done = run_command("dataset", "compare", *(store.folder for store in made), "--agreement",
                       work / "agreement", "--autoencoder", work / "ae", "--better",
                       tmp_path / "e", "--worse", tmp_path / "f")  # fmt: skip
    assert done.exit_code == 0, done.output
    assert LatentStore(tmp_path / "e").entries == expected.entries
    assert 0 < len(expected.entries) < N_SOUNDS


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
    made: Sequence[LatentStore], runs: dict[str, Any], work: Path, tmp_path: Path
) -> None:
    for n_stores in (0, 1):
        says = f"two stores or more are compared, not of {n_stores}"
        assert says in refused(made[:n_stores], runs, tmp_path)
    done = run_command("dataset", "compare", made[0].folder, "--agreement", work / "agreement",
                       "--autoencoder", work / "ae", "--better", tmp_path / "better", "--worse",
                       tmp_path / "worse")  # fmt: skip
    assert done.exit_code == 1
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert line.startswith("error: sounds of two stores or more are compared, not of 1")


def test_stores_without_sounds_are_refused(
    made: Sequence[LatentStore], runs: dict[str, Any], tmp_path: Path
) -> None:
    stores = []
    for number in range(2):
        folder = edited(made[number], tmp_path / str(number))
        (folder / "entries.jsonl").write_text("")
        stores.append(LatentStore(folder))
    assert refused(stores, runs, tmp_path) == f"{tmp_path / '0'} has no sounds"


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


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_sound_that_is_no_numbers_is_named(
    made: Sequence[LatentStore], runs: dict[str, Any], tmp_path: Path, value: float
) -> None:
    other = edited(made[1], tmp_path / "other")
    values = np.array(made[1].values)
    values[made[1].entries[2].start + 1, 3] = value
    np.save(other / "latents.npy", values)
    said = refused([made[0], LatentStore(other)], runs, tmp_path)
    assert said == f"sound 3 of {other} decodes to samples that are not finite numbers"


def test_a_run_of_another_stage_rates_nothing(
    made: Sequence[LatentStore], work: Path, tmp_path: Path
) -> None:
    done = run_command("dataset", "compare", made[0].folder, made[1].folder, "--agreement",
                       work / "flow", "--autoencoder", work / "ae", "--better",
                       tmp_path / "better", "--worse", tmp_path / "worse")  # fmt: skip
    assert done.exit_code == 1
    assert "is a run of another stage than `soundlet train agreement`" in done.stderr
    assert list(tmp_path.iterdir()) == []


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
