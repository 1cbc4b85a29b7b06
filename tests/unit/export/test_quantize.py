from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import onnx
import pytest

from soundlet.bundle import AGREEMENT, WEIGHTS, About, Precision, open_bundle, seal
from soundlet.engines import load_engine
from soundlet.engines import onnx as onnx_engine
from soundlet.engines.weights import Weights
from soundlet.errors import BundleError, CheckpointError, EngineError, RequestError
from soundlet.export import quantize
from soundlet.export.loss import (
    Loss,
    quantization_report,
    reference_sounds,
    spectral_distance,
    waveform_levels,
    write_report,
)
from soundlet.export.onnx_fixed import export_onnx_fixed
from soundlet.export.quantize import blocks, int8_columns, quantize_bundle
from soundlet.pipeline import load

WORST_SNR_DB: dict[Precision, float] = {
    "int8": 28,  # 8 bits for weights and activations; a scale a column and one a token matrix
    "int8-weights": 35,
    "int4-weights": 14,  # a step is a seventh of the greatest of 32 weights
}


def test_whole_numbers_are_within_half_a_step_of_the_weights() -> None:
    weight = np.random.default_rng(0).standard_normal((40, 6)).astype(np.float32)
    for bits in (7, 8):
        whole, scale = int8_columns(weight, bits=bits)
        assert np.abs(whole).max() == 2 ** (bits - 1) - 1
        assert (np.abs(whole * scale - weight) <= 0.5001 * scale).all()


def test_a_column_of_zeros_stays_zero() -> None:
    whole, scale = int8_columns(np.zeros((4, 2), np.float32), bits=8)
    assert not whole.any()
    assert np.isfinite(scale).all()


def test_blocks_hold_two_numbers_of_4_bits_in_a_byte_the_first_lowest() -> None:
    weight = np.zeros((1, 40), np.float32)
    weight[0, :3] = 7, -7, 1
    packed, scale = blocks(weight, bits=4)
    assert packed.shape == (1, 2, 16)
    assert list(packed[0, 0, :2]) == [8 + 7 | (8 - 7) << 4, 8 + 1 | 8 << 4]
    assert scale.shape == (2,)


@pytest.mark.parametrize("precision", ["int8", "int8-weights", "int4-weights"])
def test_a_quantised_bundle_is_smaller_and_nearly_the_same(
    tiny_bundle: Path, tmp_path: Path, precision: Precision
) -> None:
    parts = {"conditioners": precision, "dit": precision}
    made = quantize_bundle(tiny_bundle, tmp_path / "small", parts)  # type: ignore[arg-type]
    assert made.manifest.precision["dit"] == precision
    assert made.manifest.precision["decoder"] == "float32"
    whole = open_bundle(tiny_bundle)
    assert made.manifest.files[WEIGHTS].size < whole.manifest.files[WEIGHTS].size
    model = onnx.load(str(made.folder / "dit.onnx"), load_external_data=False)
    names = {tensor.name for tensor in model.graph.initializer}
    assert "dit.blocks.0.self_attention.to_qkv.weight" not in names
    assert f"dit.blocks.0.self_attention.to_qkv.weight.{precision}" in names
    assert "dit.project_in.weight" in names
    outputs = []
    for bundle in (made, whole):
        engine = load_engine(bundle, threads=1)
        tokens = np.arange(3, 19)[None]
        told = engine.condition(tokens, np.ones_like(tokens), np.array([2], np.float32))
        x = np.random.default_rng(0).standard_normal((1, 8, 12)).astype(np.float32)
        velocity = engine.velocity(x, np.array([0.5], np.float32), told)
        outputs.append((told.cross_attn_cond, velocity, engine.decode(x)))
    for found, expected in zip(*(pair[:2] for pair in outputs), strict=True):
        snr = Loss.between([found], [expected]).snr_db
        assert snr is not None
        assert snr > WORST_SNR_DB[precision]
    np.testing.assert_array_equal(outputs[0][2], outputs[1][2])


def test_float16_and_back_keeps_what_float16_can_hold(tiny_bundle: Path, tmp_path: Path) -> None:
    half = quantize_bundle(tiny_bundle, tmp_path / "half", {"dit": "float16", "decoder": "float16"})
    again = quantize_bundle(half.folder, tmp_path / "full", {"dit": "float32"})
    name = "dit.blocks.0.self_attention.to_qkv.weight"
    exact, found = Weights(tiny_bundle / WEIGHTS)[name], Weights(again.folder / WEIGHTS)[name]
    np.testing.assert_array_equal(found, exact.astype(np.float16).astype(np.float32))
    for bundle in (half, again):
        clip = load(bundle.folder, threads=1).generate("rain", seconds=0.02, seed=1)
        assert np.isfinite(clip.audio).all()


@pytest.mark.parametrize(
    ("value", "precision", "told"),
    [(1e6, "float16", "float16 cannot hold"), (np.nan, "int8", "are not finite")],
)
def test_weights_that_a_precision_cannot_hold_are_named(
    tiny_bundle: Path, tmp_path: Path, value: float, precision: Precision, told: str
) -> None:
    source = Path(shutil.copytree(tiny_bundle, tmp_path / "source"))
    about = About(**open_bundle(source).manifest.model_dump(include=set(About.model_fields)))
    name = "dit.blocks.0.self_attention.to_qkv.weight"
    weights = bytearray((source / WEIGHTS).read_bytes())
    found = Weights(tiny_bundle / WEIGHTS)[name]
    start = weights.index(found.tobytes())
    weights[start : start + 4] = np.float32(value).tobytes()
    (source / WEIGHTS).write_bytes(weights)
    seal(source, about)
    with pytest.raises(CheckpointError, match=f"{name} has numbers that {told}"):
        quantize_bundle(source, tmp_path / "small", {"dit": precision})
    assert not (tmp_path / "small").exists()


