"""The C++ runner: Python's sound for a seed, and one line for whatever it is given."""

from __future__ import annotations

import os
import random
import resource
import shutil
import struct
import subprocess
from pathlib import Path

import numpy as np
import pytest
import soundfile

import soundlet
from soundlet.bundle import TOKENIZER, open_bundle
from soundlet.spectrogram import analyse, synthesise
from soundlet.stft import SpectrogramFormat
from soundlet.tokenizer import Tokenizer
from soundlet.verify import snr_db

pytestmark = pytest.mark.slow

Outcome = subprocess.CompletedProcess[str]


def run(runner: Path, folder: Path, *flags: object, prompt: str = "kick") -> Outcome:
    words = ["-m", str(folder), "-p", prompt, "-t", "1", *map(str, flags)]
    return subprocess.run(
        [str(runner), *words], capture_output=True, text=True, errors="replace", timeout=60
    )


def refused(outcome: Outcome, *says: str) -> None:
    """One line, exit code 1 or 2, and no word of a sanitizer."""
    assert outcome.returncode in (1, 2), outcome.stderr
    last = outcome.stderr.replace("\r", "\n").strip().splitlines()[-1]
    assert last.startswith("error: "), outcome.stderr
    assert "Sanitizer" not in outcome.stderr
    for text in says:
        assert text in last


@pytest.mark.parametrize("seed", [1, 4294967295])
def test_a_seed_gives_pythons_latents_and_samples(
    runner: Path, programs: Path, tmp_path: Path, seed: int
) -> None:
    wav, raw = tmp_path / "clip.wav", tmp_path / "latents"
    done = run(runner, programs, "-s", seed, "-l", "0.02", "-o", wav, "-L", raw, prompt="warm pads")
    assert done.returncode == 0, done.stderr
    clip = soundlet.load(programs).generate("warm pads", seconds=0.02, seed=seed)
    latents = np.fromfile(raw, np.float32).reshape(clip.latents.shape)
    assert np.abs(latents - clip.latents).max() < 1e-5 * np.abs(clip.latents).max()
    audio, rate = soundfile.read(wav, dtype="float32")
    assert rate == clip.sample_rate
    assert np.abs(audio.T - clip.audio).max() < 1e-5


@pytest.mark.parametrize(("level", "channels"), [(0.6, 2), (0.6, 1), (0.6, 5), (0.1, 2)])
def test_a_sound_to_start_from_is_the_same_as_in_python(
    runner: Path, programs: Path, tmp_path: Path, level: float, channels: int
) -> None:
    noise = np.random.default_rng(0).uniform(-0.5, 0.5, (900, channels)).astype(np.float32)
    soundfile.write(tmp_path / "init.wav", noise, 44100, subtype="FLOAT")
    wav = tmp_path / "clip.wav"
    flags = ("-i", tmp_path / "init.wav", "-x", level, "-n", "4", "-s", "5", "-l", "0.02")
    done = run(runner, programs, *flags, "-o", wav)
    assert done.returncode == 0, done.stderr
    clip = soundlet.load(programs).generate(
        "kick", seconds=0.02, seed=5, steps=4, init_audio=tmp_path / "init.wav",
        init_noise_level=level,
    )  # fmt: skip
    audio, _ = soundfile.read(wav, dtype="float32")
    assert np.abs(audio.T - clip.audio).max() < 1e-4


def test_a_prompt_beyond_the_window_is_refused(
    runner: Path, programs: Path, tmp_path: Path
) -> None:
    bundle = open_bundle(programs)
    tokenizer = Tokenizer(bundle.folder / TOKENIZER, bundle.config.prompt_max_length)
    fits = "a" * (bundle.config.prompt_max_length - 2)
    assert tokenizer.count(fits) == bundle.config.prompt_max_length - 1  # an end mark follows
    assert tokenizer.count("a" * 64) == 65
    out = tmp_path / "o.wav"
    refused(run(runner, programs, "-o", out, prompt=f"{fits}a"), "tokens long")
    refused(run(runner, programs, "-o", out, prompt="a" * 64), "65 tokens long")
    assert not out.exists()
    done = run(runner, programs, "-l", "0.02", "-o", out, prompt=fits)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("prompt", ["", " \t", "\u3000\x85\v", "kick \udcff", "kick \udce2\udc82"])
def test_prompts_that_are_blank_or_no_text_are_refused(
    runner: Path, programs: Path, tmp_path: Path, prompt: str
) -> None:
    """As in Python; the odd characters are bytes that are not UTF-8."""
    refused(run(runner, programs, "-o", tmp_path / "o.wav", prompt=prompt), "-p")
    assert not any(tmp_path.iterdir())


def test_prompts_of_any_script_are_taken(runner: Path, programs: Path, tmp_path: Path) -> None:
    out = tmp_path / "o.wav"
    for prompt in ("é½", "日本 x", "🥁"):
        done = run(runner, programs, "-l", "0.02", "-o", out, prompt=prompt)
        assert done.returncode == 0, done.stderr


