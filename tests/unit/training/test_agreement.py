"""Which captions fit which sounds: learnt from a store, and what is chosen by it."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from soundlet.cli import app
from soundlet.tokenizer import Tokenizer
from soundlet.training.agreement import (
    Pairs,
    choose_sounds,
    disagreement,
    train_agreement,
)
from soundlet.training.latents import LatentStatistics, LatentStore
from soundlet.training.loop import TrainingError

N_SOUNDS, N_FRAMES, N_CHANNELS = 96, 12, 6
PER_SECOND = 24.0
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
        latents[sound, : N_FRAMES - 2, sort] += 2
        called = NAMES[(sort + 1) % 4 if is_wrong(sound) else sort]
        entry = {"start": sound * N_FRAMES, "frames": N_FRAMES, "seconds": 0.42}
        tags = [f"kind: {NAMES[sort]}", f"n: {sound}"]
        lines.append(json.dumps({**entry, "captions": [called, f"a {called}"], "tags": tags}))
    np.save(folder / "latents.npy", latents.reshape(-1, N_CHANNELS).astype(np.float16))
    np.save(folder / "silence.npy", np.zeros((N_CHANNELS, 8), np.float32))
    zeros = (0.0,) * N_CHANNELS
    statistics = LatentStatistics(mean=zeros, std=(1.0,) * N_CHANNELS, deviation=zeros)
    (folder / "statistics.json").write_text(statistics.model_dump_json())
    (folder / "entries.jsonl").write_text("\n".join(lines) + "\n")
    return LatentStore(folder)


def is_wrong(sound: int) -> bool:
    return sound // 4 % 8 == 3


@pytest.fixture
def pairs(store: LatentStore, model_folder: Path) -> Pairs:
    return Pairs(store, Tokenizer(model_folder / "spiece.model", 64), PER_SECOND)


def test_wrong_captions_are_found(pairs: Pairs) -> None:
    model = train_agreement(pairs, 25)
    found = disagreement(model, pairs)
    wrong = np.array([is_wrong(sound) for sound in range(N_SOUNDS)])
    assert found[wrong].min() > found[~wrong].max()


def test_what_fits_is_chosen_of_each_sort(pairs: Pairs, tmp_path: Path) -> None:
    often = {"kind: rain": 2.0, "kind: kick": 0.0}
    chosen = choose_sounds(pairs, tmp_path / "chosen", keep=0.75, often=often, steps=25)
    sounds = [int(entry.tags[1].removeprefix("n: ")) for entry in chosen.entries]
    assert not any(is_wrong(sound) for sound in sounds)
    assert [sum(sound % 4 == sort for sound in sounds) for sort in range(4)] == [0, 18, 36, 18]
    assert np.array_equal(chosen.latents(0, 8), pairs.store.latents(sounds[0], 8))
    assert np.array_equal(chosen.silence, pairs.store.silence)
    assert chosen.statistics == pairs.store.statistics


def test_rare_sources_catch_up(store: LatentStore, model_folder: Path, tmp_path: Path) -> None:
    """Of 96 sounds of one kind, 6 are of a rare source, and of another kind there are none."""
    folder = tmp_path / "latents"
    folder.mkdir()
    for name in ("latents.npy", "silence.npy", "statistics.json"):
        (folder / name).write_bytes((store.folder / name).read_bytes())
    lines = []
    for i, line in enumerate((store.folder / "entries.jsonl").read_text().splitlines()):
        tags = ["kind: sound_effect", f"source: {'siren' if i % 16 == 0 else 'rain'}"]
        lines.append(json.dumps({**json.loads(line), "tags": tags}))
    (folder / "entries.jsonl").write_text("\n".join(lines) + "\n")
    pairs = Pairs(LatentStore(folder), Tokenizer(model_folder / "spiece.model", 64), PER_SECOND)
    shares = {}
    for evenly in (0.0, 0.5, 1.0):
        often = {"kind: sound_effect": 50.0}
        chosen = choose_sounds(
            pairs, tmp_path / str(evenly), keep=1, often=often, evenly=evenly, steps=10**9
        )
        sirens = sum("source: siren" in entry.tags for entry in chosen.entries)
        shares[evenly] = sirens / len(chosen.entries)
        assert len(chosen.entries) == pytest.approx(50 * N_SOUNDS, rel=0.01)
    root = 6**0.5 / (6**0.5 + 90**0.5)
    assert shares == pytest.approx({0.0: 6 / 96, 0.5: root, 1.0: 0.5}, abs=0.005)


def test_the_same_seed_chooses_the_same(pairs: Pairs, tmp_path: Path) -> None:
    for name in ("once", "twice"):
        choose_sounds(pairs, tmp_path / name, steps=3, seed=5)
    once, twice = (tmp_path / name / "entries.jsonl" for name in ("once", "twice"))
    assert once.read_bytes() == twice.read_bytes()


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"keep": 0.0}, "keep must be above 0"),
        ({"evenly": 1.1}, "evenly must be 0 to 1, not 1.1"),
        ({"steps": 0}, "steps must be 1 or more, not 0"),
        ({"keep": 1.5}, "keep must be above 0 and at most 1, not 1.5"),
        ({"often": {"kind: kick": -1.0}}, "0 to 100 times, not -1"),
        ({"often": {"kind: flute": 2.0}}, "no sound of .* has the tag 'kind: flute'"),
        ({"often": {f"kind: {name}": 0.0 for name in NAMES}, "steps": 1}, "no sound is left"),
    ],
)
def test_what_cannot_be_chosen_is_refused(
    pairs: Pairs, tmp_path: Path, settings: dict[str, object], says: str
) -> None:
    with pytest.raises(TrainingError, match=says):
        choose_sounds(pairs, tmp_path / "out", **settings)  # type: ignore[arg-type]
    assert not (tmp_path / "out").exists()


def test_a_store_is_not_chosen_into_itself(pairs: Pairs) -> None:
    before = (pairs.store.folder / "entries.jsonl").read_bytes()
    with pytest.raises(TrainingError, match="name another folder"):
        choose_sounds(pairs, pairs.store.folder)
    assert (pairs.store.folder / "entries.jsonl").read_bytes() == before


def test_the_command_writes_a_store(store: LatentStore, model_folder: Path, tmp_path: Path) -> None:
    arguments = ("dataset", "choose", store.folder, "--model", model_folder, "--steps", 2,
                 "--out", tmp_path / "out", "--often", "rain=2", "--json")  # fmt: skip
    done = CliRunner().invoke(app, [str(a) for a in arguments], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout) == {"folder": str(tmp_path / "out"), "sounds": 60}
    assert len(LatentStore(tmp_path / "out").entries) == 60
