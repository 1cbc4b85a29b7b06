"""Which captions fit which sounds: learnt from what is heard, and what is chosen by it."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
import torch
from numpy.typing import NDArray

from soundlet.errors import BundleError, CheckpointError, SoundletError
from soundlet.hearing import N_HEARD, heard
from soundlet.key_pieces import N_KEYS
from soundlet.tokenizer import Tokenizer
from soundlet.training.agreement import (
    NARROW,
    AgreementSettings,
    AgreementTrainee,
    Pairs,
    named_by,
    named_tags,
    open_towers,
)
from soundlet.training.choosing import choose_sounds, disagreement
from soundlet.training.clips import ClipEntry, ClipFolder
from soundlet.training.codec import open_codec
from soundlet.training.heard import HeardSounds, hear_clips, hear_latents
from soundlet.training.latents import LatentStatistics, LatentStore
from soundlet.training.loop import TrainingError
from soundlet.training.settings import AgreementStage, read_stage
from soundlet.training.stages import train_agreement
from soundlet.training.weights import average_weights
from tests.unit.training.test_stages import (
    AUTOENCODER,
    LOOP,
    assert_same_weights,
    curve,
    halted,
    run_command,
    weights,
)

N_SOUNDS = 96
STEPS = 26  # with many more, the wrong captions are learnt by heart
RATE, HOP = 44100, 256
LONGEST = 16384  # samples of the tiny model
NAMES = ("kick", "snare", "rain", "piano")


def sound_of(sort: int, random: np.random.Generator) -> NDArray[np.float64]:
    """One of the sounds of a name."""
    t = np.arange(round(random.uniform(0.2, 0.35) * RATE)) / RATE
    noise = random.standard_normal(len(t))
    if sort == 0:
        return 0.8 * np.sin(2 * np.pi * random.uniform(50, 80) * t) * np.exp(-20 * t)
    if sort == 1:
        return 0.3 * noise * np.exp(-25 * t)
    if sort == 2:
        return 0.1 * np.diff(noise, prepend=0)
    harmonics = random.uniform(300, 600) * np.arange(1, 4)[:, None]
    tones: NDArray[np.float64] = (np.sin(2 * np.pi * harmonics * t) / harmonics).sum(axis=0)
    return 100 * tones * np.exp(-4 * t)


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four sorts of sounds; each eighth is called by the name of another sort."""
    folder = tmp_path_factory.mktemp("clips")
    random = np.random.default_rng(0)
    lines = []
    for sound in range(N_SOUNDS):
        sort = sound % 4
        soundfile.write(folder / f"{sound}.wav", sound_of(sort, random), RATE)
        called = NAMES[(sort + 1) % 4 if is_wrong(sound) else sort]
        known = {"kind": NAMES[sort], "n": str(sound)}
        entry = {"file": f"{sound}.wav", "captions": [called, f"a {called}"], "attributes": known}
        lines.append(entry)
    write_lines(folder / "metadata.jsonl", lines)
    return folder


def is_wrong(sound: int) -> bool:
    return sound // 4 % 8 == 3


def read_lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def write_lines(path: Path, lines: list[dict[str, Any]]) -> None:
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))


def with_attributes(
    clips: Path,
    folder: Path,
    attributes: Callable[[int], dict[str, str]],
    n_sounds: int = N_SOUNDS,
) -> Path:
    """The first sounds of a folder, of which other things are known."""
    shutil.copytree(clips, folder)
    lines = read_lines(folder / "metadata.jsonl")[:n_sounds]
    known = [{**line, "attributes": attributes(i)} for i, line in enumerate(lines)]
    write_lines(folder / "metadata.jsonl", known)
    return folder


def with_tags(store: LatentStore, folder: Path, tags: Callable[[int], list[str]]) -> LatentStore:
    """The sounds of a store with other tags."""
    shutil.copytree(store.folder, folder)
    lines = read_lines(folder / "entries.jsonl")
    write_lines(
        folder / "entries.jsonl", [{**line, "tags": tags(i)} for i, line in enumerate(lines)]
    )
    return LatentStore(folder)


