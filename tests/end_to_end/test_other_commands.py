"""`soundlet convert`, `info` and `doctor`, and what all commands share."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
import time
from pathlib import Path

import pytest

import soundlet
from soundlet.engines import ENGINES
from tests.end_to_end.commands import TINY_SECONDS, TINY_SOURCE, command, run


@pytest.mark.slow
def test_a_checkpoint_becomes_a_model_of_half_the_size(tiny: Path) -> None:
    result = run("convert", TINY_SOURCE, "half", "--precision", "float16")
    assert result.exit_code == 0, result.output
    assert result.stderr == ""
    assert result.stdout.startswith("half  ")
    sizes = [(folder / "model.safetensors").stat().st_size for folder in (Path("half"), tiny)]
    assert sizes[0] < 0.6 * sizes[1]
    made = run("generate", "kick", "--model", "half", "--seconds", TINY_SECONDS, "--seed", 1)
    assert made.exit_code == 0, made.output
    assert Path("kick_1.wav").exists()


def test_info_tells_what_a_model_is(tiny: Path) -> None:
    result = run("info", tiny, "--verify")
    assert result.exit_code == 0, result.output
    told = result.stdout
    for words in ("tiny", "44100 Hz, 2 channels", "8 steps, pingpong", "conditioners", "licence"):
        assert words in told
    assert "8 files have the right size and SHA-256" in told


def test_info_tells_of_how_many_the_best_is_taken(tiny: Path, choosing_bundle: Path) -> None:
    assert "pingpong, cfg scale 1, best of 3\n" in run("info", choosing_bundle).stdout
    assert "best of" not in run("info", tiny).stdout
    facts = json.loads(run("info", choosing_bundle, "--json").stdout)
    assert facts["defaults"]["candidates"] == 3


def test_info_is_json_where_asked(tiny: Path) -> None:
    facts = json.loads(run("info", tiny, "--json").stdout)
    assert facts["sample_rate"] == 44100
    counted = json.loads(run("prompt", "kick", "--model", tiny, "--json").stdout)
    assert facts["prompt_max_tokens"] == counted["max_tokens"] == 15
    assert facts["defaults"]["steps"] == 8
    assert facts["verified"] is False
    assert list(facts["parts"]) == ["conditioners", "dit", "decoder", "encoder"]
    in_parts = sum(part["bytes"] for part in facts["parts"].values())
    assert 0.95 * sum(facts["files"].values()) < in_parts <= sum(facts["files"].values())


def test_doctor_finds_a_sound_installation(tiny: Path) -> None:
    result = run("doctor", tiny)
    assert result.exit_code == 0, result.output
    for words in ("onnxruntime", "cores", "memory", "CPUExecutionProvider"):
        assert words in result.stdout
    assert result.stdout.count(" ok: ") == 5


def test_doctor_is_json_where_asked(tiny: Path) -> None:
    report = json.loads(run("doctor", tiny, "--json").stdout)
    assert report["passed"] is True
    names = ["model", "onnx engine", "torch engine", "openvino engine", "sound files"]
    assert [check["name"] for check in report["checks"]] == names
    assert report["machine"]["soundlet"].startswith(soundlet.__version__)


def test_doctor_tries_whole_numbers_on_the_engine_that_has_them(tiny: Path, tmp_path: Path) -> None:
    small = tmp_path / "small"
    assert run("quantize", tiny, small, "--precision", "dit=int8", "--no-report").exit_code == 0
    report = json.loads(run("doctor", small, "--json").stdout)
    assert [check["name"] for check in report["checks"]] == ["model", "onnx engine", "sound files"]
    assert report["passed"] is True


def test_doctor_does_without_what_is_not_installed(
    tiny: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("soundlet.cli.doctor.version_of", lambda _: None)
    report = json.loads(run("doctor", tiny, "--json").stdout)
    assert [check["name"] for check in report["checks"]] == ["model", "onnx engine", "sound files"]


def test_the_version_is_told() -> None:
    assert run("--version").stdout == f"soundlet {soundlet.__version__}\n"


def test_without_a_command_there_is_help() -> None:
    assert run().stdout == run("--help").stdout


@pytest.mark.parametrize("name", ["export", "dataset", "train"])
def test_without_its_command_a_group_shows_help(name: str) -> None:
    result = run(name)
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout == run(name, "--help").stdout
    assert "completion" not in result.stdout


def test_a_sound_is_made_where_stderr_is_closed(tiny: Path) -> None:
    arguments = command("generate", "kick", "--model", tiny, "--seconds", TINY_SECONDS)
    line = f"{shlex.join(arguments)} 2>&-"
    done = subprocess.run(["bash", "-c", line], stdout=subprocess.PIPE, text=True)
    assert done.returncode == 0
    assert Path(done.stdout.split()[0]).is_file()


def test_what_stdout_has_no_letter_for_is_escaped(tiny: Path) -> None:
    prompt = "日本 kick 😀"
    name = os.fsdecode(b"kick\xff.wav")  # a name that is not UTF-8
    made = ("generate", "kick", "--model", tiny, "--seconds", TINY_SECONDS, "--out", name)

    def said(encoding: str, *arguments: object) -> str:
        environment = {**os.environ, "PYTHONIOENCODING": encoding}
        done = subprocess.run(command(*arguments), env=environment, capture_output=True, check=True)
        return done.stdout.decode(encoding)

    assert json.loads(said("cp1252", "prompt", prompt, "--json"))["prompt"] == prompt
    assert said("utf-8", *made).startswith(r"kick\udcff.wav  ")


def test_the_installed_command_is_this_one() -> None:
    script = Path(sys.executable).with_name("soundlet")
    outputs = {
        subprocess.run([*words, "--version"], capture_output=True, check=True).stdout
        for words in ([script], command())
    }
    assert outputs == {f"soundlet {soundlet.__version__}\n".encode()}


@pytest.mark.parametrize(
    "name", ["generate", "loop", "prompt", "reproduce", "convert", "info", "doctor"]
)
def test_every_command_has_help(name: str) -> None:
    result = run(name, "-h")
    assert result.exit_code == 0
    assert result.stdout.startswith(f"Usage: soundlet {name}")


@pytest.mark.parametrize("name", ["generate", "loop", "edit", "reproduce", "batch", "serve"])
def test_help_names_every_engine(name: str) -> None:
    assert f"{', '.join(ENGINES)}." in " ".join(run(name, "-h").stdout.split())


def test_help_gives_the_range_of_the_noise_level() -> None:
    assert "replace: above 0 and below 1." in " ".join(run("generate", "-h").stdout.split())


def a_process_is_left(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


def test_a_command_that_is_told_to_end_takes_its_workers_along(here: Path) -> None:
    arguments = ("dataset", "build", "set", "--count", 4, "--workers", 2)
    building = subprocess.Popen(
        command(*arguments), stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    while not (here / "set" / "dataset.json").exists():
        assert building.poll() is None
        time.sleep(0.05)
    time.sleep(1)  # its workers have been started by then
    building.terminate()
    _, said = building.communicate(timeout=60)
    assert building.returncode == 130
    assert "Traceback" not in said
    deadline = time.monotonic() + 10
    while a_process_is_left(building.pid):
        assert time.monotonic() < deadline
        time.sleep(0.05)
