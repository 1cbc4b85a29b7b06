"""What bad input gets: the table of README.md, line by line.

Always one line on stderr, the right exit code, no traceback, and no file left behind.
"""

from __future__ import annotations

import json
import os
import pickle
import pty
import shlex
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch
from safetensors.torch import save_file

from tests.end_to_end.commands import (
    TINY_SECONDS,
    TINY_SOURCE,
    command,
    run,
    runtime_of_web,
    tree,
)

Tensors = dict[str, torch.Tensor]


def refused(*arguments: object, code: int = 1, says: tuple[str, ...] = ()) -> str:
    """The one line that `soundlet ARGUMENTS` ends with."""
    before = tree(Path())
    result = run(*arguments)
    assert result.exit_code == code, result.output
    assert result.stdout == ""
    lines = result.stderr.splitlines()
    assert len(lines) == 1, result.stderr
    assert lines[0].startswith("error: ")
    for words in says:
        assert words in lines[0]
    assert tree(Path()) == before, "something was left behind"
    return lines[0]


# a model or source that does not exist, or is of another kind


def test_a_model_that_does_not_exist() -> None:
    refused("generate", "kick", "--model", "nowhere", says=("nowhere", "no such folder"))
    refused("info", "nowhere.wav", says=("nowhere.wav: no such folder or file",))


def test_a_model_that_is_a_file() -> None:
    Path("model.onnx").write_text("x")
    refused("generate", "kick", "--model", "model.onnx", says=("model.onnx",))


def test_a_checkpoint_where_a_bundle_is_wanted() -> None:
    refused("generate", "kick", "--model", TINY_SOURCE, says=("soundlet convert",))


def test_a_model_of_the_hub_where_a_bundle_is_wanted() -> None:
    refused("generate", "kick", "--model", "hf://a/b", says=("soundlet convert hf://a/b DEST",))
    refused("info", "hf://a/b", says=("soundlet convert hf://a/b DEST",))


def test_a_source_that_does_not_exist() -> None:
    refused("convert", "nowhere", "bundle", says=("nowhere",))


def test_a_source_that_is_no_checkpoint(tiny: Path) -> None:
    Path("notes.txt").write_text("x")
    refused("convert", "notes.txt", "bundle", says=("notes.txt is no checkpoint",))
    refused("convert", tiny, "bundle", says=("is a bundle already", "soundlet quantize"))


@pytest.mark.parametrize("name", ["model.ckpt", "model.safetensors"])
@pytest.mark.parametrize("content", [b"", b"just text", b"RIFF\0\0\0\0WAVEfmt ", b"PK\x03\x04junk"])
def test_a_file_of_another_kind_as_weights(source: Path, name: str, content: bytes) -> None:
    (source / "model.ckpt").unlink()
    (source / name).write_bytes(content)
    refused("convert", source, "bundle", says=(name,))


# checkpoints that are damaged


@pytest.mark.parametrize("share", [0.001, 0.5, 0.9, 0.9999])
@pytest.mark.parametrize("name", ["model.ckpt", "model.safetensors"])
def test_a_checkpoint_that_was_cut_short(source: Path, name: str, share: float) -> None:
    if name.endswith(".safetensors"):
        rewrite(source, lambda tensors: tensors)
    data = (source / name).read_bytes()
    (source / name).write_bytes(data[: int(len(data) * share)])
    refused("convert", source, "bundle", says=(name, "whole"))


def rewrite(source: Path, change: Callable[[Tensors], Tensors]) -> None:
    """Replace the weights of `source` by changed ones, as safetensors."""
    content = torch.load(source / "model.ckpt", weights_only=True)["state_dict"]
    (source / "model.ckpt").unlink()
    tensors = {name: tensor.clone() for name, tensor in change(content).items()}
    save_file(tensors, source / "model.safetensors")


NAME = "model.model.transformer.layers.1.self_attn.to_qkv.weight"


def test_a_tensor_that_is_missing(source: Path) -> None:
    rewrite(source, lambda tensors: {k: v for k, v in tensors.items() if k != NAME})
    refused("convert", source, "bundle", says=("missing", NAME))


def test_a_tensor_too_many(source: Path) -> None:
    rewrite(source, lambda tensors: {**tensors, "model.model.extra.weight": torch.zeros(3)})
    refused("convert", source, "bundle", says=("not used", "model.model.extra.weight"))


