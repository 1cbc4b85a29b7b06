"""Folders of sounds: what is read, and what is refused."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch

from soundlet.training.clips import ClipFolder, read_entries
from soundlet.training.dataset.build import build_dataset, read_dataset
from soundlet.training.loop import TrainingError
from tests.unit.training.conftest import tone

RATE = 44100


def folder_of(tmp_path: Path, *lines: object) -> Path:
    texts = [line if isinstance(line, str) else json.dumps(line) for line in lines]
    (tmp_path / "metadata.jsonl").write_text("\n".join(texts))
    return tmp_path


def test_sounds_of_any_rate_and_of_one_channel_are_read_alike(tmp_path: Path) -> None:
    lines = []
    for i, (rate, channels) in enumerate([(44100, 2), (48000, 1), (22050, 2)]):
        soundfile.write(tmp_path / f"{i}.wav", tone(440, 0.5, rate, channels), rate)
        lines.append({"file": f"{i}.wav", "caption": "a tone"})
    clips = ClipFolder(folder_of(tmp_path, *lines))
    assert [entry.seconds for entry in clips.entries] == [0.5, 0.5, 0.5]
    first = clips.audio(0)
    assert first.shape == (2, RATE // 2)
    for other in (clips.audio(1), clips.audio(2)):
        assert other.shape == first.shape
        assert other.dtype == np.float32
        np.testing.assert_allclose(other[0, 500:-500], first[0, 500:-500], atol=0.01)
    np.testing.assert_array_equal(clips.audio(1)[0], clips.audio(1)[1])


def test_crops_are_where_the_generator_says_and_end_in_silence(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", tone(440, 0.1, RATE, 2), RATE)
    clips = ClipFolder(folder_of(tmp_path, {"file": "a.wav", "captions": ["x", "y"]}))
    one, two = (clips.crops(3, 8000, torch.Generator().manual_seed(s)) for s in (1, 1))
    np.testing.assert_array_equal(one, two)
    assert one.shape == (3, 2, 8000)
    assert np.abs(one[:, :, :4410]).max() > 0.1
    assert np.abs(one[:, :, 4410:]).max() == 0
    places = clips.crops(20, 1000, torch.Generator().manual_seed(2))
    assert len(np.unique(places[:, 0, 10])) > 5


def test_seconds_and_captions_are_taken_as_told(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", tone(440, 0.1, RATE, 2), RATE)
    line = {"file": "a.wav", "captions": ["x", "y"], "seconds": 2.5, "artist": "me"}
    (entry,) = read_entries(folder_of(tmp_path, line, ""))
    assert (entry.seconds, entry.captions) == (2.5, ("x", "y"))


def faults_of(folder: Path, *lines: object) -> str:
    """What is said of a folder with such lines."""
    with pytest.raises(TrainingError) as caught:
        read_entries(folder_of(folder, *lines))
    return str(caught.value)


def test_problems_of_all_lines_are_told_at_once(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", tone(440, 0.1, RATE, 2), RATE)
    (tmp_path / "text.wav").write_text("no sound")
    lines = (
        {"file": "a.wav"},
        {"file": "none.wav", "caption": "x"},
        {"file": "text.wav", "caption": "x"},
        '{"file": ',
        {"file": "a.wav", "caption": "x", "captions": ["y"]},
        {"file": "a.wav", "caption": 3, "seconds": -1},
        {"file": "a.wav", "captions": []},
        '{"file": "a.wav", "caption": "x", "seconds": Infinity}',
        '{"file": "a.wav", "caption": "x", "seconds": NaN}',
    )
    told = faults_of(tmp_path, *lines)
    for words in (
        "line 1: (top level): give captions (a list of sentences) or caption (one)",
        "line 2: none.wav: no such file",
        "line 3: text.wav: cannot be read as sound",
        "line 4: not JSON",
        "line 5: (top level): give captions",
        "line 6: caption: ",
        "seconds: input should be greater than 0, not -1",
        "line 7: captions: ",
        "line 8: seconds: input should be a finite number, not inf",
        "line 9: seconds: input should be ",
    ):
        assert words in told


def test_captions_paths_and_attributes_are_what_they_should_be(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", tone(440, 0.1, RATE, 2), RATE)
    lines = (
        {"file": "a.wav", "caption": " "},
        {"file": "a.wav", "captions": ["x", ""]},
        {"file": "../a.wav", "caption": "x"},
        {"file": str(tmp_path / "a.wav"), "caption": "x"},
        {"file": "a.wav", "caption": "x", "attributes": {"kind": 3}},
        {"file": "a.wav", "caption": "x", "attributes": {"bpm": "fast"}},
    )
    told = faults_of(tmp_path, *lines)
    for words in (
        "line 1: caption: say what it sounds like",
        "line 2: captions.1: say what it sounds like",
        "line 3: (top level): file must be a path inside the folder, not '../a.wav'",
        "line 4: (top level): file must be a path inside the folder",
        "line 5: (top level): attributes.kind must be a word, or a list of words, not 3",
        "line 6: (top level): attributes.bpm must be a number, not 'fast'",
    ):
        assert words in told


@pytest.mark.parametrize("told", [{}, {"seconds": 2.0}])
def test_a_file_without_samples_or_sound_is_told_whether_its_length_is_given_or_not(
    tmp_path: Path, told: dict[str, float]
) -> None:
    soundfile.write(tmp_path / "empty.wav", np.zeros((0, 2)), RATE)
    (tmp_path / "text.wav").write_text("no sound")
    lines = [{"file": name, "caption": "x", **told} for name in ("empty.wav", "text.wav")]
    told_of_both = faults_of(tmp_path, *lines)
    assert "line 1: empty.wav holds no samples" in told_of_both
    assert "line 2: text.wav: cannot be read as sound" in told_of_both


@pytest.mark.parametrize(("text", "message"), [(None, "cannot be read"), ("\n", "names no sound")])
def test_a_folder_without_sounds_is_told(tmp_path: Path, text: str | None, message: str) -> None:
    if text is not None:
        (tmp_path / "metadata.jsonl").write_text(text)
    with pytest.raises(TrainingError, match=message):
        read_entries(tmp_path)


def test_a_sound_that_has_gone_or_has_too_many_channels_is_told(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", np.zeros((100, 3)), RATE)
    clips = ClipFolder(folder_of(tmp_path, {"file": "a.wav", "caption": "x"}))
    with pytest.raises(TrainingError, match="has 3 channels"):
        clips.audio(0)
    (tmp_path / "a.wav").unlink()
    with pytest.raises(TrainingError, match="cannot be read as sound"):
        clips.audio(0)


def test_a_sound_in_another_scale_is_told(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", np.full((100, 2), 32768.0), RATE, subtype="FLOAT")
    clips = ClipFolder(folder_of(tmp_path, {"file": "a.wav", "caption": "x"}))
    with pytest.raises(
        TrainingError, match=r"a\.wav peaks at 3\.28e\+04 times full scale: scale it"
    ):
        clips.audio(0)


def test_a_built_data_set_is_read_from_its_archives(tmp_path: Path) -> None:
    build_dataset(tmp_path / "set", count=2, seed=3)
    clips = ClipFolder(tmp_path / "set")
    for index, stored in enumerate(read_dataset(tmp_path / "set")):
        assert clips.entries[index].captions == stored.captions
        assert clips.entries[index].seconds == stored.seconds
        np.testing.assert_allclose(clips.audio(index), stored.audio, atol=1e-4)
    assert len(clips.entries) == 2


def test_a_damaged_data_set_is_told(tmp_path: Path) -> None:
    (tmp_path / "dataset.json").write_text('{"count": 3}')
    with pytest.raises(TrainingError, match="no whole shard yet"):
        read_entries(tmp_path)
    (tmp_path / "shard-00000.jsonl").write_text("{}")
    with pytest.raises(TrainingError, match="a damaged data set"):
        read_entries(tmp_path)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[]", "(top level): "),
        ("3", "(top level): "),
        ("{}", "count: missing"),
        ('{"count": "64"}', "count: input should be a valid integer, not '64'"),
        ('{"count": ', "not JSON"),
    ],
)
def test_a_data_set_that_is_not_described_is_told(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "dataset.json").write_text(text)
    with pytest.raises(TrainingError) as caught:
        read_entries(tmp_path)
    assert str(caught.value).startswith(f"{tmp_path}: a damaged data set (dataset.json: {said}")


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"number": "0"}, "number: input should be a valid integer, not '0'"),
        ({"captions": None}, "captions: "),
        ({"captions": []}, "captions: "),
        ({"captions": "a kick"}, "captions: "),
        ({"attributes": None}, "attributes: "),
        ({"seconds": "1"}, "seconds: "),
        ({"seconds": float("inf")}, "seconds: input should be a finite number, not inf"),
        ({"seconds": 0}, "seconds: input should be greater than 0, not 0"),
    ],
)
def test_faults_of_a_shard_are_told_with_their_line(
    tmp_path: Path, fields: dict[str, object], said: str
) -> None:
    (tmp_path / "dataset.json").write_text('{"count": 2}')
    with zipfile.ZipFile(tmp_path / "shard-00000.zip", "w") as archive:
        for name in ("0.flac", "1.flac"):
            archive.writestr(name, b"")
    known = {"kind": "pad", "bpm": 90, "key": None, "moods": ["calm"], "effects": []}
    line = {"number": 0, "seconds": 1, "captions": ["a pad"], "attributes": known}
    shard = tmp_path / "shard-00000.jsonl"
    shard.write_text(f"{json.dumps(line)}\n{json.dumps(line | {'number': 1})}\n")
    assert len(read_entries(tmp_path)) == 2
    shard.write_text(f"{json.dumps(line)}\n{json.dumps(line | fields)}\n")
    with pytest.raises(TrainingError) as caught:
        read_entries(tmp_path)
    place = "shard-00000.jsonl, line 2"
    assert str(caught.value).startswith(f"{tmp_path}: a damaged data set ({place}: {said}")
