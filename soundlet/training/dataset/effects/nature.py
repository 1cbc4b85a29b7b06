"""Weather, water, fire, animals and the body."""

from __future__ import annotations

import numpy as np

from soundlet.training.dataset.audio_effects import (
    SAMPLE_RATE,
    Audio,
    high_pass,
    low_pass,
    normalise_peak,
    pan,
    reverb,
    sweep_filter,
    within_range,
)
from soundlet.training.dataset.effects.grains import (
    Effect,
    arrivals,
    bubble,
    burst,
    clock,
    falling,
    gliding,
    one_of,
    scatter,
    shaped_noise,
    spots,
    tone,
    wander,
    white,
)

Words = tuple[str, ...]


def _drops(rng: np.random.Generator, per_second: float, seconds: float) -> Audio:
    """Drops on leaves and puddles: short ticks, some of them with a bubble."""
    grains = [burst(rng, float(rng.uniform(0.003, 0.012)), 1500.0, 9000.0) for _ in range(12)]
    grains += [0.7 * bubble(float(rng.uniform(1200.0, 4500.0))) for _ in range(6)]
    starts = arrivals(rng, per_second, seconds)
    levels = np.minimum(rng.lognormal(-1.6, 0.8, len(starts)), 0.7)
    return scatter(seconds, starts, grains, levels, spots(rng, len(starts), 0.95), rng)


def rain(rng: np.random.Generator) -> tuple[Audio, Words]:
    """Light to steady rain: single drops over a thin bed."""
    seconds = float(rng.uniform(4.0, 11.8))
    gentle = rng.random() < 0.5
    rate = float(rng.uniform(40.0, 110.0) if gentle else rng.uniform(180.0, 320.0))
    bed = shaped_noise(rng, seconds, {100: -40, 600: -18, 3000: 0, 9000: -2, 16000: -12})
    bed *= np.float32(0.12 if gentle else 0.3)
    drops = _drops(rng, rate, seconds)
    return bed + drops * np.float32(0.9), ("gentle",) if gentle else ()


def heavy_rain(rng: np.random.Generator) -> tuple[Audio, Words]:
    """A downpour: a loud broad bed that swells a little, and dense drops."""
    seconds = float(rng.uniform(4.0, 11.8))
    bed = shaped_noise(rng, seconds, {80: -22, 400: -8, 1500: 0, 6000: -1, 16000: -10})
    swell = wander(rng, bed.shape[1], seconds, 0.4, 0.75, 1.0).astype(np.float32)
    drops = _drops(rng, float(rng.uniform(250.0, 400.0)), seconds)
    return bed * swell + 0.35 * drops, ("heavy",)


def wind(rng: np.random.Generator) -> tuple[Audio, Words]:
    """Gusts: a band of noise that moves up as it grows louder, at times with a whistle."""
    seconds = float(rng.uniform(5.0, 11.8))
    word = one_of(rng, "gentle", "strong", "howling")
    top = {"gentle": 450.0, "strong": 900.0, "howling": 1100.0}[word]
    air = shaped_noise(rng, seconds, {20: -6, 100: 0, 1000: -6, 8000: -24})
    n_points = 400
    gust = wander(rng, n_points, seconds, 0.5 if word == "gentle" else 0.9, 0.15, 1.0)
    out = sweep_filter(air, 140.0 + top * gust**1.3, 0.25)
    level = np.interp(np.linspace(0, 1, out.shape[1]), np.linspace(0, 1, n_points), gust**1.5)
    if word == "howling":
        pitch = wander(rng, n_points, seconds, 0.8, 0.0, 1.0)
        howl = sweep_filter(white(rng, seconds), 380.0 + 650.0 * gust + 120 * pitch, 1.0, "band")
        out = out + 2.6 * howl
    return out * (0.2 + level).astype(np.float32), (word,)