def test_what_chooses_among_candidates_is_copied(choosing_bundle: Path, tmp_path: Path) -> None:
    made = quantize_bundle(choosing_bundle, tmp_path / "small", {"dit": "int8"})
    assert made.manifest.defaults.candidates == 3
    assert (made.folder / AGREEMENT).read_bytes() == (choosing_bundle / AGREEMENT).read_bytes()
    clip = load(made.folder, threads=1).generate("rain", seconds=0.02, seed=1)
    assert clip.request.candidates == 3


def test_precisions_are_compared_by_one_sound_each(choosing_bundle: Path) -> None:
    sounds = reference_sounds(open_bundle(choosing_bundle), seconds=0.02, threads=1)
    assert {clip.request.candidates for clip in sounds.clips} == {1}


def test_a_bundle_is_not_quantised_twice(tiny_bundle: Path, tmp_path: Path) -> None:
    once = quantize_bundle(tiny_bundle, tmp_path / "once", {"dit": "int8"})
    with pytest.raises(RequestError, match=r"has its dit in int8 already: start from the bundle"):
        quantize_bundle(once.folder, tmp_path / "twice", {"conditioners": "int8"})
    assert not (tmp_path / "twice").exists()


def test_a_place_that_is_taken_is_refused(tiny_bundle: Path, tmp_path: Path) -> None:
    shutil.copytree(tiny_bundle, tmp_path / "there")
    with pytest.raises(BundleError, match="exists already"):
        quantize_bundle(tiny_bundle, tmp_path / "there", {"dit": "int8"})


def test_8_bits_are_refused_where_their_sums_overflow(
    tiny_bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(quantize, "saturates", lambda: False)
    made = quantize_bundle(tiny_bundle, tmp_path / "8", {"dit": "int8"})
    monkeypatch.setattr(onnx_engine, "saturates", lambda: True)
    with pytest.raises(EngineError, match="its sums would overflow: run `soundlet quantize` here"):
        load(made.folder, threads=1).generate("rain", seconds=0.02, seed=1)
    monkeypatch.setattr(quantize, "saturates", lambda: True)
    made = quantize_bundle(tiny_bundle, tmp_path / "7", {"dit": "int8"})
    assert load(made.folder, threads=1).generate("rain", seconds=0.02, seed=1).audio.any()


def test_torch_refuses_what_only_onnx_runtime_runs(tiny_bundle: Path, tmp_path: Path) -> None:
    made = quantize_bundle(tiny_bundle, tmp_path / "small", {"dit": "int8"})
    with pytest.raises(EngineError, match="its dit is in int8, which the onnx engine alone runs"):
        load_engine(made, "torch")


def test_the_report_tells_the_loss_as_a_share_of_what_seeds_change(
    tiny_bundle: Path, tmp_path: Path
) -> None:
    whole = open_bundle(tiny_bundle)
    made = quantize_bundle(tiny_bundle, tmp_path / "small", {"dit": "int8"})
    report = quantization_report(whole, made, seconds=0.02, timed=False, threads=1)
    assert report.conditioning == Loss(0.0, None)
    assert 0 < report.velocity.relative_error < 0.1
    assert 0 < report.share < 1
    assert report.parts.keys() == {"dit"}
    assert report.parts["dit"].disk_bytes[0] > 2 * report.parts["dit"].disk_bytes[1]
    as_json, as_text = write_report(report, made)
    assert as_json == tmp_path / "small.quantization.json"
    assert f"**{report.verdict}**" in as_text.read_text()
    sounds = reference_sounds(whole, seconds=0.02, threads=1)
    assert quantization_report(whole, made, sounds=sounds, timed=False, threads=1) == report


def test_equal_sounds_are_0_db_apart_and_half_the_level_is_6() -> None:
    noise = np.random.default_rng(0).uniform(-1, 1, (2, 40_000)).astype(np.float32)
    levels, lower = (waveform_levels(noise * np.float32(gain), 44100) for gain in (1, 0.5))
    assert spectral_distance(levels, levels) == 0
    assert spectral_distance(lower, levels) == pytest.approx(6.02, abs=0.1)


@pytest.mark.parametrize("name", ["around/source", "link", "around"])
def test_a_bundle_is_never_made_over_the_one_it_is_made_of(
    tiny_bundle: Path, tmp_path: Path, name: str
) -> None:
    shutil.copytree(tiny_bundle, tmp_path / "around")
    source = Path(shutil.copytree(tiny_bundle, tmp_path / "around" / "source"))
    (tmp_path / "link").symlink_to(source)
    with pytest.raises(BundleError, match="bundle to start from: name another folder"):
        quantize_bundle(source, tmp_path / name, {"dit": "int8"}, overwrite=True)
    with pytest.raises(BundleError, match="bundle to start from: name another folder"):
        export_onnx_fixed(open_bundle(source), tmp_path / name, overwrite=True)
    assert open_bundle(source).manifest == open_bundle(tiny_bundle).manifest
