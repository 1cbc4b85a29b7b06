"""Operations counted while the decoder runs, and what they are set beside."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from benchmarks import optimised_graphs
from benchmarks.profiles import REST, SMALL, Tally, decoder_profile, table
from soundlet.bundle import open_bundle
from soundlet.engines.convolution import Convolution, Scratch
from soundlet.engines.kernels import Products


def test_a_filter_of_seven_taps_takes_a_third_of_the_products() -> None:
    weight = np.ones((64, 32, 7), np.float32)
    convolution = Convolution(weight, None, Scratch(), out="out")
    n, tally = 600, Tally()
    x = np.zeros((convolution.n_rows(n), 32), np.float32)
    with tally.watching():
        convolution(x, n)
        Products(np.ones((1, 32, 16), np.float32))(x[None, :10])
    convolution(x, n)  # not watched
    plain = 2 * n * 7 * 32 * 64
    assert tally.plain == {"filters of 7 taps": plain, "filters of one tap": 2 * 10 * 32 * 16}
    assert tally.done["filters of 7 taps"] == plain * 14 // 42
    assert tally.done["filters of one tap"] == 2 * 10 * 32 * 16
    assert 0 < tally.done[SMALL] < plain
    assert tally.seconds.keys() == tally.done.keys()


def test_the_table_adds_up(tiny_bundle: Path) -> None:
    seconds, tally = decoder_profile(tiny_bundle, 4)
    assert 0 < sum(tally.seconds.values()) <= seconds
    tally.seconds.update(dict.fromkeys(tally.seconds, 0.5))
    tally.done.clear()
    tally.done.update({SMALL: 500_000_000_000})
    lines = table(1e12, 4, (4.0, tally), step=0.2)
    assert "| a step of the dit, float32 | 0.20 s | 161.9 | 0.81 | 161.9 | 0.81 |" in lines
    assert next(line for line in lines if "decoder, 4" in line).startswith(
        "| decoder, 4 frames | 4.00 s | 500.0 | 0.12 |"
    )
    left = 4 - 0.5 * len(tally.seconds)
    assert f"| of it: {REST} | {left:.2f} s |  |  |  |  |" in lines


def test_a_model_without_a_convolutional_decoder_is_refused() -> None:
    with pytest.raises(SystemExit, match="has no convolutional decoder"):
        decoder_profile(open_bundle().folder, 4)


def test_an_optimised_graph_loads_from_its_own_folder(tiny_bundle: Path, tmp_path: Path) -> None:
    whole = tiny_bundle / "conditioners.onnx"
    graph = optimised_graphs.optimised(whole, tmp_path)
    assert graph.parent == tmp_path
    assert optimised_graphs.seconds_to_load(graph, optimise=False) > 0
    assert optimised_graphs.seconds_to_load(whole, optimise=True) > 0
