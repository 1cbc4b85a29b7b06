"""What the calls of `soundlet.client` take beside prompt and sound, for annotations."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypedDict

from soundlet.request import Sampler


class SoundFields(TypedDict, total=False):
    """How any sound is made, as in `soundlet.GenerationRequest`.

    `model` is the name of one of the server's. What is left out is the model's own.
    """

    model: str
    seed: int
    steps: int
    sampler: Sampler
    cfg_scale: float
    cfg_rescale: float
    cfg_interval: tuple[float, float]
    negative_prompt: str
    truncate_prompt: bool


class GenerationFields(SoundFields, total=False):
    """Of a sound from its prompt alone."""

    seconds: float
    candidates: int
    loop: bool
    short_window: bool


class LoopFields(SoundFields, total=False):
    """Of a loop: `bpm` may be left to the prompt; `best_of` makes so many and keeps the best."""

    bpm: float
    bars: int
    beats_per_bar: int
    best_of: int


class RestyleFields(SoundFields, total=False):
    """Of a restyled sound or a variation: `strength` is how much of it is replaced."""

    strength: float


class JoinFields(SoundFields, total=False):
    """How new sound is joined to what is kept: see `soundlet.editing.InpaintRequest`."""

    resamplings: int
    crossfade: float


class RegionFields(TypedDict):
    """What is made anew: (first, last) of each region in seconds."""

    regions: Sequence[tuple[float, float]]


class InpaintFields(RegionFields, JoinFields):
    """Of a sound with new regions."""


class OutpaintFields(JoinFields, total=False):
    """Of a longer sound: seconds to add on either side, one of them at least."""

    before: float
    after: float


class OtherFields(TypedDict):
    """What a blend must say: the second prompt."""

    other: str


class BlendFields(OtherFields, RestyleFields, total=False):
    """Of a sound between two prompts.

    `share` is of the second one, (start, end) moves over the length; `seconds` is the length of
    one without audio.
    """

    share: float | tuple[float, float]
    seconds: float


class OneShotFields(TypedDict, total=False):
    """Of one hit: seconds near which it begins (the strongest if left out), and its longest."""

    model: str
    at: float
    longest: float
