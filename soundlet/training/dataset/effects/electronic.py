"""Sounds of games, films and circuits: nothing that ever hung in a tree."""

from __future__ import annotations

import numpy as np

from soundlet.training.dataset.audio_effects import (
    SAMPLE_RATE,
    Audio,
    Curve,
    band_pass,
    bitcrush,
    chorus,
    delay,
    drive,
    fade,
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
    burst,
    clock,
    falling,
    gliding,
    one_of,
    saw,
    scatter,
    shaped_noise,
    spots,
    square,
    tone,
    wander,
    white,
)

Words = tuple[str, ...]


def _in_room(audio: Audio, rng: np.random.Generator, size: float, wet: float) -> Audio:
    """Add silence for the tail, and the room."""
    tail = int(min(1.5, 0.3 * 12.0**size) * SAMPLE_RATE)
    padded = np.pad(normalise_peak(audio), ((0, 0), (0, tail)))
    return fade(reverb(padded, rng, size, wet), 0.0, 0.3 * tail / SAMPLE_RATE)


def _wave(rng: np.random.Generator, hz: Curve) -> Audio:
    """A sine, saw or square that follows a pitch."""
    kind = one_of(rng, "sine", "saw", "square")
    phase = gliding(hz)
    if kind == "sine":
        return tone(phase)
    return saw(phase, hz) if kind == "saw" else square(phase, hz)


def laser(rng: np.random.Generator) -> tuple[Audio, Words]:
    """A tone that falls very fast, once or in a volley."""
    low = rng.random() < 0.4
    length = float(rng.uniform(0.15, 0.5))
    top = float(rng.uniform(900.0, 1800.0) if low else rng.uniform(2500.0, 6000.0))
    bottom = top * float(rng.uniform(0.04, 0.12))
    t = clock(length)
    hz = bottom + (top - bottom) * np.exp(-rng.uniform(4.0, 9.0) * t / length)
    shot = _wave(rng, hz) * falling(t, length * 1.4)
    shot = fade(shot + 0.2 * burst(rng, length, 2000.0, 12000.0)[: len(shot)], 0.001, 0.02)
    count = 1 if rng.random() < 0.5 else int(rng.integers(2, 6))
    gap = float(rng.uniform(0.12, 0.35))
    starts = np.arange(count) * gap
    seconds = starts[-1] + length + 0.25
    places = np.linspace(-0.3, 0.3, count) if count > 1 else np.zeros(1)
    out = scatter(seconds, starts, [shot], np.ones(count), places, rng)
    if rng.random() < 0.5:
        out = delay(np.pad(normalise_peak(out), ((0, 0), (0, 22050))), 0.14, 0.4, 0.35)
    return out, ("low",) if low else ("high",)


def riser(rng: np.random.Generator) -> tuple[Audio, Words]:
    """Noise and tones that climb and grow, and stop at the top."""
    fast = rng.random() < 0.4
    seconds = float(rng.uniform(1.5, 3.0) if fast else rng.uniform(4.0, 9.0))
    t = clock(seconds)
    u = t / seconds
    air = sweep_filter(white(rng, seconds), 250.0 * 45.0 ** np.linspace(0, 1, 400), 0.45, "band")
    hz = float(rng.uniform(90.0, 220.0)) * 2.0 ** (float(rng.uniform(2.0, 3.0)) * u**1.3)
    tones = np.stack([saw(gliding(hz * d), hz * d) for d in (0.994, 1.007)])
    tones = sweep_filter(tones, 400.0 * 25.0 ** np.linspace(0, 1, 400), 0.2)
    mix = float(rng.uniform(0.0, 0.6))
    if rng.random() < 0.4:  # a gate that speeds up towards the top
        gate = tone(gliding(3.0 + 13.0 * u**2)) > -0.2
        tones = tones * low_pass(gate.astype(np.float32), 80.0)
    out = (normalise_peak(air) + np.float32(mix) * tones) * (0.03 + 0.97 * u**1.7).astype(
        np.float32
    )
    return _in_room(fade(out, 0.02, 0.01), rng, 0.5, 0.15), ("fast",) if fast else ("slow",)


