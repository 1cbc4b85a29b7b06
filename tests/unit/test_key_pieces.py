"""Keys that prompts name, read from their tokens alone."""

from __future__ import annotations

import pytest

from soundlet.key_pieces import KEYS, N_KEYS, NOTES, KeyPieces, key_number

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


@pytest.mark.parametrize(
    ("name", "number"),
    [
        ("C minor", C_MINOR),
        ("F# major", F_SHARP_MAJOR),
        ("Gb major", F_SHARP_MAJOR),
        ("a min", A_MINOR),
        ("A m", A_MINOR),
        ("BB MAJ", B_FLAT_MAJOR),
        ("C", None),
        ("minor", None),
        ("H minor", None),
        ("C dorian", None),
        ("C minor loop", None),
        ("", None),
    ],
)
def test_a_key_has_one_number_however_it_is_spelt(name: str, number: int | None) -> None:
    assert key_number(name) == number


def test_each_key_has_a_number_of_its_own() -> None:
    numbers = {key_number(f"{note} {mode}") for note in NOTES for mode in ("minor", "major")}
    assert numbers == set(range(N_KEYS))
    assert [key_number(key) for key in KEYS] == list(range(N_KEYS))
