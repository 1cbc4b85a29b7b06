"""Bells, steps, doors, keys, glass and hands."""

from __future__ import annotations

import numpy as np

from soundlet.training.dataset.audio_effects import (
    SAMPLE_RATE,
    Audio,
    band_pass,
    high_pass,
    low_pass,
    normalise_peak,
    reverb,
)
from soundlet.training.dataset.effects.grains import (
    Effect,
    arrivals,
    burst,
    clock,
    falling,
    gliding,
    knock,
    one_of,
    scatter,
    spots,
    tone,
    wander,
    white,
)

Words = tuple[str, ...]

HAND_BELL = (  # ratio, level, share of the ringing time
    (1.0, 1.0, 1.0),
    (2.76, 0.6, 0.55),
    (5.4, 0.35, 0.3),
    (8.93, 0.2, 0.15),
)
CHURCH_BELL = (  # hum, prime, tierce, quint, nominal and above
    (0.5, 0.6, 1.0),
    (1.0, 0.8, 0.7),
    (1.19, 0.8, 0.55),
    (1.5, 0.3, 0.4),
    (2.0, 1.0, 0.45),
    (2.51, 0.35, 0.25),
    (3.01, 0.4, 0.2),
    (4.17, 0.3, 0.13),
    (5.43, 0.2, 0.09),
)


def bell_stroke(
    rng: np.random.Generator,
    hz: float,
    partials: tuple[tuple[float, float, float], ...],
    seconds: float,
) -> Audio:
    """One stroke: every partial is a pair a little apart, so that it beats. (samples,)."""
    t = clock(seconds)
    out = np.zeros(len(t), dtype=np.float32)
    for ratio, level, share in partials:
        mode = hz * ratio * float(rng.uniform(0.995, 1.005))
        beat = float(rng.uniform(0.3, 1.6))
        pair = tone(mode * t) + 0.6 * tone((mode + beat) * t + rng.random())
        out += np.float32(level) * falling(t, seconds * share) * pair
    clap = burst(rng, 0.04, 1500.0, 8000.0)
    out[: len(clap)] += 0.5 * clap[: len(out)]
    return normalise_peak(out, 0.0)


def bell(rng: np.random.Generator) -> tuple[Audio, Words]:
    """A hand bell or a desk bell, struck once or shaken."""
    hz = float(np.exp(rng.uniform(np.log(600.0), np.log(2400.0))))
    words: Words = ("high",) if hz > 1400.0 else ("low",) if hz < 900.0 else ()
    stroke = bell_stroke(rng, hz, HAND_BELL, float(rng.uniform(1.5, 3.0)))
    gap = float(rng.uniform(0.15, 0.6))
    starts = np.arange(1.0 if rng.random() < 0.5 else float(rng.integers(3, 9))) * gap
    starts += rng.uniform(0.0, 0.05 * gap, len(starts))
    starts[0] = 0.0
    seconds = float(starts[-1]) + len(stroke) / SAMPLE_RATE
    if len(starts) > 1:
        words = (*words, "repeated")
    levels = rng.uniform(0.8, 1.0, len(starts))
    out = scatter(seconds, starts, [stroke], levels, spots(rng, len(starts), 0.15), rng)
    return reverb(normalise_peak(out), rng, 0.4, 0.2), words


def church_bell(rng: np.random.Generator) -> tuple[Audio, Words]:
    """A heavy bell with its minor third, tolling."""
    low = rng.random() < 0.5
    hz = float(rng.uniform(140.0, 230.0) if low else rng.uniform(300.0, 480.0))
    stroke = bell_stroke(rng, hz, CHURCH_BELL, float(rng.uniform(4.5, 7.0)))
    gap = float(rng.uniform(1.3, 2.8))
    count = int(rng.integers(1, 5))
    starts = np.arange(count) * gap
    seconds = min(float(starts[-1]) + 6.0, 11.8)
    starts = starts[starts < seconds - 1.0]
    levels = rng.uniform(0.75, 1.0, len(starts))
    out = scatter(seconds, starts, [stroke], levels, np.zeros(len(starts)), rng)
    return reverb(normalise_peak(out), rng, 0.75, 0.3), ("low",) if low else ("high",)


def _step(rng: np.random.Generator, surface: str) -> Audio:
    """Heel, then toe, on one kind of ground: (samples,)."""
    if surface in ("wood", "concrete"):
        modes = [95.0, 190.0, 410.0] if surface == "wood" else [240.0, 1100.0, 2300.0]
        ringing = [0.14, 0.1, 0.06] if surface == "wood" else [0.04, 0.03, 0.02]
        modes = [mode * float(rng.uniform(0.95, 1.06)) for mode in modes]
        heel = knock(rng, modes, ringing, 0.5 if surface == "wood" else 1.2)
        gap = int(rng.uniform(0.05, 0.09) * SAMPLE_RATE)
        out = np.zeros(gap + len(heel), dtype=np.float32)
        out[: len(heel)] += heel
        out[gap:] += 0.35 * heel
        return out
    rate, low, high = {
        "gravel": (260.0, 900.0, 9000.0),
        "snow": (500.0, 350.0, 3500.0),
        "leaves": (330.0, 2500.0, 13000.0),
    }[surface]
    seconds = 0.3
    grains = [burst(rng, float(rng.uniform(0.004, 0.016)), low, high) for _ in range(8)]
    starts = arrivals(rng, rate, seconds - 0.03)
    press = np.exp(-(((starts - 0.05) / 0.04) ** 2)) + 0.7 * np.exp(
        -(((starts - 0.17) / 0.05) ** 2)
    )
    levels = press * rng.uniform(0.2, 1.0, len(starts))
    out = scatter(seconds, starts, grains, levels, np.zeros(len(starts)), rng)[0]
    thud = knock(rng, [70.0], [0.12], 0.2)
    out[: len(thud)] += np.float32(0.4 if surface == "snow" else 0.25) * thud[: len(out)]
    return normalise_peak(out, 0.0)


