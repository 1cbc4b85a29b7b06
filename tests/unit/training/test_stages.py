"""Each stage of training on a tiny model: as a user runs it, from a folder of WAV files on."""

from __future__ import annotations

import json
import os
import shutil
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from typer.testing import CliRunner, Result

import soundlet
from soundlet.agreement import LEAST, Agreement
from soundlet.bundle import AGREEMENT, open_bundle
from soundlet.cli import app
from soundlet.key_pieces import KeyPieces
from soundlet.tokenizer import Tokenizer
from soundlet.training.agreement import NAMED, open_towers
from soundlet.training.bundle import agreement_of, join_runs
from soundlet.training.clips import ClipFolder
from soundlet.training.codec import measure_latents, open_codec, weigh_channels
from soundlet.training.heard import hear_clips
from soundlet.training.latents import LatentStore, read_statistics
from soundlet.training.loop import Run
from soundlet.training.recorder import Recorder
from soundlet.training.settings import (
    AgreementStage,
    ArcStage,
    AutoencoderStage,
    FlowStage,
    GuidanceStage,
    RewardStage,
    TextStage,
    read_stage,
)
from soundlet.training.stages import (
    train_agreement,
    train_arc,
    train_autoencoder,
    train_flow,
    train_guidance,
    train_reward,
    train_text,
)

LOOP = "[loop]\nsteps = {steps}\nlearning_rate = 2e-3\nwarmup = 2\nlog_every = 2\nthreads = 1\n"
LOOP += 'save_every = 10\nema = 0.9\ndevice = "cpu"\n'
AUTOENCODER = LOOP + "[autoencoder]\nbatch_size = 4\ncrop_latents = 8\n"
SAMPLES = (
    '[samples]\nevery = {every}\nseconds = 0.1\nprompts = ["low hum 120 Hz", "a tone"]\nsteps = 2\n'
)


def run_command(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(a) for a in arguments], catch_exceptions=False)


def curve(run: Path) -> list[dict[str, float]]:
    return [json.loads(line) for line in (run / "curve.jsonl").read_text().splitlines()]


def mean_loss(lines: list[dict[str, float]]) -> float:
    return float(np.mean([line["loss"] for line in lines if "loss" in line]))


def weights(run: Path) -> dict[str, torch.Tensor]:
    state: dict[str, Any] = torch.load(run / "checkpoint.pt", weights_only=True)
    named = {f"module.{n}": t for n, t in state["module"].items()}
    named |= {f"average.{n}": t for n, t in state["average"].items()}
    return named | {f"opponent.{n}": t for n, t in state.get("opponent", {}).items()}


