"""`soundlet prompt`, `loop`, `reproduce`, and what shapes prompt and level in `generate`."""

from __future__ import annotations

import io
import json
from pathlib import Path

import numpy as np
import pytest
import soundfile
from typer.testing import Result

from benchmarks.wav_reader import read_loop
from soundlet.finish import level_of
from soundlet.loops import Measured
from tests.end_to_end.commands import TINY_SECONDS, run, tree

LOOP = ("loop", "kick loop", "--bpm", 240, "--bars", 1, "--beats-per-bar", 2, "--steps", 1)
LOOP_SAMPLES = 22050


def done(*arguments: object) -> Result:
    """A successful `soundlet ARGUMENTS`."""
    result = run(*arguments)
    assert result.exit_code == 0, result.output
    return result


# prompt


def test_a_prompt_is_read_into_parts_with_its_tokens(tiny: Path) -> None:
    told = done("prompt", "sad house chords, 200 BPM", "--model", tiny).stdout.splitlines()
    assert told[0] == "sad house chords, 200 BPM"
    assert "  genre       house" in told
    assert "  tempo       200" in told
    assert any(line.startswith("  tokens      ") and "of 15" in line for line in told)
    assert any("unusual for house" in line for line in told)
    assert any("no key, such as A minor" in line for line in told)


def test_a_prompt_is_made_of_parts(tiny: Path) -> None:
    parts = ("--genre", "house", "--element", "warm arpeggios", "--element", "909 kit")
    result = done("prompt", *parts, "--mood", "dreamy", "--bpm", 120, "--key", "Am", "--json",
                  "--model", tiny)  # fmt: skip
    facts = json.loads(result.stdout)
    assert facts["prompt"] == "house, warm arpeggios, 909 kit, dreamy, A minor, 120 BPM"
    assert facts["parts"]["key"] == ["A minor"]
    assert facts["kind"] == "arpeggio"
    assert facts.keys() == {
        "prompt", "kind", "parts", "unknown", "arranged", "advice", "tokens", "max_tokens",
    }  # fmt: skip


def test_a_prompt_that_is_too_long_is_counted_and_told(tiny: Path) -> None:
    assert "too long" in done("prompt", "drum " * 60, "--model", tiny).stdout


def test_ideas_repeat_by_seed() -> None:
    first = done("prompt", "--random", "--count", 3, "--seed", 5).stdout
    assert len(first.splitlines()) == 3
    assert done("prompt", "--random", "--count", 3, "--seed", 5).stdout == first
    assert done("prompt", "--random", "--seed", 60).stdout not in first
    house = done("prompt", "--random", "--genre", "house", "--seed", 1, "--json").stdout
    assert "house" in json.loads(house)["prompt"]


def test_presets_come_with_a_command() -> None:
    told = done("prompt", "--presets").stdout
    for name in ("one-shot", "loop", "texture", "effect"):
        assert name in told
    rows = [json.loads(line) for line in done("prompt", "--presets", "--json").stdout.splitlines()]
    assert all(row["command"].startswith("soundlet ") for row in rows)


# generate


def generate(tiny: Path, *arguments: object) -> Result:
    return done("generate", *arguments, "--model", tiny, "--threads", 1, "--seed", 1)


def test_generate_makes_its_prompt_of_parts(tiny: Path, here: Path) -> None:
    generate(tiny, "--genre", "house", "--key", "Am", "--bpm", 120, "--seconds", TINY_SECONDS)
    assert tree(here) == {"house-a-minor-120-bpm_1.wav"}


def test_parts_are_set_around_every_prompt(tiny: Path) -> None:
    result = generate(tiny, "kick", "snare", "--mood", "dark", "--seconds", TINY_SECONDS, "--json")
    prompts = [json.loads(line)["prompt"] for line in result.stdout.splitlines()]
    assert prompts == ["kick, dark", "snare, dark"]


def test_bars_set_the_length(tiny: Path) -> None:
    result = run("generate", "kick 400 BPM", "--bars", 1, "--model", tiny)
    assert result.exit_code == 1
    assert "not 0.6" in result.stderr  # four beats at 400 BPM, too long for the tiny model


