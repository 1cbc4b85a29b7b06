"""A file is enough to make its sound again, or to learn what differs."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile

import soundlet
from soundlet.audio import FORMATS, Format, encode_audio, write_audio
from soundlet.bundle import About, seal
from soundlet.clip import Clip
from soundlet.errors import AudioError, RequestError
from soundlet.finish import Finish
from soundlet.loops import loop_request, make_loop
from soundlet.metadata import read_sound_file, require_settings
from soundlet.pipeline import Model
from soundlet.reproduce import reproduce
from soundlet.tempo import Grid

SECONDS = 0.02


@pytest.fixture(scope="module")
def model(tiny_bundle: Path) -> Model:
    return soundlet.load(tiny_bundle, threads=1)


@pytest.fixture(scope="module")
def clip(model: Model) -> Clip:
    return model.generate(
        "rain on a “tin” roof", seconds=SECONDS, seed=7, steps=3, sampler="euler", cfg_scale=2.0,
        negative_prompt="hiss", cfg_interval=(0.1, 0.9), cfg_rescale=0.5,
    )  # fmt: skip


@pytest.mark.parametrize("format", FORMATS)
def test_every_format_gives_the_same_latents_and_the_same_file(
    model: Model, clip: Clip, tmp_path: Path, format: str
) -> None:
    path = tmp_path / f"a.{format}"
    clip.save(path)
    again = reproduce(path, model)
    np.testing.assert_array_equal(again.clip.latents, clip.latents)
    assert again.same_latents
    assert again.same_samples
    assert again.same_file
    assert again.largest_difference == 0
    assert again.differences == ()
    assert again.lossless == (format in ("wav", "flac"))


@pytest.mark.parametrize("name", ["a.wav", "a.flac"])
@pytest.mark.parametrize("bits", ["24", "32f"])
def test_every_sample_width_is_repeated(
    model: Model, clip: Clip, tmp_path: Path, name: str, bits: str
) -> None:
    if (name, bits) == ("a.flac", "32f"):
        bits = "16"
    clip.save(tmp_path / name, bits=bits)  # type: ignore[arg-type]
    assert reproduce(tmp_path / name, model).same_file


def test_what_was_done_to_the_level_is_done_again(model: Model, clip: Clip, tmp_path: Path) -> None:
    finish = Finish(trim=True, fade_out=0.002, normalize="peak", true_peak=-3)
    clip.finished(finish).save(tmp_path / "a.wav")
    again = reproduce(tmp_path / "a.wav", model)
    assert again.same_file
    assert dict(again.clip.edits[0])["true_peak"] == -3


def test_a_loop_is_repeated_with_its_bars(model: Model, tmp_path: Path) -> None:
    grid = Grid(bpm=240, bars=1, beats_per_bar=2)
    made = make_loop(model, loop_request("kick loop", grid, 44100, seed=1, steps=1), grid)
    made.clip.save(tmp_path / "loop.wav")
    again = reproduce(tmp_path / "loop.wav", model)
    assert again.same_file
    assert again.clip.grid == grid


def test_a_sound_to_start_from_is_looked_for_beside_the_file(
    model: Model, clip: Clip, tmp_path: Path
) -> None:
    clip.save(tmp_path / "start.wav")
    started = model.generate(
        "kick", seconds=SECONDS, seed=1, init_audio=tmp_path / "start.wav", init_noise_level=0.5
    )
    started.save(tmp_path / "a.wav")
    assert reproduce(tmp_path / "a.wav", model).same_file
    (tmp_path / "start.wav").rename(tmp_path / "moved.wav")
    with pytest.raises(RequestError, match=r"started from start\.wav"):
        reproduce(tmp_path / "a.wav", model)
    again = reproduce(tmp_path / "a.wav", model, init_audio=tmp_path / "moved.wav")
    assert again.same_latents
    assert again.same_samples
    assert again.differences == ()
    louder = model.generate("snare", seconds=SECONDS, seed=2)
    louder.save(tmp_path / "other.wav")
    again = reproduce(tmp_path / "a.wav", model, init_audio=tmp_path / "other.wav")
    assert not again.same_latents
    assert any("init audio" in difference for difference in again.differences)


def test_a_sound_to_start_from_that_was_not_used_is_refused(
    model: Model, clip: Clip, tmp_path: Path
) -> None:
    clip.save(tmp_path / "a.wav")
    with pytest.raises(RequestError, match="not started from a sound"):
        reproduce(tmp_path / "a.wav", model, init_audio=tmp_path / "a.wav")


def other_model(tiny_bundle: Path, folder: Path) -> Model:
    """The tiny model with one weight changed, and sealed again."""
    shutil.copytree(tiny_bundle, folder)
    about = json.loads((folder / "manifest.json").read_text())
    data = bytearray((folder / "model.safetensors").read_bytes())
    start = 8 + int.from_bytes(data[:8], "little")
    values = np.frombuffer(bytes(data[start:]), np.float32).copy()
    data[start:] = (values * np.float32(1.01)).tobytes()
    (folder / "model.safetensors").write_bytes(bytes(data))
    (folder / "manifest.json").unlink()
    seal(folder, About(**{name: about[name] for name in About.model_fields}))
    return soundlet.load(folder, threads=1)


def test_a_file_from_another_model_is_told_apart(
    tiny_bundle: Path, clip: Clip, tmp_path: Path
) -> None:
    clip.save(tmp_path / "a.wav")
    again = reproduce(tmp_path / "a.wav", other_model(tiny_bundle, tmp_path / "other"))
    assert not again.same_latents
    assert not again.same_samples
    (difference,) = again.differences
    assert difference.startswith("model: made with tiny (")
    assert "another version of tiny" in difference
    assert again.largest_difference is not None
    assert again.largest_difference > 0
    assert again.difference_db is not None
    json.dumps(again.as_json())


def test_a_file_from_another_engine_or_version_is_told_apart(
    tiny_bundle: Path, clip: Clip, tmp_path: Path
) -> None:
    torch_clip = soundlet.load(tiny_bundle, engine="torch", device="cpu").generate(clip.request)
    torch_clip.save(tmp_path / "a.wav")
    again = reproduce(tmp_path / "a.wav", soundlet.load(tiny_bundle, threads=1))
    assert [d.partition(":")[0] for d in again.differences] == ["engine"]
    assert again.difference_db is not None
    assert again.difference_db < -60  # engines differ by rounding only
    settings = torch_clip.settings()
    settings["versions"] = {**settings["versions"], "numpy": "1.0"}
    write_audio(tmp_path / "b.wav", torch_clip.audio, 44100, tags={"comment": json.dumps(settings)})
    again = reproduce(tmp_path / "b.wav", soundlet.load(tiny_bundle, threads=1))
    assert any(d.startswith("numpy: made with 1.0, this is") for d in again.differences)


def test_the_best_of_several_is_chosen_again(
    model: Model, choosing_bundle: Path, tmp_path: Path
) -> None:
    choosing = soundlet.load(choosing_bundle, threads=1)
    made = [choosing.generate("kick", seconds=SECONDS, seed=s, candidates=4) for s in range(8)]
    ones = [choosing.generate("kick", seconds=SECONDS, seed=s, candidates=1) for s in range(8)]
    chosen, one = next((a, b) for a, b in zip(made, ones, strict=True) if differ(a, b))
    chosen.save(tmp_path / "a.wav")
    again = reproduce(tmp_path / "a.wav", choosing)
    assert again.same_file
    assert again.clip.request.candidates == 4
    assert not np.array_equal(again.clip.latents, one.latents)
    with pytest.raises(RequestError, match="candidates must be 1 with tiny, not 4"):
        reproduce(tmp_path / "a.wav", model)


def differ(one: Clip, other: Clip) -> bool:
    return not np.allclose(one.latents, other.latents, atol=1e-3)


def test_a_file_from_before_there_were_candidates_is_one_sound(
    choosing_bundle: Path, tmp_path: Path
) -> None:
    choosing = soundlet.load(choosing_bundle, threads=1)
    one = choosing.generate("kick", seconds=SECONDS, seed=1, candidates=1)
    settings = one.settings()
    assert settings.pop("candidates") == 1
    write_audio(tmp_path / "a.wav", one.audio, 44100, tags={"comment": json.dumps(settings)})
    again = reproduce(tmp_path / "a.wav", choosing)
    assert again.same_latents
    assert again.clip.request.candidates == 1  # and not the 3 that the model would take


@pytest.mark.parametrize("format", FORMATS)
def test_a_file_is_of_the_format_that_it_holds_whatever_its_name(
    model: Model, clip: Clip, tmp_path: Path, format: Format
) -> None:
    for name in ("a.wav", "a.mp3", "a"):
        (tmp_path / name).write_bytes(clip.encoded(format))
        assert reproduce(tmp_path / name, model).same_file
    soundfile.write(tmp_path / "a.wav", clip.audio.T, 44100, format="AIFF")
    with pytest.raises(AudioError, match=r"a\.wav is a file of AIFF, and soundlet writes wav"):
        reproduce(tmp_path / "a.wav", model)


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"edits": "abc"}, "edits is 'abc'"),
        ({"edits": ["x"]}, "edited in a way that is not told: 'x'"),
        ({"edits": [{"operation": ["finish"]}]}, "edited in a way that is not told"),
        ({"grid": 120}, "grid is 120"),
        ({"grid": {"bpm": 120}}, "a grid that is not one"),
        ({"cfg_interval": 5}, "cfg_interval is 5"),
        ({"model": 5}, "model is 5"),
        ({"model_sha256": 5}, "model_sha256 is 5"),
        ({"versions": ["numpy"]}, "versions is"),
    ],
)
def test_settings_that_were_tampered_with_are_refused(
    model: Model, clip: Clip, tmp_path: Path, changed: dict[str, object], says: str
) -> None:
    settings = json.dumps({**clip.settings(), **changed})
    write_audio(tmp_path / "a.wav", clip.audio, 44100, tags={"comment": settings})
    with pytest.raises((AudioError, RequestError), match=says):
        reproduce(tmp_path / "a.wav", model)


def test_samples_that_were_changed_are_noticed(model: Model, clip: Clip, tmp_path: Path) -> None:
    changed = clip.audio.copy()
    changed[0, 5] += 0.25
    replace(clip, audio=changed).save(tmp_path / "a.wav", bits="32f")
    again = reproduce(tmp_path / "a.wav", model)
    assert again.same_latents
    assert again.largest_difference == pytest.approx(0.25, abs=1e-6)
    replace(clip, audio=clip.audio[:, :-9]).save(tmp_path / "b.wav")
    again = reproduce(tmp_path / "b.wav", model)
    assert again.largest_difference is None
    assert not again.same_samples


def test_settings_are_read_from_every_format(clip: Clip, tmp_path: Path) -> None:
    for format in FORMATS:
        clip.save(tmp_path / f"a.{format}")
        file = read_sound_file(tmp_path / f"a.{format}")
        assert file.settings == json.loads(json.dumps(clip.settings()))
        assert (file.sample_rate, file.channels) == (44100, 2)


def test_the_hash_of_the_model_is_that_of_its_files(model: Model, clip: Clip) -> None:
    assert clip.settings()["model_sha256"] == model.bundle.sha256
    assert len(model.bundle.sha256) == 64


def test_files_without_settings_are_refused(clip: Clip, tmp_path: Path) -> None:
    write_audio(tmp_path / "plain.wav", clip.audio, 44100)
    write_audio(tmp_path / "other.wav", clip.audio, 44100, tags={"comment": '{"seed": 1}'})
    for name in ("plain.wav", "other.wav"):
        file = read_sound_file(tmp_path / name)
        assert file.settings is None
        with pytest.raises(AudioError, match="holds no settings of soundlet"):
            require_settings(file)
    write_audio(tmp_path / "deep.wav", clip.audio, 44100, tags={"comment": "[" * 200_000})
    half = {"comment": json.dumps({**clip.settings(), "prompt": "\ud800"})}
    write_audio(tmp_path / "half.wav", clip.audio, 44100, tags=half)
    for name in ("deep.wav", "half.wav"):
        assert read_sound_file(tmp_path / name).settings is None
    (tmp_path / "text.wav").write_text("no sound")
    with pytest.raises(AudioError, match="not a sound file"):
        read_sound_file(tmp_path / "text.wav")
    with pytest.raises(AudioError, match="no such file"):
        read_sound_file(tmp_path / "nowhere.wav")


def test_an_edit_that_cannot_be_repeated_is_refused(
    model: Model, clip: Clip, tmp_path: Path
) -> None:
    replace(clip, edits=({"operation": "stretch"},)).save(tmp_path / "a.wav")
    with pytest.raises(RequestError, match="does not know: 'stretch'"):
        reproduce(tmp_path / "a.wav", model)


def test_settings_that_are_not_complete_are_refused(
    model: Model, clip: Clip, tmp_path: Path
) -> None:
    settings = {**clip.settings(), "steps": "many"}
    data = encode_audio(clip.audio, 44100, tags={"comment": json.dumps(settings)})
    (tmp_path / "a.wav").write_bytes(data)
    assert soundfile.info(tmp_path / "a.wav").frames
    with pytest.raises(RequestError, match="steps"):
        reproduce(tmp_path / "a.wav", model)
