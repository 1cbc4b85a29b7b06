"""The Oobleck networks for a CPU: every level in tiles that fit its cache, one tile to a core.

Convolutions are ONNX Runtime's, for blocked layouts (see `kernels`); what lies between them is
NumPy, whose sine takes a quarter of the time of ONNX Runtime's. A tile computes just the samples
that the kept ones depend on, and puts zeros where the clip ends, so that the sound is that of the
network run on the whole.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from soundlet.config import OobleckDecoderConfig, OobleckEncoderConfig
from soundlet.engines.kernels import Array, Convolution
from soundlet.engines.tiling import tiles
from soundlet.engines.weights import Weights

DILATIONS = (1, 3, 9)

TILE_NUMBERS = 2**19
"""Most numbers of one array of a tile: 2 MB. `benchmarks/tiles.py` shows that half and double take
the same time; less costs halo, more falls out of the cache."""

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
        self._rate = np.exp(weights[f"{name}.alpha"])[:, None]
        self._depth = 1 / (np.exp(weights[f"{name}.beta"]) + np.float32(1e-9))[:, None]

    def __call__(self, x: Array, out: Array) -> None:
        np.multiply(x, self._rate, out=out)
        np.sin(out, out=out)
        np.multiply(out, out, out=out)
        np.multiply(out, self._depth, out=out)
        np.add(out, x, out=out)


class Filter:
    """A convolution with padding, after an activation if there is one."""

    def __init__(
        self, weights: Weights, name: str, *, snake: str | None = None, has_bias: bool = True
    ) -> None:
        weight = weights[f"{name}.weight"]
        self._reach = weight.shape[2] // 2
        self._convolution = Convolution(weight, weights[f"{name}.bias"] if has_bias else None)
        self._snake = None if snake is None else Snake(weights, snake)
        self.channels_out = len(weight)

    def length(self, n: int) -> int:
        return n

    def needs(self, wanted: Range) -> Range:
        return wanted[0] - self._reach, wanted[1] + self._reach

    def __call__(self, x: Array, given: Range, wanted: Range) -> Array:
        return self._convolution(padded(x, given, self.needs(wanted), self._snake))


class Unit:
    """A residual unit: `x + mix(snake(spread(snake(x))))`."""

    def __init__(self, weights: Weights, name: str, dilation: int) -> None:
        self._snakes = Snake(weights, f"{name}.layers.0"), Snake(weights, f"{name}.layers.2")
        self._spread = Convolution(
            weights[f"{name}.layers.1.weight"],
            weights[f"{name}.layers.1.bias"],
            dilation=dilation,
        )
        self._mix = Convolution(
            weights[f"{name}.layers.3.weight"], weights[f"{name}.layers.3.bias"]
        )
        self._reach = 3 * dilation
        self.channels_out = self._mix.channels_out

    def length(self, n: int) -> int:
        return n

    def needs(self, wanted: Range) -> Range:
        return wanted[0] - self._reach, wanted[1] + self._reach

    def __call__(self, x: Array, given: Range, wanted: Range) -> Array:
        first, second = self._snakes
        spread = self._spread(padded(x, given, self.needs(wanted), first))
        active = np.empty_like(spread)
        second(spread, active)
        out = self._mix(active, out=spread)
        out += x[:, wanted[0] - given[0] : wanted[1] - given[0]]
        return out


class Upsample:
    """An activation, then a transposed convolution whose kernel is two strides long.

    Each output hears two inputs, so it is a convolution of kernel 2 with `stride` times the
    channels, whose outputs are then put one after the other.
    """

    def __init__(self, weights: Weights, name: str, stride: int) -> None:
        weight = weights[f"{name}.layers.1.weight"]  # (in, out, 2 * stride)
        n_in, self.channels_out, _ = weight.shape
        taps = weight.reshape(n_in, self.channels_out, 2, stride)[:, :, ::-1]  # older input first
        weight = taps.transpose(1, 3, 0, 2).reshape(-1, n_in, 2)
        bias = np.repeat(weights[f"{name}.layers.1.bias"], stride)
        self._convolution = Convolution(np.ascontiguousarray(weight), bias)
        self._snake = Snake(weights, f"{name}.layers.0")
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
        phases = self._convolution(padded(x, given, self.needs(wanted), self._snake))
        phases = phases.reshape(self.channels_out, self._stride, -1)
        whole = phases.transpose(0, 2, 1).reshape(self.channels_out, -1)
        start = wanted[0] + self._padding - self._groups(wanted)[0] * self._stride
        return whole[:, start : start + wanted[1] - wanted[0]]


class Downsample:
    """An activation, then a convolution with a stride whose kernel is two strides long."""

    def __init__(self, weights: Weights, name: str, stride: int) -> None:
        at = len(DILATIONS)
        self._convolution = Convolution(
            weights[f"{name}.layers.{at + 1}.weight"],
            weights[f"{name}.layers.{at + 1}.bias"],
            stride=stride,
        )
        self._snake = Snake(weights, f"{name}.layers.{at}")
        self._stride, self._padding = stride, stride // 2
        self.channels_out = self._convolution.channels_out

    def length(self, n: int) -> int:
        return n // self._stride

    def needs(self, wanted: Range) -> Range:
        first = wanted[0] * self._stride - self._padding
        return first, (wanted[1] + 1) * self._stride - self._padding

    def __call__(self, x: Array, given: Range, wanted: Range) -> Array:
        return self._convolution(padded(x, given, self.needs(wanted), self._snake))


def padded(x: Array, given: Range, wanted: Range, snake: Snake | None) -> Array:
    """Samples `wanted` of the activation of `x`, which has `given` ones; zero beyond those."""
    out = np.empty((len(x), wanted[1] - wanted[0]), np.float32)
    first, end = max(given[0], wanted[0]), min(given[1], wanted[1])
    inner = out[:, first - wanted[0] : end - wanted[0]]
    source = x[:, first - given[0] : end - given[0]]
    if snake is None:
        inner[:] = source
    else:
        snake(source, inner)
    out[:, : first - wanted[0]] = 0
    out[:, end - wanted[0] :] = 0
    return out


@dataclass(frozen=True)
class Level:
    """Layers that are run together on each tile; `width` is that of the widest array of it."""

    layers: Sequence[Layer]
    width: int

    def run(self, x: Array, pool: ThreadPoolExecutor, threads: int) -> Array:
        """(channels, samples) to (channels out, samples out)."""
        lengths = [x.shape[1]]
        for layer in self.layers:
            lengths.append(layer.length(lengths[-1]))
        whole = np.empty((self.layers[-1].channels_out, lengths[-1]), np.float32)
        ratio = max(lengths) / lengths[-1]

        def run_tile(wanted: Range) -> None:
            ranges = [wanted]
            for layer, length in zip(self.layers[::-1], lengths[-2::-1], strict=True):
                first, end = layer.needs(ranges[-1])
                ranges.append((max(first, 0), min(end, length)))
            ranges.reverse()
            y = x[:, slice(*ranges[0])]
            for layer, given, needed in zip(self.layers, ranges, ranges[1:], strict=False):
                y = layer(y, given, needed)
            whole[:, slice(*wanted)] = y

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
        for level in self._levels:
            x = level.run(x, self._pool, self._threads)
        return np.tanh(x) if self._tanh else x


def oobleck_decoder(
    weights: Weights, config: OobleckDecoderConfig, *, threads: int
) -> OobleckNetwork:
    """The decoder whose tensors `weights` holds: latents in, audio out."""
    widths = [multiple * config.channels for multiple in (1, *config.c_mults)]
    levels: list[Level] = []
    layers: list[Layer] = [Filter(weights, "layers.0")]
    for i, (stride, width) in enumerate(zip(config.strides[::-1], widths[-2::-1], strict=True)):
        name = f"layers.{i + 1}"
        layers.append(Upsample(weights, name, stride))
        units = enumerate(DILATIONS, start=2)
        layers += [Unit(weights, f"{name}.layers.{k}", dilation) for k, dilation in units]
        if i == len(config.strides) - 1:
            end = len(config.strides) + 1
            layers.append(
                Filter(weights, f"layers.{end + 1}", snake=f"layers.{end}", has_bias=False)
            )
        levels.append(Level(layers, width))
        layers = []
    return OobleckNetwork(levels, threads=threads, tanh=config.final_tanh)


def oobleck_encoder(
    weights: Weights, config: OobleckEncoderConfig, *, threads: int
) -> OobleckNetwork:
    """The encoder whose tensors `weights` holds: audio in, mean and scale of latents out."""
    widths = [multiple * config.channels for multiple in (1, *config.c_mults)]
    levels: list[Level] = []
    layers: list[Layer] = [Filter(weights, "layers.0")]
    for i, (stride, width) in enumerate(zip(config.strides, widths[:-1], strict=True)):
        name = f"layers.{i + 1}"
        units = enumerate(DILATIONS)
        layers += [Unit(weights, f"{name}.layers.{k}", dilation) for k, dilation in units]
        layers.append(Downsample(weights, name, stride))
        levels.append(Level(layers, width))
        layers = []
    end = len(config.strides) + 1
    last = Filter(weights, f"layers.{end + 1}", snake=f"layers.{end}")
    levels.append(Level([last], widths[-1]))
    return OobleckNetwork(levels, threads=threads)