def assert_same_weights(one: Path, other: Path) -> None:
    a, b = weights(one), weights(other)
    assert a.keys() == b.keys()
    assert [name for name in a if not torch.equal(a[name], b[name])] == []


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory, model_folder: Path, clip_folder: Path) -> Path:
    """A folder in which the stages have been run one after the other by their commands."""
    work = tmp_path_factory.mktemp("work")
    shutil.copytree(model_folder, work / "model")
    shutil.copytree(clip_folder, work / "clips")
    ae = 'run = "ae"\nmodel = "model"\nclips = "clips"\n'
    ae += AUTOENCODER.format(steps=30) + "[samples]\nevery = 20\ncount = 2\nseconds = 0.1\n"
    (work / "ae.toml").write_text(ae)
    text = 'run = "text"\nmodel = "model"\nclips = "clips"\n'
    text += LOOP.format(steps=30) + "[text]\nbatch_size = 8\nmin_count = 3\n"
    (work / "text.toml").write_text(text)
    flow = 'run = "flow"\nmodel = "model"\nlatents = "latents"\nautoencoder = "ae"\n'
    flow += 'text_from = "text"\n'
    flow += LOOP.format(steps=40) + "[flow]\nbatch_frames = 128\n" + SAMPLES.format(every=40)
    (work / "flow.toml").write_text(flow)
    arc = 'run = "arc"\nstart_from = "flow"\nlatents = "latents"\nautoencoder = "ae"\n'
    arc += (
        LOOP.format(steps=20).replace("2e-3", "1e-4")
        + "[arc]\nbatch_frames = 192\n"
        + SAMPLES.format(every=20)
    )
    (work / "arc.toml").write_text(arc)
    guidance = 'run = "guidance"\nstart_from = "flow"\nlatents = "latents"\nautoencoder = "ae"\n'
    guidance += (
        LOOP.format(steps=50).replace("2e-3", "1e-3")
        + "[guidance]\nbatch_frames = 128\n"
        + SAMPLES.format(every=50)
    )
    (work / "guidance.toml").write_text(guidance)
    reward = 'run = "reward"\nstart_from = "flow"\nlatents = "latents"\nautoencoder = "ae"\n'
    reward += 'clips = "clips"\n' + LOOP.format(steps=50).replace("2e-3", "1e-3")
    reward += "[reward]\nbatch_frames = 256\nsteps = 4\nlikeness = 1.0\n" + SAMPLES.format(every=50)
    (work / "reward.toml").write_text(reward)
    agreement = 'run = "agreement"\nmodel = "model"\nclips = "clips"\n'
    agreement += LOOP.format(steps=50) + "[agreement]\nbatch_size = 10\nnoise = 0.3\n"
    (work / "agreement.toml").write_text(agreement)
    for command in (
        ("train", "autoencoder", work / "ae.toml"),
        ("dataset", "encode", work / "clips", "--autoencoder", work / "ae", "--out",
         work / "latents", "--frames-multiple", 8, "--threads", 1),
        ("train", "text", work / "text.toml"),
        ("train", "flow", work / "flow.toml"),
        ("train", "guidance", work / "guidance.toml"),
        ("train", "reward", work / "reward.toml"),
        ("train", "arc", work / "arc.toml"),
        ("train", "agreement", work / "agreement.toml"),
    ):  # fmt: skip
        done = run_command(*command)
        assert done.exit_code == 0, done.output
    return work


@pytest.mark.parametrize(
    ("run", "steps"), [("ae", 30), ("flow", 40), ("guidance", 50), ("reward", 50), ("arc", 20)]
)
def test_a_run_leaves_all_that_is_needed_to_look_at_it_and_to_go_on(
    work: Path, run: str, steps: int
) -> None:
    names = {path.name for path in (work / run).iterdir()}
    assert {"checkpoint.pt", "curve.jsonl", "tensorboard", "samples"} <= names
    assert [line["step"] for line in curve(work / run)] == list(range(2, steps + 1, 2))
    assert any((work / run / "tensorboard").iterdir())
    (picture,) = (work / run / "samples").iterdir()
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert not list((work / run).rglob("*.tmp"))


def test_the_codecs_loss_falls(work: Path) -> None:
    lines = curve(work / "ae")
    assert mean_loss(lines[-3:]) < 0.9 * mean_loss(
        lines[:3]
    )  # it starts from the best linear codec


def test_the_text_encoder_learns_to_name_what_captions_say(work: Path) -> None:
    lines = curve(work / "text")
    assert lines[-1]["tags"] < 0.85 * lines[0]["tags"]
    assert lines[-1]["tempo"] < lines[0]["tempo"]
    assert json.loads((work / "text" / "tags.json").read_text()) == [
        "kind: bleep", "kind: drone", "kind: hum", "kind: tone",
    ]  # fmt: skip


def test_a_text_encoder_that_is_not_trained_on_stays(work: Path, tmp_path: Path) -> None:
    stage = read_stage(FlowStage, work / "flow.toml")
    still = stage.flow.model_copy(update={"train_text": False})
    train_flow(halted(stage.model_copy(update={"flow": still}), 2, tmp_path))
    before, after = weights(work / "text"), weights(tmp_path)
    names = [name for name in before if name.startswith("average.t5.")]
    for name in names:
        assert torch.equal(before[name], after[name.replace("t5.", "conditioners.t5.", 1)])
    assert len(names) > 5