def thunder(rng: np.random.Generator) -> tuple[Audio, Words]:
    """A crack and its rumble, or the rumble alone from afar."""
    seconds = float(rng.uniform(4.0, 9.0))
    close = rng.random() < 0.5
    t = clock(seconds)
    rumble = shaped_noise(rng, seconds, {20: -4, 45: 0, 120: -4, 400: -20, 2000: -48, 9000: -90})
    roll = np.zeros_like(t)
    starts = 0.65 * seconds * rng.random(int(rng.integers(9, 15))) ** 1.5
    starts[0] = 0.0
    for start in starts:
        age = t - start
        rise = 0.05 if close else 0.25
        bump = np.where(age > 0, np.minimum(1.0, age / rise) * falling(age, rng.uniform(1.5, 4)), 0)
        roll += bump * rng.uniform(0.3, 1.0) * (1.0 - 0.7 * start / seconds)
    fall = np.minimum(1.0, 1.4 * (1.0 - t / seconds)).clip(0.0)
    out = rumble * (roll * fall).astype(np.float32)
    if not close:
        return low_pass(out, 260.0), ("distant", "low")
    crack = shaped_noise(rng, seconds, {60: -6, 300: 0, 2500: -4, 9000: -12})
    tears = np.zeros_like(t)
    for start in rng.exponential(0.09, 6):
        tears += np.where(t >= start, falling(t - start, rng.uniform(0.15, 0.6)), 0.0)
    crack = sweep_filter(crack, 300.0 + 9000.0 * np.exp(-2.5 * np.linspace(0, seconds, 300)))
    out = normalise_peak(out) * np.float32(0.8) + crack * (0.6 * tears).astype(np.float32)
    return reverb(normalise_peak(out), rng, 0.8, 0.3), ("close",)


def sea_waves(rng: np.random.Generator) -> tuple[Audio, Words]:
    """Waves that rise, break and run back over the sand."""
    seconds = float(rng.uniform(7.0, 11.8))
    gentle = rng.random() < 0.5
    period = float(rng.uniform(3.0, 5.0))
    t = clock(seconds)
    n_points = 600
    at = np.linspace(0.0, seconds, n_points)
    swell = np.zeros(n_points)
    for start in np.arange(-period * rng.random(), seconds, period):
        age = at - start - rng.uniform(-0.3, 0.3)
        rise = period * 0.4
        wave = np.where(
            age < rise, (age / rise).clip(0.0) ** 2.5, np.exp(-(age - rise) / (0.28 * period))
        )
        swell = np.maximum(swell, wave * rng.uniform(0.7, 1.0))
    water = shaped_noise(rng, seconds, {30: -10, 150: -2, 800: 0, 4000: -8, 14000: -18})
    cutoff = 300.0 + (2500.0 if gentle else 7000.0) * swell**1.5
    out = sweep_filter(water, cutoff) * np.interp(t, at, 0.12 + swell).astype(np.float32)
    foam = high_pass(white(rng, seconds), 3000.0) * np.float32(0.03 if gentle else 0.06)
    late = np.interp(t - 0.35, at, swell**2).astype(np.float32)
    deep = shaped_noise(rng, seconds, {20: -6, 60: 0, 140: -12, 400: -50})
    out += foam * late
    if not gentle:
        out += deep * np.interp(t, at, swell).astype(np.float32)
    return out, ("gentle",) if gentle else ("heavy",)


def stream(rng: np.random.Generator) -> tuple[Audio, Words]:
    """A brook: many bubbles of different size over the hiss of running water."""
    seconds = float(rng.uniform(4.0, 11.8))
    gentle = rng.random() < 0.5
    sizes = np.exp(rng.uniform(np.log(450.0), np.log(3500.0), 48))
    grains = [bubble(float(hz), float(rng.uniform(0.05, 0.25))) for hz in sizes]
    starts = arrivals(rng, 90.0 if gentle else 260.0, seconds)
    levels = rng.lognormal(-1.2, 0.6, len(starts))
    out = scatter(seconds, starts, grains, levels, spots(rng, len(starts)), rng)
    bed = shaped_noise(rng, seconds, {100: -30, 500: -6, 1500: 0, 4000: -8, 12000: -22})
    level = wander(rng, bed.shape[1], seconds, 1.5, 0.6, 1.0).astype(np.float32)
    out += bed * level * np.float32(0.25 if gentle else 0.8)
    return out, ("gentle",) if gentle else ("fast",)


