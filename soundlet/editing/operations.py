"""The edits: each takes a model and a request, and gives a clip."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from soundlet.audio import Audio
from soundlet.clip import Clip, require_numbers, require_sound, to_level
from soundlet.editing.conditions import Voice
from soundlet.editing.filling import Filler, Steps, decoded
from soundlet.editing.line import along
from soundlet.editing.one_shot import one_shot
from soundlet.editing.placing import Sound, as_given, put, span
from soundlet.editing.request import (
    BlendRequest,
    EditRequest,
    InpaintRequest,
    ModelEdit,
    OneShotRequest,
    OutpaintRequest,
    RestyleRequest,
    filled,
)
from soundlet.errors import Cancelled, RequestError
from soundlet.metadata import read_sound_file
from soundlet.noise import Generator
from soundlet.pipeline import Model, ShouldStop
from soundlet.prompt import read_prompt
from soundlet.request import GenerationRequest
from soundlet.sampling import Array, Progress, sample
from soundlet.source import Given, for_model, read_source
from soundlet.tempo import Grid


def apply(
    model: Model,
    request: EditRequest,
    *,
    on_step: Progress | None = None,
    should_stop: ShouldStop | None = None,
) -> Clip:
    """Do an edit.

    Args:
        model: that makes what is new.
        request: any of the edits.
        on_step: called after each step with (steps done, steps in all).
        should_stop: asked between steps; True ends the work.

    Returns:
        The edited sound. Inpainting and outpainting keep the rate and the channels of the sound
        that was given; the other edits make all of it anew, in the model's.

    Raises:
        RequestError: something that cannot be done with this sound or this model.
        AudioError: the sound cannot be read.
        GenerationError: what came out is not a sound.
        Cancelled: `should_stop` said so.
    """
    step = _watched(on_step, should_stop)
    if isinstance(request, InpaintRequest):
        return inpaint(model, request, on_step=step)
    if isinstance(request, OutpaintRequest):
        return outpaint(model, request, on_step=step)
    if isinstance(request, BlendRequest):
        return blend(model, request, on_step=step)
    if isinstance(request, RestyleRequest):
        return restyle(model, request, on_step=step)
    return extract_one_shot(model, request)


def restyle(model: Model, request: RestyleRequest, *, on_step: Progress | None = None) -> Clip:
    """The sound in another manner, or a variation of it. Arguments and errors as in `apply`."""
    audio = _heard(model, request)
    how = model.resolve(request.generation())
    return _remade(model, request, Voice(model, how), audio, request.strength, on_step)


def blend(model: Model, request: BlendRequest, *, on_step: Progress | None = None) -> Clip:
    """A sound between two prompts. Arguments and errors as in `apply`."""
    how = model.resolve(request.generation())
    voice = Voice(model, how, request.other, request.shares)
    if request.audio is not None:
        return _remade(model, request, voice, _heard(model, request), request.strength, on_step)
    seconds = request.seconds or model.bundle.manifest.defaults.seconds
    n_samples = max(1, round(seconds * model.config.sample_rate))
    silence = np.zeros((model.config.audio_channels, n_samples), np.float32)
    return _remade(model, request, voice, silence, 1.0, on_step)


def inpaint(model: Model, request: InpaintRequest, *, on_step: Progress | None = None) -> Clip:
    """New sound in the regions. Arguments and errors as in `apply`.

    A loop stays one, with its tempo, where the regions do not reach its ends.
    """
    sound = _read(request)
    seconds = sound.audio.shape[1] / sound.rate
    for first, last in request.regions:
        if last > seconds + 0.5 / sound.rate:
            raise RequestError(
                f"the region from {first:g} to {last:g} s ends after the sound, which is"
                f" {seconds:.4g} s long"
            )
    places = [
        (round(first * sound.rate), min(round(last * sound.rate), sound.audio.shape[1]))
        for first, last in sorted(request.regions)
    ]
    if any(last - first < 2 for first, last in places):
        raise RequestError("a region must be two samples or longer")
    clip = _with_new(model, request, sound, places, on_step)
    edge = request.crossfade * sound.rate
    touches_an_end = places[0][0] <= edge or places[-1][1] >= sound.audio.shape[1] - edge
    grid = None if touches_an_end else grid_of(request.audio, sound)
    if grid is None:
        return clip
    return replace(clip, grid=grid, request=replace(clip.request, loop=True))


def outpaint(model: Model, request: OutpaintRequest, *, on_step: Progress | None = None) -> Clip:
    """More sound before, after, or both. Arguments and errors as in `apply`."""
    sound = _read(request)
    n_before, n_after = (round(s * sound.rate) for s in (request.before, request.after))
    n_given = sound.audio.shape[1]
    longer = np.pad(sound.audio, ((0, 0), (n_before, n_after)))
    places = [(n_before + n_given, n_before + n_given + n_after)] if n_after > 1 else []
    places += [(0, n_before)] if n_before > 1 else []
    if not places:
        raise RequestError(f"before or after must be two samples or longer, at {sound.rate} Hz")
    return _with_new(model, request, Sound(longer, sound.rate), places, on_step)


def extract_one_shot(model: Model, request: OneShotRequest) -> Clip:
    """One hit out of the sound, at its own rate; no model makes anything. Errors as in `apply`.

    `model` is only named in the settings of the clip.
    """
    audio, rate = read_source(request.audio, "audio")
    hit = one_shot(audio, rate, at=request.at, longest=request.longest)
    source = source_of(request.audio)
    return Clip(
        audio=hit.audio,
        sample_rate=rate,
        seed=0,
        latents=np.zeros((model.config.latent_channels, 0), np.float32),
        request=GenerationRequest(
            prompt=(source["source"] or {}).get("prompt") or "one-shot",
            seconds=hit.audio.shape[1] / rate,
            seed=0,
        ),
        model=model.bundle.manifest.name,
        model_sha256=model.bundle.sha256,
        engine=model.engine.name,
        edits=(
            {
                **request.as_json(),
                **source,
                "found_at": round(hit.start / rate, 4),
            },
        ),
    )


def _read(request: ModelEdit) -> Sound:
    assert request.audio is not None
    return Sound(*read_source(request.audio, "audio"))


def _heard(model: Model, request: ModelEdit) -> Audio:
    """The given sound at the model's rate and channels."""
    sound = _read(request)
    config = model.config
    heard = for_model(
        sound.audio, sound.rate, to_rate=config.sample_rate, channels=config.audio_channels
    )
    if not heard.shape[1]:
        raise RequestError("the sound is shorter than a sample of the model's: give a longer one")
    return heard