@pytest.fixture(scope="module")
def autoencoder(clips: Path, model_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The run of a codec that has hardly been trained: it starts from a linear one."""
    folder = tmp_path_factory.mktemp("autoencoder")
    text = f'run = "run"\nmodel = "{model_folder}"\nclips = "{clips}"\n'
    (folder / "ae.toml").write_text(text + AUTOENCODER.format(steps=2))
    done = run_command("train", "autoencoder", folder / "ae.toml")
    assert done.exit_code == 0, done.output
    return folder / "run"


@pytest.fixture(scope="module")
def store(clips: Path, autoencoder: Path, tmp_path_factory: pytest.TempPathFactory) -> LatentStore:
    """Latents of the sounds."""
    folder = tmp_path_factory.mktemp("store") / "latents"
    done = run_command("dataset", "encode", clips, "--autoencoder", autoencoder, "--out", folder,
                       "--frames-multiple", 8, "--threads", 1)  # fmt: skip
    assert done.exit_code == 0, done.output
    return LatentStore(folder)


def written(folder: Path, model: Path, clips: Path, steps: int = STEPS) -> Path:
    """The config of a run in `folder`."""
    path = folder / "agreement.toml"
    text = f'run = "run"\nmodel = "{model}"\nclips = "{clips}"\n' + LOOP.format(steps=steps)
    path.write_text(text + "[agreement]\nbatch_size = 48\n")
    return path


@pytest.fixture(scope="module")
def config(clips: Path, model_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The config of a run, which has been trained beside it."""
    path = written(tmp_path_factory.mktemp("agreement"), model_folder, clips)
    done = run_command("train", "agreement", path, "--json")
    assert done.exit_code == 0, done.output
    run = path.parent / "run"
    assert json.loads(done.stdout) == {"folder": str(run), "step": STEPS, "stopped": False}
    return path


@pytest.fixture(scope="module")
def run(config: Path) -> Path:
    return config.parent / "run"


@pytest.fixture(scope="module")
def sounds(clips: Path, run: Path) -> HeardSounds:
    """What the run has heard."""
    return hear_clips(ClipFolder(clips), run, LONGEST)


@pytest.fixture(scope="module")
def tokenizer(model_folder: Path) -> Tokenizer:
    return Tokenizer(model_folder / "spiece.model", 16)


@pytest.fixture(scope="module")
def pairs(sounds: HeardSounds, tokenizer: Tokenizer) -> Pairs:
    return Pairs(sounds, tokenizer)


# what is heard


def test_each_sound_is_heard_up_to_the_longest_of_the_model(clips: Path, tmp_path: Path) -> None:
    folder, told = ClipFolder(clips), Told()
    found = hear_clips(folder, tmp_path, 9000, told)
    assert found.folder == clips
    assert found.entries == folder.entries
    assert found.values.shape == (N_SOUNDS, N_HEARD)
    for sound in (0, 1, 95):
        expected = heard(folder.audio(sound)[:, :9000], RATE)
        assert np.array_equal(found.values[sound], expected)
    assert told == [(i + 1, N_SOUNDS) for i in range(N_SOUNDS)]


class Told(list[tuple[int, int]]):
    """The steps that were told."""

    def __call__(self, done: int, total: int) -> None:
        self.append((done, total))


def test_what_was_heard_is_kept(clips: Path, tmp_path: Path) -> None:
    folder, told = few(clips, tmp_path / "clips"), Told()
    first = hear_clips(ClipFolder(folder), tmp_path, LONGEST)
    lines = read_lines(folder / "metadata.jsonl")
    write_lines(folder / "metadata.jsonl", [{**line, "captions": ["a bell"]} for line in lines])
    renamed = ClipFolder(folder)
    again = hear_clips(renamed, tmp_path, LONGEST, told)
    assert np.array_equal(again.values, first.values)
    assert again.entries == renamed.entries != first.entries
    assert told == []
    assert {path.name for path in tmp_path.iterdir()} == {"clips", "heard.npy", "heard.json"}


def test_what_was_heard_is_kept_only_where_a_folder_is_named(
    clips: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = few(clips, tmp_path / "clips")
    monkeypatch.chdir(tmp_path)
    before = set(tmp_path.rglob("*"))
    for _ in range(2):
        told = Told()
        found = hear_clips(ClipFolder(folder), None, LONGEST, told)
        assert len(told) == 4
        assert set(tmp_path.rglob("*")) == before
    kept = hear_clips(ClipFolder(folder), tmp_path / "a" / "run", LONGEST)
    assert np.array_equal(kept.values, found.values)
    names = {path.name for path in (tmp_path / "a" / "run").iterdir()}
    assert names == {"heard.npy", "heard.json"}


def few(clips: Path, folder: Path) -> Path:
    """Four sounds."""
    return with_attributes(clips, folder, lambda _: {}, n_sounds=4)


def other_sound(folder: Path, _run: Path) -> None:
    """One of the same length."""
    sound, rate = soundfile.read(folder / "2.wav")
    soundfile.write(folder / "2.wav", sound[::-1], rate)


def other_length(folder: Path, _run: Path) -> None:
    soundfile.write(folder / "2.wav", sound_of(3, np.random.default_rng(9)), RATE)


def other_order(folder: Path, _run: Path) -> None:
    lines = read_lines(folder / "metadata.jsonl")
    write_lines(folder / "metadata.jsonl", lines[::-1])


def one_less(folder: Path, _run: Path) -> None:
    write_lines(folder / "metadata.jsonl", read_lines(folder / "metadata.jsonl")[1:])


def cut_values(_folder: Path, run: Path) -> None:
    (run / "heard.npy").write_bytes((run / "heard.npy").read_bytes()[:-5])


def empty_values(_folder: Path, run: Path) -> None:
    (run / "heard.npy").write_bytes(b"")


def no_values(_folder: Path, run: Path) -> None:
    (run / "heard.npy").unlink()


def fewer_numbers(_folder: Path, run: Path) -> None:
    np.save(run / "heard.npy", np.load(run / "heard.npy")[:, 1:])


def cut_json(_folder: Path, run: Path) -> None:
    (run / "heard.json").write_text('{"sounds": "')


def no_json(_folder: Path, run: Path) -> None:
    (run / "heard.json").unlink()


@pytest.mark.parametrize(
    "change",
    [
        other_sound,
        other_length,
        other_order,
        one_less,
        cut_values,
        empty_values,
        no_values,
        fewer_numbers,
        cut_json,
        no_json,
    ],
)
def test_other_sounds_and_what_is_damaged_are_heard_again(
    clips: Path, tmp_path: Path, change: Callable[[Path, Path], None]
) -> None:
    folder, run, told = few(clips, tmp_path / "clips"), tmp_path / "run", Told()
    run.mkdir()
    hear_clips(ClipFolder(folder), run, LONGEST)
    change(folder, run)
    changed = ClipFolder(folder)
    found = hear_clips(changed, run, LONGEST, told)
    assert len(told) == len(changed.entries)
    expected = [heard(changed.audio(i)[:, :LONGEST], RATE) for i in range(len(changed.entries))]
    assert np.array_equal(found.values, np.stack(expected))
    assert np.array_equal(hear_clips(changed, run, LONGEST).values, found.values)
    hear_clips(changed, run, LONGEST, told)
    assert len(told) == len(changed.entries)


def test_what_is_heard_of_a_shorter_window_is_not_kept_for_a_longer(
    clips: Path, tmp_path: Path
) -> None:
    folder = ClipFolder(few(clips, tmp_path / "clips"))
    short, long = (hear_clips(folder, tmp_path, n_samples) for n_samples in (3000, LONGEST))
    assert not np.allclose(short.values, long.values, atol=0.1)


def test_what_is_heard_at_a_lower_rate_is_not_kept_for_a_higher(
    clips: Path, tmp_path: Path
) -> None:
    folder = few(clips, tmp_path / "clips")
    low, high = (hear_clips(ClipFolder(folder, rate), tmp_path, LONGEST) for rate in (22050, RATE))
    assert not np.allclose(low.values, high.values, atol=0.1)


def test_a_sound_that_cannot_be_read_leaves_nothing_kept(
    clips: Path, model_folder: Path, tmp_path: Path
) -> None:
    folder = few(clips, tmp_path / "clips")
    path = written(tmp_path, model_folder, folder)
    data = (folder / "2.wav").read_bytes()
    said = read_lines(folder / "metadata.jsonl")
    write_lines(folder / "metadata.jsonl", [{**line, "seconds": 0.3} for line in said])
    (folder / "2.wav").write_bytes(b"no sound")
    refused(path, "2.wav: cannot be read as sound")
    assert not list((tmp_path / "run").glob("heard*"))
    (folder / "2.wav").write_bytes(data)
    assert len(hear_clips(ClipFolder(folder), tmp_path / "run", LONGEST).values) == 4


def test_latents_are_heard_as_the_codec_decodes_them(store: LatentStore, autoencoder: Path) -> None:
    codec, told = open_codec(autoencoder), Told()
    found = hear_latents(store, codec, told)
    assert found.folder == store.folder
    assert found.entries == store.entries
    assert told == [(i + 1, N_SOUNDS) for i in range(N_SOUNDS)]
    for sound in (0, 95):
        n_frames = int(store.entries[sound].seconds * RATE / HOP)
        assert 8 < n_frames < store.entries[sound].frames
        latents = store.statistics.restore(store.latents(sound, n_frames)[None])
        assert np.array_equal(found.values[sound], heard(codec.decode(latents)[0], RATE))


def test_sounds_are_heard_alike_once_they_are_decoded(
    store: LatentStore, autoencoder: Path, sounds: HeardSounds
) -> None:
    decoded = hear_latents(store, open_codec(autoencoder)).values
    for sort in range(4):
        others = [place for place in range(8) if place % 4 != sort]
        apart = np.abs(decoded[sort] - sounds.values[:8]).mean(axis=1)
        assert apart[sort] < apart[others].min()


def test_latents_of_another_codec_are_not_heard(
    store: LatentStore, autoencoder: Path, tmp_path: Path
) -> None:
    narrow = narrowed(store, tmp_path / "latents")
    says = "has latents of 6 channels; the autoencoder's have 8: name the one that they are of"
    with pytest.raises(TrainingError, match=says):
        hear_latents(narrow, open_codec(autoencoder))


def narrowed(store: LatentStore, folder: Path) -> LatentStore:
    """The same sounds with two channels less."""
    shutil.copytree(store.folder, folder)
    np.save(folder / "latents.npy", store.values[:, :6])
    np.save(folder / "silence.npy", store.silence[:6])
    statistics = LatentStatistics(mean=(0.0,) * 6, std=(1.0,) * 6, deviation=(0.0,) * 6)
    (folder / "statistics.json").write_bytes(statistics.as_json())
    return LatentStore(folder)


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
        "checkpoint.pt", "curve.jsonl", "tensorboard", "tags.json", "heard.npy", "heard.json",
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


def test_a_run_goes_on_with_sounds_of_other_tags(config: Path, clips: Path, tmp_path: Path) -> None:
    stage = read_stage(AgreementStage, config)
    train_agreement(halted(stage, 2, tmp_path / "run"))
    kept = (tmp_path / "run" / "tags.json").read_bytes()

    def attributes(i: int) -> dict[str, str]:
        return {"kind": ["rain", "storm"][i % 2], "source": str(i)}

    other = with_attributes(clips, tmp_path / "other", attributes)
    changed = stage.model_copy(update={"clips": other})
    assert train_agreement(halted(changed, 4, tmp_path / "run")).step == 4
    assert (tmp_path / "run" / "tags.json").read_bytes() == kept
    assert weights(tmp_path / "run")["module.heads.0.weight"].shape[0] == 4
    fresh = train_agreement(halted(changed, 2, tmp_path / "fresh"))
    assert [len(head.weight) for head in heads(fresh.trainee)] == [2, N_SOUNDS]


def heads(trainee: object) -> list[torch.nn.Linear]:
    assert isinstance(trainee, AgreementTrainee)
    return [head for head in trainee.towers.heads if isinstance(head, torch.nn.Linear)]


def test_sounds_of_which_nothing_is_known_are_told_apart_all_the_same(
    config: Path, clips: Path, tmp_path: Path
) -> None:
    unknown = with_attributes(clips, tmp_path / "clips", lambda i: {"kind": "kick", "mood": str(i)})
    assert named_tags(ClipFolder(unknown).entries) == []
    stage = read_stage(AgreementStage, config).model_copy(update={"clips": unknown})
    made = train_agreement(halted(stage, STEPS, tmp_path / "run"))
    assert heads(made.trainee) == []
    lines = curve(tmp_path / "run")
    assert {line["tags"] for line in lines} == {0.0}
    assert lines[-1]["pairs"] < 0.8 * lines[0]["pairs"]


def test_an_instrument_that_plays_alone_names_its_family_too() -> None:
    played = ["instruments: trumpet", "kind: melody"]
    assert named_by(played) == {"instruments": "trumpet", "kind": "melody", "family": "brass"}
    assert "family" not in named_by([*played, "instruments: piano"])
    assert "family" not in named_by(["instruments: my own fiddle", "kind: melody"])
    assert named_by([*played, "family: horns"])["family"] == "horns"


def test_a_key_has_one_name_and_a_lone_note_none() -> None:
    sharp, flat = (named_by(["kind: pad", f"key: {note} minor"]) for note in ("C#", "Db"))
    assert sharp == flat == {"kind": "pad", "key": "Db minor"}
    assert named_by(["kind: pad", "key: C#"]) == {"kind": "pad"}
    entries = [
        ClipEntry(Path("a.wav"), 1.0, ("a",), tags=(f"key: {key}",))
        for key in ("G# minor", "Ab minor", "G# major", "G#")
    ]
    assert named_tags(entries) == ["key: Ab major", "key: Ab minor"]


def test_each_attribute_has_its_tags_in_order() -> None:
    entries = [
        ClipEntry(
            Path("a.wav"),
            1.0,
            ("a",),
            tags=(
                "source: a",
                f"kind: {'xy'[i % 2]}",
                "instruments: horn",
                f"instruments: {i % 3}",
            ),
        )
        for i in range(6)
    ]
    found = named_tags(entries)
    assert found == ["kind: x", "kind: y", *(f"instruments: {i}" for i in range(3))]


def test_a_step_whose_sounds_lack_an_attribute_gives_all_weights_a_gradient(
    pairs: Pairs,
) -> None:
    """With several processes, each sends the gradients of all: one that lacked some would not
    fit."""
    torch.manual_seed(0)
    tags = [*named_tags(pairs.sounds.entries), "key: a", "key: b"]
    trainee = AgreementTrainee(pairs, tags, AgreementSettings())
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


def test_captions_are_counts_of_their_words(pairs: Pairs, tokenizer: Tokenizer) -> None:
    chosen = [0, 95, 3, 0]
    found = pairs.captions(chosen, generator())
    assert found.shape == (4, tokenizer.n_pieces + N_KEYS)
    drawn = set()
    for sound, counts in zip(chosen, found, strict=True):
        fits = captions_of(pairs, tokenizer, sound, counts)
        assert len(fits) == 1
        drawn.add(fits[0].startswith("a "))
    assert drawn == {False, True}


def captions_of(pairs: Pairs, tokenizer: Tokenizer, sound: int, counts: torch.Tensor) -> list[str]:
    """Those captions of a sound that have these words."""
    expected = {}
    for caption in pairs.sounds.entries[sound].captions:
        tokens, mask = tokenizer.encode([caption])
        expected[caption] = np.bincount(tokens[mask > 0], minlength=tokenizer.n_pieces + N_KEYS)
    return [text for text, each in expected.items() if np.array_equal(each, counts)]


def test_a_batch_is_of_sounds_with_their_captions_and_tags(
    pairs: Pairs, tokenizer: Tokenizer
) -> None:
    tags = [f"kind: {name}" for name in ("kick", "piano", "snare")]
    trainee = AgreementTrainee(pairs, tags, AgreementSettings(batch_size=20))
    batch = trainee.batch(generator())
    assert batch.heard.shape == (20, N_HEARD)
    is_same = (batch.heard[:, None] == pairs.heard[None]).all(dim=2)
    assert is_same.sum(dim=1).tolist() == [1] * 20
    chosen = [int(row.nonzero()) for row in is_same]
    assert len(set(chosen)) == 20
    assert batch.tags[:, 0].tolist() == [[0, 2, -1, 1][sound % 4] for sound in chosen]
    for sound, counts in zip(chosen, batch.words, strict=True):
        assert len(captions_of(pairs, tokenizer, sound, counts)) == 1


def test_numbers_are_learnt_from_by_their_mean_and_spread(pairs: Pairs) -> None:
    towers = AgreementTrainee(pairs, [], AgreementSettings()).towers
    values = pairs.heard.double()
    torch.testing.assert_close(towers.usual.double(), values.mean(dim=0), atol=1e-4, rtol=0)
    expected = values.std(dim=0).clamp(min=0.02)
    assert (expected == 0.02).any()  # such as the width of sounds that are all mono
    torch.testing.assert_close(towers.spread.double(), expected, atol=1e-4, rtol=0)


# what cannot be trained


def refused(path: Path, says: str) -> None:
    """The command ends with one line."""
    done = run_command("train", "agreement", path)
    assert done.exit_code == 1, done.output
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert says in line


def test_one_sound_is_refused(clips: Path, model_folder: Path, tmp_path: Path) -> None:
    one = with_attributes(clips, tmp_path / "clips", lambda _: {}, n_sounds=1)
    refused(written(tmp_path, model_folder, one), "fewer than two sounds")


def test_a_folder_without_sounds_is_refused(model_folder: Path, tmp_path: Path) -> None:
    refused(written(tmp_path, model_folder, tmp_path), "metadata.jsonl cannot be read")
    assert not (tmp_path / "run").exists()


def test_a_batch_of_one_sound_is_refused(config: Path, tmp_path: Path) -> None:
    path = tmp_path / "agreement.toml"
    path.write_text(config.read_text().replace("batch_size = 48", "batch_size = 1"))
    refused(path, "agreement.batch_size: input should be greater than or equal to 2, not 1")


def test_a_run_does_not_go_on_with_another_vocabulary(
    clips: Path, model_folder: Path, run: Path, tmp_path: Path
) -> None:
    shutil.copytree(run, tmp_path / "run")
    shutil.copytree(model_folder, tmp_path / "model")
    vocabulary = tmp_path / "model" / "spiece.model"
    vocabulary.write_bytes(vocabulary.read_bytes().replace(b"low", b"bow"))
    path = written(tmp_path, tmp_path / "model", clips, steps=STEPS + 1)
    refused(path, "was begun with another spiece.model")


# runs that tell nothing of sounds


def test_towers_are_the_average_of_a_run(run: Path) -> None:
    found, expected = open_towers(run).state_dict(), average_weights(run)
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
    state["average"]["narrow.weight"] = torch.zeros(NARROW, 7 + N_KEYS)
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
    autoencoder: Path,
    tmp_path: Path,
    change: Callable[[Path], None],
    error: type[SoundletError],
    says: str,
) -> None:
    shutil.copytree(run, tmp_path / "run")
    change(tmp_path / "run")
    with pytest.raises(error) as caught:
        choose_sounds(store, tmp_path / "out", agreement=tmp_path / "run", autoencoder=autoencoder)
    assert says in str(caught.value)
    assert str(tmp_path / "run") in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("source", "says"),
    [
        ("nowhere", "nowhere is no run of `soundlet train`"),
        ("run", "run was made with other sizes"),
    ],
)
def test_what_is_no_codec_is_refused(
    run: Path, store: LatentStore, tmp_path: Path, source: str, says: str
) -> None:
    """A run of the agreement itself is none either."""
    with pytest.raises(SoundletError) as caught:
        choose_sounds(store, tmp_path / "out", agreement=run, autoencoder=run.parent / source)
    assert says in str(caught.value)
    assert not (tmp_path / "out").exists()


