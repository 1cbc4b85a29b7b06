"""What `--json` prints is what the documentation says: every key, and no other."""

from __future__ import annotations

import json
import re
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from soundlet.bundle import PARTS
from tests.end_to_end.commands import TINY_SECONDS, TINY_SOURCE, run, runtime_of_web

DOCS = Path(__file__).parents[2] / "docs"
NAMED_BY_DATA = {"files", "machine", "operators", "precision", "versions", "settings", "edits"}
"""Keys whose values have names that depend on the machine or the model, or tables of their own."""

SOUND = ("--seconds", TINY_SECONDS, "--steps", 1, "--seed", 1, "--threads", 1)
LOOP = ("loop", "kick", "--bpm", 240, "--bars", 1, "--beats-per-bar", 2, "--steps", 1)


def section(page: str, heading: str) -> str:
    """What stands under a heading, up to the next one that is as high."""
    text = (DOCS / page).read_text(encoding="utf-8")
    found = re.search(rf"^(#+) {re.escape(heading)}$", text, re.MULTILINE)
    assert found, f"{page} has no heading {heading}"
    rest = text[found.end() :]
    following = re.search(rf"^#{{1,{len(found[1])}}} ", rest, re.MULTILINE)
    return rest[: following.start()] if following else rest


def rows(page: str, heading: str, title: str) -> dict[str, set[str]]:
    """Keys of the table whose first column has this title, and the words of code beside each."""
    _, _, table = section(page, heading).partition(f"| {title} | value |\n")
    assert table, f"{page}, {heading}: no table"
    found: dict[str, set[str]] = {}
    for line in table.split("\n\n")[0].splitlines()[1:]:
        keys, value = line.strip("| ").split(" | ", 1)
        for key in re.findall(r"`([\w.]+)`", keys) if keys.startswith("`") else ():
            top, _, below = key.partition(".")
            found.setdefault(top, set()).update(re.findall(r"`(\w+)`", value), {below} - {""})
    return found


def settings() -> dict[str, set[str]]:
    """Those of a sound."""
    return rows("settings.md", "info", "setting")


def clip() -> dict[str, set[str]]:
    """The keys of `generate`."""
    return settings() | rows("command-line.md", "generate", "key of `--json`")


def keys_below(value: Any) -> set[str]:
    """The names of all keys in a value, but those of parts and those that data names."""
    if isinstance(value, list):
        return set().union(*map(keys_below, value))
    if not isinstance(value, dict):
        return set()
    below = [set() if name in NAMED_BY_DATA else keys_below(v) for name, v in value.items()]
    return (value.keys() - set(PARTS)).union(*below)


def compare(printed: dict[str, Any], documented: dict[str, set[str]]) -> None:
    assert printed.keys() == documented.keys()
    for key, value in printed.items():
        if key not in NAMED_BY_DATA:
            assert keys_below(value) <= documented[key], key


def told(*arguments: object) -> dict[str, Any]:
    """The object that a command prints."""
    result = run(*arguments, "--json")
    assert result.exit_code == 0, result.output
    found: dict[str, Any] = json.loads(result.stdout)
    return found


def test_generate_and_info_of_its_file(tiny: Path) -> None:
    documented = clip()
    documented["level"] |= {"loudness", "true_peak"}
    where = ("--out", "kick.wav", "--normalize", "peak")
    compare(told("generate", "kick", "--model", tiny, *SOUND, *where), documented)
    found = told("info", "kick.wav")
    compare(found, rows("settings.md", "info", "key of `--json`"))
    compare(found["settings"], settings())


def test_loop(tiny: Path) -> None:
    documented = clip() | rows("loops.md", "What is measured", "key of `--json`")
    del documented["level"]  # it is among the measures
    documented["measured"] |= {"loudness", "true_peak"}
    compare(told(*LOOP, "--model", tiny, "--seed", 1), documented)


def test_edit(tiny: Path) -> None:
    run("generate", "kick", "--model", tiny, *SOUND, "--out", "kick.wav")
    documented = clip() | rows("editing.md", "Settings", "key of `--json`")
    how = ("--model", tiny, "--steps", 1, "--seed", 2, "--threads", 1)
    compare(told("edit", "kick.wav", "snare", *how), documented)