def _remade(
    model: Model,
    request: ModelEdit,
    voice: Voice,
    audio: Audio,
    level: float,
    on_step: Progress | None,
) -> Clip:
    """All of a sound made anew, from so much noise in it."""
    config, how = model.config, voice.request
    hop, n_samples = config.hop_length, audio.shape[1]
    assert how.seed is not None
    assert how.steps is not None
    assert how.sampler is not None
    is_fixed = model.bundle.manifest.length == "fixed"
    velocity, n_frames = along(
        voice.velocity,
        math.ceil(n_samples / hop) + model.bundle.manifest.margin_frames,
        config.n_frames,
        n_samples / hop,
        seconds_per_frame=hop / config.sample_rate,
        patch=config.dit.patch_size,
        is_fixed=is_fixed,
    )
    generator = Generator(how.seed)
    shape = (1, config.latent_channels, n_frames)
    x = generator.randn(shape)
    if level < 1:
        whole = np.pad(audio, ((0, 0), (0, n_frames * hop - n_samples)))
        x = model.encode(whole)[None] * np.float32(1 - level) + x * np.float32(level)
    latents = sample(
        how.sampler,
        velocity,
        x,
        steps=how.steps,
        sigma_max=level,
        noise=lambda: generator.randn(shape),
        on_step=on_step,
    )
    require_numbers(latents, "latents")
    made = np.concatenate(list(decoded(model, latents[0])), axis=1)[:, :n_samples]
    levelled, gain_db = to_level(np.ascontiguousarray(made))
    return _clip(model, request, how, Sound(levelled, config.sample_rate), latents[0], gain_db)


def _with_new(
    model: Model,
    request: InpaintRequest | OutpaintRequest,
    sound: Sound,
    places: list[tuple[int, int]],
    on_step: Progress | None,
) -> Clip:
    """The sound with something new in `places`, in samples of its own rate."""
    how = model.resolve(request.generation())
    assert how.seed is not None
    steps = Steps(on_step)
    bpm = read_prompt(request.prompt).bpm
    filler = Filler(
        Voice(model, how), seed=how.seed, resamplings=request.resamplings, bpm=bpm, steps=steps
    )
    out = sound.audio.copy()
    missing = np.zeros(out.shape[1], bool)
    for first, last in places:
        missing[first:last] = True
    steps.total = sum(filler.n_steps(span(model, sound, place, missing)) for place in places)
    latents, gains = [], []
    for place in places:
        made = filler.fill(span(model, Sound(out, sound.rate), place, missing))
        new, n_left = as_given(model, made, sound)
        gains.append(put(out, new, n_left, place, request.crossfade, sound.rate, model))
        missing[place[0] : place[1]] = False
        latents.append(made.latents)
    made_there = [out[:, first:last] for first, last in places]
    require_sound(np.concatenate(made_there, axis=1), "the new sound")
    kept = np.concatenate(latents, axis=1)
    gain_db = round(20 * math.log10(min(gains, default=1.0)), 2)
    return _clip(model, request, how, Sound(out, sound.rate), kept, gain_db)


def _clip(
    model: Model,
    request: ModelEdit,
    how: GenerationRequest,
    sound: Sound,
    latents: Array,
    gain_db: float,
) -> Clip:
    assert how.seed is not None
    seconds = sound.audio.shape[1] / sound.rate
    return Clip(
        audio=np.ascontiguousarray(sound.audio, np.float32),
        sample_rate=sound.rate,
        seed=how.seed,
        latents=np.ascontiguousarray(latents, np.float32),
        request=replace(how, seconds=seconds),
        model=model.bundle.manifest.name,
        gain_db=gain_db,
        model_sha256=model.bundle.sha256,
        engine=model.engine.name,
        edits=({**filled(request, how).as_json(), **source_of(request.audio)},),
    )


def source_of(given: Given | None) -> dict[str, Any]:
    """How the edited sound was made itself, if soundlet did and its file says so."""
    if given is None or isinstance(given, tuple):
        return {"source": None}
    settings = read_sound_file(given).settings or {}
    names = ("prompt", "seed", "model", "edits")
    return {"source": {name: settings.get(name) for name in names} if settings else None}


def grid_of(given: Given | None, sound: Sound) -> Grid | None:
    """Bars and tempo of a loop, if its file says that it is one and nobody has cut it since."""
    if given is None or isinstance(given, tuple):
        return None
    told = (read_sound_file(given).settings or {}).get("grid")
    if told is None:
        return None
    grid = Grid(**told)
    return grid if grid.n_samples(sound.rate) == sound.audio.shape[1] else None


def _watched(
    on_step: Progress | None, should_stop: ShouldStop | None
) -> Callable[[int, int], None]:
    def step(done: int, total: int) -> None:
        if on_step is not None:
            on_step(done, total)
        if should_stop is not None and should_stop():
            raise Cancelled(f"stopped after {done} of {total} steps")

    return step
