from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from soundlet.audio import write_audio
from soundlet.batch import Line, read_lines
from soundlet.errors import RequestError


def listed(tmp_path: Path, *rows: Any, **options: Any) -> list[Line]:
    path = tmp_path / "prompts.jsonl"
    texts = [row if isinstance(row, str) else json.dumps(row) for row in rows]
    path.write_text("\n".join(texts), encoding="utf-8")
    return read_lines(path, **options)


def test_the_same_list_always_means_the_same_sounds(tmp_path: Path) -> None:
    rows = ({"prompt": "rain"}, {"prompt": "rain"}, {"prompt": "kick", "variations": 3})
    first, again = listed(tmp_path, *rows), listed(tmp_path, *rows)
    assert first == again
    seeds = [line.fields["seed"] for line in first]
    assert len(set(seeds)) == 5
    assert seeds[3:] == [seeds[2] + 1, seeds[2] + 2]
    assert len({line.file for line in first}) == 5


def test_a_line_put_before_changes_no_other_sound(tmp_path: Path) -> None:
    (alone,) = listed(tmp_path, {"prompt": "rain"})
    _, after = listed(tmp_path, {"prompt": "wind"}, "", {"prompt": "rain"})
    assert (after.file, after.sha256) == (alone.file, alone.sha256)
    assert after.number == 3


def test_the_same_prompt_and_seed_get_files_of_their_own(tmp_path: Path) -> None:
    one, two = listed(tmp_path, {"prompt": "A b", "seed": 1}, {"prompt": "a B", "seed": 1})
    assert (one.file, two.file) == ("a-b_1.wav", "a-b_1-2.wav")


def test_another_setting_is_another_sound(tmp_path: Path) -> None:
    rows = [{"prompt": "a", "seed": 1}, {"prompt": "a", "seed": 1, "trim": True}]
    one, two = listed(tmp_path, *rows)
    assert one.sha256 != two.sha256


def test_packs_have_kind_tempo_and_key_in_their_names(tmp_path: Path) -> None:
    lines = listed(
        tmp_path,
        {"prompt": "techno drum loop, 128 BPM", "bars": 2, "seed": 1},
        {"prompt": "house piano chords in A minor, 120 BPM", "seed": 7},
        {"prompt": "xyzzy", "seed": 3, "name": "My Sound"},
        format="flac",
        pack=True,
    )
    assert [line.file for line in lines] == [
        "drum-loop/techno-drum-loop_128bpm_1.flac",
        "chords/house-piano-chords_120bpm_Am_7.flac",
        "sounds/my-sound_3.flac",
    ]


def test_bars_make_a_loop_of_the_prompts_tempo(tmp_path: Path) -> None:
    (line,) = listed(tmp_path, {"prompt": "drum loop, 120 BPM", "bars": 1})
    assert line.grid is not None
    assert line.grid.n_samples(44100) == 88200
    assert line.request(44100).loop


def test_a_line_may_ask_for_the_best_of_several(tmp_path: Path) -> None:
    plain, four, loop = listed(
        tmp_path,
        {"prompt": "a", "seed": 1},
        {"prompt": "a", "seed": 1, "candidates": 4},
        {"prompt": "a 90 BPM", "bars": 1, "candidates": 2},
    )
    assert plain.request(44100).candidates is None
    assert four.request(44100).candidates == 4
    assert loop.request(44100).candidates == 2
    assert four.sha256 != plain.sha256


