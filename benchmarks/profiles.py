"""Where the time of the decoder and of a step goes, beside what a product of matrices reaches here.

    python -m benchmarks.profiles BUNDLE [--frames 64] [--into docs/performance.md]

Times are processor time on one core, the least of several runs, so that other work can only add to
them. The bundle is one of the official shape. Operations are multiplications and additions, those
of halos included: the ones that are carried out, and those that the plain sums would take.
"""

from __future__ import annotations

import argparse
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest.mock import patch

import numpy as np

import soundlet
from benchmarks.compare import machine
from benchmarks.render import existing_page, row, show
from soundlet.bundle import WEIGHTS, open_bundle
from soundlet.config import OobleckDecoderConfig
from soundlet.engines import convolution, oobleck
from soundlet.engines.convolution import Convolution
from soundlet.engines.kernels import Array, Products
from soundlet.engines.weights import Weights
from soundlet.timing import part_call

SIDE = 1024  # of the matrices whose product is the measure
RUNS = 5
STEP_OPERATIONS = 161.9e9
"""Of one float32 step of the official dit, as LiteRT's converter counts them."""

SMALL = "the algorithm's own small products"
REST = "activations, residual sums, moving samples"


class Tally:
    """Seconds and operations by what they were spent on.

    Attributes:
        seconds: of processor time.
        done: operations that were carried out.
        plain: operations that the plain sums would take.
    """

    def __init__(self) -> None:
        self.seconds: defaultdict[str, float] = defaultdict(float)
        self.done: Counter[str] = Counter()
        self.plain: Counter[str] = Counter()

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Count what the convolutions do meanwhile."""
        call, products, multiply = Convolution.__call__, Products.__call__, convolution._multiply
        taps = [1]  # of the convolution that is running; residual units call products by themselves

        def convolve(this: Convolution, x: Array, n: int) -> Array:
            taps[0] = this._n_taps
            n_in = x.shape[1]
            self.plain[f"filters of {taps[0]} taps"] += 2 * n * taps[0] * n_in * this.channels_out
            try:
                return call(this, x, n)
            finally:
                taps[0] = 1

        def multiplied(this: Products, x: Array, out: Array | None = None) -> Array:
            name = f"filters of {taps[0]} taps" if taps[0] > 1 else "filters of one tap"
            operations = 2 * x.size * this._columns_out
            self.done[name] += operations
            if taps[0] == 1:
                self.plain[name] += operations
            with self._timed(name):
                return products(this, x, out)

        def small(matrix: Array, x: Array, out: Array) -> None:
            self.done[SMALL] += 2 * out.size * matrix.shape[1]
            with self._timed(SMALL):
                multiply(matrix, x, out)

        with (
            patch.object(Convolution, "__call__", convolve),
            patch.object(Products, "__call__", multiplied),
            patch.object(convolution, "_multiply", small),
        ):
            yield

    @contextmanager
    def _timed(self, name: str) -> Iterator[None]:
        start = time.thread_time()
        yield
        self.seconds[name] += time.thread_time() - start


def least(call: Callable[[], object], runs: int = RUNS) -> float:
    """Seconds of processor time, of the quickest run after one to warm up."""
    call()
    times = []
    for _ in range(runs):
        start = time.process_time()
        call()
        times.append(time.process_time() - start)
    return min(times)


def product_rate() -> float:
    """Operations a second of one product of matrices on one core."""
    random = np.random.default_rng(0)
    x, weight = random.standard_normal((2, 1, SIDE, SIDE)).astype(np.float32)
    multiply, out = Products(weight), np.empty((1, SIDE, SIDE), np.float32)
    return 2 * SIDE**3 / least(lambda: multiply(x, out), 50)


def decoder_profile(folder: Path, n_frames: int) -> tuple[float, Tally]:
    """Seconds of a decoding, and where they went in the quickest of some."""
    bundle = open_bundle(folder)
    config = bundle.config.autoencoder.decoder.config
    if not isinstance(config, OobleckDecoderConfig):
        raise SystemExit(f"{folder} has no convolutional decoder")
    weights = Weights(bundle.folder / WEIGHTS, "decoder.")
    network = oobleck.oobleck_decoder(weights, config, threads=1)
    shape = (1, bundle.config.latent_channels, n_frames)
    latents = np.random.default_rng(0).standard_normal(shape).astype(np.float32)
    network(latents)
    found: list[tuple[float, Tally]] = []
    for _ in range(RUNS):
        tally = Tally()
        with tally.watching():
            start = time.process_time()
            network(latents)
            found.append((time.process_time() - start, tally))
    return min(found, key=lambda pair: pair[0])


def step_seconds(folder: Path) -> float:
    """Seconds of one step of the dit in its whole window."""
    model = soundlet.load(folder, threads=1)
    return least(part_call(model, "dit", model.max_seconds))


def table(rate: float, n_frames: int, decoder: tuple[float, Tally], step: float) -> list[str]:
    """A row for each thing that the time goes to."""
    seconds, tally = decoder

    def line(name: str, done: float | None, took: float, plain: float | None) -> str:
        cells = [name, f"{took:.2f} s"]
        cells += ["", ""] if done is None else [f"{done / 1e9:.1f}", f"{done / took / rate:.2f}"]
        cells += ["", ""] if plain is None else [f"{plain / 1e9:.1f}", f"{plain / took / rate:.2f}"]
        return row(cells)

    rest = seconds - sum(tally.seconds.values())
    head = ["", "time", "operations, billion", "share", "of plain sums, billion", "share"]
    return [
        f"{', '.join(machine().values())}; one core, on which a product of matrices reaches"
        f" {rate / 1e9:.0f} billion operations a second. Shares are of that.",
        "",
        row(head),
        row(["---"] * len(head)),
        line("a step of the dit, float32", STEP_OPERATIONS, step, STEP_OPERATIONS),
        line(f"decoder, {n_frames} frames", tally.done.total(), seconds, tally.plain.total()),
        *(
            line(f"of it: {name}", tally.done[name], took, tally.plain.get(name))
            for name, took in sorted(tally.seconds.items(), key=lambda item: -item[1])
        ),
        line(f"of it: {REST}", None, rest, None),
    ]


def main() -> None:
    """Print the table, or write it into a page."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("bundle", type=Path)
    parser.add_argument("--frames", type=int, default=64)
    parser.add_argument("--into", type=existing_page, help="the page to write the table into")
    given = parser.parse_args()
    rate = product_rate()
    decoder = decoder_profile(given.bundle, given.frames)
    lines = table(rate, given.frames, decoder, step_seconds(given.bundle))
    show({"profile": lines}, given.into)


if __name__ == "__main__":
    main()
