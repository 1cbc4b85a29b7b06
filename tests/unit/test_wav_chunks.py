"""Another library finds loop points and tempo where we put them."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
import soundfile

from benchmarks.wav_reader import read_loop
from soundlet.audio import Bits, encode_audio
from soundlet.wav_chunks import acid_chunk, smpl_chunk, with_chunks

RATE = 44100


def wav(n_samples: int, bits: Bits = "16", **chunks: bytes) -> bytes:
    audio = np.linspace(-0.5, 0.5, 2 * n_samples, dtype=np.float32).reshape(2, -1)
    return encode_audio(audio, RATE, bits=bits, tags={"comment": "odd"}, chunks=chunks)


@pytest.mark.parametrize("bits", ["16", "24", "32f"])
@pytest.mark.parametrize("n_samples", [88200, 88201])
def test_libsndfile_reads_loop_points_and_tempo(tmp_path: Path, n_samples: int, bits: Bits) -> None:
    chunks = {
        "smpl": smpl_chunk(n_samples, RATE, root_note=57),
        "acid": acid_chunk(92.5, 6, 3, root_note=57),
    }
    path = tmp_path / "loop.wav"
    path.write_bytes(wav(n_samples, bits, **chunks))
    seen = read_loop(path)
    assert (seen.n_samples, seen.start, seen.end) == (n_samples, 0, n_samples)
    assert (seen.bpm, seen.n_beats, seen.beats_per_bar) == (92.5, 6, 3)
    assert seen.root_note == 57


def test_the_sound_and_its_tags_are_as_without_chunks() -> None:
    plain, looped = wav(999), wav(999, smpl=smpl_chunk(999, RATE))
    one, other = (soundfile.SoundFile(io.BytesIO(data)) for data in (plain, looped))
    np.testing.assert_array_equal(one.read(), other.read())
    assert one.comment == other.comment == "odd"
    assert len(looped) == len(plain) + 8 + 60
    assert int.from_bytes(looped[4:8], "little") == len(looped) - 8


def test_a_chunk_of_odd_length_is_padded() -> None:
    data = wav(999, note=b"abc")
    assert int.from_bytes(data[4:8], "little") == len(data) - 8
    assert soundfile.info(io.BytesIO(data)).frames == 999


def test_a_file_without_loop_points_is_told_from_one_with(tmp_path: Path) -> None:
    (tmp_path / "plain.wav").write_bytes(wav(999))
    with pytest.raises(ValueError, match="no loop points"):
        read_loop(tmp_path / "plain.wav")


def test_what_is_no_wav_is_refused() -> None:
    with pytest.raises(ValueError, match="data chunk"):
        with_chunks(b"RIFF\4\0\0\0WAVE", {"smpl": b""})