def footsteps(rng: np.random.Generator) -> tuple[Audio, Words]:
    """Someone walks or runs over wood, concrete, gravel, snow or leaves."""
    surface = one_of(rng, "wood", "concrete", "gravel", "snow", "leaves")
    fast = rng.random() < 0.35
    gap = float(rng.uniform(0.3, 0.38) if fast else rng.uniform(0.5, 0.75))
    seconds = float(rng.uniform(3.0, 9.0))
    starts = np.arange(0.02, seconds - 0.35, gap)
    starts = starts + rng.normal(0.0, 0.012, len(starts)).clip(-0.02, 0.02)
    steps = [_step(rng, surface) for _ in range(6)]
    levels = rng.uniform(0.75, 1.0, len(starts))
    places = 0.12 * (-1.0) ** np.arange(len(starts))
    out = scatter(seconds, starts.clip(0.0), steps, levels, places, rng)
    hall = surface == "concrete" and rng.random() < 0.5
    out = reverb(normalise_peak(out), rng, 0.6 if hall else 0.15, 0.3 if hall else 0.08)
    words = (f"on {surface}", "fast" if fast else "slow")
    return out, (*words, "roomy") if hall else words


def typing(rng: np.random.Generator) -> tuple[Audio, Words]:
    """Keys go down and come up, with the hesitations of a writer."""
    fast = rng.random() < 0.5
    seconds = float(rng.uniform(3.0, 9.0))
    keys = []
    for _ in range(10):
        hz = float(rng.uniform(1500.0, 3200.0))
        down = knock(rng, [hz, hz * 1.7, hz * 0.31], [0.018, 0.012, 0.03], 1.0)
        up = 0.35 * knock(rng, [hz * 1.25, hz * 2.1], [0.012, 0.01], 1.0)
        gap = int(rng.uniform(0.06, 0.1) * SAMPLE_RATE)
        key = np.zeros(gap + len(up), dtype=np.float32)
        key[: len(down)] += down
        key[gap:] += up
        keys.append(key)
    gaps = rng.gamma(4.0, (0.095 if fast else 0.21) / 4.0, 200)
    gaps[rng.random(200) < 0.08] += 0.35
    starts = 0.02 + np.cumsum(gaps)
    starts = starts[starts < seconds - 0.15]
    levels = rng.uniform(0.5, 1.0, len(starts))
    out = scatter(seconds, starts, keys, levels, spots(rng, len(starts), 0.25), rng)
    return reverb(normalise_peak(out), rng, 0.1, 0.08), ("fast",) if fast else ("slow",)


def door_knock(rng: np.random.Generator) -> tuple[Audio, Words]:
    """Knuckles on wood, two to five times, perhaps again."""
    heavy = rng.random() < 0.4
    base = float(rng.uniform(90.0, 130.0) if heavy else rng.uniform(170.0, 280.0))
    modes = [base, base * 1.62, base * 2.7, base * 4.3]
    ringing = [0.16, 0.11, 0.07, 0.04] if heavy else [0.09, 0.07, 0.05, 0.03]
    knocks = [
        knock(rng, [m * rng.uniform(0.98, 1.02) for m in modes], ringing, 0.7) for _ in range(4)
    ]
    gap = float(rng.uniform(0.16, 0.34))
    count = int(rng.integers(2, 6))
    starts = 0.01 + np.arange(count) * gap + rng.normal(0.0, 0.008, count).clip(0.0, 0.02)
    if rng.random() < 0.4:
        starts = np.concatenate([starts, starts + count * gap + float(rng.uniform(0.5, 1.0))])
    levels = rng.uniform(0.8, 1.0, len(starts))
    seconds = float(starts[-1]) + 0.8
    out = scatter(seconds, starts, knocks, levels, np.zeros(len(starts)), rng)
    return reverb(normalise_peak(out), rng, 0.25, 0.15), ("heavy",) if heavy else ("gentle",)