def test_channels_that_are_heard_more_get_a_greater_spread(work: Path) -> None:
    codec, clips = open_codec(work / "ae"), ClipFolder(work / "clips")
    plain = measure_latents(codec, clips, n_crops=16, crop_latents=8)
    weighed = weigh_channels(codec, plain, clips)
    weights = np.array(plain.std) / np.array(weighed.std)
    assert np.mean(weights**2) == pytest.approx(1, rel=1e-4)
    assert weights.max() / weights.min() > 1.05
    assert (weighed.mean, weighed.deviation) == (plain.mean, plain.deviation)


def test_the_flows_loss_falls(work: Path) -> None:
    lines = curve(work / "flow")
    assert mean_loss(lines[-5:]) < 0.8 * mean_loss(lines[:5])


def test_post_training_moves_the_dit_only_and_learns_to_tell_apart(work: Path) -> None:
    before, after = weights(work / "flow"), weights(work / "arc")
    for name, tensor in before.items():
        if name.startswith("average.conditioners."):
            assert torch.equal(after[name], tensor)
    assert not torch.equal(
        after["module.dit.project_in.weight"], before["average.dit.project_in.weight"]
    )
    lines = curve(work / "arc")
    assert {"loss", "opponent_loss", "relativistic", "contrastive", "guess_error"} <= set(lines[0])
    objective = json.loads((work / "arc" / "model_config.json").read_text())["model"]["diffusion"]
    assert objective["diffusion_objective"] == "rf_denoiser"


def test_a_student_of_guidance_comes_nearer_to_it_and_keeps_what_is_told(work: Path) -> None:
    before, after = weights(work / "flow"), weights(work / "guidance")
    kept = [n for n in before if n.startswith(("average.conditioners.", "average.dit.tempo."))]
    assert kept
    assert all(torch.equal(after[name], before[name]) for name in kept)
    lines = curve(work / "guidance")
    untaught = np.mean([line["untaught"] for line in lines[-10:]])
    assert mean_loss(lines[-10:]) < 0.9 * untaught
    config = (work / "guidance" / "model_config.json").read_bytes()
    assert config == (work / "flow" / "model_config.json").read_bytes()


def test_sounds_are_more_and_more_heard_as_what_was_asked_for(work: Path) -> None:
    before, after = weights(work / "flow"), weights(work / "reward")
    kept = [n for n in before if n.startswith(("average.conditioners.", "average.dit.tempo."))]
    assert kept
    assert all(torch.equal(after[name], before[name]) for name in kept)
    lines = curve(work / "reward")
    assert all(line["lost"] == 0 for line in lines)


def halted(stage: Any, steps: int, run: Path) -> Any:
    """The same settings, for a run that ends early, as if it had been interrupted."""
    loop = stage.loop.model_copy(update={"steps": steps})
    return stage.model_copy(update={"loop": loop, "run": run})


def test_sounds_and_captions_find_each_other(work: Path) -> None:
    lines = curve(work / "agreement")
    assert lines[-1]["step"] == 50
    assert np.mean([line["found"] for line in lines[-5:]]) > 0.4  # by chance, 1 in 10
    assert lines[-1]["pairs"] < 0.7 * lines[0]["pairs"]
    assert lines[-1]["tags"] < 0.7 * lines[0]["tags"]


@pytest.mark.parametrize("name", ["ae", "text", "flow", "guidance", "reward", "arc", "agreement"])
def test_a_run_that_was_stopped_ends_with_the_same_weights(
    work: Path, name: str, tmp_path: Path
) -> None:
    path = work / f"{name}.toml"
    if name == "ae":
        stage = read_stage(AutoencoderStage, path)
        train_autoencoder(halted(stage, 13, tmp_path))
        train_autoencoder(halted(stage, 30, tmp_path))
    elif name == "text":
        text = read_stage(TextStage, path)
        train_text(halted(text, 13, tmp_path))
        train_text(halted(text, 30, tmp_path))
    elif name == "flow":
        flow = read_stage(FlowStage, path)
        train_flow(halted(flow, 13, tmp_path))
        train_flow(halted(flow, 40, tmp_path))
    elif name == "guidance":
        guidance = read_stage(GuidanceStage, path)
        train_guidance(halted(guidance, 13, tmp_path))
        train_guidance(halted(guidance, 50, tmp_path))
    elif name == "reward":
        reward = read_stage(RewardStage, path)
        train_reward(halted(reward, 13, tmp_path))
        train_reward(halted(reward, 50, tmp_path))
    elif name == "arc":
        arc = read_stage(ArcStage, path)
        train_arc(halted(arc, 7, tmp_path))
        train_arc(halted(arc, 20, tmp_path))
    else:
        agreement = read_stage(AgreementStage, path)
        train_agreement(halted(agreement, 13, tmp_path))
        train_agreement(halted(agreement, 50, tmp_path))
    assert_same_weights(tmp_path, work / name)
    assert [line["step"] for line in curve(tmp_path)] == sorted(
        {line["step"] for line in curve(work / name)}
    )


