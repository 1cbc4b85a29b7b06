"""The four graphs of a bundle at one length, each with its weights inside: for the web and phones.

A batch of one and a window of so many frames are written into the graphs, and all that follows from
sizes is computed once: accelerators and reduced builds of ONNX Runtime want to know every shape.
Parts in float16 compute in it, but for the angles of sines, which need the digits.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
import onnx_ir as ir
import onnxscript.optimizer
from numpy.typing import NDArray

from soundlet.bundle import PART_FILES, PARTS, Bundle, Part, Precision, require_free
from soundlet.config import ModelConfig
from soundlet.errors import BundleError, CheckpointError, RequestError
from soundlet.export.onnx import N_WORDS, signatures
from soundlet.export.programs import (
    Report,
    checked_precision,
    program_bundle,
    require_graphs,
    windowed,
)
from soundlet.export.weights import KEPT_FLOAT32

ABLE: Mapping[Part, tuple[Precision, ...]] = {
    part: ("float32", "float16") for part in PARTS
}  # the conditioners' float16 is of their weights: T5's activations overflow in it
MAX_BYTES = 2**31 - 1  # of a protobuf message
OPERATORS = "required_operators.config"  # as ONNX Runtime's own tools call it
ANGLES = ("Sin", "Cos")


@dataclass(frozen=True)
class Operators:
    """What a runtime needs to run a graph.

    Attributes:
        opset: version of the standard operators.
        counts: nodes of each operator, those of other domains as "domain:operator".
    """

    opset: int
    counts: dict[str, int]


def export_onnx_fixed(
    bundle: Bundle,
    dest: Path,
    *,
    precision: Mapping[str, str] | None = None,
    seconds: float | None = None,
    overwrite: bool = False,
    on_file: Report | None = None,
) -> dict[Part, Operators]:
    """Write the graphs of `bundle` at one length, with weights inside, into the new folder `dest`.

    Of a model of variable length they make clips of `seconds`, which is what it is told; shorter
    ones are cut from those.

    Args:
        bundle: of graphs. Parts in whole numbers stay as they are.
        dest: the folder to be: a bundle of format "onnx-fixed".
        precision: float32 or float16 of parts. None: float32.
        seconds: the window. None: the model's own.
        overwrite: replace `dest` if it is a bundle already.
        on_file: told the name of each file before it is made.

    Returns:
        What each part needs of a runtime; the file `OPERATORS` in `dest` says it too, in the form
        that builds of ONNX Runtime take.

    Raises:
        BundleError: `bundle` cannot be exported, or `dest` not be written.
        RequestError: a precision or a length that cannot be.
        CheckpointError: weights that float16 cannot hold are to be in it.
    """
    require_graphs(bundle)
    chosen, config = _precision(bundle, precision), windowed(bundle, seconds)
    report = on_file or (lambda _name: None)
    require_free(dest, overwrite=overwrite, source=bundle.folder)
    found: dict[Part, Operators] = {}
    with program_bundle(
        bundle, dest, config, format="onnx-fixed", precision=chosen, overwrite=overwrite
    ) as folder:
        for part in PARTS:
            name = PART_FILES["onnx-fixed"][part]
            report(name)
            model = ir.load(bundle.folder / f"{part}.onnx")
            fix_shapes(model, config, part)
            if chosen[part] == "float16" and part == "conditioners":
                _narrow_weights(model, part)
            elif chosen[part] in ("float32", "float16"):
                _widen_weights(model)
                if chosen[part] == "float16":
                    compute_in_float16(model, part)
            found[part] = operators(model)
            _save(model, folder / name)
        (folder / OPERATORS).write_text(_required(found.values()), encoding="utf-8")
    return found


def fix_shapes(model: ir.Model, config: ModelConfig, part: Part) -> None:
    """Give a graph of any batch and length one clip of `config`'s window, and simplify it."""
    signature = signatures(config)[part]
    frames = {"dit": {2: config.n_frames}, "decoder": {2: config.n_frames}}.get(part, {})
    for value in model.graph.inputs:
        assert value.name is not None
        example = signature.inputs[value.name]
        sizes = [1, *example.shape[1:]]
        for axis in frames:
            if axis in signature.dynamic[value.name]:
                sizes[axis] = frames[axis]
        if part == "encoder":  # the example has four frames
            sizes[2] = example.shape[2] // 4 * config.n_frames
        value.shape = ir.Shape(sizes)
    if part == "dit":
        _keep_padding(model.graph, config.prompt_max_length)
    for node in model.graph:
        for value in node.outputs:
            value.shape = None
    onnxscript.optimizer.optimize(model)


