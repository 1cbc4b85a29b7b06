"""One-shots: a single hit or note at the very start of a clip, and the words that fit it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from soundlet.training.dataset.attributes import Attributes
from soundlet.training.dataset.audio_effects import (
    SAMPLE_RATE,
    Audio,
    drive,
    fade,
    high_pass,
    low_pass,
    normalise_peak,
    pan,
    reverb,
    widen,
    within_range,
)
from soundlet.training.dataset.drum_synthesis import KITS, Kit, make_kit
from soundlet.training.dataset.tone_patches import PATCHES
from soundlet.training.dataset.tone_synthesis import make_patch

DRUMS: dict[str, tuple[str, ...]] = {
    "kick": ("kick",),
    "snare": ("snare",),
    "clap": ("clap",),
    "closed hi-hat": ("closed_hat",),
    "open hi-hat": ("open_hat",),
    "tom": ("tom_low", "tom_mid", "tom_high"),
    "crash": ("crash",),
    "ride": ("ride",),
    "cowbell": ("cowbell",),
    "rimshot": ("rim",),
    "shaker": ("shaker",),
    "tambourine": ("tambourine",),
    "conga": ("conga",),
}
PLUCKS = ("pluck", "square pluck", "karplus guitar", "harp", "kalimba", "marimba")
TONES: dict[str, tuple[str, ...]] = {
    "pluck": PLUCKS,
    "synth stab": ("stab", "hoover lead", "synth brass", "supersaw lead"),
    "chord stab": ("stab", "stab", "organ", "fm electric piano", "supersaw lead"),
    "bell": tuple(name for name, style in PATCHES.items() if style.role == "bell"),
    "bass note": tuple(name for name, style in PATCHES.items() if style.role == "bass"),
}
SOURCES = (*DRUMS, *TONES, "808 bass", "vocal ooh")

DARK_HZ: dict[str, float] = {  # corner of the low-pass that makes each source clearly dull
    "kick": 500.0,
    "808 bass": 250.0,
    "bass note": 350.0,
    "tom": 700.0,
    "conga": 1200.0,
    "snare": 2500.0,
    "clap": 1800.0,
    "rimshot": 2500.0,
    "cowbell": 2000.0,
}
CHORDS: dict[str, tuple[int, ...]] = {
    "major": (0, 4, 7),
    "minor": (0, 3, 7),
    "major 7": (0, 4, 7, 11),
    "minor 7": (0, 3, 7, 10),
}
NOTE_NAMES = ("C", "C#", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B")
WORDS = (  # every texture that may be named
    "punchy",
    "deep",
    "tight",
    "low",
    "high",
    "dark",
    "bright",
    "distorted",
    "short",
    "roomy",
    "long",
)
LONGEST = 3.0  # seconds
SHORTEST = 0.5


def render_one_shot(
    rng: np.random.Generator, source: str | None = None
) -> tuple[Audio, Attributes]:
    """Draw a one-shot.

    Args:
        rng: draws everything.
        source: one of `SOURCES`; None draws one.

    Returns:
        Audio (2, samples) of 0.5 to 3 s, and what is true of it.
    """
    source = SOURCES[rng.integers(len(SOURCES))] if source is None else source
    if source in DRUMS:
        audio, facts = _drum(source, rng)
    elif source == "808 bass":
        audio, facts = _eight_o_eight(rng)
    elif source == "vocal ooh":
        audio, facts = _ooh(rng)
    else:
        audio, facts = _tone(source, rng)
    audio, textures, effects = _shape(audio, source, rng)
    if "lo-fi kit" in facts.instruments:  # its sampler lets no highs through
        textures = tuple(word for word in textures if word != "bright")
    facts = replace(facts, textures=(*facts.textures, *textures), effects=effects)
    if "roomy" in textures and "tight" in facts.textures:
        facts = replace(facts, textures=tuple(t for t in facts.textures if t != "tight"))
    return _as_clip(audio, rng), facts


def _drum(source: str, rng: np.random.Generator) -> tuple[Audio, Attributes]:
    kit = make_kit(list(KITS)[rng.integers(len(KITS))], rng)
    piece = DRUMS[source][rng.integers(len(DRUMS[source]))]
    textures: list[str] = []
    if piece == "kick":
        kit, textures = _characterful_kick(kit, rng)
    elif source == "tom":
        textures = {"tom_low": ["low"], "tom_mid": [], "tom_high": ["high"]}[piece]
    elif piece == "snare" and rng.random() < 0.3:
        tight = {"tone_decay": 0.07, "wire_decay": float(rng.uniform(0.08, 0.12))}
        kit = _with(kit, piece, tight)
        textures = ["tight"]
    audio = kit.hit(piece, float(rng.uniform(0.75, 1.0)))
    facts = Attributes("one_shot", source=source, instruments=(kit.name,), textures=tuple(textures))
    return audio, facts


def _with(kit: Kit, piece: str, numbers: dict[str, float]) -> Kit:
    return replace(kit, sounds={**kit.sounds, piece: {**kit.sounds[piece], **numbers}})


def _characterful_kick(kit: Kit, rng: np.random.Generator) -> tuple[Kit, list[str]]:
    """Give some kicks a character strong enough to be named."""
    draw = float(rng.random())
    if draw < 0.25:
        sound = {"sweep": 5.5, "sweep_seconds": 0.018, "click": 0.6, "decay": 0.28}
        return _with(kit, "kick", sound), ["punchy"]
    if draw < 0.45:
        sound = {"end_hz": float(rng.uniform(34.0, 41.0)), "click": 0.04, "decay": 0.9}
        return _with(kit, "kick", sound), ["deep"]
    if draw < 0.6:
        sound = {"decay": float(rng.uniform(0.12, 0.17)), "end_hz": 62.0}
        return _with(kit, "kick", sound), ["tight"]
    return kit, []


def _eight_o_eight(rng: np.random.Generator) -> tuple[Audio, Attributes]:
    """A long, tuned, slightly driven sine with a kick at its start."""
    midi = int(rng.integers(26, 39))
    hz = 440.0 * 2.0 ** ((midi - 69) / 12.0)
    seconds = float(rng.uniform(0.9, 2.2))
    t = np.arange(int(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    phase = hz * t + hz * 2.0 * 0.02 * (1.0 - np.exp(-t / 0.02))
    body = np.sin(2.0 * np.pi * phase) * np.exp(-4.5 * t / seconds)
    audio = drive(body.astype(np.float32), float(rng.uniform(0.05, 0.3)))
    audio = fade(audio, 0.001, 0.08)
    facts = Attributes("one_shot", source="808 bass", instruments=("808 bass",))
    return pan(normalise_peak(audio), 0.0), replace(facts, key=NOTE_NAMES[midi % 12])


def _ooh(rng: np.random.Generator) -> tuple[Audio, Attributes]:
    """Voices that sing one short vowel."""
    patch = make_patch("choir pad", rng)
    vowel = int(rng.integers(3))
    sound = {**patch.sound, "vowel": float(vowel), "attack": 0.03, "release": 0.35}
    sound["voices"] = float(rng.choice([1, 3, 7]))
    midi = int(rng.integers(52, 73))
    audio = replace(patch, sound=sound).note(midi, float(rng.uniform(0.25, 0.8)), 0.9)
    facts = Attributes("one_shot", source="vocal ooh", instruments=("choir",))
    return audio, replace(facts, key=NOTE_NAMES[midi % 12])


def _tone(source: str, rng: np.random.Generator) -> tuple[Audio, Attributes]:
    name = TONES[source][rng.integers(len(TONES[source]))]
    patch = make_patch(name, rng)
    lowest, highest = patch.style.lowest, patch.style.highest
    midi = int(rng.integers(lowest, highest + 1 if source != "chord stab" else lowest + 20))
    seconds = float(rng.uniform(0.12, 0.45) if "stab" in source else rng.uniform(0.3, 1.2))
    key = NOTE_NAMES[midi % 12]
    notes: tuple[int, ...] = (0,)
    if source == "chord stab":
        quality = list(CHORDS)[rng.integers(len(CHORDS))]
        notes = CHORDS[quality]
        key = f"{key} {quality.split()[0]}"
    if source == "bass note" and "env_decay" in patch.sound:
        patch.sound.update(decay=float(rng.uniform(0.6, 2.0)), sustain=0.0)
    parts = [patch.note(midi + note, seconds, 0.9) for note in notes]
    audio = np.zeros((2, max(part.shape[1] for part in parts)), dtype=np.float32)
    for part in parts:
        audio[:, : part.shape[1]] += part
    facts = Attributes("one_shot", source=source, instruments=(name,), key=key)
    return normalise_peak(audio), facts


def _shape(
    audio: Audio, source: str, rng: np.random.Generator
) -> tuple[Audio, tuple[str, ...], tuple[str, ...]]:
    """Change some sounds so clearly that a word for it is true."""
    textures: list[str] = []
    effects: list[str] = []
    tone = float(rng.random())
    if tone < 0.15:
        audio = low_pass(audio, DARK_HZ.get(source, 3000.0))
        textures.append("dark")
    elif tone < 0.3:
        audio = audio * np.float32(0.4) + high_pass(drive(audio, 0.3), 2500.0, order=1)
        textures.append("bright")
    if rng.random() < 0.15:
        audio = drive(normalise_peak(audio), float(rng.uniform(0.45, 0.8)))
        textures.append("distorted")
        effects.append("distortion")
    length = float(rng.random())
    natural = audible_seconds(audio)
    if length < 0.15 and natural > 0.25:
        keep = int(max(0.1, 0.35 * natural) * SAMPLE_RATE)
        audio = fade(audio[:, :keep], 0.0, 0.6 * keep / SAMPLE_RATE)
        textures.append("short")
    elif length < 0.3 and source not in ("808 bass", "bass note", "kick"):
        size = float(rng.uniform(0.25, 0.7))
        audio = np.pad(audio, ((0, 0), (0, int(1.5 * SAMPLE_RATE))))
        audio = reverb(within_range(audio), rng, size, float(rng.uniform(0.3, 0.55)))
        textures.append("roomy")
        effects.append("reverb")
    elif natural > 1.4:
        textures.append("long")
    if rng.random() < 0.25 and source not in ("kick", "808 bass", "bass note"):
        audio = widen(within_range(audio), float(rng.uniform(0.3, 0.6)))
    return normalise_peak(audio), tuple(textures), tuple(effects)


def audible_seconds(audio: Audio, below_db: float = 40.0) -> float:
    """Seconds until the sound has fallen for good `below_db` under its peak."""
    level = np.max(np.abs(audio), axis=0)
    loud = np.flatnonzero(level > level.max() * 10.0 ** (-below_db / 20.0))
    return float(loud[-1] + 1) / SAMPLE_RATE if len(loud) else 0.0


def _as_clip(audio: Audio, rng: np.random.Generator) -> Audio:
    """Bring to a length of 0.5 to 3 s and to a common level; a cut tail is faded."""
    natural = audible_seconds(audio, 60.0)
    seconds = natural + float(rng.choice([0.02, 0.1, 0.3, 0.6]))
    n_samples = int(min(max(seconds, SHORTEST), LONGEST) * SAMPLE_RATE)
    out = np.zeros((2, n_samples), dtype=np.float32)
    kept = min(n_samples, audio.shape[1])
    out[:, :kept] = fade(audio[:, :kept], 0.0, 0.02 if kept < audio.shape[1] else 0.005)
    return normalise_peak(out, float(rng.uniform(-3.0, -0.5)))