def test_the_decoder_learns_on_against_a_discriminator_while_the_encoder_stays(
    work: Path, tmp_path: Path
) -> None:
    stage = read_stage(AutoencoderStage, work / "ae.toml")
    adversarial = stage.autoencoder.model_copy(
        update={"train_encoder": False, "adversarial_weight": 0.01, "discriminator_channels": 2}
    )
    stage = stage.model_copy(update={"start_from": work / "ae", "autoencoder": adversarial})
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    train_autoencoder(halted(stage, 12, whole))
    train_autoencoder(halted(stage, 5, parts))
    train_autoencoder(halted(stage, 12, parts))
    assert_same_weights(whole, parts)
    before, after = weights(work / "ae"), weights(whole)
    for name, tensor in before.items():
        if name.startswith("average.encoder."):
            assert torch.equal(after[name], tensor)
    assert not torch.equal(
        after["average.decoder.split.weight"], before["average.decoder.split.weight"]
    )
    assert {"adversarial", "features", "opponent_loss"} <= set(curve(whole)[0])


def test_a_discriminator_can_be_added_to_a_run(work: Path, tmp_path: Path) -> None:
    stage = halted(read_stage(AutoencoderStage, work / "ae.toml"), 4, tmp_path)
    train_autoencoder(stage)
    added = stage.autoencoder.model_copy(
        update={"adversarial_weight": 0.01, "discriminator_channels": 2}
    )
    run = train_autoencoder(halted(stage.model_copy(update={"autoencoder": added}), 8, tmp_path))
    assert run.step == 8
    assert any(name.startswith("opponent.") for name in weights(tmp_path))


def test_latents_are_normalised_per_channel_and_cut_into_windows(work: Path) -> None:
    store = LatentStore(work / "latents")
    assert len(store.entries) == 20
    assert all(entry.frames % 8 == 0 for entry in store.entries)
    assert store.silence.shape == (8, 8)
    values = np.asarray(store.values, np.float32)
    assert np.abs(values.mean(axis=0)).max() < 1
    assert 0.3 < values.std() < 3
    statistics = read_statistics(work / "flow")
    assert statistics == store.statistics
    entry = store.entries[0]
    expected = open_codec(work / "ae")
    assert store.latents(0, 8).shape == (8, 8)
    assert entry.seconds == pytest.approx(0.15, abs=0.001)
    restored = statistics.restore(store.latents(0, 8)[None])
    audio = np.zeros((1, 2, entry.frames * 256), np.float32)
    clip = ClipFolder(work / "clips").audio(0)
    audio[0, :, : clip.shape[1]] = clip
    mean, _ = expected.encode(audio)
    np.testing.assert_allclose(restored[0], mean[0, :, :8], atol=5e-3)


@pytest.fixture(scope="module")
def bundle(work: Path) -> Path:
    """The codec and the post-trained flow as a bundle, with what chooses among candidates."""
    runs = ("--autoencoder", work / "ae", "--flow", work / "arc", "--agreement", work / "agreement")
    said = ("--steps", 4, "--sampler", "pingpong", "--cfg-scale", 1, "--precision", "float32",
            "--candidates", 2, "--margin-frames", 1)  # fmt: skip
    notice = work / "LICENCE.txt"
    notice.write_text("free")
    made = run_command("train", "bundle", work / "bundle", *runs, *said, "--notice", notice)
    assert made.exit_code == 0, made.output
    return work / "bundle"


