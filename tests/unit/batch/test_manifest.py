from __future__ import annotations

from pathlib import Path
from typing import Any, BinaryIO

import pytest

from soundlet.batch import manifest
from soundlet.batch.manifest import LOCK, MANIFEST, Manifest, locked
from soundlet.errors import AudioError, RequestError


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


def test_a_lock_that_was_let_go_while_it_was_opened_is_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, lock = locked(tmp_path), manifest._lock

    def lock_late(file: BinaryIO) -> bool:
        monkeypatch.setattr(manifest, "_lock", lock)
        first.__exit__(None, None, None)
        return lock(file)

    first.__enter__()
    monkeypatch.setattr(manifest, "_lock", lock_late)
    with locked(tmp_path), pytest.raises(RequestError, match="another batch"), locked(tmp_path):
        pass
    assert not list(tmp_path.iterdir())


def test_a_lock_is_held_until_its_file_is_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    unlink, refused = Path.unlink, []

    def unlink_late(path: Path, **options: Any) -> None:
        with pytest.raises(RequestError, match="another batch"), locked(tmp_path):
            pass
        refused.append(path.name)
        unlink(path, **options)

    with locked(tmp_path):
        monkeypatch.setattr(Path, "unlink", unlink_late)
    assert refused == [manifest.LOCK]


def test_a_batch_that_fails_leaves_no_lock(tmp_path: Path) -> None:
    with pytest.raises(KeyError), locked(tmp_path):
        raise KeyError
    assert not list(tmp_path.iterdir())


def test_what_cannot_be_read_or_written_is_told(tmp_path: Path) -> None:
    manifest = Manifest(tmp_path)
    (tmp_path / MANIFEST).mkdir()
    with pytest.raises(AudioError, match=f"{MANIFEST} cannot be written: Is a directory"):
        manifest.add({"file": "a.wav"})
    with pytest.raises(AudioError, match=f"{MANIFEST} cannot be written: Is a directory"):
        manifest.keep([])
    with pytest.raises(AudioError, match=f"{MANIFEST} cannot be read: Is a directory"):
        Manifest(tmp_path)
    (tmp_path / LOCK).mkdir()
    with pytest.raises(AudioError, match=f"{LOCK} cannot be written"), locked(tmp_path):
        pass
