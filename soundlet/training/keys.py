"""A prior's reader of keys, filled for a vocabulary."""

from __future__ import annotations

from collections.abc import Iterable

import torch

from soundlet.key_pieces import KeyPieces
from soundlet.models.prior import KeyReader


@torch.no_grad()
def fill_keys(reader: KeyReader, pieces: Iterable[str]) -> None:
    """Tell a reader the note, the mode or the whole key that each piece of a vocabulary names."""
    found = KeyPieces(pieces)
    for table, named in (
        (reader.notes, found.notes),
        (reader.modes, found.modes),
        (reader.whole, found.whole),
    ):
        for token, place in named.items():
            table[token, place] = 1
