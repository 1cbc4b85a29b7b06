"""Config files of the stages: what is refused, and how it is told."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import soundlet.training
from soundlet.config.section import Section
from soundlet.errors import ConfigError
from soundlet.training.settings import (
    AgreementStage,
    ArcStage,
    AutoencoderStage,
    FlowStage,
    GuidanceStage,
    RewardStage,
    TextStage,
    model_files,
    read_stage,
)
from tests.unit.training.test_stages import run_command

CONFIGS = Path(soundlet.training.__file__).parent / "configs"


def written(folder: Path, text: str) -> Path:
    path = folder / "stage.toml"
    path.write_text(text)
    return path


def test_paths_are_relative_to_the_file(tmp_path: Path) -> None:
    for name in ("model", "clips"):
        (tmp_path / name).mkdir()
    path = written(tmp_path, 'run = "runs/a"\nmodel = "model"\nclips = "./clips"\n')
    stage = read_stage(AutoencoderStage, path)
    assert stage.run == tmp_path / "runs" / "a"
    assert stage.clips == tmp_path / "clips"
    assert stage.start_from is None


def test_all_problems_are_told_at_once(tmp_path: Path) -> None:
    text = """
run = "run"
clips = "clips"
speed = 3
[loop]
steps = -1
learning_rate = "fast"
betas = [0.9]
[autoencoder]
batch = 3
"""
    with pytest.raises(ConfigError) as caught:
        read_stage(AutoencoderStage, written(tmp_path, text))
    for line in (
        "model: missing",
        "speed: unknown key",
        "loop.steps: input should be greater than 0, not -1",
        "loop.learning_rate: input should be a valid number, not 'fast'",
        "loop.betas.1: missing",
        "autoencoder.batch: unknown key",
    ):
        assert line in str(caught.value)


@pytest.mark.parametrize("stage", [FlowStage, GuidanceStage, RewardStage, ArcStage])
@pytest.mark.parametrize("betas", ["[0.9, 1.0]", "[1.0, 0.9]"])
def test_betas_are_such_as_adamw_takes(tmp_path: Path, stage: type[Section], betas: str) -> None:
    path = written(tmp_path, f'run = "run"\n[loop]\nbetas = {betas}\n')
    with pytest.raises(ConfigError, match=r"loop\.betas\.[01]: input should be less than 1, not 1"):
        read_stage(stage, path)


@pytest.mark.parametrize("threads", [0, 1025])
def test_threads_are_as_many_as_the_command_takes(tmp_path: Path, threads: int) -> None:
    path = written(tmp_path, f'run = "run"\n[loop]\nthreads = {threads}\n')
    with pytest.raises(ConfigError, match=rf"loop\.threads: .* equal to (1|1024), not {threads}"):
        read_stage(FlowStage, path)


def test_folders_that_are_not_there_are_told_at_once(tmp_path: Path) -> None:
    text = 'run = "r"\nmodel = "m"\nlatents = "l"\nautoencoder = "a"\n'
    with pytest.raises(ConfigError) as caught:
        read_stage(FlowStage, written(tmp_path, text))
    for name, place in (("model", "m"), ("latents", "l"), ("autoencoder", "a")):
        assert f"{name}: {tmp_path / place}: no such folder" in str(caught.value)


@pytest.mark.parametrize(
    ("content", "message"),
    [(b"run = ", "not TOML"), (b"\xff", "not TOML"), (None, "cannot be read")],
)
def test_a_file_that_is_no_toml_is_told(
    tmp_path: Path, content: bytes | None, message: str
) -> None:
    path = tmp_path / "stage.toml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ConfigError, match=message):
        read_stage(FlowStage, path)


def test_a_command_tells_problems_in_one_line(tmp_path: Path) -> None:
    result = run_command("train", "flow", written(tmp_path, 'run = "r"\nspeed = 1\n'))
    assert result.exit_code == 1
    assert result.stderr.count("\n") == 1
    assert "model: missing; latents: missing; speed: unknown key" in result.stderr


def test_a_models_folder_must_be_whole(tmp_path: Path) -> None:
    for name in ("model", "latents"):
        (tmp_path / name).mkdir()
    (tmp_path / "model" / "model_config.json").write_text("{}")
    text = 'run = "r"\nmodel = "model"\nlatents = "latents"\n'
    stage = read_stage(FlowStage, written(tmp_path, text))
    with pytest.raises(ConfigError, match=re.escape("lacks t5_config.json, spiece.model")):
        model_files(stage)


def test_the_configs_that_come_along_are_valid(tmp_path: Path) -> None:
    folder = tmp_path / "project"
    result = run_command("train", "configs", folder)
    assert result.exit_code == 0, result.output
    runs = [
        f"runs/{name}"
        for name in ("autoencoder", "decoder", "text", "flow", "guidance", "extrapolated")
    ]
    for name in ("clips", "latents", "made", "both", "my-model", *runs):
        (folder / name).mkdir(parents=True)
    read_stage(AutoencoderStage, folder / "autoencoder.toml")
    read_stage(AutoencoderStage, folder / "decoder.toml")
    read_stage(TextStage, folder / "text.toml")
    read_stage(FlowStage, folder / "flow.toml")
    read_stage(GuidanceStage, folder / "guidance.toml")
    reward = read_stage(RewardStage, folder / "reward.toml")
    assert reward.start_from == folder / "runs" / "extrapolated"
    for name in ("real.toml", "own.toml"):
        assert read_stage(FlowStage, folder / name).start_from == folder / "runs" / "guidance"
    learnt = read_stage(FlowStage, folder / "learnt.toml")
    assert (learnt.model, learnt.start_from) == (folder / "my-model", folder / "my-model")
    read_stage(ArcStage, folder / "arc.toml")
    agreement = read_stage(AgreementStage, folder / "agreement.toml")
    assert (agreement.run, agreement.clips) == (folder / "runs" / "agreement", folder / "clips")
    again = run_command("train", "configs", folder)
    assert again.exit_code == 1
    assert "exists already" in again.stderr


def test_post_training_has_defaults_of_its_own() -> None:
    fields = ArcStage.model_fields
    assert fields["loop"].default.learning_rate < 1e-4
    assert fields["samples"].default.steps == 8
