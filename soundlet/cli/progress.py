"""One line of progress on a terminal; nothing anywhere else."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

WIDTH = 24  # characters of the bar

Show = Callable[[str, int, int], None]
"""Called with (what is going on, steps done, steps in all); 0 in all shows no bar."""


@contextmanager
def progress_line(*, quiet: bool = False) -> Iterator[Show]:
    """Show progress on stderr while the block runs, and clear the line after it."""
    if quiet or sys.stderr is None or not sys.stderr.isatty():
        yield lambda _label, _done, _total: None
        return
    widest = 0

    def write(line: str) -> None:
        nonlocal widest
        widest = max(widest, len(line))
        sys.stderr.write(f"\r{line:<{widest}}\r")
        sys.stderr.flush()

    def show(label: str, done: int, total: int) -> None:
        filled = WIDTH * done // total if total else 0
        bar = f" [{'#' * filled}{'-' * (WIDTH - filled)}] {done}/{total}" if total else " ..."
        write(label + bar)

    try:
        yield show
    finally:
        write("")
