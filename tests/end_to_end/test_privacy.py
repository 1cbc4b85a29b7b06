"""What a process leaves behind in the home of its user."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from tests.end_to_end.commands import command


def test_no_library_keeps_a_record_of_the_process(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    told = {"ORT_DISABLE_TELEMETRY", "XDG_CACHE_HOME"}
    environment = {name: value for name, value in os.environ.items() if name not in told}
    for words in (
        [
            "generate",
            "kick",
            "--seconds",
            "0.5",
            "--steps",
            "2",
            "--out",
            str(tmp_path / "kick.wav"),
        ],
        ["doctor"],
    ):
        done = subprocess.run(
            command(*words),
            env={**environment, "HOME": str(home)},
            capture_output=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
    assert {path.name for path in home.rglob("*") if path.is_file()} == set()
