"""`soundlet batch`: complete whatever happens, and its errors."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from soundlet.batch import Outcome
from soundlet.batch.making import Maker
from soundlet.batch.manifest import locked
from soundlet.pipeline import Model
from tests.end_to_end.commands import TINY_SECONDS, command, run
from tests.end_to_end.test_bad_input import refused

RECORD_KEYS = {
    "line",
    "file",
    "line_sha256",
    "file_sha256",
    "prompt",
    "seed",
    "model",
    "model_sha256",
    "kind",
    "bpm",
    "key",
    "is_loop",
    "bars",
    "seconds",
    "samples",
    "sample_rate",
    "channels",
    "elapsed_seconds",
}


def write_list(n_lines: int, **fields: Any) -> None:
    rows = [
        {"prompt": f"drum {i}", "seconds": TINY_SECONDS, "steps": 2, **fields}
        for i in range(n_lines)
    ]
    Path("list.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")


def records() -> list[dict[str, Any]]:
    rows = Path("out/manifest.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(row) for row in rows]


def batch(tiny: Path, *more: object) -> dict[str, Any]:
    line = command("batch", "list.jsonl", "--out", "out", "--model", tiny, "--json", *more)
    done = subprocess.run(line, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    told: dict[str, Any] = json.loads(done.stdout)
    return told


@pytest.mark.slow
def test_a_batch_that_is_killed_goes_on_where_it_was(tiny: Path) -> None:
    write_list(30)
    line = command("batch", "list.jsonl", "--out", "out", "--model", tiny, "--workers", 2)
    process = subprocess.Popen(line, start_new_session=True)
    deadline = time.monotonic() + 120
    while len(list(Path("out").glob("*.wav"))) < 5 and time.monotonic() < deadline:
        time.sleep(0.01)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    written = {path: path.stat().st_mtime_ns for path in Path("out").glob("*.wav")}
    assert 5 <= len(written) < 30
    lost, *_ = written  # as if the kill had come between a sound and its record
    rows = [json.dumps(row) for row in records() if row["file"] != lost.name]
    Path("out/manifest.jsonl").write_text("\n".join(rows) + '\n{"file": "dru')
    Path("out/.soundlet-0123.part").write_bytes(b"RIFF")
    told = batch(tiny, "--workers", 2)
    assert (told["made"], told["kept"]) == (30 - len(written), len(written))
    assert all(path.stat().st_mtime_ns == then for path, then in written.items())
    assert len({row["file"] for row in records()}) == len(records()) == 30
    assert all(set(row) == RECORD_KEYS for row in told["sounds"])
    assert len(list(Path("out").iterdir())) == 31, "something was left behind"
    again = batch(tiny)
    assert (again["made"], again["kept"], again["failed"]) == (0, 30, [])


@pytest.mark.slow
def test_a_pack_is_laid_out_and_a_changed_line_is_made_again(tiny: Path) -> None:
    write_list(2, seed=1)
    told = batch(tiny, "--pack", "--title", "Mine")
    assert [Path(page).name for page in told["pages"]] == ["index.html", "contact-sheet.png"]
    assert "<h1>Mine</h1>" in Path("out/index.html").read_text(encoding="utf-8")
    write_list(2, seed=1, fade_out=0.001)
    told = batch(tiny, "--pack")
    assert (told["made"], told["kept"]) == (2, 0)


@pytest.mark.slow
def test_a_worker_that_dies_loses_no_line(tiny: Path) -> None:
    write_list(12)
    line = command("batch", "list.jsonl", "--out", "out", "--model", tiny, "--json")
    process = subprocess.Popen(line, stdout=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 120
    while len(list(Path("out").glob("*.wav"))) < 3 and time.monotonic() < deadline:
        time.sleep(0.01)
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    spawned = [
        int(child)
        for child in children
        if b"spawn_main" in Path(f"/proc/{child}/cmdline").read_bytes()
    ]
    os.kill(spawned[0], signal.SIGKILL)
    said, _ = process.communicate(timeout=240)
    assert json.loads(said)["made"] == 12
    assert len(records()) == 12


def test_lists_and_options_that_are_refused(tiny: Path) -> None:
    refused("batch", "nowhere.jsonl", "--out", "out", says=("nowhere.jsonl", "No such file"))
    Path("list.jsonl").write_text('{"prompt": "kick"}\n{"prompt": "kick", "secnds": 1}\n')
    refused("batch", "list.jsonl", "--out", "out", says=("line 2", "'secnds'", "seconds"))
    Path("list.jsonl").write_text('{"prompt": "kick", "seconds": 3600}\n')
    refused("batch", "list.jsonl", "--out", "out", "--model", tiny, says=("line 1", "to 0.023"))
    refused("batch", "list.jsonl", "--out", "out", "--format", "aiff", says=("wav, flac",))
    refused("batch", "list.jsonl", "--out", "out", "--title", "x", code=2, says=("--pack",))
    refused("batch", "list.jsonl", code=2, says=("--out",))
    too_long = json.dumps({"prompt": "kick " * 100, "seconds": TINY_SECONDS})
    Path("list.jsonl").write_text('{"prompt": "kick"}\n' + too_long)
    here = ("batch", "list.jsonl", "--out", "out", "--model", tiny)
    refused(*here, says=("line 2: the prompt is", "tokens long", "truncate_prompt"))
    Path("list.jsonl").write_text('{"prompt": "kick 90 BPM", "bars": 1, "fade_in": 1}\n')
    refused(*here, says=("line 1", "would open the loop"))
    write_list(2, fade_in=TINY_SECONDS, fade_out=TINY_SECONDS)
    refused(*here, says=("line 1: the fades take 0.04 s together", "0.02 s long"))
    write_list(1, init_audio="nope.wav", init_noise_level=0.5)
    refused(*here, says=("list.jsonl, line 1: nope.wav: no such file",))
    write_list(1, true_peak=-3)
    refused(*here, says=("line 1: true_peak -3 needs normalize to be peak or loudness",))
    write_list(1)
    refused("batch", "list.jsonl", "--out", "/proc/out", "--model", tiny, says=("/proc/out",))
    refused(*here, "--engine", "onxx", says=("engine must be one of onnx", "not 'onxx'"))
    refused(*here, "--engine", "litert", says=("the litert engine cannot run", str(tiny)))


def test_a_model_runs_on_the_engine_of_its_format_unless_another_is_named(
    tiny: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str | None] = []

    def run_batch(_model: Model, _lines: object, _folder: Path, maker: Maker, **_: Any) -> Outcome:
        asked.append(maker.engine)
        return Outcome((), (), (), {})

    monkeypatch.setattr("soundlet.batch.run_batch", run_batch)
    write_list(1)
    for chosen in ((), ("--engine", "onnx")):
        run("batch", "list.jsonl", "--out", "out", "--model", tiny, *chosen)
    assert asked == [None, "onnx"]


def test_what_is_not_installed_or_not_there_is_told_before_anything_is_made(
    tiny: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_list(1)
    here = ("batch", "list.jsonl", "--out", "out", "--model", tiny)
    Path("out").mkdir()
    with locked(Path("out")):
        result = run(*here)
        assert result.exit_code == 1
        assert "another batch is at work in out" in result.stderr
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    refused(*here, "--pack", says=("--pack", "soundlet[pack]"))
    monkeypatch.setitem(sys.modules, "ray", None)
    result = run(*here, "--ray", "local")
    assert result.exit_code == 1
    assert "pip install 'soundlet[distributed]'" in result.stderr


def test_a_cluster_that_is_not_there_is_told_at_once(tiny: Path) -> None:
    write_list(1)
    with socket.socket() as free:  # bound, so that nothing else listens there, nor does it
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
        result = run("batch", "list.jsonl", "--out", "out", "--model", tiny, "--ray", address)
    assert result.exit_code == 1
    assert result.stderr.startswith(f"error: no Ray cluster at {address}: ")
    assert len(result.stderr.splitlines()) == 1
    assert result.stdout == ""


@pytest.mark.slow
def test_a_prompt_that_may_be_cut_is_cut(tiny: Path) -> None:
    row = {"prompt": "kick " * 100, "seconds": TINY_SECONDS, "steps": 2, "truncate_prompt": True}
    Path("list.jsonl").write_text(json.dumps(row))
    assert batch(tiny)["made"] == 1


@pytest.mark.slow
def test_sounds_that_cannot_be_made_are_told_and_the_others_are_there(tiny: Path) -> None:
    sample = 1 / 44100  # which its fade takes to zero
    rows = [
        {"prompt": "kick", "seconds": TINY_SECONDS, "steps": 2, "seed": 1},
        {"prompt": "kick", "seconds": sample, "steps": 2, "seed": 2, "fade_in": sample,
         "normalize": "peak"},
    ]  # fmt: skip
    Path("list.jsonl").write_text("\n".join(map(json.dumps, rows)))
    result = run("batch", "list.jsonl", "--out", "out", "--model", tiny)
    assert result.exit_code == 1
    assert "1 of 2 sounds could not be made; kick_2.wav: nothing is left of" in result.stderr
    assert Path("out/kick_1.wav").exists()
    assert not Path("out/kick_2.wav").exists()


@pytest.mark.slow
def test_a_cluster_that_loses_a_worker_and_a_machine_loses_no_line(tiny: Path) -> None:
    script = Path(__file__).parents[2] / "benchmarks" / "batch_kills.py"
    how = ("--ray", "--lines", "30", "--seconds", str(TINY_SECONDS), "--steps", "40")
    line = [sys.executable, str(script), "--model", str(tiny), *how]
    done = subprocess.run(line, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert 10 <= told.pop("worker_killed_at") < 30
    assert 20 <= told.pop("node_killed_at") < 30
    whole = {"lines": 30, "files": 30, "records": 30, "made": 30}
    wrong = ("failed", "twice", "torn", "without_record", "left_over")
    assert told == whole | dict.fromkeys(wrong, 0)