def test_a_tensor_of_another_shape(source: Path) -> None:
    rewrite(source, lambda tensors: {**tensors, NAME: tensors[NAME][:, :-1]})
    refused("convert", source, "bundle", says=("shape", NAME, "[384, 127]", "[384, 128]"))


def test_a_tensor_that_is_not_finite_or_too_great(source: Path) -> None:
    def with_one(value: float) -> Callable[[Tensors], Tensors]:
        def change(tensors: Tensors) -> Tensors:
            return {**tensors, NAME: tensors[NAME].index_fill(1, torch.tensor(5), value)}

        return change

    rewrite(source, with_one(1e6))
    how = ("--precision", "float16")
    refused("convert", source, "bundle", *how, says=("self_attention", "--precision float32"))
    shutil.copy(TINY_SOURCE / "model.ckpt", source)
    (source / "model.safetensors").unlink()
    rewrite(source, with_one(float("nan")))
    refused("convert", source, "bundle", says=(NAME, "not finite"))


class Code:
    """An object whose pickle runs a command when it is read."""

    def __init__(self, command: str) -> None:
        self.command = command

    def __reduce__(self) -> tuple[object, ...]:
        return os.system, (self.command,)


@pytest.mark.parametrize("form", ["torch", "plain"])
def test_a_pickle_with_code_in_it_is_refused_and_nothing_is_run(
    source: Path, here: Path, form: str
) -> None:
    code = Code(f"touch '{here / 'it-ran'}'")
    content = {"state_dict": {"model.weight": torch.zeros(2), "code": code}}
    path = source / "model.ckpt"
    if form == "torch":
        torch.save(content, path)
    else:
        path.write_bytes(pickle.dumps(code))
    refused("convert", source, "bundle", says=("model.ckpt", "refused", "nothing in it was run"))
    assert not (here / "it-ran").exists()
    pickle.loads(pickle.dumps(code))
    assert (here / "it-ran").exists(), "the code would not have run anyway"


def test_a_text_encoder_that_is_missing(source: Path) -> None:
    shutil.rmtree(source / "t5")
    refused("convert", source, "bundle", says=("t5",))


def test_a_config_with_typos_has_them_all_listed(source: Path) -> None:
    path = source / "model_config.json"
    config = json.loads(path.read_text())
    config["sample_rte"] = config.pop("sample_rate")
    config["model"]["diffusion"]["config"]["dept"] = 2
    config["model"]["conditioning"]["configs"][0]["config"]["max_length"] = "many"
    path.write_text(json.dumps(config))
    places = ("sample_rte", "sample_rate", "diffusion.config.dept", "max_length")
    refused("convert", source, "bundle", says=("model_config.json", *places))


def test_a_config_that_is_not_json(source: Path) -> None:
    (source / "model_config.json").write_text("{")
    refused("convert", source, "bundle", says=("model_config.json", "JSON"))


# bundles that are damaged


def bundle_files() -> list[str]:
    graphs = [f"{part}.onnx" for part in ("conditioners", "dit", "decoder", "encoder")]
    return [*graphs, "model_config.json", "t5_config.json", "spiece.model", "model.safetensors"]


@pytest.mark.parametrize("name", bundle_files())
def test_a_bundle_with_one_byte_changed(tiny: Path, tmp_path: Path, name: str) -> None:
    folder = tmp_path / "damaged"
    shutil.copytree(tiny, folder)
    data = bytearray((folder / name).read_bytes())
    data[len(data) // 2] ^= 1
    (folder / name).write_bytes(data)
    refused("generate", "kick", "--model", folder, says=(name, "changed"))
    refused("info", folder, "--verify", says=(name, "changed"))


@pytest.mark.parametrize("name", [*bundle_files(), "manifest.json"])
def test_a_bundle_with_a_file_cut_or_missing(tiny: Path, tmp_path: Path, name: str) -> None:
    folder = tmp_path / "damaged"
    shutil.copytree(tiny, folder)
    data = (folder / name).read_bytes()
    (folder / name).write_bytes(data[:-2])
    refused("generate", "kick", "--model", folder, says=(name,))
    (folder / name).unlink()
    refused("generate", "kick", "--model", folder, says=(str(folder),))


def test_doctor_says_what_is_damaged(tiny: Path, tmp_path: Path) -> None:
    folder = tmp_path / "damaged"
    shutil.copytree(tiny, folder)
    data = bytearray((folder / "dit.onnx").read_bytes())
    data[-1] ^= 1
    (folder / "dit.onnx").write_bytes(data)
    result = run("doctor", folder)
    assert result.exit_code == 1
    assert "dit.onnx" in result.stdout
    assert "FAILED" in result.stdout


# measuring and quantising


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("nowhere",), "nowhere: no such folder"),
        (("--steps", "0"), "steps must be numbers above 0, such as 1,2, not '0'"),
        (("--seconds", "1,x"), "seconds must be numbers above 0, such as 3,6.5, not 'x'"),
        (("--seconds", "60", "--repeats", "1"), "seconds must be from"),
        (("--engine", "foo"), "onnx, torch"),
    ],
)
def test_what_cannot_be_measured(tiny: Path, arguments: tuple[str, ...], says: str) -> None:
    model = () if arguments[0] == "nowhere" else (tiny,)
    refused("bench", *model, *arguments, says=(says,))


