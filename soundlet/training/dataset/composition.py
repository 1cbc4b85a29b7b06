"""Bass lines, chords, arpeggios, melodies and pads over a shared harmony."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from soundlet.training.dataset.events import BEATS_PER_BAR, Note
from soundlet.training.dataset.theory import (
    JAZZ_PROGRESSIONS,
    PROGRESSIONS,
    SINGLE_VOICE_PROGRESSIONS,
    Key,
    fold,
    voice,
)
from soundlet.vocabulary.instruments import Instrument

Rhythm = TypeVar("Rhythm")
RICH_GENRES = ("jazz", "lo-fi", "funk", "bossa nova", "uk garage", "downtempo", "disco", "house")


@dataclass(frozen=True)
class Shape:
    """How a part is to be laid out.

    Attributes:
        register: -1 for low, 0 for the usual, 1 for high.
        busy: 0 is sparse, 1 is dense, None is whatever comes.
    """

    register: int = 0
    busy: float | None = None


@dataclass(frozen=True)
class Harmony:
    """Chords in time.

    Attributes:
        key: the key of the clip.
        degrees: scale degree of each chord, repeated for ever.
        beats: length of each chord.
        size: notes per chord, 3 for triads and 4 for sevenths.
    """

    key: Key
    degrees: tuple[int, ...]
    beats: float
    size: int

    def degree(self, beat: float) -> int:
        """The scale degree of the chord that sounds at a beat."""
        return self.degrees[int(beat / self.beats + 1e-6) % len(self.degrees)]

    def chord(self, beat: float) -> tuple[int, ...]:
        """The pitch classes that sound at a beat, the root first."""
        return self.key.chord(self.degree(beat), self.size)


def random_harmony(
    key: Key, genre: str, bpm: float, rng: np.random.Generator, *, single_voice: bool = False
) -> Harmony:
    """A progression that suits the genre; slow music changes chords more often.

    Args:
        key: the key.
        genre: the genre.
        bpm: tempo.
        rng: source of the choice.
        single_voice: for a melody or a bass alone, whose notes must make the key clear.
    """
    rich = genre in RICH_GENRES and rng.random() < 0.7
    table = JAZZ_PROGRESSIONS if genre in ("jazz", "bossa nova") and rich else PROGRESSIONS
    if single_voice:
        table = SINGLE_VOICE_PROGRESSIONS
    choices = table[key.mode]
    degrees = choices[int(rng.integers(len(choices)))]
    beats = 4.0
    if bpm < 100 and len(degrees) > 1 and rng.random() < 0.3:
        beats = 2.0
    elif bpm > 130 and len(degrees) > 1 and rng.random() < 0.3:
        beats = 8.0
    return Harmony(key, degrees, beats, 4 if rich else 3)


def _pick(rng: np.random.Generator, choices: Sequence[str]) -> str:
    return choices[int(rng.integers(len(choices)))]


def _ranked(
    choices: Sequence[Rhythm], density: Callable[[Rhythm], float], busy: float | None,
    rng: np.random.Generator,
) -> Rhythm:  # fmt: skip
    """One of the choices: any, or from the sparse or the dense third as `busy` asks."""
    if busy is None or 0.35 <= busy <= 0.65:
        return choices[int(rng.integers(len(choices)))]
    order = sorted(choices, key=density)
    third = max(1, len(order) // 3)
    near = order[:third] if busy < 0.35 else order[-third:]
    return near[int(rng.integers(len(near)))]


def _strokes(pattern: str) -> float:
    return float(sum(mark not in ".-" for mark in pattern))


# Bass: each step is a sixteenth; R root, r softer root, 5 fifth, 8 octave, 7 seventh below,
# 3 third, w approach to the next chord, - holds the note before, . is silence.
BASS_PATTERNS: dict[str, tuple[str, ...]] = {
    "house": ("..R...R...R...R.", "R..R..R.R..R..8.", "R--.R-R...R-8-R.", "..R...R-..R.8.R."),
    "techno": ("R.RRR.RRR.RRR.RR", "..RR..RR..RR..RR", "R..R..R..R..R.R.", ".RRR.RRR.RRR.RRR"),
    "trance": (".-RR.-RR.-RR.-RR", "..R...R...R...R.", ".RR8.RR8.RR8.RR8"),
    "drum and bass": ("R-----------R-5-", "R---..R-----8-5-", "R-R-....R---5-8-"),
    "jungle": ("R-----..R---5---", "R---R-..5-..R-8-"),
    "dubstep": ("R---------------", "R-----R---R-R-R-", "R---R-R-..R-R---"),
    "hip hop": ("R-----..R-.R----", "R--.....R-R-....", "R---..R---..5-8-"),
    "trap": ("R---------..R---", "R-----..R-----..", "R-------....R-R-"),
    "lo-fi": ("R-----..5---R---", "R---....R-5-8---", "R-------5-------"),
    "rock": ("R-R-R-R-R-R-R-R-", "R-R-R-R-5-5-R-w-", "R---R-R-R---R-R-"),
    "metal": ("RRRRRRRRRRRRRRRR", "R.RRR.RRR.RRR.RR", "R-R-RRRRR-R-RRRR"),
    "funk": ("R..8..R.7.R...5.", "R.R...8..R..5.7.", "R...R8..R.R.5.8."),
    "disco": ("R-8-R-8-R-8-R-8-", "R-R-8-R-R-R-8-w-", "R.8.R.8.5.8.R.8."),
    "reggae": ("R---..R-5---....", "....R-R-5-5-R---", "R--R--5---R-...."),
    "bossa nova": ("R-----5-5-----R-", "R-----5-5-----5-"),
    "latin": ("......5-----R---", "R-----5-----R---", "R--R--5---5-R-w-"),
    "reggaeton": ("R-----R-R-----R-", "R--R--R-R--R--R-"),
    "jazz": ("R---3---5---w---", "R---5---8---w---", "R---r---5---3---"),
    "synthwave": ("R-R-R-R-R-R-R-R-", "RRRRRRRRRRRRRRRR", "R-R-8-R-R-R-8-R-"),
    "downtempo": ("R-------------5-", "R-----R-----5---", "R---------R---8-"),
    "uk garage": ("R--.R-..8-..R-5-", "R-..R-R-..8-R-.."),
    "breakbeat": ("R---R-..R-5-8---", "R-.R-.R-..R-5-w-"),
    "pop": ("R-R-R-R-R-R-R-R-", "R-----R-R-----5-", "R-------R---R---"),
}  # fmt: skip


def bass_line(
    harmony: Harmony,
    instrument: Instrument,
    genre: str,
    n_beats: float,
    rng: np.random.Generator,
    shape: Shape,
) -> list[Note]:
    """A line on the roots of the harmony in the rhythm of the genre."""
    if shape.busy is None:
        pattern = _pick(rng, BASS_PATTERNS[genre])
    else:
        every = [p for patterns in BASS_PATTERNS.values() for p in patterns]
        pattern = _ranked(every, _strokes, shape.busy, rng)
    low = max(instrument.low, 28)
    centre_low = low if shape.register < 0 else low + int(rng.integers(0, 6))
    scale = {(harmony.key.tonic + s) % 12 for s in harmony.key.scale}
    notes: list[Note] = []
    n_steps = int(np.ceil(n_beats * 4))
    gate = float(rng.uniform(0.75, 0.98))
    step = 0
    while step < n_steps:
        mark = pattern[step % 16]
        length = 1
        while step + length < n_steps and pattern[(step + length) % 16] == "-":
            length += 1
        beat = step / 4
        if step == 0 and mark == ".":
            mark = "R"
        if mark not in ".-":
            chord = harmony.chord(beat)
            root = fold(36 + chord[0], centre_low, centre_low + 11)
            fifth = root + (chord[2] - chord[0]) % 12
            ahead = harmony.chord(beat + length / 4)[0]
            target = root + ((ahead - root + 6) % 12 - 6)
            pitch = {
                "5": fifth if rng.random() < 0.6 else fifth - 12,
                "8": root + 12,
                "3": root + (chord[1] - chord[0]) % 12,
                "7": _step(root, -1, scale),
                "w": target + (1 if rng.random() < 0.5 else -1),
            }.get(mark, root)
            level = 0.95 if step % 4 == 0 else 0.8
            pitch = fold(pitch, low, instrument.high)
            notes.append(Note(beat, length / 4 * gate, pitch, level * (0.7 if mark == "r" else 1)))
        step += length
    return notes


# Chord rhythms: each step a sixteenth; x strikes, - holds, . is silence.
CHORD_RHYTHMS = (
    "x---------------",
    "x-------x-------",
    "x---x---x---x---",
    "x-----x---------",
    "x--x--x-x--x--x-",
    "x..x..x...x.x...",
    "x-----x-----x---",
    "x-..x-..x-..x-..",
)
OFFBEAT_RHYTHMS = ("x.x...x...x...x.", "x...x-..x...x-..", "x..x...x..x...x.")


def _voicings(
    harmony: Harmony, instrument: Instrument, n_beats: float, centre: float
) -> list[list[int]]:
    """One voicing per chord change."""
    voicings: list[list[int]] = []
    previous: list[int] | None = None
    for i in range(int(np.ceil(n_beats / harmony.beats))):
        chosen = voice(harmony.chord(i * harmony.beats), centre, previous)
        previous = [fold(p, instrument.low, instrument.high) for p in chosen]
        voicings.append(previous)
    return voicings


def chord_part(
    harmony: Harmony,
    instrument: Instrument,
    genre: str,
    n_beats: float,
    rng: np.random.Generator,
    shape: Shape,
) -> list[Note]:
    """Chords in one rhythm, with voice leading; sometimes strummed, sometimes with low roots."""
    offbeat = genre in ("reggae", "house", "uk garage", "techno", "disco") and rng.random() < 0.6
    if offbeat and shape.busy is None:
        rhythm = _pick(rng, OFFBEAT_RHYTHMS)
    else:
        rhythm = _ranked(CHORD_RHYTHMS, _strokes, shape.busy, rng)
    centre = _centre(instrument, 60 + 7 * shape.register)
    voicings = _voicings(harmony, instrument, n_beats, centre)
    strum = 0.03 if instrument.family == "guitar" else 0.0
    if not strum and rng.random() < 0.15:
        strum = 0.02
    adds_root = rng.random() < 0.35 and instrument.low <= 48
    notes = []
    n_steps = int(np.ceil(n_beats * 4))
    changes = round(harmony.beats * 4)
    step = 0
    while step < n_steps:
        if rhythm[step % 16] != "x" and step % changes != 0:
            step += 1
            continue
        length = 1
        while (
            step + length < n_steps
            and rhythm[(step + length) % 16] == "-"
            and (step + length) % changes != 0
        ):
            length += 1
        beat = step / 4
        pitches = list(voicings[step // changes])
        if adds_root:
            pitches.insert(0, fold(harmony.chord(beat)[0] + 36, instrument.low, 52))
        level = 0.85 if step % 8 == 0 else 0.7
        for i, pitch in enumerate(sorted(set(pitches))):
            notes.append(Note(beat + i * strum, length / 4 * 0.96, pitch, level))
        step += length
    return notes


def _centre(instrument: Instrument, wanted: float) -> float:
    return float(np.clip(wanted, instrument.low + 7, instrument.high - 9))


def arpeggio(
    harmony: Harmony,
    instrument: Instrument,
    n_beats: float,
    rng: np.random.Generator,
    shape: Shape,
) -> list[Note]:
    """Chord notes one after the other at an even pace, over one or two octaves."""
    per_beat = _ranked((2, 2, 3, 4, 4, 4), float, shape.busy, rng)
    order = _pick(rng, ("up", "down", "up and down", "broken", "random"))
    octaves = int(rng.integers(1, 3))
    gate = float(rng.uniform(0.5, 1.1))
    centre = _centre(instrument, 62 + 9 * shape.register)
    voicings = _voicings(harmony, instrument, n_beats, centre)
    notes = []
    for step in range(int(np.ceil(n_beats * per_beat - 1e-6))):
        beat = step / per_beat
        chord = sorted(set(voicings[min(int(beat / harmony.beats + 1e-6), len(voicings) - 1)]))
        ladder = [p + 12 * o for o in range(octaves) for p in chord]
        ladder = sorted({fold(p, instrument.low, instrument.high) for p in ladder})
        size = len(ladder)
        since_change = round((beat % harmony.beats) * per_beat)
        if order == "up":
            index = since_change % size
        elif order == "down":
            index = size - 1 - since_change % size
        elif order == "up and down":
            turn = since_change % max(1, 2 * size - 2)
            index = turn if turn < size else 2 * size - 2 - turn
        elif order == "broken":
            index = (0, 2, 1, 2)[since_change % 4] % size
        else:
            index = int(rng.integers(size))
        level = 0.9 if step % per_beat == 0 else 0.7
        notes.append(Note(beat, gate / per_beat, ladder[index], level))
    return notes


MELODY_RHYTHMS: tuple[tuple[float, ...], ...] = (
    (1, 1, 1, 1),
    (1, 0.5, 0.5, 1, 1),
    (1.5, 0.5, 1, 1),
    (0.5, 0.5, 0.5, 0.5, 1, 1),
    (2, 1, 1),
    (1.5, 0.5, 2),
    (0.75, 0.75, 0.5, 1, 1),
    (1, 1, 2),
    (0.5, 1, 0.5, 1, 1),
    (3, 1),
)
FAST_RHYTHMS: tuple[tuple[float, ...], ...] = (
    (0.5,) * 8,
    (0.25, 0.25, 0.5, 0.5, 0.5, 0.25, 0.25, 0.5, 0.5, 0.5),
    (0.5, 0.25, 0.25, 0.5, 0.5, 1, 1),
)


def melody(
    harmony: Harmony,
    instrument: Instrument,
    bpm: float,
    n_beats: float,
    rng: np.random.Generator,
    shape: Shape,
) -> list[Note]:
    """A tune of two motifs in the key: chord notes on strong beats, steps between them."""
    choices: tuple[tuple[float, ...], ...] = MELODY_RHYTHMS
    if bpm < 125 and instrument.family != "choir":
        choices += FAST_RHYTHMS
    rhythms = [_ranked(choices, len, shape.busy, rng) for _ in range(2)]
    motifs = [[int(rng.choice([-2, -1, -1, 0, 1, 1, 2])) for _ in range(12)] for _ in range(2)]
    key = harmony.key
    centre = _centre(instrument, 69 + 10 * shape.register)
    scale_classes = {(key.tonic + s) % 12 for s in key.scale}
    pitch = fold(round(centre), instrument.low, instrument.high)
    notes: list[Note] = []
    for bar in range(int(np.ceil(n_beats / BEATS_PER_BAR))):
        which = (0, 1, 0, 1)[bar % 4]
        rhythm = rhythms[which]
        beat = float(bar * BEATS_PER_BAR)
        for i, length in enumerate(rhythm):
            chord = harmony.chord(beat)
            allowed = scale_classes | set(chord)
            if key.mode == "minor" and (key.tonic + 11) % 12 in chord:
                allowed = allowed - {(key.tonic + 10) % 12}
            is_cadence = bar % 2 == 1 and i == len(rhythm) - 1
            if beat == 0.0 or is_cadence:  # phrases begin and end at home
                pitch = _nearest(pitch, {key.tonic} if key.tonic in chord else {chord[0]})
            elif beat % 2 == 0:
                pitch = _nearest(pitch + motifs[which][i % 12], set(chord))
            else:
                pitch = _step(pitch, motifs[which][i % 12], allowed)
            if pitch > centre + 11 or pitch > instrument.high:
                pitch -= 12
            if pitch < centre - 11 or pitch < instrument.low:
                pitch += 12
            is_rest = i > 0 and not is_cadence and rng.random() < 0.07
            if not is_rest:
                level = 0.9 if beat % 1 == 0 else 0.75
                notes.append(Note(beat, length * 0.92, pitch, level))
            beat += length
    return notes


def _nearest(pitch: int, classes: set[int]) -> int:
    return min(range(pitch - 6, pitch + 7), key=lambda p: (p % 12 not in classes, abs(p - pitch)))


def _step(pitch: int, steps: int, classes: set[int]) -> int:
    """Move by `steps` notes of a set of pitch classes."""
    if steps == 0:
        return _nearest(pitch, classes)
    direction = 1 if steps > 0 else -1
    for _ in range(abs(steps)):
        pitch += direction
        while pitch % 12 not in classes:
            pitch += direction
    return pitch


def pad_part(
    harmony: Harmony,
    instrument: Instrument,
    n_beats: float,
    rng: np.random.Generator,
    shape: Shape,
) -> list[Note]:
    """Held chords that follow the harmony without a rhythm of their own."""
    centre = _centre(instrument, 60 + 9 * shape.register)
    voicings = _voicings(harmony, instrument, n_beats, centre)
    level = float(rng.uniform(0.6, 0.9))
    notes = []
    for i, pitches in enumerate(voicings):
        start = i * harmony.beats
        length = min(harmony.beats, n_beats - start)
        for pitch in sorted(set(pitches)):
            notes.append(Note(start, length * 0.98, pitch, level))
    return notes
