"""Ways to make a pitched tone: subtractive, FM, modal, drawbars, plucked string and sung vowel.

Each voice takes its numbers, the pitch in Hz, the seconds until release, the velocity (0 to 1) and
a generator, and returns (2, samples) with the release, at a free level.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from soundlet.training.dataset.audio_effects import (
    SAMPLE_RATE,
    SWEEP_HOP,
    Audio,
    Curve,
    band_pass,
    high_pass,
    low_pass,
    resonate,
    sweep_filter,
)

Sound = Mapping[str, float]
Voice = Callable[[Sound, float, float, float, np.random.Generator], Audio]
Table = NDArray[np.float32]

TABLE_SIZE = 8192
TOP_HZ = 19500.0  # no partial is put above

VOWELS = {  # formants in Hz, and their levels
    "ah": ((700.0, 1150.0, 2700.0, 3400.0), (1.0, 0.55, 0.16, 0.08)),
    "oh": ((450.0, 800.0, 2600.0, 3300.0), (1.0, 0.35, 0.08, 0.05)),
    "oo": ((320.0, 700.0, 2500.0, 3200.0), (1.0, 0.16, 0.04, 0.02)),
    "eh": ((530.0, 1800.0, 2500.0, 3400.0), (1.0, 0.4, 0.2, 0.08)),
    "ee": ((300.0, 2200.0, 2900.0, 3500.0), (1.0, 0.3, 0.22, 0.1)),
}


def frequency(midi: float) -> float:
    """Pitch in Hz of a MIDI number."""
    return float(440.0 * 2.0 ** ((midi - 69.0) / 12.0))


def table_from(levels: NDArray[np.float64], phase: float = -np.pi / 2.0) -> Table:
    """One cycle with the given levels of harmonics 1, 2, …; one sample more, for interpolation."""
    spectrum = np.zeros(TABLE_SIZE // 2 + 1, dtype=np.complex128)
    spectrum[1 : len(levels) + 1] = levels * np.exp(1j * phase)
    cycle = np.fft.irfft(spectrum, TABLE_SIZE) * (TABLE_SIZE / 2)
    return np.append(cycle, cycle[0]).astype(np.float32)


@lru_cache(maxsize=256)
def wave_table(shape: str, n_harmonics: int) -> Table:
    """A classic waveform without harmonics above `n_harmonics`."""
    k = np.arange(1, n_harmonics + 1, dtype=np.float64)
    if shape == "saw":
        return table_from(0.6 / k)
    if shape == "triangle":
        odd = np.where(k % 2 == 1, 1.0, 0.0)
        return table_from(0.8 * odd / k**2 * np.where(k % 4 == 1, 1.0, -1.0))
    if shape == "sine":
        return table_from(np.where(k == 1, 1.0, 0.0))
    width = {"square": 0.5, "pulse": 0.25, "narrow": 0.125}[shape]
    return table_from(1.2 / k * np.sin(np.pi * k * width), phase=0.0)


def oscillate(table: Table, phase: Curve) -> Audio:
    """Read a table at a phase in cycles."""
    place = (phase - np.floor(phase)) * TABLE_SIZE
    index = place.astype(np.int32)
    rest = (place - index).astype(np.float32)
    low = table[index]
    return np.asarray(low + rest * (table[index + 1] - low), dtype=np.float32)


def seconds_of(n_samples: int) -> Curve:
    """The time of each sample."""
    return np.arange(n_samples, dtype=np.float64) / SAMPLE_RATE


def falling(t: Curve, seconds: float) -> NDArray[np.float32]:
    """An exponential decay that has fallen by 60 dB after `seconds`."""
    return np.exp((-6.908 / max(seconds, 1e-4)) * t).astype(np.float32)


def envelope(p: Sound, t: Curve, seconds: float) -> NDArray[np.float32]:
    """Attack, decay, sustain and release; the times of decay and release are those of 60 dB."""
    attack, sustain = max(p["attack"], 0.0015), p["sustain"]

    def held(at: Curve) -> Curve:
        rise = np.minimum(1.0, at / attack)
        fall = np.exp(-6.908 * np.maximum(0.0, at - attack) / max(p["decay"], 1e-3))
        return np.asarray(rise * (2.0 - rise) * (sustain + (1.0 - sustain) * fall))

    let_go = np.exp(-6.908 * np.maximum(0.0, t - seconds) / max(p["release"], 0.01))
    return (held(np.minimum(t, seconds)) * let_go).astype(np.float32)


def vibrato(p: Sound, t: Curve, hz: float, rng: np.random.Generator) -> Curve:
    """What vibrato adds to the phase, in cycles; it sets in after a moment."""
    depth = hz * (2.0 ** (p.get("vibrato_cents", 0.0) / 1200.0) - 1.0)
    if depth <= 0.0:
        return np.zeros_like(t)
    rate = p.get("vibrato_hz", 5.0)
    onset = np.clip((t - 0.15) / 0.4, 0.0, 1.0)
    turn = np.cos(2.0 * np.pi * (rate * t + rng.random()))
    return np.asarray(onset * depth / (2.0 * np.pi * rate) * turn)


def subtractive(shape: str) -> Voice:
    """Detuned oscillators of one shape through a resonant low-pass with its own envelope."""

    def voice(
        p: Sound, hz: float, seconds: float, velocity: float, rng: np.random.Generator
    ) -> Audio:
        n_samples = int((seconds + p["release"]) * SAMPLE_RATE)
        t = seconds_of(n_samples)
        table = wave_table(shape, max(1, int(TOP_HZ / hz)))
        n_voices = max(1, round(p["voices"]))
        shared = vibrato(p, t, hz, rng)
        if p.get("glide", 0.0) != 0.0:  # the pitch starts `glide` octaves away
            shared = shared + hz * p["glide"] * 0.03 * (1.0 - np.exp(-t / 0.03))
        out = np.zeros((2 if n_voices > 1 else 1, n_samples), dtype=np.float32)
        offsets = np.linspace(-1.0, 1.0, n_voices) if n_voices > 1 else np.zeros(1)
        for number, offset in enumerate(offsets):
            pitch = hz * 2.0 ** (offset * p["detune"] / 1200.0)
            start = rng.random() if offset else 0.0  # the middle one agrees with the sub-oscillator
            sound = oscillate(table, pitch * t + shared + start)
            place = p["spread"] * offset * (-1.0) ** number
            out[0] += np.float32(1.0 - place) * sound
            if n_voices > 1:
                out[1] += np.float32(1.0 + place) * sound
        out /= np.float32(np.sqrt(n_voices))
        if p.get("sub", 0.0) > 0.0:
            out += np.float32(p["sub"]) * np.sin(2.0 * np.pi * (hz * t + shared)).astype(np.float32)
        if p.get("breath", 0.0) > 0.0:
            hiss = rng.standard_normal(n_samples, dtype=np.float32)
            out += np.float32(p["breath"]) * band_pass(hiss, hz, hz * 6.0)
        out = sweep_filter(out, _cutoff(p, hz, n_samples, velocity), p["resonance"])
        out = np.repeat(out, 2, axis=0) if len(out) == 1 else out
        return np.asarray(out * envelope(p, t, seconds), dtype=np.float32)

    return voice


def _cutoff(p: Sound, hz: float, n_samples: int, velocity: float) -> Curve:
    """The course of the low-pass: key tracking, velocity, envelope and slow oscillation."""
    t = seconds_of(n_samples)[::SWEEP_HOP]
    octaves = p["tracking"] * np.log2(hz / 261.6) + 1.5 * (velocity - 0.8)
    rise = 1.0 - np.exp(-t / max(p.get("env_attack", 0.0), 1e-4))
    octaves = octaves + p["env_octaves"] * rise * np.exp(-6.908 * t / p["env_decay"])
    if p.get("lfo_octaves", 0.0) > 0.0:
        octaves = octaves - p["lfo_octaves"] * (0.5 + 0.5 * np.cos(2 * np.pi * p["lfo_hz"] * t))
    cutoff = np.clip(p["cutoff"] * 2.0**octaves, 1.1 * min(hz, 2000.0), 20000.0)
    return np.asarray(cutoff, dtype=np.float64)


def fm(p: Sound, hz: float, seconds: float, velocity: float, rng: np.random.Generator) -> Audio:
    """Two operators: a sine whose phase another one bends, less as the note goes on.

    A second, slightly detuned pair gives the right side its own beating.
    """
    n_samples = int((seconds + p["release"]) * SAMPLE_RATE)
    t = seconds_of(n_samples)
    ratio = p["ratio"]
    highest = max(0.0, (TOP_HZ / hz - 1.0) / ratio - 1.0)  # keeps the sidebands below Nyquist
    index = min(p["index"] * (0.35 + 0.8 * velocity), highest)
    fading = p["index_floor"] + (1.0 - p["index_floor"]) * np.exp(-6.908 * t / p["index_decay"])
    out = np.zeros((2, n_samples), dtype=np.float32)
    shared = vibrato(p, t, hz, rng)
    for channel, cents in enumerate((-p["detune"], p["detune"])):
        phase = hz * 2.0 ** (cents / 1200.0) * t + shared
        bend = index / (2.0 * np.pi) * fading * np.sin(2.0 * np.pi * (ratio * phase % 1.0))
        out[channel] = np.sin((2.0 * np.pi * ((phase + bend) % 1.0)).astype(np.float32))
    if p.get("tine", 0.0) > 0.0:  # a short high partial, as of the tine of an electric piano
        tine = np.sin(2.0 * np.pi * ((14.0 * hz * t) % 1.0)).astype(np.float32)
        out += (
            np.float32(p["tine"] * velocity if 14.0 * hz < TOP_HZ else 0.0) * tine * falling(t, 0.2)
        )
    return np.asarray(out * envelope(p, t, seconds), dtype=np.float32)


def modal(ratios: tuple[float, ...], levels: tuple[float, ...], shares: tuple[float, ...]) -> Voice:
    """A struck bar, tine or bell: sines at fixed ratios that decay on their own."""

    def voice(
        p: Sound, hz: float, seconds: float, velocity: float, rng: np.random.Generator
    ) -> Audio:
        decay = p["ring"] * (261.6 / hz) ** p["ring_tracking"]
        damped = min(seconds + p["release"], decay)
        t = seconds_of(int(max(damped, 0.1) * SAMPLE_RATE))
        out = np.zeros((2, len(t)), dtype=np.float32)
        for ratio, level, share in zip(ratios, levels, shares, strict=True):
            if hz * ratio > TOP_HZ:
                continue
            gain = level * (1.0 if ratio == ratios[0] else 0.4 + 0.8 * velocity * p["hardness"])
            ring = falling(t, decay * share) * np.float32(gain)
            for channel, beat in enumerate((-0.5, 0.5)):
                cycles = (hz * ratio + beat * p["beat_hz"]) * t + rng.random() * (ratio > 1.5)
                out[channel] += np.sin((2.0 * np.pi * (cycles % 1.0)).astype(np.float32)) * ring
        tick = high_pass(rng.standard_normal(len(t), dtype=np.float32), 1500.0) * falling(t, 0.01)
        out += np.float32(0.25 * p["hardness"] * velocity) * tick
        if p.get("tremolo_hz", 0.0) > 0.0:
            swing = np.sin(2.0 * np.pi * p["tremolo_hz"] * t).astype(np.float32)
            out *= np.stack([1.0 + 0.35 * swing, 1.0 - 0.35 * swing]) / np.float32(1.35)
        let_go = np.exp(-6.908 * np.maximum(0.0, t - seconds) / p["release"])
        rise = np.minimum(1.0, t / max(p.get("attack", 0.001), 0.001))
        return np.asarray(out * (let_go * rise).astype(np.float32), dtype=np.float32)

    return voice


DRAWBARS = (1, 3, 2, 4, 6, 8, 10, 12, 16)  # harmonics of the octave below, in the drawbars' order


def organ(p: Sound, hz: float, seconds: float, velocity: float, rng: np.random.Generator) -> Audio:
    """Tonewheels mixed by drawbars, a key click and a slowly turning speaker."""
    n_samples = int((seconds + p["release"]) * SAMPLE_RATE)
    t = seconds_of(n_samples)
    bars = np.array([p["bar_16"], p["bar_5"], 1.0, *(p["bar_4"] * 0.8 ** np.arange(6))])
    levels = np.zeros(16)
    levels[np.array(DRAWBARS) - 1] = bars
    levels[np.arange(1, 17) * hz / 2.0 > TOP_HZ] = 0.0
    turn = np.sin(2.0 * np.pi * (p["rotor_hz"] * t + rng.random()))
    table = table_from(levels / 3.0)
    sides = []
    for sign in (-1.0, 1.0):
        phase = 0.5 * hz * t + sign * p["rotor"] * hz * 2e-4 * turn
        sides.append(oscillate(table, phase) * (1.0 + 0.25 * sign * turn * p["rotor"]))
    click = high_pass(rng.standard_normal(n_samples, dtype=np.float32), 1000.0) * falling(t, 0.015)
    out = np.stack(sides) + np.float32(0.15 * velocity) * click
    return np.asarray(out * envelope(p, t, seconds), dtype=np.float32)


def plucked_string(
    p: Sound, hz: float, seconds: float, velocity: float, rng: np.random.Generator
) -> Audio:
    """A string (Karplus and Strong): noise that goes round a loop and loses its highs.

    The loop runs a period at a time, at a whole number of samples and a half; reading it at a
    slightly other speed gives the exact pitch.
    Source: K. Karplus, A. Strong, Computer Music Journal 7(2), 1983.
    """
    ring = min(seconds + p["release"], 6.0)
    period = SAMPLE_RATE / hz
    lag = max(2, int(np.floor(period - 0.5)) + 1)
    n_samples = int(ring * SAMPLE_RATE)
    n_rounds = n_samples // lag + 4
    pick = rng.uniform(-1.0, 1.0, lag).astype(np.float32)
    softness = max(1, int(lag * (1.0 - p["brightness"] * (0.5 + 0.5 * velocity)) * 0.2))
    kernel = np.ones(softness, dtype=np.float32) / softness
    pick = np.convolve(np.tile(pick, 3), kernel, mode="same")[lag : 2 * lag].astype(np.float32)
    pick -= np.roll(pick, max(1, int(lag * p["position"])))  # where it is plucked
    pick -= pick.mean()
    loss = np.float32(10.0 ** (-3.0 / (p["ring"] * (196.0 / hz) ** 0.4 * hz)))
    rounds = np.empty((n_rounds, lag), dtype=np.float32)
    rounds[0] = pick
    blend = np.float32(p["stretch"])  # 0.5 averages two neighbours; less keeps more of the highs
    for number in range(1, n_rounds):
        before = rounds[number - 1]
        last = rounds[number - 2, -1] if number > 1 else np.float32(0.0)
        row = rounds[number]
        row[1:] = before[1:] * (1 - blend) + before[:-1] * blend
        row[0] = before[0] * (1 - blend) + last * blend
        row *= loss
    loop = rounds.ravel()
    speed = (lag + p["stretch"]) / period
    places = np.arange(min(n_samples, int((loop.size - 2) / speed))) * speed
    mono = np.interp(places, np.arange(loop.size), loop).astype(np.float32)
    body = mono + np.float32(p["body"]) * resonate(mono, 110.0, 0.12) * 0.2
    body += np.float32(p["body"]) * resonate(mono, 220.0, 0.08) * 0.15
    t = seconds_of(len(mono))
    let_go = np.exp(-6.908 * np.maximum(0.0, t - seconds) / p["release"]).astype(np.float32)
    body = high_pass(body, 0.5 * hz) * let_go
    shift = max(1, int(0.0007 * SAMPLE_RATE))
    right = np.concatenate([np.zeros(shift, dtype=np.float32), body[:-shift]])
    return np.stack([body, 0.6 * body + 0.4 * low_pass(right, 5000.0, order=1)]).astype(np.float32)


def vowel_levels(vowel: str, hz: float) -> NDArray[np.float64]:
    """Levels of the harmonics of a voice at `hz` that sings `vowel`."""
    centres, heights = VOWELS[vowel]
    harmonics = hz * np.arange(1, max(1, int(min(TOP_HZ, 9000.0) / hz)) + 1)
    source = (harmonics / hz) ** -0.9
    mouth = np.full_like(harmonics, 0.01)
    for centre, height in zip(centres, heights, strict=True):
        width = 60.0 + 0.06 * centre
        mouth += height / (1.0 + ((harmonics - centre) / width) ** 2)
    levels = source * mouth
    levels[0] = max(levels[0], 0.5 * levels.max())  # the pitch stays clear in every vowel
    return np.asarray(levels / levels.max())


def choir(p: Sound, hz: float, seconds: float, velocity: float, rng: np.random.Generator) -> Audio:
    """Several singers on one vowel, each with a vibrato and a place of their own, and breath."""
    n_samples = int((seconds + p["release"]) * SAMPLE_RATE)
    t = seconds_of(n_samples)
    vowel = list(VOWELS)[int(p["vowel"]) % len(VOWELS)]
    table = table_from(vowel_levels(vowel, hz))
    n_singers = max(1, round(p["voices"]))
    out = np.zeros((2, n_samples), dtype=np.float32)
    for offset in np.linspace(-1.0, 1.0, n_singers) if n_singers > 1 else (0.0,):
        pitch = hz * 2.0 ** (offset * p["detune"] / 1200.0)
        own = {**p, "vibrato_hz": p["vibrato_hz"] * rng.uniform(0.85, 1.15)}
        sung = oscillate(table, pitch * t + vibrato(own, t, hz, rng) + rng.random())
        place = p["spread"] * float(rng.uniform(-1.0, 1.0))
        out += np.array([[1.0 - place], [1.0 + place]], dtype=np.float32) * sung
    hiss = rng.standard_normal((2, n_samples), dtype=np.float32)
    breath = band_pass(hiss, VOWELS[vowel][0][0], 4000.0)
    out += np.float32(p["breath"] * np.sqrt(n_singers) * (0.5 + 0.5 * velocity)) * breath
    return np.asarray(out * envelope(p, t, seconds), dtype=np.float32)