def test_a_sound_is_brought_to_its_level(tiny: Path) -> None:
    result = generate(tiny, "kick", "--seconds", TINY_SECONDS, "--normalize", "peak",
                      "--true-peak", -6, "--out", "a.wav", "--bits", "32f", "--json")  # fmt: skip
    facts = json.loads(result.stdout)
    assert facts["level"]["true_peak"] == pytest.approx(-6, abs=0.02)
    audio, rate = soundfile.read("a.wav", dtype="float32", always_2d=True)
    assert level_of(np.ascontiguousarray(audio.T), rate).true_peak == pytest.approx(-6, abs=0.02)
    assert facts["edits"][0]["normalize"] == "peak"


def test_loudness_that_the_ceiling_does_not_allow_is_told(tiny: Path) -> None:
    result = generate(tiny, "kick", "--seconds", TINY_SECONDS, "--normalize", "loudness",
                      "--loudness", 0)  # fmt: skip
    assert "LUFS, not 0: the true peak is at its ceiling of -1 dBTP" in result.stderr


def test_a_sound_is_trimmed_and_faded(tiny: Path) -> None:
    generate(tiny, "kick", "--seconds", TINY_SECONDS, "--trim", "--fade-out", 0.005,
             "--out", "a.wav")  # fmt: skip
    audio, _ = soundfile.read("a.wav")
    assert len(audio) <= round(TINY_SECONDS * 44100)
    assert np.abs(audio[-1]).max() < 1e-3


# loop


def test_a_loop_is_exact_and_carries_its_points_and_tempo(tiny: Path, here: Path) -> None:
    result = done(*LOOP, "--model", tiny, "--seed", 1)
    (name,) = tree(here)
    assert result.stdout.startswith(f"{name}  seed 1\n")
    for words in ("1 bar of 2 at 240 BPM: 22050 samples", "drift", "tempo", "seam", "LUFS"):
        assert words in result.stdout
    seen = read_loop(name)
    assert (seen.n_samples, seen.start, seen.end) == (LOOP_SAMPLES, 0, LOOP_SAMPLES)
    assert (seen.bpm, seen.n_beats, seen.beats_per_bar) == (240, 2, 2)


def test_the_tempo_of_a_loop_may_stand_in_its_prompt(tiny: Path) -> None:
    result = done("loop", "kick loop 240 BPM", "--bars", 1, "--beats-per-bar", 2, "--steps", 1,
                  "--model", tiny, "--json")  # fmt: skip
    assert json.loads(result.stdout)["samples"] == LOOP_SAMPLES


def test_the_tempo_of_a_loop_may_have_many_digits(tiny: Path) -> None:
    tempo = ("--bpm", 240.0000001, "--bars", 1, "--beats-per-bar", 2, "--steps", 1, "--seed", 1)
    facts = json.loads(done("loop", "kick loop", *tempo, "--model", tiny, "--json").stdout)
    assert facts["grid"]["bpm"] == 240.0000001
    assert facts["prompt"] == "kick loop, 240 BPM"


def test_the_json_of_a_loop_has_its_measures(tiny: Path) -> None:
    result = done(*LOOP, "--model", tiny, "--seed", 3, "--best-of", 2, "--json")
    facts = json.loads(result.stdout)
    assert [tried["seed"] for tried in facts["tried"]] == [3, 4]
    assert facts["seed"] == min(facts["tried"], key=lambda tried: float(tried["cost"]))["seed"]
    assert facts["measured"].keys() == {"tempo", "seam", "level", "drift_ms_after_64", "cost"}
    assert facts["measured"]["seam"].keys() == {
        "spectral_db", "level_db", "inside_db", "score", "click",
    }  # fmt: skip
    assert facts["loop"] is True
    assert facts["grid"] == {"bpm": 240, "bars": 1, "beats_per_bar": 2}


