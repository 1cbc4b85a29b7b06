"""Keys that prompts name, read from their tokens alone."""

from __future__ import annotations

import pytest

from soundlet.key_pieces import N_KEYS, KeyPieces

PIECES = (
    "<pad>",
    "▁in",
    "▁c",
    "▁minor",
    "▁f#",
    "▁major",
    "▁am",
    "▁a",
    "min",
    "▁minority",
    "▁bbmaj",
)
C_MINOR, F_SHARP_MAJOR, A_MINOR, B_FLAT_MAJOR = 0, 13, 18, 21


def tokens(*pieces: str) -> list[int]:
    return [PIECES.index(piece) for piece in pieces]


@pytest.mark.parametrize(
    ("named", "keys"),
    [
        (("▁in", "▁c", "▁minor"), [C_MINOR]),
        (("▁f#", "▁major"), [F_SHARP_MAJOR]),
        (("▁am",), [A_MINOR]),
        (("▁bbmaj",), [B_FLAT_MAJOR]),
        (("▁a", "min"), [A_MINOR]),
        (("▁am", "▁c", "▁minor"), [A_MINOR, C_MINOR]),
        (("▁c", "▁minor", "▁in", "▁c", "▁minor"), [C_MINOR, C_MINOR]),
        (("▁c", "▁in", "▁minor"), []),
        (("▁minor", "▁c"), []),
        (("▁a", "▁minority"), []),
        ((), []),
    ],
)
def test_keys_come_after_the_tokens(named: tuple[str, ...], keys: list[int]) -> None:
    found = KeyPieces(PIECES)
    assert found.words(tokens(*named)) == [*tokens(*named), *(len(PIECES) + key for key in keys)]


def test_words_are_pieces_and_keys() -> None:
    assert KeyPieces(PIECES).n_words == len(PIECES) + N_KEYS == 35
