"""Bundles with smaller weights: the matrices of the conditioners and the dit as whole numbers.

Two forms. "int8" keeps activations in 8 bits too, with a scale taken as they come, so that products
are of whole numbers: a quarter of the memory, and several times as fast where the processor has
instructions for it. "int8-weights" and "int4-weights" leave activations alone and keep weights in
blocks of 32 with a scale each: they save memory, not time.

Only matrices that are multiplied by tokens change. The embeddings, and of the dit the prior and the
layers that latents and times come in and go out by, stay as they are: they are few, and their loss
counts most.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import ModelProto, NodeProto, TensorProto, helper

from soundlet.bundle import (
    MANIFEST,
    PARTS,
    WEIGHTS,
    About,
    Bundle,
    Part,
    Precision,
    open_bundle,
    seal,
    staged_bundle,
)
from soundlet.engines.probe import saturates
from soundlet.engines.weights import Weights
from soundlet.errors import CheckpointError, RequestError
from soundlet.export.weights import KEPT_FLOAT32, Stored, in_float16, write_tensors
from soundlet.precision import check_precision

BLOCK = 32  # weights that share a scale, in the forms for weights alone
CONTRIB = "com.microsoft"  # the domain of ONNX Runtime's own operators
KEPT = (
    "dit.project_in",
    "dit.project_out",
    "dit.prior",
    "dit.time_embed",
    "dit.global_embed",
)
TWO_BYTES = "feed_forward.project"
"""What it is given has a long tail: value times gate, whose greatest is 25 times the typical in
the default model. One scale for both leaves the typical few bits, so a second byte holds what the
first lost."""
WEIGHT_BITS = "weight_bits"  # in the metadata of a graph: 7 where 8 would overflow
ONNX_TYPES = {
    "F32": TensorProto.FLOAT,
    "F16": TensorProto.FLOAT16,
    "I8": TensorProto.INT8,
    "U8": TensorProto.UINT8,
}

Progress = Callable[[str, int, int], None]
"""Called with (what is being done, things done, things in all)."""


def quantize_bundle(
    source: Path | str,
    dest: Path | str,
    precision: Mapping[Part, Precision],
    *,
    overwrite: bool = False,
    on_progress: Progress | None = None,
) -> Bundle:
    """Make a bundle of another one, with some parts in another precision.

    Args:
        source: a bundle whose parts are in float32 or float16.
        dest: the folder to be.
        precision: of the parts that change; the others stay as they are.
        overwrite: replace `dest` if it is a bundle already.
        on_progress: see `Progress`.

    Raises:
        BundleError: `source` is not a bundle, or `dest` is `source`, taken or cannot be written.
        CheckpointError: weights that are not finite, or that float16 cannot hold where it is asked
            for.
        RequestError: a precision that a part cannot have, or a source that is quantised already.
    """
    bundle = open_bundle(source)
    report = on_progress or (lambda _label, _done, _total: None)
    check_precision(dict(precision))
    if bundle.manifest.format != "onnx":
        raise RequestError(
            f"{bundle.folder} was exported already: quantise the bundle that it was made of"
        )
    for part in PARTS:
        stored = bundle.manifest.precision.get(part, "float32")
        if stored not in ("float32", "float16"):
            raise RequestError(
                f"{bundle.folder} has its {part} in {stored} already: start from the bundle it"
                " was made of"
            )
    whole: dict[Part, Precision] = {**bundle.manifest.precision, **precision}
    with staged_bundle(Path(dest), overwrite=overwrite, source=bundle.folder) as folder:
        made = {MANIFEST, WEIGHTS, *(f"{part}.onnx" for part in PARTS)}
        for name in bundle.manifest.files:
            if name not in made:
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(bundle.folder / name, folder / name)
        weights = Weights(bundle.folder / WEIGHTS)
        graphs: dict[Part, ModelProto] = {}
        tensors: dict[str, Stored] = {}
        for i, part in enumerate(PARTS):
            report(f"quantising the {part}", i, len(PARTS) + 1)
            graph = onnx.load(str(bundle.folder / f"{part}.onnx"), load_external_data=False)
            graphs[part], found = _rewritten(graph, part, precision.get(part), weights)
            tensors.update(found)
        report(f"writing {WEIGHTS}", len(PARTS), len(PARTS) + 1)
        placements = write_tensors(folder / WEIGHTS, tensors)
        for part, model in graphs.items():
            for tensor in model.graph.initializer:
                if tensor.name in placements:
                    _place(tensor, tensors[tensor.name], *placements[tensor.name])
            onnx.save(model, str(folder / f"{part}.onnx"))
            onnx.checker.check_model(str(folder / f"{part}.onnx"))
        about = bundle.manifest.model_dump(include=set(About.model_fields) - {"precision"})
        seal(folder, About(**about, precision=whole))
    return open_bundle(dest)


def int8_columns(
    weight: NDArray[np.float32], *, bits: int
) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """Whole numbers and the scale of each column of `weight` (in, out).

    Args:
        weight: finite numbers.
        bits: 8, or 7 for processors that add pairs of 8-bit products in 16 bits.
    """
    largest = 2 ** (bits - 1) - 1
    scale = np.maximum(np.abs(weight).max(axis=0), np.float32(1e-12)) / np.float32(largest)
    whole = np.rint(weight / scale).astype(np.int8)
    return whole, scale


def blocks(
    weight: NDArray[np.float32], *, bits: int
) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """`weight` (out, in) as MatMulNBits has it, two numbers of 4 bits or one of 8 in a byte.

    Returns:
        (out, blocks, bytes of a block) and the scales (out * blocks,).

    Source: docs/ContribOperators.md of ONNX Runtime.
    """
    n_out, n_in = weight.shape
    padded = np.pad(weight, ((0, 0), (0, -n_in % BLOCK))).reshape(n_out, -1, BLOCK)
    half = 2 ** (bits - 1)
    scale = np.maximum(np.abs(padded).max(axis=2), np.float32(1e-12)) / np.float32(half - 1)
    whole = (np.rint(padded / scale[:, :, None]) + half).astype(np.uint8)
    if bits == 4:
        whole = whole[:, :, 0::2] | whole[:, :, 1::2] << 4
    return whole, scale.reshape(-1)


@dataclass(frozen=True)
class Product:
    """A MatMul with a stored matrix.

    Attributes:
        node: it.
        name: of the tensor.
        chain: the nodes between tensor and product, which fall away.
    """

    node: NodeProto
    name: str
    chain: Sequence[NodeProto]

    @property
    def is_transposed(self) -> bool:
        """Whether the tensor is (out, in)."""
        return any(node.op_type == "Transpose" for node in self.chain)


def _rewritten(
    model: ModelProto, part: Part, wanted: Precision | None, weights: Weights
) -> tuple[ModelProto, dict[str, Stored]]:
    """The graph of a part in the precision wanted, and the tensors that it refers to."""
    graph = model.graph
    tensors = {
        tensor.name: weights.stored(tensor.name)
        for tensor in graph.initializer
        if tensor.name.startswith(f"{part}.")
    }
    if wanted is None:
        return model, tensors
    if wanted in ("float32", "float16"):
        _cast(model, tensors, wanted)
        return model, tensors
    bits = 4 if wanted == "int4-weights" else 8
    if wanted == "int8":
        bits = 7 if saturates() else 8
        helper.set_model_props(model, {WEIGHT_BITS: str(bits)})
    else:
        model.opset_import.append(helper.make_opsetid(CONTRIB, 1))
    quantized: set[str] = set()  # activations that are in 8 bits already
    nodes: list[NodeProto] = []
    found = {id(each.node): each for each in _products(model)}
    for node in graph.node:
        product = found.get(id(node))
        if product is None or product.name.startswith(KEPT):
            nodes.append(node)
            continue
        weight = tensors[product.name].array().astype(np.float32)
        if not np.isfinite(weight).all():
            raise CheckpointError(f"{product.name} has numbers that are not finite")
        weight = weight if product.is_transposed else weight.T  # (out, in)
        whole: NDArray[np.generic]
        if wanted == "int8":
            whole, scale = int8_columns(np.ascontiguousarray(weight.T), bits=bits)
            nodes += _int8_nodes(product, quantized)
        else:
            whole, scale = blocks(weight, bits=bits)
            nodes.append(_blocks_node(product, weight.shape, bits))
        for ending, array in ((wanted, whole), ("scale", scale)):
            name = f"{product.name}.{ending}"
            tensors[name] = Stored.of(array)
            graph.initializer.append(TensorProto(name=name))
    del graph.node[:]
    graph.node.extend(nodes)
    _prune(model, tensors)
    return model, tensors


def _products(model: ModelProto) -> Iterator[Product]:
    """The products with a stored matrix, directly, transposed or cast."""
    stored = {tensor.name for tensor in model.graph.initializer}
    makers = {name: node for node in model.graph.node for name in node.output}
    for node in model.graph.node:
        if node.op_type != "MatMul":
            continue
        name, chain = node.input[1], []
        while name in makers and makers[name].op_type in ("Transpose", "Cast"):
            chain.append(makers[name])
            name = makers[name].input[0]
        if name in stored:
            yield Product(node, name, chain)


def _int8_nodes(product: Product, quantized: set[str]) -> Iterator[NodeProto]:
    """Standard operators, in the pattern that ONNX Runtime fuses into one."""
    given, (out,) = product.node.input[0], product.node.output
    if TWO_BYTES not in product.name:
        yield from _quantized(given, quantized)
        yield from _int8_product(given, product.name, out)
        return
    rest = f"{given}.rest"
    yield from _quantized(given, quantized)
    scales = [f"{given}.int8_scale", f"{given}.int8_zero"]
    yield helper.make_node("DequantizeLinear", [f"{given}.int8", *scales], [f"{given}.coarse"])
    yield helper.make_node("Sub", [given, f"{given}.coarse"], [rest])
    yield from _quantized(rest, quantized)
    yield from _int8_product(given, product.name, f"{out}.coarse")
    yield from _int8_product(rest, product.name, f"{out}.fine")
    yield helper.make_node("Add", [f"{out}.coarse", f"{out}.fine"], [out])


def _quantized(given: str, quantized: set[str]) -> Iterator[NodeProto]:
    """An activation in 8 bits, unless another product has it so already."""
    if given not in quantized:
        quantized.add(given)
        outputs = [f"{given}.{ending}" for ending in ("int8", "int8_scale", "int8_zero")]
        yield helper.make_node("DynamicQuantizeLinear", [given], outputs)


def _int8_product(given: str, weight: str, out: str) -> Iterator[NodeProto]:
    """What the 8-bit activation and the 8-bit weight give, in float32."""
    yield helper.make_node(
        "MatMulInteger",
        [f"{given}.int8", f"{weight}.int8", f"{given}.int8_zero"],
        [f"{out}.sums"],
    )
    yield helper.make_node("Cast", [f"{out}.sums"], [f"{out}.cast"], to=TensorProto.FLOAT)
    yield helper.make_node("Mul", [f"{given}.int8_scale", f"{weight}.scale"], [f"{out}.scale"])
    yield helper.make_node("Mul", [f"{out}.cast", f"{out}.scale"], [out])


def _blocks_node(product: Product, shape: tuple[int, ...], bits: int) -> NodeProto:
    precision = f"int{bits}-weights"
    return helper.make_node(
        "MatMulNBits",
        [product.node.input[0], f"{product.name}.{precision}", f"{product.name}.scale"],
        list(product.node.output),
        domain=CONTRIB,
        N=shape[0],
        K=shape[1],
        bits=bits,
        block_size=BLOCK,
    )


def _cast(model: ModelProto, tensors: dict[str, Stored], wanted: Precision) -> None:
    """Store the large tensors of a part as `wanted`; the graph computes in float32 either way."""
    graph = model.graph
    for name, stored in list(tensors.items()):
        is_large = len(stored.shape) > 1 and np.prod(stored.shape) >= KEPT_FLOAT32
        dtype = "F16" if wanted == "float16" and is_large else "F32"
        if dtype == stored.dtype:
            continue
        if dtype == "F32":
            tensors[name] = stored.cast(dtype)
        else:
            tensors[name] = Stored(dtype, stored.shape, partial(_halved, name, stored))
            for node in graph.node:
                for i, given in enumerate(node.input):
                    if given == name:
                        node.input[i] = f"{name}.float32"
            cast = helper.make_node("Cast", [name], [f"{name}.float32"], to=TensorProto.FLOAT)
            graph.node.insert(0, cast)


def _halved(name: str, stored: Stored) -> NDArray[np.float16]:
    return in_float16(name, stored.array())


def _prune(model: ModelProto, tensors: dict[str, Stored]) -> None:
    """Drop nodes and tensors that nothing uses any more."""
    graph = model.graph
    outputs = {value.name for value in graph.output}
    while True:
        used = outputs | {name for node in graph.node for name in node.input}
        kept = [node for node in graph.node if used & set(node.output)]
        if len(kept) == len(graph.node):
            break
        del graph.node[:]
        graph.node.extend(kept)
    initializers = [tensor for tensor in graph.initializer if tensor.name in used]
    del graph.initializer[:]
    graph.initializer.extend(initializers)
    for name in tensors.keys() - used:
        del tensors[name]


def _place(tensor: TensorProto, stored: Stored, offset: int, length: int) -> None:
    """Make `tensor` a reference to its bytes in the file of weights."""
    name = tensor.name
    tensor.Clear()
    tensor.name, tensor.data_type = name, ONNX_TYPES[stored.dtype]
    tensor.dims.extend(stored.shape)
    tensor.data_location = TensorProto.EXTERNAL
    for key, value in (("location", WEIGHTS), ("offset", offset), ("length", length)):
        tensor.external_data.add(key=key, value=str(value))
