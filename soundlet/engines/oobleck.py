"""The Oobleck networks for a CPU: every level in tiles that fit its cache, one tile to a core.

Convolutions are products of matrices (see `convolution`); what lies between them is NumPy, whose
sine takes a quarter of the time of ONNX Runtime's. A tile computes just the samples that the kept
ones depend on, and puts zeros where the clip ends, so that the sound is that of the network run on
the whole. Arrays are (samples, channels).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from soundlet.config import OobleckDecoderConfig, OobleckEncoderConfig
from soundlet.engines.convolution import Convolution, Scratch
from soundlet.engines.kernels import Array, Products
from soundlet.engines.tiling import tiles
from soundlet.engines.weights import Weights

DILATIONS = (1, 3, 9)

TILE_NUMBERS = 2**19
"""Most numbers of one array of a tile: 2 MB. `benchmarks/tiles.py` shows that half and double take
the same time; less costs halo, more falls out of the cache."""

PIECE_NUMBERS = 2**16
"""Numbers of an array that pass through the steps of an activation at once: 256 kB."""

SMALLEST_TILE = 128  # samples; below it halos are most of the work

Range = tuple[int, int]
"""First sample, and the one after the last."""


class Layer(Protocol):
    """Something that turns a range of samples of its input into a range of its output."""

    channels_out: int

    def length(self, n: int) -> int:
        """Samples out for so many in."""

    def needs(self, wanted: Range) -> Range:
        """Samples of the input that `wanted` ones depend on; may reach beyond its ends."""

    def __call__(self, x: Array, given: Range, wanted: Range) -> Array:
        """Samples `wanted` of the output, of samples `given` of the input, which it may change."""


class Snake:
    """`x + sin²(alpha x) / beta`: see `soundlet.models.oobleck.SnakeBeta`."""

    def __init__(self, weights: Weights, name: str) -> None:
        self.rate: Array = np.exp(weights[f"{name}.alpha"])
        self.depth: Array = np.reciprocal(np.exp(weights[f"{name}.beta"]) + np.float32(1e-9))

    def __call__(self, x: Array, out: Array) -> None:
        for rows in pieces(x):
            part = out[rows]
            np.multiply(x[rows], self.rate, out=part)
            np.sin(part, out=part)
            np.multiply(part, part, out=part)
            np.multiply(part, self.depth, out=part)
            np.add(part, x[rows], out=part)


def pieces(x: Array) -> Iterator[slice]:
    """Rows of `x`, so many at a time that several arrays of them stay in the nearest cache."""
    step = max(1, PIECE_NUMBERS // x.shape[1])
    for first in range(0, len(x), step):
        yield slice(first, first + step)


class Filtered:
    """An activation if there is one, then a convolution, on samples with zeros around them."""

    def __init__(self, snake: Snake | None, convolution: Convolution, scratch: Scratch) -> None:
        self._snake, self._convolution, self._scratch = snake, convolution, scratch

    def __call__(self, x: Array, given: Range, needed: Range, n: int, *, stride: int = 1) -> Array:
        """`n` rows of the convolution, in the scratch.

        Args:
            x: samples `given` of the input.
            given: all that there are from `needed`; beyond are the ends of the clip.
            needed: samples that the output depends on.
            n: rows of output.
            stride: samples in a row of what the convolution is given.
        """
        padded = self._scratch.array("padded", self._convolution.n_rows(n) * stride, x.shape[1])
        first, end = max(given[0], needed[0]), min(given[1], needed[1])
        inner = padded[first - needed[0] : end - needed[0]]
        source = x[first - given[0] : end - given[0]]
        if self._snake is None:
            inner[:] = source
        else:
            self._snake(source, inner)
        padded[: first - needed[0]] = 0
        padded[end - needed[0] :] = 0
        return self._convolution(padded.reshape(-1, stride * x.shape[1]), n)


class Filter:
    """A convolution with padding, after an activation if there is one."""

    def __init__(
        self,
        weights: Weights,
        name: str,
        scratch: Scratch,
        *,
        snake: str | None = None,
        has_bias: bool = True,
    ) -> None:
        weight = weights[f"{name}.weight"]
        bias = weights[f"{name}.bias"] if has_bias else None
        self._filtered = Filtered(
            None if snake is None else Snake(weights, snake),
            Convolution(weight, bias, scratch, out="filtered"),
            scratch,
        )
        self._reach = weight.shape[2] // 2
        self.channels_out = len(weight)

    def length(self, n: int) -> int:
        return n

    def needs(self, wanted: Range) -> Range:
        return wanted[0] - self._reach, wanted[1] + self._reach

    def __call__(self, x: Array, given: Range, wanted: Range) -> Array:
        return self._filtered(x, given, self.needs(wanted), wanted[1] - wanted[0])


class Unit:
    """A residual unit: `x + mix(snake(spread(snake(x))))`.

    What the second activation multiplies its input by is in the weights of `spread`, and taken out
    again in those of `mix`.
    """

    def __init__(self, weights: Weights, name: str, dilation: int, scratch: Scratch) -> None:
        second = Snake(weights, f"{name}.layers.2")
        spread = Convolution(
            weights[f"{name}.layers.1.weight"] * second.rate[:, None, None],
            weights[f"{name}.layers.1.bias"] * second.rate,
            scratch,
            out="spread",
            dilation=dilation,
        )
        self._spread = Filtered(Snake(weights, f"{name}.layers.0"), spread, scratch)
        self._depth = second.rate * second.depth
        mix: Array = weights[f"{name}.layers.3.weight"][:, :, 0] / second.rate
        self._mix = Products(mix.T[None], {0: weights[f"{name}.layers.3.bias"]})
        self._reach = 3 * dilation
        self._scratch = scratch
        self.channels_out = len(mix)

    def length(self, n: int) -> int:
        return n

    def needs(self, wanted: Range) -> Range:
        return wanted[0] - self._reach, wanted[1] + self._reach

    def __call__(self, x: Array, given: Range, wanted: Range) -> Array:
        whole = self._spread(x, given, self.needs(wanted), wanted[1] - wanted[0])
        out = x[wanted[0] - given[0] : wanted[1] - given[0]]
        for rows in pieces(whole):
            spread = whole[rows]
            active = self._scratch.array("active", *spread.shape)
            np.sin(spread, out=active)
            np.multiply(active, active, out=active)
            np.multiply(active, self._depth, out=active)
            np.add(active, spread, out=active)
            (mixed,) = self._mix(active[None], self._scratch.array("mixed", 1, *spread.shape))
            out[rows] += mixed
        return out


class Upsample:
    """An activation, then a transposed convolution whose kernel is two strides long.

    Each output hears two inputs, so it is a convolution of kernel 2 with `stride` times the
    channels: a row of it holds `stride` rows of output.
    """

    def __init__(self, weights: Weights, name: str, stride: int, scratch: Scratch) -> None:
        weight = weights[f"{name}.layers.1.weight"]  # (in, out, 2 * stride)
        n_in, self.channels_out, _ = weight.shape
        taps = weight.reshape(n_in, self.channels_out, 2, stride)[:, :, ::-1]  # older input first
        convolution = Convolution(
            taps.transpose(3, 1, 0, 2).reshape(-1, n_in, 2),
            np.tile(weights[f"{name}.layers.1.bias"], stride),
            scratch,
            out="upsampled",
        )
        self._filtered = Filtered(Snake(weights, f"{name}.layers.0"), convolution, scratch)
        self._stride, self._padding = stride, stride // 2

    def length(self, n: int) -> int:
        return n * self._stride

    def _groups(self, wanted: Range) -> Range:
        """Groups of `stride` outputs, each of input i - 1 and i, that hold the samples wanted."""
        first, last = wanted[0] + self._padding, wanted[1] - 1 + self._padding
        return first // self._stride, last // self._stride + 1

    def needs(self, wanted: Range) -> Range:
        first, end = self._groups(wanted)
        return first - 1, end

    def __call__(self, x: Array, given: Range, wanted: Range) -> Array:
        first, end = self._groups(wanted)
        groups = self._filtered(x, given, (first - 1, end), end - first)
        start = wanted[0] + self._padding - first * self._stride
        return groups.reshape(-1, self.channels_out)[start : start + wanted[1] - wanted[0]]


class Downsample:
    """An activation, then a convolution with a stride whose kernel is two strides long.

    With `stride` samples in a row it is one of kernel 2 without a stride.
    """

    def __init__(self, weights: Weights, name: str, stride: int, scratch: Scratch) -> None:
        at = len(DILATIONS)
        weight = weights[f"{name}.layers.{at + 1}.weight"]  # (out, in, 2 * stride)
        self.channels_out, n_in, _ = weight.shape
        taps = weight.reshape(self.channels_out, n_in, 2, stride).transpose(0, 3, 1, 2)
        convolution = Convolution(
            taps.reshape(self.channels_out, -1, 2),
            weights[f"{name}.layers.{at + 1}.bias"],
            scratch,
            out="downsampled",
        )
        self._filtered = Filtered(Snake(weights, f"{name}.layers.{at}"), convolution, scratch)
        self._stride, self._padding = stride, stride // 2

    def length(self, n: int) -> int:
        return n // self._stride

    def needs(self, wanted: Range) -> Range:
        first = wanted[0] * self._stride - self._padding
        return first, (wanted[1] + 1) * self._stride - self._padding

    def __call__(self, x: Array, given: Range, wanted: Range) -> Array:
        n = wanted[1] - wanted[0]
        return self._filtered(x, given, self.needs(wanted), n, stride=self._stride)


@dataclass(frozen=True)
class Level:
    """Layers that are run together on each tile; `width` is that of the widest array of it."""

    layers: Sequence[Layer]
    width: int
    scratch: Scratch

    def run(self, x: Array, pool: ThreadPoolExecutor, threads: int) -> Array:
        """(samples, channels) to (samples out, channels out)."""
        lengths = [len(x)]
        for layer in self.layers:
            lengths.append(layer.length(lengths[-1]))
        whole = np.empty((lengths[-1], self.layers[-1].channels_out), np.float32)
        ratio = max(lengths) / lengths[-1]

        def run_tile(wanted: Range) -> None:
            ranges = [wanted]
            for layer, length in zip(self.layers[::-1], lengths[-2::-1], strict=True):
                first, end = layer.needs(ranges[-1])
                ranges.append((max(first, 0), min(end, length)))
            ranges.reverse()
            y = self.scratch.array("tile", ranges[0][1] - ranges[0][0], x.shape[1])
            y[:] = x[slice(*ranges[0])]
            for layer, given, needed in zip(self.layers, ranges, ranges[1:], strict=False):
                y = layer(y, given, needed)
            whole[slice(*wanted)] = y

        size = max(1, int(TILE_NUMBERS / self.width / ratio))
        for _ in pool.map(run_tile, even_tiles(lengths[-1], size, threads)):
            pass  # raises what a tile raised
        return whole


def even_tiles(length: int, size: int, threads: int) -> list[Range]:
    """Tiles of at most `size` samples, as many to each thread, unless they become too small."""
    count = -(-length // size)
    count = -(-count // threads) * threads
    return list(tiles(length, max(-(-length // count), min(size, SMALLEST_TILE))))


class OobleckNetwork:
    """A decoder or an encoder: (batch, channels, samples) to the same, by its levels."""

    def __init__(self, levels: Sequence[Level], *, threads: int, tanh: bool = False) -> None:
        self._levels, self._threads, self._tanh = levels, threads, tanh
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="soundlet-tile")

    def __call__(self, batch: Array) -> Array:
        return np.stack([self._run(item) for item in batch])

    def _run(self, x: Array) -> Array:
        x = np.ascontiguousarray(x.T)
        for level in self._levels:
            x = level.run(x, self._pool, self._threads)
        return np.tanh(x.T) if self._tanh else np.ascontiguousarray(x.T)


def oobleck_decoder(
    weights: Weights, config: OobleckDecoderConfig, *, threads: int
) -> OobleckNetwork:
    """The decoder whose tensors `weights` holds: latents in, audio out."""
    widths = [multiple * config.channels for multiple in (1, *config.c_mults)]
    scratch = Scratch()
    levels: list[Level] = []
    layers: list[Layer] = [Filter(weights, "layers.0", scratch)]
    for i, (stride, width) in enumerate(zip(config.strides[::-1], widths[-2::-1], strict=True)):
        name = f"layers.{i + 1}"
        layers.append(Upsample(weights, name, stride, scratch))
        units = enumerate(DILATIONS, start=2)
        layers += [Unit(weights, f"{name}.layers.{k}", dilation, scratch) for k, dilation in units]
        if i == len(config.strides) - 1:
            end = len(config.strides) + 1
            layers.append(
                Filter(weights, f"layers.{end + 1}", scratch, snake=f"layers.{end}", has_bias=False)
            )
        levels.append(Level(layers, width, scratch))
        layers = []
    return OobleckNetwork(levels, threads=threads, tanh=config.final_tanh)


def oobleck_encoder(
    weights: Weights, config: OobleckEncoderConfig, *, threads: int
) -> OobleckNetwork:
    """The encoder whose tensors `weights` holds: audio in, mean and scale of latents out."""
    widths = [multiple * config.channels for multiple in (1, *config.c_mults)]
    scratch = Scratch()
    levels: list[Level] = []
    layers: list[Layer] = [Filter(weights, "layers.0", scratch)]
    for i, (stride, width) in enumerate(zip(config.strides, widths[:-1], strict=True)):
        name = f"layers.{i + 1}"
        units = enumerate(DILATIONS)
        layers += [Unit(weights, f"{name}.layers.{k}", dilation, scratch) for k, dilation in units]
        layers.append(Downsample(weights, name, stride, scratch))
        levels.append(Level(layers, width, scratch))
        layers = []
    end = len(config.strides) + 1
    last = Filter(weights, f"layers.{end + 1}", scratch, snake=f"layers.{end}")
    levels.append(Level([last], widths[-1], scratch))
    return OobleckNetwork(levels, threads=threads)
