"""Files that are there whole or not at all."""

from __future__ import annotations

import errno
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from soundlet.errors import SoundletError
from soundlet.whole_files import make_folder, write_whole


@contextmanager
def small_files() -> Iterator[None]:
    """No file can grow past ten bytes, as on a disk that is all but full; nor can a test's log."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_file_for_which_there_is_no_room_is_named_and_the_old_one_is_left(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    write_whole(path, b"old")
    with pytest.raises(OSError, match=r"a\.txt") as caught, small_files():
        write_whole(path, bytes(100))
    assert (caught.value.errno, caught.value.filename) == (errno.EFBIG, str(path))
    assert [(each.name, each.read_bytes()) for each in tmp_path.iterdir()] == [("a.txt", b"old")]


def test_a_file_that_cannot_be_put_in_its_place_is_named_alone(tmp_path: Path) -> None:
    (tmp_path / "a.txt").mkdir()
    with pytest.raises(IsADirectoryError) as caught:
        write_whole(tmp_path / "a.txt", b"new")
    assert str(caught.value).endswith(f"'{tmp_path / 'a.txt'}'")
    assert ".part" not in str(caught.value)


def test_a_folder_that_nothing_can_be_written_to_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_folder(tmp_path / "a" / "b")
    monkeypatch.setattr("os.access", lambda *_: False)
    with pytest.raises(SoundletError, match=r"b cannot be written to: name another"):
        make_folder(tmp_path / "a" / "b")
