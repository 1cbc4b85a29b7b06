"""Graphs of one length: the reference's numbers, every shape written down, honest errors."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import onnx
import pytest

import soundlet
from soundlet.bundle import (
    AGREEMENT,
    MANIFEST,
    PARTS,
    WEIGHTS,
    About,
    Bundle,
    Part,
    open_bundle,
    seal,
)
from soundlet.engines import Array, Conditioning, Engine, load_engine
from soundlet.engines.onnx_fixed import FixedOnnxEngine
from soundlet.engines.weights import Weights
from soundlet.errors import BundleError, CheckpointError, EngineError, RequestError
from soundlet.export import onnx_fixed
from soundlet.export.onnx_fixed import OPERATORS, export_onnx_fixed
from soundlet.export.quantize import quantize_bundle
from soundlet.verify import verify
from tests.end_to_end.commands import run
from tests.parity.conftest import TOLERANCE, Golden, errors_of


@pytest.fixture(scope="module")
def fixed(bundle: Bundle, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny model at its own window, in float32. It is shared: copy it before changing it."""
    dest = tmp_path_factory.mktemp("fixed") / "tiny"
    export_onnx_fixed(bundle, dest)
    return dest


@pytest.fixture(scope="module")
def half(bundle: Bundle, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny model at its own window, in float16."""
    dest = tmp_path_factory.mktemp("fixed") / "half"
    export_onnx_fixed(bundle, dest, precision=dict.fromkeys(PARTS, "float16"))
    return dest


def test_every_graph_gives_the_numbers_of_the_reference(
    fixed: Path, bundle: Bundle, golden: Golden, tmp_path: Path
) -> None:
    def cut(name: str) -> Engine:
        """With the window of that sound, since what is behind a shorter one is silence."""
        seconds = golden[name].shape[2] / bundle.config.sample_rate
        export_onnx_fixed(bundle, tmp_path / name, seconds=seconds)
        return load_engine(open_bundle(tmp_path / name))

    engine = load_engine(open_bundle(fixed))
    errors = errors_of(engine, golden, decoder=cut("decoded"), encoder=cut("audio"))
    assert max(errors.values()) < TOLERANCE, errors


@pytest.mark.parametrize("part", PARTS)
def test_every_shape_is_written_down_and_every_weight_inside(fixed: Path, part: str) -> None:
    model = onnx.load(str(fixed / f"{part}.onnx"), load_external_data=False)
    values = [*model.graph.input, *model.graph.value_info, *model.graph.output]
    assert values
    for value in values:
        assert all(dim.HasField("dim_value") for dim in value.type.tensor_type.shape.dim)
    assert not any(tensor.external_data for tensor in model.graph.initializer)
    assert {node.op_type for node in model.graph.node}.isdisjoint({"Shape", "Range", "If", "Loop"})


def test_the_operators_told_are_those_of_the_graphs(fixed: Path) -> None:
    (line,) = (fixed / OPERATORS).read_text().splitlines()
    domain, opset, names = line.split(";")
    graphs = [onnx.load(str(fixed / f"{part}.onnx")) for part in PARTS]
    assert domain == "ai.onnx"
    assert {entry.version for model in graphs for entry in model.opset_import} == {int(opset)}
    assert names.split(",") == sorted({node.op_type for m in graphs for node in m.graph.node})


def test_float16_is_half_the_size_and_near(half: Path, fixed: Path, bundle: Bundle) -> None:
    found = verify(half, against=bundle.folder, seconds=0.02)
    assert found.passed
    errors = {name: part.relative_error for name, part in found.parts.items()}
    assert all(1e-6 < error < 3e-3 for error in errors.values()), errors
    for part in PARTS:
        sizes = [(folder / f"{part}.onnx").stat().st_size for folder in (half, fixed)]
        assert sizes[0] < sizes[1] * (0.55 if part in ("conditioners", "dit") else 0.9)


def test_angles_stay_in_float32(half: Path) -> None:
    graph = onnx.load(str(half / "dit.onnx")).graph
    makers = {name: node for node in graph.node for name in node.output}
    sines = [node for node in graph.node if node.op_type in ("Sin", "Cos")]
    assert sines
    for node in sines:
        while node.input[0] in makers:  # back to the time, which nothing has rounded
            node = makers[node.input[0]]
            assert node.op_type != "Cast"
    matrices = [t for t in graph.initializer if len(t.dims) == 2 and max(t.dims) > 64]
    assert {t.data_type for t in matrices if min(t.dims) > 1} == {onnx.TensorProto.FLOAT16}


def test_verify_fails_changed_weights(fixed: Path, bundle: Bundle, tmp_path: Path) -> None:
    other = tmp_path / "other"
    shutil.copytree(fixed, other)
    model = onnx.load(str(other / "decoder.onnx"))
    weight = max(model.graph.initializer, key=lambda tensor: len(tensor.raw_data))
    weight.raw_data = bytes(len(weight.raw_data))
    onnx.save(model, str(other / "decoder.onnx"))
    manifest = open_bundle(fixed).manifest
    seal(other, About(**{name: getattr(manifest, name) for name in About.model_fields}))
    report = verify(other, against=bundle.folder, seconds=0.02)
    assert [name for name, part in report.parts.items() if not part.passed] == ["decoder"]
    assert not report.passed


def test_verify_fails_what_is_no_number_at_one_time_alone(
    fixed: Path, bundle: Bundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = FixedOnnxEngine.velocity

    def velocity(engine: FixedOnnxEngine, x: Array, t: Array, conditioning: Conditioning) -> Array:
        found = whole(engine, x, t, conditioning)
        return np.full_like(found, np.nan) if t[0] < 0.5 else found

    monkeypatch.setattr(FixedOnnxEngine, "velocity", velocity)
    report = verify(fixed, against=bundle.folder, parts_only=True)
    assert [name for name, part in report.parts.items() if not part.passed] == ["dit"]
    assert not report.passed
    assert json.loads(json.dumps(report.as_object(), allow_nan=False))["parts"]["dit"]


@pytest.mark.parametrize("seconds", [-1, 0, np.nan, 60])
def test_lengths_that_no_clip_has_are_refused_before_the_work(
    fixed: Path, bundle: Bundle, seconds: float
) -> None:
    with pytest.raises(RequestError, match="seconds must be"):
        verify(fixed, against=bundle.folder, seconds=seconds, parts_only=True)


def test_graphs_of_one_length_are_not_compared_by_another(
    tiny_bundle: Path, tmp_path: Path
) -> None:
    loose = changed(tiny_bundle, tmp_path / "loose", length="variable", margin_frames=2)
    export_onnx_fixed(loose, tmp_path / "fixed", seconds=0.01)
    only = open_bundle(tmp_path / "fixed").manifest.window_seconds
    with pytest.raises(RequestError, match=f"make one length, {only:.6g} seconds, .* not by 0.005"):
        verify(tmp_path / "fixed", against=loose.folder, seconds=0.005, parts_only=True)
    for as_told in (only, float(f"{only:.6g}")):
        again = verify(tmp_path / "fixed", against=loose.folder, seconds=as_told, parts_only=True)
        assert again.passed


@pytest.mark.parametrize(
    ("part", "name"),
    [
        ("dit", "dit.blocks.0.self_attention.to_qkv.weight"),
        ("conditioners", "conditioners.t5.blocks.0.attention.to_q.weight"),
        ("decoder", "decoder.layers.0.weight"),
    ],
)
def test_weights_that_float16_cannot_hold_are_not_exported_in_it(
    tiny_bundle: Path, tmp_path: Path, part: Part, name: str
) -> None:
    source = changed(tiny_bundle, tmp_path / "source")
    weights = bytearray((source.folder / WEIGHTS).read_bytes())
    start = weights.index(Weights(tiny_bundle / WEIGHTS)[name].tobytes())
    weights[start : start + 4] = np.float32(1e6).tobytes()
    (source.folder / WEIGHTS).write_bytes(weights)
    source = changed(source.folder, tmp_path / "large")
    with pytest.raises(CheckpointError, match=rf"the {part} has weights that float16 cannot hold"):
        export_onnx_fixed(source, tmp_path / "half", precision={part: "float16"})
    assert not (tmp_path / "half").exists()
    export_onnx_fixed(source, tmp_path / "whole")


def changed(bundle: Path, dest: Path, **about: object) -> Bundle:
    """A copy of `bundle` as it is on the disk, of which its manifest says something else."""
    manifest = json.loads((bundle / MANIFEST).read_text())
    known = {name: manifest[name] for name in About.model_fields if name in manifest}
    shutil.copytree(bundle, dest)
    seal(dest, About.model_validate({**known, **about}))
    return open_bundle(dest)


def test_the_command_makes_the_sound_of_the_model(bundle: Bundle, tmp_path: Path) -> None:
    result = run("export", "onnx", bundle.folder, tmp_path / "short", "--seconds", 0.01, "--json")
    facts = json.loads(result.stdout)
    assert facts["format"] == "onnx-fixed"
    assert facts["parts"]["decoder"]["opset"] == 20
    assert facts["parts"]["decoder"]["operators"]["Sin"] > 0
    run("generate", "kick", "--seconds", 0.01, "--seed", 3, "--model", tmp_path / "short",
        "--out", tmp_path / "clip.wav")  # fmt: skip
    report = run("doctor", tmp_path / "short").stdout
    assert "onnx engine         ok" in report
    assert "torch engine" not in report


def test_graphs_of_one_length_make_one_sound_and_are_compared_by_one(
    choosing_bundle: Path, tmp_path: Path
) -> None:
    export_onnx_fixed(open_bundle(choosing_bundle), tmp_path / "fixed")
    exported = open_bundle(tmp_path / "fixed")
    assert exported.manifest.defaults.candidates == 1
    assert exported.agreement is None
    assert not (exported.folder / AGREEMENT).exists()
    model = soundlet.load(exported.folder)
    assert model.generate("kick", seconds=0.01, seed=3).request.candidates == 1
    with pytest.raises(RequestError, match="candidates must be 1 with tiny, not 3"):
        model.generate("kick", seconds=0.01, seed=3, candidates=3)
    assert verify(exported.folder, against=choosing_bundle, seconds=0.02).passed


def test_int8_stays_as_it_is(bundle: Bundle, tmp_path: Path) -> None:
    small = quantize_bundle(bundle.folder, tmp_path / "int8", {"dit": "int8"})
    export_onnx_fixed(small, tmp_path / "fixed")
    exported = open_bundle(tmp_path / "fixed")
    assert exported.manifest.precision["dit"] == "int8"
    assert verify(tmp_path / "fixed", against=small.folder, seconds=0.02).passed
    with pytest.raises(RequestError, match=r"dit of .* is in int8 already"):
        export_onnx_fixed(small, tmp_path / "x", precision={"dit": "float16"})


def test_what_cannot_be_is_refused(
    fixed: Path, bundle: Bundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(BundleError, match="holds onnx-fixed programs already"):
        export_onnx_fixed(open_bundle(fixed), tmp_path / "x")
    with pytest.raises(RequestError, match=r"int8 is made by `soundlet quantize` first"):
        export_onnx_fixed(bundle, tmp_path / "x", precision={"dit": "int8"})
    with pytest.raises(RequestError, match="decoder can be float32 or float16, not 'float64'"):
        export_onnx_fixed(bundle, tmp_path / "x", precision={"decoder": "float64"})
    with pytest.raises(RequestError, match="seconds must be above 0"):
        export_onnx_fixed(bundle, tmp_path / "x", seconds=60)
    with pytest.raises(BundleError, match="exists already"):
        export_onnx_fixed(bundle, fixed)
    with pytest.raises(RequestError, match="was exported already"):
        quantize_bundle(fixed, tmp_path / "x", {"dit": "int8"})
    with pytest.raises(EngineError, match="low_memory needs graphs of any length"):
        soundlet.load(fixed, low_memory=True)
    with pytest.raises(EngineError, match=r"torch engine cannot run .* format is onnx-fixed"):
        soundlet.load(fixed, engine="torch")
    engine = load_engine(open_bundle(fixed))
    with pytest.raises(EngineError, match="33 is longer than the programs' window, 32"):
        engine.decode(np.zeros((1, 8, 33), np.float32))
    told = Conditioning(np.zeros((1, 17, 768), np.float32), np.zeros((1, 768), np.float32))
    with pytest.raises(EngineError, match=r"dit cannot run on float32 \[1, 8, 3\]"):
        engine.velocity(np.zeros((1, 8, 3), np.float32), np.ones(1, np.float32), told)
    monkeypatch.setattr(onnx_fixed, "MAX_BYTES", 1000)
    with pytest.raises(BundleError, match=r"at most 2: choose float16"):
        export_onnx_fixed(bundle, tmp_path / "x")
    assert not any(tmp_path.iterdir())
