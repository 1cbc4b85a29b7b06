"""The DiT's graph hears the words of a prompt and counts the padding; the velocity is the same."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
import torch

from soundlet.bundle import WEIGHTS, open_bundle
from soundlet.checkpoint import load_bundle_weights
from soundlet.engines.onnx import OnnxEngine
from soundlet.export.onnx import CONTEXT, N_WORDS
from soundlet.export.onnx_fixed import export_onnx_fixed
from soundlet.guidance import Conditioning
from soundlet.models import build_model


@pytest.mark.parametrize("n_words", [(0, 0), (1, 1), (2, 5), (3, 64), (64, 64)])
def test_a_graph_leaves_out_what_is_padding_and_nothing_else(
    tiny_bundle: Path, n_words: tuple[int, int]
) -> None:
    bundle = open_bundle(tiny_bundle)
    config = bundle.config
    model = build_model(config, bundle.t5_config, device="meta")
    load_bundle_weights(model, tiny_bundle / WEIGHTS)
    rng = np.random.default_rng(0)

    def normal(*shape: int) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
        return rng.standard_normal(shape).astype(np.float32)

    n_tokens = config.prompt_max_length
    context = normal(2, n_tokens + 1, config.cond_dim)
    for row, count in enumerate(n_words):
        context[row, min(count, n_tokens) : n_tokens] = 0
    x, t = normal(2, config.latent_channels, 8), np.array([0.9, 0.3], np.float32)
    end = normal(2, config.cond_dim)
    heard = OnnxEngine(bundle, threads=1).velocity(x, t, Conditioning(context, end))
    with torch.inference_mode():
        wanted = model.dit(*(torch.from_numpy(array) for array in (x, t, context, end)))
    np.testing.assert_allclose(heard, wanted.numpy(), rtol=0, atol=2e-5)


def test_a_graph_of_fixed_shapes_hears_the_padding(tiny_bundle: Path, tmp_path: Path) -> None:
    names = [node.output[0] for node in onnx.load(tiny_bundle / "dit.onnx").graph.node]
    assert N_WORDS in names
    export_onnx_fixed(open_bundle(tiny_bundle), tmp_path / "fixed")
    (path,) = (tmp_path / "fixed").glob("dit*.onnx")
    graph = onnx.load(path).graph
    assert N_WORDS not in [node.output[0] for node in graph.node]
    (context,) = (given for given in graph.input if given.name == CONTEXT)
    sizes = [axis.dim_value for axis in context.type.tensor_type.shape.dim]
    assert sizes[0] == 1
    assert sizes[1] == open_bundle(tiny_bundle).config.prompt_max_length + 1
    assert "ReduceMax" not in {node.op_type for node in graph.node}
