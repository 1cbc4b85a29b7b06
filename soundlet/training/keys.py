"""Which pieces of a vocabulary name a key: a note, its mode, or both at once."""

from __future__ import annotations

from collections.abc import Iterable

import torch

from soundlet.models.prior import N_MODES, KeyReader

NOTES = {
    "c": 0, "c#": 1, "db": 1, "d": 2, "d#": 3, "eb": 3, "e": 4, "f": 5, "f#": 6, "gb": 6,
    "g": 7, "g#": 8, "ab": 8, "a": 9, "a#": 10, "bb": 10, "b": 11,
}  # fmt: skip
MODES = {"minor": 0, "min": 0, "m": 0, "major": 1, "maj": 1}

WORD_START = "▁"  # of SentencePiece: a piece with it begins a word


@torch.no_grad()
def fill_keys(reader: KeyReader, pieces: Iterable[str]) -> None:
    """Tell a reader the note, the mode or the whole key that each piece of a vocabulary names."""
    for token, written in enumerate(pieces):
        piece = written.removeprefix(WORD_START)
        if piece in NOTES:
            reader.notes[token, NOTES[piece]] = 1
        if piece in MODES:
            reader.modes[token, MODES[piece]] = 1
        for name, mode in MODES.items():
            note = piece.removesuffix(name)
            if note != piece and note in NOTES:
                reader.whole[token, N_MODES * NOTES[note] + mode] = 1
