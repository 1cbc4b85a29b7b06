"""How much seeds matter, and how much prompts do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from soundlet.evaluation.classifier import Matrix
from soundlet.evaluation.reference import ReferenceClip
from soundlet.vocabulary.instruments import ELEMENTS


@dataclass(frozen=True)
class Spread:
    """Mean distances in the embedding.

    Attributes:
        within: between two sounds of the same prompt.
        between: between two sounds of different prompts.
    """

    within: float
    between: float


def spread(groups: Sequence[Matrix]) -> Spread:
    """The spread of sounds grouped by prompt.

    Args:
        groups: for each prompt its (sounds, axes), at least two sounds each.
    """
    places = np.concatenate(groups)
    prompt = np.repeat(np.arange(len(groups)), [len(group) for group in groups])
    distances = np.linalg.norm(places[:, None] - places[None], axis=-1)
    is_same = prompt[:, None] == prompt
    within = [
        distances[np.ix_(prompt == i, prompt == i)].sum() / (len(g) * (len(g) - 1))
        for i, g in enumerate(groups)
    ]
    others = distances[~is_same]
    return Spread(float(np.mean(within)), float(others.mean()) if len(others) else 0.0)


def alike(
    reference: Sequence[ReferenceClip], n_prompts: int, n_clips: int
) -> list[tuple[str, list[ReferenceClip]]]:
    """Short prompts with real renders that they describe: loops by genre, sounds by source."""
    groups: dict[str, list[ReferenceClip]] = {}
    for clip in reference:
        facts = clip.facts
        if facts.instruments and facts.instruments[0] in ELEMENTS:
            continue  # a loop of hats alone is not what "drum loop" asks for
        if facts.kind == "drum_loop":
            groups.setdefault(f"{facts.genre} drum loop", []).append(clip)
        elif facts.kind == "arrangement":
            groups.setdefault(f"{facts.genre} track", []).append(clip)
        elif facts.source and not facts.source.startswith("instrument"):
            groups.setdefault(facts.source, []).append(clip)
    order = sorted(groups, key=lambda text: (-len(groups[text]), text))
    turns = {"drum loop": 0, "track": 0, "sound": 0}
    ranked = []
    for text in order:
        sort = next((name for name in ("drum loop", "track") if text.endswith(name)), "sound")
        turns[sort] += 1
        ranked.append((turns[sort], text))  # by turns, so that no sort crowds out the others
    chosen = [text for _, text in sorted(ranked)[:n_prompts]]
    return [(text, groups[text][:n_clips]) for text in chosen if len(groups[text]) > 1]
