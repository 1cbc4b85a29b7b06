"""Sound effects: from rain to the coin of an old game, each drawn anew with its own words."""

from __future__ import annotations

import numpy as np

from soundlet.training.dataset.attributes import Attributes
from soundlet.training.dataset.audio_effects import (
    SAMPLE_RATE,
    Audio,
    fade,
    high_pass,
    low_pass,
    normalise_peak,
    reverb,
)
from soundlet.training.dataset.effects.electronic import ELECTRONIC
from soundlet.training.dataset.effects.grains import Effect
from soundlet.training.dataset.effects.machines import MACHINES
from soundlet.training.dataset.effects.nature import NATURE
from soundlet.training.dataset.effects.objects import OBJECTS

EFFECTS: dict[str, Effect] = {**NATURE, **ELECTRONIC, **MACHINES, **OBJECTS}
SOURCES = tuple(EFFECTS)
WORDS = (  # every texture that may be named
    "gentle",
    "heavy",
    "strong",
    "howling",
    "distant",
    "close",
    "passing",
    "fast",
    "slow",
    "low",
    "high",
    "deep",
    "punchy",
    "roomy",
    "single",
    "repeated",
    "idling",
    "revving",
    "two-tone",
    "on wood",
    "on concrete",
    "on gravel",
    "on snow",
    "on leaves",
)

CAN_BE_FAR = frozenset(
    {"siren", "alarm", "engine", "helicopter", "train", "explosion", "church bell"}
)
LONGEST = 11.9  # seconds
SHORTEST = 0.5


def render_sound_effect(
    rng: np.random.Generator, source: str | None = None
) -> tuple[Audio, Attributes]:
    """Draw a sound effect.

    Args:
        rng: draws everything.
        source: one of `SOURCES`; None draws one.

    Returns:
        Audio (2, samples) of 0.5 to 11.9 s, and what is true of it.
    """
    source = SOURCES[rng.integers(len(SOURCES))] if source is None else source
    audio, textures = EFFECTS[source](rng)
    effects: tuple[str, ...] = ()
    level_db = float(rng.uniform(-4.0, -1.0))
    if source in CAN_BE_FAR and rng.random() < 0.25:
        tail = min(int(1.5 * SAMPLE_RATE), int(LONGEST * SAMPLE_RATE) - audio.shape[1])
        audio = fade(low_pass(audio, 1400.0), 0.0, 0.4)
        audio = np.pad(audio, ((0, 0), (0, max(0, tail))))
        audio = reverb(normalise_peak(audio), rng, 0.6, 0.4)
        textures = (*(word for word in textures if word != "close"), "distant")
        effects, level_db = ("reverb",), level_db - 7.0
    audio = high_pass(audio[:, : int(LONGEST * SAMPLE_RATE)], 25.0)
    seconds = audio.shape[1] / SAMPLE_RATE
    audio = fade(audio, 0.001 if seconds < 2.5 else 0.01, 0.01 if seconds < 2.5 else 0.08)
    missing = int(SHORTEST * SAMPLE_RATE) - audio.shape[1]
    audio = np.pad(audio, ((0, 0), (0, max(0, missing))))
    facts = Attributes("sound_effect", source=source, textures=textures, effects=effects)
    return normalise_peak(audio, level_db), facts