def test_latents_of_another_codec_are_not_chosen_from(
    run: Path, store: LatentStore, autoencoder: Path, tmp_path: Path
) -> None:
    narrow = narrowed(store, tmp_path / "narrow")
    with pytest.raises(TrainingError, match="name the one that they are of"):
        choose_sounds(narrow, tmp_path / "out", agreement=run, autoencoder=autoencoder)
    assert not (tmp_path / "out").exists()


def lost(store: LatentStore, folder: Path, sound: int, value: float) -> LatentStore:
    """A copy of a store, one of its sounds no sound."""
    shutil.copytree(store.folder, folder)
    values = np.array(store.values)
    values[store.entries[sound].start + 1, 3] = value
    np.save(folder / "latents.npy", values)
    return LatentStore(folder)


def test_a_sound_that_is_no_numbers_is_not_chosen_among(
    store: LatentStore, run: Path, autoencoder: Path, tmp_path: Path
) -> None:
    other = lost(store, tmp_path / "latents", 2, float("nan"))
    with pytest.raises(TrainingError) as caught:
        choose_sounds(other, tmp_path / "out", agreement=run, autoencoder=autoencoder)
    said = f"sound 3 of {other.folder} decodes to samples that are not finite numbers"
    assert str(caught.value) == said
    assert not (tmp_path / "out").exists()