def test_seeds_are_tried_only_where_none_is_named_and_until_one_is_good(
    tiny: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def seeds_of(*arguments: object) -> list[int]:
        told = json.loads(done(*LOOP, "--model", tiny, "--json", *arguments).stdout)
        assert told["seed"] in [tried["seed"] for tried in told["tried"]]
        return [tried["seed"] for tried in told["tried"]]

    monkeypatch.setattr(Measured, "is_good", False)
    assert seeds_of("--seed", 3) == [3]
    seeds = seeds_of()
    assert seeds == list(range(seeds[0], seeds[0] + 4))
    monkeypatch.setattr(Measured, "is_good", True)
    assert len(seeds_of()) == 1


def test_a_loop_goes_to_stdout_and_its_measures_to_stderr(tiny: Path, here: Path) -> None:
    result = done(*LOOP, "--model", tiny, "--seed", 1, "--out", "-", "--normalize", "loudness")
    info = soundfile.info(io.BytesIO(result.stdout_bytes))
    assert info.frames == LOOP_SAMPLES
    assert "seam" in result.stderr
    assert tree(here) == set()


# info and reproduce


@pytest.mark.parametrize("format", ["wav", "flac", "ogg", "mp3"])
def test_a_file_tells_what_made_it_and_is_made_again(tiny: Path, format: str) -> None:
    name = f"a.{format}"
    generate(tiny, "kick", "--seconds", TINY_SECONDS, "--out", name, "--normalize", "peak")
    told = done("info", name).stdout
    for words in ("kick", "model_sha256", "seed                1", "latents_sha256"):
        assert words in told
    settings = json.loads(done("info", name, "--json").stdout)["settings"]
    assert settings["prompt"] == "kick"
    result = done("reproduce", name, "--model", tiny, "--threads", 1, "--out", f"b.{format}")
    assert "the same, byte for byte" in result.stdout
    assert Path(name).read_bytes() == Path(f"b.{format}").read_bytes()
    facts = json.loads(done("reproduce", name, "--model", tiny, "--threads", 1, "--json").stdout)
    assert facts["same_latents"] is True
    assert facts["same_samples"] is True
    assert facts["differences"] == []
    assert facts["path"] is None


def test_a_file_may_be_made_again_in_another_format(tiny: Path) -> None:
    generate(tiny, "kick", "--seconds", TINY_SECONDS, "--out", "a.wav", "--bits", "32f")
    for name, subtype in (("b.flac", "PCM_16"), ("b.ogg", "VORBIS"), ("b.wav", "FLOAT")):
        done("reproduce", "a.wav", "--model", tiny, "--threads", 1, "--out", name)
        assert soundfile.info(name).subtype == subtype


def test_a_file_of_another_model_is_told_apart(tiny: Path) -> None:
    generate(tiny, "kick", "--seconds", TINY_SECONDS, "--out", "a.wav")
    with soundfile.SoundFile("a.wav") as file:
        settings, audio = json.loads(file.comment), file.read(dtype="float32")
    settings["model_sha256"] = "0" * 64
    with soundfile.SoundFile("b.wav", "w", 44100, 2, "PCM_16") as file:
        file.comment = json.dumps(settings)
        file.write(audio)
    told = done("reproduce", "b.wav", "--model", tiny, "--threads", 1).stdout
    assert "differs  model: made with tiny (000000000000)" in told


def test_a_sound_of_another_program_is_described() -> None:
    soundfile.write("other.wav", np.zeros((10, 1)), 8000)
    told = done("info", "other.wav").stdout
    assert "8000 Hz, 1 channels, 10 samples" in told
    assert "not made by soundlet" in told
    assert json.loads(done("info", "other.wav", "--json").stdout)["settings"] is None


def test_what_a_file_says_of_itself_is_no_command_to_the_terminal() -> None:
    settings = {"soundlet": "1", "prompt": "kick\x1b[2J\nseed 99\x9b é", "seed": 1}
    with soundfile.SoundFile("a.wav", "w", 44100, 2, "PCM_16") as file:
        file.comment = json.dumps(settings)
        file.write(np.zeros((10, 2)))
    told = done("info", "a.wav").stdout.splitlines()
    assert r"prompt              kick\x1b[2J\nseed 99\x9b é" in told


# what bad input gets


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (("prompt",), 2, "give a prompt, or its parts, or --random"),
        (("prompt", "\udcff kick"), 1, "holds '\\udcff', half of a surrogate pair"),
        (("prompt", "kick", "--random"), 2, "takes only --genre, --preset, --count and --seed"),
        (("prompt", "kick", "--seed", 1), 2, "are for --random"),
        (("prompt", "--random", "--seed", -1), 1, "from 0 to 4294967295, not -1"),
        (("prompt", "--random", "--seed", 2**32), 1, "from 0 to 4294967295, not 4294967296"),
        (("prompt", "--random", "--genre", "polka"), 1, "not one that the default model"),
        (("prompt", "--random", "--preset", "song"), 1, "one-shot, loop, texture, effect"),
        (("prompt", "--genre", "house", "--key", "H"), 1, "such as Am, F# minor or Eb major"),
        (("prompt", "--genre", "house", "--bpm", 5), 1, "from 20 to 400"),
        (("loop", "kick"), 1, "add --bpm, such as --bpm 120"),
        (("loop", "kick, 1200 BPM"), 1, "without a tempo from 20 to 400 BPM: add --bpm"),
        (("loop", "--bpm", 1000), 1, "from 20 to 400"),
        (("loop", "kick 120 BPM", "--bpm", 100), 1, "says 120 BPM, and bpm is 100"),
        (("loop", "kick", "--bpm", 100, "--bars", 0), 1, "bars must be a whole number from 1"),
        (("loop", "kick", "--bpm", 20, "--bars", 64), 1, "0.25 to 120 seconds long"),
        (("loop", "kick", "--bpm", 100, "--best-of", 0), 2, "--best-of"),
        (("loop", "kick", "--bpm", 100, "--loudness", -9), 1, "needs --normalize loudness"),
        (("loop", "kick", "--bpm", 100, "--out", "nowhere/a.wav"), 1, "no folder nowhere"),
        (("generate", "kick", "--bars", 2), 1, "add --bpm"),
        (("generate", "kick", "--bars", 2, "--bpm", 100, "--seconds", 1), 2, "--bars"),
        (("generate", "kick", "--beats-per-bar", 3), 2, "--beats-per-bar: needs --bars"),
        (("generate", "kick", "--bars", 1, "--bpm", 100, "--beats-per-bar", 0), 1, "from 1 to 16"),
        (("generate", "kick", "--normalize", "loud"), 1, "peak, loudness, none, not 'loud'"),
        (("generate", "kick", "--true-peak", -3), 1, "--true-peak needs --normalize peak"),
        (("generate", "kick", "--true-peak", -1), 1, "--true-peak needs --normalize peak"),
        (("generate", "kick", "--normalize", "peak", "--loudness", -3), 1, "--loudness needs"),
        (("generate", "kick", "--normalize", "peak", "--true-peak", 3), 1, "from -20 to 0"),
        (("generate", "kick", "--fade-in", -1), 1, "fade_in must be a number from 0 to 60"),
        (("generate", "kick", "--seconds", TINY_SECONDS, "--fade-out", 1), 1, "the fades take 1 s"),
        (("reproduce", "nowhere.wav"), 1, "nowhere.wav: no such file"),
        (("reproduce", "."), 1, ". is a folder, not a sound file"),
        (("reproduce",), 2, "FILE"),
    ],
)
def test_what_cannot_be_done_is_refused_in_one_line(
    tiny: Path, arguments: tuple[object, ...], code: int, says: str
) -> None:
    needs_model = arguments[0] in ("loop", "generate")
    result = run(*arguments, *(("--model", tiny) if needs_model else ()))
    assert result.exit_code == code, result.output
    (line,) = result.stderr.splitlines()
    assert line.startswith("error: ")
    assert says in line
    assert tree(Path()) == set()


def test_files_that_cannot_be_read_or_repeated_are_refused(tiny: Path) -> None:
    Path("text.wav").write_text("no sound")
    soundfile.write("other.wav", np.zeros((10, 1)), 8000)
    soundfile.write("other.aiff", np.zeros((10, 1)), 8000)
    generate(tiny, "kick", "--seconds", TINY_SECONDS, "--out", "a.wav")
    before = tree(Path())
    for arguments, says in (
        (("reproduce", "text.wav"), "not a sound file"),
        (("info", "text.wav"), "not a sound file"),
        (("reproduce", "other.wav"), "holds no settings of soundlet"),
        (("reproduce", "other.aiff"), "is a file of AIFF"),
        (("reproduce", "a.wav", "--out", "a.wav"), "--force"),
        (("reproduce", "a.wav", "--init-audio", "a.wav", "--model", tiny), "not started from"),
        (("reproduce", "a.wav", "--model", "nowhere"), "no such folder"),
    ):
        result = run(*arguments)
        assert result.exit_code == 1, result.output
        assert says in result.stderr
        assert len(result.stderr.splitlines()) == 1
        assert tree(Path()) == before
    result = run("info", "a.wav", "--verify")
    assert result.exit_code == 2
