"""The structure of a prompt: reading the parts of a free sentence, and building one from parts."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Literal, get_args

from soundlet.errors import RequestError
from soundlet.tempo import FASTEST, SLOWEST, require_bpm
from soundlet.vocabulary.descriptions import EFFECTS, FILLERS, KIND_WORDS, MOODS, TEXTURES
from soundlet.vocabulary.genres import ALL_GENRES
from soundlet.vocabulary.instruments import ELEMENTS, INSTRUMENTS, KITS
from soundlet.vocabulary.keys import TONICS
from soundlet.vocabulary.sources import CHARACTER_WORDS, EFFECT_WORDS, ONE_SHOT_WORDS

Part = Literal["genre", "kind", "source", "instrument", "mood", "texture", "effect", "key", "tempo"]

PARTS: tuple[Part, ...] = get_args(Part)
"""The parts of a prompt, in the order in which captions list them."""

RANKS: dict[Part, int] = {
    "genre": 0,
    "kind": 1,
    "source": 1,
    "instrument": 1,
    "mood": 2,
    "texture": 2,
    "effect": 3,
    "key": 4,
    "tempo": 5,
}
"""Parts of one rank have no order among them."""

FURTHER: dict[str, Part] = {
    "genres": "genre",
    "styles": "genre",
    "kinds": "kind",
    "instruments": "instrument",
    "kits": "instrument",
    "moods": "mood",
    "textures": "texture",
    "effects": "effect",
    "one_shots": "source",
    "sound_effects": "source",
    "elements": "instrument",
}
"""What the tables of `vocabulary.synonyms` are about; of equal words the first one counts."""

KIND_NAMES = {kind: words.words[0] for kind, words in KIND_WORDS.items()}
"""Canonical word of each kind of sound."""

PITCHES = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
ACCIDENTALS = {"#": 1, "♯": 1, "sharp": 1, "b": -1, "♭": -1, "flat": -1}

KEY = re.compile(
    r"(?:(?<!\w)(?:in (?:the )?(?:key of )?|key of ))?(?<![\w#])"
    r"(?:(?P<long>[A-Ga-g])(?P<long_accidental>[#♯♭b]|[\s-]?(?i:sharp|flat))?"
    r"(?:\s+|-)(?P<long_mode>(?i:major|minor|maj|min))"
    r"|(?P<short>[A-G]|[a-g](?=[#♯♭]))(?P<short_accidental>[#♯♭b])?"
    r"(?P<short_mode>m|(?i:major|minor|maj|min)))(?!\w)"
)
NUMBER = r"\d{1,3}(?:\.\d+|,\d(?!\d))?"  # the comma of "92,5" is a decimal one
TO = r"\s*(?:[-\u2013\u2014]|to)\s*"
A_MINUTE = r"[\s-]*(?:bpm|b\.p\.m\.?|beats?[\s-](?:per|a|every)[\s-]minute|beats?/min)(?!\w)"
TEMPO = re.compile(
    rf"(?:(?<![\w-])(?:at|tempo:?)\s+)?(?<![\w.])(?P<before>{NUMBER}){A_MINUTE}"
    rf"|(?<![\w.])(?P<low>{NUMBER})(?={TO}(?P<high>{NUMBER}){A_MINUTE})"
    r"|(?<![\w-])(?:(?:tempo|bpm|metronome)"
    r"(?:\s*(?:[:=-]\s*)?|\s+(?:(?:about|around|at|is|of|set|should be|to)\s+)+)|@)"
    rf"(?P<after>{NUMBER})(?!\w|\.\d|\s*(?:k?hz|%))",
    re.IGNORECASE,
)
UPPER_END = re.compile(rf"{TO}(?P<number>{NUMBER})(?!\w|\.\d|{A_MINUTE})", re.IGNORECASE)
"""Of a range of tempi whose lower end TEMPO has found, if that does not find this one too."""
WORD = re.compile(r"[^\W_][^\s\0,;:|()\[\]\"]*")
LONGEST = 4  # words that stand for one thing
LINKS = re.compile(
    r"(?<![\w-])(?:(?:\d+ )?bars?|an?|and|at|bpm|by|chord|effects?|featuring|for|from|genre|groove"
    r"|in|instruments?|into|is|key|loops?|made|moods?|notes?|of|on|or|over|pattern|played|rhythm"
    r"|scale|sounds?|style|tempo|the|to|with)(?![\w-])",
    re.IGNORECASE,
)
"""Words that carry no part of their own."""


@dataclass(frozen=True)
class Found:
    """A part of a prompt where it stands.

    Attributes:
        part: what it says something about.
        value: the canonical word, such as "drum and bass" for "dnb", or the tempo in BPM.
        text: as written.
        start: index of its first character.
    """

    part: Part
    value: str
    text: str
    start: int


@dataclass(frozen=True)
class Prompt:
    """A prompt and its parts.

    Attributes:
        text: the prompt.
        found: its parts in the order of the text.
        unknown: words that the default model was not taught.
    """

    text: str
    found: tuple[Found, ...]
    unknown: tuple[str, ...] = field(default=())

    def values(self, part: Part) -> tuple[str, ...]:
        """Canonical words of one part, each once."""
        return tuple(dict.fromkeys(found.value for found in self.found if found.part == part))

    def first(self, part: Part) -> str | None:
        """The first value of a part, if it is there."""
        return next(iter(self.values(part)), None)

    @property
    def bpm(self) -> float | None:
        """The tempo that it states."""
        tempo = self.first("tempo")
        return None if tempo is None else float(tempo)

    @property
    def kind(self) -> str | None:
        """The kind of sound, as `KIND_NAMES` has them: stated, or implied by what sounds."""
        stated = self.first("kind")
        if stated is not None:
            return next(kind for kind, name in KIND_NAMES.items() if name == stated)
        source = self.first("source")
        if source is not None:
            return "sound_effect" if source in EFFECT_WORDS else "one_shot"
        for name in self.values("instrument"):
            if name in ELEMENTS or name in KITS:
                return "drum_loop"
            if INSTRUMENTS[name].roles == "b":
                return "bass_line"
        return None

    @property
    def arranged(self) -> str:
        """The same words as a list in the usual order, unknown ones before key and tempo.

        Words that stand together and say the same sort of thing, as in "piano chords", stay so.
        """
        groups: list[tuple[int, str]] = []
        end = -2
        for found in self.found:
            rank, text = RANKS[found.part], _tidy(found)
            if groups and groups[-1][0] == rank == RANKS["kind"] and found.start == end + 1:
                groups[-1] = (rank, f"{groups[-1][1]} {text}")
            else:
                groups.append((rank, text))
            end = found.start + len(found.text)
        groups += [(RANKS["effect"], word) for word in self.unknown]
        return ", ".join(dict.fromkeys(text for _, text in sorted(groups, key=lambda g: g[0])))

    @property
    def is_in_order(self) -> bool:
        """Whether the parts stand in the usual order.

        A describing word may also stand before what it describes, as in a sentence.
        """
        ranks = [RANKS[f.part] for f in self.found if f.part not in ("mood", "texture")]
        return ranks == sorted(ranks)

    def as_json(self) -> dict[str, Any]:
        """Text, canonical parts and unknown words."""
        parts = {part: list(self.values(part)) for part in PARTS}
        return {"prompt": self.text, "kind": self.kind, "parts": parts, "unknown": [*self.unknown]}


def read_prompt(text: str) -> Prompt:
    """Find the parts of a free sentence.

    The longest words are found first; what is left, other than small words, is unknown.
    """
    rest = text
    found: list[Found] = []

    def take(match: re.Match[str], part: Part, value: str, group: str | int = 0) -> None:
        nonlocal rest
        found.append(Found(part, value, match.group(group).strip(), match.start(group)))
        rest = _without(rest, match.start(group), match.end(group))

    for match in TEMPO.finditer(rest):
        bpm = _bpm_of(match)
        if bpm is None:
            continue
        take(match, "tempo", _written(bpm))
        upper = UPPER_END.match(text, match.end()) if match["after"] else None
        if upper is not None and bpm < _number(upper["number"]) <= FASTEST:
            take(upper, "tempo", _written(_number(upper["number"])), "number")
    for match in list(KEY.finditer(rest)):
        take(match, "key", _key_of(match))
    is_loop = re.search(r"\b(loop|pattern|groove|rhythm)s?\b", rest, re.IGNORECASE) is not None
    for match in list(_pattern().finditer(rest)):
        part, value = _meaning(match.group().lower(), is_loop=is_loop)
        if part is None:
            rest = _without(rest, match.start(), match.end())
        else:
            take(match, part, value)
    for further in list(_further_words(rest)):
        found.append(further)
        rest = _without(rest, further.start, further.start + len(further.text))
    left = re.findall(r"[^\W_][\w'\u2019.&#-]*", LINKS.sub(" ", rest))
    unknown = tuple(dict.fromkeys(word.rstrip(".'\u2019&-") for word in left))
    return Prompt(text, tuple(sorted(found, key=lambda f: f.start)), unknown)


def _without(rest: str, start: int, end: int) -> str:
    """The same text with marks of equal length in place of what has been found."""
    return rest[:start] + "\0" * (end - start) + rest[end:]


def _further_words(rest: str) -> Iterator[Found]:
    """The words that only wordings have: the longest first, none twice."""
    words = [match.span() for match in WORD.finditer(rest)]
    if all(LINKS.fullmatch(rest[start:end]) for start, end in words):
        return
    taken: set[int] = set()
    for size in range(min(LONGEST, len(words)), 0, -1):
        for i in range(len(words) - size + 1):
            start, places = words[i][0], range(i, i + size)
            text = rest[start : words[i + size - 1][1]]
            meaning = _further_meanings().get(" ".join(text.lower().split()))
            if meaning is not None and taken.isdisjoint(places):
                taken.update(places)
                yield Found(*meaning, text, start)


def build_prompt(
    *,
    genre: str | None = None,
    elements: Sequence[str] = (),
    moods: Sequence[str] = (),
    effects: Sequence[str] = (),
    key: str | None = None,
    bpm: float | None = None,
) -> str:
    """A prompt from its parts, in the order in which the model was taught them.

    Args:
        genre: genre or subgenre, such as "deep house".
        elements: kind of sound, instruments, textures: "drum loop", "warm arpeggios".
        moods: atmosphere, such as "dreamy".
        effects: such as "reverb".
        key: such as "Am", "F# minor", "Eb major".
        bpm: tempo, 20 to 400.

    Raises:
        RequestError: nothing to say, one text where several go, a key that is none, a tempo out of
            range, or one that another part contradicts.
    """
    for name, given in (("elements", elements), ("moods", moods), ("effects", effects)):
        if isinstance(given, str):
            raise RequestError(
                f"{name} must be a list of texts, such as [{given!r}], not {given!r}"
            )
    words = [word.strip() for word in [*([genre] if genre else []), *elements, *moods, *effects]]
    text = ", ".join(word for word in words if word)
    stated = read_prompt(text)
    if key is not None:
        name = key_name(key)
        if stated.first("key") not in (None, name):
            raise RequestError(f"the prompt is in {stated.first('key')}, and the key is {name}")
        text = text if stated.first("key") else _joined(text, name)
    if bpm is not None:
        require_bpm(bpm)
        tempo, written = stated.first("tempo"), _written(bpm)
        if tempo not in (None, written):
            raise RequestError(f"the prompt says {tempo} BPM, and bpm is {written}: give one")
        text = text if tempo is not None else _joined(text, f"{written} BPM")
    if not text:
        raise RequestError("there is nothing to say: give a prompt, a genre or an element")
    return text


def key_name(text: str) -> str:
    """The usual name of a key: "Am" to "A minor", "D# major" to "Eb major".

    Raises:
        RequestError: not a key.
    """
    cleaned = " ".join(text.split())
    match = KEY.fullmatch(cleaned) or KEY.fullmatch(cleaned[:1].upper() + cleaned[1:])
    if match is None:
        raise RequestError(
            f"key is a note and major or minor, such as Am, F# minor or Eb major, not {text!r}"
        )
    return _key_of(match)


def _bpm_of(match: re.Match[str]) -> float | None:
    """The tempo; None of 0 BPM, and of a number without BPM behind it that is no tempo."""
    if match["before"] is not None:
        return _number(match["before"]) or None
    bpm = _number(match["low"] or match["after"])
    highest = FASTEST if match["low"] is None else _number(match["high"])
    return bpm if SLOWEST <= bpm <= highest else None


def _number(text: str) -> float:
    return float(text.replace(",", "."))


def _written(bpm: float) -> str:
    """A tempo as prompts have it, to six digits."""
    return f"{float(bpm):g}"


def _key_of(match: re.Match[str]) -> str:
    note = (match["long"] or match["short"]).upper()
    written = match["long_accidental"] or match["short_accidental"] or ""
    accidental = written.lower().strip().lstrip("-")
    mode = (match["long_mode"] or match["short_mode"]).lower()
    name = "major" if mode.startswith("maj") else "minor"
    pitch = PITCHES[note] + ACCIDENTALS.get(accidental, 0)
    return f"{TONICS[name][pitch % 12]} {name}"


def _joined(*texts: str) -> str:
    return ", ".join(text for text in texts if text)


def _tidy(found: Found) -> str:
    if found.part == "tempo":
        return f"{found.value} BPM"
    return found.value if found.part == "key" else found.text


def _entries() -> Iterator[tuple[str, Part, str]]:
    """Every word with its part and canonical word; of equal words the first one counts."""
    for kind, words in KIND_WORDS.items():
        yield from ((word, "kind", KIND_NAMES[kind]) for word in words.words)
    for name, genre in ALL_GENRES.items():
        yield from ((word, "genre", name) for word in genre.words)
    for mood_name, mood in MOODS.items():
        yield from ((word, "mood", mood_name) for word in mood.words)
    for texture_name, texture in TEXTURES.items():
        yield from ((word, "texture", texture_name) for word in texture.words)
    for genre in ALL_GENRES.values():
        for style_name, style in genre.styles.items():
            yield from ((word, "genre", style_name) for word in style.words)
    for instrument_name, instrument in INSTRUMENTS.items():
        yield from ((word, "instrument", instrument_name) for word in instrument.words)
    for kit_name, kit in KITS.items():
        yield from ((word, "instrument", kit_name) for word in kit.words)
    for source, source_words in [*ONE_SHOT_WORDS.items(), *EFFECT_WORDS.items()]:
        yield from ((word, "source", source) for word in source_words.words)
    for element_name, element in ELEMENTS.items():
        yield from ((word, "instrument", element_name) for word in element.words)
    for effect_name, effect in EFFECTS.items():
        yield from ((word, "effect", effect_name) for word in effect.words)
    for character, words_of_it in CHARACTER_WORDS.items():
        yield from ((word, "texture", character) for word in words_of_it)


@lru_cache(maxsize=1)
def _meanings() -> dict[str, tuple[Part, str]]:
    table: dict[str, tuple[Part, str]] = {}
    for word, part, value in _entries():
        table.setdefault(word.lower(), (part, value))
    return table


@lru_cache(maxsize=1)
def _further_meanings() -> dict[str, tuple[Part, str]]:
    """The same of the words that only wordings have; loaded where a prompt has other words."""
    from soundlet.vocabulary.synonyms import SYNONYMS

    table: dict[str, tuple[Part, str]] = {}
    for name, part in FURTHER.items():
        for value, words in SYNONYMS[name].items():
            canonical = KIND_NAMES[value] if part == "kind" else value
            for word in words:
                table.setdefault(word, (part, canonical))
    return table


@lru_cache(maxsize=1)
def _element_names() -> dict[str, str]:
    return {word: name for name, element in ELEMENTS.items() for word in element.words}


def _meaning(word: str, *, is_loop: bool) -> tuple[Part | None, str]:
    """Part and canonical word; a drum is an element of the kit in a loop, else a single hit."""
    table = _meanings()
    if is_loop and word in _element_names():
        return "instrument", _element_names()[word]
    if word not in table and word.endswith("s"):
        word = word[:-1]
    return table.get(word, (None, word))


@lru_cache(maxsize=1)
def _pattern() -> re.Pattern[str]:
    """Every known word and filler, the longest first, with a plural s."""
    words = sorted({*_meanings(), *_element_names(), *FILLERS}, key=len, reverse=True)
    return re.compile(rf"(?<![\w-])(?:{'|'.join(map(re.escape, words))})s?(?![\w-])", re.IGNORECASE)


def known_words() -> tuple[str, ...]:
    """Every word with a meaning."""
    return tuple(_meanings())