def downlifter(rng: np.random.Generator) -> tuple[Audio, Words]:
    """The mirror of a riser: starts bright and loud, falls and fades."""
    fast = rng.random() < 0.4
    seconds = float(rng.uniform(1.5, 3.0) if fast else rng.uniform(4.0, 8.0))
    u = clock(seconds) / seconds
    course = np.linspace(0, 1, 400)
    air = sweep_filter(white(rng, seconds), 10000.0 * 0.015**course, 0.4, "band")
    hz = float(rng.uniform(700.0, 1500.0)) * 2.0 ** (-float(rng.uniform(2.5, 4.0)) * u**0.8)
    tones = np.stack([saw(gliding(hz * d), hz * d) for d in (0.994, 1.007)])
    tones = sweep_filter(tones, 9000.0 * 0.02**course, 0.2)
    out = normalise_peak(air) + np.float32(rng.uniform(0.1, 0.6)) * tones
    out = out * ((1.0 - u) ** 1.6).astype(np.float32)
    return _in_room(fade(out, 0.003, 0.02), rng, 0.6, 0.2), ("fast",) if fast else ("slow",)


def impact(rng: np.random.Generator) -> tuple[Audio, Words]:
    """A film hit: a deep falling boom, a slam, and a large room."""
    deep = rng.random() < 0.5
    t = clock(2.5)
    bottom = float(rng.uniform(28.0, 38.0) if deep else rng.uniform(50.0, 75.0))
    boom = tone(gliding(bottom * (1.0 + 2.5 * np.exp(-t / 0.06)))) * falling(
        t, 2.4 if deep else 1.2
    )
    boom = drive(boom, float(rng.uniform(0.1, 0.35)))
    slam = shaped_noise(rng, 2.5, {60: 0, 500: -3, 4000: -12, 14000: -24}) * falling(t, 0.5)
    hits = [hz * float(rng.uniform(0.9, 1.1)) for hz in (180.0, 311.0, 467.0, 733.0)]
    metal = sum(tone(hz * t) * falling(t, float(rng.uniform(0.3, 1.2))) for hz in hits)
    out = (
        0.9 * pan(boom, 0.0)
        + 1.1 * slam
        + np.float32(rng.uniform(0.0, 0.12)) * np.stack([metal] * 2)
    )
    out = fade(out, 0.0015, 0.05)
    return _in_room(out, rng, float(rng.uniform(0.6, 0.9)), 0.4), ("deep",) if deep else ("punchy",)


def whoosh(rng: np.random.Generator) -> tuple[Audio, Words]:
    """Air that rushes past from one side to the other."""
    fast = rng.random() < 0.5
    seconds = float(rng.uniform(0.35, 0.8) if fast else rng.uniform(1.0, 2.5))
    u = np.linspace(0.0, 1.0, int(seconds * SAMPLE_RATE))
    peak = float(rng.uniform(0.4, 0.65))
    arch = np.where(u < peak, u / peak, (1.0 - u) / (1.0 - peak))
    top = float(rng.uniform(2000.0, 6000.0) if fast else rng.uniform(900.0, 2500.0))
    air = sweep_filter(white(rng, seconds, 1)[0], 150.0 + top * arch[::256] ** 1.5, 0.3, "band")
    side = float(rng.choice([-1.0, 1.0]))
    out = pan(air * (arch**1.8).astype(np.float32), side * (1.6 * u - 0.8))
    return _in_room(out, rng, 0.3, 0.12), ("fast",) if fast else ("slow",)


def spaceship_hum(rng: np.random.Generator) -> tuple[Audio, Words]:
    """Low detuned saws under a filter that breathes, and the air of the ventilation."""
    seconds = float(rng.uniform(5.0, 11.8))
    t = clock(seconds)
    low = rng.random() < 0.6
    hz = float(rng.uniform(32.0, 55.0) if low else rng.uniform(70.0, 110.0))
    out = np.zeros((2, len(t)), dtype=np.float32)
    for ratio in (1.0, 1.004, 1.5, 2.003, 0.997):
        voice = saw(hz * ratio * t + rng.random(), hz * ratio)
        out += pan(0.2 * voice, float(rng.uniform(-0.8, 0.8)))
    breath = wander(rng, 300, seconds, 0.35, 0.0, 1.0)
    out = sweep_filter(out, 140.0 * 6.0**breath, 0.5)
    throb = 1.0 - 0.25 * (0.5 + 0.5 * np.sin(2 * np.pi * float(rng.uniform(0.3, 2.0)) * t))
    air = shaped_noise(rng, seconds, {50: 0, 300: -6, 2000: -20, 10000: -40}) * np.float32(0.25)
    whine = 0.01 * tone(float(rng.uniform(1200.0, 2600.0)) * t)
    out = normalise_peak(out) * throb.astype(np.float32) + air + whine
    return fade(chorus(within_range(out), rng), 0.3, 0.4), ("low",) if low else ()


