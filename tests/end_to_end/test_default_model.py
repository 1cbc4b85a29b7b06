"""The model inside the package: what the README promises of the first command."""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path

import numpy as np
import pytest
import soundfile

import soundlet
from tests.end_to_end.commands import command, run

PROMPT = "techno drum loop 128 BPM"
MANY = (
    "clarinet, sitar, bass guitar, music box, acid bass, kalimba, celesta, dark pad, dulcimer, jazz"
    " kit, square lead, slap bass, choir, flute, snare drum, steel drum, hoover, distorted guitar"
)


@pytest.fixture(scope="module")
def model() -> soundlet.Model:
    return soundlet.load()


def cpu_seconds_of_children() -> float:
    """What finished processes of ours have used: hardly disturbed by whatever else runs."""
    times = os.times()
    return times.children_user + times.children_system


def test_the_first_command_of_the_readme_makes_a_sound(here: Path) -> None:
    before = cpu_seconds_of_children()
    arguments = ("generate", PROMPT, "--seconds", 6, "--seed", 1)
    done = subprocess.run(command(*arguments), capture_output=True, text=True)
    spent = cpu_seconds_of_children() - before
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("techno-drum-loop-128-bpm_1.wav  6 s  seed 1")
    audio, rate = soundfile.read("techno-drum-loop-128-bpm_1.wav")
    assert (rate, audio.shape) == (44100, (6 * 44100, 2))
    assert 0.05 < np.abs(audio).max() <= 1
    assert [path.name for path in here.iterdir()] == ["techno-drum-loop-128-bpm_1.wav"]
    assert spent < 20  # 10 s on two cores


LONG = (
    "Hi there, I have been thinking about this all day, and what I really need for the intro of my"
    " next video, if it is not too much trouble, is a techno drum loop made with a 909 kit, dark"
    " and driving, run through some reverb, 128 BPM, thank you so much in advance, and a nice day"
)
FORM = (
    "sort of thing: sustained chords / scene: drum and bass / players: church organ, harpsichord"
    " / impression: solemn, majestic, lonely / signal chain: tremolo, opening filter, chorus"
    " / song key: F# minor / project tempo: 172 / remark: not more than two bars if possible"
)


@pytest.mark.parametrize("prompt", [LONG, FORM])
def test_a_prompt_that_fills_the_window_is_no_louder_than_another(
    model: soundlet.Model, prompt: str
) -> None:
    with pytest.raises(soundlet.RequestError, match="cut"):
        model.generate(prompt, seconds=2)
    for seed in range(3):
        clip = model.generate(prompt, seconds=2, seed=seed, truncate_prompt=True)
        assert clip.gain_db > -20


@pytest.mark.parametrize("word", ["rain", "kick", "thunder", "D minor pad"])
def test_a_word_said_over_and_over_hardly_turns_a_sound_down(
    model: soundlet.Model, word: str
) -> None:
    prompt = ", ".join([word] * 12)
    for seed in range(3):
        clip = model.generate(prompt, seconds=2, seed=seed, candidates=1)
        assert clip.gain_db > -6


def test_a_list_of_many_instruments_hardly_turns_a_sound_down(model: soundlet.Model) -> None:
    for seed in range(3):
        clip = model.generate(MANY, seconds=2, seed=seed, candidates=1)
        assert clip.gain_db > -6


def test_the_guidance_that_a_refusal_names_makes_sounds(model: soundlet.Model) -> None:
    with pytest.raises(soundlet.RequestError) as refused:
        model.generate("rain", negative_prompt="piano")
    found = re.search(r"set cfg_scale, to ([\d.]+)", str(refused.value))
    assert found is not None
    for prompt in ("rain", "lo-fi piano chords, 80 BPM", "warm pad"):
        clip = model.generate(
            prompt,
            seconds=2,
            seed=1,
            candidates=1,
            negative_prompt="drums",
            cfg_scale=float(found[1]),
        )
        assert clip.gain_db > -6


@pytest.mark.parametrize("prompt", ["deep bass line", "808 kick", "organ chords"])
def test_a_sound_begins_without_a_click(model: soundlet.Model, prompt: str) -> None:
    for seed in range(3):
        audio = model.generate(prompt, seconds=1, seed=seed, candidates=1).audio
        assert np.abs(audio[:, 0]).max() < 0.001
        steps = np.abs(np.diff(audio[:, :44]))
        assert steps.max() < 0.05 * np.abs(audio).max()


def test_a_sound_that_is_hardly_changed_keeps_its_level(model: soundlet.Model) -> None:
    prompt = "lo-fi piano chords, 80 BPM"
    piano = model.generate(prompt, seconds=2, seed=1, candidates=1)
    start = (piano.audio, piano.sample_rate)
    for level in (0.01, 0.05, 0.1):
        changed = model.generate(
            prompt, seconds=2, seed=1, candidates=1, init_audio=start, init_noise_level=level
        )
        rms = [float(np.sqrt(np.mean(clip.audio**2))) for clip in (piano, changed)]
        assert changed.gain_db == 0
        assert 0.8 < rms[1] / rms[0] < 1.25


def test_the_command_line_and_python_make_the_same_file(model: soundlet.Model) -> None:
    for out in ("first.wav", "again.wav"):
        result = run("generate", PROMPT, "--seconds", 2, "--seed", 1, "--out", out)
        assert result.exit_code == 0, result.output
    model.generate(PROMPT, seconds=2, seed=1).save("python.wav")
    first, again, python = (Path(f"{n}.wav").read_bytes() for n in ("first", "again", "python"))
    assert first == again == python


def test_both_engines_make_the_same_latents(model: soundlet.Model) -> None:
    ours = model.generate(PROMPT, seconds=2, seed=1).latents
    torch = soundlet.load(engine="torch", threads=1)  # its threads spin where cores are busy
    theirs = torch.generate(PROMPT, seconds=2, seed=1).latents
    assert np.abs(ours - theirs).max() <= 1e-4 * np.abs(ours).max()


def test_a_batch_is_its_clips_made_alone(model: soundlet.Model) -> None:
    requests = [
        soundlet.GenerationRequest(prompt=prompt, seconds=1, seed=seed)
        for prompt, seed in (("kick", 1), ("rain", 2))
    ]
    for clip, request in zip(model.generate_batch(requests), requests, strict=True):
        assert np.array_equal(clip.audio, model.generate(request).audio)


def test_different_prompts_and_seeds_give_different_sounds(model: soundlet.Model) -> None:
    asked = (("kick", 1), ("kick", 2), ("rain", 1))
    kick, other, rain = (model.generate(text, seconds=1, seed=seed).audio for text, seed in asked)
    level = np.sqrt(np.mean(kick**2))
    for different in (other, rain):
        assert np.sqrt(np.mean((kick - different) ** 2)) > 0.1 * level


def test_info_and_doctor_know_it() -> None:
    facts = json.loads(run("info", "--verify", "--json").stdout)
    assert facts["sample_rate"] == 44100
    assert facts["channels"] == 2
    assert facts["max_seconds"] >= 10
    assert facts["licence"]
    assert facts["verified"] is True
    result = run("doctor")
    assert result.exit_code == 0, result.stdout
