"""`soundlet generate` makes the sounds that were asked for, where they were asked for."""

from __future__ import annotations

import io
import json
import shlex
import subprocess
from pathlib import Path

import numpy as np
import pytest
import soundfile
from typer.testing import Result

import soundlet
from soundlet.audio import FORMATS
from soundlet.engines import ENGINES_FOR
from soundlet.metadata import read_sound_file
from tests.end_to_end.commands import TINY_SECONDS, command, run, tree

SAMPLES = round(TINY_SECONDS * 44100)


def generate(tiny: Path, *arguments: object, stdin: str | None = None) -> Result:
    """A successful `soundlet generate` with the tiny model."""
    common = ("--seconds", TINY_SECONDS, "--model", tiny, "--threads", 1)
    result = run("generate", *arguments, *common, stdin=stdin)
    assert result.exit_code == 0, result.output
    return result


@pytest.mark.parametrize("engine", ["onnx", "torch", "openvino"])
def test_a_prompt_becomes_a_stereo_wav(tiny: Path, here: Path, engine: str) -> None:
    result = generate(tiny, "techno drum loop 128 BPM", "--seed", 1, "--engine", engine)
    assert result.stderr == ""
    path = "techno-drum-loop-128-bpm_1.wav"
    assert result.stdout.startswith(f"{path}  0.02 s  seed 1  made in ")
    info = soundfile.info(path)
    assert (info.samplerate, info.channels, info.frames) == (44100, 2, SAMPLES)
    assert info.subtype == "PCM_16"
    audio, _ = soundfile.read(path)
    assert np.abs(audio).max() > 0.01
    assert tree(here) == {path}


def test_the_same_seed_gives_the_same_file_from_the_command_line_and_python(tiny: Path) -> None:
    generate(tiny, "kick", "--seed", 5, "--out", "a.wav")
    generate(tiny, "kick", "--seed", 5, "--out", "b.wav")
    model = soundlet.load(tiny, threads=1)
    model.generate("kick", seconds=TINY_SECONDS, seed=5).save("c.wav")
    model.generate("kick", seconds=TINY_SECONDS, seed=6).save("d.wav")
    first, again, python, other = (Path(f"{name}.wav").read_bytes() for name in "abcd")
    assert first == again == python
    assert first != other


def test_all_engines_make_the_same_sound(tiny: Path) -> None:
    onnx, *others = (
        soundlet.load(tiny, engine=engine, threads=1)
        .generate("techno drum loop 128 BPM", seconds=TINY_SECONDS, seed=1)
        .latents
        for engine in ENGINES_FOR["onnx"]
    )
    for other in others:
        assert np.abs(onnx - other).max() <= 1e-4 * np.abs(onnx).max()


def test_an_engine_s_sound_is_made_again_by_that_engine(tiny: Path) -> None:
    generate(tiny, "kick", "--seed", 5, "--engine", "openvino", "--out", "a.wav")
    asked = ("--model", tiny, "--threads", 1, "--json")  # its sums depend on the number of threads
    told = json.loads(run("reproduce", "a.wav", *asked).stdout)
    assert told["same_file"] is True


def test_a_seed_is_drawn_and_told(tiny: Path) -> None:
    told = [json.loads(generate(tiny, "kick", "--json").stdout) for _ in range(2)]
    assert told[0]["seed"] != told[1]["seed"]
    generate(tiny, "kick", "--seed", told[0]["seed"], "--out", "again.wav")
    assert Path("again.wav").read_bytes() == Path(told[0]["path"]).read_bytes()


def test_a_byte_order_mark_is_no_part_of_a_prompt(tiny: Path) -> None:
    result = generate(tiny, "-", "--json", stdin="\ufeffsnare\n")
    assert json.loads(result.stdout)["prompt"] == "snare"


def test_prompts_come_from_arguments_stdin_and_a_file(tiny: Path, here: Path) -> None:
    Path("prompts.txt").write_text("\ufeffhi-hat\n\n  clap  \n", encoding="utf-8")
    arguments = ("kick", "-", "--prompts-file", "prompts.txt", "--seed", 1, "--quiet")
    result = generate(tiny, *arguments, stdin="snare\n\nrim\n")
    names = ["kick_1.wav", "snare_1.wav", "rim_1.wav", "hi-hat_1.wav", "clap_1.wav"]
    assert result.stdout.splitlines() == names
    assert tree(here) == {*names, "prompts.txt"}