def static_noise(rng: np.random.Generator) -> tuple[Audio, Words]:
    """An untuned radio or television: hiss, crackle, at times a wandering whistle."""
    seconds = float(rng.uniform(2.0, 10.0))
    high = rng.random() < 0.5
    course = (
        {100: -12, 800: -3, 4000: 0, 16000: -2} if high else {60: -4, 300: 0, 3000: -6, 9000: -30}
    )
    hiss = shaped_noise(rng, seconds, {float(k): float(v) for k, v in course.items()})
    hiss = hiss[:1].repeat(2, axis=0) if rng.random() < 0.5 else hiss
    n_samples = hiss.shape[1]
    level = wander(rng, n_samples, seconds, 6.0, 0.75, 1.0)
    if rng.random() < 0.5:  # the reception breaks up
        level = level * np.where(wander(rng, n_samples, seconds, 9.0, 0, 1) > 0.35, 1.0, 0.35)
    out = hiss * low_pass(level.astype(np.float32), 400.0, order=1)
    starts = arrivals(rng, 25.0, seconds - 0.05)
    pops = [burst(rng, 0.004, 1000.0, 10000.0) for _ in range(4)]
    out += scatter(
        seconds, starts, pops, rng.uniform(0.1, 0.5, len(starts)), spots(rng, len(starts)), rng
    )
    if rng.random() < 0.3:
        out += 0.06 * tone(gliding(wander(rng, n_samples, seconds, 1.0, 400.0, 2800.0)))
    return out, ("high",) if high else ("low",)


def vinyl_crackle(rng: np.random.Generator) -> tuple[Audio, Words]:
    """An old record before the music: clicks that come round with the disc, hiss and rumble."""
    seconds = float(rng.uniform(4.0, 11.8))
    heavy = rng.random() < 0.4
    grains = [burst(rng, float(rng.uniform(0.0008, 0.005)), 900.0, 12000.0) for _ in range(16)]
    starts = arrivals(rng, 45.0 if heavy else 15.0, seconds)
    turn = 60.0 / 33.333
    scratches = np.concatenate(
        [np.arange(rng.uniform(0, turn), seconds, turn) for _ in range(6 if heavy else 2)]
    )
    times = np.concatenate([starts, scratches]).clip(0.0, seconds - 0.02)
    levels = np.minimum(0.06 * (1.0 + rng.pareto(1.8, len(starts))), 0.35)
    levels = np.concatenate([levels, rng.uniform(0.3, 0.4, len(scratches))])
    out = scatter(seconds, times, grains, levels, spots(rng, len(times), 0.5), rng)
    hiss = shaped_noise(rng, seconds, {100: -20, 1500: -4, 6000: 0, 14000: -10}) * np.float32(0.04)
    rumble = shaped_noise(rng, seconds, {20: 0, 60: -2, 150: -25, 500: -60}) * np.float32(0.012)
    return out + hiss + rumble, ("heavy",) if heavy else ("gentle",)


def _notes(rng: np.random.Generator, midi: list[float], lengths: list[float], tail: float) -> Audio:
    """A run of notes as an old game console plays them."""
    width = float(rng.choice([0.5, 0.25, 0.125]))
    pieces: list[Audio] = []
    for number, (note, length) in enumerate(zip(midi, lengths, strict=True)):
        last = number == len(midi) - 1
        t = clock(length + (tail if last else 0.0))
        hz = 440.0 * 2.0 ** ((note - 69.0) / 12.0)
        wave = saw(hz * t, hz) - saw(hz * t + width, hz)
        level = falling(t - length, tail * 1.3) if last else np.ones(len(t), dtype=np.float32)
        pieces.append(fade((wave * level * np.float32(0.4)).astype(np.float32), 0.001, 0.002))
    return pan(bitcrush(np.concatenate(pieces), 6.0), 0.0)


def coin(rng: np.random.Generator) -> tuple[Audio, Words]:
    """Two quick high notes, the second held: something was picked up."""
    start = float(rng.integers(79, 89))
    interval = float(rng.choice([4.0, 5.0, 7.0]))
    fast = rng.random() < 0.5
    first = 0.05 if fast else 0.09
    return _notes(rng, [start, start + interval], [first, 0.06], float(rng.uniform(0.4, 0.7))), (
        "high",
    )


