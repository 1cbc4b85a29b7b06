"""Whole generations of the reference, repeated by the public API from a converted checkpoint.

The bar is 1e-4 of the greatest value: a run passes float32 through every layer up to 16 times, and
guidance multiplies what differs by its scale.
"""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import soundlet
from soundlet.engines import ENGINES_FOR
from soundlet.guidance import Conditioning, guided
from soundlet.noise import Generator
from soundlet.tokenizer import Tokenizer
from tests.parity.conftest import TINY, Golden, relative_error

RUN_TOLERANCE = 1e-4
FACTS: dict[str, Any] = json.loads((TINY / "golden.json").read_text())

RUNS: dict[str, dict[str, Any]] = {
    "pingpong8": {"steps": 8, "sampler": "pingpong", "cfg_scale": 1},
    "pingpong8_batch": {"steps": 8, "sampler": "pingpong", "cfg_scale": 1},
    "euler5_cfg4": {"steps": 5, "sampler": "euler", "cfg_scale": 4},
    "euler5_cfg4_negative": {
        "steps": 5,
        "sampler": "euler",
        "cfg_scale": 4,
        "negative_prompt": FACTS["negative_prompt"],
    },
    "rk4_4": {"steps": 4, "sampler": "rk4", "cfg_scale": 1},
    "dpmpp6": {"steps": 6, "sampler": "dpmpp", "cfg_scale": 1},
    "audio_to_audio_07": {
        "steps": 4,
        "sampler": "pingpong",
        "cfg_scale": 1,
        "init_noise_level": 0.7,
    },
}


@pytest.fixture(scope="session", params=ENGINES_FOR["onnx"])
def model(request: pytest.FixtureRequest, tiny_bundle: Path) -> soundlet.Model:
    return soundlet.load(tiny_bundle, engine=request.param, threads=1)


@pytest.mark.parametrize("run", RUNS)
def test_a_run_is_that_of_the_reference(model: soundlet.Model, golden: Golden, run: str) -> None:
    settings = dict(RUNS[run])
    if run.startswith("audio_to_audio"):
        settings["init_audio"] = (golden["init_audio"], model.config.sample_rate)
    n_clips = len(golden[f"run_{run}_latents"])
    requests = [
        soundlet.GenerationRequest(
            prompt=clip["prompt"],
            seconds=clip["seconds_total"],
            seed=FACTS["seed"],
            n_frames=FACTS["frames"],
            reference=True,
            **settings,
        )
        for clip in FACTS["prompts"][:n_clips]
    ]
    clips = model.generate_batch(requests)
    latents, audio = (np.stack([getattr(c, name) for c in clips]) for name in ("latents", "audio"))
    assert relative_error(latents, golden[f"run_{run}_latents"]) < RUN_TOLERANCE
    assert relative_error(audio, golden[f"run_{run}_audio"]) < RUN_TOLERANCE


@pytest.mark.parametrize(
    ("name", "settings"),
    [("velocity_cfg4", {}), ("velocity_cfg4_rescale07", {"cfg_rescale": 0.7})],
)
def test_guidance_is_that_of_the_reference(
    model: soundlet.Model, golden: Golden, name: str, settings: dict[str, Any]
) -> None:
    arrays = {key: value.astype(np.float32) for key, value in golden.items()}
    told = Conditioning(arrays["cross_attn_cond"], arrays["global_cond"])
    velocity = guided(model.engine.velocity, told, cfg_scale=4, **settings)
    assert relative_error(velocity(arrays["x"], arrays["t"]), golden[name]) < 1e-5


def test_tokens_are_those_of_the_reference(tiny_bundle: Path, golden: Golden) -> None:
    tokenizer = Tokenizer(tiny_bundle / "spiece.model", golden["input_ids"].shape[1])
    ids, mask = tokenizer.encode([clip["prompt"] for clip in FACTS["prompts"]])
    assert np.array_equal(ids, golden["input_ids"])
    assert np.array_equal(mask, golden["attention_mask"])


def test_noise_is_that_of_the_reference(golden: Golden) -> None:
    expected = golden["noise_seed"]
    found = Generator(FACTS["seed"]).randn(expected.shape)
    assert np.abs(found - expected.astype(np.float32)).max() < 5e-7


def test_both_engines_make_the_same_clip(tiny_bundle: Path) -> None:
    clips = [
        soundlet.load(tiny_bundle, engine=engine, threads=1).generate("kick", seconds=0.02, seed=1)
        for engine in ENGINES_FOR["onnx"]
    ]
    assert relative_error(clips[0].latents, clips[1].latents) < RUN_TOLERANCE
    assert relative_error(clips[0].audio, clips[1].audio) < RUN_TOLERANCE


def test_a_model_may_be_used_from_several_threads(model: soundlet.Model) -> None:
    alone = [model.generate("kick", seconds=0.02, seed=seed).audio for seed in range(4)]
    with ThreadPoolExecutor(4) as pool:
        together = list(
            pool.map(lambda seed: model.generate("kick", seconds=0.02, seed=seed).audio, range(4))
        )
    for ours, theirs in zip(alone, together, strict=True):
        assert np.array_equal(ours, theirs)


def test_a_clip_of_a_batch_is_the_clip_alone_on_every_engine(model: soundlet.Model) -> None:
    requests = [
        soundlet.GenerationRequest(prompt=prompt, seconds=0.02, seed=seed)
        for seed, prompt in enumerate(("kick", "warm arpeggios", "rain"))
    ]
    together = soundlet.Model(model.bundle, model.engine, batch_size=3).generate_batch(requests)
    for clip, request in zip(together, requests, strict=True):
        assert relative_error(clip.latents, model.generate(request).latents) < RUN_TOLERANCE
