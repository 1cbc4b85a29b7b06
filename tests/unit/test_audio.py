"""Sound files come back as they were written, or are refused with a reason."""

from __future__ import annotations

import io
import os
import signal
import stat
import subprocess
import time
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from soundlet.audio import (
    FORMATS,
    Audio,
    Bits,
    Format,
    encode_audio,
    format_of,
    read_audio,
    resample,
    write_audio,
)
from soundlet.errors import AudioError
from soundlet.wav_chunks import comment_in

RATE = 44100
COMBINATIONS: list[tuple[Format, Bits | None]] = [
    ("wav", "16"),
    ("wav", "24"),
    ("wav", "32f"),
    ("flac", "16"),
    ("flac", "24"),
    ("ogg", None),
    ("mp3", None),
]


def tone(seconds: float = 0.5, hz: float = 440.0, level: float = 0.5) -> Audio:
    """Left a sine, right the same at half the level."""
    wave = level * np.sin(2 * np.pi * hz * np.arange(int(seconds * RATE)) / RATE)
    return np.stack([wave, wave / 2]).astype(np.float32)


@pytest.mark.parametrize(
    ("bits", "step"), [("16", 2.0**-15), ("24", 2.0**-23), ("32f", 0.0), (None, 2.0**-15)]
)
def test_wav_comes_back_within_half_a_step(tmp_path: Path, bits: Bits | None, step: float) -> None:
    audio = tone(level=0.9)
    write_audio(tmp_path / "a.wav", audio, RATE, bits=bits)
    back, rate = read_audio(tmp_path / "a.wav")
    assert rate == RATE
    assert back.shape == audio.shape
    assert back.dtype == np.float32
    assert np.abs(back - audio).max() <= step / 2 + 2.0**-24  # and float32's own rounding


def test_samples_are_rounded_not_truncated() -> None:
    audio = np.array([[0.6, -0.6, 0.4, -0.4]], np.float32) * np.float32(2.0**-15)
    data, _ = soundfile.read(io.BytesIO(encode_audio(audio, RATE)), dtype="int16")
    assert data.tolist() == [1, -1, 0, 0]