def power_up(rng: np.random.Generator) -> tuple[Audio, Words]:
    """A climbing run of notes."""
    start = float(rng.integers(55, 68))
    chord = [0, 4, 7] if rng.random() < 0.7 else [0, 5, 7]
    steps = [start + c + 12 * octave for octave in range(3) for c in chord]
    count = int(rng.integers(5, 10))
    fast = rng.random() < 0.5
    length = 0.055 if fast else 0.1
    return _notes(rng, steps[:count], [length] * count, 0.35), ("fast",) if fast else ("slow",)


def jump(rng: np.random.Generator) -> tuple[Audio, Words]:
    """The leap of an old game: a square wave that slides up."""
    length = float(rng.uniform(0.18, 0.4))
    u = clock(length) / length
    hz = float(rng.uniform(150.0, 350.0)) * 2.0 ** (float(rng.uniform(1.3, 2.4)) * u**0.8)
    sound = square(gliding(hz), hz) * (1.0 - 0.7 * u).astype(np.float32)
    return pan(bitcrush(fade(0.5 * sound, 0.002, 0.03), 6.0), 0.0), ()


def button_click(rng: np.random.Generator) -> tuple[Audio, Words]:
    """A click of an interface: a tick of noise with a short blip, sometimes press and release."""
    high = rng.random() < 0.5
    hz = float(rng.uniform(1800.0, 3500.0) if high else rng.uniform(500.0, 1100.0))
    t = clock(0.05)
    click = tone(hz * t) * falling(t, 0.025) + 0.6 * burst(rng, 0.0501, 2000.0, 12000.0)[
        : len(t)
    ] * falling(t, 0.006)
    starts = np.array([0.0, float(rng.uniform(0.08, 0.14))]) if rng.random() < 0.4 else np.zeros(1)
    levels = np.array([1.0, 0.6])[: len(starts)]
    return scatter(1.0, starts, [click], levels, np.zeros(len(starts)), rng), (
        "high",
    ) if high else ("low",)


def robot_beep(rng: np.random.Generator) -> tuple[Audio, Words]:
    """A little machine talks: short tones that jump, slide and warble."""
    fast = rng.random() < 0.5
    pieces: list[Audio] = []
    for _ in range(int(rng.integers(4, 11))):
        length = float(rng.uniform(0.05, 0.12) if fast else rng.uniform(0.12, 0.28))
        t = clock(length)
        start, end = np.exp(rng.uniform(np.log(400.0), np.log(3000.0), 2))
        end = start if rng.random() < 0.4 else end
        hz = start * (end / start) ** (t / length)
        if rng.random() < 0.3:
            hz = hz * (1.0 + 0.2 * np.sin(2 * np.pi * 30.0 * t))
        sound = tone(gliding(hz)) + 0.25 * square(gliding(hz), hz)
        pieces.append(fade((0.6 * sound).astype(np.float32), 0.004, 0.008))
        pieces.append(np.zeros(int(rng.uniform(0.01, 0.07) * SAMPLE_RATE), dtype=np.float32))
    return _in_room(pan(np.concatenate(pieces), 0.0), rng, 0.15, 0.1), ("fast",) if fast else (
        "slow",
    )


def telephone_ring(rng: np.random.Generator) -> tuple[Audio, Words]:
    """An old telephone with two gongs, or the warble of an electronic one."""
    digital = rng.random() < 0.5
    ring = float(rng.uniform(0.8, 1.6))
    seconds = float(rng.uniform(4.0, 9.0))
    t = clock(ring)
    if digital:
        low = float(rng.uniform(700.0, 1000.0))
        hz = np.where((t * float(rng.uniform(18.0, 26.0))) % 1.0 < 0.5, low, low * 1.25)
        sound = fade(low_pass(square(gliding(hz), hz), 5000.0), 0.005, 0.01)
    else:
        sound = np.zeros_like(t, dtype=np.float32)
        gongs = float(rng.uniform(1000.0, 1300.0)) * np.array([1.0, 1.12])
        gap = 1.0 / float(rng.uniform(20.0, 26.0))
        strike_t = clock(0.9)
        strikes = []
        for gong in gongs:
            parts = [(1.0, 1.0, 0.9), (2.76, 0.5, 0.5), (5.4, 0.3, 0.3), (1.006, 0.5, 0.9)]
            body = sum(
                tone(gong * r * strike_t) * np.float32(a) * falling(strike_t, d)
                for r, a, d in parts
            )
            strikes.append(np.asarray(body, dtype=np.float32))
        rings = np.zeros(len(t) + len(strike_t), dtype=np.float32)
        for number, start in enumerate(np.arange(0.0, ring, gap / 2.0)):
            first = int(start * SAMPLE_RATE)
            rings[first : first + len(strike_t)] += strikes[number % 2]
        sound = normalise_peak(rings)
    starts = np.arange(0.02, seconds - ring * 0.6, ring + float(rng.uniform(0.5, 1.5)))
    out = scatter(seconds, starts, [sound], np.ones(len(starts)), np.zeros(len(starts)), rng)
    return _short_room(out, rng), ("high",) if digital else ()