# what is chosen


def test_wrong_captions_are_found(run: Path, pairs: Pairs) -> None:
    found = disagreement(open_towers(run), pairs)
    wrong = np.array([is_wrong(sound) for sound in range(N_SOUNDS)])
    assert found[wrong].min() > found[~wrong].max()


def test_what_fits_is_chosen_of_each_sort(
    run: Path, store: LatentStore, autoencoder: Path, tmp_path: Path
) -> None:
    often, told = {"kind: rain": 2.0, "kind: kick": 0.0}, Told()
    how: dict[str, Any] = {"agreement": run, "autoencoder": autoencoder, "keep": 0.75}
    chosen = choose_sounds(store, tmp_path / "chosen", **how, often=often, on_progress=told)
    sounds = [int(entry.tags[1].removeprefix("n: ")) for entry in chosen.entries]
    assert not any(is_wrong(sound) for sound in sounds)
    assert [sum(sound % 4 == sort for sound in sounds) for sort in range(4)] == [0, 18, 36, 18]
    assert np.array_equal(chosen.latents(0, 8), store.latents(sounds[0], 8))
    assert np.array_equal(chosen.silence, store.silence)
    assert chosen.statistics == store.statistics
    assert told[-1] == (N_SOUNDS, N_SOUNDS)


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


