"""From a request to a sound: where tokenizer, engine, guidance and sampler meet."""

from __future__ import annotations

import math
import os
import secrets
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from soundlet.audio import read_audio, resample
from soundlet.bundle import TOKENIZER, Bundle, open_bundle
from soundlet.clip import Clip, faded_out, require_numbers, to_level
from soundlet.config import ModelConfig, OobleckDecoderConfig
from soundlet.engines import Conditioning, Engine, load_engine
from soundlet.engines.codec import mean_and_std
from soundlet.engines.tiling import decoder_halo
from soundlet.errors import BundleError, Cancelled, RequestError
from soundlet.guidance import guided
from soundlet.noise import Generator
from soundlet.request import MAX_SEED, GenerationRequest, Sampler
from soundlet.sampling import Progress, sample
from soundlet.tokenizer import Tokenizer

__all__ = ["Clip", "Model", "load"]

Array = NDArray[np.float32]

ShouldStop = Callable[[], bool]
"""Asked between steps; True ends the work."""


@dataclass(frozen=True)
class Plan:
    """A request that one model has agreed to, every choice made.

    Attributes:
        request: with the model's defaults filled in.
        seed: of its noise.
        n_samples: length of the clip.
        n_frames: latents to sample.
    """

    request: GenerationRequest
    seed: int
    seconds: float
    steps: int
    sampler: Sampler
    cfg_scale: float
    n_samples: int
    n_frames: int

    def sampling(self) -> tuple[object, ...]:
        """What clips that are sampled together have in common."""
        asked = self.request
        common = (self.steps, self.sampler, self.n_frames, asked.init_noise_level)
        return (*common, self.cfg_scale, asked.cfg_rescale, tuple(asked.cfg_interval))


def load(
    model: str | os.PathLike[str] | None = None,
    *,
    engine: str | None = None,
    threads: int | None = None,
    providers: Sequence[str] | None = None,
    device: str | None = None,
    batch_size: int = 1,
) -> Model:
    """Open a model.

    Args:
        model: the folder of a bundle. None: the model inside soundlet.
        engine: "onnx", or "torch" where it is installed; "executorch" and "litert" for bundles
            exported to them. None: the usual one for the model's format.
        threads: cores to use. None: all.
        providers: of ONNX Runtime, the preferred first. None: the CPU.
        device: of PyTorch, such as "cuda". None: the best there is.
        batch_size: clips that are sampled together. More than 1 pays on a GPU only, and lets the
            other clips of a batch change one by a rounding error.

    Raises:
        BundleError: not a bundle, or damaged.
        ConfigError: its config is not valid.
        EngineError: no such engine, or not installed.
    """
    bundle = open_bundle(None if model is None else Path(model))
    runner = load_engine(bundle, engine, threads=threads, providers=providers, device=device)
    return Model(bundle, runner, batch_size=batch_size)