def _short_room(audio: Audio, rng: np.random.Generator) -> Audio:
    return reverb(normalise_peak(audio), rng, 0.2, 0.12)


def alarm(rng: np.random.Generator) -> tuple[Audio, Words]:
    """Beeps of a clock, the buzzer of a gate, or two tones in turn."""
    kind = one_of(rng, "beeps", "buzzer", "two tones")
    fast = rng.random() < 0.5
    seconds = float(rng.uniform(3.0, 9.0))
    t = clock(seconds)
    if kind == "beeps":
        hz = float(rng.uniform(1900.0, 3200.0))
        slot = 0.1 if fast else 0.2
        cycle = slot * 8.0
        on = (t % cycle < slot * 6.0) & (t % slot < 0.55 * slot) if fast else t % 0.8 < 0.4
        sound, word = square(hz * t, hz), "high"
    elif kind == "buzzer":
        hz = float(rng.uniform(150.0, 320.0))
        on = t % (0.45 if fast else 1.2) < (0.28 if fast else 0.8)
        sound, word = band_pass(saw(hz * t, hz), 300.0, 5000.0), "low"
    else:
        hz = float(rng.uniform(600.0, 1100.0))
        rate = float(rng.uniform(3.0, 5.0) if fast else rng.uniform(0.8, 1.6))
        steps = np.where((t * rate) % 1.0 < 0.5, hz, hz * 1.26)
        on, sound, word = t >= 0, low_pass(square(gliding(steps), steps), 6000.0), "high"
    gate = low_pass(on.astype(np.float32), 400.0, order=1)
    out = pan(sound * gate * np.float32(0.6), 0.0)
    return _short_room(out, rng), (word, "fast" if fast else "slow")


def siren(rng: np.random.Generator) -> tuple[Audio, Words]:
    """A police wail, a fast yelp, or two notes in turn as in Europe."""
    kind = one_of(rng, "slow", "fast", "two-tone")
    seconds = float(rng.uniform(5.0, 11.8))
    t = clock(seconds)
    low = float(rng.uniform(450.0, 650.0))
    if kind == "two-tone":
        steps = np.where((t * float(rng.uniform(0.8, 1.2))) % 1.0 < 0.5, 1.0, 1.335)
        hz = np.asarray(low_pass((low * steps).astype(np.float32) - low, 30.0, order=1) + low)
    else:
        rate = float(rng.uniform(0.18, 0.4) if kind == "slow" else rng.uniform(2.5, 4.0))
        sway = 0.5 - 0.5 * np.cos(2.0 * np.pi * (rate * t + rng.random()))
        hz = low * 2.0 ** (float(rng.uniform(1.1, 1.5)) * sway)
    horn = drive(0.7 * tone(gliding(hz)) + 0.3 * saw(gliding(hz), hz), 0.3)
    out = pan(high_pass(band_pass(horn, 400.0, 4500.0), 200.0), float(rng.uniform(-0.2, 0.2)))
    return reverb(normalise_peak(out), rng, 0.45, 0.2), (kind,)


ELECTRONIC: dict[str, Effect] = {
    "laser": laser,
    "riser": riser,
    "downlifter": downlifter,
    "impact": impact,
    "whoosh": whoosh,
    "siren": siren,
    "alarm": alarm,
    "telephone ring": telephone_ring,
    "spaceship hum": spaceship_hum,
    "static noise": static_noise,
    "vinyl crackle": vinyl_crackle,
    "coin": coin,
    "power-up": power_up,
    "jump": jump,
    "button click": button_click,
    "robot beep": robot_beep,
}
