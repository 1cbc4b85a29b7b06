"""LiteRT programs of the tiny model: the reference's numbers, and an int8 DiT that is near."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file

import soundlet
from soundlet.bundle import open_bundle
from soundlet.engines import load_engine
from soundlet.errors import EngineError, RequestError
from soundlet.verify import relative_error, verify

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # the converter warns of its own imports
    from soundlet.export.litert import export_litert

GOLDEN = Path(__file__).parents[1] / "parity" / "golden" / "tiny" / "golden.safetensors"


@pytest.fixture(scope="session")
def programs(tiny_bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny model's programs, its DiT in int8."""
    dest = tmp_path_factory.mktemp("programs") / "tiny"
    export_litert(open_bundle(tiny_bundle), dest)
    return dest


def test_float32_programs_give_the_numbers_of_the_reference(programs: Path) -> None:
    golden = dict(load_file(GOLDEN))
    engine = load_engine(open_bundle(programs))
    told = engine.condition(
        golden["input_ids"].astype(np.int64),
        golden["attention_mask"].astype(np.int64),
        np.array([11, 2.5], np.float32),
    )
    expected = golden["cross_attn_cond"].astype(np.float32)
    assert relative_error(told.cross_attn_cond, expected) < 1e-5


def test_verify_passes_them(programs: Path, tiny_bundle: Path) -> None:
    found = verify(programs, against=tiny_bundle, seconds=0.02)
    assert found.passed
    assert found.parts["decoder"].relative_error < 1e-5
    assert found.parts["encoder"].relative_error < 1e-5
    assert found.parts["dit"].precision == "int8"
    assert all(clip.of_nearest < 0.05 for clip in found.clips)


def test_a_clip_is_made_and_cut(programs: Path) -> None:
    clip = soundlet.load(programs).generate("kick", seconds=0.01, seed=1)
    assert clip.audio.shape == (2, 441)


def test_what_is_longer_than_the_window_is_refused(programs: Path) -> None:
    engine = load_engine(open_bundle(programs))
    with pytest.raises(EngineError, match="33 is longer than the programs' window, 32"):
        engine.decode(np.zeros((1, 8, 33), np.float32))


def test_a_decoder_in_float16_is_refused(tiny_bundle: Path, tmp_path: Path) -> None:
    with pytest.raises(RequestError, match="decoder can be float32, not 'float16'"):
        export_litert(open_bundle(tiny_bundle), tmp_path / "x", precision={"decoder": "float16"})
