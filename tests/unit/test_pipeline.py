"""What the pipeline adds to an engine: lengths, seeds, batches, levels, refusals.

The engine here is a few lines of NumPy, so that every property can be worked out by hand.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from soundlet.audio import write_audio
from soundlet.bundle import TOKENIZER, Bundle, Defaults, Manifest
from soundlet.config import ModelConfig, T5Config
from soundlet.errors import AudioError, BundleError, Cancelled, GenerationError, RequestError
from soundlet.guidance import Conditioning
from soundlet.noise import Generator
from soundlet.pipeline import Model
from soundlet.request import GenerationRequest

Array = NDArray[np.float32]

HOP, CHANNELS, WINDOW = 32, 8, 32  # of the tiny model: samples in a frame, channels, frames
RATE = 44100
SECONDS = 0.01  # 441 samples: 13.8 frames


class ToyEngine:
    """Latents are half the noise plus the seconds; audio is two channels of them, repeated."""

    name = "toy"

    def __init__(self, gain: float = 0.2) -> None:
        self.gain = gain
        self.decoded: list[tuple[int, ...]] = []
        self.encoded: list[Array] = []
        self.batches: list[int] = []
        self.tokens: list[NDArray[np.int64]] = []

    def condition(
        self, prompt_tokens: NDArray[np.int64], prompt_mask: NDArray[np.int64], seconds: Array
    ) -> Conditioning:
        self.tokens.append(prompt_tokens)
        cross = (prompt_tokens * prompt_mask)[:, :, None].astype(np.float32)
        return Conditioning(cross, seconds[:, None])

    def velocity(self, x: Array, t: Array, conditioning: Conditioning) -> Array:
        self.batches.append(len(x))
        told = conditioning.cross_attn_cond.mean(axis=1)[:, :, None] / 1000
        out: Array = np.float32(0.5) * x - told * t[:, None, None]
        return out

    def decode(self, latents: Array) -> Array:
        self.decoded.append(latents.shape)
        return np.repeat(latents[:, :2], HOP, axis=2) * np.float32(self.gain)

    def encode(self, audio: Array) -> Array:
        self.encoded.append(audio)
        mean = audio[:, :1].reshape(len(audio), 1, -1, HOP).mean(axis=3)
        means = np.repeat(mean, CHANNELS, axis=1)
        return np.concatenate([means, np.full_like(means, -30)], axis=1)  # hardly any spread


@pytest.fixture
def bundle(tmp_path: Path, tiny_folder: Path, tiny_config: ModelConfig) -> Bundle:
    (tmp_path / TOKENIZER).write_bytes((tiny_folder / "t5" / TOKENIZER).read_bytes())
    manifest = Manifest(
        name="toy",
        source="tests",
        licence="none",
        precision={},
        defaults=Defaults(steps=3, sampler="euler", cfg_scale=1.0, seconds=SECONDS),
        length="fixed",
        format_version=1,
        created_by="tests",
        files={},
    )
    t5 = T5Config(vocab_size=200, d_model=16, d_kv=4, d_ff=24, num_layers=2, num_heads=4)
    return Bundle(tmp_path, manifest, tiny_config, t5)


@pytest.fixture
def engine() -> ToyEngine:
    return ToyEngine()


@pytest.fixture
def model(bundle: Bundle, engine: ToyEngine) -> Model:
    return Model(bundle, engine)


def variable(bundle: Bundle, **changes: Any) -> Bundle:
    manifest = bundle.manifest.model_copy(update={"length": "variable", **changes})
    return replace(bundle, manifest=manifest)


@pytest.mark.parametrize("seconds", [1 / RATE, 0.0017, 0.01, 0.02, 1024 / RATE])
def test_a_clip_has_exactly_the_length_asked_for(model: Model, seconds: float) -> None:
    clip = model.generate("rain", seconds=seconds, seed=1)
    assert clip.audio.shape == (2, round(seconds * RATE))
    assert clip.audio.dtype == np.float32


def test_a_model_of_fixed_length_samples_its_whole_window(model: Model) -> None:
    clip = model.generate("rain", seconds=SECONDS, seed=1)
    assert clip.latents.shape == (CHANNELS, WINDOW)


def test_only_the_frames_that_a_clip_depends_on_are_decoded(
    model: Model, engine: ToyEngine
) -> None:
    model.generate("rain", seconds=0.001, seed=1)
    (shape,) = engine.decoded
    assert 2 < shape[2] < WINDOW


def test_a_model_of_variable_length_samples_what_is_asked_for(
    bundle: Bundle, engine: ToyEngine
) -> None:
    clip = Model(variable(bundle), engine).generate("rain", seconds=SECONDS, seed=1)
    assert clip.latents.shape == (CHANNELS, 14)
    margin = Model(variable(bundle, margin_frames=2), engine)
    assert margin.generate("rain", seconds=SECONDS, seed=1).latents.shape[1] == 16
    assert margin.generate("rain", seconds=1024 / RATE, seed=1).latents.shape[1] == WINDOW


def test_frames_are_a_whole_number_of_patches(
    bundle: Bundle, engine: ToyEngine, with_patches: Callable[[int], ModelConfig]
) -> None:
    patched = Model(replace(variable(bundle), config=with_patches(4)), engine)
    assert patched.generate("rain", seconds=SECONDS, seed=1).latents.shape[1] == 16
    with pytest.raises(RequestError, match="n_frames must be a multiple of 4, not 14"):
        patched.generate("rain", reference=True, n_frames=14)


def test_a_seed_repeats_its_sound_and_another_gives_another(model: Model) -> None:
    first, again, other = (model.generate("rain", seed=seed).audio for seed in (1, 1, 2))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_a_seed_that_was_drawn_is_told(model: Model) -> None:
    clip = model.generate("rain")
    assert clip.seed == clip.request.seed
    assert np.array_equal(clip.audio, model.generate("rain", seed=clip.seed).audio)
    assert clip.seed != model.generate("rain").seed


def test_defaults_are_those_of_the_model_and_are_told(model: Model) -> None:
    request = model.generate("rain", seed=1).request
    assert (request.steps, request.sampler, request.cfg_scale) == (3, "euler", 1.0)
    assert request.seconds == SECONDS


@pytest.mark.parametrize("batch_size", [1, 2, 8])
def test_a_clip_of_a_batch_is_the_clip_alone(
    bundle: Bundle, engine: ToyEngine, batch_size: int
) -> None:
    model = Model(bundle, engine, batch_size=batch_size)
    asked: list[dict[str, Any]] = [
        {"prompt": "rain", "seed": 1},
        {"prompt": "kick drum", "seed": 2, "seconds": 0.02},
        {"prompt": "rain", "seed": 3, "sampler": "pingpong"},
        {"prompt": "rain", "seed": 1, "sampler": "pingpong"},
        {"prompt": "rain", "seed": 5},
    ]
    clips = model.generate_batch([GenerationRequest(**fields) for fields in asked])
    for clip, fields in zip(clips, asked, strict=True):
        alone = model.generate(GenerationRequest(**fields))
        assert np.array_equal(clip.latents, alone.latents)
        assert np.array_equal(clip.audio, alone.audio)


def test_clips_are_sampled_together_up_to_the_batch_size(bundle: Bundle, engine: ToyEngine) -> None:
    requests = [GenerationRequest(prompt="rain", seed=i, steps=1) for i in range(5)]
    Model(bundle, engine, batch_size=2).generate_batch(requests)
    assert engine.batches == [2, 2, 1]


def test_an_empty_batch_is_no_clips(model: Model) -> None:
    assert model.generate_batch([]) == []


def test_reference_mode_draws_the_noise_of_a_batch_at_once(model: Model) -> None:
    requests = [
        GenerationRequest(prompt=prompt, seconds=2, seed=7, reference=True, steps=1)
        for prompt in ("rain", "kick")
    ]
    clips = model.generate_batch(requests)
    told = [clip.latents - 0.5 * noise for clip, noise in zip(clips, joint_noise(), strict=True)]
    for constant in told:
        np.testing.assert_allclose(constant, constant[0, 0], atol=1e-6)
    assert clips[0].audio.shape == (2, WINDOW * HOP)


def joint_noise() -> Array:
    return Generator(7).randn((2, CHANNELS, WINDOW))


def test_reference_mode_keeps_all_frames_asked_for(model: Model) -> None:
    clip = model.generate("rain", seconds=11, seed=1, reference=True, n_frames=20)
    assert clip.latents.shape == (CHANNELS, 20)
    assert clip.audio.shape == (2, 20 * HOP)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"seed": 2}, "one seed"),
        ({"steps": 5}, "one seed, sampler and guidance"),
        ({"reference": False}, "the same for all"),
    ],
)
def test_reference_mode_refuses_a_batch_that_the_reference_has_not(
    model: Model, change: dict[str, Any], message: str
) -> None:
    request = GenerationRequest(prompt="rain", seed=1, seconds=SECONDS, reference=True)
    with pytest.raises(RequestError, match=message):
        model.generate_batch([request, replace(request, **change)])


def test_a_clip_that_was_cut_ends_in_silence_and_a_whole_one_does_not(model: Model) -> None:
    assert np.all(model.generate("rain", seconds=SECONDS, seed=1).audio[:, -1] == 0)
    assert np.all(model.generate("rain", seconds=1024 / RATE, seed=1).audio[:, -1] != 0)


def test_a_sound_over_full_scale_is_turned_down_to_minus_1_db(bundle: Bundle) -> None:
    loud, quiet = (
        Model(bundle, ToyEngine(gain)).generate("rain", seconds=SECONDS, seed=1)
        for gain in (2, 0.2)
    )
    assert np.abs(loud.audio).max() == pytest.approx(10 ** (-1 / 20))
    assert loud.gain_db < 0
    assert quiet.gain_db == 0
    ratio = np.abs(loud.audio).max() / np.abs(quiet.audio).max()
    assert 20 * np.log10(ratio / 10) == pytest.approx(loud.gain_db, abs=0.01)


def test_reference_mode_changes_no_level(bundle: Bundle) -> None:
    clip = Model(bundle, ToyEngine(gain=2)).generate("rain", seconds=1, seed=1, reference=True)
    assert np.abs(clip.audio).max() > 1.5


@pytest.mark.parametrize(
    ("gain", "message"),
    [(50.0, "peaks at"), (0.0, "is silent"), (1e-5, "silent .it peaks at"), (np.nan, "not numb")],
)
def test_what_is_no_sound_is_an_error(bundle: Bundle, gain: float, message: str) -> None:
    with pytest.raises(GenerationError, match=message):
        Model(bundle, ToyEngine(gain)).generate("rain", seed=1)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"seconds": 0.5}, "seconds must be from 2.27e-05 to 0.023 with toy, not 0.5"),
        ({"seconds": 1e-6}, "not 1e-06"),
        ({"seconds": 300, "reference": True}, "seconds must be from 0 to 256 with toy, not 300"),
        ({"negative_prompt": "hiss"}, "negative_prompt has no effect at cfg_scale 1"),
        ({"cfg_rescale": 0.5}, "cfg_rescale has no effect"),
        ({"cfg_interval": (0, 0.5)}, "cfg_interval has no effect"),
    ],
)
def test_what_this_model_cannot_do_is_refused(
    model: Model, fields: dict[str, Any], message: str
) -> None:
    with pytest.raises(RequestError, match=message):
        model.generate("rain", **fields)


def test_guidance_costs_one_doubled_batch_a_step(model: Model, engine: ToyEngine) -> None:
    model.generate("rain", cfg_scale=4, seed=1)
    assert engine.batches == [2, 2, 2]


def test_items_with_and_without_a_negative_prompt_share_a_batch(
    bundle: Bundle, engine: ToyEngine
) -> None:
    model = Model(bundle, engine, batch_size=2)
    requests = [
        GenerationRequest(prompt="rain", seed=1, cfg_scale=4, negative_prompt="low hum"),
        GenerationRequest(prompt="rain", seed=1, cfg_scale=4),
    ]
    together = model.generate_batch(requests)
    for clip, request in zip(together, requests, strict=True):
        np.testing.assert_allclose(clip.latents, model.generate(request).latents, atol=1e-6)
    assert not np.allclose(together[0].latents, together[1].latents)


def test_a_prompt_that_is_too_long_is_refused_or_cut(model: Model, engine: ToyEngine) -> None:
    prompt = "a very long prompt " * 10
    with pytest.raises(RequestError, match="tokens long; this model reads 15"):
        model.generate(prompt)
    model.generate(prompt, truncate_prompt=True)
    assert engine.tokens[-1].shape == (1, 16)
    assert engine.tokens[-1][0, -1] == 1


def test_steps_are_reported_over_all_clips(model: Model) -> None:
    reports: list[tuple[int, int]] = []
    requests = [GenerationRequest(prompt="rain", steps=steps) for steps in (2, 3)]
    model.generate_batch(requests, on_step=lambda done, total: reports.append((done, total)))
    assert reports == [(1, 5), (2, 5), (3, 5), (4, 5), (5, 5)]


def test_a_request_to_stop_is_followed_between_steps(model: Model, engine: ToyEngine) -> None:
    answers = iter([False, False, True])
    with pytest.raises(Cancelled, match="stopped after 2 of 3 steps"):
        model.generate("rain", should_stop=lambda: next(answers))
    assert engine.batches == [1, 1]
    assert engine.decoded == []


def init(audio: NDArray[Any], rate: int = RATE, **fields: Any) -> dict[str, Any]:
    return {"init_audio": (audio, rate), "init_noise_level": 0.5, **fields}


def test_init_audio_is_fitted_to_the_window(model: Model, engine: ToyEngine) -> None:
    rise = np.linspace(0, 1, 2000, dtype=np.float32)
    model.generate("rain", **init(np.stack([rise, -rise, rise])))
    model.generate("rain", **init(rise[None, :100]))
    model.generate("rain", **init(rise[None].astype(np.float64), rate=RATE // 2))
    cut, padded, resampled = engine.encoded
    assert cut.shape == padded.shape == resampled.shape == (1, 2, WINDOW * HOP)
    assert np.array_equal(cut[0], [rise[:1024], -rise[:1024]])
    assert np.array_equal(padded[0, 1, :100], rise[:100])
    assert not padded[0, :, 100:].any()
    np.testing.assert_allclose(resampled[0, 0, 100:1000:2], rise[50:500], atol=1e-3)


def test_the_latents_start_between_the_sound_and_the_noise(model: Model) -> None:
    """One straight step with a velocity of half the noise tells what it started from."""
    sound = np.full((2, WINDOW * HOP), 0.5, np.float32)
    fields = init(sound, seed=3, steps=1, sampler="euler", seconds=SECONDS)
    loud = model.generate("rain", **fields).latents
    quiet = model.generate("rain", **(fields | init(np.zeros_like(sound)))).latents
    np.testing.assert_allclose(loud - quiet, 0.5 * 0.5 * (1 - 0.5 * 0.5), atol=1e-4)


def test_init_audio_may_be_a_file(model: Model, engine: ToyEngine, tmp_path: Path) -> None:
    sound = np.full((2, 600), 0.25, np.float32)
    write_audio(tmp_path / "start.wav", sound, RATE, bits="32f")
    model.generate("rain", init_audio=tmp_path / "start.wav", init_noise_level=0.8)
    assert np.array_equal(engine.encoded[0][0, :, :600], sound)
    with pytest.raises(AudioError, match=r"absent\.wav"):
        model.generate("rain", init_audio="absent.wav", init_noise_level=0.8)


def test_init_audio_must_be_finite(model: Model) -> None:
    with pytest.raises(RequestError, match="not finite"):
        model.generate("rain", **init(np.full((2, 10), np.nan)))


def test_a_tokenizer_of_another_model_is_refused(bundle: Bundle, engine: ToyEngine) -> None:
    small = bundle.t5_config.model_copy(update={"vocab_size": 20})
    with pytest.raises(BundleError, match="109 pieces; the text encoder knows 20"):
        Model(replace(bundle, t5_config=small), engine)


def test_a_batch_size_of_none_is_refused(bundle: Bundle, engine: ToyEngine) -> None:
    with pytest.raises(RequestError, match="batch_size must be 1 or more, not 0"):
        Model(bundle, engine, batch_size=0)


def test_a_request_can_be_changed_by_field(model: Model) -> None:
    request = GenerationRequest(prompt="rain", seed=1)
    assert model.generate(request, seed=2).seed == 2


@pytest.fixture
def with_patches(tiny_json: dict[str, Any]) -> Callable[[int], ModelConfig]:
    def build(size: int) -> ModelConfig:
        tiny_json["model"]["diffusion"]["config"]["patch_size"] = size
        return ModelConfig.model_validate_json(json.dumps(tiny_json))

    return build