def test_all_that_is_to_be_measured_is_checked_first(
    tiny: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("soundlet.timing.measure", lambda job: pytest.fail(f"measured {job}"))
    refused("bench", tiny, "--seconds", f"{TINY_SECONDS},60", says=("seconds must be from",))


def test_what_cannot_be_quantised(tiny: Path) -> None:
    refused("quantize", "nowhere", "small", says=("nowhere: no such folder",))
    refused("quantize", tiny, "small", "--precision", "foo", says=("auto", "int8", "'foo'"))
    refused("quantize", tiny, "small", "--precision", "decoder=int8", says=("the decoder can be",))
    refused("quantize", tiny, "small", "--seconds", 60, says=("seconds must be from",))
    Path("mine").mkdir()
    Path("mine/notes.txt").write_text("mine")
    refused("quantize", tiny, "mine", says=("mine exists",))
    refused("quantize", tiny, tiny, "--force", says=("name another folder",))


def test_what_cannot_be_verified(tiny: Path) -> None:
    refused("verify", "nowhere", says=("nowhere: no such folder",))
    refused("verify", tiny, says=("soundlet export",))


def test_what_cannot_be_shown() -> None:
    Path("notes.txt").write_text("x")
    refused("info", "notes.txt", says=("notes.txt: not a sound file",))
    Path("empty").mkdir()
    refused("info", "empty", says=("empty is not a bundle",))
    result = run("doctor", "empty")
    assert result.exit_code == 1
    assert "empty is not a bundle" in result.stdout


def test_what_cannot_be_exported(tiny: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    refused("export", "onnx", "nowhere", "out", says=("nowhere: no such folder",))
    refused("export", "onnx", tiny, "out", "--dit", "foo", says=("float32 or float16", "'foo'"))
    refused("export", "onnx", tiny, "out", "--seconds", 60, says=("at most",))
    Path("mine").mkdir()
    Path("mine/notes.txt").write_text("mine")
    refused("export", "onnx", tiny, "mine", says=("mine exists",))
    refused("export", "onnx", tiny, tiny, "--force", says=("name another folder",))
    monkeypatch.setitem(sys.modules, "soundlet.export.litert", None)
    refused("export", "litert", tiny, "out", says=("pip install 'soundlet[litert]'",))


def test_what_cannot_be_in_a_browser(tiny: Path) -> None:
    refused("web", "--model", tiny, says=("npm install onnxruntime-web", "--runtime"))
    refused("web", "--model", "nowhere", says=("nowhere: no such folder",))
    refused("web", "--port", 99999, code=2, says=("--port", "65535"))
    with_runtime = ("web", "--model", tiny, "--runtime", runtime_of_web(Path("runtime")))
    Path("mine").mkdir()
    Path("mine/notes.txt").write_text("mine")
    refused(*with_runtime, "--out", "mine", says=("mine exists",))
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        refused(*with_runtime, "--port", port, says=(f"port {port}", "choose another"))


def test_what_cannot_be_served(tiny: Path) -> None:
    serve = ("serve", "--model", tiny, "--port", 0, "--results", "results")
    refused(*serve, "--host", "0.0.0.0", says=("--token", "--insecure"))
    refused(*serve, "--token", "short", says=("a token needs at least",))
    refused(*serve, "--token", "a token with spaces in it", says=("printable ASCII",))
    refused("serve", "--model", "nowhere", says=("nowhere: no such folder",))
    Path("notes.txt").write_text("mine")
    refused(*serve, "--results", "notes.txt", says=("notes.txt cannot hold results",))
    Path("results").mkdir()
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        refused(*serve, "--port", port, says=(f":{port}", "try another --port"))


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (("nowhere",), 1, "nowhere: no such folder"),
        (("--steps", "0"), 1, "steps must be a whole number from 1 to 1000, not 0"),
        (("--cfg-scale=-1",), 1, "cfg_scale must be a number from 0 to 100, not -1"),
        (("--loops", "nowhere"), 1, "nowhere: no WAV or FLAC file"),
        (("--candidates", "2"), 1, "candidates must be 1 with tiny, not 2"),
        (("--candidates", "17"), 1, "candidates must be a whole number from 1 to 16, not 17"),
        (("--steps", "x"), 2, "--steps"),
        (("--candidates", "x"), 2, "--candidates"),
        (("--prompts", "0"), 2, "--prompts"),
        (("--out", "notes.txt"), 1, "notes.txt cannot be made a folder"),
    ],
)
def test_what_cannot_be_evaluated(
    tiny: Path, arguments: tuple[str, ...], code: int, says: str
) -> None:
    Path("report").mkdir()
    Path("notes.txt").write_text("mine")
    model = () if arguments[0] == "nowhere" else (tiny,)
    refused("evaluate", *model, "--out", "report", *arguments, code=code, says=(says,))


