from __future__ import annotations

import struct
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np

from soundlet.audio import write_audio
from soundlet.batch.pack import PAGE, write_pack


def record(folder: Path, name: str, **facts: Any) -> dict[str, Any]:
    path = folder / name
    path.parent.mkdir(exist_ok=True)
    noise = np.random.RandomState(1).uniform(-0.1, 0.1, (2, 3000)).astype(np.float32)
    write_audio(path, noise, 44100)
    common = {"bpm": None, "key": None, "is_loop": False, "bars": None, "seed": 1}
    return {"file": name, "prompt": "rain", "seconds": 0.07, **common, **facts}


class Tags(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


def test_the_page_plays_every_sound_and_trusts_no_text(tmp_path: Path) -> None:
    records = [
        record(tmp_path, "drum-loop/a b#1.wav", bpm=120.0, is_loop=True, bars=1),
        record(tmp_path, "sounds/c.wav", prompt='<script>alert("x")</script>'),
    ]
    write_pack(tmp_path, records, "Pack <1>")
    text = (tmp_path / PAGE).read_text(encoding="utf-8")
    tags = Tags(text).found
    audios = [facts for tag, facts in tags if tag == "audio"]
    assert [facts["src"] for facts in audios] == ["drum-loop/a%20b%231.wav", "sounds/c.wav"]
    assert ["loop" in facts for facts in audios] == [True, False]
    assert sum(tag == "script" for tag, _ in tags) == 1
    assert "Pack &lt;1&gt;" in text
    assert "120 BPM · 1 bar, loop" in text
    assert "http" not in text


def test_the_sheet_is_a_picture_and_long_packs_have_several(tmp_path: Path) -> None:
    records = [record(tmp_path, "a.wav", file="a.wav")] * 101
    _, first, second = write_pack(tmp_path, records, "Pack")
    assert (first.name, second.name) == ("contact-sheet.png", "contact-sheet-2.png")
    for sheet, rows in ((first, 20), (second, 1)):
        data = sheet.read_bytes()
        assert data[:8] == b"\x89PNG\r\n\x1a\n"
        width, height = struct.unpack(">II", data[16:24])
        assert height > rows * 100
        assert width > 200