@pytest.mark.parametrize("format", ["ogg", "mp3"])
def test_lossy_formats_sound_the_same(tmp_path: Path, format: Format) -> None:
    audio = tone(seconds=1)
    path = tmp_path / f"a.{format}"
    write_audio(path, audio, RATE)
    back, rate = read_audio(path)
    assert (rate, back.shape) == (RATE, audio.shape)
    middle = slice(RATE // 4, RATE * 3 // 4)
    error = np.sqrt(np.mean((back[:, middle] - audio[:, middle]) ** 2))
    assert error < 0.02 * np.sqrt(np.mean(audio**2))  # 34 dB below the sound


@pytest.mark.parametrize(("format", "bits"), COMBINATIONS)
def test_the_same_sound_gives_the_same_bytes(format: Format, bits: Bits | None) -> None:
    audio = tone()
    first = encode_audio(audio, RATE, format=format, bits=bits, tags={"title": "kick"})
    time.sleep(1.01)  # libsndfile writes whole seconds into float WAV, and seeds OGG with them
    assert encode_audio(audio, RATE, format=format, bits=bits, tags={"title": "kick"}) == first


@pytest.mark.parametrize("format", FORMATS)
def test_tags_are_read_back(tmp_path: Path, format: Format) -> None:
    comment = '{"prompt": "Glöckchen", "seed": 1}'
    path = tmp_path / f"a.{format}"
    write_audio(path, tone(), RATE, tags={"title": "Glöckchen", "comment": comment})
    with soundfile.SoundFile(path) as file:
        assert file.title == "Glöckchen"
        assert file.comment == comment


def test_tags_of_a_wav_file_may_be_of_any_length(tmp_path: Path) -> None:
    path, text = tmp_path / "a.wav", "Glöckchen " * 10_000
    write_audio(path, tone(), RATE, tags={"title": text, "comment": text.strip()})
    assert comment_in(path) == text.strip()
    assert soundfile.info(path).frames == tone().shape[1]


def test_an_unknown_tag_is_named() -> None:
    with pytest.raises(AudioError, match="no tag is called 'mood'"):
        encode_audio(tone(), RATE, tags={"mood": "dark"})


def test_full_scale_is_kept_and_more_is_refused() -> None:
    full = np.array([[1.0, -1.0, 1 + 2.0**-17]], np.float32)
    data, _ = soundfile.read(io.BytesIO(encode_audio(full, RATE)), dtype="int16")
    assert data.tolist() == [32767, -32768, 32767]
    over = full * np.float32(1.25)
    with pytest.raises(AudioError, match=r"peaks at 1\.25, over full scale"):
        encode_audio(over, RATE)
    with pytest.raises(AudioError, match="over full scale"):
        encode_audio(over, RATE, format="mp3")
    kept, _ = soundfile.read(io.BytesIO(encode_audio(over, RATE, bits="32f")), dtype="float32")
    assert np.array_equal(kept, over[0])


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_numbers_that_are_not_finite_are_refused(value: float) -> None:
    audio = tone()
    audio[0, 5] = value
    with pytest.raises(AudioError, match="not finite"):
        encode_audio(audio, RATE, bits="32f")


@pytest.mark.parametrize("shape", [(RATE,), (2, 0), (1, 2, RATE)])
def test_a_wrong_shape_is_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(AudioError, match="shape"):
        encode_audio(np.zeros(shape, np.float32), RATE)


def test_combinations_that_no_file_has_are_refused() -> None:
    with pytest.raises(AudioError, match="bits of flac is one of 16, 24, not '32f'"):
        encode_audio(tone(), RATE, format="flac", bits="32f")
    with pytest.raises(AudioError, match="mp3 has no sample width"):
        encode_audio(tone(), RATE, format="mp3", bits="16")
    with pytest.raises(AudioError, match="not 'aiff'"):
        encode_audio(tone(), RATE, format="aiff")  # type: ignore[arg-type]
    with pytest.raises(AudioError, match="mp3 cannot hold 2 channels at 12345 Hz"):
        encode_audio(tone(), 12345, format="mp3")


def test_a_name_that_ends_in_another_format_is_refused(tmp_path: Path) -> None:
    with pytest.raises(AudioError, match=r"a\.WAV ends in another format than flac"):
        write_audio(tmp_path / "a.WAV", tone(), RATE, format="flac")
    assert not list(tmp_path.iterdir())
    for name in ("a.FLAC", "a.take1", "a"):
        write_audio(tmp_path / name, tone(), RATE, format="flac")
        assert (tmp_path / name).read_bytes()[:4] == b"fLaC"


@pytest.mark.parametrize("name", ["a.WAV", "a.b.flac", "a.Ogg", "dir.x/a.mp3"])
def test_the_format_is_the_ending(name: str) -> None:
    assert format_of(name) == name.lower().rpartition(".")[2]


@pytest.mark.parametrize("name", ["a", "a.", "a.aac", "wav"])
def test_an_ending_that_is_no_format_is_refused(name: str) -> None:
    with pytest.raises(AudioError, match="must end in one of"):
        format_of(name)


def test_a_stream_gets_the_same_bytes_as_a_file(tmp_path: Path) -> None:
    stream = io.BytesIO()
    write_audio(stream, tone(), RATE)
    write_audio(tmp_path / "a.wav", tone(), RATE)
    assert stream.getvalue() == (tmp_path / "a.wav").read_bytes()


def test_an_older_file_is_replaced_whole_and_a_link_kept(tmp_path: Path) -> None:
    target, link = tmp_path / "target.wav", tmp_path / "link.wav"
    target.write_bytes(b"x" * 10_000_000)
    link.symlink_to(target)
    write_audio(link, tone(), RATE)
    assert link.is_symlink()
    assert read_audio(target)[0].shape == tone().shape
    assert sorted(p.name for p in tmp_path.iterdir()) == ["link.wav", "target.wav"]


def test_a_new_file_has_the_usual_rights(tmp_path: Path) -> None:
    (tmp_path / "plain").touch()
    write_audio(tmp_path / "a.wav", tone(), RATE)
    rights = [stat.S_IMODE((tmp_path / name).stat().st_mode) for name in ("plain", "a.wav")]
    assert rights[0] == rights[1]


def test_a_pipe_is_written_not_replaced(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe.wav"
    os.mkfifo(pipe)
    with subprocess.Popen(["cat", str(pipe)], stdout=subprocess.PIPE) as reader:
        write_audio(pipe, tone(), RATE)
        assert reader.communicate()[0] == encode_audio(tone(), RATE)
    assert pipe.is_fifo()


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    with pytest.raises(AudioError, match="is a folder"):
        write_audio(tmp_path, tone(), RATE, format="wav")
    with pytest.raises(AudioError, match="there is no folder"):
        write_audio(tmp_path / "no" / "a.wav", tone(), RATE)
    with pytest.raises(AudioError, match="cannot be written: File name too long"):
        write_audio(tmp_path / ("a" * 300 + ".wav"), tone(), RATE)
    for name in ("a\0b.wav", "a\ud800b.wav"):
        with pytest.raises(AudioError, match=r"b\.wav' is no name that a file can have"):
            write_audio(tmp_path / name, tone(), RATE)
    assert not list(tmp_path.iterdir())


def test_no_room_leaves_the_older_file_and_nothing_else(tmp_path: Path) -> None:
    resource = pytest.importorskip("resource", reason="file size limits are POSIX")
    path = tmp_path / "a.wav"
    path.write_bytes(b"older")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, limits[1]))
    try:
        with pytest.raises(AudioError, match="cannot be written: File too large"):
            write_audio(path, tone(), RATE)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, ignored)
    assert path.read_bytes() == b"older"
    assert list(tmp_path.iterdir()) == [path]