class Model:
    """A model ready to make sounds. It never changes, and may be used from several threads.

    Attributes:
        bundle: what it was loaded from.
        engine: what runs its parts.
        batch_size: clips that are sampled together.
    """

    def __init__(self, bundle: Bundle, engine: Engine, *, batch_size: int = 1) -> None:
        """Join an opened bundle and an engine that runs it."""
        if batch_size < 1:
            raise RequestError(f"batch_size must be 1 or more, not {batch_size}")
        self.bundle, self.engine, self.batch_size = bundle, engine, batch_size
        path = bundle.folder / TOKENIZER
        self._tokenizer = Tokenizer(path, self.config.prompt_max_length)
        if self._tokenizer.n_pieces > bundle.t5_config.vocab_size:
            raise BundleError(
                f"{path} has {self._tokenizer.n_pieces} pieces; the text encoder knows"
                f" {bundle.t5_config.vocab_size}: they are of different models"
            )

    @property
    def config(self) -> ModelConfig:
        """Sizes of the model."""
        return self.bundle.config

    @property
    def max_seconds(self) -> float:
        """Length of the longest clip that it makes."""
        return self.config.sample_size / self.config.sample_rate

    def generate(
        self,
        prompt: str | GenerationRequest,
        *,
        on_step: Progress | None = None,
        should_stop: ShouldStop | None = None,
        **fields: Any,  # noqa: ANN401 - of GenerationRequest, which checks each
    ) -> Clip:
        """Make one clip.

        Args:
            prompt: what it should sound like, or a whole request.
            on_step: called after each step with (steps done, steps in all).
            should_stop: asked between steps; True ends the work.
            fields: further ones of `GenerationRequest`.

        Raises:
            RequestError: something that this model cannot do.
            AudioError: `init_audio` cannot be read.
            GenerationError: what came out is not a sound.
            Cancelled: `should_stop` said so.
        """
        if isinstance(prompt, GenerationRequest):
            request = replace(prompt, **fields)
        else:
            request = GenerationRequest(prompt=prompt, **fields)
        (clip,) = self.generate_batch([request], on_step=on_step, should_stop=should_stop)
        return clip

    def generate_batch(
        self,
        requests: Sequence[GenerationRequest],
        *,
        on_step: Progress | None = None,
        should_stop: ShouldStop | None = None,
    ) -> list[Clip]:
        """Make clips, each of them what it would be alone.

        Only requests in `reference` mode depend on each other: they are one batch with one seed.

        Args:
            requests: any number.
            on_step: called after each step with (steps done, steps in all), over all clips.
            should_stop: asked between steps; True ends the work.

        Returns:
            A clip for each request, in their order.

        Raises:
            RequestError, AudioError, GenerationError, Cancelled: as in `generate`.
        """
        groups = list(_groups([self._plan(request) for request in requests], self.batch_size))
        total = sum(group[0].steps for group in groups)
        clips: list[Clip] = []
        n_before = 0

        def step(done: int, _steps: int) -> None:
            if on_step is not None and done:
                on_step(n_before + done, total)
            if should_stop is not None and should_stop():
                raise Cancelled(f"stopped after {n_before + done} of {total} steps")

        for group in groups:
            step(0, total)
            clips += self._make(group, step)
            n_before += group[0].steps
        return clips

    def resolve(self, request: GenerationRequest) -> GenerationRequest:
        """`request` with the model's defaults, and a seed, where it leaves them open.

        Raises:
            RequestError: something that this model cannot do.
        """
        return self._plan(request).request

    def _plan(self, request: GenerationRequest) -> Plan:
        defaults = self.bundle.manifest.defaults
        seconds = defaults.seconds if request.seconds is None else float(request.seconds)
        self._check_seconds(seconds, is_reference=request.reference)
        if request.reference:
            n_frames = request.n_frames or self.config.n_frames
            n_samples = n_frames * self.config.hop_length
        else:
            n_samples = max(1, round(seconds * self.config.sample_rate))
            n_frames = self._frames_for(n_samples)
        patch = self.config.dit.patch_size
        if n_frames % patch:
            raise RequestError(f"n_frames must be a multiple of {patch}, not {n_frames}")
        steps = request.steps or defaults.steps
        sampler = request.sampler or defaults.sampler
        cfg_scale = defaults.cfg_scale if request.cfg_scale is None else request.cfg_scale
        seed = secrets.randbelow(MAX_SEED + 1) if request.seed is None else int(request.seed)
        filled = replace(
            request, seconds=seconds, steps=steps, sampler=sampler, cfg_scale=cfg_scale, seed=seed
        )
        if cfg_scale == 1:
            _check_guidance_is_not_asked_for(filled)
        return Plan(filled, seed, seconds, steps, sampler, cfg_scale, n_samples, n_frames)

    def _check_seconds(self, seconds: float, *, is_reference: bool) -> None:
        low, high = self.config.seconds_range
        if not is_reference:
            low, high = max(low, 1 / self.config.sample_rate), min(high, self.max_seconds)
        if not low <= seconds <= high:
            floored = math.floor(high * 1000) / 1000 or high
            raise RequestError(
                f"seconds must be from {low:.3g} to {floored:.8g} with"
                f" {self.bundle.manifest.name}, not {seconds:.8g}"
            )

    def _frames_for(self, n_samples: int) -> int:
        """Latents to sample for a clip of this length."""
        if self.bundle.manifest.length == "fixed":
            return self.config.n_frames
        patch = self.config.dit.patch_size
        n_frames = -(-n_samples // self.config.hop_length) + self.bundle.manifest.margin_frames
        return min(-(-n_frames // patch) * patch, self.config.n_frames)

    def _make(self, plans: list[Plan], on_step: Progress) -> list[Clip]:
        """The clips of one group."""
        first, asked = plans[0], plans[0].request
        seeds = [first.seed] if asked.reference else [plan.seed for plan in plans]
        generators = [Generator(seed) for seed in seeds]
        conditioning = self._condition(plans, [plan.request.prompt for plan in plans])
        shape = (self.config.latent_channels, first.n_frames)

        def noise() -> Array:
            each = len(plans) // len(generators)
            return np.concatenate([generator.randn((each, *shape)) for generator in generators])

        x = noise()
        if asked.init_audio is not None:
            starts = [
                self._init_latents(plan, generator)
                for plan, generator in zip(plans, generators, strict=False)
            ]
            level = asked.init_noise_level
            x = np.concatenate(starts) * np.float32(1 - level) + x * np.float32(level)
        velocity = guided(
            self.engine.velocity,
            conditioning,
            negative=self._negative(plans),
            cfg_scale=first.cfg_scale,
            cfg_rescale=asked.cfg_rescale,
            cfg_interval=asked.cfg_interval,
        )
        latents = sample(
            first.sampler,
            velocity,
            x,
            steps=first.steps,
            sigma_max=asked.init_noise_level,
            noise=noise,
            on_step=on_step,
        )
        require_numbers(latents, "latents")
        return [self._clip(plan, item) for plan, item in zip(plans, latents, strict=True)]

    def _condition(self, plans: list[Plan], prompts: list[str]) -> Conditioning:
        encoded = [
            self._tokenizer.encode([prompt], truncate=plan.request.truncate_prompt)
            for plan, prompt in zip(plans, prompts, strict=True)
        ]
        ids, masks = zip(*encoded, strict=True)
        seconds = np.array([plan.seconds for plan in plans], np.float32)
        return self.engine.condition(np.concatenate(ids), np.concatenate(masks), seconds)

    def _negative(self, plans: list[Plan]) -> Array | None:
        """What guidance points away from: the negative prompt of each clip, or else zeros."""
        prompts = [plan.request.negative_prompt for plan in plans]
        if all(prompt is None for prompt in prompts):
            return None
        texts = [prompt or plan.request.prompt for prompt, plan in zip(prompts, plans, strict=True)]
        cross_attn_cond = self._condition(plans, texts).cross_attn_cond
        is_given = np.array([prompt is not None for prompt in prompts])
        return np.where(is_given[:, None, None], cross_attn_cond, np.float32(0))

    def _init_latents(self, plan: Plan, generator: Generator) -> Array:
        """Latents (1, channels, frames) of the sound to start from, drawn from the bottleneck."""
        audio = self._init_audio(plan)
        mean, std = mean_and_std(self.engine.encode(audio[None]))
        latents: Array = mean + std * generator.randn(mean.shape)
        return latents

    def _init_audio(self, plan: Plan) -> Array:
        """The sound to start from, with the model's rate and channels, cut or padded to length."""
        given = plan.request.init_audio
        assert given is not None
        if isinstance(given, tuple):
            audio, rate = np.asarray(given[0], np.float32), int(given[1])
            if not np.isfinite(audio).all():
                raise RequestError("init_audio holds values that are not finite numbers")
        else:
            audio, rate = read_audio(given)
        audio = resample(audio, rate, self.config.sample_rate)
        channels, length = self.config.audio_channels, plan.n_frames * self.config.hop_length
        if len(audio) == 1:
            audio = np.repeat(audio, channels, axis=0)
        if len(audio) < channels:
            raise RequestError(
                f"init_audio has {len(audio)} channels; {self.bundle.manifest.name} needs"
                f" {channels}, or 1 to be repeated"
            )
        fitted = np.zeros((channels, length), np.float32)
        n_given = min(length, audio.shape[1])
        fitted[:, :n_given] = audio[:channels, :n_given]
        return fitted

    def _clip(self, plan: Plan, latents: Array) -> Clip:
        """The sound of `latents`; no more of them are decoded than the clip depends on."""
        n_needed = -(-plan.n_samples // self.config.hop_length) + _context(self.config)
        audio = self.engine.decode(latents[None, :, :n_needed])[0]
        audio = np.ascontiguousarray(audio[:, : plan.n_samples])
        require_numbers(audio, "samples")
        gain_db = 0.0
        if not plan.request.reference:
            if plan.n_samples < plan.n_frames * self.config.hop_length:
                audio = faded_out(audio, self.config.sample_rate)
            audio, gain_db = to_level(audio)
        return Clip(
            audio=audio,
            sample_rate=self.config.sample_rate,
            seed=plan.seed,
            latents=np.ascontiguousarray(latents),
            request=plan.request,
            model=self.bundle.manifest.name,
            gain_db=gain_db,
        )


def _groups(plans: list[Plan], batch_size: int) -> Iterator[list[Plan]]:
    """Plans that are sampled together: neighbours that have the same settings."""
    if any(plan.request.reference for plan in plans):
        _check_reference(plans)
        yield plans
        return
    for _, alike in groupby(plans, Plan.sampling):
        group = list(alike)
        for start in range(0, len(group), batch_size):
            yield group[start : start + batch_size]


def _check_reference(plans: list[Plan]) -> None:
    first = plans[0]
    for plan in plans:
        if not plan.request.reference:
            raise RequestError("reference must be the same for all requests of a batch")
        if plan.sampling() != first.sampling() or plan.seed != first.seed:
            raise RequestError(
                "in reference mode a batch has one seed, sampler and guidance: only prompts and"
                " seconds may differ"
            )
        if plan.request.init_audio is not first.request.init_audio:
            raise RequestError("in reference mode a batch has one init_audio")


def _check_guidance_is_not_asked_for(request: GenerationRequest) -> None:
    idle = {
        "negative_prompt": request.negative_prompt is not None,
        "cfg_rescale": request.cfg_rescale != 0,
        "cfg_interval": tuple(request.cfg_interval) != (0, 1),
    }
    for name, is_given in idle.items():
        if is_given:
            raise RequestError(
                f"{name} has no effect at cfg_scale 1, which is no guidance: set cfg_scale, to 4"
                " for example"
            )


def _context(config: ModelConfig) -> int:
    """Latents beyond the end of a clip that its samples depend on."""
    decoder = config.autoencoder.decoder.config
    if isinstance(decoder, OobleckDecoderConfig):
        return decoder_halo(decoder)
    return config.n_frames  # phase recovery looks at everything
