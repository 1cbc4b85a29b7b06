"""What a prompt lacks or contradicts, by what the default model was taught."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from dataclasses import asdict, dataclass

from soundlet.key_pieces import NOTES, PLAIN_ACCIDENTALS
from soundlet.prompt import KEY, PARTS, Part, Prompt, known_words
from soundlet.vocabulary.descriptions import MOODS, TEMPO_RANGE
from soundlet.vocabulary.genres import ALL_GENRES
from soundlet.vocabulary.traits import Range, Traits

RHYTHMIC = frozenset({"drum_loop", "bass_line", "arpeggio", "chords", "melody", "arrangement"})
TONAL = frozenset({"bass_line", "arpeggio", "chords", "melody", "pad", "arrangement"})
SOUNDS = frozenset({"one_shot", "sound_effect"})
NEGATIONS = frozenset(
    {"no", "not", "without", "minus", "except", "avoid", "exclude", "don't", "never"}
)


@dataclass(frozen=True)
class Advice:
    """One thing to know of a prompt.

    Attributes:
        code: what it is about, for programs: "missing", "order", "tempo", "conflict" or "unknown".
        message: one sentence.
    """

    code: str
    message: str

    def as_json(self) -> dict[str, str]:
        """The fields, for JSON."""
        return asdict(self)


def advise(prompt: Prompt) -> list[Advice]:
    """What is missing, out of order, unusual, contradictory or unknown, in this order."""
    return [
        *_missing(prompt),
        *_order(prompt),
        *_tempo(prompt),
        *_conflicts(prompt),
        *_unknown(prompt),
    ]


def usual_tempo(genre: str) -> Range | None:
    """The usual range in BPM of a genre or subgenre. None: not a genre that is known."""
    if genre in ALL_GENRES:
        low, high = ALL_GENRES[genre].tempo
        return float(low), float(high)
    for parent in ALL_GENRES.values():
        if genre in parent.styles:
            return parent.styles[genre].traits.tempo or _as_floats(parent.tempo)
    return None


def _as_floats(pair: tuple[int, int]) -> Range:
    return float(pair[0]), float(pair[1])


def _missing(prompt: Prompt) -> Iterator[Advice]:
    kind, genre = prompt.kind, prompt.first("genre")
    if kind is None:
        yield Advice(
            "missing",
            "it does not say what kind of sound it is: drum loop, bass line, chords, arpeggio,"
            " melody, pad, track, one shot or sound effect",
        )
    if kind in SOUNDS:
        if prompt.first("source") is None and prompt.first("instrument") is None:
            yield Advice(
                "missing", "it does not say what sounds, such as kick, rain or glass break"
            )
        return
    if genre is None:
        yield Advice("missing", "no genre, such as house, lo-fi or ambient")
    if prompt.bpm is None and (kind in RHYTHMIC or kind is None):
        usual = usual_tempo(genre) if genre else None
        hint = f"{genre} is usually {_range(usual)}" if usual else "such as 120 BPM"
        yield Advice("missing", f"no tempo: {hint}")
    if kind in TONAL and prompt.first("key") is None:
        yield Advice("missing", "no key, such as A minor")
    if kind not in (None, "drum_loop", "arrangement") and prompt.first("instrument") is None:
        yield Advice("missing", "no instrument, such as electric piano or saw bass")


def _order(prompt: Prompt) -> Iterator[Advice]:
    if not prompt.is_in_order:
        named: list[Part] = [part for part in PARTS if prompt.values(part)]
        yield Advice("order", f"the usual order is {', '.join(named)}: {prompt.arranged}")


def _tempo(prompt: Prompt) -> Iterator[Advice]:
    if prompt.bpm is None:
        return
    low, high = TEMPO_RANGE
    if not low <= prompt.bpm <= high:
        yield Advice("tempo", f"{prompt.bpm:g} BPM is outside of what was taught, {low} to {high}")
    genres = prompt.values("genre")
    usual = {genre: tempo for genre in genres if (tempo := usual_tempo(genre)) is not None}
    if usual and not any(low <= prompt.bpm <= high for low, high in usual.values()):
        genre, tempo = next(iter(usual.items()))
        told = f"{prompt.bpm:g} BPM is unusual for {genre}, which is {_range(tempo)}"
        yield Advice("tempo", told)


def _conflicts(prompt: Prompt) -> Iterator[Advice]:
    for part in ("tempo", "key"):
        values = prompt.values(part)
        if len(values) > 1:
            yield Advice("conflict", f"there is more than one {part}: {', '.join(values)}")
    key, kind = prompt.first("key"), prompt.kind or "chords"
    moods = {name: MOODS[name].traits_for(kind) or Traits() for name in prompt.values("mood")}
    for name, traits in moods.items():
        if traits.tempo and prompt.bpm and not traits.tempo[0] <= prompt.bpm <= traits.tempo[1]:
            told = f"{_as_said(prompt, name)} was taught at {_range(traits.tempo)}"
            yield Advice("conflict", told)
        if traits.mode and key and not key.endswith(traits.mode):
            told = f"{_as_said(prompt, name)} was taught in {traits.mode} keys, not in {key}"
            yield Advice("conflict", told)
    names = list(moods)
    for i, one in enumerate(names):
        for other in names[i + 1 :]:
            if _are_opposite(moods[one], moods[other]):
                both = f"{_as_said(prompt, one)} and {_as_said(prompt, other)}"
                yield Advice("conflict", f"{both} contradict each other")


def _as_said(prompt: Prompt, mood: str) -> str:
    """The mood by the word that the prompt has for it."""
    found = next(each for each in prompt.found if (each.part, each.value) == ("mood", mood))
    return mood if found.text.lower() == mood else f"{found.text} ({mood})"


def _are_opposite(one: Traits, other: Traits) -> bool:
    for name in ("mode", "register"):
        values = {getattr(one, name), getattr(other, name)} - {None}
        if len(values) == 2:
            return True
    for name in ("tempo", "loudness", "busy"):
        first, second = getattr(one, name), getattr(other, name)
        if first and second and (first[1] < second[0] or second[1] < first[0]):
            return True
    return False


def _unknown(prompt: Prompt) -> Iterator[Advice]:
    for found in prompt.found:
        if found.part == "key" and not _is_read_as_key(found.text):
            told = f"the default model was not taught the spelling {found.text!r}"
            yield Advice("unknown", f"{told}: write {found.value}")
    words = list(prompt.unknown)
    while words:
        word = words.pop(0)
        if word.lower().replace("\u2019", "'") in NEGATIONS:
            yield Advice(
                "unknown",
                f"the default model was not taught what {word!r} means: it may make what follows,"
                " so leave both out",
            )
            continue
        if words and f"{word} {words[0]}" in prompt.text and _nearest(f"{word} {words[0]}"):
            word = f"{word} {words.pop(0)}"
        near = _nearest(word)
        hint = f"; did you mean {near}?" if near else ""
        yield Advice("unknown", f"the default model was not taught the word {word!r}{hint}")


def _is_read_as_key(text: str) -> bool:
    """Whether the default model reads a key in its tokens: of "Bb minor", not of "B flat minor"."""
    match = KEY.fullmatch(text)
    assert match is not None
    accidental = match["long_accidental"] or match["short_accidental"] or ""
    note = (match["long"] or match["short"]) + accidental
    return note.lower().translate(PLAIN_ACCIDENTALS) in NOTES and "-" not in text


def _nearest(word: str) -> str | None:
    near = difflib.get_close_matches(word.lower(), known_words(), n=1, cutoff=0.8)
    return near[0] if near else None


def _range(tempo: Range) -> str:
    return f"{tempo[0]:g} to {tempo[1]:g} BPM"
