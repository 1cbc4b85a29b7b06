"""One evaluation from beginning to end: prompts, sounds, rulers, figures."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import product

import numpy as np

from soundlet.errors import GenerationError, RequestError
from soundlet.evaluation.classifier import Matrix
from soundlet.evaluation.codec import (
    as_measured,
    codec_round_trip,
    opus_is_available,
    opus_round_trip,
    read_loops,
    stft_distance,
)
from soundlet.evaluation.diversity import Spread, alike, spread
from soundlet.evaluation.embedding import frechet_distance
from soundlet.evaluation.features import sound_features
from soundlet.evaluation.findings import Asked, Collected, Findings, Pair, Setting, Trip
from soundlet.evaluation.length import is_silent, level_after_db, sound_and_after
from soundlet.evaluation.measure import measure
from soundlet.evaluation.prompts import KIND_ORDER, Prompt, held_out_prompts
from soundlet.evaluation.reference import ReferenceClip, reference_clips
from soundlet.evaluation.rulers import Rulers, fit_rulers
from soundlet.evaluation.scores import Answer, heard
from soundlet.evaluation.spectra import SAMPLE_RATE, Array
from soundlet.pipeline import Model
from soundlet.request import MAX_SEED, GenerationRequest

LONGEST = 11.9  # seconds of a render
N_SHOWN = 10  # prompts whose spectrograms are shown
SEEDS_APART = 10007  # between the noise of two evaluation seeds

OnProgress = Callable[[str, int, int], None]
"""Called with (what is done, how many are done, how many there are)."""


def evaluate(model: Model, asked: Asked, on_progress: OnProgress) -> Findings:
    """Measure a model.

    Raises:
        RequestError: settings that the model cannot follow.
        AudioError: loops that cannot be read.
        SoundletError: the renderer's soundfont is missing.
    """
    longest = min(LONGEST, model.max_seconds)
    settings = _settings(model, asked)
    loops = read_loops(asked.loops, longest, 2 * asked.n_codec) if asked.loops else []

    def rendered(done: int, total: int) -> None:
        on_progress("rendering for the rulers (kept for next time)", done, total)

    reference = reference_clips(asked.n_reference, rendered)
    on_progress("fitting the rulers", 0, 0)
    rulers = fit_rulers(reference)
    found = Findings(
        real=Collected(),
        through_codec=Collected(),
        generated={setting: Collected() for setting in settings},
        frechet={},
        frechet_floor=None,
        renders=[],
        loops=[],
        ends=[],
        repeated=None,
        n_cut=0,
        pairs=[],
    )
    shown = _shown(asked.n_prompts)
    for i, brief in enumerate(held_out_prompts(asked.n_prompts, asked.seed, longest)):
        on_progress("prompts", i, asked.n_prompts)
        prompt, real = brief.prompt, brief.real
        _collect(found.real, prompt, real, rulers)
        found.n_cut += _is_too_long(model, prompt.text)
        noise_seed = (asked.seed * SEEDS_APART + i) % (MAX_SEED + 1)
        sounds = [
            _generate(model, prompt, setting, noise_seed, rulers, collected)
            for setting, collected in found.generated.items()
        ]
        for other, (setting, collected) in product(brief.others, found.generated.items()):
            answer, _ = _made(model, other, setting, noise_seed, rulers)
            collected.others.append(answer)
        if i in shown:
            found.pairs.append(Pair(prompt, real, sounds[0]))
        if i < asked.n_codec:
            found.renders.append(_codec_trip(model, prompt, real, longest, rulers, found))
        if i < asked.n_ends:
            level = _level_after(model, prompt, settings[0], noise_seed)
            found.ends += [] if level is None else [level]
    for i, (name, audio) in enumerate(loops):
        on_progress("loops through the codec", i, len(loops))
        if not is_silent(audio):
            found.loops.append(_trip(model, name, audio))
    found.repeated = _repeated(model, asked, settings[0], reference, rulers, on_progress)
    _distances(found, reference, rulers)
    return found


def _settings(model: Model, asked: Asked) -> list[Setting]:
    """All combinations of what is asked for, the model's defaults filled in."""
    found = []
    for steps, cfg_scale, candidates in product(asked.steps, asked.cfg_scales, asked.candidates):
        request = model.resolve(
            GenerationRequest(
                prompt="sound", steps=steps, cfg_scale=cfg_scale, candidates=candidates
            )
        )
        assert request.steps is not None  # the four are resolved
        assert request.sampler is not None
        assert request.cfg_scale is not None
        assert request.candidates is not None
        found.append(
            Setting(request.steps, request.sampler, float(request.cfg_scale), request.candidates)
        )
    return list(dict.fromkeys(found))


def _request(text: str, seconds: float, seed: int, setting: Setting) -> GenerationRequest:
    return GenerationRequest(
        prompt=text,
        seconds=seconds,
        seed=seed,
        steps=setting.steps,
        cfg_scale=setting.cfg_scale,
        candidates=setting.candidates,
        truncate_prompt=True,
    )


def _collect(collected: Collected, prompt: Prompt, audio: Array, rulers: Rulers) -> None:
    measured = measure(audio)
    collected.answers.append(Answer(prompt, heard(prompt, measured, rulers)))
    collected.features.append(measured.features)
    collected.seconds += prompt.seconds


@dataclass(frozen=True)
class _Sound:
    """What came of a prompt, and how long it took."""

    audio: Array
    features: Array
    elapsed: float