def test_an_evaluation_without_its_renderer(tiny: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "fluidsynth", None)
    refused("evaluate", tiny, "--out", "report", says=("apt-get install libfluidsynth3",))


def test_what_cannot_be_trained(tiny: Path) -> None:
    refused("train", "flow", "nowhere.toml", says=("nowhere.toml: cannot be read",))
    Path("bad.toml").write_text('run = "r"\nmodel = "m\n')
    refused("train", "flow", "bad.toml", says=("bad.toml: not TOML", "line 2"))
    Path("notes.txt").write_text("mine")
    refused("train", "agreement", "bad.toml", says=("bad.toml: not TOML", "line 2"))
    refused("train", "configs", "notes.txt", says=("notes.txt cannot be made a folder",))
    parts = ("train", "bundle", "out", "--autoencoder", tiny, "--flow")
    refused(*parts, "nowhere", says=("nowhere/model_config.json: no such file",))
    refused(*parts, tiny, "--notice", "nowhere.txt", says=("nowhere.txt: cannot be read",))
    refused(*parts, tiny, "--candidates", 2, code=2, says=("--candidates", "needs --agreement"))
    refused(*parts, tiny, "--candidates", 0, code=2, says=("--candidates", "not 0"))


def test_what_cannot_be_a_data_set(tiny: Path) -> None:
    Path("notes.txt").write_text("mine")
    refused("dataset", "build", "notes.txt", "--count", 1, says=("cannot be made a folder",))
    refused("dataset", "build", "clips", "--count", 0, says=("count must be from 1",))
    refused("dataset", "build", "clips", "--count", 1, "--workers", 0, says=("workers 1 or more",))
    refused("dataset", "build", "clips", "--count", 1, "--only", "fire,flut",
            says=("'flut' is no sound effect and no instrument", "flute", "fire"))  # fmt: skip
    refused("dataset", "join", "nowhere", "--out", "both", says=("nowhere is no store of latents",))
    refused("dataset", "encode", "nowhere", "--autoencoder", tiny, "--out", "latents",
            says=("nowhere/metadata.jsonl cannot be read",))  # fmt: skip
    refused("dataset", "encode", "nowhere", "--autoencoder", "neither", "--out", "latents",
            says=("neither is no run",))  # fmt: skip
    choose = ("dataset", "choose", "nowhere", "--out", "chosen")
    refused(*choose, says=("nowhere is no store of latents",))
    refused(*choose, "--often", "pad", says=("written as bass_line=1.7,drum_loop=0.6",))
    refused(*choose, "--often", "pad=2,kind: pad=3", says=("names a kind twice",))
    Path("sounds").mkdir()
    refused("dataset", "vocabulary", "sounds", says=("sounds/metadata.jsonl cannot be read",))
    soundfile.write("sounds/kick.wav", np.zeros(100), 44100)
    Path("sounds/metadata.jsonl").write_text('{"file": "kick.wav", "caption": "short kick"}\n')
    refused("dataset", "vocabulary", "sounds", "--size", 5, says=("no vocabulary of 5 pieces",))


