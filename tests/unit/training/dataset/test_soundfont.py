"""FluidSynth renderings do not depend on what was rendered before."""

import sys
from pathlib import Path

import numpy as np
import pytest

from soundlet.errors import SoundletError
from soundlet.training.dataset import soundfont
from soundlet.training.dataset.attributes import SAMPLE_RATE
from soundlet.training.dataset.soundfont import (
    DRUM_BANK,
    PlayedNote,
    find_soundfont,
    load_fluidsynth,
    player,
)

CHORD = [PlayedNote(0.0, 0.5, pitch, 0.8) for pitch in (60, 64, 67)]


def test_earlier_renderings_leave_no_trace() -> None:
    first = player().render(CHORD, 0, 0, SAMPLE_RATE)
    for bank, program in ((0, 48), (DRUM_BANK, 0), (0, 30), (8, 24)):
        player().render(CHORD, bank, program, 30001)
    again = player().render(CHORD, 0, 0, SAMPLE_RATE)
    assert first.tobytes() == again.tobytes()


def test_notes_sound_when_and_where_they_are_asked_for() -> None:
    late = [PlayedNote(0.5, 0.3, 69, 1.0)]
    audio = player().render(late, 0, 80, SAMPLE_RATE)
    level = np.abs(audio).max(axis=0)
    first = np.argmax(level > 0.05 * level.max()) / SAMPLE_RATE
    assert first == pytest.approx(0.5, abs=0.01)
    spectrum = np.abs(np.fft.rfft(audio[0]))
    assert np.argmax(spectrum) * 1.0 == pytest.approx(440.0, rel=0.01)


def test_length_is_exact_and_late_notes_are_left_out() -> None:
    audio = player().render([PlayedNote(3.0, 1.0, 60, 1.0)], 0, 0, 12345)
    assert audio.shape == (2, 12345)
    assert np.abs(audio).max() == 0.0


def test_loading_fluidsynth_prints_nothing(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CI", "1")  # where pyfluidsynth says more
    monkeypatch.delitem(sys.modules, "fluidsynth", raising=False)
    assert load_fluidsynth().Synth is not None
    assert capfd.readouterr() == ("", "")


def test_an_unknown_preset_is_refused() -> None:
    with pytest.raises(SoundletError, match="no instrument 3 in bank 99"):
        player().render(CHORD, 99, 3, 1000)


def test_a_missing_soundfont_names_the_packages(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("SOUNDLET_SOUNDFONT", raising=False)
    monkeypatch.setattr(soundfont, "FOLDERS", (str(tmp_path),))
    with pytest.raises(SoundletError, match="fluid-soundfont-gm"):
        find_soundfont()
    monkeypatch.setenv("SOUNDLET_SOUNDFONT", str(tmp_path / "absent.sf2"))
    with pytest.raises(SoundletError, match=r"absent\.sf2"):
        find_soundfont()
