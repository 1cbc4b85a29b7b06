"""Every test of the product runs in an empty folder, with the tiny model at hand."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.end_to_end.commands import TINY_SOURCE


@pytest.fixture
def tiny(tiny_bundle: Path) -> Path:
    """The bundle of the tiny model, to be read only."""
    return tiny_bundle


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A copy of the tiny checkpoint, to be damaged."""
    folder = tmp_path / "source"
    shutil.copytree(TINY_SOURCE, folder)
    return folder


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Every test runs in an empty folder of its own."""
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder
