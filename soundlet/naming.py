"""File names made from prompts: the same, safe one on Linux, macOS and Windows."""

from __future__ import annotations

import unicodedata
from pathlib import Path

MAX_STEM = 60  # characters
MAX_STEM_BYTES = 120  # of UTF-8: leaves room for seed, number and ending within 255


def file_stem(prompt: str, seed: int) -> str:
    """`techno drum loop, 128 BPM` and 1 to `techno-drum-loop-128-bpm_1`.

    Letters and digits of every script are kept, in composed form and lower case, with the marks of
    letters, such as the vowels of Hindi; all else becomes a hyphen. The seed at the end keeps
    Windows' reserved names (`con`, `nul`, ...) and trailing dots or spaces from occurring.
    """
    text = unicodedata.normalize("NFC", unicodedata.normalize("NFKC", prompt).lower())
    words = ""
    for character in text:
        is_in_word = words[-1:] not in ("", "-")
        if character.isalnum() or (is_in_word and _is_mark(character)):
            words += character
        elif is_in_word:
            words += "-"
    words = words[:MAX_STEM].encode()[:MAX_STEM_BYTES].decode(errors="ignore").rstrip("-")
    return f"{words or 'sound'}_{seed}"


def _is_mark(character: str) -> bool:
    """Whether it is part of the letter before it, and not about how that is to be drawn."""
    is_mark = unicodedata.category(character) in ("Mn", "Mc")
    return is_mark and not unicodedata.name(character, "").startswith("VARIATION SELECTOR")


def free_path(folder: Path, stem: str, suffix: str) -> Path:
    """The first of `stem.suffix`, `stem-2.suffix`, `stem-3.suffix`, ... that does not exist."""
    path, number = folder / f"{stem}.{suffix}", 1
    while path.exists():
        number += 1
        path = folder / f"{stem}-{number}.{suffix}"
    return path
