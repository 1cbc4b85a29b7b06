"""What a converted bundle holds: one copy of the weights, graphs that any runtime can check."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import torch
from safetensors.torch import load_file

from soundlet.bundle import PARTS, WEIGHTS, About, Bundle, Defaults, Part
from soundlet.checkpoint import state_dict_of
from soundlet.config import T5Config, parse_config
from soundlet.convert import convert_checkpoint
from soundlet.engines import ENGINES_FOR, Engine, load_engine
from soundlet.errors import EngineError
from soundlet.export.bundle import save_bundle
from soundlet.export.onnx import signatures
from soundlet.models import build_model
from soundlet.pipeline import Model
from tests.parity.conftest import TINY, TOLERANCE, Golden, Official, relative_error


def graph(folder: Path, part: Part) -> onnx.GraphProto:
    return onnx.load(str(folder / f"{part}.onnx"), load_external_data=False).graph


def is_external(tensor: onnx.TensorProto) -> bool:
    return tensor.data_location == onnx.TensorProto.EXTERNAL


def test_the_weights_are_the_models_under_its_own_names(
    tiny_bundle: Path, official: Official
) -> None:
    found, expected = load_file(tiny_bundle / WEIGHTS), state_dict_of(official[0])
    assert found.keys() == expected.keys()
    assert all(torch.equal(found[name], expected[name]) for name in expected)


def test_every_weight_is_in_one_graph_and_only_as_a_reference(tiny_bundle: Path) -> None:
    referred = [
        tensor.name
        for part in PARTS
        for tensor in graph(tiny_bundle, part).initializer
        if is_external(tensor)
    ]
    assert sorted(referred) == sorted(load_file(tiny_bundle / WEIGHTS))
    for part in PARTS:
        assert (tiny_bundle / f"{part}.onnx").stat().st_size < 100_000


def test_weights_that_are_equal_are_not_merged(tiny_bundle: Path) -> None:
    """All shifts of the block norms are zero here; in another checkpoint they need not be."""
    names = {tensor.name for tensor in graph(tiny_bundle, "dit").initializer}
    assert {f"dit.blocks.{i}.feed_forward_norm.beta" for i in (0, 1)} <= names


@pytest.mark.parametrize("part", PARTS)
def test_graphs_are_valid_with_the_names_of_the_contract(
    tiny_bundle: Path, official: Official, part: Part
) -> None:
    onnx.checker.check_model(str(tiny_bundle / f"{part}.onnx"), full_check=True)
    signature = signatures(official[1])[part]
    found = graph(tiny_bundle, part)
    assert [value.name for value in found.input] == list(signature.inputs)
    assert tuple(value.name for value in found.output) == signature.outputs


def test_batch_and_length_are_free(engine: Engine, golden: Golden) -> None:
    """Three items at once, of another length, are each what they are alone."""
    random = np.random.default_rng(0)
    latents = random.standard_normal((3, 8, 7)).astype(np.float32)
    audio = engine.decode(latents)
    assert audio.shape == (3, 2, 7 * 32)
    assert relative_error(engine.decode(latents[1:2]), audio[1:2]) < TOLERANCE
    mean_and_scale = engine.encode(audio)
    assert mean_and_scale.shape == (3, 16, 7)
    ids = golden["input_ids"][[0, 1, 0]].astype(np.int64)
    mask = golden["attention_mask"][[0, 1, 0]].astype(np.int64)
    told = engine.condition(ids, mask, np.array([1, 2, 3], np.float32))
    assert told.cross_attn_cond.shape == (3, 17, 768)
    velocity = engine.velocity(latents, np.array([0.1, 0.5, 1], np.float32), told)
    assert velocity.shape == latents.shape


@pytest.fixture(scope="module")
def unlike(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    """A model that takes every option the golden one does not, with weights in float16."""
    data = json.loads((TINY / "model_config.json").read_text())
    codec = data["model"]["pretransform"]["config"]
    sizes = {"n_fft": 64, "hop_length": 8, "frames_per_latent": 4, "n_bands": 4}
    sizes |= {"frame_width": 32, "frame_depth": 1, "width": 64, "depth": 1}
    codec["encoder"] = {"type": "spectral", "config": {**sizes, "in_channels": 2, "latent_dim": 16}}
    codec["decoder"] = {"type": "spectral", "config": {**sizes, "out_channels": 2, "latent_dim": 8}}
    dit = data["model"]["diffusion"]["config"]
    dit |= {"patch_size": 4, "attn_kwargs": {"qk_norm": "none"}}
    t5_sizes = {"vocab_size": 120, "d_model": 64, "d_kv": 16, "d_ff": 96, "num_layers": 2}
    t5_config = T5Config.model_validate(
        {**t5_sizes, "num_heads": 4, "feed_forward_proj": "gated-gelu"}
    )
    config = parse_config(json.dumps(data))
    torch.manual_seed(0)
    model = build_model(config, t5_config)
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter, std=0.05)
    about = About(
        name="unlike",
        source="tests",
        licence="none",
        precision=dict.fromkeys(PARTS, "float16"),
        defaults=Defaults(steps=2, sampler="euler", cfg_scale=1.0, seconds=0.02),
        length="variable",
    )
    return save_bundle(
        tmp_path_factory.mktemp("bundles") / "unlike",
        model,
        about,
        config=config,
        t5_config=t5_config,
        tokenizer=(TINY / "t5" / "spiece.model").read_bytes(),
    )


def test_large_matrices_are_stored_in_the_precision_told(unlike: Bundle) -> None:
    for tensor in load_file(unlike.folder / WEIGHTS).values():
        is_large = tensor.ndim > 1 and tensor.numel() >= 4096
        assert tensor.dtype == (torch.float16 if is_large else torch.float32)


def test_engines_agree_on_every_option(unlike: Bundle) -> None:
    """All start from the same float16 numbers and compute in float32."""
    random = np.random.default_rng(0)
    x = random.standard_normal((2, 8, 12)).astype(np.float32)
    audio = random.uniform(-0.5, 0.5, (2, 2, 12 * 32)).astype(np.float32)
    ids = random.integers(2, 100, (2, 16))
    mask = (np.arange(16) < [[16], [5]]).astype(np.int64)
    outputs = []
    for name in ENGINES_FOR["onnx"]:
        engine = load_engine(unlike, name, threads=1)
        told = engine.condition(ids, mask, np.array([1, 2], np.float32))
        velocity = engine.velocity(x, np.array([0.2, 0.9], np.float32), told)
        encoded = engine.encode(audio)
        outputs.append([told.cross_attn_cond, told.global_cond, velocity, encoded])
    first, *others = outputs
    for other in others:
        for ours, theirs in zip(first, other, strict=True):
            assert relative_error(ours, theirs) < TOLERANCE


def test_a_model_of_every_option_makes_a_sound(unlike: Bundle) -> None:
    clip = Model(unlike, load_engine(unlike, threads=1)).generate(
        "rain", seconds=0.01, seed=1, reference=True, n_frames=16
    )
    assert clip.audio.shape == (2, 16 * 32)


@pytest.mark.parametrize("name", ["onnx", "openvino"])
def test_a_graph_that_cannot_be_loaded_is_an_engine_error(
    tmp_path: Path, bundle: Bundle, name: str
) -> None:
    (tmp_path / "decoder.onnx").write_bytes(b"not a graph")
    engine = load_engine(replace(bundle, folder=tmp_path), name)
    with pytest.raises(EngineError, match=r"decoder.onnx cannot be loaded"):
        engine.decode(np.zeros((1, 8, 4), np.float32))


@pytest.mark.parametrize("name", ["onnx", "openvino"])
def test_an_array_that_does_not_fit_is_an_engine_error(bundle: Bundle, name: str) -> None:
    with pytest.raises(EngineError, match=r"decoder cannot run on (latents )?float32 \[1, 5, 4\]"):
        load_engine(bundle, name).decode(np.zeros((1, 5, 4), np.float32))


def test_a_provider_that_is_not_there_is_refused(bundle: Bundle) -> None:
    with pytest.raises(EngineError, match="'GpuExecutionProvider'; others come with"):
        load_engine(bundle, providers=["GpuExecutionProvider"])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"name": "tensorflow"},
            "engine must be one of onnx, torch, openvino, executorch, litert, not 'tensorflow'",
        ),
        ({"threads": 0}, "threads must be from 1 to 1024, not 0"),
        ({"threads": 1025}, "threads must be from 1 to 1024, not 1025"),
        ({"device": "cuda"}, "has providers, not a device"),
        ({"name": "torch", "providers": ["CPUExecutionProvider"]}, "has a device, not providers"),
    ],
)
def test_options_that_an_engine_has_not_are_refused(
    bundle: Bundle, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(EngineError, match=message):
        load_engine(bundle, **options)


def test_openvino_refuses_whole_numbers(tmp_path: Path) -> None:
    bundle = convert_checkpoint(TINY, tmp_path / "int8", precision="dit=int8")
    with pytest.raises(EngineError, match="its dit is in int8, which the onnx engine alone runs"):
        load_engine(bundle, "openvino")
