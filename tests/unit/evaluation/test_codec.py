from pathlib import Path

import numpy as np
import pytest

from soundlet.audio import write_audio
from soundlet.errors import AudioError
from soundlet.evaluation.codec import (
    as_measured,
    codec_round_trip,
    opus_is_available,
    opus_round_trip,
    read_loops,
    stft_distance,
)
from soundlet.pipeline import load
from tests.unit.evaluation.sounds import RATE, clicks, melody, noise


def test_identical_sounds_are_no_distance_apart() -> None:
    audio = melody([60, 64, 67])
    assert stft_distance(audio, audio) == 0


def test_more_noise_is_further_away() -> None:
    audio = melody([60, 64, 67])
    distances = [stft_distance(audio, audio + noise(0.9, level)) for level in (1e-3, 1e-2, 1e-1)]
    assert distances == sorted(distances)
    assert distances[0] > 0


def test_level_counts_but_not_the_unit() -> None:
    audio, copy, half = noise(0.5), noise(0.5, seed=1), np.float32(0.5)
    assert stft_distance(audio, half * audio) == pytest.approx(0.5 + np.log(2), rel=1e-3)
    assert stft_distance(half * audio, half * copy) == pytest.approx(stft_distance(audio, copy))


def test_what_is_80_db_down_does_not_count() -> None:
    audio = melody([60, 64, 67])
    assert stft_distance(audio, audio + noise(0.9, 1e-8)) < 0.01


def test_opus_gets_better_with_more_bits_and_keeps_time() -> None:
    assert opus_is_available()
    audio = melody([60, 64, 67, 72, 67, 64]) + clicks(100, 1.8)
    low, small = opus_round_trip(audio, 24000)
    high, large = opus_round_trip(audio, 160000)
    assert low.shape == high.shape == audio.shape
    assert stft_distance(audio, high) < 0.5 * stft_distance(audio, low)
    assert 0.7 < small * 8 / 1.8 / 24000 < 1.6
    assert large > 3 * small


def test_the_codec_of_a_model_keeps_shape(tiny_bundle: Path) -> None:
    audio = noise(0.02)
    copy = codec_round_trip(load(tiny_bundle), audio)
    assert copy.shape == audio.shape
    assert copy.dtype == np.float32
    assert np.isfinite(copy).all()


def test_sounds_are_brought_to_one_form() -> None:
    mono = noise(1)[:1, :22050]
    measured = as_measured(mono, 22050)
    assert measured.shape == (2, RATE)
    assert as_measured(mono, 22050, 100).shape == (2, 100)
    assert as_measured(mono, 22050, RATE + 5).shape == (2, RATE + 5)


def test_loops_are_read_from_a_folder_or_a_pattern(tmp_path: Path) -> None:
    for i in range(5):
        write_audio(tmp_path / f"loop_{i}.flac", noise(0.3, seed=i), RATE)
    write_audio(tmp_path / "other.wav", noise(0.3), RATE)
    (tmp_path / "README.md").write_text("not a sound")
    everything = read_loops(str(tmp_path), 10, 100)
    assert [name for name, _ in everything] == [*(f"loop_{i}.flac" for i in range(5)), "other.wav"]
    some = read_loops(str(tmp_path / "loop_*"), 0.1, 3)
    assert [name for name, _ in some] == ["loop_0.flac", "loop_2.flac", "loop_4.flac"]
    assert all(audio.shape == (2, 4410) for _, audio in some)


@pytest.mark.parametrize("place", ["empty", "empty/*.wav", "nowhere"])
def test_a_place_without_sounds_is_an_error(tmp_path: Path, place: str) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(AudioError, match="no WAV or FLAC file"):
        read_loops(str(tmp_path / place), 10, 5)
