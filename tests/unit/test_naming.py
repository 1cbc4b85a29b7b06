"""File names from prompts hold on every system."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from soundlet.naming import file_stem, free_path

RESERVED_ON_WINDOWS = {"con", "prn", "aux", "nul"} | {
    f"{port}{digit}" for port in ("com", "lpt") for digit in "0123456789¹²³"
}


@pytest.mark.parametrize(
    ("prompt", "stem"),
    [
        ("techno drum loop 128 BPM", "techno-drum-loop-128-bpm_1"),
        ("  rain, then/or thunder...  ", "rain-then-or-thunder_1"),
        ("../../etc/passwd", "etc-passwd_1"),
        ("C:\\windows\\system32", "c-windows-system32_1"),
        ("Glöckchen über Zürich", "glöckchen-über-zürich_1"),
        ("雨の音", "雨の音_1"),
        ("हिन्दी संगीत", "हिन्दी-संगीत_1"),
        ("เพลงไทย กลองใหญ่", "เพลงไทย-กลองใหญ่_1"),
        ("\u0301kick \u2614\ufe0f a\ufe0f\u0301b", "kick-a-b_1"),
        ("CON", "con_1"),
        ("***", "sound_1"),
        ("-rf", "rf_1"),
        ("a_b  c", "a-b-c_1"),
    ],
)
def test_names_say_what_they_are(prompt: str, stem: str) -> None:
    assert file_stem(prompt, 1) == stem


def test_composed_and_decomposed_letters_give_one_name() -> None:
    composed = unicodedata.normalize("NFC", "é à")
    assert file_stem(composed, 1) == file_stem(unicodedata.normalize("NFD", composed), 1)


@given(prompt=st.text(max_size=400), seed=st.integers(0, 2**32 - 1))
def test_any_prompt_gives_a_safe_name(prompt: str, seed: int) -> None:
    name = f"{file_stem(prompt, seed)}.flac"
    assert len(name.encode()) <= 200
    assert not set(name) & set('<>:"/\\|?*')
    assert name.isprintable()
    assert not name.startswith((".", "-", " "))
    assert name.partition(".")[0].lower() not in RESERVED_ON_WINDOWS
    assert name.endswith(f"_{seed}.flac")
    assert unicodedata.is_normalized("NFC", name)


def test_a_taken_name_gets_a_number(tmp_path: Path) -> None:
    names = []
    for _ in range(3):
        path = free_path(tmp_path, "kick_1", "wav")
        path.touch()
        names.append(path.name)
    assert names == ["kick_1.wav", "kick_1-2.wav", "kick_1-3.wav"]