def test_what_a_bundle_is_given_rates_sounds_as_the_run_does(work: Path, tmp_path: Path) -> None:
    clips, tokenizer = ClipFolder(work / "clips"), Tokenizer(work / "model" / "spiece.model", 16)
    path = tmp_path / AGREEMENT
    path.write_bytes(agreement_of(work / "agreement", join_runs(work / "ae", work / "arc")))
    sounds = [clips.audio(i) for i in range(20)]
    found = Agreement(path, tokenizer, sample_rate=44100)(sounds, "low hum 100 Hz")
    towers = open_towers(work / "agreement")
    values = hear_clips(clips, work / "agreement", 16384).values
    tokens, mask = tokenizer.encode(["low hum 100 Hz"])
    keys = KeyPieces(tokenizer.pieces)
    words = torch.tensor(keys.words(tokens[0][mask[0] > 0].tolist()))
    with torch.no_grad():
        read = towers.read(torch.bincount(words, minlength=keys.n_words)[None].float())
        hidden = towers.sound(torch.from_numpy(values))
        expected = towers.points(hidden) @ towers.caption_points(read)[0] * towers.log_scale.exp()
        for head, reader in zip(towers.heads, towers.readers, strict=True):
            is_asked = reader(read).softmax(dim=1)[0, :-1]
            expected += NAMED["kind"] * head(hidden).log_softmax(dim=1).clamp(min=LEAST) @ is_asked
    np.testing.assert_allclose(found, expected.numpy(), atol=0.1)  # weights of 8 bits
    assert np.ptp(found) > 2
    assert len(towers.heads) == 1
    by_kind = found.reshape(-1, 4).mean(axis=0)  # hum, tone, bleep, drone, and again
    assert by_kind[0] > by_kind.mean() + 1


def test_sounds_are_chosen_by_what_is_heard_of_their_latents(work: Path, tmp_path: Path) -> None:
    runs = ("--agreement", work / "agreement", "--autoencoder", work / "ae")
    out = ("--out", tmp_path / "chosen")
    done = run_command("dataset", "choose", work / "latents", *runs, "--keep", 0.4, *out)
    assert done.exit_code == 0, done.output
    assert done.stdout == f"{tmp_path / 'chosen'}  8 sounds\n"
    chosen = LatentStore(tmp_path / "chosen")
    kinds = [entry.tags[0] for entry in chosen.entries]
    assert sorted(kinds) == sorted(f"kind: {n}" for n in ("hum", "tone", "bleep", "drone") * 2)


@pytest.mark.slow
def test_a_bundle_takes_the_best_of_two(work: Path, bundle: Path) -> None:
    opened = open_bundle(bundle)
    assert opened.manifest.defaults.candidates == 2
    assert opened.agreement == bundle / AGREEMENT
    expected = agreement_of(work / "agreement", join_runs(work / "ae", work / "arc"))
    assert (bundle / AGREEMENT).read_bytes() == expected
    model = soundlet.load(bundle, threads=1)
    clip = model.generate("low hum 120 Hz", seconds=0.1, seed=1)
    assert clip.settings()["candidates"] == 2
    three = model.generate("low hum 120 Hz", seconds=0.1, seed=1, candidates=3)
    assert three.settings()["candidates"] == 3


def _other_vocabulary(run: Path) -> None:
    path = run / "spiece.model"  # as many pieces, one of them another
    path.write_bytes(path.read_bytes().replace(b"low", b"bow"))


def _not_begun(run: Path) -> None:
    (run / "checkpoint.pt").unlink()


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (_other_vocabulary, "was trained with another spiece.model than the flow"),
        (_not_begun, "is no run of `soundlet train`: it has no checkpoint.pt"),
    ],
)
def test_an_agreement_that_is_not_of_the_flow_is_refused(
    work: Path, tmp_path: Path, change: Callable[[Path], None], says: str
) -> None:
    run = tmp_path / "agreement"
    shutil.copytree(work / "agreement", run)
    change(run)
    _refused_bundle(work, tmp_path, "--agreement", run, says=says)


