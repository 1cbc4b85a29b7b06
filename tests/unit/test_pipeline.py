"""What the pipeline adds to an engine: lengths, seeds, batches, levels, refusals.

The engine here is a few lines of NumPy, so that every property can be worked out by hand.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from soundlet import pipeline
from soundlet.audio import Audio, resample, write_audio
from soundlet.bundle import AGREEMENT, TOKENIZER, Bundle, Defaults, FileRecord, Manifest
from soundlet.config import ModelConfig, T5Config
from soundlet.engines import load_engine
from soundlet.errors import (
    AudioError,
    BundleError,
    Cancelled,
    EngineError,
    GenerationError,
    RequestError,
)
from soundlet.guidance import Conditioning
from soundlet.hearing import N_HEARD
from soundlet.noise import Generator
from soundlet.pipeline import Model
from soundlet.request import GenerationRequest, Sampler
from soundlet.source import for_model
from soundlet.tokenizer import Tokenizer
from soundlet.training.agreement import AgreementTowers, bundled_towers

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
        ({"negative_prompt": "hiss"}, "negative_prompt has no effect .* to 1.5 for example"),
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


@pytest.mark.parametrize("rate", [8000, 48000, 88200, 192000])
def test_only_the_start_of_a_long_init_audio_is_resampled_and_to_the_same_samples(
    model: Model, engine: ToyEngine, monkeypatch: pytest.MonkeyPatch, rate: int
) -> None:
    long = np.random.default_rng(0).uniform(-0.5, 0.5, (2, 20_000)).astype(np.float32)
    given: list[int] = []

    def noted(audio: Audio, rate: int, **options: int) -> Audio:
        given.append(audio.shape[1])
        return for_model(audio, rate, **options)

    monkeypatch.setattr(pipeline, "for_model", noted)
    model.generate("rain", seed=1, seconds=SECONDS, **init(long, rate))
    assert given[0] < 10_000
    np.testing.assert_array_equal(
        engine.encoded[0][0], resample(long, rate, RATE)[:, : WINDOW * HOP]
    )


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


@pytest.mark.parametrize("value", [0, 1.5, "8", None, True])
def test_a_batch_size_that_is_none_is_refused(
    bundle: Bundle, engine: ToyEngine, value: Any
) -> None:
    with pytest.raises(RequestError, match=f"batch_size must be 1 or more, not {value!r}"):
        Model(bundle, engine, batch_size=value)


@pytest.mark.parametrize("value", [0, 1.5, "2", True])
def test_threads_that_are_no_number_of_cores_are_refused(bundle: Bundle, value: Any) -> None:
    with pytest.raises(EngineError, match=f"threads must be from 1 to 1024, not {value!r}"):
        load_engine(bundle, threads=value)


def test_a_batch_of_anything_but_requests_is_refused(model: Model) -> None:
    prompts: Any = ["kick"]
    with pytest.raises(RequestError, match="requests must be of GenerationRequest, not 'kick'"):
        model.generate_batch(prompts)


def test_a_request_can_be_changed_by_field(model: Model) -> None:
    request = GenerationRequest(prompt="rain", seed=1)
    assert model.generate(request, seed=2).seed == 2


N_PIECES = 109  # of the tiny vocabulary
N_WORDS = N_PIECES + 24  # and keys


class ToyAgreement:
    """Rates sounds by the mean of their samples, and keeps what it was given."""

    def __init__(self) -> None:
        self.shapes: list[list[tuple[int, ...]]] = []
        self.prompts: list[str] = []

    def __call__(self, sounds: Iterable[Array], prompt: str) -> Array:
        given = [*sounds]
        self.shapes.append([sound.shape for sound in given])
        self.prompts.append(prompt)
        return np.array([sound.mean() for sound in given], np.float32)


@pytest.fixture
def agreement() -> ToyAgreement:
    return ToyAgreement()


@pytest.fixture
def choosing(bundle: Bundle, agreement: ToyAgreement, monkeypatch: pytest.MonkeyPatch) -> Bundle:
    """The bundle of a model that chooses among candidates, of which it takes one by itself."""

    def opened(path: Path, tokenizer: Tokenizer, *, sample_rate: int) -> ToyAgreement:
        assert (path.name, sample_rate) == (AGREEMENT, RATE)
        assert (tokenizer.n_pieces, tokenizer.max_length) == (N_PIECES, 16)
        return agreement

    monkeypatch.setattr("soundlet.pipeline.Agreement", opened)
    return with_files(bundle, AGREEMENT)


def with_files(bundle: Bundle, *names: str) -> Bundle:
    record = FileRecord(sha256="0" * 64, size=0)
    files = {name: record for name in names}
    return replace(bundle, manifest=bundle.manifest.model_copy(update={"files": files}))


def by_default(bundle: Bundle, candidates: int) -> Bundle:
    """The same with another default."""
    manifest = bundle.manifest
    defaults = manifest.defaults.model_copy(update={"candidates": candidates})
    return replace(bundle, manifest=manifest.model_copy(update={"defaults": defaults}))


def candidate_latents(seed: int, count: int) -> Array:
    """Half the noise of each candidate: what one step makes of it, less a constant."""
    return Generator(seed).randn((count, CHANNELS, WINDOW)) * np.float32(0.5)


N_SAMPLES = round(SECONDS * RATE)


def order_of(made: Array, n_samples: int = N_SAMPLES) -> list[int]:
    """The places of candidates, the one whose sound fits best first: its end counts nothing."""
    means = np.repeat(made[:, :2], HOP, axis=2)[:, :, :n_samples].mean(axis=(1, 2))
    return [int(place) for place in np.argsort(-means)]


def best_of(made: Array) -> Array:
    best: Array = made[order_of(made)[0]]
    return best


@pytest.mark.parametrize("seed", range(5))
def test_the_candidate_that_fits_best_becomes_the_clip(
    choosing: Bundle, engine: ToyEngine, agreement: ToyAgreement, seed: int
) -> None:
    clip = Model(choosing, engine).generate("rain", seed=seed, steps=1, candidates=4)
    assert agreement.shapes == [[(2, N_SAMPLES)] * 4]
    constant = clip.latents - best_of(candidate_latents(seed, 4))
    np.testing.assert_allclose(constant, constant[0, 0], atol=1e-6)
    assert clip.seed == seed
    assert len(engine.decoded) == 4 + 1  # of each a draft, and then the best


class LoudAtFirst(ToyEngine):
    """An engine whose first sounds after the drafts of three candidates are far too loud."""

    def __init__(self, n_loud: int) -> None:
        super().__init__()
        self.n_loud = n_loud

    def decode(self, latents: Array) -> Array:
        loud = np.float32(1000 if 3 <= len(self.decoded) < 3 + self.n_loud else 1)
        audio: Array = super().decode(latents) * loud
        return audio


@pytest.mark.parametrize("n_loud", [1, 2])
def test_a_candidate_that_is_no_sound_leaves_its_place_to_the_next(
    choosing: Bundle, n_loud: int
) -> None:
    engine = LoudAtFirst(n_loud)
    clip = Model(choosing, engine).generate("rain", seed=1, steps=1, candidates=3)
    made = candidate_latents(1, 3)
    constant = clip.latents - made[order_of(made)[n_loud]]
    np.testing.assert_allclose(constant, constant[0, 0], atol=1e-6)
    assert len(engine.decoded) == 3 + n_loud + 1


def test_where_no_candidate_is_a_sound_the_one_that_fits_best_says_why(choosing: Bundle) -> None:
    best, all_of_them = (
        pytest.raises(GenerationError, match=r"the sound peaks at [\d.e+]+ times") for _ in "12"
    )
    with best as alone:
        Model(choosing, LoudAtFirst(1)).generate(
            "rain", seed=1, steps=1, candidates=3, on_piece=lambda _: None
        )
    with all_of_them as each:
        Model(choosing, LoudAtFirst(3)).generate("rain", seed=1, steps=1, candidates=3)
    assert str(each.value) == str(alone.value)


def test_all_candidates_take_their_turn(choosing: Bundle, engine: ToyEngine) -> None:
    model, places = Model(choosing, engine), set()
    for seed in range(40):
        clip = model.generate("rain", seed=seed, steps=1, candidates=3)
        ranges = [np.ptp(clip.latents - each) for each in candidate_latents(seed, 3)]
        places.add(int(np.argmin(ranges)))
    assert places == {0, 1, 2}


def test_candidates_are_rated_by_the_prompt_alone(
    choosing: Bundle, engine: ToyEngine, agreement: ToyAgreement
) -> None:
    model = Model(choosing, engine)
    model.generate("kick drum", seed=1, candidates=2, cfg_scale=4, negative_prompt="low hum")
    assert agreement.prompts == ["kick drum"]
    long = "a very long prompt " * 10
    model.generate(long, seed=1, candidates=2, truncate_prompt=True)
    assert agreement.prompts[1:] == [long]  # the agreement cuts it, as the text encoder does


def test_candidates_of_clips_are_sampled_together(
    choosing: Bundle, engine: ToyEngine, agreement: ToyAgreement
) -> None:
    model = Model(choosing, engine, batch_size=2)
    model.generate_batch(
        [GenerationRequest(prompt="rain", seed=i, steps=1, candidates=3) for i in range(3)]
    )
    assert engine.batches == [6, 3]
    assert [len(shapes) for shapes in agreement.shapes] == [3, 3, 3]


@pytest.mark.parametrize("batch_size", [1, 2, 8])
@pytest.mark.parametrize("sampler", ["euler", "pingpong"])
def test_a_clip_of_a_batch_is_the_best_that_it_has_alone(
    choosing: Bundle, engine: ToyEngine, batch_size: int, sampler: Sampler
) -> None:
    model = Model(by_default(choosing, 2), engine, batch_size=batch_size)
    guided: dict[str, Any] = {"prompt": "rain", "cfg_scale": 4, "candidates": 3}
    rise = np.linspace(0, 1, 1000, dtype=np.float32)[None]
    asked: list[dict[str, Any]] = [
        {"prompt": "rain", "seed": 1, "candidates": 3},
        {"prompt": "kick drum", "seed": 2, "candidates": 3},
        {"prompt": "rain", "seed": 2, "candidates": 1},
        {"prompt": "rain", "seed": 2},
        {"prompt": "rain", "seed": 7},
        {**guided, "seed": 3, "negative_prompt": "low hum"},
        {**guided, "seed": 4},
        {"prompt": "rain", "seed": 5, "candidates": 3, **init(rise)},
        {"prompt": "rain", "seed": 6, "candidates": 3, **init(-rise)},
    ]
    requests = [GenerationRequest(sampler=sampler, **fields) for fields in asked]
    clips = model.generate_batch(requests)
    assert [clip.request.candidates for clip in clips] == [3, 3, 1, 2, 2, 3, 3, 3, 3]
    for clip, request in zip(clips, requests, strict=True):
        alone = model.generate(request)
        np.testing.assert_allclose(clip.latents, alone.latents, atol=1e-6)
        assert np.array_equal(model.generate(request).audio, alone.audio)


def test_one_candidate_is_the_sound_that_a_model_without_a_choice_makes(
    bundle: Bundle, choosing: Bundle, agreement: ToyAgreement
) -> None:
    plain = Model(bundle, ToyEngine()).generate("rain", seed=3)
    assert plain.request.candidates == 1
    for opened, candidates in ((bundle, 1), (choosing, None), (by_default(choosing, 4), 1)):
        clip = Model(opened, ToyEngine()).generate("rain", seed=3, candidates=candidates)
        assert np.array_equal(clip.latents, plain.latents)
        assert np.array_equal(clip.audio, plain.audio)
        assert clip.request.candidates == 1
    assert agreement.shapes == []


def test_guidance_steers_every_candidate(choosing: Bundle, engine: ToyEngine) -> None:
    fields: dict[str, Any] = {"seed": 1, "steps": 1, "cfg_scale": 4, "candidates": 3}
    model = Model(choosing, engine)
    clip = model.generate("rain", negative_prompt="low hum", **fields)
    assert engine.batches == [6]
    alone = model.generate("rain", negative_prompt="low hum", **{**fields, "candidates": 1})
    constants = [
        each.latents - made
        for each, made in (
            (clip, best_of(candidate_latents(1, 3))),
            (alone, candidate_latents(1, 1)[0]),
        )
    ]
    np.testing.assert_allclose(constants[0], constants[1], atol=1e-5)
    assert not np.allclose(clip.latents, model.generate("rain", **fields).latents, atol=1e-3)


def test_candidates_start_from_one_sound(choosing: Bundle, engine: ToyEngine) -> None:
    rise = np.linspace(0, 1, WINDOW * HOP, dtype=np.float32)
    how = init(rise[None], seconds=SECONDS, steps=1, sampler="euler")
    model, places = Model(choosing, engine), set()
    for seed in range(8):
        made = candidate_latents(seed, 3)
        one, several = (model.generate("rain", **how, seed=seed, candidates=n) for n in (1, 3))
        sound = one.latents - np.float32(0.75) * made[0]  # half noise, of which a step leaves 3/4
        others = [np.abs(several.latents - sound - np.float32(0.75) * each).max() for each in made]
        places.add(int(np.argmin(others)))
        assert min(others) < 1e-3  # the sound is drawn with hardly any spread
        assert np.array_equal(made[int(np.argmin(others))], best_of(made))
    assert len(places) > 1


def test_a_loop_is_the_best_of_its_candidates(
    choosing: Bundle, engine: ToyEngine, agreement: ToyAgreement
) -> None:
    model = Model(choosing, engine)
    clip = model.generate("rain", seconds=0.3, seed=1, steps=1, loop=True, candidates=3)
    n_samples = clip.latents.shape[1] * HOP
    assert round(0.3 * RATE) - HOP < n_samples <= round(0.3 * RATE)
    assert agreement.shapes == [[(2, n_samples)] * 3]
    assert set(engine.batches) == {3}
    made = Generator(1).randn((3, *clip.latents.shape)) * np.float32(0.5)
    constant = clip.latents - made[order_of(made, n_samples)[0]]
    np.testing.assert_allclose(constant, constant[0, 0], atol=1e-5)


def test_a_stream_is_that_of_the_candidate_that_fits_best(
    choosing: Bundle, engine: ToyEngine
) -> None:
    model = Model(choosing, engine)
    pieces = [*model.stream("rain", seed=2, candidates=3)]
    clip = model.generate("rain", seed=2, candidates=3)
    assert clip.gain_db == 0
    assert np.array_equal(np.concatenate(pieces, axis=1), clip.audio)


def test_candidates_are_steps_of_one_clip(choosing: Bundle, engine: ToyEngine) -> None:
    reports: list[tuple[int, int]] = []
    Model(choosing, engine).generate(
        "rain", candidates=3, on_step=lambda done, total: reports.append((done, total))
    )
    assert reports == [(1, 3), (2, 3), (3, 3)]


def test_a_model_says_how_many_candidates_it_takes_by_itself(
    choosing: Bundle, engine: ToyEngine
) -> None:
    model = Model(by_default(choosing, 4), engine)
    request = model.resolve(GenerationRequest(prompt="rain", seed=1))
    assert request.candidates == 4
    clip = model.generate("rain", seed=1)
    assert np.array_equal(clip.latents, model.generate(request).latents)
    assert set(engine.batches) == {4}


def test_reference_mode_makes_one_sound(choosing: Bundle, engine: ToyEngine) -> None:
    model = Model(by_default(choosing, 4), engine)
    clip = model.generate("rain", seconds=2, seed=7, reference=True)
    assert clip.request.candidates == 1
    assert set(engine.batches) == {1}
    with pytest.raises(RequestError, match="candidates=2 and reference=True exclude each other"):
        model.generate("rain", seconds=2, seed=7, reference=True, candidates=2)


def test_a_model_that_cannot_choose_refuses_several_candidates(
    bundle: Bundle, engine: ToyEngine
) -> None:
    for model in (Model(bundle, engine), Model(by_default(bundle, 4), engine)):
        with pytest.raises(RequestError) as caught:
            model.generate("rain", candidates=2)
        assert str(caught.value) == (
            "candidates must be 1 with toy, not 2: it cannot tell which of several sounds fits a"
            " prompt best"
        )
        assert model.generate("rain", seed=1).request.candidates == 1
        with pytest.raises(RequestError, match="negative_prompt has no effect"):
            model.generate("rain", candidates=1, negative_prompt="hiss")
    assert set(engine.batches) == {1}


@pytest.mark.parametrize("damage", [np.nan, np.inf, -np.inf, 1e38])
def test_a_candidate_that_went_astray_is_not_chosen(bundle: Bundle, damage: float) -> None:
    """With real towers, and none of NumPy's warnings."""

    class Astray(ToyEngine):
        """Spoils some channels of the first rows."""

        def __init__(self, n_spoilt: int) -> None:
            super().__init__()
            self.n_spoilt = n_spoilt

        def velocity(self, x: Array, t: Array, conditioning: Conditioning) -> Array:
            out = super().velocity(x, t, conditioning)
            out[: self.n_spoilt, ::2] = damage
            return out

    with torch.random.fork_rng():
        torch.manual_seed(1)
        towers = AgreementTowers(torch.zeros(N_HEARD), torch.ones(N_HEARD), N_WORDS)
    (bundle.folder / AGREEMENT).write_bytes(bundled_towers(towers))
    choosing = with_files(bundle, AGREEMENT)
    asked: dict[str, Any] = {"prompt": "rain", "steps": 1, "candidates": 3}
    for seed in range(4):
        clip = Model(choosing, Astray(2)).generate(seed=seed, **asked)
        assert np.ptp(clip.latents - candidate_latents(seed, 3)[2]) < 1e-5
    with pytest.raises(GenerationError):
        Model(choosing, Astray(3)).generate(seed=1, **asked)


