"""Engines, vehicles, explosions and clocks."""

from __future__ import annotations

import numpy as np

from soundlet.training.dataset.audio_effects import (
    SAMPLE_RATE,
    Audio,
    Curve,
    band_pass,
    drive,
    fade,
    low_pass,
    normalise_peak,
    pan,
    resonate,
    reverb,
    sweep_filter,
    tremolo,
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
    saw,
    scatter,
    shaped_noise,
    spots,
    tone,
    wander,
    white,
)

Words = tuple[str, ...]


def _firing(rng: np.random.Generator, hz: Curve, n_cylinders: int) -> Audio:
    """The exhaust pulses of an engine that fires `hz` times a second: (samples,)."""
    phase = gliding(hz)
    stroke = phase - np.floor(phase)
    number = np.floor(phase).astype(np.int64)
    strength = rng.uniform(0.75, 1.0, n_cylinders)[number % n_cylinders]  # no two are the same
    strength = strength * rng.uniform(0.85, 1.0, int(number[-1]) + 1)[number]
    pulse = (np.exp(-7.0 * stroke) - np.exp(-30.0 * stroke)) * strength
    hiss = white(rng, len(hz) / SAMPLE_RATE + 0.001, 1)[0, : len(hz)]
    gas = band_pass(hiss, 200.0, 2500.0) * (np.exp(-9.0 * stroke) * strength).astype(np.float32)
    pipe = (pulse - pulse.mean()).astype(np.float32)
    pipe = pipe + 0.25 * normalise_peak(resonate(pipe, 95.0, 0.08))
    pipe = pipe + 0.2 * normalise_peak(resonate(pipe, 240.0, 0.04))
    return np.asarray(pipe + 0.35 * gas, dtype=np.float32)


def engine(rng: np.random.Generator) -> tuple[Audio, Words]:
    """A car or motorcycle that idles, drives, or is revved up."""
    word = one_of(rng, "idling", "revving", "fast")
    seconds = float(rng.uniform(4.0, 11.0))
    t = clock(seconds)
    idle = float(rng.uniform(18.0, 32.0))
    flutter = wander(rng, len(t), seconds, 5.0, 0.98, 1.02)
    if word == "idling":
        hz = idle * flutter
    elif word == "fast":
        hz = float(rng.uniform(75.0, 140.0)) * flutter * wander(rng, len(t), seconds, 0.4, 0.9, 1.1)
    else:
        throttle = np.zeros_like(t)
        for start in np.arange(rng.uniform(0.2, 0.6), seconds - 0.8, rng.uniform(1.6, 2.6)):
            age = t - start
            blip = np.where(age < 0.5, (age / 0.5).clip(0.0) ** 1.5, np.exp(-(age - 0.5) / 0.45))
            throttle = np.maximum(throttle, blip * rng.uniform(0.7, 1.0))
        hz = idle * flutter * (1.0 + 4.5 * throttle)
    sound = _firing(rng, hz, int(rng.choice([2, 4, 6])))
    openness = np.interp(hz[::1024], [20.0, 150.0], [900.0, 5000.0])
    sound = drive(sweep_filter(sound, openness), 0.3)
    loudness = np.interp(hz, [15.0, 60.0, 150.0], [0.45, 0.8, 1.0]).astype(np.float32)
    out = pan(normalise_peak(sound) * loudness, 0.0)
    air = shaped_noise(rng, seconds, {50: -4, 200: 0, 1500: -12, 8000: -34}) * np.float32(0.05)
    return reverb(out + air * loudness, rng, 0.2, 0.1), (word,)


def helicopter(rng: np.random.Generator) -> tuple[Audio, Words]:
    """The slap of the blades, the turbine and the wash of air."""
    seconds = float(rng.uniform(5.0, 11.0))
    t = clock(seconds)
    rate = float(rng.uniform(9.0, 15.0))
    phase = rate * t
    stroke = phase - np.floor(phase)
    slap = (np.exp(-10.0 * stroke) * (1.0 - np.exp(-80.0 * stroke))).astype(np.float32)
    noise = shaped_noise(rng, seconds, {30: 0, 150: 0, 700: -10, 3000: -24, 9000: -40})
    thump = pan(tone(rate * 4.0 * t) * slap, 0.0) * np.float32(0.5)
    wash = shaped_noise(rng, seconds, {200: -12, 1000: 0, 5000: -8}) * (0.06 + 0.1 * slap)
    whine = float(rng.uniform(900.0, 2200.0))
    turbine = 0.02 * (tone(whine * t) + 0.5 * tone(whine * 1.5 * t))
    out = (2.5 * noise * slap + thump + wash + turbine).astype(np.float32)
    if rng.random() < 0.5:  # it flies past
        u = t / seconds
        bow = np.exp(-(((u - 0.5) / 0.22) ** 2))
        dull = sweep_filter(out, 350.0 + 9000.0 * bow[::1024] ** 2)
        side = float(rng.choice([-1.0, 1.0]))
        gains = np.stack([1.0 - side * 0.6 * (2 * u - 1), 1.0 + side * 0.6 * (2 * u - 1)])
        passing = np.asarray(dull * gains * (0.15 + 0.85 * bow), dtype=np.float32)
        return passing, ("passing",)
    return out, ("close",)