def test_reproduce(tiny: Path) -> None:
    run("generate", "kick", "--model", tiny, *SOUND, "--out", "kick.wav")
    documented = rows("settings.md", "reproduce", "key of `--json`")
    compare(told("reproduce", "kick.wav", "--model", tiny, "--threads", 1), documented)


def test_prompt(tiny: Path) -> None:
    found = told("prompt", "sad house chords, 200 BPM", "--model", tiny)
    compare(found, rows("prompts.md", "soundlet prompt", "key of `--json`"))


def test_batch(tiny: Path) -> None:
    Path("list.jsonl").write_text(json.dumps({"prompt": "kick", "seconds": TINY_SECONDS}))
    found = told("batch", "list.jsonl", "--out", "sounds", "--model", tiny)
    documented = rows("batch.md", "The manifest", "key of `--json`")
    documented["sounds"] |= rows("batch.md", "The manifest", "key").keys()
    compare(found, documented)


def test_info_of_a_model(tiny: Path) -> None:
    compare(told("info", tiny), rows("command-line.md", "info", "key of `--json`"))


@pytest.mark.slow
def test_doctor(tiny: Path) -> None:
    compare(told("doctor", tiny), rows("command-line.md", "doctor", "key of `--json`"))


@pytest.mark.slow
def test_bench(tiny: Path) -> None:
    found = told("bench", tiny, "--seconds", TINY_SECONDS, "--steps", 1, "--repeats", 1)
    documented = rows("command-line.md", "bench", "key of `--json`")
    (measurement,) = found["measurements"]
    assert documented.keys() == found.keys() | measurement.keys()
    compare(measurement, {name: documented[name] for name in measurement})


@pytest.mark.slow
def test_convert_and_quantize() -> None:
    documented = rows("command-line.md", "convert", "key of `--json`")
    compare(told("convert", TINY_SOURCE, "tiny", "--precision", "float32"), documented)
    documented = rows("command-line.md", "quantize", "key of `--json`")
    how = ("--precision", "dit=int8", "--seconds", TINY_SECONDS, "--threads", 1)
    compare(told("quantize", "tiny", "small", *how), documented)


@pytest.mark.slow
def test_export_and_verify(tiny: Path) -> None:
    found = told("export", "onnx", tiny, "programs")
    compare(found, rows("command-line.md", "export", "key of `--json`"))
    found = told("verify", "programs", "--against", tiny)
    documented = rows("command-line.md", "verify", "key of `--json`")
    compare(found, documented)
    alone = told("verify", "programs", "--against", tiny, "--parts")
    compare(alone, documented)
    assert alone["passed"]
    assert alone["parts"].keys() == found["parts"].keys()
    assert (alone["clips"], alone["drift_db"]) == ([], [])


def test_web(tiny: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    runtime = runtime_of_web(Path("runtime"))
    documented = rows("command-line.md", "web", "key of `--json`")
    compare(told("web", "--model", tiny, "--runtime", runtime, "--out", "site"), documented)
    monkeypatch.setattr(ThreadingHTTPServer, "serve_forever", lambda _: None)
    found = told("web", "--model", tiny, "--runtime", runtime, "--port", 0)
    compare(found, documented)
    assert found["address"].startswith("http://127.0.0.1:")


def test_serve(tiny: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("soundlet.server.run.run", lambda _, listening, **__: listening.close())
    found = told("serve", "--model", tiny, "--port", 0, "--results", "results")
    compare(found, rows("server.md", "Options", "key of `--json`"))
    assert found["address"].startswith("http://127.0.0.1:")


def test_train_configs() -> None:
    found = told("train", "configs", "project")
    compare(found, rows("training.md", "What is printed", "key of `train configs --json`"))
    assert all(Path(name).is_file() for name in found["files"])


@pytest.mark.slow
def test_dataset() -> None:
    found = told("dataset", "build", "clips", "--count", 1)
    compare(found, rows("training.md", "What is printed", "key of `dataset build --json`"))
    found = told("dataset", "vocabulary", "clips", "--size", 400)
    compare(found, rows("training.md", "What is printed", "key of `dataset vocabulary --json`"))
