"""Sentences that ask for a sound, in forms that no training caption has."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Parts:
    """What a prompt says, already in words, but for tempo and key.

    Attributes:
        noun: what is wanted, such as "drum loop".
        genre: such as "techno".
        instruments: what plays.
        describing: moods and textures.
        effects: such as "reverb".
        bpm: tempo.
        key: such as "A minor".
        is_music: whether "music" may be said of it.
    """

    noun: str
    genre: str | None = None
    instruments: tuple[str, ...] = ()
    describing: tuple[str, ...] = ()
    effects: tuple[str, ...] = ()
    bpm: int | None = None
    key: str | None = None
    is_music: bool = True


OPENINGS = ("I need", "make me", "give me", "I am looking for", "let me hear", "we want")
PURPOSES = ("our holiday slides", "a birthday party", "the intro of my podcast", "a theatre play")
TEMPI = ("{} beats a minute", "clocked at {} bpm", "running at {} BPM", "at a speed of {} bpm")
KEYS = ("tonality {}", "written in {}", "on the scale of {}", "centred on {}")


def phrased(parts: Parts, rng: np.random.Generator) -> str:
    """The sentence of a prompt."""
    forms = (_wish, _form_sheet, _two_sentences, _turned_round, _purpose)
    return forms[int(rng.integers(len(forms)))](parts, rng)


def _pick(rng: np.random.Generator, choices: Sequence[str]) -> str:
    return choices[int(rng.integers(len(choices)))]


def _subject(parts: Parts) -> str:
    """What is wanted without what plays it, such as "dark techno drum loop"."""
    words = [" and ".join(parts.describing), parts.genre or "", parts.noun]
    return " ".join(word for word in words if word)


def _with_article(phrase: str) -> str:
    if phrase.endswith("s"):
        return f"some {phrase}"
    return f"{'an' if phrase[0].lower() in 'aeio' else 'a'} {phrase}"


def _details(parts: Parts, rng: np.random.Generator) -> list[str]:
    """Instruments, effects, key and tempo, each in words."""
    found = []
    if parts.instruments:
        found.append(f"performed by {' plus '.join(parts.instruments)}")
    if parts.effects:
        found.append(f"treated using {' plus '.join(parts.effects)}")
    if parts.key:
        found.append(_pick(rng, KEYS).format(parts.key))
    if parts.bpm:
        found.append(_pick(rng, TEMPI).format(parts.bpm))
    return found


def _wish(parts: Parts, rng: np.random.Generator) -> str:
    """Like "I need a dark techno drum loop, performed by 909, clocked at 128 bpm"."""
    wish = f"{_pick(rng, OPENINGS)} {_with_article(_subject(parts))}"
    return ", ".join([wish, *_details(parts, rng)])


def _form_sheet(parts: Parts, rng: np.random.Generator) -> str:
    """Like "what: drum loop / style: techno / feel: dark / speed: 128 bpm"."""
    rows = [
        ("what", parts.noun),
        ("style", parts.genre),
        ("played by", ", ".join(parts.instruments)),
        ("feel", ", ".join(parts.describing)),
        ("treatment", ", ".join(parts.effects)),
        ("scale", parts.key),
        ("speed", f"{parts.bpm} bpm" if parts.bpm else None),
    ]
    filled = [f"{name}: {value}" for name, value in rows if value]
    return _pick(rng, (" / ", "; ", ". ")).join(filled)


def _two_sentences(parts: Parts, rng: np.random.Generator) -> str:
    """Like "This is a techno drum loop. We hear it performed by 909, running at 128 BPM"."""
    first = f"This is {_with_article(_subject(parts))}"
    details = _details(parts, rng)
    return f"{first}. We hear it {', '.join(details)}." if details else f"{first}, nothing else."


def _turned_round(parts: Parts, rng: np.random.Generator) -> str:
    """Like "clocked at 128 bpm, performed by 909: dark techno drum loop"."""
    details = _details(parts, rng)[::-1]
    return f"{', '.join(details) or 'listen'}: {_subject(parts)}"


def _purpose(parts: Parts, rng: np.random.Generator) -> str:
    """Like "to go under a birthday party: piano chords, tonality A minor"."""
    verb = "to go under" if parts.is_music else "to be heard in"
    start = f"{verb} {_pick(rng, PURPOSES)}: {_subject(parts)}"
    return ", ".join([start, *_details(parts, rng)])