@pytest.mark.parametrize("damage", [np.nan, np.inf, -np.inf])
def test_what_is_not_numbers_is_not_rated(
    choosing: Bundle, agreement: ToyAgreement, damage: float
) -> None:
    class Broken(ToyEngine):
        """Spoils its second sound."""

        def decode(self, latents: Array) -> Array:
            audio = super().decode(latents)
            if len(self.decoded) == 2:
                audio[0, 1, 7] = damage
            return audio

    for seed in range(4):
        clip = Model(choosing, Broken()).generate("rain", seed=seed, steps=1, candidates=3)
        left = candidate_latents(seed, 3)[[0, 2]]
        assert np.ptp(clip.latents - best_of(left)) < 1e-5
    assert {len(shapes) for shapes in agreement.shapes} == {2}


def test_towers_of_another_model_are_refused(bundle: Bundle, engine: ToyEngine) -> None:
    towers = AgreementTowers(torch.zeros(N_HEARD), torch.ones(N_HEARD), N_WORDS - 1)
    (bundle.folder / AGREEMENT).write_bytes(bundled_towers(towers))
    with pytest.raises(BundleError, match="for 132 words, not 133: it is of another model"):
        Model(with_files(bundle, AGREEMENT), engine)


@pytest.fixture
def with_patches(tiny_json: dict[str, Any]) -> Callable[[int], ModelConfig]:
    def build(size: int) -> ModelConfig:
        tiny_json["model"]["diffusion"]["config"]["patch_size"] = size
        return ModelConfig.model_validate_json(json.dumps(tiny_json))

    return build
