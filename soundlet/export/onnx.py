"""The four parts as ONNX graphs whose weights are byte ranges of one safetensors file.

The graphs come from PyTorch's own exporter, so what runs is what was tested. Weights are taken out
before anything is simplified and put back as references: no graph holds a copy of a weight, none
is merged with one that happens to be equal, and each keeps the name it has in the file.
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import onnx
import onnx_ir as ir
import onnxscript.optimizer
import torch
from torch import Tensor, nn
from torch.export import Dim
from torch.nn.attention import SDPBackend, sdpa_kernel

from soundlet.bundle import PARTS, WEIGHTS, Part, Precision
from soundlet.config import ModelConfig, SpectralEncoderConfig
from soundlet.export.weights import Placement, write_weights
from soundlet.models import Model

OPSET = 20
CONTEXT = "cross_attn_cond"
LEFT_OUT = "n_left_out"
N_WORDS = "n_words"  # what the dit's graph finds out first, by name

_ONNX_TYPES = {torch.float32: ir.DataType.FLOAT, torch.float16: ir.DataType.FLOAT16}


@dataclass(frozen=True)
class Signature:
    """How a part is called.

    Attributes:
        inputs: name to an example.
        outputs: names.
        dynamic: for each input, axis to the name or size that varies.
    """

    inputs: dict[str, Tensor]
    outputs: tuple[str, ...]
    dynamic: dict[str, dict[int, Any]]


def signatures(config: ModelConfig) -> dict[Part, Signature]:
    """Names, example inputs and dynamic axes of the four parts of a model."""
    batch, frames, patches = Dim("batch"), Dim("frames"), Dim("patches")
    patch = config.dit.patch_size
    channels, dim = config.latent_channels, config.cond_dim
    tokens, mask = torch.ones(2, 2, config.prompt_max_length, dtype=torch.int64).unbind()
    encoder = config.autoencoder.encoder.config
    if isinstance(encoder, SpectralEncoderConfig):
        decoded = "spectrogram"
        sound = torch.zeros(2, encoder.n_features, 4 * encoder.frames_per_latent)
        sound_axis = encoder.frames_per_latent * frames
    else:
        decoded = "audio"
        sound = torch.zeros(2, config.audio_channels, 4 * config.hop_length)
        sound_axis = config.hop_length * frames
    return {
        "conditioners": Signature(
            {"input_ids": tokens, "attention_mask": mask.clone(), "seconds": torch.ones(2)},
            ("cross_attn_cond", "cross_attn_mask", "global_cond"),
            {"input_ids": {0: batch}, "attention_mask": {0: batch}, "seconds": {0: batch}},
        ),
        "dit": Signature(
            {
                "x": torch.zeros(2, channels, 4 * patch),
                "t": torch.ones(2),
                "cross_attn_cond": torch.zeros(2, config.prompt_max_length + 1, dim),
                "global_cond": torch.zeros(2, dim),
            },
            ("velocity",),
            {
                "x": {0: batch, 2: frames if patch == 1 else patch * patches},
                "t": {0: batch},
                "cross_attn_cond": {0: batch},
                "global_cond": {0: batch},
            },
        ),
        "decoder": Signature(
            {"latents": torch.zeros(2, channels, 4)}, (decoded,), {"latents": {0: batch, 2: frames}}
        ),
        "encoder": Signature(
            {decoded: sound}, ("mean_and_scale",), {decoded: {0: batch, 2: sound_axis}}
        ),
    }


def export_onnx(
    model: Model,
    config: ModelConfig,
    folder: Path,
    *,
    precision: Mapping[Part, Precision],
    on_part: Callable[[str], None] | None = None,
) -> None:
    """Write the weights of `model` and its four graphs into `folder`.

    Args:
        model: in float32, on the CPU, without weight norm.
        config: what it was built from.
        folder: an existing one.
        precision: of the stored weights of each part; the graphs compute in float32 either way.
        on_part: told the name of each file before it is written.
    """
    report = on_part or (lambda _name: None)
    report(WEIGHTS)
    placements = write_weights(folder / WEIGHTS, model.state_dict(), precision)
    for part in PARTS:
        report(f"{part}.onnx")
        module = model.get_submodule(part)
        signature = signatures(config)[part]
        if part == "dit":
            graph_model = _traced(module, _without_padding(signature))
            _leave_out_padding(graph_model, config)
        else:
            graph_model = _traced(module, signature)
        _refer_to_weights(graph_model, part, placements)
        path = folder / f"{part}.onnx"
        ir.save(graph_model, path)
        onnx.checker.check_model(str(path))


def _without_padding(signature: Signature) -> Signature:
    """The dit's signature when it is given the words of a prompt without their padding."""
    inputs = {**signature.inputs, LEFT_OUT: torch.ones(1)}
    dynamic = {**signature.dynamic, LEFT_OUT: {}}
    dynamic[CONTEXT] = {**dynamic[CONTEXT], 1: Dim("tokens", min=2)}
    inputs[CONTEXT] = inputs[CONTEXT][:, -8:]
    return Signature(inputs, signature.outputs, dynamic)