def test_variations_count_the_seed_up(tiny: Path, here: Path) -> None:
    generate(tiny, "kick", "snare", "--seed", 7, "--variations", 2)
    assert tree(here) == {"kick_7.wav", "kick_8.wav", "snare_7.wav", "snare_8.wav"}
    generate(tiny, "kick", "--seed", 8, "--out", "alone.wav")
    assert Path("alone.wav").read_bytes() == Path("kick_8.wav").read_bytes()


@pytest.mark.parametrize("format", FORMATS)
def test_every_format_holds_the_sound_and_its_settings(tiny: Path, format: str) -> None:
    generate(tiny, "kick", "--seed", 1, "--format", format)
    with soundfile.SoundFile(f"kick_1.{format}") as file:
        assert (file.samplerate, file.channels, file.frames) == (44100, 2, SAMPLES)
        assert file.title == "kick"
        settings = json.loads(file.comment)
    assert (settings["prompt"], settings["seed"]) == ("kick", 1)


@pytest.mark.parametrize(
    ("bits", "subtype"), [("16", "PCM_16"), ("24", "PCM_24"), ("32f", "FLOAT")]
)
def test_the_sample_width_is_as_asked(tiny: Path, bits: str, subtype: str) -> None:
    generate(tiny, "kick", "--seed", 1, "--bits", bits, "--out", "kick.wav")
    assert soundfile.info("kick.wav").subtype == subtype


def test_out_takes_a_folder(tiny: Path, here: Path) -> None:
    Path("sounds").mkdir()
    result = generate(tiny, "kick", "--seed", 1, "--out", "sounds", "--format", "flac", "-q")
    assert result.stdout == f"{Path('sounds/kick_1.flac')}\n"
    assert tree(here) == {"sounds", "sounds/kick_1.flac"}


def test_files_are_replaced_only_by_force(tiny: Path, here: Path) -> None:
    for _ in range(2):
        generate(tiny, "kick", "--seed", 1)
    assert tree(here) == {"kick_1.wav", "kick_1-2.wav"}
    Path("kick_1.wav").write_text("older")
    generate(tiny, "kick", "--seed", 1, "--force")
    assert Path("kick_1.wav").read_bytes() == Path("kick_1-2.wav").read_bytes()
    Path("named.wav").write_text("older")
    generate(tiny, "kick", "--seed", 1, "--out", "named.wav", "--force")
    assert Path("named.wav").read_bytes() == Path("kick_1.wav").read_bytes()


def test_stdout_gets_the_sound_and_stderr_the_words(tiny: Path) -> None:
    common = ("--seconds", TINY_SECONDS, "--model", tiny, "--seed", 1)
    to_stdout = command("generate", "kick", *common, "--out", "-")
    wav = subprocess.run(to_stdout, capture_output=True, check=True)
    assert wav.stderr.startswith(b"stdout  0.02 s  seed 1")
    generate(tiny, "kick", "--seed", 1)
    assert wav.stdout == Path("kick_1.wav").read_bytes()
    flac = subprocess.run([*to_stdout, "--format", "flac", "-q"], capture_output=True, check=True)
    assert soundfile.info(io.BytesIO(flac.stdout)).format == "FLAC"
    assert flac.stderr == b""


def test_a_reader_that_stops_early_is_no_crash(tiny: Path) -> None:
    arguments = ("kick", "--seconds", TINY_SECONDS, "--model", tiny, "--out", "-")
    words = shlex.join(command("generate", *arguments))
    done = subprocess.run(["bash", "-c", f"{words} | head --bytes 0"], capture_output=True)
    assert done.stdout == b""
    assert b"Traceback" not in done.stderr