def test_a_line_comes_back_from_its_json(tmp_path: Path) -> None:
    for line in listed(tmp_path, {"prompt": "a 90 BPM", "bars": 1}, {"prompt": "b", "trim": True}):
        assert Line.from_json(json.loads(json.dumps(line.as_json()))) == line


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ("{", "line 2: not JSON"),
        ("3", "line 2: a line is a JSON object"),
        ({"seconds": 1}, "prompt is missing"),
        ({"prompt": ""}, "prompt is empty"),
        ({"prompt": 3}, "prompt must be text"),
        ({"prompt": "a", "second": 1}, "'second' is no setting; there are prompt, seconds"),
        ({"prompt": "a", "seconds": -1}, "seconds must be"),
        ({"prompt": "a", "seed": "x"}, "seed must be"),
        ({"prompt": "a", "candidates": 0}, "candidates must be a whole number from 1 to 16, not 0"),
        ({"prompt": "a", "variations": 0}, "variations must be 1 to 1000"),
        ({"prompt": "a", "name": 3}, "name must be text"),
        ({"prompt": "a", "bars": 1}, "bars needs a tempo"),
        ({"prompt": "a", "bpm": 90}, "give bars too"),
        ({"prompt": "a", "bars": 1, "bpm": 9000}, "bpm must be"),
        ({"prompt": "a", "bars": 1, "bpm": 90, "trim": True}, "trimming and fading would open"),
        ({"prompt": "a", "normalize": "loud"}, "normalize is one of"),
        ({"prompt": "a", "reference": True}, "'reference' is no setting"),
        ({"prompt": 5, "bars": 2, "bpm": 120}, "prompt must be text, not 5"),
        ({"prompt": "a\ud800"}, "holds '\\ud800', half of a surrogate pair"),
        ({"prompt": "a", "name": "\udc00"}, "holds '\\udc00', half of a surrogate pair"),
        ({"prompt": "a", "cfg_interval": 5}, "cfg_interval must be (first, last)"),
        ({"prompt": "a", "cfg_interval": None}, "cfg_interval must be (first, last)"),
        ({"prompt": "a", "cfg_interval": [False, True]}, "cfg_interval must be (first, last)"),
        ({"prompt": "a", "seconds": 10**4000}, "seconds must be a number above 0, not 1000"),
        ({"prompt": "a", "bars": 1, "bpm": 10**4000}, "bpm must be a number from 20 to 400"),
        ({"prompt": "a", "trim": "false"}, "trim must be true or false, not 'false'"),
        ({"prompt": "a", "short_window": "false"}, "short_window must be true or false"),
        ({"prompt": "a", "truncate_prompt": 1}, "truncate_prompt must be true or false, not 1"),
        ({"prompt": "a", "seed": True}, "seed must be a whole number"),
        ({"prompt": "a", "init_audio": "/proc/self/mem", "init_noise_level": 0.5},
         "/proc/self/mem: not a sound file that can be read"),
        ({"prompt": "a", "init_audio": "nope.wav", "init_noise_level": 0.5},
         "nope.wav: no such file"),
        ({"prompt": "a", "init_audio": "/", "init_noise_level": 0.5}, "/ is a folder"),
        ({"prompt": "a", "init_audio": "a" * 5000, "init_noise_level": 0.5},
         "cannot be read: File name too long"),
        ({"prompt": "a", "true_peak": -3}, "true_peak -3 needs normalize to be peak or loudness"),
        ({"prompt": "a", "normalize": "peak", "loudness": -3}, "loudness -3 needs normalize"),
        ('{"prompt": ' + "[" * 100_000, "nested too deeply"),
    ],
)  # fmt: skip
def test_a_faulty_line_is_told_with_its_number(tmp_path: Path, row: Any, says: str) -> None:
    with pytest.raises(RequestError) as caught:
        listed(tmp_path, {"prompt": "fine"}, row)
    assert "prompts.jsonl, line 2: " in str(caught.value)
    assert says in str(caught.value)


def test_only_line_feeds_end_a_line(tmp_path: Path) -> None:
    prompts = ["a\u2028b", "c\x85d", "e"]
    path = tmp_path / "prompts.jsonl"
    rows = (json.dumps({"prompt": prompt}, ensure_ascii=False) for prompt in prompts)
    path.write_bytes("\r\n".join(rows).encode())
    assert [line.fields["prompt"] for line in read_lines(path)] == prompts


def test_the_content_of_the_init_audio_is_part_of_what_a_sound_is_made_from(
    tmp_path: Path,
) -> None:
    init = tmp_path / "init.wav"
    write_audio(init, np.full((1, 9), 0.5, np.float32), 44100)
    row = {"prompt": "a", "init_audio": str(init), "init_noise_level": 0.5}
    one, same = listed(tmp_path, row), listed(tmp_path, row)
    write_audio(init, np.full((1, 9), 0.25, np.float32), 44100)
    (two,) = listed(tmp_path, row)
    assert one == same
    assert two.sha256 != one[0].sha256
    assert two.file == one[0].file


def test_lists_that_are_no_lists(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match="holds no lines"):
        listed(tmp_path, "", " ")
    with pytest.raises(RequestError, match="No such file"):
        read_lines(tmp_path / "nowhere.jsonl")
    (tmp_path / "latin.jsonl").write_bytes(b'{"prompt": "\xe4"}')
    with pytest.raises(RequestError, match="not UTF-8"):
        read_lines(tmp_path / "latin.jsonl")