def test_the_run_of_another_stage_is_no_agreement(work: Path, tmp_path: Path) -> None:
    for run in ("ae", "text", "flow", "arc"):
        says = "is a run of another stage than `soundlet train agreement`"
        _refused_bundle(work, tmp_path, "--agreement", work / run, says=says)


def test_a_bundle_without_an_agreement_lends_none(
    work: Path, tiny_bundle: Path, tmp_path: Path
) -> None:
    says = f"{tiny_bundle} has no agreement.safetensors: name a run of `train agreement`"
    _refused_bundle(work, tmp_path, "--agreement", tiny_bundle, says=says)


def test_several_candidates_need_what_chooses_among_them(work: Path, tmp_path: Path) -> None:
    says = "more than 1 needs --agreement, which chooses among them"
    _refused_bundle(work, tmp_path, "--candidates", 2, says=says, code=2)
    says = "--candidates: Input should be less than or equal to 16, not 17"
    agreement = ("--agreement", work / "agreement")
    _refused_bundle(work, tmp_path, *agreement, "--candidates", 17, says=says, code=2)


def _refused_bundle(
    work: Path, tmp_path: Path, *arguments: object, says: str, code: int = 1
) -> None:
    runs = ("--autoencoder", work / "ae", "--flow", work / "flow")
    refused = run_command("train", "bundle", tmp_path / "bundle", *runs, *arguments)
    assert refused.exit_code == code
    (line,) = refused.stderr.splitlines()
    assert says in line
    assert not (tmp_path / "bundle").exists()


@torch.inference_mode()
def frames(decoder: torch.nn.Module, latents: NDArray[np.float32]) -> NDArray[np.float32]:
    """What a decoder makes of latents, before phases are recovered: of noise, rounding decides."""
    found: NDArray[np.float32] = decoder(torch.from_numpy(latents)).numpy()
    return found


@pytest.mark.slow
def test_a_bundle_has_unit_latents_and_the_same_sound(work: Path, bundle: Path) -> None:
    joined, apart = open_codec(bundle), open_codec(work / "ae")
    statistics = read_statistics(work / "flow")
    audio = np.random.default_rng(0).normal(0, 0.1, (1, 2, 4096)).astype(np.float32)
    mean, _ = apart.encode(audio)
    found, deviation = joined.encode(audio)
    np.testing.assert_allclose(found, statistics.normalise(mean), atol=1e-4)
    expected = np.array(statistics.deviation) / np.array(statistics.std)
    np.testing.assert_allclose(deviation[0, :, 0], expected, rtol=1e-3)
    rebuilt, expected_frames = (
        frames(codec.decoder, latents) for codec, latents in ((joined, found), (apart, mean))
    )
    np.testing.assert_allclose(rebuilt, expected_frames, atol=1e-4)


@pytest.mark.slow
def test_a_bundle_generates(bundle: Path, tmp_path: Path) -> None:
    manifest = open_bundle(bundle).manifest
    assert (manifest.defaults.steps, manifest.length) == (4, "variable")
    assert "LICENCE.txt" in manifest.files
    out = tmp_path / "a.wav"
    arguments = ("--model", bundle, "--seconds", 0.1, "--seed", 1, "--out", out)
    generated = run_command("generate", "low hum 120 Hz", *arguments)
    assert generated.exit_code == 0, generated.output
    assert out.exists()
    told = run_command("generate", "low hum 120 Hz", *arguments[:-2], "--candidates", 3, "--json",
                       "--out", tmp_path / "b.wav")  # fmt: skip
    assert json.loads(told.stdout)["candidates"] == 3


