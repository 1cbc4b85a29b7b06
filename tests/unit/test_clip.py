"""A clip tells how to make it again, in its file too."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from soundlet.clip import Clip, faded_out
from soundlet.request import GenerationRequest

RATE = 44100


def clip(**changes: Any) -> Clip:
    request = GenerationRequest(
        prompt="rain on a “tin” roof",
        seconds=0.1,
        seed=3,
        candidates=4,
        steps=8,
        sampler="euler",
        cfg_scale=4,
        negative_prompt="hiss",
        **changes,
    )
    tone = np.sin(np.arange(4410, dtype=np.float32) / 20)
    audio = np.stack([tone, -tone])
    return Clip(
        audio=audio,
        sample_rate=RATE,
        seed=3,
        latents=np.zeros((8, 4), np.float32),
        request=request,
        model="toy",
    )


def test_settings_survive_json_and_repeat_the_request() -> None:
    settings = json.loads(json.dumps(clip().settings()))
    fields = GenerationRequest.__dataclass_fields__
    again = GenerationRequest(**{k: v for k, v in settings.items() if k in fields})
    assert (again.seed, again.candidates) == (3, 4)
    assert again.prompt == "rain on a “tin” roof"
    assert settings.keys() - fields.keys() == {
        "soundlet",
        "model",
        "model_sha256",
        "engine",
        "versions",
        "init_audio_sha256",
        "gain_db",
        "grid",
        "edits",
        "latents_sha256",
    }
    assert fields.keys() <= settings.keys()


def test_settings_name_the_init_audio_without_its_folder() -> None:
    from_file = clip(init_audio=Path("/home/me/start.wav"), init_noise_level=0.5)
    assert from_file.settings()["init_audio"] == "start.wav"
    array = (np.zeros((2, 9), np.float32), RATE)
    assert clip(init_audio=array, init_noise_level=0.5).settings()["init_audio"] == "an array"


@pytest.mark.parametrize("name", ["a.wav", "a.flac", "a.ogg"])
def test_the_file_holds_the_sound_and_its_settings(tmp_path: Path, name: str) -> None:
    made = clip()
    made.save(tmp_path / name)
    with soundfile.SoundFile(tmp_path / name) as file:
        assert (file.samplerate, file.channels, file.frames) == (RATE, 2, 4410)
        assert json.loads(file.comment) == made.settings()
        assert file.title == made.request.prompt


def test_a_stream_gets_the_bytes_of_the_file(tmp_path: Path) -> None:
    stream = io.BytesIO()
    clip().save(stream, bits="24")
    clip().save(tmp_path / "a.wav", bits="24")
    assert stream.getvalue() == (tmp_path / "a.wav").read_bytes()


def test_a_fade_ends_at_zero_and_leaves_the_rest() -> None:
    audio = np.ones((2, 1000), np.float32)
    faded = faded_out(audio, RATE)
    assert faded[0, -1] == 0
    assert np.all(np.diff(faded[:, -220:]) < 0)
    assert np.all(faded[:, :-221] == 1)
    assert np.all(audio == 1)


@pytest.mark.parametrize("n_samples", [1, 2, 3])
def test_a_few_samples_are_not_faded_away(n_samples: int) -> None:
    assert faded_out(np.ones((2, n_samples), np.float32), RATE)[0, 0] > 0