def fire(rng: np.random.Generator) -> tuple[Audio, Words]:
    """Crackles of very different strength over a low, flickering roar."""
    seconds = float(rng.uniform(4.0, 11.8))
    roaring = rng.random() < 0.4
    grains = [
        burst(rng, float(rng.uniform(0.003, 0.02)), float(rng.uniform(800, 2500)), 10000.0)
        for _ in range(16)
    ]
    starts = arrivals(rng, float(rng.uniform(14.0, 30.0)), seconds)
    clusters = np.repeat(arrivals(rng, 1.2, seconds), 7)
    starts = np.concatenate([starts, (clusters + rng.exponential(0.05, len(clusters)))])
    starts = starts[starts < seconds - 0.05]
    levels = np.minimum(rng.pareto(1.6, len(starts)) * 0.1, 0.5)
    crackle = scatter(seconds, starts, grains, levels, spots(rng, len(starts)), rng)
    roar = shaped_noise(rng, seconds, {30: -8, 80: 0, 250: -6, 900: -22, 6000: -40})
    flicker = wander(rng, roar.shape[1], seconds, 7.0, 0.5, 1.0).astype(np.float32)
    hiss = shaped_noise(rng, seconds, {500: -40, 3000: -6, 9000: 0}) * np.float32(0.02)
    out = crackle + roar * flicker * np.float32(0.8 if roaring else 0.1) + hiss
    return out, ("heavy",) if roaring else ("gentle",)


def bubbles(rng: np.random.Generator) -> tuple[Audio, Words]:
    """Large bubbles that can be told apart."""
    seconds = float(rng.uniform(2.0, 8.0))
    fast = rng.random() < 0.5
    grains = [
        bubble(float(hz), float(rng.uniform(0.05, 0.2))) for hz in rng.uniform(250.0, 1300.0, 24)
    ]
    starts = arrivals(rng, 22.0 if fast else 7.0, seconds - 0.1)
    levels = rng.uniform(0.3, 1.0, len(starts))
    out = scatter(seconds, starts, grains, levels, spots(rng, len(starts), 0.6), rng)
    return reverb(normalise_peak(out), rng, 0.2, 0.15), ("fast",) if fast else ("slow",)


def water_drop(rng: np.random.Generator) -> tuple[Audio, Words]:
    """Single drops into standing water, often in a cave."""
    seconds = float(rng.uniform(1.0, 5.0))
    count = max(1, int(seconds / rng.uniform(0.8, 1.6)))
    starts = np.sort(rng.uniform(0.0, 0.7 * seconds, count))
    starts[0] = 0.01
    hz = float(rng.uniform(500.0, 1300.0))
    grains = []
    for _ in range(4):
        plop = bubble(hz * float(rng.uniform(0.9, 1.15)), float(rng.uniform(0.12, 0.3)))
        grain = np.zeros(len(plop) + 1800, dtype=np.float32)
        grain[:300] += 0.25 * burst(rng, 300.5 / SAMPLE_RATE, 2500.0, 9000.0)[:300]
        grain[1800:] += plop
        grains.append(grain)
    out = scatter(seconds, starts, grains, np.ones(count), spots(rng, count, 0.3), rng)
    roomy = rng.random() < 0.6
    if roomy:
        out = reverb(normalise_peak(out), rng, float(rng.uniform(0.5, 0.8)), 0.35)
    return out, ("roomy",) if roomy else ("close",)


def birds(rng: np.random.Generator) -> tuple[Audio, Words]:
    """One to four birds, each with a phrase of its own that it repeats."""
    seconds = float(rng.uniform(3.0, 11.0))
    out = np.zeros((2, int(seconds * SAMPLE_RATE)), dtype=np.float32)
    for _ in range(int(rng.integers(1, 5))):
        phrase = _bird_phrase(rng)
        gap = len(phrase) / SAMPLE_RATE + float(rng.uniform(0.3, 1.5))
        starts = np.arange(rng.uniform(0.0, 0.8), seconds - 0.1, gap)
        starts = (starts + rng.uniform(0.0, 0.2, len(starts))).clip(0.0, seconds - 0.05)
        level = np.full(len(starts), rng.uniform(0.25, 1.0))
        place = np.full(len(starts), rng.uniform(-0.8, 0.8))
        out += scatter(seconds, starts, [phrase], level, place, rng)
    out = reverb(within_range(out), rng, 0.5, 0.2)
    return out + shaped_noise(rng, seconds, {100: -20, 1000: 0, 8000: -12}) * np.float32(0.01), ()


