"""The regression that gives the prior its weights finds what was put into the sounds."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from soundlet.config import load_config, load_t5_config
from soundlet.models.prior import KeyReader
from soundlet.tokenizer import Tokenizer
from soundlet.training.flow import Flow, build_flow
from soundlet.training.keys import fill_keys
from soundlet.training.latents import LatentStatistics, LatentStore
from soundlet.training.loop import TrainingError
from soundlet.training.prior import fit_prior
from soundlet.training.settings import FlowStage, read_stage
from soundlet.training.stages import train_flow
from soundlet.training.vocabulary import train_vocabulary
from soundlet.training.weights import average_weights

CHANNELS, FRAMES, HOP, RATE = 8, 32, 256, 44100
NAMES = ("hum", "tone", "bleep", "drone")
SECONDS = FRAMES * HOP / RATE
PRIOR = {"n_words": 400, "rank": 4, "frames_per_second": RATE / HOP}


@pytest.fixture
def told_model(model_folder: Path, tmp_path: Path) -> Path:
    """The tiny model, with a prior."""
    config = json.loads((model_folder / "model_config.json").read_text())
    config["model"]["diffusion"]["config"]["prior"] = PRIOR
    (tmp_path / "model_config.json").write_text(json.dumps(config))
    for name in ("t5_config.json", "spiece.model"):
        (tmp_path / name).write_bytes((model_folder / name).read_bytes())
    return tmp_path


def flow_of(folder: Path, **changes: bool | int) -> Flow:
    torch.manual_seed(0)
    path = folder / "model_config.json"
    if changes:
        config = json.loads(path.read_text())
        config["model"]["diffusion"]["config"]["prior"] |= changes
        path.write_text(json.dumps(config))
    config = load_config(path)
    return build_flow(config, load_t5_config(folder / "t5_config.json"), folder / "spiece.model")


def store_of(folder: Path, noise: float) -> tuple[LatentStore, np.ndarray[Any, Any]]:
    """400 sounds of two names each, whose latents are the sum of the two names' spectra."""
    rng = np.random.default_rng(0)
    spectra = rng.normal(size=(len(NAMES), 2, CHANNELS))  # of the first half and of the second
    captions, sounds = [], []
    for _ in range(400):
        pair = rng.choice(len(NAMES), 2, replace=False)
        captions.append(" ".join(NAMES[i] for i in pair))
        halves = np.repeat(spectra[pair].sum(axis=0), FRAMES // 2, axis=0)
        sounds.append(halves + noise * rng.normal(size=halves.shape))
    return write_store(folder, captions, sounds), spectra


def write_store(
    folder: Path, captions: list[str], sounds: list[np.ndarray[Any, Any]]
) -> LatentStore:
    folder.mkdir()
    np.save(folder / "latents.npy", np.concatenate(sounds).astype(np.float16))
    np.save(folder / "silence.npy", np.full((CHANNELS, 8), -2, dtype=np.float32))
    lines = [
        {"start": i * FRAMES, "frames": FRAMES, "seconds": SECONDS, "captions": [caption]}
        for i, caption in enumerate(captions)
    ]
    (folder / "entries.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    return LatentStore(folder)


def mean_of(flow: Flow, tokenizer: Tokenizer, prompt: str) -> np.ndarray[Any, Any]:
    """What the prior makes of a prompt: (channels, frames)."""
    assert flow.dit.prior is not None
    assert flow.dit.tempo is not None
    tokens, mask = (torch.from_numpy(array) for array in tokenizer.encode([prompt]))
    cross, _, end = flow.conditioners(tokens, mask, torch.tensor([SECONDS]))
    reading = flow.dit.tempo(cross[:, :-1])
    mean: np.ndarray[Any, Any] = flow.dit.prior(cross[:, :-1], end, reading, FRAMES)[0].numpy()
    return mean


@torch.inference_mode()
def test_it_finds_what_each_word_calls_for(told_model: Path, tmp_path: Path) -> None:
    flow = flow_of(told_model)
    store, spectra = store_of(tmp_path / "latents", noise=0.5)
    tokenizer = Tokenizer(told_model / "spiece.model", 16)
    fit_prior(flow, store, tokenizer)
    prior = flow.dit.prior
    assert prior is not None
    assert flow.dit.tempo is not None
    tokens, mask = tokenizer.encode(["bleep drone"])
    length = torch.tensor([SECONDS / 2])
    cross, _, end = flow.conditioners(torch.from_numpy(tokens), torch.from_numpy(mask), length)
    mean = prior(cross[:, :-1], end, flow.dit.tempo(cross[:, :-1]), FRAMES)[0].numpy()
    wanted = spectra[2] + spectra[3]
    error = mean[:, : FRAMES // 2 - 1] - wanted[0][:, None]
    assert (error**2).mean() < 0.05 * (wanted[0] ** 2).mean()
    np.testing.assert_allclose(mean[:, FRAMES // 2 + 1 :], -2, atol=0.01)


@torch.inference_mode()
def test_a_word_that_a_caption_repeats_counts_twice(told_model: Path, tmp_path: Path) -> None:
    spectra = np.random.default_rng(0).normal(size=(len(NAMES), CHANNELS))
    captions, sounds = [], []
    for name, spectrum in zip(NAMES, spectra, strict=True):
        for times in (1, 5):
            captions += [" ".join([name] * times)] * 40
            sounds += [np.tile(min(times, 2) * spectrum, (FRAMES, 1))] * 40
    flow = flow_of(told_model)
    fit_prior(
        flow,
        write_store(tmp_path / "latents", captions, sounds),
        Tokenizer(told_model / "spiece.model", 16),
    )
    for name, spectrum in zip(NAMES, spectra, strict=True):
        error = mean_of(flow, Tokenizer(told_model / "spiece.model", 16), name) - spectrum[:, None]
        assert (error**2).mean() < 0.01 * (spectrum**2).mean()


@torch.inference_mode()
def test_a_key_is_more_than_its_note_and_its_mode(told_model: Path, tmp_path: Path) -> None:
    names = [f"{note} {mode}" for note in ("c", "e", "g#") for mode in ("minor", "major")]
    spectra = np.random.default_rng(0).normal(size=(len(names), CHANNELS))
    said = [f"{kind} in {name}" for kind in NAMES for name in names] * 20
    vocabulary = train_vocabulary(said, 380)
    (told_model / "spiece.model").write_bytes(vocabulary)
    tokenizer = Tokenizer(told_model / "spiece.model", 16)
    sounds = [spectra[names.index(caption.partition(" in ")[2])] for caption in said]
    store = write_store(tmp_path / "latents", said, [np.tile(s, (FRAMES, 1)) for s in sounds])
    errors = {}
    for has_keys in (False, True):
        flow = flow_of(told_model, keys=has_keys, rank=6)
        fit_prior(flow, store, tokenizer)
        mean = mean_of(flow, tokenizer, "bleep in g# major")
        errors[has_keys] = ((mean - spectra[-1][:, None]) ** 2).mean() / (spectra[-1] ** 2).mean()
    assert errors[True] < 0.02 < errors[False]


@pytest.mark.usefixtures("told_model")  # which is in tmp_path
def test_a_prior_stays_unless_it_is_to_be_fitted_anew(tmp_path: Path) -> None:
    """Further captions: with a word before each that says nothing, which the first had not."""
    statistics = LatentStatistics(mean=(0.0,) * CHANNELS, std=(1.0,) * CHANNELS, deviation=(1.0,))
    for name, start in (("before", ""), ("after", "slow ")):
        store, _ = store_of(tmp_path / name, noise=0.5)
        (store.folder / "statistics.json").write_bytes(statistics.as_json())
        path = store.folder / "entries.jsonl"
        path.write_text(path.read_text().replace('"captions": ["', f'"captions": ["{start}'))
    priors = {}
    for run, latents, more in (
        ("first", "before", ""),
        ("kept", "after", 'start_from = "first"\n'),
        ("fitted", "after", 'start_from = "first"\n[flow]\nrefit_prior = true\n'),
    ):
        path = tmp_path / f"{run}.toml"
        loop = '[loop]\nsteps = 1\nbfloat16 = false\ndevice = "cpu"\n'
        start, _, flow = more.partition("[flow]")
        flow = f"[flow]{flow}" if flow else ""
        path.write_text(f'run = "{run}"\nmodel = "."\nlatents = "{latents}"\n{start}{loop}{flow}')
        train_flow(read_stage(FlowStage, path))
        weights = average_weights(tmp_path / run)
        priors[run] = {n: w for n, w in weights.items() if n.startswith("dit.prior.")}
    assert all(torch.equal(w, priors["first"][n]) for n, w in priors["kept"].items())
    spectra = "dit.prior.spectra.weight"
    assert not torch.allclose(priors["fitted"][spectra], priors["first"][spectra])


def test_the_pieces_of_keys() -> None:
    pieces = ["▁pad", "▁in", "f#", "▁minor", "▁bb", "min", "▁abmaj", "▁a"]
    reader = KeyReader(len(pieces))
    fill_keys(reader, pieces)
    said = torch.tensor([[0, 1, 2, 3], [1, 4, 5, 0], [0, 6, 0, 0], [7, 0, 3, 2]])
    named = reader(torch.nn.functional.one_hot(said, len(pieces)).float())
    assert named.argmax(dim=1)[:3].tolist() == [2 * 6, 2 * 10, 2 * 8 + 1]
    assert named.sum(dim=1).tolist() == [1, 1, 1, 0]


def test_a_model_without_a_prior_has_none_to_fit(model_folder: Path, tmp_path: Path) -> None:
    store, _ = store_of(tmp_path / "latents", noise=0.5)
    tokenizer = Tokenizer(model_folder / "spiece.model", 16)
    with pytest.raises(TrainingError, match="names no prior"):
        fit_prior(flow_of(model_folder), store, tokenizer)