def _made(
    model: Model, prompt: Prompt, setting: Setting, seed: int, rulers: Rulers
) -> tuple[Answer, _Sound | None]:
    """Make and measure the sound of a prompt."""
    request = _request(prompt.text, prompt.seconds, seed, setting)
    start = time.perf_counter()
    try:
        clip = model.generate(request)
    except GenerationError:
        return Answer(prompt, None, _failure(model, request)), None
    elapsed = time.perf_counter() - start
    audio = as_measured(clip.audio, clip.sample_rate)
    measured = measure(audio)
    answer = Answer(prompt, heard(prompt, measured, rulers), gain_db=clip.gain_db)
    return answer, _Sound(audio, measured.features, elapsed)


def _generate(
    model: Model,
    prompt: Prompt,
    setting: Setting,
    seed: int,
    rulers: Rulers,
    collected: Collected,
) -> Array | None:
    """Make, measure and collect the sound of a prompt."""
    answer, sound = _made(model, prompt, setting, seed, rulers)
    collected.answers.append(answer)
    if sound is None:
        return None
    collected.features.append(sound.features)
    collected.seconds += prompt.seconds
    collected.elapsed += sound.elapsed
    return sound.audio


def _failure(model: Model, request: GenerationRequest) -> str:
    """Why no sound came: the same once more without the check of its level."""
    try:
        audio, n_samples = sound_and_after(model, request)
    except GenerationError:
        return "not numbers"
    return "silent" if is_silent(audio[:, :n_samples]) else "too loud"


def _codec_trip(
    model: Model, prompt: Prompt, real: Array, longest: float, rulers: Rulers, found: Findings
) -> Trip:
    """Send a render through the codec, with the silence after it, and hear what came out."""
    n_samples = real.shape[1]
    spare = int(longest * SAMPLE_RATE) - n_samples
    padded = np.pad(real, ((0, 0), (0, max(0, min(spare, SAMPLE_RATE)))))
    copy = codec_round_trip(model, padded)
    within_range = copy[:, :n_samples] / np.float32(max(1.0, float(np.abs(copy).max())))
    _collect(found.through_codec, prompt, within_range, rulers)
    trip = _trip(model, prompt.text, real, copy[:, :n_samples])
    return replace(trip, after_db=level_after_db(copy, n_samples))


def _trip(model: Model, name: str, audio: Array, copy: Array | None = None) -> Trip:
    copy = codec_round_trip(model, audio) if copy is None else copy
    opus_distance = opus_kbits = None
    if opus_is_available():
        opus, n_bytes = opus_round_trip(audio)
        opus_distance = stft_distance(audio, opus)
        opus_kbits = n_bytes * 8 / 1000 / (audio.shape[1] / SAMPLE_RATE)
    return Trip(name, stft_distance(audio, copy), opus_distance, opus_kbits, None)


def _level_after(model: Model, prompt: Prompt, setting: Setting, seed: int) -> float | None:
    try:
        made = sound_and_after(model, _request(prompt.text, prompt.seconds, seed, setting))
    except GenerationError:
        return None
    audio, n_samples = made
    rate = model.config.sample_rate
    return level_after_db(as_measured(audio, rate), round(n_samples * SAMPLE_RATE / rate))


def _is_too_long(model: Model, text: str) -> bool:
    try:
        model.require_readable(text)
    except RequestError:
        return True
    return False


def _shown(count: int) -> set[int]:
    """The first prompt of each kind, and further ones up to ten."""
    order = list(range(min(count, len(KIND_ORDER))))
    firsts = [i for i in order if KIND_ORDER.index(KIND_ORDER[i]) == i]
    others = [i for i in order if i not in firsts]
    return set([*firsts, *others][:N_SHOWN])


def _repeated(
    model: Model,
    asked: Asked,
    setting: Setting,
    reference: Sequence[ReferenceClip],
    rulers: Rulers,
    on_progress: OnProgress,
) -> tuple[Spread, Spread] | None:
    """The spread of prompts repeated with several seeds, and of real renders that they describe."""
    n_prompts, n_seeds = asked.n_repeated
    ours: list[Matrix] = []
    theirs: list[Matrix] = []
    groups = alike(reference, n_prompts, n_seeds)
    for i, (text, clips) in enumerate(groups):
        seconds = min(float(np.median([clip.seconds for clip in clips])), model.max_seconds)
        made = []
        for seed in range(n_seeds):
            on_progress("prompts with several seeds", i * n_seeds + seed, len(groups) * n_seeds)
            try:
                clip = model.generate(_request(text, round(seconds, 2), seed, setting))
            except GenerationError:
                continue
            made.append(sound_features(as_measured(clip.audio, clip.sample_rate)))
        if len(made) > 1:
            ours.append(rulers.embedding(np.stack(made)))
            theirs.append(rulers.embedding(np.stack([clip.features for clip in clips])))
    return (spread(ours), spread(theirs)) if len(ours) > 1 else None


def _distances(found: Findings, reference: Sequence[ReferenceClip], rulers: Rulers) -> None:
    """Fréchet distances, and how far apart two sets of real renders of the same kinds are."""
    real = _placed(found.real.features, rulers)
    for setting, collected in found.generated.items():
        ours = _placed(collected.features, rulers)
        is_enough = min(len(ours), len(real)) > 2
        found.frechet[setting] = frechet_distance(ours, real) if is_enough else None
    wanted = Counter(answer.prompt.kind for answer in found.real.answers)
    others = []
    for clip in reference:
        if wanted[clip.facts.kind] > 0:
            wanted[clip.facts.kind] -= 1
            others.append(clip.features)
    if min(len(others), len(real)) > 2:
        found.frechet_floor = frechet_distance(_placed(others, rulers), real)


def _placed(features: Iterable[Array], rulers: Rulers) -> Matrix:
    rows = list(features)
    return rulers.embedding(np.stack(rows)) if rows else np.zeros((0, 1))