def test_the_same_seed_chooses_the_same(
    run: Path, store: LatentStore, autoencoder: Path, tmp_path: Path
) -> None:
    how: dict[str, Any] = {"agreement": run, "autoencoder": autoencoder}
    how["often"] = {"kind: rain": 1.5}
    for name, seed in (("once", 5), ("twice", 5), ("other", 6)):
        choose_sounds(store, tmp_path / name, **how, seed=seed)
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
        ({"agreement": Path("run")}, "and the autoencoder to hear them by: name both, or keep 1"),
        ({"autoencoder": Path("ae")}, "and the autoencoder to hear them by: name both, or keep 1"),
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
    store: LatentStore, run: Path, autoencoder: Path, tmp_path: Path, keep: str, n_sounds: int
) -> None:
    """To keep all sounds needs no run."""
    needed = () if keep == "1" else ("--agreement", run, "--autoencoder", autoencoder)
    done = run_command("dataset", "choose", store.folder, *needed, "--keep", keep,
                       "--out", tmp_path / "out", "--often", "rain=2", "--json")  # fmt: skip
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout) == {"folder": str(tmp_path / "out"), "sounds": n_sounds}
    assert len(LatentStore(tmp_path / "out").entries) == n_sounds


def test_the_command_takes_any_tag(store: LatentStore, tmp_path: Path) -> None:
    """A name without an attribute is a kind."""
    sources = with_tags(store, tmp_path / "tagged", lambda i: [f"source: {NAMES[i % 4]}"])
    out = tmp_path / "out"
    done = run_command("dataset", "choose", sources.folder, "--keep", 1, "--out", out,
                       "--often", "source: rain=3,source: kick=0")  # fmt: skip
    assert done.exit_code == 0, done.output
    count = Counter(tag for entry in LatentStore(out).entries for tag in entry.tags)
    each = len(sources.entries) // 4
    assert count == {"source: rain": 3 * each, "source: snare": each, "source: piano": each}
    done = run_command("dataset", "choose", sources.folder, "--keep", 1, "--out", out,
                       "--often", "rain=3")  # fmt: skip
    assert done.exit_code == 1
    assert "has the tag 'kind: rain'" in done.stderr
