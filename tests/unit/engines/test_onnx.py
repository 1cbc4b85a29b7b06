"""Graphs that ONNX Runtime does not read as they should be are refused in one line."""

from __future__ import annotations

from pathlib import Path

import pytest

from soundlet.bundle import default_bundle
from soundlet.engines.onnx import CPU, open_session, session_options
from soundlet.errors import EngineError


def test_a_graph_of_an_operator_whose_name_is_no_text_cannot_be_loaded(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for file in default_bundle().iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    path = tmp_path / "conditioners.onnx"
    path.write_bytes(path.read_bytes().replace(b"MatMul", b"MatMu\xff"))
    with pytest.raises(EngineError, match=r"conditioners\.onnx cannot be loaded: \S"):
        open_session(path, session_options(1), [CPU])
    assert capsys.readouterr().out == ""