def test_signs_of_music_are_read_as_captions_write_them(
    runner: Path, programs: Path, tmp_path: Path
) -> None:
    sounds = []
    for prompt in ("B♭ and E♭", "Bb and Eb", "B and E"):
        out = tmp_path / "o.wav"
        assert run(runner, programs, "-l", "0.02", "-o", out, prompt=prompt).returncode == 0
        sounds.append(out.read_bytes())
    assert sounds[0] == sounds[1] != sounds[2]


def test_links_stay_links_pipes_are_written_to_and_files_of_others_stay(
    runner: Path, programs: Path, tmp_path: Path
) -> None:
    (tmp_path / "link.wav").symlink_to(tmp_path / "real.wav")
    (tmp_path / "real.wav").write_bytes(b"old")
    (tmp_path / "link.wav.part").write_bytes(b"another's")
    done = run(runner, programs, "-l", "0.02", "-o", tmp_path / "link.wav")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "link.wav").is_symlink()
    assert (tmp_path / "link.wav.part").read_bytes() == b"another's"
    (tmp_path / "to-nothing.wav").symlink_to("new.wav")
    done = run(runner, programs, "-l", "0.02", "-o", tmp_path / "to-nothing.wav")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "to-nothing.wav").is_symlink()
    os.mkfifo(tmp_path / "pipe")
    listener = os.open(tmp_path / "pipe", os.O_RDONLY | os.O_NONBLOCK)
    done = run(runner, programs, "-l", "0.02", "-o", tmp_path / "pipe")
    assert done.returncode == 0, done.stderr
    assert os.read(listener, 2**20) == (tmp_path / "real.wav").read_bytes()
    os.close(listener)
    assert (tmp_path / "new.wav").read_bytes() == (tmp_path / "real.wav").read_bytes()
    assert {each.name for each in tmp_path.iterdir()} == {
        "link.wav", "link.wav.part", "real.wav", "to-nothing.wav", "new.wav", "pipe"
    }  # fmt: skip


def test_a_sound_alone_goes_into_the_pipe_that_stdout_is(runner: Path, programs: Path) -> None:
    words = ["-m", programs, "-p", "kick", "-l", "0.02", "-t", "1", "-o", "/dev/stdout"]
    done = subprocess.run([str(runner), *map(str, words)], capture_output=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert done.stdout[:4] == b"RIFF"
    assert len(done.stdout) == 8 + int.from_bytes(done.stdout[4:8], "little")


def test_a_file_that_cannot_be_written_to_its_end_is_not_left(
    runner: Path, programs: Path, tmp_path: Path
) -> None:
    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))

    words = ["-m", programs, "-p", "kick", "-l", "0.02", "-t", "1", "-o", tmp_path / "o.wav"]
    done = subprocess.run(
        [str(runner), *map(str, words)], capture_output=True, text=True, timeout=60,
        preexec_fn=limit, restore_signals=False,
    )  # fmt: skip
    refused(done, "o.wav cannot be written: File too large")
    assert not any(tmp_path.iterdir())