def test_what_cannot_be_chosen(tiny: Path) -> None:
    Path("latents").mkdir()
    np.save("latents/latents.npy", np.zeros((4, 8), np.float16))
    entry = {"start": 0, "frames": 4, "seconds": 1, "captions": ["kick"], "tags": ["kind: kick"]}
    Path("latents/entries.jsonl").write_text(json.dumps(entry) + "\n")
    numbers = [0.0] * 8
    statistics = {"mean": numbers, "std": numbers, "deviation": numbers}
    Path("latents/statistics.json").write_text(json.dumps(statistics))
    choose = ("dataset", "choose", "latents", "--out", "chosen")
    needs_both = ("takes a run of `soundlet train agreement`", "the autoencoder", "or keep 1")
    refused(*choose, says=needs_both)
    refused(*choose, "--agreement", "neither", says=needs_both)
    refused(*choose, "--autoencoder", tiny, says=needs_both)
    for given in ("neither", tiny):
        runs = ("--agreement", given, "--autoencoder", tiny)
        refused(*choose, *runs, says=(f"{given} is no run of `soundlet train`",))
    refused(*choose, "--keep", 2, says=("keep must be above 0 and at most 1, not 2",))
    refused(*choose, "--model", tiny, code=2, says=("No such option", "--model"))


def test_what_cannot_be_compared(tiny: Path) -> None:
    for name, caption in (("one", "kick"), ("two", "snare")):
        Path(name).mkdir()
        np.save(f"{name}/latents.npy", np.zeros((4, 8), np.float16))
        entry = {"start": 0, "frames": 4, "seconds": 1, "captions": [caption]}
        Path(f"{name}/entries.jsonl").write_text(json.dumps(entry) + "\n")
        statistics = {key: [1.0] * 8 for key in ("mean", "std", "deviation")}
        Path(f"{name}/statistics.json").write_text(json.dumps(statistics))
    runs = ("--clips", "neither", "--autoencoder", tiny, "--better", "a", "--worse", "b")
    compare = ("dataset", "compare", "one")
    refused(*compare, *runs, says=("two stores or more", "not of 1", "soundlet dataset make"))
    refused(*compare, "nowhere", *runs, says=("nowhere is no store of latents",))
    refused(*compare, "two", *runs, says=("one and two are not of the same captions and lengths",))
    refused(*compare, "two", *runs, "--margin", "nan", says=("margin must be", "not nan"))
    refused(*compare, "two", *runs[:-2], code=2, says=("Missing option", "--worse"))
    refused(*compare, "two", *runs[2:], code=2, says=("Missing option", "--clips"))
    shutil.copytree("one", "other")
    refused(*compare, "other", *runs, says=("neither/metadata.jsonl cannot be read",))
    no_run = ("--clips", "neither", "--autoencoder", "nowhere", *runs[4:])
    refused(*compare, "other", *no_run, says=("nowhere",))


# requests that no model takes


@pytest.mark.parametrize(
    ("option", "value", "right"),
    [
        ("--seconds", "0", "above 0"),
        ("--seconds", "-3", "above 0"),
        ("--seconds", "nan", "above 0"),
        ("--seconds", "inf", "above 0"),
        ("--seconds", "3600", "to 0.023"),
        ("--steps", "0", "1 to 1000"),
        ("--steps", "100000", "1 to 1000"),
        ("--seed", "-1", "0 to 4294967295"),
        ("--seed", "4294967296", "0 to 4294967295"),
        ("--sampler", "foo", "pingpong, euler, rk4, dpmpp, pingpong-dpmpp"),
        ("--cfg-scale", "-1", "from 0"),
        ("--cfg-rescale", "2", "from 0 to 1"),
        ("--init-noise-level", "0", "above 0"),
        ("--engine", "foo", "onnx, torch"),
        ("--format", "aiff", "wav, flac, ogg, mp3"),
        ("--bits", "12", "16, 24, 32f"),
    ],
)
def test_a_value_out_of_range(tiny: Path, option: str, value: str, right: str) -> None:
    line = refused("generate", "kick", "--model", tiny, option, value, says=(right,))
    assert value in line or f"{float(value):g}" in line


