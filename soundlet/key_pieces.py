"""Which pieces of a vocabulary name a key, and which keys a prompt names with them.

What "C" and "minor" mean one by one is not what they mean together, so a network that is told which
pieces occur is told the keys as well.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise

from soundlet.vocabulary.keys import TONICS

NOTES = {
    "c": 0, "c#": 1, "db": 1, "d": 2, "d#": 3, "eb": 3, "e": 4, "f": 5, "f#": 6, "gb": 6,
    "g": 7, "g#": 8, "ab": 8, "a": 9, "a#": 10, "bb": 10, "b": 11,
}  # fmt: skip
PLAIN_ACCIDENTALS = str.maketrans("♯♭", "#b")
"""The signs of music as captions write them; T5's pieces have none for them."""

MODES = {"minor": 0, "min": 0, "m": 0, "major": 1, "maj": 1}

N_NOTES, N_MODES = 12, 2
N_KEYS = N_NOTES * N_MODES
"""Of a note, the key in minor, then that in major."""

KEYS = tuple(f"{tonic} {mode}" for tonic in TONICS["major"] for mode in ("minor", "major"))
"""Each under one of its names: the tonic is spelt as in major."""

WORD_START = "▁"  # of SentencePiece: a piece with it begins a word


class KeyPieces:
    """The pieces that name a note, a mode, or a whole key.

    Attributes:
        n_pieces: of the vocabulary.
        notes: the note, 0 for C to 11, of each piece that names one.
        modes: the mode, 0 for minor and 1 for major.
        whole: the key, of `N_KEYS`.
    """

    def __init__(self, pieces: Iterable[str]) -> None:
        """Read the pieces of a vocabulary, in the order of their tokens."""
        self.notes: dict[int, int] = {}
        self.modes: dict[int, int] = {}
        self.whole: dict[int, int] = {}
        self.n_pieces = 0
        for token, written in enumerate(pieces):
            self.n_pieces += 1
            piece = written.removeprefix(WORD_START)
            if piece in NOTES:
                self.notes[token] = NOTES[piece]
            if piece in MODES:
                self.modes[token] = MODES[piece]
            for name, mode in MODES.items():
                note = piece.removesuffix(name)
                if note != piece and note in NOTES:
                    self.whole[token] = N_MODES * NOTES[note] + mode

    @property
    def n_words(self) -> int:
        """Pieces and keys."""
        return self.n_pieces + N_KEYS

    def words(self, tokens: Sequence[int]) -> list[int]:
        """The tokens of a prompt, and after them `n_pieces` + key for each key that it names.

        A key is named by one piece, or by a note before the piece of its mode.
        """
        keys = [self.whole[token] for token in tokens if token in self.whole]
        for token, following in pairwise(tokens):
            if token in self.notes and following in self.modes:
                keys.append(N_MODES * self.notes[token] + self.modes[following])
        return [*tokens, *(self.n_pieces + key for key in keys)]


def key_number(name: str) -> int | None:
    """The place among `KEYS` of a key such as "C# minor", in any spelling; None of no key."""
    note, _, mode = name.lower().partition(" ")
    if note not in NOTES or mode not in MODES:
        return None
    return N_MODES * NOTES[note] + MODES[mode]
