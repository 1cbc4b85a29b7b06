"""Sounds that show how far a run has come."""

from __future__ import annotations

from collections.abc import Callable
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from soundlet.config import ModelConfig
from soundlet.engines.torch import ModuleEngine
from soundlet.guidance import guided
from soundlet.noise import Generator
from soundlet.sampling import sample
from soundlet.tokenizer import Tokenizer
from soundlet.training.clips import Audio
from soundlet.training.codec import Codec
from soundlet.training.pictures import Sample
from soundlet.training.settings import FlowSamples

Array = NDArray[np.float32]


def draw_reconstructions(codec: Codec, crops: Array) -> list[Sample]:
    """Each of `crops` (count, 2, samples) as it is, then as the codec makes it."""
    mean, _ = codec.encode(crops)
    rebuilt = codec.decode(mean)
    rate = codec.config.sample_rate
    pairs = (
        (Sample(f"{i} real", real, rate), Sample(f"{i} rebuilt", made, rate))
        for i, (real, made) in enumerate(zip(crops, rebuilt, strict=True))
    )
    return list(chain.from_iterable(pairs))


def draw_clips(
    engine: ModuleEngine,
    config: ModelConfig,
    tokenizer: Tokenizer,
    decode: Callable[[Array], Audio],
    asked: FlowSamples,
    *,
    frames_multiple: int,
) -> list[Sample]:
    """A clip for each prompt, all from the same noise.

    Args:
        engine: the weights to be heard.
        config: of the model.
        tokenizer: of the model.
        decode: latents as the flow knows them to audio.
        asked: prompts and how to sample.
        frames_multiple: windows are multiples of it.
    """
    n_samples = min(round(asked.seconds * config.sample_rate), config.sample_size)
    unit = config.hop_length * frames_multiple
    n_frames = min(-(-n_samples // unit) * frames_multiple, config.n_frames)
    tokens, mask = tokenizer.encode(asked.prompts, truncate=True)
    count = len(asked.prompts)
    conditioning = engine.condition(tokens, mask, np.full(count, asked.seconds, np.float32))
    generator = Generator(asked.seed)
    shape = (1, config.latent_channels, n_frames)

    def noise() -> Array:
        return np.repeat(generator.randn(shape), count, axis=0)

    latents = sample(
        asked.sampler,
        guided(engine.velocity, conditioning, cfg_scale=asked.cfg_scale),
        noise(),
        steps=asked.steps,
        sigma_max=1.0,
        noise=noise,
    )
    audio = decode(latents)[:, :, :n_samples]
    return [
        Sample(prompt, sound, config.sample_rate)
        for prompt, sound in zip(asked.prompts, audio, strict=True)
    ]
