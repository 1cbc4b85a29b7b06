"""Putting what was made into its place in a sound, which else stays as it is."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from soundlet.audio import Audio, resample
from soundlet.clip import PEAK_AFTER_SCALING
from soundlet.editing.filling import Filled, Span
from soundlet.editing.joining import LEVEL_SAMPLES, joined, level_ratio
from soundlet.engines.codec import is_convolutional
from soundlet.errors import GenerationError
from soundlet.pipeline import Model
from soundlet.source import for_model, with_channels

MARGIN_SECONDS = 1.0  # of sound beside an edge that a join may look at
MAX_TURNINGS_DOWN = 5  # until what was made, joined, is within full scale


@dataclass(frozen=True)
class Sound:
    """A sound as it was given: (channels, samples) and the rate in Hz."""

    audio: Audio
    rate: int


def span(model: Model, sound: Sound, place: tuple[int, int], missing: NDArray[np.bool_]) -> Span:
    """A place of a sound with what is known around it, at the model's rate."""
    config, rate, (first, last) = model.config, sound.rate, place
    reach = math.ceil(model.max_seconds * rate)
    gaps = np.flatnonzero(missing)
    left = max([0, first - reach, *(gaps[gaps < first][-1:] + 1)])
    right = min([len(missing), last + reach, *gaps[gaps >= last][:1]])

    def heard(start: int, stop: int) -> Audio:
        part = sound.audio[:, start:stop]
        return for_model(part, rate, to_rate=config.sample_rate, channels=config.audio_channels)

    def scaled(n_samples: int) -> int:
        return round(n_samples * config.sample_rate / rate)

    return Span(
        before=heard(left, first) if first > left else _nothing(model),
        after=heard(last, right) if right > last else _nothing(model),
        n_samples=max(1, scaled(last - first)),
        start=scaled(first),
        total=scaled(len(missing)),
    )


def _nothing(model: Model) -> Audio:
    return np.zeros((model.config.audio_channels, 0), np.float32)


def as_given(model: Model, made: Filled, sound: Sound) -> tuple[Audio, int]:
    """What was made, at the rate and channels of the sound; and its samples before the place."""
    audio = resample(made.audio, model.config.sample_rate, sound.rate)
    n_left = round(made.n_left * sound.rate / model.config.sample_rate)
    return with_channels(audio, len(sound.audio)), n_left


def put(
    out: Audio,
    new: Audio,
    n_left: int,
    place: tuple[int, int],
    crossfade_seconds: float,
    rate: int,
    model: Model,
) -> float:
    """Put what was made into its place in `out`, joined at both ends.

    What is beside the place peaks at full scale or where it did: the crossfades into it are as
    short as that takes. A softer new sound would not help there, since it is the old one that is
    mixed with itself in other phases.

    Returns:
        The gain that brought what was made within full scale, 1 or less.
    """
    first, last = place
    start = first - n_left  # of `new` in `out`
    new = new[:, : out.shape[1] - start]
    margin, crossfade = round(MARGIN_SECONDS * rate), round(crossfade_seconds * rate)
    n_before = min(n_left, margin, first)
    n_after = max(min(new.shape[1] - n_left - (last - first), margin, out.shape[1] - last), 0)
    new = _levelled(out, new, n_left, place, n_before, n_after)
    bridge, gain = not is_convolutional(model.config), 1.0
    limit = np.maximum(np.abs(out), 1)
    limit[:, first:last] = np.inf
    for _ in range(MAX_TURNINGS_DOWN):
        turned = new * np.float32(gain)
        while True:
            placed = _placed(
                out, turned, start, place, (n_before, n_after), margin, crossfade, bridge
            )
            if not crossfade or bool((np.abs(placed) <= limit).all()):
                break
            crossfade //= 2
        peak = float(np.abs(placed[:, first:last]).max())
        if peak <= 1:
            out[:] = placed
            return gain
        gain *= PEAK_AFTER_SCALING / peak
    raise GenerationError("the new sound cannot be brought below full scale: try another seed")


def _placed(
    kept: Audio,
    new: Audio,
    start: int,
    place: tuple[int, int],
    beside: tuple[int, int],
    margin: int,
    crossfade: int,
    bridge: bool,
) -> Audio:
    """`kept` with what was made in its place, joined at both ends."""
    first, last = place
    n_before, n_after = beside
    out = kept.copy()
    out[:, first:last] = new[:, first - start : last - start]
    if n_before:
        at, stop = first - n_before, min(first + margin, last + n_after)
        made = new[:, at - start : stop - start]
        merged = joined(kept[:, at:stop], made, n_before, crossfade=crossfade, bridge=bridge)
        out[:, at : min(stop, last)] = merged[:, : min(stop, last) - at]
    if n_after:
        at, stop = max(last - margin, first - n_before), last + n_after
        made = new[:, at - start : stop - start].copy()
        inside = max(at, first)
        made[:, inside - at : last - at] = out[:, inside:last]  # as the first join has left it
        mirrored = kept[:, at:stop][:, ::-1]
        merged = joined(mirrored, made[:, ::-1], n_after, crossfade=crossfade, bridge=bridge)
        out[:, inside:stop] = merged[:, ::-1][:, inside - at :]
    return out


def _levelled(
    out: Audio, new: Audio, n_left: int, place: tuple[int, int], n_before: int, n_after: int
) -> Audio:
    """`new` as loud at its ends as the codec's rendering of the kept sound should have been."""
    first, last = place
    length = last - first
    n_before, n_after = min(n_before, LEVEL_SAMPLES), min(n_after, LEVEL_SAMPLES)
    left = level_ratio(out[:, first - n_before : first], new[:, n_left - n_before : n_left])
    end = n_left + length
    right = level_ratio(out[:, last : last + n_after], new[:, end : end + n_after])
    if n_before < LEVEL_SAMPLES // 4:
        left = right
    if n_after < LEVEL_SAMPLES // 4:
        right = left
    place_of = np.clip((np.arange(new.shape[1]) - n_left) / max(length, 1), 0, 1)
    curve = np.exp(np.log(left) * (1 - place_of) + np.log(right) * place_of)
    levelled: Audio = (new * curve).astype(np.float32)
    return levelled