def _keep_padding(graph: ir.Graph, n_tokens: int) -> None:
    """Let a dit hear every token of a prompt: how many are words is not known beforehand."""
    found = next((v for node in graph for v in node.outputs if v.name == N_WORDS), None)
    if found is None:
        return
    all_tokens = ir.node("Constant", [], {"value": ir.tensor([n_tokens], dtype=ir.DataType.INT64)})
    graph.insert_before(graph[0], all_tokens)
    ir.convenience.replace_all_uses_with(found, all_tokens.outputs[0])


def compute_in_float16(model: ir.Model, part: Part) -> None:
    """Change the graph of `part` to compute in float16 between inputs and outputs of float32.

    What leads to a sine or cosine of a time or a position stays in float32: at position 200 the
    steps of float16 are an eighth. Where all does, as in a codec of periodic activations, nothing
    is kept.
    """
    graph = model.graph
    kept = _leading_to_angles(graph)
    outside = set(graph.inputs)
    wide = outside | {value for node in kept for value in node.outputs}
    used_wide = {value for node in kept for value in node.inputs if value is not None}
    narrowed: dict[ir.Value, ir.Value] = {}
    widened: dict[ir.Value, ir.Value] = {}
    for weight in list(graph.initializers.values()):
        if weight.dtype == ir.DataType.FLOAT:
            if weight not in used_wide:
                _store(weight, _weight_in_float16(weight, part))
            elif any(node not in kept for node, _ in weight.uses()):
                wide.add(weight)
    for node in list(graph):
        is_kept = node in kept
        for i, given in enumerate(node.inputs):
            if given is None:
                continue
            if not is_kept and given in wide and given.dtype == ir.DataType.FLOAT:
                node.replace_input_with(i, _cast(narrowed, given, ir.DataType.FLOAT16, node))
            elif is_kept and given.dtype == ir.DataType.FLOAT16:
                node.replace_input_with(i, _cast(widened, given, ir.DataType.FLOAT, node))
        if not is_kept:
            _narrow(node)
    for i, result in enumerate(graph.outputs):
        if result.dtype == ir.DataType.FLOAT16:
            cast = ir.node("Cast", [result], {"to": ir.DataType.FLOAT.value})
            graph.append(cast)
            out = cast.outputs[0]
            out.name, result.name = result.name, f"{result.name}.float16"
            out.dtype, out.shape = ir.DataType.FLOAT, result.shape
            graph.outputs[i] = out


def operators(model: ir.Model) -> Operators:
    """The operators of a graph."""
    counts = Counter(
        f"{node.domain}:{node.op_type}" if node.domain else node.op_type for node in model.graph
    )
    return Operators(model.graph.opset_imports[""], dict(sorted(counts.items())))


def _precision(bundle: Bundle, asked: Mapping[str, str] | None) -> dict[Part, Precision]:
    """What was asked for; parts in whole numbers stay in those."""
    whole = {part: kind for part, kind in bundle.manifest.precision.items() if "int" in kind}
    for part, kind in whole.items():
        if asked is not None and part in asked and asked[part] != kind:
            raise RequestError(
                f"the {part} of {bundle.folder} is in {kind} already: export the bundle that it"
                " was made of"
            )
    floats = {part: kind for part, kind in (asked or {}).items() if part not in whole}
    if "int8" in floats.values():
        raise RequestError(
            "int8 is made by `soundlet quantize` first: the bundle that it writes is exported as"
            " it is"
        )
    return {**checked_precision(floats, ABLE), **whole}


def _leading_to_angles(graph: ir.Graph) -> set[ir.Node]:
    """The nodes that sines and cosines depend on, those included; none if most of a graph does."""
    found = {node for node in graph if node.op_type in ANGLES}
    waiting = list(found)
    while waiting:
        for value in waiting.pop().inputs:
            maker = None if value is None else value.producer()
            if maker is not None and maker not in found:
                found.add(maker)
                waiting.append(maker)
    return found if len(found) < len(graph) / 2 else set()


def _cast(
    known: dict[ir.Value, ir.Value], value: ir.Value, dtype: ir.DataType, before: ir.Node
) -> ir.Value:
    """`value` in another type, cast once for all who need it so."""
    if value not in known:
        cast = ir.node("Cast", [value], {"to": dtype.value})
        out = cast.outputs[0]
        out.name, out.dtype, out.shape = f"{value.name}.{dtype.name.lower()}", dtype, value.shape
        assert before.graph is not None
        before.graph.insert_before(before, cast)
        known[value] = out
    return known[value]