@pytest.mark.slow
def test_a_bundle_is_fine_tuned_on_sounds_of_ones_own(
    work: Path, bundle: Path, tmp_path: Path
) -> None:
    latents = tmp_path / "latents"
    arguments = ("--autoencoder", bundle, "--out", latents, "--frames-multiple", 8)
    encoded = run_command("dataset", "encode", work / "clips", *arguments, "--threads", 1)
    assert encoded.exit_code == 0, encoded.output
    assert read_statistics(latents).is_identity
    text = f'run = "run"\nmodel = "{bundle}"\nstart_from = "{bundle}"\n'
    text += f'latents = "{latents}"\n' + LOOP.format(steps=2) + "[flow]\nbatch_frames = 64\n"
    (tmp_path / "tune.toml").write_text(text)
    tuned = run_command("train", "flow", tmp_path / "tune.toml")
    assert tuned.exit_code == 0, tuned.output
    joined = join_runs(bundle, tmp_path / "run").model.state_dict()
    whole = join_runs(work / "ae", work / "arc").model.state_dict()
    for name, tensor in whole.items():
        if name.startswith(("encoder.", "decoder.")):
            assert torch.equal(joined[name], tensor)
    assert not torch.equal(joined["dit.project_in.weight"], whole["dit.project_in.weight"])
    parts = ("--autoencoder", bundle, "--flow", tmp_path / "run", "--like", bundle)
    made = run_command("train", "bundle", tmp_path / "tuned", *parts, "--steps", 3)
    assert made.exit_code == 0, made.output
    tuned_bundle, before = open_bundle(tmp_path / "tuned"), open_bundle(bundle)
    expected = before.manifest.defaults.model_copy(update={"steps": 3})
    assert tuned_bundle.manifest.defaults == expected
    assert (tuned_bundle.manifest.margin_frames, before.manifest.margin_frames) == (1, 1)
    assert (tmp_path / "tuned" / AGREEMENT).read_bytes() == (bundle / AGREEMENT).read_bytes()


def test_runs_of_different_codecs_are_not_joined(work: Path, tmp_path: Path) -> None:
    other = tmp_path / "ae"
    shutil.copytree(work / "ae", other)
    text = (other / "model_config.json").read_text()
    (other / "model_config.json").write_text(text.replace('"n_bands": 4', '"n_bands": 5'))
    refused = run_command(
        "train", "bundle", tmp_path / "bundle", "--autoencoder", other, "--flow", work / "flow"
    )
    assert refused.exit_code == 1
    assert "made with other sizes" in refused.stderr
    assert not (tmp_path / "bundle").exists()


def test_ctrl_c_saves_and_the_same_command_goes_on(
    work: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = (work / "ae.toml").read_text().replace('run = "ae"', f'run = "{tmp_path / "run"}"')
    path = work / "interrupted.toml"
    path.write_text(text.replace("steps = 30", "steps = 6"))
    with monkeypatch.context() as patch:
        patch.setattr(Recorder, "after_step", _interrupt_after_three)
        stopped = run_command("train", "autoencoder", path)
    assert stopped.exit_code == 130
    assert "step 3" in stopped.stdout
    assert "the same command goes on" in stopped.stderr
    finished = run_command("train", "autoencoder", path)
    assert finished.exit_code == 0
    assert "step 6" in finished.stdout


def _interrupt_after_three(_recorder: Recorder, step: int) -> None:
    if step == 3:
        os.kill(os.getpid(), signal.SIGINT)


def test_a_run_refuses_another_model(work: Path, tmp_path: Path) -> None:
    stage = halted(read_stage(FlowStage, work / "flow.toml"), 2, tmp_path / "run")
    train_flow(stage)
    changed = tmp_path / "model"
    shutil.copytree(work / "model", changed)
    config = json.loads((changed / "model_config.json").read_text())
    config["model"]["diffusion"]["config"]["depth"] = 3
    (changed / "model_config.json").write_text(json.dumps(config))
    result = run_command("train", "flow", _with_model(work, tmp_path, changed))
    assert result.exit_code == 1
    assert "was begun with another model_config.json" in result.stderr


def _with_model(work: Path, tmp_path: Path, model: Path) -> Path:
    path = tmp_path / "changed.toml"
    path.write_text(
        f'run = "{tmp_path / "run"}"\nmodel = "{model}"\nlatents = "{work / "latents"}"\n'
    )
    return path


def test_a_run_that_is_done_is_left_as_it_is(work: Path) -> None:
    before = weights(work / "ae")
    run: Run[torch.Tensor] = train_autoencoder(read_stage(AutoencoderStage, work / "ae.toml"))
    assert run.step == 30
    assert all(torch.equal(before[name], tensor) for name, tensor in weights(work / "ae").items())