def train(rng: np.random.Generator) -> tuple[Audio, Words]:
    """Wheels over the joints of the rails in pairs, rumble, at times the horn."""
    seconds = float(rng.uniform(6.0, 11.8))
    fast = rng.random() < 0.5
    t = clock(seconds)
    period = float(rng.uniform(0.55, 0.75) if fast else rng.uniform(1.1, 1.7))
    wheel_gap = period * float(rng.uniform(0.16, 0.22))
    base = np.arange(rng.uniform(0.0, 0.3), seconds - 0.3, period)
    starts = np.sort(np.concatenate([base, base + wheel_gap]))
    starts = starts[starts < seconds - 0.1]
    clacks = []
    for _ in range(5):
        body = knock(rng, [92.0, 210.0, 480.0, 1150.0], [0.18, 0.12, 0.07, 0.04], 1.0)
        hit = burst(rng, 0.12, 300.0, 3500.0)
        body[: len(hit)] += 1.2 * hit[: len(body)]
        clacks.append(body)
    levels = rng.uniform(0.7, 1.0, len(starts))
    out = scatter(seconds, starts, clacks, levels, spots(rng, len(starts), 0.3), rng)
    rumble = shaped_noise(rng, seconds, {30: -4, 70: 0, 250: -6, 1200: -20, 6000: -34})
    sway = wander(rng, len(t), seconds, 1.5, 0.7, 1.0).astype(np.float32)
    out = normalise_peak(out) * np.float32(0.8) + rumble * sway * np.float32(0.22)
    squeal = shaped_noise(rng, seconds, {500: -40, 2500: -4, 4000: 0, 9000: -14})
    out += squeal * (0.05 * wander(rng, len(t), seconds, 2.0, 0.0, 1.0)).astype(np.float32)
    if rng.random() < 0.35:
        root = float(rng.uniform(260.0, 330.0))
        start, length = float(rng.uniform(0.5, seconds - 3.0)), float(rng.uniform(1.0, 2.2))
        blow = ((t > start) & (t < start + length)).astype(np.float32)
        chord = sum(saw(root * r * t, root * r) for r in (1.0, 1.19, 1.498, 1.78))
        horn = low_pass(np.asarray(chord, dtype=np.float32), 2200.0) * low_pass(blow, 5.0)
        out += 0.12 * np.stack([horn, horn])
    return reverb(normalise_peak(out), rng, 0.35, 0.15), ("fast",) if fast else ("slow",)


def explosion(rng: np.random.Generator) -> tuple[Audio, Words]:
    """A blast whose noise falls in pitch, a deep boom, and debris that comes down."""
    seconds = float(rng.uniform(2.5, 6.0))
    deep = rng.random() < 0.5
    t = clock(seconds)
    blast = shaped_noise(rng, seconds, {25: 0, 200: 0, 2000: -5, 12000: -14})
    course = 60.0 + 11000.0 * np.exp(-np.linspace(0, seconds, 500) / (0.25 if deep else 0.5))
    blast = sweep_filter(blast, course + 250.0) * (
        0.75 * falling(t, 0.5) + 0.4 * falling(t, seconds)
    )
    low = float(rng.uniform(26.0, 36.0) if deep else rng.uniform(42.0, 60.0))
    boom = tone(gliding(low * (1.0 + 2.0 * np.exp(-t / 0.08)))) * falling(t, 1.0 + 1.0 * deep)
    out = drive(1.6 * blast + 0.8 * pan(boom, 0.0), 0.35)
    chips = [burst(rng, float(rng.uniform(0.01, 0.05)), 400.0, 6000.0) for _ in range(10)]
    starts = 0.15 + rng.exponential(0.2 * seconds, int(rng.integers(20, 70)))
    starts = starts[starts < seconds - 0.1]
    levels = 0.25 * rng.random(len(starts)) * np.exp(-1.5 * starts / seconds)
    out += scatter(seconds, starts, chips, levels, spots(rng, len(starts)), rng)
    out = reverb(normalise_peak(fade(out, 0.001, 0.4)), rng, 0.75, 0.25)
    return out, ("deep",) if deep else ("close",)


