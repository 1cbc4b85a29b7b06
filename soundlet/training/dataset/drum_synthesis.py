"""Drum kits: a kit draws its sounds once and then plays them.

A kit is a table of ranges for the numbers of each voice in `drum_voices`. `make_kit` draws one
value from each range, so that all hits of a clip belong together; `Kit.hit` varies them slightly.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from soundlet.training.dataset.audio_effects import (
    SAMPLE_RATE,
    Audio,
    bitcrush,
    convolve,
    drive,
    fade,
    high_pass,
    impulse_response,
    low_pass,
    normalise_peak,
    pan,
    within_range,
)
from soundlet.training.dataset.drum_voices import VOICES

Range = tuple[float, float]

PIECES = (
    "kick",
    "snare",
    "clap",
    "rim",
    "closed_hat",
    "open_hat",
    "crash",
    "ride",
    "tom_low",
    "tom_mid",
    "tom_high",
    "cowbell",
    "shaker",
    "tambourine",
    "conga",
)

MIX: dict[str, tuple[float, float]] = {  # peak level in dB, place between left and right
    "kick": (-2.0, 0.0),
    "snare": (-4.0, 0.0),
    "clap": (-6.0, 0.05),
    "rim": (-9.0, 0.15),
    "closed_hat": (-13.0, 0.2),
    "open_hat": (-12.0, 0.2),
    "crash": (-9.0, -0.3),
    "ride": (-13.0, -0.35),
    "tom_low": (-5.0, 0.4),
    "tom_mid": (-5.5, 0.1),
    "tom_high": (-6.0, -0.3),
    "cowbell": (-11.0, 0.25),
    "shaker": (-15.0, -0.4),
    "tambourine": (-13.0, -0.3),
    "conga": (-7.0, 0.35),
}

HAT: dict[str, Range] = {
    "hz": (280, 420),
    "noise": (0.4, 0.8),
    "low": (5500, 7500),
    "high": (12000, 18000),
    "closed": (0.07, 0.14),
    "open": (0.45, 0.9),
}
CYMBAL: dict[str, Range] = {
    "tone": (0.8, 1.2),
    "low": (4000, 6500),
    "crash": (1.6, 2.6),
    "ride": (1.2, 2.0),
    "ping_hz": (1900, 2900),
}
TOM: dict[str, Range] = {
    "tom_decay": (0.4, 0.7),
    "tom_sweep": (1.25, 1.5),
    "skin": (0.1, 0.25),
    "drive": (0, 0),
}

BASE: dict[str, dict[str, Range]] = {
    "kick": {
        "end_hz": (48, 60),
        "sweep": (2.5, 4),
        "sweep_seconds": (0.012, 0.025),
        "decay": (0.25, 0.4),
        "click": (0.1, 0.25),
        "click_hz": (3000, 6000),
        "skin": (0, 0),
        "drive": (0, 0.05),
    },
    "snare": {
        "hz": (170, 220),
        "tone": (0.4, 0.7),
        "tone_decay": (0.12, 0.22),
        "wires": (0.6, 0.9),
        "wire_low": (900, 1800),
        "wire_high": (9000, 14000),
        "wire_decay": (0.2, 0.35),
        "snap": (0.3, 0.7),
        "drive": (0, 0.05),
    },
    "clap": {
        "low": (800, 1000),
        "high": (1600, 2600),
        "spacing": (0.009, 0.013),
        "decay": (0.2, 0.35),
        "drive": (0, 0),
    },
    "rim": {"hz": (450, 1700), "decay": (0.03, 0.06), "drive": (0, 0.1)},
    "closed_hat": HAT,
    "open_hat": HAT,
    "crash": CYMBAL,
    "ride": CYMBAL,
    "tom_low": {"hz": (75, 95), **TOM},
    "tom_mid": {"hz": (110, 140), **TOM},
    "tom_high": {"hz": (160, 210), **TOM},
    "cowbell": {"hz": (520, 580), "decay": (0.25, 0.5), "drive": (0, 0.1)},
    "shaker": {
        "low": (4500, 6500),
        "high": (11000, 16000),
        "rise": (0.02, 0.045),
        "decay": (0.07, 0.13),
    },
    "tambourine": {"low": (5500, 7500), "decay": (0.2, 0.35)},
    "conga": {"hz": (180, 320), "decay": (0.2, 0.4), "slap": (0.4, 1.0)},
}

EIGHT_O_EIGHT: dict[str, dict[str, Range]] = {
    "kick": {
        "end_hz": (43, 54),
        "sweep": (1.8, 3),
        "sweep_seconds": (0.008, 0.02),
        "decay": (0.6, 1.1),
        "click": (0.03, 0.12),
        "drive": (0, 0.1),
    },
    "snare": {
        "tone": (0.6, 0.9),
        "tone_decay": (0.12, 0.2),
        "wires": (0.6, 0.9),
        "wire_decay": (0.12, 0.25),
        "wire_low": (1500, 2500),
    },
    "closed_hat": {"noise": (0, 0.15), "closed": (0.05, 0.09), "hz": (200, 215)},
    "open_hat": {"noise": (0, 0.15), "open": (0.35, 0.6), "hz": (200, 215)},
    "clap": {"decay": (0.25, 0.45)},
    "rim": {"hz": (1600, 1750), "decay": (0.02, 0.04)},
    "tom_low": {"tom_sweep": (1.1, 1.25), "skin": (0, 0.05), "tom_decay": (0.4, 0.6)},
    "tom_mid": {"tom_sweep": (1.1, 1.25), "skin": (0, 0.05), "tom_decay": (0.35, 0.5)},
    "tom_high": {"tom_sweep": (1.1, 1.25), "skin": (0, 0.05), "tom_decay": (0.3, 0.45)},
    "conga": {"slap": (0, 0.2)},
}


@dataclass(frozen=True)
class KitStyle:
    """What makes a kit: where it differs from the plain one, and how it was recorded.

    Attributes:
        pieces: ranges that replace those of `BASE`, per piece.
        looseness: how much hits differ; 0 is a machine, 1 a drummer.
        room: share of room sound.
        room_size: as in `reverb`.
        drive: saturation of every hit.
        bits: bit depth, or 0 for full.
        hold: samples that each value is held for.
        top_hz: low-pass, as of a tape or a sampler.
    """

    pieces: dict[str, dict[str, Range]]
    looseness: float = 0.3
    room: Range = (0.0, 0.0)
    room_size: Range = (0.1, 0.3)
    drive: Range = (0.0, 0.0)
    bits: float = 0.0
    hold: int = 1
    top_hz: Range = (20000, 20000)


KITS: dict[str, KitStyle] = {
    "808 kit": KitStyle(EIGHT_O_EIGHT, looseness=0.05),
    "909 kit": KitStyle(
        {
            "kick": {
                "end_hz": (47, 56),
                "sweep": (4, 6),
                "sweep_seconds": (0.02, 0.035),
                "decay": (0.3, 0.5),
                "click": (0.3, 0.6),
                "drive": (0.1, 0.25),
            },
            "snare": {"tone_decay": (0.1, 0.18), "wires": (0.8, 1.1), "wire_decay": (0.2, 0.35)},
            "closed_hat": {"noise": (0.7, 0.9), "closed": (0.06, 0.1)},
            "open_hat": {"noise": (0.7, 0.9), "open": (0.4, 0.7)},
            "clap": {"decay": (0.2, 0.3), "low": (900, 1200)},
            "rim": {"hz": (900, 1300), "drive": (0.2, 0.4)},
        },
        looseness=0.08,
    ),
    "acoustic kit": KitStyle(
        {
            "kick": {
                "end_hz": (52, 70),
                "sweep": (1.6, 2.2),
                "decay": (0.22, 0.35),
                "click": (0.15, 0.3),
                "skin": (0.15, 0.3),
            },
            "snare": {"wires": (0.7, 1.0), "tone": (0.5, 0.8)},
            "closed_hat": {"noise": (0.75, 0.95), "low": (4500, 6500)},
            "open_hat": {"noise": (0.75, 0.95), "low": (4500, 6500), "open": (0.6, 1.1)},
        },
        looseness=1.0,
        room=(0.12, 0.3),
        room_size=(0.1, 0.4),
    ),
    "lo-fi kit": KitStyle(
        {
            "kick": {"click": (0.03, 0.1), "click_hz": (1500, 3000), "skin": (0.1, 0.25)},
            "snare": {"wire_high": (5000, 8000), "snap": (0.1, 0.3), "wire_decay": (0.15, 0.25)},
        },
        looseness=0.7,
        room=(0.05, 0.15),
        drive=(0.1, 0.2),
        bits=9.0,
        hold=2,
        top_hz=(4500, 8000),
    ),
    "industrial kit": KitStyle(
        {
            "kick": {
                "end_hz": (42, 55),
                "sweep": (4, 8),
                "sweep_seconds": (0.02, 0.05),
                "click": (0.4, 0.8),
                "drive": (0.4, 0.7),
            },
            "snare": {"drive": (0.3, 0.5), "wires": (1.0, 1.4), "hz": (120, 180)},
            "clap": {"drive": (0.3, 0.5)},
            "tom_low": {"drive": (0.3, 0.5)},
            "closed_hat": {"noise": (0.2, 0.5), "hz": (400, 620)},
            "open_hat": {"noise": (0.2, 0.5), "hz": (400, 620)},
        },
        looseness=0.2,
        room=(0.1, 0.3),
        room_size=(0.3, 0.6),
        drive=(0.15, 0.4),
    ),
    "trap kit": KitStyle(
        {
            **EIGHT_O_EIGHT,
            "kick": {
                "end_hz": (44, 52),
                "sweep": (3, 5),
                "sweep_seconds": (0.02, 0.04),
                "decay": (0.3, 0.5),
                "click": (0.2, 0.4),
                "drive": (0.15, 0.35),
            },
            "snare": {
                "hz": (200, 260),
                "wires": (0.9, 1.2),
                "wire_decay": (0.12, 0.2),
                "snap": (0.6, 1.0),
            },
            "closed_hat": {"noise": (0.3, 0.6), "closed": (0.03, 0.06), "low": (7000, 9000)},
            "open_hat": {"noise": (0.3, 0.6), "open": (0.25, 0.45), "low": (7000, 9000)},
        },
        looseness=0.1,
    ),
    "jazz kit": KitStyle(
        {
            "kick": {
                "end_hz": (65, 85),
                "sweep": (1.3, 1.7),
                "decay": (0.35, 0.55),
                "click": (0.03, 0.1),
                "skin": (0.1, 0.2),
            },
            "snare": {
                "hz": (200, 250),
                "tone": (0.3, 0.5),
                "snap": (0.1, 0.3),
                "wire_decay": (0.15, 0.3),
            },
            "ride": {"ride": (1.8, 2.6)},
        },
        looseness=1.0,
        room=(0.15, 0.3),
        room_size=(0.15, 0.35),
        top_hz=(11000, 15000),
    ),
    "8-bit kit": KitStyle(
        {
            "kick": {"end_hz": (50, 60), "sweep": (4, 7), "decay": (0.15, 0.22), "click": (0, 0)},
            "snare": {"tone": (0.1, 0.3), "wire_decay": (0.1, 0.18), "wire_low": (300, 800)},
            "closed_hat": {"noise": (1, 1), "closed": (0.03, 0.05), "low": (3000, 4500)},
            "open_hat": {"noise": (1, 1), "open": (0.15, 0.25), "low": (3000, 4500)},
            "crash": {"crash": (0.6, 0.9)},
        },
        looseness=0.0,
        drive=(0.05, 0.15),
        bits=4.5,
        hold=4,
    ),
}


@dataclass(frozen=True)
class Kit:
    """One drawn kit: the numbers of each piece, and the room and device it is heard in."""

    name: str
    sounds: dict[str, dict[str, float]]
    looseness: float
    room: Audio | None
    room_level: float
    drive: float
    bits: float
    hold: int
    top_hz: float
    rng: np.random.Generator

    def hit(self, piece: str, velocity: float = 1.0) -> Audio:
        """Play a piece once.

        Args:
            piece: one of `PIECES`.
            velocity: 0 to 1, heard in level and in brightness.

        Returns:
            (2, samples), as long as the sound lasts, at its level in a mix.
        """
        shift = float(np.exp(self.rng.normal(0.0, 0.012 * self.looseness)))
        tuned = {"hz", "end_hz", "low", "ping_hz"}
        sound = {k: v * shift if k in tuned else v for k, v in self.sounds[piece].items()}
        dry = VOICES[piece](sound, velocity, self.rng)
        peak_db, place = MIX[piece]
        peak_db += 20.0 * float(np.log10(max(velocity, 0.02) ** 1.3))
        peak_db += float(self.rng.normal(0.0, 0.6 * self.looseness))
        dry = drive(dry, self.drive)
        if self.bits > 0.0:
            dry = bitcrush(normalise_peak(dry, 0.0), self.bits, self.hold)
        audio = dry if dry.ndim == 2 else pan(normalise_peak(dry), place)
        if self.room is not None:
            spread = self.room.shape[-1] * 2 // 3
            padded = np.pad(audio, ((0, 0), (0, spread)))
            audio = padded + np.float32(self.room_level) * convolve(padded, self.room)
            audio = fade(audio, 0.0, spread / SAMPLE_RATE)
        if self.top_hz < 19000.0:
            audio = low_pass(audio, self.top_hz)
        audio = high_pass(audio, 25.0) if piece == "kick" else high_pass(audio, 45.0)
        return normalise_peak(audio, min(peak_db, -0.2))


def make_kit(kit: str, rng: np.random.Generator) -> Kit:
    """Draw the sounds of a kit; its hits draw from the same generator."""
    style = KITS[kit]
    sounds: dict[str, dict[str, float]] = {}
    for piece in PIECES:
        ranges = {**BASE[piece], **style.pieces.get(piece, {})}
        sounds[piece] = {name: float(rng.uniform(*ends)) for name, ends in ranges.items()}
    for name in ("hz", "noise", "low", "high"):  # the two hats are one pair of plates
        sounds["open_hat"][name] = sounds["closed_hat"][name]
    room_level = float(rng.uniform(*style.room))
    room_size = float(rng.uniform(*style.room_size))
    return Kit(
        name=kit,
        sounds=sounds,
        looseness=style.looseness,
        room=impulse_response(rng, room_size) if room_level > 0.0 else None,
        room_level=room_level,
        drive=float(rng.uniform(*style.drive)),
        bits=style.bits,
        hold=style.hold,
        top_hz=float(rng.uniform(*style.top_hz)),
        rng=rng,
    )


def drum_hit(kit: str, piece: str, velocity: float, rng: np.random.Generator) -> Audio:
    """One hit of a freshly drawn kit; see `Kit.hit`."""
    return within_range(make_kit(kit, rng).hit(piece, velocity))
