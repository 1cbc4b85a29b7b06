"""Graphs of one operator on ONNX Runtime, written without the `onnx` package.

A convolution over time is written as one over images of height 1: only two-dimensional ones take
ONNX Runtime's kernels for blocked layouts, which reach the speed of its matrix products. A graph of
one operator is a few dozen bytes of protocol buffer around the weights, so it is written here; the
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
FLOAT, INT8, INTS = 1, 3, 7  # TensorProto.FLOAT and INT8, AttributeProto.INTS
CONTRIB = "com.microsoft"  # the domain of ONNX Runtime's own operators
ONLY_ERRORS = 3  # severity from which ONNX Runtime writes to stderr


class Convolution:
    """`out[o, t] = bias[o] + Σ weight[o, i, k] · x[i, t · stride + k · dilation]`, without padding.

    Runs on the thread that calls it; several may do so at once.
    """

    def __init__(
        self, weight: Array, bias: Array | None = None, *, dilation: int = 1, stride: int = 1
    ) -> None:
        """Prepare the weights for this machine.

        Args:
            weight: (channels out, channels in, kernel).
            bias: (channels out,). None: zeros.
            dilation: samples from one weight of the kernel to the next.
            stride: samples from one output to the next.
        """
        self.channels_out, channels_in, self._kernel = weight.shape
        self._dilation, self._stride = dilation, stride
        attributes = {"dilations": (1, dilation), "strides": (1, stride)}
        initializers = {"w": weight[:, :, None]}
        if bias is not None:
            initializers["b"] = bias
        options = onnxruntime.SessionOptions()
        options.log_severity_level = ONLY_ERRORS
        options.intra_op_num_threads = 1
        options.enable_mem_pattern = False  # lengths vary
        self._session = onnxruntime.InferenceSession(
            _model(
                [_node("Conv", ["x", *initializers], attributes=attributes)],
                ("x", (1, channels_in, 1, None)),
                ("y", (1, None, 1, None)),
                initializers,
            ),
            options,
            providers=["CPUExecutionProvider"],
        )

    def __call__(self, x: Array, out: Array | None = None) -> Array:
        """Run.

        Args:
            x: (channels in, samples), contiguous.
            out: where to write, contiguous. None: a new array.

        Returns:
            (channels out, samples that have a whole kernel of input).
        """
        n = (x.shape[1] - self._dilation * (self._kernel - 1) - 1) // self._stride + 1
        if out is None:
            out = np.empty((self.channels_out, n), np.float32)
        binding = self._session.io_binding()
        for bind, name, array in ((binding.bind_input, "x", x), (binding.bind_output, "y", out)):
            bind(name, "cpu", 0, np.float32, (1, len(array), 1, array.shape[1]), array.ctypes.data)
        self._session.run_with_iobinding(binding)
        return out


def product(weight: Array) -> bytes:
    """A model of "y" = "x" @ weight, for x (rows, columns in)."""
    x, y = ("x", (None, len(weight))), ("y", (None, None))
    return _model([_node("MatMul", ["x", "w"])], x, y, {"w": weight})


def int8_product(weight: NDArray[np.int8], scale: Array) -> bytes:
    """The same of int8 weights, each column with its scale; x becomes 8-bit as it comes."""
    x, y = ("x", (None, len(weight))), ("y", (None, None))
    node = _node("DynamicQuantizeMatMul", ["x", "w", "s"], domain=CONTRIB)
    return _model([node], x, y, {"w": weight, "s": scale})


def _model(
    nodes: Sequence[bytes],
    x: tuple[str, Shape],
    y: tuple[str, Shape],
    initializers: Mapping[str, NDArray[np.generic]],
) -> bytes:
    graph = [_field(1, node) for node in nodes] + [_text(2, "graph")]
    for name, array in initializers.items():
        kind = INT8 if array.dtype == np.int8 else FLOAT
        dims = b"".join(_number(1, size) for size in array.shape)
        head = dims + _number(2, kind) + _text(8, name)
        raw = np.ascontiguousarray(array).data.cast("B")
        size = len(head) + len(_varint(9 << 3 | 2)) + len(_varint(len(raw))) + len(raw)
        graph += [_varint(5 << 3 | 2), _varint(size), head]
        graph += [_varint(9 << 3 | 2), _varint(len(raw)), raw]
    graph += [_field(11, _value(*x)), _field(12, _value(*y))]
    head = _number(1, IR_VERSION) + _field(8, _number(2, OPSET))
    head += _field(8, _text(1, CONTRIB) + _number(2, 1))
    size = sum(len(piece) for piece in graph)
    return b"".join([head, _varint(7 << 3 | 2), _varint(size), *graph])


def _node(
    operator: str,
    inputs: Iterable[str],
    *,
    domain: str = "",
    attributes: Mapping[str, Sequence[int]] | None = None,
) -> bytes:
    node = b"".join(_text(1, name) for name in inputs) + _text(2, "y") + _text(4, operator)
    for name, values in (attributes or {}).items():
        packed = b"".join(_number(8, value) for value in values)
        node += _field(5, _text(1, name) + packed + _number(20, INTS))
    return node + (_text(7, domain) if domain else b"")


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
