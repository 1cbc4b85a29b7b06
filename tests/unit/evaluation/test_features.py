import numpy as np
import pytest

from soundlet.evaluation.features import sound_features
from tests.unit.evaluation.sounds import clicks, hz_of, melody, noise, sine, stereo


def test_every_sound_has_as_many_features() -> None:
    sounds = [
        np.zeros((2, 22050), np.float32),
        noise(0.01),
        noise(3.0),
        clicks(120, 1.0),
        melody([60, 64, 67]),
    ]
    rows = [sound_features(audio) for audio in sounds]
    assert {row.shape for row in rows} == {rows[0].shape}
    assert all(np.isfinite(row).all() for row in rows)


@pytest.mark.parametrize("gain", [0.1, 0.5])
def test_the_level_of_a_sound_is_no_feature(gain: float) -> None:
    audio = melody([60, 62, 64])
    np.testing.assert_allclose(
        sound_features(audio), sound_features(audio * np.float32(gain)), atol=1e-2
    )


def test_a_little_haze_changes_less_than_another_note() -> None:
    audio = melody([60, 62, 64, 65])
    plain = sound_features(audio)
    hazy = np.abs(sound_features(audio + noise(1.2, 1e-5)) - plain).mean()
    other = np.abs(sound_features(stereo(sine(hz_of(72), 1.2))) - plain).mean()
    assert hazy < 0.1 * other
