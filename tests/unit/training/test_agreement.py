"""Which captions fit which sounds: learnt from a store, and what is chosen by it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from soundlet.errors import BundleError, CheckpointError, SoundletError
from soundlet.key_pieces import N_KEYS
from soundlet.tokenizer import Tokenizer
from soundlet.training.agreement import (
    HEADS,
    AgreementSettings,
    AgreementTrainee,
    Pairs,
    named_tags,
    open_towers,
)
from soundlet.training.choosing import choose_sounds, disagreement
from soundlet.training.latents import LatentStatistics, LatentStore
from soundlet.training.loop import TrainingError
from soundlet.training.settings import AgreementStage, read_stage
from soundlet.training.stages import train_agreement
from soundlet.training.weights import average_weights
from tests.unit.training.test_stages import (
    LOOP,
    assert_same_weights,
    curve,
    halted,
    run_command,
    weights,
)

N_SOUNDS, N_FRAMES, N_CHANNELS = 96, 12, 8
STEPS = 26  # with many more, the wrong captions are learnt by heart
SOUNDING = N_FRAMES - 2
PER_SECOND = 44100 / 256
NAMES = ("kick", "snare", "rain", "piano")


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> LatentStore:
    """Four sorts of sounds, each loud in a channel of its own; each eighth is called by the name
    of another sort."""
    folder = tmp_path_factory.mktemp("latents")
    random = np.random.default_rng(0)
    latents = 0.3 * random.standard_normal((N_SOUNDS, N_FRAMES, N_CHANNELS))
    lines = []
    for sound in range(N_SOUNDS):
        sort = sound % 4
        latents[sound, :SOUNDING, sort] += 2
        called = NAMES[(sort + 1) % 4 if is_wrong(sound) else sort]
        seconds = (SOUNDING + 0.5) / PER_SECOND
        entry = {"start": sound * N_FRAMES, "frames": N_FRAMES, "seconds": seconds}
        tags = [f"kind: {NAMES[sort]}", f"n: {sound}"]
        lines.append({**entry, "captions": [called, f"a {called}"], "tags": tags})
    np.save(folder / "latents.npy", latents.reshape(-1, N_CHANNELS).astype(np.float16))
    np.save(folder / "silence.npy", np.zeros((N_CHANNELS, 8), np.float32))
    zeros = (0.0,) * N_CHANNELS
    statistics = LatentStatistics(mean=zeros, std=(1.0,) * N_CHANNELS, deviation=zeros)
    (folder / "statistics.json").write_bytes(statistics.as_json())
    write_entries(folder, lines)
    return LatentStore(folder)


def is_wrong(sound: int) -> bool:
    return sound // 4 % 8 == 3


def entries(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "entries.jsonl").read_text().splitlines()]


def write_entries(folder: Path, lines: list[dict[str, Any]]) -> None:
    (folder / "entries.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))


def with_tags(
    store: LatentStore, folder: Path, tags: Callable[[int], list[str]], n_sounds: int = N_SOUNDS
) -> LatentStore:
    """The first sounds of a store with other tags."""
    shutil.copytree(store.folder, folder)
    lines = [{**line, "tags": tags(i)} for i, line in enumerate(entries(folder)[:n_sounds])]
    write_entries(folder, lines)
    return LatentStore(folder)


def written(folder: Path, model: Path, latents: Path, steps: int = STEPS) -> Path:
    """The config of a run in `folder`."""
    path = folder / "agreement.toml"
    text = f'run = "run"\nmodel = "{model}"\nlatents = "{latents}"\n' + LOOP.format(steps=steps)
    path.write_text(text + "[agreement]\nbatch_size = 48\n")
    return path


@pytest.fixture(scope="module")
def config(
    store: LatentStore, model_folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """The config of a run, which has been trained beside it."""
    path = written(tmp_path_factory.mktemp("agreement"), model_folder, store.folder)
    done = run_command("train", "agreement", path, "--json")
    assert done.exit_code == 0, done.output
    run = path.parent / "run"
    assert json.loads(done.stdout) == {"folder": str(run), "step": STEPS, "stopped": False}
    return path


@pytest.fixture(scope="module")
def run(config: Path) -> Path:
    return config.parent / "run"


@pytest.fixture(scope="module")
def pairs(store: LatentStore, model_folder: Path) -> Pairs:
    return Pairs(store, Tokenizer(model_folder / "spiece.model", 16), PER_SECOND)


# what is trained


def test_a_run_learns_what_fits_and_leaves_what_is_needed(run: Path) -> None:
    lines = curve(run)
    assert [line["step"] for line in lines] == list(range(2, STEPS + 1, 2))
    figures = {"loss", "found", "pairs", "tags", "gradient", "learning_rate", "seconds_per_step"}
    assert all(set(line) == {*figures, "step"} for line in lines)
    for name in ("loss", "pairs", "tags"):
        assert lines[-1][name] < 0.8 * lines[0][name]
    assert lines[-1]["tags"] < 0.4 * lines[0]["tags"]
    assert all(0 <= line["found"] <= 1 for line in lines)
    names = {path.name for path in run.iterdir()}
    assert names == {
        "checkpoint.pt", "curve.jsonl", "tensorboard", "tags.json", "statistics.json",
        "model_config.json", "t5_config.json", "spiece.model",
    }  # fmt: skip
    assert json.loads((run / "tags.json").read_text()) == [f"kind: {n}" for n in sorted(NAMES)]


def test_a_run_that_was_stopped_ends_with_the_same_weights(
    config: Path, run: Path, tmp_path: Path
) -> None:
    stage = read_stage(AgreementStage, config)
    train_agreement(halted(stage, 13, tmp_path))
    train_agreement(halted(stage, STEPS, tmp_path))
    assert_same_weights(tmp_path, run)
    assert not torch.equal(
        weights(run)["module.point.weight"], weights(run)["average.point.weight"]
    )


def test_a_run_goes_on_with_sounds_of_other_tags(
    config: Path, store: LatentStore, tmp_path: Path
) -> None:
    stage = read_stage(AgreementStage, config)
    train_agreement(halted(stage, 2, tmp_path / "run"))
    kept = (tmp_path / "run" / "tags.json").read_bytes()
    other = with_tags(
        store, tmp_path / "other", lambda i: [f"kind: {['rain', 'storm'][i % 2]}", f"key: {i}"]
    )
    changed = stage.model_copy(update={"latents": other.folder})
    assert train_agreement(halted(changed, 4, tmp_path / "run")).step == 4
    assert (tmp_path / "run" / "tags.json").read_bytes() == kept
    assert weights(tmp_path / "run")["module.heads.0.weight"].shape[0] == 4
    fresh = train_agreement(halted(changed, 2, tmp_path / "fresh"))
    assert [len(head.weight) for head in heads(fresh.trainee)] == [2, N_SOUNDS]


def heads(trainee: object) -> list[torch.nn.Linear]:
    assert isinstance(trainee, AgreementTrainee)
    return [head for head in trainee.towers.heads if isinstance(head, torch.nn.Linear)]


def test_sounds_of_which_nothing_is_known_are_told_apart_all_the_same(
    config: Path, store: LatentStore, tmp_path: Path
) -> None:
    unknown = with_tags(store, tmp_path / "latents", lambda i: ["kind: kick", f"mood: {i}"])
    assert named_tags(unknown) == []
    stage = read_stage(AgreementStage, config).model_copy(update={"latents": unknown.folder})
    made = train_agreement(halted(stage, STEPS, tmp_path / "run"))
    assert heads(made.trainee) == []
    lines = curve(tmp_path / "run")
    assert {line["tags"] for line in lines} == {0.0}
    assert lines[-1]["pairs"] < 0.8 * lines[0]["pairs"]


def test_each_attribute_has_its_tags_in_order(store: LatentStore, tmp_path: Path) -> None:
    def tags(i: int) -> list[str]:
        return ["source: a", f"kind: {'xy'[i % 2]}", "instruments: horn", f"instruments: {i % 3}"]

    found = named_tags(with_tags(store, tmp_path / "latents", tags))
    assert found == ["kind: x", "kind: y", *(f"instruments: {i}" for i in range(3))]


def test_a_step_whose_sounds_lack_an_attribute_gives_all_weights_a_gradient(
    pairs: Pairs, store: LatentStore
) -> None:
    """With several processes, each sends the gradients of all: one that lacked some would not
    fit."""
    torch.manual_seed(0)
    trainee = AgreementTrainee(pairs, [*named_tags(store), "key: a", "key: b"], AgreementSettings())
    loss, figures = trainee.loss(trainee.batch(generator()), generator())
    assert np.isfinite(loss.item())
    assert 0 < figures["tags"] < 3
    loss.backward()  # type: ignore[no-untyped-call]
    missing = [n for n, p in trainee.module.named_parameters() if p.grad is None]
    assert missing == []
    gradients = [head.weight.grad for head in heads(trainee)]
    assert [bool(each.any()) for each in gradients if each is not None] == [True, False]


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_captions_are_counts_of_their_words(pairs: Pairs, model_folder: Path) -> None:
    tokenizer = Tokenizer(model_folder / "spiece.model", 16)
    chosen = [0, 95, 3, 0]
    found = pairs.captions(chosen, generator())
    assert found.shape == (4, tokenizer.n_pieces + N_KEYS)
    drawn = set()
    for sound, counts in zip(chosen, found, strict=True):
        expected = {}
        for caption in pairs.store.entries[sound].captions:
            tokens, mask = tokenizer.encode([caption])
            expected[caption] = np.bincount(tokens[mask > 0], minlength=tokenizer.n_pieces + N_KEYS)
        fits = [text for text, each in expected.items() if np.array_equal(each, counts)]
        assert len(fits) == 1
        drawn.add(fits[0].startswith("a "))
    assert drawn == {False, True}


def test_a_batch_is_of_sounds_up_to_their_ends(pairs: Pairs) -> None:
    trainee = AgreementTrainee(pairs, named_tags(pairs.store), AgreementSettings(batch_size=20))
    batch = trainee.batch(generator())
    assert batch.latents.shape == (20, N_CHANNELS, 12)
    assert batch.is_sounding.sum(dim=1).tolist() == [SOUNDING] * 20
    assert not batch.latents[:, :, SOUNDING:].any()
    loud = batch.latents[:, :4, :SOUNDING].mean(dim=2).argmax(dim=1)
    names = sorted(NAMES)
    assert [names[tag] for tag in batch.tags[:, 0]] == [NAMES[sort] for sort in loud]


# what cannot be trained


def refused(path: Path, says: str) -> None:
    """The command ends with one line."""
    done = run_command("train", "agreement", path)
    assert done.exit_code == 1, done.output
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert says in line


def test_one_sound_is_refused(store: LatentStore, model_folder: Path, tmp_path: Path) -> None:
    one = with_tags(store, tmp_path / "latents", lambda _: [], n_sounds=1)
    refused(written(tmp_path, model_folder, one.folder), "fewer than two sounds")


def test_a_batch_of_one_sound_is_refused(config: Path, tmp_path: Path) -> None:
    path = tmp_path / "agreement.toml"
    path.write_text(config.read_text().replace("batch_size = 48", "batch_size = 1"))
    refused(path, "agreement.batch_size: input should be greater than or equal to 2, not 1")


def test_latents_of_another_codec_are_refused(
    store: LatentStore, model_folder: Path, tmp_path: Path
) -> None:
    narrow = narrowed(store, tmp_path / "latents")
    refused(written(tmp_path, model_folder, narrow.folder), "has 6 channels; the model's latents")


def narrowed(store: LatentStore, folder: Path) -> LatentStore:
    """The same sounds with two channels less."""
    shutil.copytree(store.folder, folder)
    np.save(folder / "latents.npy", store.values[:, :6])
    np.save(folder / "silence.npy", store.silence[:6])
    statistics = LatentStatistics(mean=(0.0,) * 6, std=(1.0,) * 6, deviation=(0.0,) * 6)
    (folder / "statistics.json").write_bytes(statistics.as_json())
    return LatentStore(folder)


def otherwise_normalised(store: LatentStore, folder: Path) -> LatentStore:
    shutil.copytree(store.folder, folder)
    other = store.statistics.model_copy(update={"std": (2.0,) * N_CHANNELS})
    (folder / "statistics.json").write_bytes(other.as_json())
    return LatentStore(folder)


def test_a_run_does_not_go_on_with_latents_that_are_normalised_otherwise(
    store: LatentStore, model_folder: Path, run: Path, tmp_path: Path
) -> None:
    shutil.copytree(run, tmp_path / "run")
    other = otherwise_normalised(store, tmp_path / "latents")
    path = written(tmp_path, model_folder, other.folder, steps=STEPS + 1)
    refused(path, "was begun with another statistics.json")


# runs that tell nothing of a store


def test_towers_are_the_average_of_a_run(run: Path, store: LatentStore) -> None:
    found = open_towers(run, store.statistics).state_dict()
    expected = {n: w for n, w in average_weights(run).items() if not n.startswith(HEADS)}
    assert found.keys() == expected.keys()
    assert all(torch.equal(found[name], expected[name]) for name in found)


def no_checkpoint(run: Path) -> None:
    (run / "checkpoint.pt").unlink()


def other_stage(run: Path) -> None:
    state = torch.load(run / "checkpoint.pt", weights_only=True)
    state["average"] = {"dit.project_in.weight": torch.zeros(2, 2)}
    torch.save(state, run / "checkpoint.pt")


def no_vocabulary(run: Path) -> None:
    (run / "spiece.model").unlink()


def no_text(run: Path) -> None:
    (run / "spiece.model").write_text("no pieces")


def other_sizes(run: Path) -> None:
    state = torch.load(run / "checkpoint.pt", weights_only=True)
    state["average"]["narrow.weight"] = torch.zeros(96, 7 + N_KEYS)
    torch.save(state, run / "checkpoint.pt")


@pytest.mark.parametrize(
    ("change", "error", "says"),
    [
        (no_checkpoint, CheckpointError, "is no run of `soundlet train`"),
        (other_stage, CheckpointError, "is a run of another stage than `soundlet train agreement`"),
        (no_vocabulary, CheckpointError, "lacks spiece.model, the vocabulary"),
        (no_text, BundleError, "not a SentencePiece model"),
        (other_sizes, CheckpointError, "pieces; the run's weights are for 7"),
    ],
)
def test_a_run_that_is_not_whole_is_refused(
    run: Path,
    store: LatentStore,
    tmp_path: Path,
    change: Callable[[Path], None],
    error: type[SoundletError],
    says: str,
) -> None:
    shutil.copytree(run, tmp_path / "run")
    change(tmp_path / "run")
    with pytest.raises(error) as caught:
        choose_sounds(store, tmp_path / "out", agreement=tmp_path / "run")
    assert says in str(caught.value)
    assert str(tmp_path / "run") in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1
    assert not (tmp_path / "out").exists()


def test_a_run_on_other_latents_is_refused(run: Path, store: LatentStore, tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="trained on latents of 8 channels, not 6"):
        open_towers(run, narrowed(store, tmp_path / "narrow").statistics)
    with pytest.raises(TrainingError, match="trained on latents that were normalised otherwise"):
        open_towers(run, otherwise_normalised(store, tmp_path / "other").statistics)


# what is chosen


def test_wrong_captions_are_found(run: Path, pairs: Pairs) -> None:
    told: list[tuple[int, int]] = []
    towers = open_towers(run, pairs.store.statistics)
    found = disagreement(towers, pairs, on_progress=lambda *numbers: told.append(numbers))
    wrong = np.array([is_wrong(sound) for sound in range(N_SOUNDS)])
    assert found[wrong].min() > found[~wrong].max()
    assert told == [(64, N_SOUNDS), (N_SOUNDS, N_SOUNDS)]


def test_what_fits_is_chosen_of_each_sort(run: Path, store: LatentStore, tmp_path: Path) -> None:
    often = {"kind: rain": 2.0, "kind: kick": 0.0}
    chosen = choose_sounds(store, tmp_path / "chosen", agreement=run, keep=0.75, often=often)
    sounds = [int(entry.tags[1].removeprefix("n: ")) for entry in chosen.entries]
    assert not any(is_wrong(sound) for sound in sounds)
    assert [sum(sound % 4 == sort for sound in sounds) for sort in range(4)] == [0, 18, 36, 18]
    assert np.array_equal(chosen.latents(0, 8), store.latents(sounds[0], 8))
    assert np.array_equal(chosen.silence, store.silence)
    assert chosen.statistics == store.statistics


def test_rare_sources_catch_up(store: LatentStore, tmp_path: Path) -> None:
    """Of 96 sounds of one kind, 6 are of a rare source, and of another kind there are none."""

    def tags(i: int) -> list[str]:
        return ["kind: sound_effect", f"source: {'siren' if i % 16 == 0 else 'rain'}"]

    effects = with_tags(store, tmp_path / "latents", tags)
    shares = {}
    for evenly in (0.0, 0.5, 1.0):
        often = {"kind: sound_effect": 50.0}
        chosen = choose_sounds(effects, tmp_path / str(evenly), keep=1, often=often, evenly=evenly)
        sirens = sum("source: siren" in entry.tags for entry in chosen.entries)
        shares[evenly] = sirens / len(chosen.entries)
        assert len(chosen.entries) == pytest.approx(50 * N_SOUNDS, rel=0.01)
    root = 6**0.5 / (6**0.5 + 90**0.5)
    assert shares == pytest.approx({0.0: 6 / 96, 0.5: root, 1.0: 0.5}, abs=0.005)


def test_the_same_seed_chooses_the_same(run: Path, store: LatentStore, tmp_path: Path) -> None:
    often = {"kind: rain": 1.5}
    for name, seed in (("once", 5), ("twice", 5), ("other", 6)):
        choose_sounds(store, tmp_path / name, agreement=run, often=often, seed=seed)
    once, twice, other = (
        (tmp_path / name / "entries.jsonl").read_bytes() for name in ("once", "twice", "other")
    )
    assert once == twice != other


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"keep": 0.0}, "keep must be above 0"),
        ({"keep": 1.5}, "keep must be above 0 and at most 1, not 1.5"),
        ({"evenly": 1.1}, "evenly must be 0 to 1, not 1.1"),
        ({"often": {"kind: kick": -1.0}}, "0 to 100 times, not -1"),
        ({"often": {"kind: flute": 2.0}}, "no sound of .* has the tag 'kind: flute'"),
        ({"keep": 1.0, "often": {f"kind: {name}": 0.0 for name in NAMES}}, "no sound is left"),
        ({"keep": 0.5}, "to keep 0.5 of the sounds takes a run of `soundlet train agreement`"),
    ],
)
def test_what_cannot_be_chosen_is_refused(
    store: LatentStore, tmp_path: Path, settings: dict[str, Any], says: str
) -> None:
    with pytest.raises(TrainingError, match=says):
        choose_sounds(store, tmp_path / "out", **settings)
    assert not (tmp_path / "out").exists()


def test_a_store_is_not_chosen_into_itself(store: LatentStore) -> None:
    before = (store.folder / "entries.jsonl").read_bytes()
    with pytest.raises(TrainingError, match="name another folder"):
        choose_sounds(store, store.folder, keep=1)
    assert (store.folder / "entries.jsonl").read_bytes() == before


@pytest.mark.parametrize(("keep", "n_sounds"), [("0.5", 60), ("1", 120)])
def test_the_command_writes_a_store(
    store: LatentStore, run: Path, tmp_path: Path, keep: str, n_sounds: int
) -> None:
    """To keep all sounds needs no run."""
    needed = () if keep == "1" else ("--agreement", run)
    done = run_command("dataset", "choose", store.folder, *needed, "--keep", keep,
                       "--out", tmp_path / "out", "--often", "rain=2", "--json")  # fmt: skip
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout) == {"folder": str(tmp_path / "out"), "sounds": n_sounds}
    assert len(LatentStore(tmp_path / "out").entries) == n_sounds
