"""Drum loops: a groove's text becomes hits with swing, fills and dynamics."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from soundlet.training.dataset.drum_patterns import GROOVES, LEVELS, ROLLS, STEPS_PER_BAR
from soundlet.training.dataset.events import BEATS_PER_BAR, Hit
from soundlet.vocabulary.instruments import Element
from soundlet.vocabulary.traits import Range

STEP = BEATS_PER_BAR / STEPS_PER_BAR  # beats
FILL_RUNS = (
    ("snare",),
    ("snare", "tom_high", "tom_mid", "tom_low"),
    ("tom_high", "tom_mid", "tom_low"),
    ("tom_high", "tom_low"),
)
Rows = list[tuple[str, str]]


def _swung(step: float, swing: float, unit: int) -> float:
    """Position in beats of a sixteenth step, the second of each pair of units delayed."""
    pair = 2 * unit
    base, inside = step // pair * pair, step % pair
    # Within a pair the time line is bent: [0, unit] to [0, 2 swing unit], the rest follows.
    bent = inside * 2 * swing if inside <= unit else pair - (pair - inside) * 2 * (1 - swing)
    return (base + bent) * STEP


def _row_hits(
    piece: str, row: str, n_steps: int, swing: float, unit: int, rng: np.random.Generator
) -> list[Hit]:
    hits = []
    is_opening = piece == "crash" and row.count("X") == 1  # marks the beginning only
    for step in range(len(row) if is_opening else n_steps):
        mark = row[step % len(row)]
        if mark == "." or step >= n_steps or (mark == "?" and rng.random() > 0.4):
            continue
        count = ROLLS.get(mark, 1)
        for i in range(count):
            level = LEVELS[mark] * (1.0 - 0.12 * i)
            hits.append(Hit(_swung(step + i / count, swing, unit), piece, level))
    return hits


def _fill(
    start_step: int, end_step: int, swing: float, unit: int, rng: np.random.Generator
) -> list[Hit]:
    """A run over snare and toms that grows until the end of the loop."""
    pieces = FILL_RUNS[int(rng.integers(len(FILL_RUNS)))]
    length = end_step - start_step
    every = 2 if length > 4 and rng.random() < 0.5 else 1
    hits = []
    for i, step in enumerate(range(start_step, end_step, every)):
        if i > 0 and rng.random() < 0.12:
            continue
        piece = pieces[min(len(pieces) - 1, (step - start_step) * len(pieces) // length)]
        level = 0.55 + 0.4 * (step - start_step) / length
        hits.append(Hit(_swung(step, swing, unit), piece, level))
    return hits


def _without_doubles(hits: Sequence[Hit]) -> list[Hit]:
    """Two rows may name the same piece and step: the louder stroke stays."""
    loudest: dict[tuple[float, str], Hit] = {}
    for hit in hits:
        place = (hit.start, hit.piece)
        if place not in loudest or loudest[place].velocity < hit.velocity:
            loudest[place] = hit
    return sorted(loudest.values(), key=lambda hit: (hit.start, hit.piece))


def _rows(genre: str, busy: float, rng: np.random.Generator) -> Rows:
    """One alternative of each layer and some of the optional ones."""
    groove = GROOVES[genre]
    rows = [row for layer in groove.layers for row in layer[int(rng.integers(len(layer)))]]
    count = round(busy * 3.0 + float(rng.uniform(-0.5, 0.5)))
    order = rng.permutation(len(groove.optional))
    for index in order[: max(0, count)]:
        rows.extend(groove.optional[int(index)])
    return rows


def compose_drums(
    genre: str,
    n_beats: float,
    rng: np.random.Generator,
    *,
    is_loop: bool,
    busy: float,
    swing_range: Range | None = None,
) -> list[Hit]:
    """Hits of a loop in the style of a genre, with something plainly heard on the downbeat.

    Args:
        genre: a key of `GROOVES`.
        n_beats: length; the hits may stop in the middle of a bar.
        rng: source of every choice.
        is_loop: whole bars: a fill may lead back to the beginning.
        busy: 0 to 1, how many of the optional layers sound.
        swing_range: in place of the swing of the genre, 0.5 is straight.
    """
    groove = GROOVES[genre]
    swing = float(rng.uniform(*(swing_range or groove.swing)))
    unit = groove.swing_steps
    n_steps = math.ceil(n_beats / STEP - 1e-6)
    hits: list[Hit] = []
    for piece, row in _rows(genre, busy, rng):
        hits.extend(_row_hits(piece, row, n_steps, swing, unit, rng))
    fills = groove.fills * (0.5 + busy)
    if is_loop and n_steps >= STEPS_PER_BAR and rng.random() < fills:
        length = int(rng.choice([2, 4, 4, 8])) if n_steps > STEPS_PER_BAR else 2
        border = _swung(n_steps - length, swing, unit) - 1e-6
        keeps_time = ("kick", "ride", "crash")
        hits = [hit for hit in hits if hit.start < border or hit.piece in keeps_time]
        hits.extend(_fill(n_steps - length, n_steps, swing, unit, rng))
    if not any(hit.start == 0.0 and hit.velocity > 0.5 for hit in hits):
        hits.append(Hit(0.0, "kick" if rng.random() < 0.7 else "closed_hat", 0.8))
    return _without_doubles(hits)


def compose_element(
    element: Element, genre: str, n_beats: float, rng: np.random.Generator
) -> list[Hit]:
    """Hits of a loop for one part of the kit alone, with the swing of the genre."""
    groove = GROOVES[genre]
    row = element.rows[int(rng.integers(len(element.rows)))]
    first, *others = element.pieces
    swing = float(rng.uniform(*groove.swing))
    n_steps = math.ceil(n_beats / STEP - 1e-6)
    hits = _row_hits(first, row, n_steps, swing, groove.swing_steps, rng)
    if others:  # some steps, the same in each bar, go to the other pieces
        moved = {step: others[int(rng.integers(len(others)))] for step in range(1, STEPS_PER_BAR)}
        chosen = {step: piece for step, piece in moved.items() if rng.random() < 0.3}
        for i, hit in enumerate(hits):
            piece = chosen.get(round(hit.start / STEP) % STEPS_PER_BAR)
            hits[i] = replace(hit, piece=piece) if piece else hit
    if not any(hit.start == 0.0 for hit in hits):
        hits.append(Hit(0.0, first, 0.9))
    return _without_doubles(hits)


def humanised(
    hits: Sequence[Hit], rng: np.random.Generator, *, loudness: float, spread: float
) -> list[Hit]:
    """The dynamics of a player: every velocity scaled and varied."""
    varied = rng.normal(1.0, spread, len(hits)) * loudness
    return [
        replace(hit, velocity=float(np.clip(hit.velocity * factor, 0.1, 1.0)))
        for hit, factor in zip(hits, varied, strict=True)
    ]