def _bird_phrase(rng: np.random.Generator) -> Audio:
    """A few syllables: a glide, an arch, a trill or a warble of a near-pure tone."""
    centre = float(np.exp(rng.uniform(np.log(2200.0), np.log(5500.0))))
    kind = one_of(rng, "down", "up", "arch", "warble")
    count = int(rng.integers(2, 9))
    length = float(rng.uniform(0.05, 0.16) if count > 4 else rng.uniform(0.1, 0.3))
    pieces: list[Audio] = []
    drift = float(rng.uniform(-0.25, 0.25))
    for number in range(count):
        t = clock(length)
        u = t / length
        course = {
            "down": 0.5 - u,
            "up": u - 0.5,
            "arch": np.sin(np.pi * u) - 0.5,
            "warble": 0.4 * np.sin(2 * np.pi * rng.uniform(20, 35) * t),
        }[kind]
        hz = centre * 2.0 ** (0.7 * course + drift * number / count)
        body = tone(gliding(hz)) + 0.12 * tone(gliding(2 * hz))
        pieces += [(body * np.sin(np.pi * u) ** 0.7).astype(np.float32)]
        pieces += [np.zeros(int(rng.uniform(0.2, 0.6) * length * SAMPLE_RATE), dtype=np.float32)]
    return np.concatenate(pieces)


def crickets(rng: np.random.Generator) -> tuple[Audio, Words]:
    """Chirps of three or four pulses near 4.5 kHz, from several crickets that drift apart."""
    seconds = float(rng.uniform(4.0, 11.8))
    t = clock(seconds)
    out = shaped_noise(rng, seconds, {60: -20, 300: -6, 3000: 0, 12000: -10}) * np.float32(0.015)
    for _ in range(int(rng.integers(1, 5))):
        chirps = float(rng.uniform(1.6, 3.2))
        pulse_hz = float(rng.uniform(26.0, 40.0))
        n_pulses = int(rng.integers(3, 5))
        into = (t * chirps + rng.random()) % 1.0 / chirps
        pulses = np.where(into < n_pulses / pulse_hz, np.sin(np.pi * pulse_hz * into) ** 2, 0.0)
        strength = (0.5 + 0.5 * (into * pulse_hz / n_pulses)).clip(0, 1)
        sound = tone(float(rng.uniform(3900.0, 5200.0)) * t) * (pulses * strength).astype(
            np.float32
        )
        out += pan(np.float32(rng.uniform(0.2, 0.8)) * sound, float(rng.uniform(-0.8, 0.8)))
    return out, ("high",)


def heartbeat(rng: np.random.Generator) -> tuple[Audio, Words]:
    """Two soft thumps per beat, the second higher and shorter."""
    fast = rng.random() < 0.5
    bpm = float(rng.uniform(100.0, 140.0) if fast else rng.uniform(50.0, 70.0))
    seconds = float(rng.uniform(3.0, 10.0))
    hz = float(rng.uniform(42.0, 60.0))
    out = np.zeros(int(seconds * SAMPLE_RATE), dtype=np.float32)
    for start in np.arange(0.02, seconds - 0.4, 60.0 / bpm):
        for after, pitch, level in ((0.0, hz, 1.0), (0.28 * (60 / bpm) ** 0.5, hz * 1.25, 0.7)):
            t = clock(0.22)
            thump = tone(gliding(pitch * (1.0 + 0.6 * np.exp(-t / 0.02)))) * falling(t, 0.2)
            thump *= np.float32(level * rng.uniform(0.92, 1.0)) * np.minimum(1, t / 0.006)
            first = int((start + after) * SAMPLE_RATE)
            kept = thump[: len(out) - first]
            out[first : first + len(kept)] += kept.astype(np.float32)
    return pan(low_pass(out, 250.0), 0.0), ("fast",) if fast else ("slow",)


NATURE: dict[str, Effect] = {
    "rain": rain,
    "heavy rain": heavy_rain,
    "wind": wind,
    "thunder": thunder,
    "sea waves": sea_waves,
    "stream": stream,
    "fire": fire,
    "bubbles": bubbles,
    "water drop": water_drop,
    "birds": birds,
    "crickets": crickets,
    "heartbeat": heartbeat,
}