def _leave_out_padding(model: ir.Model, config: ModelConfig) -> None:
    """Take a dit that is given words without padding, and let it take them with padding.

    Most of the tokens of a prompt are padding, of zeros, and every step would project them all
    again for every block. The graph finds the last word of the batch itself.
    """
    graph = model.graph
    given = {value.name: value for value in graph.inputs}
    heard, left_out = given[CONTEXT], given[LEFT_OUT]
    n_padded = config.prompt_max_length
    whole = ir.Value(
        name=CONTEXT,
        shape=ir.Shape([heard.shape[0] if heard.shape else None, n_padded + 1, config.cond_dim]),
        type=heard.type,
    )
    tape = ir.tape.Tape()

    def constant(values: list[int] | list[float]) -> ir.Value:
        dtype = ir.DataType.FLOAT if isinstance(values[0], float) else ir.DataType.INT64
        return tape.op("Constant", [], {"value": ir.tensor(values, dtype=dtype)})

    tokens = constant([1])  # the axis
    prompt = tape.op("Slice", [whole, constant([0]), constant([-1]), tokens])
    seconds = tape.op("Slice", [whole, constant([-1]), constant([n_padded + 1]), tokens])
    loudest = tape.op("ReduceMax", [tape.op("Abs", [prompt]), constant([0, 2])], {"keepdims": 0})
    is_word = tape.op("Greater", [loudest, constant([0.0])])
    places = constant(list(range(1, n_padded + 1)))
    last = tape.op("Where", [is_word, places, constant([1])])
    n_words = tape.op("ReduceMax", [last], {"keepdims": 1})
    n_words.name = N_WORDS
    words = tape.op("Slice", [prompt, constant([0]), n_words, tokens])
    n_left = tape.op("Sub", [constant([n_padded]), n_words])
    found = (
        tape.op("Concat", [words, seconds], {"axis": 1}),
        tape.op("Cast", [n_left], {"to": ir.DataType.FLOAT.value}),
    )
    ir.convenience.replace_all_uses_with((heard, left_out), found)
    graph.insert_before(graph[0], tape.nodes)
    place = list(graph.inputs).index(heard)
    graph.inputs.remove(left_out)
    graph.inputs[place] = whole


def _traced(module: nn.Module, signature: Signature) -> ir.Model:
    """The graph of `module`, simplified, with its weights as plain inputs by their own names."""
    with _quiet(), sdpa_kernel(SDPBackend.MATH), torch.no_grad():
        program = torch.onnx.export(
            module,
            tuple(signature.inputs.values()),
            dynamo=True,
            optimize=False,
            verbose=False,
            opset_version=OPSET,
            input_names=list(signature.inputs),
            output_names=list(signature.outputs),
            dynamic_shapes=tuple(signature.dynamic.values()),
        )
        assert program is not None
        model = program.model
        for name in module.state_dict():
            weight = model.graph.initializers.pop(name, None)
            if weight is not None:
                weight.const_value = None
                model.graph.inputs.append(weight)
        onnxscript.optimizer.optimize(model)
    for node in model.graph:
        for value in node.outputs:
            value.metadata_props.clear()
        node.metadata_props.clear()
    model.metadata_props.clear()
    return model


def _refer_to_weights(model: ir.Model, part: Part, placements: Mapping[str, Placement]) -> None:
    """Turn the inputs that are weights into references to their place in the file of weights."""
    graph = model.graph
    for value in list(graph.inputs):
        name = f"{part}.{value.name}"
        if name not in placements:
            continue
        placement = placements[name]
        graph.inputs.remove(value)
        stored = ir.Value(
            name=name,
            shape=ir.Shape(placement.shape),
            type=ir.TensorType(_ONNX_TYPES[placement.dtype]),
            const_value=ir.ExternalTensor(
                WEIGHTS,
                placement.offset,
                placement.length,
                _ONNX_TYPES[placement.dtype],
                shape=ir.Shape(placement.shape),
                name=name,
            ),
        )
        graph.initializers[name] = stored
        used = stored
        if placement.dtype != torch.float32:
            cast = ir.node("Cast", [stored], {"to": ir.DataType.FLOAT.value})
            used = cast.outputs[0]
            used.name = f"{name}.float32"
            graph.insert_before(graph[0], cast)
        ir.convenience.replace_all_uses_with(value, used)


@contextmanager
def _quiet() -> Iterator[None]:
    """Without the exporter's notes on itself; its errors are exceptions."""
    logger = logging.getLogger("torch.onnx")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)