def _narrow(node: ir.Node) -> None:
    """Let a node give float16 where it gave float32."""
    to = node.attributes.get("to")
    if node.op_type == "Cast" and to is not None and to.as_int() == ir.DataType.FLOAT.value:
        node.attributes["to"] = ir.AttrInt64("to", ir.DataType.FLOAT16.value)
    constant = node.attributes.get("value")
    if constant is not None and constant.type == ir.AttributeType.TENSOR:
        tensor = constant.as_tensor()
        if tensor.dtype == ir.DataType.FLOAT:
            narrow = ir.Tensor(_constant_in_float16(tensor.numpy()), name=tensor.name)
            node.attributes["value"] = ir.AttrTensor("value", narrow)
    for value in node.outputs:
        if value.dtype == ir.DataType.FLOAT:
            value.dtype = ir.DataType.FLOAT16


def _widen_weights(model: ir.Model) -> None:
    """Store weights in float32 instead of casting them to it."""
    graph = model.graph
    for node in list(graph):
        if node.op_type != "Cast" or node.inputs[0] is None:
            continue
        (weight,), (out,) = node.inputs, node.outputs
        if weight is None or not weight.is_initializer() or out.dtype != ir.DataType.FLOAT:
            continue
        if all(user.op_type == "Cast" for user, _ in weight.uses()):
            _store(weight, _array(weight).astype(np.float32))
            ir.convenience.replace_all_uses_with(out, weight)
            graph.remove(node, safe=True)


def _narrow_weights(model: ir.Model, part: Part) -> None:
    """Store large weights in float16, and cast them to float32 for use."""
    graph = model.graph
    for value in list(graph.initializers.values()):
        shape = value.shape
        if value.dtype != ir.DataType.FLOAT or shape is None or len(shape) < 2:
            continue
        if np.prod(shape.numpy()) < KEPT_FLOAT32:
            continue
        users = list(value.uses())
        _store(value, _weight_in_float16(value, part))
        cast = ir.node("Cast", [value], {"to": ir.DataType.FLOAT.value})
        out = cast.outputs[0]
        out.name, out.dtype, out.shape = f"{value.name}.float32", ir.DataType.FLOAT, shape
        graph.insert_before(graph[0], cast)
        for user, i in users:
            user.replace_input_with(i, out)


def _array(value: ir.Value) -> NDArray[np.generic]:
    assert value.const_value is not None
    array: NDArray[np.generic] = value.const_value.numpy()
    return array


def _store(value: ir.Value, array: NDArray[np.generic]) -> None:
    value.const_value = ir.Tensor(array, name=value.name)
    value.dtype = value.const_value.dtype


def _weight_in_float16(value: ir.Value, part: Part) -> NDArray[np.float16]:
    with np.errstate(over="ignore"):
        rounded = _array(value).astype(np.float16)
    if not np.isfinite(rounded).all():
        raise CheckpointError(
            f"the {part} has weights that float16 cannot hold: export it in float32"
        )
    return rounded


def _constant_in_float16(array: NDArray[np.generic]) -> NDArray[np.float16]:
    """A constant of the graph, of which the largest stand for infinity."""
    largest = float(np.finfo(np.float16).max)
    return np.clip(array.astype(np.float32), -largest, largest).astype(np.float16)


def _save(model: ir.Model, path: Path) -> None:
    """Write a graph with its weights inside, and check that every shape of it is known.

    Raises:
        BundleError: it is larger than a file of its format can be.
    """
    graph = model.graph
    size = sum(
        value.const_value.nbytes
        for value in graph.initializers.values()
        if value.const_value is not None
    )
    if size > MAX_BYTES:
        raise BundleError(
            f"{path.name} would have {size / 2**30:.1f} GiB, and an ONNX file of one piece has at"
            " most 2: choose float16"
        )
    for value in (*graph.inputs, *graph.outputs):
        if value.shape is None or not value.shape.is_static():
            raise BundleError(f"{path.name}: the shape of {value.name} depends on what it is given")
    ir.external_data.load_to_model(model)
    ir.save(model, path)
    onnx.checker.check_model(str(path))


def _required(found: Iterable[Operators]) -> str:
    """All operators, a line a domain: domain, opset, names."""
    by_domain: dict[str, set[str]] = {}
    opset = 0
    for each in found:
        opset = max(opset, each.opset)
        for name in each.counts:
            domain, _, operator = name.rpartition(":")
            by_domain.setdefault(domain, set()).add(operator)
    lines = [
        f"{domain or 'ai.onnx'};{1 if domain else opset};{','.join(sorted(names))}"
        for domain, names in sorted(by_domain.items())
    ]
    return "\n".join(lines) + "\n"
