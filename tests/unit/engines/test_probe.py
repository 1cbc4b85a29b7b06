from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import platformdirs
import pytest

from soundlet.bundle import PARTS
from soundlet.engines import probe
from soundlet.engines.kernels import int8_product, product
from soundlet.engines.probe import Probe
from soundlet.errors import RequestError
from soundlet.precision import fastest_precision, parse_precision


def test_a_probe_is_measured_once_and_then_remembered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(platformdirs, "user_cache_path", lambda *_, **__: tmp_path)
    found = probe.probe()
    assert found.float32_seconds > 0
    assert found.int8_seconds > 0
    monkeypatch.setattr(probe, "measure", lambda: pytest.fail("measured again"))
    assert probe.probe() == found


def test_a_cache_that_is_damaged_is_measured_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(platformdirs, "user_cache_path", lambda *_, **__: tmp_path)
    monkeypatch.setattr(probe, "measure", lambda: Probe(2.0, 1.0, saturates=True))
    path = probe._cache_path()
    path.parent.mkdir(parents=True)
    path.write_text("{")
    assert probe.probe() == Probe(2.0, 1.0, saturates=True)


def test_products_of_7_bits_never_overflow() -> None:
    random = np.random.default_rng(0)
    whole = random.integers(-63, 64, (64, 32)).astype(np.int8)
    x = random.integers(0, 256, (8, 64)).astype(np.float32)  # whole numbers stay as they are
    x[:, 0], x[:, 1] = 0, 255
    session = probe._session(int8_product(whole, np.ones(32, np.float32)))
    np.testing.assert_array_equal(session.run(None, {"x": x})[0], x @ whole.astype(np.float32))


def test_graphs_written_by_hand_are_valid() -> None:
    weight = np.ones((4, 3), np.float32)
    onnx.checker.check_model(onnx.load_from_string(product(weight)), full_check=True)


@pytest.mark.parametrize(
    ("found", "chosen", "said"),
    [
        (Probe(1.1, 1.0, saturates=False), "float32", "float32: int8 products are 1.1 times"),
        (Probe(3.0, 1.0, saturates=False), "int8", "int8 conditioners and dit: int8 products"),
        (Probe(3.0, 1.0, saturates=True), "int8", "in 7 bits, since sums of 8 would overflow"),
    ],
)
def test_auto_takes_int8_where_it_is_faster_and_says_so(
    monkeypatch: pytest.MonkeyPatch, found: Probe, chosen: str, said: str
) -> None:
    monkeypatch.setattr(probe, "probe", lambda: found)
    assert fastest_precision()[0]["dit"] == chosen
    assert said in fastest_precision()[1]
    assert parse_precision("auto") == fastest_precision()[0]


def test_a_precision_is_of_all_parts_that_can_have_it_or_of_those_named() -> None:
    assert parse_precision("float16") == dict.fromkeys(PARTS, "float16")
    assert parse_precision("int8") == {"conditioners": "int8", "dit": "int8"}
    assert parse_precision("dit=int4-weights, decoder=float16") == {
        "dit": "int4-weights",
        "decoder": "float16",
    }


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("int9", "must be auto or one of float32, float16, int8, .* not 'int9'"),
        ("", "not ''"),
        ("dit=", "not ''"),
        ("vae=int8", "part must be one of conditioners, dit, decoder, encoder, not 'vae'"),
        ("dit=int8,dit=int8", "dit is there twice"),
        ("decoder=int8", "the decoder can be in float32 or float16, not int8"),
    ],
)
def test_a_precision_that_is_none_is_refused(text: str, message: str) -> None:
    with pytest.raises(RequestError, match=message):
        parse_precision(text)
