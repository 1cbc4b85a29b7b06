"""What a folder holds is kept only where it is what the list asks for."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from soundlet.audio import Bits, Format, write_audio
from soundlet.batch import Line, Outcome, read_lines, run_batch
from soundlet.batch.making import Maker, make
from soundlet.batch.manifest import MANIFEST, Manifest
from soundlet.batch.processes import Result
from soundlet.errors import RequestError
from soundlet.pipeline import Model, load

KICK = {"prompt": "kick", "seed": 1, "seconds": 0.02, "steps": 1}
SNARE = {**KICK, "prompt": "snare"}


@pytest.fixture(scope="module")
def model(tiny_bundle: Path) -> Model:
    """The tiny model."""
    return load(tiny_bundle, threads=1)


@pytest.fixture(autouse=True)
def in_this_process(model: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lines are made here, in place of processes that load a model each."""

    def make_all(lines: Sequence[Line], maker: Maker, _workers: int) -> Iterator[Result]:
        for line in lines:
            yield line, *make(model, line, maker.bits), ""

    monkeypatch.setattr("soundlet.batch.run.in_processes", make_all)


class Folder:
    """A folder in which one list after another is made."""

    def __init__(self, model: Model, room: Path) -> None:
        self._model, self._room = model, room
        self.path = room / "out"

    def run(
        self, *rows: dict[str, Any], format: Format = "wav", bits: Bits | None = None
    ) -> Outcome:
        """What comes of a list."""
        path = self._room / "list.jsonl"
        path.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
        lines = read_lines(path, format=format)
        return run_batch(self._model, lines, self.path, Maker(bits=bits))


@pytest.fixture
def folder(model: Model, tmp_path: Path) -> Folder:
    """A folder with nothing in it yet."""
    return Folder(model, tmp_path)


@pytest.mark.parametrize(
    "before",
    [
        {"normalize": "peak"},
        {"fade_out": 0.001},
        {"steps": 2},
        {"cfg_scale": 4, "negative_prompt": "hiss"},
        {"cfg_scale": 4, "cfg_rescale": 0.5},
        {"cfg_scale": 4, "cfg_interval": [0, 0.5]},
        {"short_window": True},
    ],
)
@pytest.mark.parametrize("after", [{}, {"cfg_scale": 4}])
def test_a_sound_of_another_line_is_made_again_however_lists_change(
    folder: Folder, before: dict[str, Any], after: dict[str, Any]
) -> None:
    folder.run({**KICK, **before})
    folder.run(SNARE)  # no record speaks of the kick any more
    outcome = folder.run({**KICK, **after})
    assert (outcome.made, outcome.kept) == (("kick_1.wav",), ())


def test_a_sound_that_a_list_lacked_for_a_while_is_kept(folder: Folder) -> None:
    (record,) = folder.run(KICK).records
    folder.run(SNARE)
    outcome = folder.run(KICK)
    assert (outcome.made, outcome.kept) == ((), ("kick_1.wav",))
    assert outcome.records == ({**record, "elapsed_seconds": None},)


@pytest.mark.parametrize("format", ["wav", "flac", "ogg", "mp3"])
@pytest.mark.parametrize("loses_records", [False, True])
def test_the_same_list_again_keeps_everything(
    folder: Folder, tmp_path: Path, format: Format, loses_records: bool
) -> None:
    write_audio(tmp_path / "init.wav", np.full((1, 900), 0.5, np.float32), 48000)
    rows = (
        KICK,
        {"prompt": "hat", "seed": 2, "normalize": "loudness", "loudness": -20, "trim": True},
        {"prompt": "loop, 240 BPM", "seed": 3, "bars": 1, "beats_per_bar": 2},
        {"prompt": "pad", "seed": 4, "init_audio": str(tmp_path / "init.wav"),
         "init_noise_level": 0.5},
        {"prompt": "bell", "seed": 5, "variations": 2, "cfg_scale": 4, "negative_prompt": "hiss",
         "cfg_rescale": 0.3, "cfg_interval": [0, 0.7], "short_window": True,
         "truncate_prompt": True},
    )  # fmt: skip
    first = folder.run(*rows, format=format)
    assert len(first.made) == 6
    if loses_records:
        (folder.path / MANIFEST).unlink()
    again = folder.run(*rows, format=format)
    assert (again.made, again.kept) == ((), first.made)


def test_another_sample_width_is_another_file(folder: Folder) -> None:
    folder.run(KICK, bits="24")
    for _ in range(2):
        outcome = folder.run(KICK, bits="32f")
        assert soundfile.info(folder.path / "kick_1.wav").subtype == "FLOAT"
    assert outcome.kept == ("kick_1.wav",)
    (folder.path / MANIFEST).unlink()
    assert folder.run(KICK).made == ("kick_1.wav",)
    assert soundfile.info(folder.path / "kick_1.wav").subtype == "PCM_16"


@pytest.mark.parametrize("loses_records", [False, True])
def test_another_content_of_the_init_audio_is_another_sound(
    folder: Folder, tmp_path: Path, loses_records: bool
) -> None:
    init = tmp_path / "init.wav"
    row = {**KICK, "init_audio": str(init), "init_noise_level": 0.5}
    for level in (0.5, 0.25):
        write_audio(init, np.full((1, 900), level, np.float32), 44100)
        assert folder.run(row).made == ("kick_1.wav",)
        if loses_records:
            (folder.path / MANIFEST).unlink()
    assert folder.run(row).kept == ("kick_1.wav",)


def test_a_record_never_speaks_for_a_sound_that_took_its_place(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder.run(KICK)

    def killed(_manifest: Manifest, _record: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as changed:
        changed.setattr(Manifest, "add", killed)
        with pytest.raises(KeyboardInterrupt):
            folder.run({**KICK, "steps": 2})
    assert folder.run(KICK).made == ("kick_1.wav",)
    with monkeypatch.context() as changed:
        changed.setattr(Manifest, "add", killed)
        with pytest.raises(KeyboardInterrupt):
            folder.run({**KICK, "steps": 2})
    assert folder.run({**KICK, "steps": 2}).kept == ("kick_1.wav",)


def test_a_file_that_is_no_sound_is_made_again(folder: Folder) -> None:
    folder.run(KICK)
    (folder.path / "kick_1.wav").write_bytes(b"RIFF")
    assert folder.run(KICK).made == ("kick_1.wav",)


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ({**KICK, "fade_in": 0.011, "fade_out": 0.01}, "0.021 s together, and the sound is 0.02 s"),
        (
            {"prompt": "kick", "fade_out": 60},
            "the fades take 60 s together",
        ),  # no length of its own
        ({**KICK, "init_audio": "nope.wav", "init_noise_level": 0.5}, "nope.wav: no such file"),
    ],
)
def test_what_would_fail_in_the_run_is_told_before_the_first_sound(
    folder: Folder, row: dict[str, Any], says: str
) -> None:
    with pytest.raises(RequestError) as caught:
        folder.run(SNARE, row)
    assert "line 2: " in str(caught.value)
    assert says in str(caught.value)
    assert not folder.path.exists()


def test_fades_may_take_the_whole_sound(folder: Folder) -> None:
    assert folder.run({**KICK, "fade_in": 0.01, "fade_out": 0.01}).made == ("kick_1.wav",)
