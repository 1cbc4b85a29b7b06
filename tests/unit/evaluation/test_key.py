import numpy as np
import pytest

from soundlet.evaluation.key import (
    NOTES,
    SCALES,
    estimate_key,
    fit_key_ruler,
    key_index,
    key_name,
    note_views,
    share_in_scale,
)
from soundlet.vocabulary.keys import TONICS
from tests.unit.evaluation.sounds import hz_of, noise, scale, sine, stereo


def test_a_c_major_scale_is_in_c_major() -> None:
    assert estimate_key(note_views(scale(60, SCALES["major"]))) == "C major"


@pytest.mark.parametrize("tonic", [57, 63])
@pytest.mark.parametrize("mode", ["major", "minor"])
def test_scales_are_in_their_key(tonic: int, mode: str) -> None:
    assert estimate_key(note_views(scale(tonic, SCALES[mode]))) == f"{NOTES[tonic % 12]} {mode}"


def test_every_key_of_the_training_data_has_one_index() -> None:
    names = [f"{tonic} {mode}" for mode in ("major", "minor") for tonic in TONICS[mode]]
    assert [key_index(name) for name in names] == list(range(24))
    assert key_index("Bb minor") == key_index("A# minor")
    assert all(key_index(key_name(index)) == index for index in range(24))


@pytest.mark.parametrize("pitch", range(48, 84, 7))
def test_a_tone_is_its_note(pitch: int) -> None:
    views = note_views(stereo(sine(hz_of(pitch), 1.5)))
    assert views[0].argmax() == pitch % 12
    assert views[0].max() > 0.95


def test_views_are_shares() -> None:
    views = note_views(scale(60, SCALES["major"]))
    np.testing.assert_allclose(views[:4].sum(axis=1), 1, atol=1e-6)
    assert (note_views(np.zeros((2, 44100), np.float32)) == 0).all()
    assert np.isfinite(note_views(np.zeros((2, 500), np.float32))).all()


def test_the_notes_of_a_scale_are_in_it() -> None:
    views = note_views(scale(62, SCALES["minor"]))
    assert share_in_scale(views, "D minor") > 0.97
    assert share_in_scale(views, "F major") > 0.97
    assert share_in_scale(views, "C# minor") < 0.6
    assert share_in_scale(note_views(noise(3)), "C major") == pytest.approx(7 / 12, abs=0.1)


def test_the_ruler_learns_keys_and_carries_them_to_other_tonics() -> None:
    known = [(tonic, mode) for mode in SCALES for tonic in (48, 51, 55, 58)]
    views = [note_views(scale(tonic, SCALES[mode])) for tonic, mode in known]
    ruler = fit_key_ruler(views, [f"{NOTES[tonic % 12]} {mode}" for tonic, mode in known])
    for mode in SCALES:
        assert ruler(note_views(scale(50, SCALES[mode]))) == f"D {mode}"