def test_several_candidates_where_nothing_chooses_among_them(tiny: Path) -> None:
    says = ("candidates must be 1 with tiny, not 4", "which of several sounds fits a prompt best")
    refused("generate", "kick", "--model", tiny, "--candidates", 4, says=says)


def test_a_prompt_that_is_no_text() -> None:
    refused("prompt", os.fsdecode(b"kick\xff"), says=("prompt holds '\\udcff'",))


def test_a_name_that_is_no_text(tiny: Path) -> None:
    name = os.fsdecode(b"kick\xff.wav")
    Path(name).write_bytes(b"")
    refused("info", name, says=("only files with names in UTF-8 can be read: rename it",))
    start = ("--model", tiny, "--init-audio", name, "--init-noise-level", 0.5)
    refused("generate", "kick", *start, says=("only files with names in UTF-8",))


def test_a_prompt_that_is_empty_or_too_long(tiny: Path) -> None:
    refused("generate", " ", "--model", tiny, says=("prompt is empty",))
    Path("nul.txt").write_bytes(b"kick\0drum\n")
    refused("generate", "--prompts-file", "nul.txt", "--model", tiny, says=("NUL",))
    refused("generate", "drum " * 60, "--model", tiny, says=("tokens", "--truncate"))


def test_init_audio_that_cannot_be_read(tiny: Path) -> None:
    start_from = ("generate", "kick", "--model", tiny, "--init-noise-level", 0.5, "--init-audio")
    refused(*start_from, "nowhere.wav", says=("nowhere.wav", "no such file"))
    Path("text.wav").write_text("not a sound")
    refused(*start_from, "text.wav", says=("text.wav", "not a sound file"))


def one_line(done: subprocess.CompletedProcess[str]) -> str:
    """What a process that was refused says, and nothing else."""
    assert done.returncode == 1, done.stderr
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert line.startswith("error: ")
    return line


def refused_by_shell(line: str) -> str:
    """The one line that a command of the shell ends with."""
    return one_line(subprocess.run(["bash", "-c", line], capture_output=True, text=True))


def test_standard_input_that_cannot_be_read() -> None:
    from_stdin = shlex.join(command("generate", "-"))
    assert "standard input is closed" in refused_by_shell(f"{from_stdin} <&-")
    says = "standard input cannot be read: not UTF-8 text"
    assert says in refused_by_shell(f"printf 'Gl\\366ckchen' | {from_stdin}")


def test_standard_output_that_is_closed() -> None:
    to_stdout = shlex.join(command("generate", "kick", "--out", "-"))
    line = refused_by_shell(f"{to_stdout} >&-")
    assert "stdout is closed" in line
    assert "--out" in line


def test_prompts_that_cannot_be_read() -> None:
    refused("generate", "--prompts-file", "nowhere.txt", says=("nowhere.txt",))
    Path("empty.txt").write_text("\n \n")
    refused("generate", "--prompts-file", "empty.txt", says=("empty.txt", "no prompt"))
    Path("latin.txt").write_bytes("Glöckchen".encode("latin-1"))
    refused("generate", "--prompts-file", "latin.txt", says=("latin.txt", "UTF-8"))


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("generate",), "PROMPT"),
        (("generate", "kick", "--seconds", "abc"), "--seconds"),
        (("generate", "kick", "--no-such-option"), "--no-such-option"),
        (("generate", "kick", "--variations", "0"), "--variations"),
        (("generate", "kick", "--candidates", "17"), "--candidates"),
        (("generate", "kick", "--model", "nowhere", "--threads", "1025"), "--threads"),
        (("batch", "list", "--out", "sounds", "--threads", "1025"), "--threads"),
        (("quantize", "before", "after", "--threads", "1025"), "--threads"),
        (("serve", "--model", "nowhere", "--threads", "1025"), "--threads"),
        (("generate", "kick", "snare", "--out", "one.wav"), "2 clips"),
        (("generate", "kick", "snare", "--out", "-"), "2 clips"),
        (("generate", "kick", "--out", "kick.wav", "--format", "flac"), "--format"),
        (("convert", "source"), "DEST"),
        (("generat", "kick"), "generate"),
    ],
)
def test_a_command_line_that_cannot_be_read(arguments: tuple[str, ...], says: str) -> None:
    refused(*arguments, code=2, says=(says, "--help"))


