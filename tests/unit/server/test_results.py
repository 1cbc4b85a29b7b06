"""Results on disk: bounded in size and age, the oldest first, and counted right."""

from __future__ import annotations

import os
import secrets
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from soundlet.server.results import SAMPLES, Results

SIZE = 1000  # bytes of a result, and a few of its record


def add(results: Results) -> str:
    job = secrets.token_hex(16)
    (results.folder(job) / SAMPLES).write_bytes(bytes(SIZE))
    results.keep(job, {"id": job})
    return job


def opened(folder: Path, *, n_bytes: int = 10**6, seconds: float = 3600) -> Results:
    return Results(folder, max_bytes=n_bytes, max_seconds=seconds)


def on_disk(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())


def test_the_oldest_go_when_there_are_too_many(tmp_path: Path) -> None:
    results = opened(tmp_path, n_bytes=5 * SIZE)
    jobs = [add(results) for _ in range(12)]
    kept = [job for job in jobs if results.record(job)]
    assert kept == jobs[-len(kept) :]
    assert len(kept) == len(results) == 4  # the records take room too
    assert results.n_bytes == on_disk(tmp_path) <= 5 * SIZE


def test_one_that_is_larger_than_all_room_is_kept_until_the_next(tmp_path: Path) -> None:
    results = opened(tmp_path, n_bytes=SIZE // 2)
    first = add(results)
    assert results.record(first)
    second = add(results)
    assert (results.record(first), len(results)) == (None, 1)
    assert results.record(second)


def test_the_old_go_when_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    results = opened(tmp_path, seconds=60)
    old = add(results)
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + 61)
    new = add(results)
    assert (results.record(old), bool(results.record(new))) == (None, True)
    results.prune()
    assert results.n_bytes == on_disk(tmp_path)


def test_stock_is_taken_by_age(tmp_path: Path) -> None:
    results = opened(tmp_path)
    jobs = [add(results) for _ in range(3)]
    for age, job in enumerate(jobs):  # the first is the newest now
        made = time.time() - 100 * age
        os.utime(tmp_path / job, (made, made))
    again = opened(tmp_path, n_bytes=2 * SIZE)
    assert [job for job in jobs if again.record(job)] == jobs[:1]
    assert again.n_bytes == on_disk(tmp_path)


def test_what_is_dropped_is_not_counted(tmp_path: Path) -> None:
    results = opened(tmp_path)
    job = add(results)
    results.drop(job)
    results.drop(secrets.token_hex(16))  # of which there is nothing
    assert (len(results), results.n_bytes, list(tmp_path.iterdir())) == (0, 0, [])
    assert results.file(job, "wav", None) is None


def test_half_made_results_are_left_alone_while_they_are_young(tmp_path: Path) -> None:
    folder = tmp_path / secrets.token_hex(16)
    folder.mkdir()
    (folder / SAMPLES).touch()
    opened(tmp_path)
    assert folder.exists()
    os.utime(folder, (0, 0))
    opened(tmp_path)
    assert not folder.exists()


def test_a_format_that_many_ask_for_at_once_is_counted_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    results = opened(tmp_path)
    job = add(results)
    all_encode = threading.Barrier(4, timeout=10)

    def encoded(*_: object) -> bytes:
        all_encode.wait()
        return bytes(SIZE)

    monkeypatch.setattr(results, "_encoded", encoded)
    with ThreadPoolExecutor(4) as pool:
        paths = list(pool.map(lambda _: results.file(job, "flac", None), range(4)))
    assert paths == 4 * [tmp_path / job / "sound-16.flac"]
    assert results.n_bytes == on_disk(tmp_path)


def test_a_result_that_is_dropped_while_it_is_encoded_is_not_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    results = opened(tmp_path)
    job = add(results)

    def encoded(*_: object) -> bytes:
        results.drop(job)
        return bytes(SIZE)

    monkeypatch.setattr(results, "_encoded", encoded)
    assert results.file(job, "flac", None) is None
    assert list(tmp_path.iterdir()) == []
