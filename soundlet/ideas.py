"""Prompts at random that the default model can follow, and presets for the usual kinds of sound."""

from __future__ import annotations

import random
from dataclasses import dataclass

from soundlet.advice import RHYTHMIC, SOUNDS, TONAL, usual_tempo
from soundlet.errors import RequestError
from soundlet.prompt import KIND_NAMES, build_prompt, read_prompt
from soundlet.vocabulary.descriptions import MOODS, TEMPO_RANGE, Description
from soundlet.vocabulary.genres import ALL_GENRES, GENRES, Genre
from soundlet.vocabulary.instruments import INSTRUMENTS
from soundlet.vocabulary.keys import TONICS
from soundlet.vocabulary.sources import EFFECT_WORDS, ONE_SHOT_WORDS

ROLES = {"bass_line": "b", "chords": "c", "arpeggio": "a", "melody": "m", "pad": "p"}
"""The letter of `Instrument.roles` that carries a kind."""


ELECTRONIC_KITS = ("909 kit", "808 kit", "electronic kit")
PLAYED_KITS = ("acoustic kit", "room kit")


@dataclass(frozen=True)
class Preset:
    """A usual kind of sound.

    Attributes:
        kinds: of sound, as `KIND_NAMES` has them.
        about: what it is for.
        options: of the command that makes one well.
        example: a prompt.
    """

    kinds: tuple[str, ...]
    about: str
    options: str
    example: str


PRESETS = {
    "one-shot": Preset(
        ("one_shot",),
        "a single hit, from its first sample to the end of its decay",
        "generate --seconds 1.5 --trim --normalize peak",
        "kick, 909 kit, punchy",
    ),
    "loop": Preset(
        ("drum_loop", "bass_line", "chords", "arpeggio", "melody", "arrangement"),
        "whole bars that repeat without a seam",
        "loop --bars 4",
        "house, drum loop, 909 kit, driving, 124 BPM",
    ),
    "texture": Preset(
        ("pad",),
        "a bed of sound without a beat",
        "loop --bars 2 --normalize loudness",
        "ambient, pad, warm pad, dreamy, spacious, C major, 70 BPM",
    ),
    "effect": Preset(
        ("sound_effect",),
        "a sound of the world or of a game",
        "generate --seconds 4 --normalize peak",
        "thunder, distant",
    ),
}


def preset_named(name: str) -> Preset:
    """A preset.

    Raises:
        RequestError: there is none of this name.
    """
    if name not in PRESETS:
        raise RequestError(f"preset is one of {', '.join(PRESETS)}, not {name!r}")
    return PRESETS[name]


def random_prompt(seed: int, *, genre: str | None = None, preset: str | None = None) -> str:
    """An idea: the same one for the same arguments.

    Args:
        seed: any integer.
        genre: genre or subgenre, in any of its words. None draws one.
        preset: one of `PRESETS`. None: a loop.

    Raises:
        RequestError: no such genre or preset, or a genre where the preset has none.
    """
    draw = random.Random(seed)
    kind = draw.choice(preset_named("loop" if preset is None else preset).kinds)
    if kind in SOUNDS:
        if genre is not None:
            raise RequestError(f"genre {genre!r} is for loops and textures: a {preset} has none")
        table = ONE_SHOT_WORDS if kind == "one_shot" else EFFECT_WORDS
        source = draw.choice(list(table))
        return source if read_prompt(source).kind == kind else f"{source}, {KIND_NAMES[kind]}"
    name, parent = _genre_named(genre, draw)
    if parent.words[0] not in GENRES and kind in ("drum_loop", "bass_line"):
        kind = draw.choice(["chords", "melody", "pad"])  # those genres have no drums
    bpm, mood = _tempo_and_mood(name, kind, draw)
    traits = mood.traits_for(kind) if mood else None
    mode = (traits.mode if traits else None) or draw.choice(["minor", "minor", "major"])
    return build_prompt(
        genre=name,
        elements=[KIND_NAMES[kind], _instrument(name, parent, kind, draw)],
        moods=[mood.words[0]] if mood else [],
        key=f"{draw.choice(TONICS[mode])} {mode}" if kind in TONAL else None,
        bpm=bpm if kind in RHYTHMIC or kind == "pad" else None,
    )


def _genre_named(genre: str | None, draw: random.Random) -> tuple[str, Genre]:
    if genre is None:
        name = draw.choice(list(ALL_GENRES))
        return name, ALL_GENRES[name]
    name = read_prompt(genre).first("genre") or ""
    for parent_name, parent in ALL_GENRES.items():
        if name == parent_name or name in parent.styles:
            return name, parent
    raise RequestError(
        f"genre {genre!r} is not one that the default model was taught:"
        f" {', '.join(ALL_GENRES)} (see docs/prompts.md)"
    )


def _tempo_and_mood(genre: str, kind: str, draw: random.Random) -> tuple[int, Description | None]:
    """A tempo that is usual for the genre, and a mood that goes with it."""
    low, high = usual_tempo(genre) or TEMPO_RANGE
    low, high = max(low, TEMPO_RANGE[0]), min(high, TEMPO_RANGE[1])
    fitting = []
    for mood in MOODS.values():
        traits = mood.traits_for(kind)
        if traits is None:
            continue
        slowest, fastest = traits.tempo or TEMPO_RANGE
        if max(low, slowest) <= min(high, fastest):
            fitting.append((mood, max(low, slowest), min(high, fastest)))
    if not fitting:
        return draw.randint(round(low), round(high)), None
    mood, slowest, fastest = draw.choice(fitting)
    return draw.randint(round(slowest), round(fastest)), mood


def _instrument(name: str, parent: Genre, kind: str, draw: random.Random) -> str:
    style = parent.styles.get(name)
    if kind == "drum_loop":
        is_electronic = "saw bass" in parent.instruments
        kits = (style.kits if style else ()) or (ELECTRONIC_KITS if is_electronic else PLAYED_KITS)
        return draw.choice(kits)
    usual = [*(style.instruments if style else ()), *parent.instruments]
    role = ROLES.get(kind, "c")
    able = [i for i in usual if role in INSTRUMENTS[i].roles]
    return draw.choice(able or [i for i, each in INSTRUMENTS.items() if role in each.roles])
