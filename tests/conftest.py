"""One bundle of the tiny model of the golden tensors, for all tests that run it."""

from __future__ import annotations

from pathlib import Path

import pytest

from soundlet.convert import convert_checkpoint

TINY = Path(__file__).parent / "parity" / "golden" / "tiny"


@pytest.fixture(scope="session")
def tiny_bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the bundle. It is shared: copy it before changing anything in it."""
    dest = tmp_path_factory.mktemp("bundles") / "tiny"
    return convert_checkpoint(TINY, dest, precision="float32").folder