def test_where_latents_cannot_go_is_told_before_the_work(
    runner: Path, programs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "o.wav"
    nowhere = tmp_path / "nowhere" / "latents"
    for latents, says in ((nowhere, "No such file"), (tmp_path, "is a folder"), (out, "-o and -L")):
        done = run(runner, programs, "-l", "0.02", "-o", out, "-L", latents)
        refused(done, says)
        assert "step" not in done.stderr
    monkeypatch.chdir(tmp_path)
    for output in ("o.wav", "../" + tmp_path.name + "/o.wav"):
        refused(run(runner, programs, "-o", output, "-L", "./o.wav"), "-o and -L")
    refused(run(runner, programs, "-o", "o" * 300), "File name too long")
    assert not any(tmp_path.iterdir())


def test_spectrogram_frames_become_pythons_sound(runner: Path, tmp_path: Path) -> None:
    """Without phase recovery to rounding; with it, as far as it lets rounding grow."""
    form = SpectrogramFormat(n_fft=512, hop_length=128, n_bands=12)
    time = np.arange(128 * 41) / 44100
    tone = 0.5 * np.sin(2 * np.pi * 440 * time) * np.exp(-20 * time)
    noise = np.random.default_rng(0).uniform(-0.1, 0.1, (2, len(time)))
    frames = analyse((tone + noise * np.exp(-60 * time))[None].astype(np.float32), form)
    frames.tofile(tmp_path / "frames")
    for iterations, least_db in ((0, 80.0), (16, 20.0)):
        words = ("frames", "samples", "512", "128", "12", str(iterations))
        subprocess.run([str(runner.with_name("synthesise")), *words], cwd=tmp_path, check=True)
        found = np.fromfile(tmp_path / "samples", np.float32).reshape(2, -1)
        assert snr_db(found, synthesise(frames, form, iterations=iterations)[0]) > least_db


PROGRAMS = ("conditioners_model.pte", "dit_model.pte", "autoencoder_model.pte", "spiece.model")


@pytest.mark.parametrize("name", PROGRAMS)
@pytest.mark.parametrize("harm", ["missing", "empty", "cut", "text", "folder"])
def test_a_damaged_file_is_one_line(
    runner: Path, programs: Path, tmp_path: Path, name: str, harm: str
) -> None:
    folder = tmp_path / "programs"
    shutil.copytree(programs, folder)
    file = folder / name
    whole = file.read_bytes()
    file.unlink()
    if harm == "folder":
        file.mkdir()
    elif harm != "missing":
        content = {"empty": b"", "cut": whole[: len(whole) // 2], "text": b"hello\n" * 9999}
        file.write_bytes(content[harm])
    refused(run(runner, folder, "-o", tmp_path / "o.wav"), str(file))
    assert not (tmp_path / "o.wav").exists()


@pytest.mark.parametrize("name", PROGRAMS[:3])
def test_bytes_changed_at_random_never_reach_memory(
    runner: Path, programs: Path, tmp_path: Path, name: str
) -> None:
    """Whatever comes of it, no sanitizer speaks: weights may change and still make a sound."""
    rng = random.Random(name)
    for _ in range(6):
        folder = tmp_path / "programs"
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(programs, folder)
        data = bytearray((folder / name).read_bytes())
        for _ in range(40):
            data[rng.randrange(min(len(data), 4000))] = rng.randrange(256)
        (folder / name).write_bytes(data)
        outcome = run(runner, folder, "-o", tmp_path / "o.wav")
        assert outcome.returncode in (0, 1), outcome.stderr
        assert "Sanitizer" not in outcome.stderr


def test_programs_of_other_parts_are_refused(runner: Path, programs: Path, tmp_path: Path) -> None:
    for given, place in (("dit", "conditioners"), ("encoder", "autoencoder")):
        folder = tmp_path / place
        shutil.copytree(programs, folder)
        shutil.copy(folder / f"{given}_model.pte", folder / f"{place}_model.pte")
        refused(run(runner, folder, "-o", tmp_path / "o.wav"))


@pytest.mark.parametrize(
    "flags",
    [
        ("-l", "0"), ("-l", "99999"), ("-l", "nan"), ("-l", "60"), ("-s", "-1"),
        ("-s", "4294967296"), ("-n", "0"), ("-n", "abc"), ("-t", "0"), ("-x", "2"), ("-x", "0.5"),
        ("-o", "/nowhere/x.wav"), ("-o", "/tmp"), ("-i", "/nowhere.wav", "-x", "0.5"), ("-z",),
        ("-i",), ("left over",), ("-m", "/nowhere"),
    ],
)  # fmt: skip
def test_flags_that_make_no_sense_are_one_line(
    runner: Path, programs: Path, tmp_path: Path, flags: tuple[str, ...]
) -> None:
    refused(run(runner, programs, "-o", tmp_path / "o.wav", *flags))
    assert not any(tmp_path.iterdir())


def header(size: int, channels: int = 2, bits: int = 16, kind: int = 1, rate: int = 44100) -> bytes:
    frame = channels * bits // 8
    form = struct.pack("<IHHIIHH", 16, kind, channels, rate, rate * frame, frame, bits)
    riff = struct.pack("<I", (36 + size) % 2**32)
    return b"RIFF" + riff + b"WAVEfmt " + form + b"data" + struct.pack("<I", size)


WAVS = {
    "cut short": header(100_000) + bytes(10),
    "larger than it is": header(0xFFFFFFF0) + bytes(400),
    "no channels": header(400, channels=0) + bytes(400),
    "8 bits": header(400, bits=8) + bytes(400),
    "nothing": b"",
    "riff only": b"RIFF\0\0\0\0WAVE",
    "no data": header(0)[:36],
    "no samples": header(0),
    "endless chunk": b"RIFF\0\0\0\0WAVEjunk\xff\xff\xff\xff",
    "not numbers": header(32, bits=32, kind=3) + struct.pack("<8f", *[float("nan")] * 8),
    "another rate": header(400, rate=8000) + bytes(400),
}


@pytest.mark.parametrize("name", WAVS)
def test_a_sound_that_cannot_be_read_is_one_line(
    runner: Path, programs: Path, tmp_path: Path, name: str
) -> None:
    (tmp_path / "init.wav").write_bytes(WAVS[name])
    flags = ("-i", tmp_path / "init.wav", "-x", "0.5", "-o", tmp_path / "o.wav")
    refused(run(runner, programs, *flags), "init.wav")
    assert not (tmp_path / "o.wav").exists()
