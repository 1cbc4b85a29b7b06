"""Progress is for terminals only."""

from __future__ import annotations

import io
import sys

import pytest

from soundlet.cli.progress import progress_line


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_terminal_sees_one_line_that_is_cleared(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    with progress_line() as show:
        show("loading", 0, 0)
        show("generating", 4, 8)
    lines = terminal.getvalue().split("\r")
    assert "loading ..." in lines[1]
    assert "generating [############------------] 4/8" in lines
    assert "\n" not in terminal.getvalue()
    assert not lines[-2].strip()
    assert len(lines[-2]) == len("generating [############------------] 4/8")


def test_the_line_is_cleared_after_an_error_too(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)

    def fail_midway() -> None:
        with progress_line() as show:
            show("generating", 1, 8)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail_midway()
    assert terminal.getvalue().endswith(" \r")


def test_a_pipe_and_quiet_see_nothing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with progress_line() as show:
        show("generating", 1, 8)
    assert capsys.readouterr().err == ""
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    with progress_line(quiet=True) as show:
        show("generating", 1, 8)
    assert terminal.getvalue() == ""


def test_nobody_sees_it_where_stderr_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", None)
    with progress_line() as show:
        show("generating", 1, 8)
