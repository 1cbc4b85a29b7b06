"""T5's rules: end mark, padding, window."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from soundlet.errors import BundleError, RequestError
from soundlet.tokenizer import Tokenizer


@pytest.fixture(scope="module")
def spiece() -> Path:
    return Path(__file__).parents[1] / "parity" / "golden" / "tiny" / "t5" / "spiece.model"


def test_tokens_end_with_the_mark_and_are_padded(spiece: Path) -> None:
    ids, mask = Tokenizer(spiece, 16).encode(["kick drum", "rain"])
    assert ids.dtype == mask.dtype == np.int64
    assert ids.shape == mask.shape == (2, 16)
    for row, row_mask in zip(ids, mask, strict=True):
        length = int(row_mask.sum())
        assert row[length - 1] == 1
        assert np.all(row[: length - 1] > 1)
        assert not row[length:].any()
        assert np.array_equal(row_mask, np.arange(16) < length)


def test_spaces_and_compatible_characters_are_made_alike(spiece: Path) -> None:
    wide = "".join(chr(ord(letter) + 0xFEE0) for letter in "kick")  # full-width forms
    ids, _ = Tokenizer(spiece, 32).encode(["kick drum", "  kick   drum ", f"{wide}\tdrum"])
    assert np.array_equal(ids[0], ids[1])
    assert np.array_equal(ids[0], ids[2])


def test_sharps_and_flats_are_read_as_captions_write_them(spiece: Path) -> None:
    tokenizer = Tokenizer(spiece, 32)
    ids, _ = tokenizer.encode(["C♯ minor", "C# minor", "B♭ major", "Bb major"])
    assert np.array_equal(ids[0], ids[1])
    assert np.array_equal(ids[2], ids[3])
    assert tokenizer.count("B♭ major") == tokenizer.count("Bb major")


def test_a_prompt_fills_the_window_to_the_last_token(spiece: Path) -> None:
    long = "kick drum and a very deep bass line"
    whole, mask = Tokenizer(spiece, 100).encode([long])
    n_tokens = int(mask.sum())
    assert np.array_equal(Tokenizer(spiece, n_tokens).encode([long])[0][0], whole[0, :n_tokens])
    with pytest.raises(RequestError) as refused:
        Tokenizer(spiece, n_tokens - 1).encode([long])
    assert f"{n_tokens - 1} tokens long; this model reads {n_tokens - 2}" in str(refused.value)


def test_a_cut_prompt_keeps_the_end_mark(spiece: Path) -> None:
    whole, _ = Tokenizer(spiece, 100).encode(["kick drum and a deep bass"])
    cut, mask = Tokenizer(spiece, 6).encode(["kick drum and a deep bass"], truncate=True)
    assert np.array_equal(cut[0], [*whole[0, :5], 1])
    assert mask.all()


def test_what_is_no_tokenizer_is_told(tmp_path: Path) -> None:
    (tmp_path / "spiece.model").write_bytes(b"not a model")
    with pytest.raises(BundleError, match="not a SentencePiece model"):
        Tokenizer(tmp_path / "spiece.model", 16)
    with pytest.raises(BundleError, match="not a SentencePiece model"):
        Tokenizer(tmp_path / "absent", 16)
