"""What a request comes to with one model, and which requests are sampled together."""

from __future__ import annotations

import math
import secrets
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import groupby

from soundlet.bundle import Bundle
from soundlet.circle import Windows, windows_for
from soundlet.engines.codec import halo
from soundlet.errors import RequestError
from soundlet.prompt import read_prompt
from soundlet.request import (
    MAX_LOOP_SECONDS,
    MAX_SEED,
    MIN_LOOP_SECONDS,
    GenerationRequest,
    Sampler,
)

WHOLE_BEATS = 0.01  # a loop so near to a whole number of beats has as many
PARTS_WITHOUT_BEATS = 10


@dataclass(frozen=True)
class Plan:
    """A request that one model has agreed to, every choice made.

    Attributes:
        request: with the model's defaults filled in.
        seed: of its noise.
        seconds: what the model is told.
        n_samples: length of the clip.
        n_frames: latents to sample.
        windows: how the circle of a loop is cut open. None: not a loop.
    """

    request: GenerationRequest
    seed: int
    seconds: float
    candidates: int
    steps: int
    sampler: Sampler
    cfg_scale: float
    n_samples: int
    n_frames: int
    windows: Windows | None = None

    def sampling(self) -> tuple[object, ...]:
        """What clips that are sampled together have in common."""
        asked = self.request
        common = (self.steps, self.sampler, self.n_frames, self.windows, asked.init_noise_level)
        guidance = (self.cfg_scale, asked.cfg_rescale, tuple(asked.cfg_interval))
        return (*common, *guidance, self.candidates)


def plan_for(bundle: Bundle, request: GenerationRequest) -> Plan:
    """What the model of a bundle will make of a request.

    Raises:
        RequestError: something that this model cannot do.
    """
    defaults = bundle.manifest.defaults
    seconds = defaults.seconds if request.seconds is None else float(request.seconds)
    windows: Windows | None = None
    told = seconds
    if request.loop:
        n_samples, windows = _loop(bundle, seconds, request.prompt)
        n_frames, told = windows.n_frames, _seconds_of(bundle, windows)
    elif request.reference:
        _check_seconds(bundle, seconds, is_reference=True)
        n_frames = request.n_frames or bundle.config.n_frames
        n_samples = n_frames * bundle.config.hop_length
    else:
        _check_seconds(bundle, seconds, is_reference=False)
        n_samples = max(1, round(seconds * bundle.config.sample_rate))
        n_frames = _frames_for(bundle, n_samples, is_short=request.short_window)
    patch = bundle.config.dit.patch_size
    if n_frames % patch and windows is None:
        raise RequestError(f"n_frames must be a multiple of {patch}, not {n_frames}")
    candidates = _candidates(bundle, request)
    steps = request.steps or defaults.steps
    sampler = request.sampler or defaults.sampler
    cfg_scale = defaults.cfg_scale if request.cfg_scale is None else request.cfg_scale
    seed = secrets.randbelow(MAX_SEED + 1) if request.seed is None else int(request.seed)
    filled = replace(
        request,
        seconds=seconds,
        seed=seed,
        candidates=candidates,
        steps=steps,
        sampler=sampler,
        cfg_scale=cfg_scale,
    )
    if cfg_scale == 1:
        _check_guidance_is_not_asked_for(filled)
    return Plan(
        filled, seed, told, candidates, steps, sampler, cfg_scale, n_samples, n_frames, windows
    )


def _candidates(bundle: Bundle, request: GenerationRequest) -> int:
    """How many sounds are sampled for a clip."""
    if request.reference:
        return 1
    if bundle.agreement is not None:
        return request.candidates or bundle.manifest.defaults.candidates
    if (request.candidates or 1) > 1:
        raise RequestError(
            f"candidates must be 1 with {bundle.manifest.name}, not {request.candidates}: it cannot"
            " tell which of several sounds fits a prompt best"
        )
    return 1


def _loop(bundle: Bundle, seconds: float, prompt: str) -> tuple[int, Windows]:
    """Samples of a loop, and the windows that go round it."""
    if not MIN_LOOP_SECONDS <= seconds <= MAX_LOOP_SECONDS:
        raise RequestError(
            f"a loop is {MIN_LOOP_SECONDS:g} to {MAX_LOOP_SECONDS:g} seconds long, not"
            f" {seconds:.8g}: choose another number of bars, or another tempo"
        )
    n_samples = round(seconds * bundle.config.sample_rate)
    windows = windows_for(
        max(1, round(n_samples / bundle.config.hop_length)),
        bundle.config.n_frames,
        patch=bundle.config.dit.patch_size,
        is_fixed=bundle.manifest.length == "fixed",
        n_turns=_bars(seconds, read_prompt(prompt).bpm),
    )
    return n_samples, windows


def _bars(seconds: float, bpm: float | None) -> int:
    """Bars of a loop, or its beats if it is one bar; ten parts of a loop without beats."""
    n_beats = 0 if bpm is None else round(seconds * bpm / 60)
    if bpm is None or n_beats == 0 or abs(seconds * bpm / 60 - n_beats) > WHOLE_BEATS:
        return PARTS_WITHOUT_BEATS
    for beats_per_bar in (4, 3):
        if n_beats % beats_per_bar == 0 and n_beats > beats_per_bar:
            return n_beats // beats_per_bar
    return n_beats


def _seconds_of(bundle: Bundle, windows: Windows) -> float:
    """The length of a window, as far as the model can be told of it."""
    seconds = windows.length * bundle.config.hop_length / bundle.config.sample_rate
    return min(seconds, bundle.config.seconds_range[1])


def _check_seconds(bundle: Bundle, seconds: float, *, is_reference: bool) -> None:
    config = bundle.config
    low, high = config.seconds_range
    if not is_reference:
        low = max(low, 1 / config.sample_rate)
        high = min(high, config.sample_size / config.sample_rate)
    if not low <= seconds <= high:
        floored = math.floor(high * 1000) / 1000 or high
        raise RequestError(
            f"seconds must be from {low:.3g} to {floored:.8g} with"
            f" {bundle.manifest.name}, not {seconds:.8g}"
        )


def _frames_for(bundle: Bundle, n_samples: int, *, is_short: bool) -> int:
    """Latents to sample for a clip of this length."""
    margin = bundle.manifest.margin_frames
    if bundle.manifest.length == "fixed":
        if not is_short:
            return bundle.config.n_frames
        margin = halo(bundle.config)
    patch = bundle.config.dit.patch_size
    n_frames = -(-n_samples // bundle.config.hop_length) + margin
    return min(-(-n_frames // patch) * patch, bundle.config.n_frames)


def groups(plans: list[Plan], batch_size: int) -> Iterator[list[Plan]]:
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
                f"{name} has no effect at cfg_scale 1, which is no guidance: set cfg_scale, to 1.5"
                " for example"
            )