def test_json_says_all_that_made_a_clip(tiny: Path) -> None:
    flow = ("--steps", 4, "--sampler", "euler", "--cfg-scale", 2, "--cfg-rescale", 0.5)
    more = ("--cfg-interval", 0.1, 0.9, "--negative-prompt", "noise", "--json")
    told = json.loads(generate(tiny, "kick", "--seed", 3, *flow, *more).stdout)
    assert told.pop("elapsed_seconds") > 0
    assert told.pop("gain_db") <= 0
    assert told.pop("versions")["soundlet"] == soundlet.__version__
    assert [len(told.pop(f"{name}_sha256")) for name in ("model", "latents")] == [64, 64]
    assert told == {
        "path": "kick_3.wav",
        "soundlet": soundlet.__version__,
        "model": "tiny",
        "prompt": "kick",
        "negative_prompt": "noise",
        "seconds": TINY_SECONDS,
        "seed": 3,
        "candidates": 1,
        "steps": 4,
        "sampler": "euler",
        "cfg_scale": 2.0,
        "cfg_rescale": 0.5,
        "cfg_interval": [0.1, 0.9],
        "init_audio": None,
        "init_audio_sha256": None,
        "engine": "onnx",
        "loop": False,
        "grid": None,
        "edits": [],
        "level": None,
        "init_noise_level": 1.0,
        "truncate_prompt": False,
        "short_window": False,
        "n_frames": None,
        "reference": False,
        "sample_rate": 44100,
        "channels": 2,
        "samples": SAMPLES,
        "format": "wav",
    }


def test_json_fills_in_the_defaults(tiny: Path) -> None:
    told = json.loads(generate(tiny, "kick", "--json").stdout)
    facts = json.loads(run("info", tiny, "--json").stdout)
    assert {name: told[name] for name in ("steps", "sampler", "cfg_scale")} == {
        name: facts["defaults"][name] for name in ("steps", "sampler", "cfg_scale")
    }


def test_the_best_of_several_candidates_is_told(choosing_bundle: Path) -> None:
    several = [json.loads(generate(choosing_bundle, "kick", *more, "--seed", 1, "--json").stdout)
               for more in ((), ("--candidates", 3), ("--candidates", 1))]  # fmt: skip
    assert [each["candidates"] for each in several] == [3, 3, 1]
    by_default, three, _ = (each["latents_sha256"] for each in several)
    assert by_default == three


def test_a_sound_can_be_the_start(tiny: Path) -> None:
    tone = np.sin(np.arange(2000) / 10) / 2
    soundfile.write("tone.flac", tone, 22050)
    generate(tiny, "kick", "--seed", 1, "--init-audio", "tone.flac", "--init-noise-level", 0.3)
    generate(tiny, "kick", "--seed", 1, "--out", "without.wav")
    assert Path("kick_1.wav").read_bytes() != Path("without.wav").read_bytes()


def test_a_long_prompt_is_cut_where_asked(tiny: Path, here: Path) -> None:
    result = generate(tiny, "drum " * 60, "kick", "--seed", 1, "--truncate")
    (note,) = result.stderr.splitlines()
    excerpt = "drum drum drum drum drum drum drum dr..."
    assert note == f"note: cut to what this model reads: {excerpt!r}"
    assert tree(here) == {f"{'drum-' * 12}_1.wav".replace("-_", "_"), "kick_1.wav"}


@pytest.mark.parametrize("form", [[], ["--bits", "32f"]])
def test_a_file_holds_its_settings_however_long_its_prompt_is(tiny: Path, form: list[str]) -> None:
    Path("list.txt").write_text("kick \U0001f941 " * 5000)
    asked = ("--prompts-file", "list.txt", "--truncate", "--seed", 1, *form)
    generate(tiny, *asked, "--out", "a.wav")
    common = ("--seconds", TINY_SECONDS, "--model", tiny, "--threads", 1, "--out", "-")
    piped = subprocess.run(command("generate", *asked, *common), capture_output=True, check=True)
    Path("piped.wav").write_bytes(piped.stdout)
    for path in ("a.wav", "piped.wav"):
        settings = read_sound_file(path).settings
        assert settings is not None
        assert settings["prompt"] == Path("list.txt").read_text().strip()
        assert soundfile.info(path).frames == SAMPLES
