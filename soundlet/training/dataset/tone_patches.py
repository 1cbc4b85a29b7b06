"""The patches of `tone_synthesis`: voice, role, range of pitches, and ranges of its numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from soundlet.training.dataset.tone_voices import (
    Voice,
    choir,
    fm,
    modal,
    organ,
    plucked_string,
    subtractive,
)

Ranges = Mapping[str, float | tuple[float, float]]
Role = Literal["bass", "lead", "pluck", "keys", "bell", "pad", "stab"]


@dataclass(frozen=True)
class PatchStyle:
    """An instrument.

    Attributes:
        role: what it plays in a piece.
        voice: how it sounds.
        lowest: MIDI number of the lowest note it is meant for.
        highest: MIDI number of the highest.
        sound: each number of the voice, or the range it is drawn from.
    """

    role: Role
    voice: Voice
    lowest: int
    highest: int
    sound: Ranges


ANALOGUE: Ranges = {
    "voices": 1,
    "detune": 0,
    "spread": 0,
    "cutoff": (1500, 4000),
    "tracking": 0.5,
    "env_octaves": 0,
    "env_decay": 0.5,
    "resonance": (0.1, 0.3),
    "drive": 0,
    "attack": 0.003,
    "decay": 0.5,
    "sustain": 0.8,
    "release": 0.12,
}
PAD: Ranges = {
    **ANALOGUE,
    "voices": 5,
    "detune": (8, 16),
    "spread": (0.6, 1.0),
    "attack": (0.25, 0.8),
    "decay": 3.0,
    "sustain": (0.8, 1.0),
    "release": (0.8, 1.8),
    "env_octaves": (0.3, 1.2),
    "env_attack": (0.3, 0.8),
    "env_decay": 6.0,
}
OPERATORS: Ranges = {
    "ratio": 1,
    "index": (1, 2),
    "index_decay": 0.6,
    "index_floor": 0.1,
    "detune": (0.5, 2),
    "attack": 0.002,
    "decay": 1.5,
    "sustain": 0.3,
    "release": 0.2,
}
BAR: Ranges = {
    "ring": 1.0,
    "ring_tracking": 0.5,
    "beat_hz": (0.1, 0.6),
    "hardness": (0.3, 0.9),
    "release": 0.3,
}
STRING: Ranges = {
    "brightness": (0.5, 0.9),
    "position": (0.12, 0.3),
    "ring": (3, 5),
    "stretch": 0.5,
    "body": (0.2, 0.6),
    "release": 0.15,
}
SINGERS: Ranges = {
    "voices": 7,
    "detune": (8, 14),
    "spread": (0.5, 0.9),
    "vibrato_cents": (12, 25),
    "vibrato_hz": (4.8, 5.8),
    "breath": (0.02, 0.06),
    "attack": (0.2, 0.5),
    "decay": 2.0,
    "sustain": 0.9,
    "release": (0.5, 1.0),
    "vowel": (0, 3),
}

marimba = modal((1.0, 3.98, 9.9), (1.0, 0.3, 0.12), (1.0, 0.3, 0.12))
vibraphone = modal((1.0, 4.0, 10.1), (1.0, 0.2, 0.06), (1.0, 0.35, 0.12))
kalimba = modal((1.0, 5.4, 11.9), (1.0, 0.18, 0.08), (1.0, 0.2, 0.08))
music_box = modal((1.0, 2.0, 5.9, 11.2), (1.0, 0.25, 0.3, 0.12), (1.0, 0.7, 0.3, 0.12))
tubular_bell = modal(
    (1.0, 1.5, 2.01, 2.6, 3.23, 4.55, 5.9),
    (1.0, 0.35, 0.7, 0.3, 0.4, 0.25, 0.2),
    (1.0, 0.8, 0.8, 0.5, 0.5, 0.35, 0.25),
)
glass = modal((1.0, 2.32, 4.25, 6.63), (1.0, 0.35, 0.18, 0.1), (1.0, 0.7, 0.45, 0.3))

BASSES: dict[str, Ranges] = {
    "saw bass": {**ANALOGUE, "cutoff": (500, 1100), "env_octaves": (1, 2), "env_decay": (0.4, 0.9)},
    "acid bass": {
        **ANALOGUE,
        "cutoff": (350, 700),
        "env_octaves": (2, 3.5),
        "env_decay": (0.35, 0.8),
        "resonance": (0.65, 0.9),
        "drive": (0.15, 0.4),
        "release": 0.06,
    },
    "sub bass": {**ANALOGUE, "cutoff": 3000, "drive": (0.1, 0.2), "release": 0.08},
    "reese bass": {
        **ANALOGUE,
        "voices": 3,
        "detune": (14, 24),
        "spread": (0.4, 0.8),
        "cutoff": (700, 1600),
        "sub": (0.3, 0.6),
        "drive": (0.05, 0.2),
    },
    "square bass": {**ANALOGUE, "cutoff": (600, 1500), "env_octaves": (0.5, 1.5)},
    "wobble bass": {
        **ANALOGUE,
        "voices": 3,
        "detune": (5, 10),
        "spread": 0.4,
        "cutoff": (2500, 5000),
        "lfo_hz": (2, 6),
        "lfo_octaves": (3, 4.5),
        "sub": (0.4, 0.7),
        "resonance": (0.35, 0.6),
        "drive": (0.2, 0.4),
    },
}
SHAPES = {"sub bass": "sine", "square bass": "square"}

PATCHES: dict[str, PatchStyle] = {
    **{
        name: PatchStyle("bass", subtractive(SHAPES.get(name, "saw")), 26, 52, sound)
        for name, sound in BASSES.items()
    },
    "fm bass": PatchStyle(
        "bass",
        fm,
        26,
        52,
        {**OPERATORS, "index": (2, 4), "index_decay": (0.3, 0.7), "sustain": 0.6, "release": 0.08},
    ),
    "supersaw lead": PatchStyle(
        "lead",
        subtractive("saw"),
        55,
        88,
        {
            **ANALOGUE,
            "voices": 7,
            "detune": (16, 28),
            "spread": (0.6, 1),
            "cutoff": (5000, 11000),
            "release": 0.25,
        },
    ),
    "saw lead": PatchStyle(
        "lead",
        subtractive("saw"),
        52,
        88,
        {
            **ANALOGUE,
            "voices": 3,
            "detune": (4, 9),
            "spread": 0.4,
            "cutoff": (2500, 6000),
            "env_octaves": (0, 1),
            "vibrato_cents": (0, 20),
        },
    ),
    "square lead": PatchStyle(
        "lead",
        subtractive("square"),
        52,
        90,
        {**ANALOGUE, "cutoff": (3000, 8000), "vibrato_cents": (5, 20)},
    ),
    "sine lead": PatchStyle(
        "lead",
        subtractive("sine"),
        55,
        91,
        {
            **ANALOGUE,
            "cutoff": 9000,
            "attack": 0.02,
            "vibrato_cents": (15, 35),
            "vibrato_hz": (5, 6),
            "release": 0.2,
        },
    ),
    "chip lead": PatchStyle(
        "lead",
        subtractive("pulse"),
        52,
        96,
        {
            **ANALOGUE,
            "cutoff": 19000,
            "tracking": 0,
            "resonance": 0,
            "sustain": (0.4, 0.9),
            "bits": (4.5, 6),
            "release": 0.02,
        },
    ),
    "hoover lead": PatchStyle(
        "lead",
        subtractive("narrow"),
        48,
        79,
        {
            **ANALOGUE,
            "voices": 5,
            "detune": (18, 30),
            "spread": 0.8,
            "cutoff": (4000, 8000),
            "sub": (0.2, 0.4),
            "glide": (-0.3, -0.15),
            "chorus": 0.9,
            "drive": (0.1, 0.25),
        },
    ),
    "synth flute": PatchStyle(
        "lead",
        subtractive("triangle"),
        60,
        91,
        {
            **ANALOGUE,
            "cutoff": (2500, 4000),
            "attack": (0.04, 0.09),
            "breath": (0.04, 0.1),
            "vibrato_cents": (8, 18),
            "release": 0.15,
        },
    ),
    "synth brass": PatchStyle(
        "lead",
        subtractive("saw"),
        43,
        79,
        {
            **ANALOGUE,
            "voices": 3,
            "detune": (6, 12),
            "spread": 0.5,
            "cutoff": (900, 1600),
            "env_octaves": (1.5, 2.5),
            "env_attack": (0.03, 0.08),
            "env_decay": 4.0,
            "attack": (0.03, 0.07),
            "release": 0.2,
        },
    ),
    "pluck": PatchStyle(
        "pluck",
        subtractive("saw"),
        48,
        91,
        {
            **ANALOGUE,
            "voices": 3,
            "detune": (4, 10),
            "spread": 0.6,
            "cutoff": (500, 1200),
            "env_octaves": (3, 4.5),
            "env_decay": (0.25, 0.6),
            "decay": (0.4, 1.0),
            "sustain": 0,
            "release": 0.3,
        },
    ),
    "square pluck": PatchStyle(
        "pluck",
        subtractive("square"),
        48,
        91,
        {
            **ANALOGUE,
            "cutoff": (600, 1500),
            "env_octaves": (2, 3.5),
            "env_decay": (0.2, 0.5),
            "decay": (0.3, 0.7),
            "sustain": 0,
            "release": 0.25,
        },
    ),
    "karplus guitar": PatchStyle("pluck", plucked_string, 40, 79, STRING),
    "harp": PatchStyle(
        "pluck",
        plucked_string,
        43,
        96,
        {
            **STRING,
            "brightness": (0.1, 0.4),
            "position": 0.45,
            "ring": (4, 7),
            "body": (0.05, 0.2),
            "release": 1.2,
        },
    ),
    "muted guitar": PatchStyle(
        "pluck", plucked_string, 40, 72, {**STRING, "ring": (0.25, 0.45), "brightness": (0.3, 0.6)}
    ),
    "marimba": PatchStyle("pluck", marimba, 45, 91, {**BAR, "ring": (0.5, 0.9), "release": 0.6}),
    "kalimba": PatchStyle("pluck", kalimba, 55, 88, {**BAR, "ring": (0.9, 1.6), "release": 0.8}),
    "vibraphone": PatchStyle(
        "keys", vibraphone, 53, 89, {**BAR, "ring": (3, 5), "tremolo_hz": (3.5, 6), "release": 0.6}
    ),
    "fm electric piano": PatchStyle(
        "keys",
        fm,
        40,
        88,
        {
            **OPERATORS,
            "detune": (0.2, 0.6),
            "index": (1.0, 1.9),
            "index_decay": (0.7, 1.5),
            "tine": (0.1, 0.25),
            "decay": (2.0, 3.5),
            "sustain": 0.05,
            "release": 0.25,
        },
    ),
    "organ": PatchStyle(
        "keys",
        organ,
        40,
        84,
        {
            "bar_16": (0.2, 0.6),
            "bar_5": (0.0, 0.4),
            "bar_4": (0.2, 0.7),
            "rotor_hz": (0.7, 6.5),
            "rotor": (0.2, 1.0),
            "attack": 0.004,
            "decay": 1.0,
            "sustain": 1.0,
            "release": 0.05,
            "drive": (0, 0.1),
        },
    ),
    "fm bell": PatchStyle(
        "bell",
        fm,
        55,
        96,
        {
            **OPERATORS,
            "ratio": (3.47, 3.53),
            "index": (1.5, 3),
            "index_decay": (1.0, 2.0),
            "index_floor": 0.05,
            "decay": (2, 4),
            "sustain": 0,
            "release": 1.2,
        },
    ),
    "music box": PatchStyle("bell", music_box, 67, 96, {**BAR, "ring": (1.2, 2), "release": 1.0}),
    "tubular bell": PatchStyle(
        "bell", tubular_bell, 48, 79, {**BAR, "ring": (4, 6), "release": 2.0, "beat_hz": (0.5, 1.5)}
    ),
    "glass bell": PatchStyle("bell", glass, 60, 96, {**BAR, "ring": (2, 3.5), "release": 1.5}),
    "warm pad": PatchStyle("pad", subtractive("saw"), 45, 79, {**PAD, "cutoff": (700, 1400)}),
    "dark pad": PatchStyle(
        "pad",
        subtractive("square"),
        40,
        67,
        {**PAD, "cutoff": (350, 650), "sub": (0.1, 0.3), "voices": 3},
    ),
    "string pad": PatchStyle(
        "pad",
        subtractive("saw"),
        43,
        84,
        {
            **PAD,
            "voices": 7,
            "cutoff": (3000, 5500),
            "attack": (0.15, 0.4),
            "vibrato_cents": (5, 12),
            "release": (0.4, 0.9),
        },
    ),
    "airy pad": PatchStyle(
        "pad",
        subtractive("triangle"),
        52,
        88,
        {**PAD, "cutoff": (4000, 8000), "breath": (0.08, 0.2), "chorus": 0.7},
    ),
    "glass pad": PatchStyle(
        "pad",
        fm,
        52,
        88,
        {
            **OPERATORS,
            "ratio": (2, 2),
            "index": (0.6, 1.4),
            "index_decay": 6,
            "index_floor": 0.4,
            "detune": (3, 6),
            "attack": (0.2, 0.6),
            "decay": 4,
            "sustain": 0.8,
            "release": (0.8, 1.5),
            "chorus": 0.6,
        },
    ),
    "choir pad": PatchStyle("pad", choir, 45, 81, SINGERS),
    "stab": PatchStyle(
        "stab",
        subtractive("saw"),
        45,
        79,
        {
            **ANALOGUE,
            "voices": 5,
            "detune": (8, 16),
            "spread": 0.7,
            "cutoff": (1000, 2500),
            "env_octaves": (1, 2.5),
            "env_decay": (0.3, 0.6),
            "decay": (0.35, 0.7),
            "sustain": 0.0,
            "release": 0.2,
            "drive": (0.05, 0.2),
        },
    ),
}
