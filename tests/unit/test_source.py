from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from soundlet.errors import RequestError
from soundlet.source import read_source


def test_a_sound_may_peak_above_full_scale_but_not_be_in_another_scale(tmp_path: Path) -> None:
    loud = np.full((2, 100), 7.9, np.float32)
    assert read_source((loud, 44100), "audio")[0] is not None
    whole = np.full((2, 100), -32768, np.float32)
    with pytest.raises(RequestError, match=r"audio peaks at 3\.28e\+04 times full scale: scale it"):
        read_source((whole, 44100), "audio")
    path = tmp_path / "huge.wav"
    soundfile.write(path, np.full((100, 2), 1e30), 44100, subtype="FLOAT")
    with pytest.raises(RequestError, match=r"huge\.wav peaks at 1e\+30 times"):
        read_source(path, "init_audio")


def test_what_is_no_number_is_refused_by_name() -> None:
    audio = np.zeros((2, 100), np.float32)
    audio[1, 50] = np.nan
    with pytest.raises(RequestError, match="init_audio holds values that are not finite"):
        read_source((audio, 44100), "init_audio")