# places that cannot be written


def test_a_file_that_exists(tiny: Path) -> None:
    Path("kick.wav").write_text("older")
    refused("generate", "kick", "--model", tiny, "--out", "kick.wav", says=("--force",))
    assert Path("kick.wav").read_text() == "older"


def test_a_bundle_that_exists() -> None:
    Path("bundle").mkdir()
    Path("bundle/notes.txt").write_text("mine")
    refused("convert", TINY_SOURCE, "bundle", says=("bundle", "exists"))
    refused("convert", TINY_SOURCE, "bundle", "--force", says=("bundle", "exists"))
    assert Path("bundle/notes.txt").read_text() == "mine"


@pytest.mark.parametrize("out", ["nowhere/kick.wav", "nowhere/", "file.txt/kick.wav"])
def test_a_folder_that_is_not_there(tiny: Path, out: str) -> None:
    Path("file.txt").touch()
    refused("generate", "kick", "--model", tiny, "--out", out, says=("no folder",))


def test_a_folder_that_cannot_be_written_to(tiny: Path) -> None:
    refused("generate", "kick", "--model", tiny, "--out", "/proc/kick.wav", says=("/proc",))
    refused("convert", TINY_SOURCE, "/proc/bundle", says=("/proc/bundle",))


@pytest.mark.parametrize(
    ("kilobytes", "arguments", "says"),
    [
        (1, ("generate", "kick", "--seconds", TINY_SECONDS, "--out", "kick.wav"), "kick.wav"),
        pytest.param(100, ("convert", TINY_SOURCE, "bundle"), "bundle", marks=pytest.mark.slow),
    ],
)
def test_a_disk_that_is_full(
    tiny: Path, here: Path, kilobytes: int, arguments: tuple[object, ...], says: str
) -> None:
    model = ("--model", tiny) if arguments[0] == "generate" else ()
    limit = f"trap '' XFSZ; ulimit -f {kilobytes}; exec \"$@\""  # no file can grow past this
    limited = ["bash", "-c", limit, "bash", *command(*arguments, *model)]
    line = one_line(subprocess.run(limited, capture_output=True, text=True))
    assert f"{says} cannot be written: File too large" in line
    assert tree(here) == set()


def test_a_full_disk_is_not_taken_for_stdout() -> None:
    limited = ["bash", "-c", 'ulimit -f 0; exec "$@"', "bash", *command("train", "configs", "new")]
    line = one_line(subprocess.run(limited, capture_output=True, text=True))
    assert line == "error: new/agreement.toml cannot be used: File too large"


def test_a_device_that_is_full(tiny: Path) -> None:
    arguments = ("kick", "--model", tiny, "--seconds", TINY_SECONDS, "--format", "wav")
    to_device = command("generate", *arguments, "--out", "/dev/full")
    line = one_line(subprocess.run(to_device, capture_output=True, text=True))
    assert "/dev/full cannot be written: No space left on device" in line
    to_stdout = shlex.join(command("generate", *arguments, "--out", "-")) + " > /dev/full"
    line = refused_by_shell(to_stdout)
    assert "stdout cannot be written: No space left on device" in line
    info = shlex.join(command("info", tiny)) + " > /dev/full"
    line = refused_by_shell(info)
    assert "stdout cannot be written: No space left on device" in line


# Ctrl-C


@pytest.mark.parametrize(
    ("arguments", "sign"),
    [
        (("generate", "kick", "--steps", 1000, "--seconds", TINY_SECONDS), b"generating ["),
        pytest.param(
            ("convert", TINY_SOURCE, "bundle"), b"writing dit.onnx", marks=pytest.mark.slow
        ),
    ],
)
def test_ctrl_c_in_the_middle(
    tiny: Path, here: Path, arguments: tuple[object, ...], sign: bytes
) -> None:
    model = ("--model", tiny) if arguments[0] == "generate" else ()
    terminal, its_end = pty.openpty()
    with subprocess.Popen(
        command(*arguments, *model), stdout=subprocess.PIPE, stderr=its_end
    ) as process:
        os.close(its_end)
        seen = b""
        while sign not in seen:
            seen += os.read(terminal, 1000)
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=60) == 130
        assert process.stdout is not None
        assert process.stdout.read() == b""
    os.close(terminal)
    assert b"Traceback" not in seen
    assert tree(here) == set()
