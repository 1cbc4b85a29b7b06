"""Which describing words a clip will deserve, chosen so that all of them can be true at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from soundlet.vocabulary.descriptions import (
    EFFECTS,
    MOODS,
    TEMPO_RANGE,
    TEXTURES,
    Description,
)
from soundlet.vocabulary.genres import ALL_GENRES, Style
from soundlet.vocabulary.traits import Range, Traits, joined

COUNTS = {  # chances of none, one and two words of each table
    "moods": (0.5, 0.4, 0.1),
    "textures": (0.74, 0.22, 0.04),
    "effects": (0.74, 0.22, 0.04),
}
NARROWEST_TEMPO = 6  # BPM that a genre and a mood must share


@dataclass(frozen=True)
class Character:
    """The words that a clip will deserve and the promises that they make together."""

    traits: Traits
    style: str | None = None
    moods: tuple[str, ...] = ()
    textures: tuple[str, ...] = ()
    effects: tuple[str, ...] = ()

    def stated_effects(self) -> tuple[str, ...]:
        """The effects that are plainly heard, those that moods and styles bring among them."""
        t = self.traits
        implied = (
            ("reverb", t.reverb_wet is not None and t.reverb_wet[0] >= 0.35),
            ("delay", t.delay_wet is not None and t.delay_wet[0] >= 0.4),
            ("distortion", t.drive is not None and t.drive[0] >= 0.4),
        )
        heard = [name for name, is_heard in implied if is_heard and name not in self.effects]
        return (*self.effects, *heard)


def _is_playable(tempo: Range | None, usual: tuple[int, int]) -> bool:
    """Whether a promised tempo is not far from what the genre knows."""
    if tempo is None:
        return True
    low, high = max(tempo[0], 0.8 * usual[0]), min(tempo[1], 1.2 * usual[1])
    return high - low >= NARROWEST_TEMPO


def random_character(
    kind: str, genre: str, rng: np.random.Generator, *, style_chance: float = 0.35
) -> Character:
    """Draw words for a clip of a kind in a genre."""
    usual = ALL_GENRES[genre].tempo
    styles: Mapping[str, Style] = ALL_GENRES[genre].styles
    style: str | None = None
    parts: list[Traits] = []
    if styles and rng.random() < style_chance:
        style = list(styles)[int(rng.integers(len(styles)))]
        parts.append(styles[style].traits)
    chosen: dict[str, tuple[str, ...]] = {}
    tables: dict[str, dict[str, Description]] = {
        "moods": MOODS,
        "textures": TEXTURES,
        "effects": EFFECTS,
    }
    for name, table in tables.items():
        chosen[name] = ()
        wanted = int(rng.choice(3, p=COUNTS[name]))
        candidates = [word for word, d in table.items() if d.traits_for(kind) is not None]
        for word in (candidates[int(i)] for i in rng.permutation(len(candidates))[:8]):
            if len(chosen[name]) >= wanted:
                break
            traits = table[word].traits_for(kind)
            if traits is None or not _is_playable(traits.tempo, usual):
                continue
            if joined([*parts, traits]) is not None:
                parts.append(traits)
                chosen[name] += (word,)
    merged = joined(parts)
    assert merged is not None  # each part was tried with those before it
    return Character(merged, style, chosen["moods"], chosen["textures"], chosen["effects"])


def random_tempo(genre: str, promised: Range | None, rng: np.random.Generator) -> int:
    """A whole tempo: as promised; else usual for the genre in three clips of four, else any."""
    usual = ALL_GENRES[genre].tempo
    low, high = usual if rng.random() < 0.75 else TEMPO_RANGE
    if promised is not None:
        inside = (max(low, promised[0]), min(high, promised[1]))
        low, high = (int(v) for v in (inside if inside[1] - inside[0] >= 3 else promised))
    return int(rng.integers(low, high + 1))