def clock_ticking(rng: np.random.Generator) -> tuple[Audio, Words]:
    """Tick and tock: a wall clock once a second, a watch several times."""
    fast = rng.random() < 0.4
    rate = float(rng.choice([4.0, 5.0]) if fast else rng.choice([1.0, 1.0, 2.0]))
    seconds = float(rng.uniform(3.0, 10.0))
    low = (not fast) and rng.random() < 0.4
    hz = float(rng.uniform(500.0, 900.0) if low else rng.uniform(1800.0, 3800.0))
    ringing = [0.09, 0.05, 0.03] if low else [0.03, 0.02, 0.012]
    starts = np.arange(0.02, seconds - 0.05, 1.0 / rate)
    out = np.zeros((2, int(seconds * SAMPLE_RATE)), dtype=np.float32)
    for half, pitch in enumerate((hz, hz * float(rng.uniform(0.78, 0.92)))):
        tick = knock(rng, [pitch, pitch * 1.73, pitch * 2.9], ringing, 0.6)
        pre = np.zeros(int(0.012 * SAMPLE_RATE) + len(tick), dtype=np.float32)
        pre[: len(tick)] += 0.3 * tick  # the escapement touches before it stops
        pre[-len(tick) :] += tick
        mine = starts[half::2]
        levels = rng.uniform(0.9, 1.0, len(mine))
        out += scatter(seconds, mine, [pre], levels, np.zeros(len(mine)), rng)
    words = ("fast",) if fast else ("slow",)
    return reverb(normalise_peak(out), rng, 0.2, 0.12), (*words, "low") if low else words


def fan(rng: np.random.Generator) -> tuple[Audio, Words]:
    """A ventilator: the air, the beat of the blades and the hum of the mains."""
    seconds = float(rng.uniform(4.0, 11.0))
    fast = rng.random() < 0.5
    air = shaped_noise(rng, seconds, {60: -6, 250: 0, 1500: -6, 8000: -22})
    out = tremolo(air, float(rng.uniform(18.0, 30.0) if fast else rng.uniform(5.0, 9.0)), 0.35)
    t = clock(seconds)
    hum = tone(100.0 * t) + 0.5 * tone(200.0 * t) + 0.2 * tone(300.0 * t)
    out = np.asarray(out + 0.05 * np.stack([hum, hum]), dtype=np.float32)
    return out, ("fast",) if fast else ("slow",)


def gunshot(rng: np.random.Generator) -> tuple[Audio, Words]:
    """A crack shorter than a drum, and the echo of the place; once or several times."""
    count = 1 if rng.random() < 0.5 else int(rng.integers(2, 7))
    fast = count > 1 and rng.random() < 0.6
    gap = 0.1 if fast else float(rng.uniform(0.5, 0.9))
    t = clock(0.5)
    shots = []
    for _ in range(3):
        crack = white(rng, 0.5, 1)[0] * (falling(t, 0.05) + 0.25 * falling(t, 0.3))
        thud = tone(gliding(70.0 + 120.0 * np.exp(-t / 0.02))) * falling(t, 0.15)
        shots.append(drive(low_pass(crack, 9000.0, order=1) + thud, 0.4))
    starts = np.arange(count) * gap
    seconds = float(starts[-1]) + 2.0
    out = scatter(seconds, starts, shots, rng.uniform(0.9, 1.0, count), np.zeros(count), rng)
    out = reverb(normalise_peak(out), rng, float(rng.uniform(0.4, 0.7)), 0.3)
    return out, ("fast",) if fast else ("single",) if count == 1 else ("slow",)


def rattle(rng: np.random.Generator) -> tuple[Audio, Words]:
    """A workshop machine: hard strokes at a steady rate over a motor."""
    seconds = float(rng.uniform(4.0, 10.0))
    fast = rng.random() < 0.5
    rate = float(rng.uniform(7.0, 11.0) if fast else rng.uniform(2.0, 4.0))
    starts = np.arange(0.02, seconds - 0.1, 1.0 / rate)
    clanks = [
        knock(rng, [320.0, 870.0, 1430.0, 2600.0], [0.12, 0.1, 0.08, 0.05], 1.0) for _ in range(3)
    ]
    levels = rng.uniform(0.8, 1.0, len(starts))
    out = scatter(seconds, starts, clanks, levels, np.full(len(starts), 0.1), rng)
    t = clock(seconds)
    motor = low_pass(saw(50.0 * t, 50.0), 600.0) * np.float32(0.12)
    steam = arrivals(rng, 0.4, seconds - 1.0)
    puff = [burst(rng, 0.9, 1500.0, 9000.0)]
    out += scatter(seconds, steam, puff, np.full(len(steam), 0.2), spots(rng, len(steam)), rng)
    out = normalise_peak(out) + np.stack([motor, motor])
    return reverb(normalise_peak(out), rng, 0.4, 0.2), ("fast",) if fast else ("slow",)


MACHINES: dict[str, Effect] = {
    "engine": engine,
    "helicopter": helicopter,
    "train": train,
    "explosion": explosion,
    "gunshot": gunshot,
    "clock ticking": clock_ticking,
    "fan": fan,
    "factory machine": rattle,
}