def test_an_interrupt_while_writing_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "replace", interrupt)
    with pytest.raises(KeyboardInterrupt):
        write_audio(tmp_path / "a.wav", tone(), RATE)
    assert not list(tmp_path.iterdir())


def test_what_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(AudioError, match="no such file"):
        read_audio(tmp_path / "missing.wav")
    with pytest.raises(AudioError, match="is a folder"):
        read_audio(tmp_path)
    (tmp_path / "text.wav").write_text("not a sound")
    with pytest.raises(AudioError, match=r"text\.wav: not a sound file"):
        read_audio(tmp_path / "text.wav")
    soundfile.write(tmp_path / "empty.wav", np.zeros((0, 2)), RATE)
    with pytest.raises(AudioError, match="holds no samples"):
        read_audio(tmp_path / "empty.wav")
    soundfile.write(tmp_path / "nan.wav", np.array([0, np.nan]), RATE, subtype="FLOAT")
    with pytest.raises(AudioError, match="not finite"):
        read_audio(tmp_path / "nan.wav")


def test_mono_is_read_as_one_channel(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "mono.wav", np.zeros(100), 22050)
    audio, rate = read_audio(tmp_path / "mono.wav")
    assert (audio.shape, rate) == ((1, 100), 22050)


@pytest.mark.parametrize("to_rate", [22050, 48000])
def test_resampling_keeps_pitch_and_level(to_rate: int) -> None:
    changed = resample(tone(seconds=1), RATE, to_rate)
    assert changed.shape == (2, to_rate)
    assert changed.dtype == np.float32
    expected = 0.5 * np.sin(2 * np.pi * 440 * np.arange(to_rate) / to_rate)
    middle = slice(to_rate // 10, -to_rate // 10)
    assert np.abs(changed[0, middle] - expected[middle]).max() < 1e-4


def test_resampling_to_the_same_rate_changes_nothing() -> None:
    audio = tone()
    assert np.array_equal(resample(audio, RATE, RATE), audio)


@given(
    channels=st.integers(1, 2),
    n_samples=st.integers(1, 3000),
    seed=st.integers(0, 2**32 - 1),
    format=st.sampled_from(["wav", "flac"]),
)
def test_any_length_comes_back(channels: int, n_samples: int, seed: int, format: Format) -> None:
    audio = np.random.default_rng(seed).uniform(-1, 1, (channels, n_samples)).astype(np.float32)
    data = encode_audio(audio, RATE, format=format, bits="24")
    back, _ = soundfile.read(io.BytesIO(data), dtype="float32", always_2d=True)
    assert np.abs(back.T - audio).max() <= 2.0**-23


def test_an_ogg_file_keeps_its_checksums() -> None:
    data = encode_audio(tone(seconds=3), RATE, format="ogg")
    sound = soundfile.SoundFile(io.BytesIO(data))
    assert sound.frames == 3 * RATE  # libogg drops a page whose checksum is wrong
    damaged = bytearray(data)
    damaged[-1000] ^= 1
    assert len(soundfile.read(io.BytesIO(bytes(damaged)))[0]) < 3 * RATE
