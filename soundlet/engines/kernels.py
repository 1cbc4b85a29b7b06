"""Graphs of matrix products on ONNX Runtime, written without the `onnx` package.

Such a graph is a few dozen bytes of protocol buffer around the weights, so it is written here; the
`onnx` package is ten times the size of this one.

Source: the field numbers of onnx.proto, https://github.com/onnx/onnx/blob/main/onnx/onnx.proto.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import onnxruntime
from numpy.typing import NDArray

Array = NDArray[np.float32]
Shape = tuple[int | None, ...]

OPSET, IR_VERSION = 20, 10
FLOAT, INT8 = 1, 3  # of TensorProto
CONTRIB = "com.microsoft"  # the domain of ONNX Runtime's own operators
ONLY_ERRORS = 3  # severity from which ONNX Runtime writes to stderr


class Products:
    """`out[k] = x[k] @ weight[k]` for all k, on the thread that calls; several may at once."""

    def __init__(self, weight: Array, bias: Mapping[int, Array] | None = None) -> None:
        """Prepare the weights for this machine.

        Args:
            weight: (products, columns in, columns out).
            bias: (columns out,) to add to some of the products.
        """
        self._columns_out = weight.shape[2]
        nodes, initializers = [], {}
        for k, matrix in enumerate(weight):
            initializers[f"w{k}"] = matrix
            if bias is not None and k in bias:
                initializers[f"b{k}"] = bias[k]
                nodes.append(_node("Gemm", [f"x{k}", f"w{k}", f"b{k}"], f"y{k}"))
            else:
                nodes.append(_node("MatMul", [f"x{k}", f"w{k}"], f"y{k}"))
        options = onnxruntime.SessionOptions()
        options.log_severity_level = ONLY_ERRORS
        options.intra_op_num_threads = 1
        options.enable_mem_pattern = False  # lengths vary
        self._session = onnxruntime.InferenceSession(
            _model(
                nodes,
                {f"x{k}": (None, weight.shape[1]) for k in range(len(weight))},
                {f"y{k}": (None, weight.shape[2]) for k in range(len(weight))},
                initializers,
            ),
            options,
            providers=["CPUExecutionProvider"],
        )

    def __call__(self, x: Array, out: Array | None = None) -> Array:
        """Run.

        Args:
            x: (products, rows, columns in), contiguous.
            out: where to write, contiguous. None: a new array.

        Returns:
            (products, rows, columns out).
        """
        if out is None:
            out = np.empty((*x.shape[:2], self._columns_out), np.float32)
        binding = self._session.io_binding()
        for bind, name, array in ((binding.bind_input, "x", x), (binding.bind_output, "y", out)):
            address, step = array.ctypes.data, array.strides[0]
            for k in range(len(array)):
                bind(f"{name}{k}", "cpu", 0, np.float32, array.shape[1:], address + k * step)
        self._session.run_with_iobinding(binding)
        return out


def product(weight: Array) -> bytes:
    """A model of "y" = "x" @ weight, for x (rows, columns in)."""
    x, y = {"x": (None, len(weight))}, {"y": (None, None)}
    return _model([_node("MatMul", ["x", "w"], "y")], x, y, {"w": weight})


def int8_product(weight: NDArray[np.int8], scale: Array) -> bytes:
    """The same of int8 weights, each column with its scale; x becomes 8-bit as it comes."""
    x, y = {"x": (None, len(weight))}, {"y": (None, None)}
    node = _node("DynamicQuantizeMatMul", ["x", "w", "s"], "y", domain=CONTRIB)
    return _model([node], x, y, {"w": weight, "s": scale})


def _model(
    nodes: Sequence[bytes],
    inputs: Mapping[str, Shape],
    outputs: Mapping[str, Shape],
    initializers: Mapping[str, NDArray[np.generic]],
) -> bytes:
    graph: list[bytes | memoryview] = [_field(1, node) for node in nodes]
    graph.append(_text(2, "graph"))
    for name, array in initializers.items():
        kind = INT8 if array.dtype == np.int8 else FLOAT
        dims = b"".join(_number(1, size) for size in array.shape)
        head = dims + _number(2, kind) + _text(8, name)
        raw = np.ascontiguousarray(array).data.cast("B")
        size = len(head) + len(_varint(9 << 3 | 2)) + len(_varint(len(raw))) + len(raw)
        graph += [_varint(5 << 3 | 2), _varint(size), head]
        graph += [_varint(9 << 3 | 2), _varint(len(raw)), raw]
    graph += [_field(11, _value(*x)) for x in inputs.items()]
    graph += [_field(12, _value(*y)) for y in outputs.items()]
    head = _number(1, IR_VERSION) + _field(8, _number(2, OPSET))
    head += _field(8, _text(1, CONTRIB) + _number(2, 1))
    size = sum(len(piece) for piece in graph)
    return b"".join([head, _varint(7 << 3 | 2), _varint(size), *graph])


def _node(operator: str, inputs: Iterable[str], output: str, *, domain: str = "") -> bytes:
    names = b"".join(_text(1, name) for name in inputs) + _text(2, output)
    return names + _text(4, operator) + (_text(7, domain) if domain else b"")


def _value(name: str, shape: Shape) -> bytes:
    dims = b"".join(_field(1, b"" if size is None else _number(1, size)) for size in shape)
    return _text(1, name) + _field(2, _field(1, _number(1, FLOAT) + _field(2, dims)))


def _number(field: int, value: int) -> bytes:
    return _varint(field << 3) + _varint(value)


def _field(field: int, content: bytes) -> bytes:
    return _varint(field << 3 | 2) + _varint(len(content)) + content


def _text(field: int, content: str) -> bytes:
    return _field(field, content.encode())


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)
