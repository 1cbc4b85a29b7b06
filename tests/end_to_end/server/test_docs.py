"""The blocks of docs/server.md that need a running server, with one."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from soundlet.bundle import default_bundle
from tests.end_to_end.server.conftest import serving

PAGE = Path(__file__).parents[3] / "docs" / "server.md"
BLOCK = re.compile(
    r"<!-- not run: needs a running server -->\n```(bash|python)\n(.*?)```", re.DOTALL
)


@pytest.mark.slow
def test_the_examples_of_the_page_run(
    here: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(here)
    names: dict[str, object] = {}
    blocks = BLOCK.findall(PAGE.read_text(encoding="utf-8"))
    assert len(blocks) == 4
    with serving(default_bundle(), tmp_path) as server:
        for language, code in blocks:
            own = code.replace("http://127.0.0.1:8000", server.address)
            if language == "python":
                exec(compile(own, str(PAGE), "exec"), names)
            else:
                subprocess.run(["bash", "-ec", own], check=True)
    assert {path.name for path in here.iterdir()} == {"kick.wav", "both.wav", "longer.wav"}
    assert all(isinstance(names[name], bytes) for name in ("beat", "fill", "longer", "hit"))


def test_every_option_is_documented() -> None:
    help_text = subprocess.run(
        [sys.executable, "-m", "soundlet", "serve", "--help"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    options = set(re.findall(r"--[a-z0-9][a-z0-9-]+", help_text)) - {"--help"}
    text = PAGE.read_text(encoding="utf-8")
    assert len(options) > 15
    assert not sorted(option for option in options if f"`{option}`" not in text)
