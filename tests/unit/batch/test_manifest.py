from __future__ import annotations

from pathlib import Path

import pytest

from soundlet.batch.manifest import MANIFEST, Manifest, locked
from soundlet.errors import RequestError


def test_records_come_back(tmp_path: Path) -> None:
    Manifest(tmp_path).add({"file": "a.wav", "seed": 1})
    again = Manifest(tmp_path)
    again.add({"file": "b.wav", "seed": 2})
    assert Manifest(tmp_path).records == {
        "a.wav": {"file": "a.wav", "seed": 1},
        "b.wav": {"file": "b.wav", "seed": 2},
    }


@pytest.mark.parametrize("cut", range(1, 26))
def test_a_last_line_that_is_not_whole_is_dropped(tmp_path: Path, cut: int) -> None:
    manifest = Manifest(tmp_path)
    manifest.add({"file": "a.wav", "seed": 1})
    manifest.add({"file": "b.wav", "seed": 2})
    path = tmp_path / MANIFEST
    path.write_bytes(path.read_bytes()[:-cut])
    again = Manifest(tmp_path)
    assert "a.wav" in again.records
    again.add({"file": "c.wav", "seed": 3})
    assert set(Manifest(tmp_path).records) >= {"a.wav", "c.wav"}


def test_the_end_keeps_what_is_listed_in_its_order(tmp_path: Path) -> None:
    manifest = Manifest(tmp_path)
    for name in ("c", "a", "b"):
        manifest.add({"file": name})
    manifest.keep(["a", "b", "missing"])
    assert list(Manifest(tmp_path).records) == ["a", "b"]
    assert [path.name for path in tmp_path.iterdir()] == [MANIFEST]


def test_two_batches_do_not_share_a_folder(tmp_path: Path) -> None:
    with locked(tmp_path), pytest.raises(RequestError, match="another batch"), locked(tmp_path):
        pass
    with locked(tmp_path):
        pass
    assert not list(tmp_path.iterdir())
