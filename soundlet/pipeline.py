"""From a request to a sound: where tokenizer, engine, guidance and sampler meet."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from numbers import Integral
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from soundlet.agreement import Agreement
from soundlet.bundle import TOKENIZER, Bundle, open_bundle
from soundlet.circle import around
from soundlet.clip import Clip, require_numbers, to_level
from soundlet.config import ModelConfig
from soundlet.decoding import Decoding, OnPiece
from soundlet.engines import Conditioning, Engine, load_engine
from soundlet.engines.codec import mean_and_std
from soundlet.errors import BundleError, Cancelled, GenerationError, RequestError
from soundlet.guidance import guided
from soundlet.noise import Generator
from soundlet.plan import Plan, groups, plan_for
from soundlet.request import GenerationRequest
from soundlet.sampling import Progress, Velocity, sample
from soundlet.source import for_model, read_source
from soundlet.tokenizer import Tokenizer

__all__ = ["Clip", "Model", "load"]

Array = NDArray[np.float32]

RESAMPLER_REACH = 1024  # samples behind a place that its resampled value may depend on, and more

ShouldStop = Callable[[], bool]
"""Asked between steps; True ends the work."""


def load(
    model: str | os.PathLike[str] | None = None,
    *,
    engine: str | None = None,
    threads: int | None = None,
    providers: Sequence[str] | None = None,
    device: str | None = None,
    batch_size: int = 1,
    low_memory: bool = False,
) -> Model:
    """Open a model.

    Args:
        model: the folder of a bundle. None: the model inside soundlet.
        engine: "onnx", or "torch" or "openvino" where they are installed; "executorch" and "litert"
            for bundles exported to them. None: the usual one for the model's format.
        threads: cores to use. None: all.
        providers: of ONNX Runtime, the preferred first. None: the CPU.
        device: of PyTorch, such as "cuda". None: the best there is.
        batch_size: clips that are sampled together. More than 1 pays on a GPU only, and lets the
            other clips of a batch change one by a rounding error.
        low_memory: keep one part of the model in memory at a time, and load the others again when
            they are needed. Of the onnx engine.

    Raises:
        BundleError: not a bundle, or damaged.
        ConfigError: its config is not valid.
        EngineError: no such engine, or not installed, or an option that it does not have.
        RequestError: a `batch_size` that is not 1 or more.
    """
    bundle = open_bundle(None if model is None else Path(model))
    runner = load_engine(
        bundle,
        engine,
        threads=threads,
        providers=providers,
        device=device,
        low_memory=low_memory,
    )
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
        is_whole = isinstance(batch_size, Integral) and not isinstance(batch_size, bool)
        if not (is_whole and batch_size >= 1):
            raise RequestError(f"batch_size must be 1 or more, not {batch_size!r}")
        self.bundle, self.engine, self.batch_size = bundle, engine, batch_size
        self._decoding = Decoding(engine, self.config)
        path = bundle.folder / TOKENIZER
        self._tokenizer = Tokenizer(path, self.config.prompt_max_length)
        if self._tokenizer.n_pieces > bundle.t5_config.vocab_size:
            raise BundleError(
                f"{path} has {self._tokenizer.n_pieces} pieces; the text encoder knows"
                f" {bundle.t5_config.vocab_size}: they are of different models"
            )
        self._agreement: Agreement | None = None
        if bundle.agreement is not None:
            rate = self.config.sample_rate
            self._agreement = Agreement(bundle.agreement, self._tokenizer, sample_rate=rate)

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
        on_piece: OnPiece | None = None,
        **fields: Any,  # noqa: ANN401 - of GenerationRequest, which checks each
    ) -> Clip:
        """Make one clip.

        Args:
            prompt: what it should sound like, or a whole request.
            on_step: called after each step with (steps done, steps in all).
            should_stop: asked between steps, and between pieces; True ends the work.
            on_piece: called with the clip's samples from its start, as soon as they are decoded.
                Their level is the model's own: what brings a clip to full scale needs all of it.
            fields: further ones of `GenerationRequest`.

        Raises:
            RequestError: something that this model cannot do.
            AudioError: `init_audio` cannot be read.
            GenerationError: what came out is not a sound.
            Cancelled: `should_stop` said so.
        """
        request = _request(prompt, fields)
        (clip,) = self._generate([request], on_step, should_stop, on_piece)
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
        for request in requests:
            if not isinstance(request, GenerationRequest):
                raise RequestError(f"requests must be of GenerationRequest, not {request!r}")
        return self._generate(requests, on_step, should_stop, None)

    def _generate(
        self,
        requests: Sequence[GenerationRequest],
        on_step: Progress | None,
        should_stop: ShouldStop | None,
        on_piece: OnPiece | None,
    ) -> list[Clip]:
        planned = list(groups([self._plan(request) for request in requests], self.batch_size))
        total = sum(group[0].steps for group in planned)
        clips: list[Clip] = []
        n_before = 0

        def step(done: int, _steps: int) -> None:
            if on_step is not None and done:
                on_step(n_before + done, total)
            if should_stop is not None and should_stop():
                raise Cancelled(f"stopped after {n_before + done} of {total} steps")

        def piece(samples: Array) -> None:
            assert on_piece is not None
            on_piece(samples)
            if should_stop is not None and should_stop():
                raise Cancelled("stopped while it was decoded")

        for group in planned:
            step(0, total)
            clips += self._make(group, step, None if on_piece is None else piece)
            n_before += group[0].steps
        return clips

    def stream(
        self,
        prompt: str | GenerationRequest,
        *,
        on_step: Progress | None = None,
        should_stop: ShouldStop | None = None,
        **fields: Any,  # noqa: ANN401 - of GenerationRequest, which checks each
    ) -> Iterator[Array]:
        """The samples of a clip from its start, each piece as soon as it is decoded.

        They are those of `generate`, but for the level: what brings a clip to full scale needs all
        of it. A loop comes as one piece, since its start depends on its end.

        Args:
            prompt: what it should sound like, or a whole request.
            on_step: called after each step with (steps done, steps in all).
            should_stop: asked between steps; True ends the work.
            fields: further ones of `GenerationRequest`.

        Yields:
            (channels, samples) float32 at the model's rate, about half a second first.

        Raises:
            RequestError, AudioError, GenerationError, Cancelled: as in `generate`, while it is
                iterated.
        """
        plan = self._plan(_request(prompt, fields))

        def step(done: int, total: int) -> None:
            if on_step is not None:
                on_step(done, total)
            if should_stop is not None and should_stop():
                raise Cancelled(f"stopped after {done} of {total} steps")

        (ranked,) = self._sampled([plan], step)
        latents = ranked[0]
        require_numbers(latents, "latents")
        yield from self._decoding.pieces(plan, latents)

    def resolve(self, request: GenerationRequest) -> GenerationRequest:
        """`request` with the model's defaults, and a seed, where it leaves them open.

        Raises:
            RequestError: something that this model cannot do.
        """
        return self._plan(request).request

    def _plan(self, request: GenerationRequest) -> Plan:
        return plan_for(self.bundle, request)

    def _make(self, plans: list[Plan], on_step: Progress, on_piece: OnPiece | None) -> list[Clip]:
        """The clips of one group."""
        sampled = self._sampled(plans, on_step)
        return [
            self._first_clip(plan, ranked, on_piece)
            for plan, ranked in zip(plans, sampled, strict=True)
        ]

    def _first_clip(self, plan: Plan, ranked: Array, on_piece: OnPiece | None) -> Clip:
        """The clip of the first of some candidates that is a sound.

        Of a clip that is told piece by piece it is the first of all: pieces cannot be taken back.
        """
        failures = []
        for latents in ranked if on_piece is None else ranked[:1]:
            try:
                require_numbers(latents, "latents")
                return self._clip(plan, latents, on_piece)
            except GenerationError as e:
                failures.append(e)
        raise failures[0]

    def _sampled(self, plans: list[Plan], on_step: Progress) -> Array:
        """Latents (plans, candidates, channels, frames), of each plan those that fit best first."""
        latents = self._candidates(plans, on_step)
        each = latents.reshape(len(plans), -1, *latents.shape[1:])
        if plans[0].candidates == 1:
            return each
        return np.stack([self._ranked(plan, c) for plan, c in zip(plans, each, strict=True)])

    def _ranked(self, plan: Plan, candidates: Array) -> Array:
        """(candidates, channels, frames), the one that fits the prompt best first."""
        assert self._agreement is not None
        drafts = [self._decoding.draft(plan, each) for each in candidates]
        fits = np.full(len(candidates), -np.inf, np.float32)
        is_sound = np.array([bool(np.isfinite(each).all()) for each in drafts])
        sounds = [each for each, is_one in zip(drafts, is_sound, strict=True) if is_one]
        fits[is_sound] = self._agreement(sounds, plan.request.prompt)
        ranked: Array = candidates[np.argsort(-fits, kind="stable")]
        return ranked

    def _candidates(self, plans: list[Plan], on_step: Progress) -> Array:
        """Latents of all candidates, those of one plan after the other's."""
        first, asked = plans[0], plans[0].request
        seeds = [first.seed] if asked.reference else [plan.seed for plan in plans]
        generators = [Generator(seed) for seed in seeds]
        velocity = self._velocity(plans)
        shape = (self.config.latent_channels, first.n_frames)

        def noise() -> Array:
            each = len(plans) * first.candidates // len(generators)
            return np.concatenate([generator.randn((each, *shape)) for generator in generators])

        x = noise()
        if asked.init_audio is not None:
            starts = [
                self._init_latents(plan, generator)
                for plan, generator in zip(plans, generators, strict=False)
            ]
            level = asked.init_noise_level
            starts = [np.repeat(start, first.candidates, axis=0) for start in starts]
            x = np.concatenate(starts) * np.float32(1 - level) + x * np.float32(level)
        if first.windows is not None:
            velocity = around(velocity, first.windows)
        return sample(
            first.sampler,
            velocity,
            x,
            steps=first.steps,
            sigma_max=asked.init_noise_level,
            noise=noise,
            on_step=on_step,
        )

    def _velocity(self, plans: list[Plan]) -> Velocity:
        """The dit with the conditioning and guidance of one group bound."""
        first, asked = plans[0], plans[0].request
        negative = self._negative(plans)
        told = self._condition(plans, [plan.request.prompt for plan in plans])
        n = first.candidates
        return guided(
            self.engine.velocity,
            Conditioning(
                np.repeat(told.cross_attn_cond, n, axis=0), np.repeat(told.global_cond, n, axis=0)
            ),
            negative=None if negative is None else np.repeat(negative, n, axis=0),
            cfg_scale=first.cfg_scale,
            cfg_rescale=asked.cfg_rescale,
            cfg_interval=asked.cfg_interval,
        )

    def require_readable(self, *prompts: str) -> None:
        """Make sure that the text encoder reads every prompt to its end.

        Raises:
            RequestError: one is too long; says how long, and how long it may be.
        """
        self._tokenizer.encode(prompts)

    def condition(
        self, prompts: Sequence[str], seconds: Sequence[float], *, truncate: bool = False
    ) -> Conditioning:
        """What the dit is told about clips.

        Args:
            prompts: one a clip.
            seconds: the length of each, as the model is told it.
            truncate: cut prompts that are too long instead of refusing them.

        Raises:
            RequestError: a prompt that is too long.
        """
        cut = [truncate] * len(prompts)
        return self._conditioned(prompts, seconds, cut)

    def encode(self, audio: Array) -> Array:
        """The mean of the latents of a sound.

        Args:
            audio: (audio channels, frames * hop_length) at the model's rate.

        Returns:
            (latent channels, frames).
        """
        latents: Array = mean_and_std(self.engine.encode(audio[None]))[0][0]
        return latents

    def decode(self, latents: Array) -> Array:
        """The sound of latents (latent channels, frames): (audio channels, frames * hop_length)."""
        audio: Array = self.engine.decode(np.ascontiguousarray(latents[None]))[0]
        require_numbers(audio, "samples")
        return audio

    def _condition(self, plans: list[Plan], prompts: list[str]) -> Conditioning:
        cut = [plan.request.truncate_prompt for plan in plans]
        return self._conditioned(prompts, [plan.seconds for plan in plans], cut)

    def _conditioned(
        self, prompts: Sequence[str], seconds: Sequence[float], cut: Sequence[bool]
    ) -> Conditioning:
        encoded = [
            self._tokenizer.encode([prompt], truncate=truncate)
            for prompt, truncate in zip(prompts, cut, strict=True)
        ]
        ids, masks = zip(*encoded, strict=True)
        told = np.array(seconds, np.float32)
        return self.engine.condition(np.concatenate(ids), np.concatenate(masks), told)

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
        audio, rate = read_source(given, "init_audio")
        channels, length = self.config.audio_channels, plan.n_frames * self.config.hop_length
        to_rate = self.config.sample_rate
        n_heard = math.ceil(length * rate / to_rate) + RESAMPLER_REACH * math.ceil(rate / to_rate)
        audio = for_model(audio[:, :n_heard], rate, to_rate=to_rate, channels=channels)
        fitted = np.zeros((channels, length), np.float32)
        n_given = min(length, audio.shape[1])
        fitted[:, :n_given] = audio[:, :n_given]
        return fitted

    def _clip(self, plan: Plan, latents: Array, on_piece: OnPiece | None) -> Clip:
        """The clip of latents (channels, frames), turned down where it is above full scale."""
        audio = self._decoding.sound(plan, latents, on_piece)
        gain_db = 0.0
        if not plan.request.reference:
            audio, gain_db = to_level(audio)
        return Clip(
            audio=audio,
            sample_rate=self.config.sample_rate,
            seed=plan.seed,
            latents=np.ascontiguousarray(latents),
            request=plan.request,
            model=self.bundle.manifest.name,
            gain_db=gain_db,
            model_sha256=self.bundle.sha256,
            engine=self.engine.name,
        )


def _request(prompt: str | GenerationRequest, fields: Mapping[str, Any]) -> GenerationRequest:
    """A whole request with some fields changed, or one of a prompt and its fields."""
    if isinstance(prompt, GenerationRequest):
        return replace(prompt, **fields)
    return GenerationRequest(prompt=prompt, **fields)