def applause(rng: np.random.Generator) -> tuple[Audio, Words]:
    """Many pairs of hands, or a few: each a short band of noise at its own pitch and rate."""
    seconds = float(rng.uniform(3.0, 9.0))
    large = rng.random() < 0.6
    claps = []
    for _ in range(24):
        hz = float(np.exp(rng.uniform(np.log(700.0), np.log(2200.0))))
        claps.append(burst(rng, float(rng.uniform(0.02, 0.045)), hz * 0.75, hz * 1.6))
    starts = []
    for _ in range(int(rng.integers(70, 110)) if large else int(rng.integers(5, 12))):
        gap = float(rng.uniform(0.2, 0.34))
        own = np.arange(rng.uniform(0.0, gap), seconds - 0.06, gap)
        starts.append(own + rng.normal(0.0, 0.015, len(own)))
    times = np.concatenate(starts).clip(0.0, seconds - 0.05)
    levels = rng.lognormal(-0.6, 0.45, len(times))
    out = scatter(seconds, times, claps, levels, spots(rng, len(times), 0.95), rng)
    t = clock(seconds)
    swell = np.minimum(1.0, 0.3 + t / 0.8) * np.minimum(1.0, 0.1 + (seconds - t) / (0.35 * seconds))
    out = reverb(normalise_peak(out * swell.astype(np.float32)), rng, 0.6, 0.25)
    return out, ("heavy",) if large else ("gentle",)


def glass_break(rng: np.random.Generator) -> tuple[Audio, Words]:
    """The blow, then shards that ring high and fewer and fewer fall."""
    seconds = float(rng.uniform(1.2, 3.0))
    shards = []
    for _ in range(24):
        hz = float(np.exp(rng.uniform(np.log(2200.0), np.log(9000.0))))
        ringing = float(rng.uniform(0.05, 0.25))
        modes = [hz, hz * 1.43, hz * 1.91]
        shards.append(knock(rng, modes, [ringing, ringing * 0.6, ringing * 0.4], 0.4))
    first = rng.exponential(0.02, 14)
    later = 0.08 + rng.exponential(0.22 * seconds, int(rng.integers(30, 70)))
    later = later[later < seconds - 0.25]
    starts = np.concatenate([first, later])
    levels = np.concatenate([rng.uniform(0.5, 1.0, 14), 0.5 * rng.random(len(later))])
    levels *= np.exp(-1.2 * starts / seconds)
    out = scatter(seconds, starts, shards, levels, spots(rng, len(starts)), rng)
    blow = high_pass(white(rng, seconds), 1200.0) * falling(clock(seconds), 0.18)
    out = normalise_peak(out) + 0.25 * blow
    return reverb(normalise_peak(out), rng, 0.3, 0.15), ("high",)


def zipper(rng: np.random.Generator) -> tuple[Audio, Words]:
    """Teeth that pass one by one, faster and then slower."""
    seconds = float(rng.uniform(0.6, 1.6))
    t = clock(seconds)
    rate = 60.0 + 120.0 * np.sin(np.pi * t / seconds) ** 0.7
    phase = gliding(rate)
    tooth = (phase - np.floor(phase)).astype(np.float32)
    hiss = white(rng, seconds, 1)[0]
    up = rng.random() < 0.5
    sound = hiss * np.exp(-9.0 * tooth) * np.sin(np.pi * t / seconds).astype(np.float32) ** 0.3
    low, high = band_pass(sound, 1500.0, 4000.0), band_pass(sound, 3500.0, 9000.0)
    course = (t / seconds if up else 1.0 - t / seconds).astype(np.float32)
    out = low * (1.0 - course) + high * course
    return np.stack([out, low_pass(out, 9000.0)]), ("fast",) if seconds < 1.0 else ("slow",)


def creaking_door(rng: np.random.Generator) -> tuple[Audio, Words]:
    """A hinge that sticks and slips: pulses of a wandering rate through the wood of the door."""
    seconds = float(rng.uniform(1.2, 3.5))
    slow = seconds > 2.2
    t = clock(seconds)
    rate = wander(rng, len(t), seconds, 2.5, 25.0 if slow else 60.0, 90.0 if slow else 220.0)
    phase = gliding(rate)
    slip = np.exp(-14.0 * (phase - np.floor(phase))).astype(np.float32)
    slip = slip * (0.7 + 0.3 * white(rng, seconds, 1)[0])
    base = float(rng.uniform(350.0, 700.0))
    wood = sum(
        normalise_peak(band_pass(slip, base * r * 0.96, base * r * 1.04)) * np.float32(level)
        for r, level in ((1.0, 1.0), (1.83, 0.8), (2.9, 0.6), (4.4, 0.3))
    )
    level = np.sin(np.pi * t / seconds) ** 0.4 * wander(rng, len(t), seconds, 3.0, 0.4, 1.0)
    mono = np.asarray(wood, dtype=np.float32) * level.astype(np.float32)
    return reverb(normalise_peak(np.stack([mono, mono])), rng, 0.4, 0.2), ("slow",) if slow else (
        "fast",
    )


OBJECTS: dict[str, Effect] = {
    "bell": bell,
    "church bell": church_bell,
    "footsteps": footsteps,
    "typing": typing,
    "door knock": door_knock,
    "creaking door": creaking_door,
    "applause": applause,
    "glass break": glass_break,
    "zipper": zipper,
}
