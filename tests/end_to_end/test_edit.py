"""`soundlet edit`: the error table of docs/editing.md line by line, and what is printed."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import numpy as np
import pytest

from soundlet.audio import read_audio, write_audio
from tests.end_to_end.commands import TINY_SECONDS, command, run
from tests.end_to_end.test_bad_input import refused

LENGTH = 1500


@pytest.fixture(autouse=True)
def noise() -> None:
    """A sound of another program."""
    audio = np.random.RandomState(2).uniform(-0.5, 0.5, (2, LENGTH)).astype(np.float32)
    write_audio("noise.wav", audio, 44100)
    write_audio("silence.wav", 0 * audio, 44100)


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (("nowhere.wav",), 1, ("nowhere.wav", "no such file")),
        (("nowhere.wav", "rain"), 1, ("nowhere.wav", "no such file")),
        (("noise.wav",), 1, ("does not say what it was made from",)),
        (("noise.wav", "rain", "--strength", 1), 1, ("strength", "below 1")),
        (("noise.wav", "rain", "--blend", "wind", "--share", "2"), 1, ("share", "0 to 1")),
        (("noise.wav", "rain", "--after", 1, "--resamplings", 0), 1, ("resamplings", "1 to 10")),
        (("noise.wav", "rain", "--from", 0.01, "--to", 9), 1, ("ends after the sound",)),
        (("noise.wav", "rain", "--from", 0.02, "--to", 0.01), 1, ("first < last",)),
        (("noise.wav", "rain", *("--from", 0, "--to", 0.02) * 2), 1, ("overlap",)),
        (("noise.wav", "rain", "--after", 1, "--in-bars"), 1, ("bpm",)),
        (("silence.wav", "--one-shot"), 1, ("no hit",)),
        (("noise.wav", "rain", "--after", 1, "--blend", "wind"), 2, ("--before", "--blend")),
        (("noise.wav", "rain", "--at", 1), 2, ("--at",)),
        (("noise.wav", "--one-shot", "--strength", 0.5), 2, ("--strength",)),
        (("noise.wav", "--one-shot", "--variations", 2), 2, ("--variations",)),
        (("noise.wav", "--one-shot", "--steps", 0), 2, ("--steps", "no effect on one_shot")),
        (("noise.wav", "--one-shot", "--seed", 1), 2, ("--seed",)),
        (("noise.wav", "--one-shot", "--negative-prompt", "hum"), 2, ("--negative-prompt",)),
        (("noise.wav", "--one-shot", "--truncate"), 2, ("--truncate",)),
        (("noise.wav", "snare", "--one-shot"), 2, ("PROMPT",)),
        (("noise.wav", "rain", "--after", 0), 1, ("say how many seconds to add",)),
        (("noise.wav", "rain", "--before", 0, "--after", 0), 1, ("before, after, or both",)),
        (("noise.wav", "rain", "--bpm", 100), 2, ("--bpm", "without --in-bars")),
        (("noise.wav", "rain", "--beats-per-bar", 3), 2, ("--beats-per-bar",)),
        (("noise.wav", "rain", "--in-bars", "--bpm", 100), 2, ("--in-bars", "no place")),
        (("noise.wav", "rain", "--from", 0.1), 2, ("1 --from and 0 --to",)),
        (("noise.wav", "rain", "--blend", "wind", "--share", "a:b"), 2, ("'a:b'",)),
        (("noise.wav", "rain", "--variations", 2, "--out", "one.wav"), 2, ("2 clips",)),
    ],
)
def test_what_bad_input_gets(
    tiny: Path, arguments: tuple[object, ...], code: int, says: tuple[str, ...]
) -> None:
    refused("edit", *arguments, "--model", tiny, code=code, says=says)


def test_what_is_kept_comes_back_to_the_last_bit(tiny: Path) -> None:
    options = ("--model", tiny, "--seed", 1, "--steps", 2, "--crossfade", 0)
    result = run("edit", "noise.wav", "rain", "--after", 0.02, *options, "--out", "more.wav")
    assert result.exit_code == 0, result.stderr
    before, after = read_audio("noise.wav")[0], read_audio("more.wav")[0]
    assert after.shape == (2, LENGTH + 882)
    np.testing.assert_array_equal(after[:, :LENGTH], before)


def test_json_tells_the_edit(tiny: Path) -> None:
    options = ("--model", tiny, "--seed", 1, "--steps", 2, "--json")
    result = run("edit", "noise.wav", "rain", "--variations", 2, *options)
    assert result.exit_code == 0, result.stderr
    first, second = (json.loads(line) for line in result.stdout.splitlines())
    assert first["operation"] == first["edits"][0]["operation"] == "variation"
    assert first["edits"][0]["audio"] == "noise.wav"
    assert (first["seed"], second["seed"]) == (1, 2)
    assert Path(first["path"]).exists()
    assert first["path"] != second["path"]


def test_a_sound_of_ours_brings_its_prompt_and_can_be_made_again(tiny: Path) -> None:
    options = ("--model", tiny, "--steps", 2, "--seed", 3)
    made = run("generate", "kick drum", "--seconds", TINY_SECONDS, *options, "--out", "kick.wav")
    assert made.exit_code == 0, made.stderr
    edited = run("edit", "kick.wav", "--after", 0.02, *options, "--out", "longer.wav", "--json")
    assert edited.exit_code == 0, edited.stderr
    told = json.loads(edited.stdout)
    assert told["prompt"] == "kick drum"
    assert told["edits"][0]["source"]["prompt"] == "kick drum"
    again = run("reproduce", "longer.wav", "--model", tiny, "--json")
    assert again.exit_code == 0, again.stderr
    comparison = json.loads(again.stdout)
    assert comparison["same_latents"]
    assert comparison["same_samples"]


def test_bars_are_those_of_the_loop(tiny: Path) -> None:
    options = ("--model", tiny, "--steps", 2, "--seed", 3)
    grid = ("--bpm", 240, "--bars", 1, "--beats-per-bar", 2)
    made = run("loop", "kick", *grid, *options, "--out", "loop.wav")
    assert made.exit_code == 0, made.stderr
    place = ("--from", 0, "--to", 0.5, "--in-bars", "--json")
    for further, seconds in (((), 0.25), (("--beats-per-bar", 1, "--bpm", 300), 0.1)):
        edited = run("edit", "loop.wav", "rain, 90 BPM", *place, *further, *options)
        assert edited.exit_code == 0, edited.stderr
        assert json.loads(edited.stdout)["edits"][0]["regions"] == [[0, seconds]]


def test_a_hit_brings_the_prompt_of_the_sound_it_was_cut_out_of(tiny: Path) -> None:
    options = ("--model", tiny, "--steps", 2, "--seed", 3)
    made = run("generate", "kick drum", "--seconds", TINY_SECONDS, *options, "--out", "kick.wav")
    assert made.exit_code == 0, made.stderr
    for sound, prompt in (("kick.wav", "kick drum"), ("noise.wav", "one-shot")):
        cut = run(
            "edit", sound, "--one-shot", "--model", tiny, "--out", "hit.wav", "--force", "--json"
        )
        assert cut.exit_code == 0, cut.stderr
        assert json.loads(cut.stdout)["prompt"] == prompt


def test_a_float_file_on_stdout_is_written_while_it_is_decoded(tiny: Path) -> None:
    line = command(
        "generate", "kick", "--model", tiny, "--seconds", TINY_SECONDS, "--seed", 1, "--steps", 2
    )
    done = subprocess.run([*line, "--out", "-", "--bits", "32f"], capture_output=True, check=True)
    Path("streamed.wav").write_bytes(done.stdout)
    subprocess.run([*line, "--out", "whole.wav", "--bits", "32f"], check=True, capture_output=True)
    streamed, whole = read_audio("streamed.wav")[0], read_audio("whole.wav")[0]
    gain = float(np.abs(whole).max() / np.abs(streamed).max())
    np.testing.assert_allclose(streamed * gain, whole, atol=1e-5)
    info = run("info", "streamed.wav", "--json")
    assert json.loads(info.stdout)["settings"]["seed"] == 1


def test_it_is_played_by_what_the_system_has(
    tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    room = tmp_path / "bin"
    room.mkdir()
    player = room / "aplay"
    player.write_text('#!/bin/sh\necho "$@" > played.txt\nexec cat > played.raw\n')
    player.chmod(0o755)
    monkeypatch.setenv("PATH", f"{room}:/usr/bin:/bin")
    monkeypatch.setattr("soundlet.playback._portaudio", lambda _rate, _channels: None)
    options = ("--model", tiny, "--seconds", TINY_SECONDS, "--seed", 1, "--steps", 2)
    result = run("generate", "kick", *options, "--play", "--out", "kick.wav", "--bits", "32f")
    assert result.exit_code == 0, result.stderr
    played = np.frombuffer(Path("played.raw").read_bytes(), "<f4").reshape(-1, 2).T
    assert played.shape == read_audio("kick.wav")[0].shape
    assert "-r44100 -c2" in Path("played.txt").read_text()
    player.write_text("#!/bin/sh\necho no device >&2\nexit 1\n")
    failed = run("generate", "kick", *options, "--play", "--out", "kick2.wav")
    assert failed.exit_code == 1
    assert "error: playing failed" in failed.stderr


def test_nothing_to_play_with(tiny: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("soundlet.playback._portaudio", lambda _rate, _channels: None)
    monkeypatch.setattr("soundlet.playback.PLAYERS", {})
    options = ("--model", tiny, "--seconds", TINY_SECONDS, "--out", "kick.wav")
    refused("generate", "kick", *options, "--play", says=("soundlet[play]",))
