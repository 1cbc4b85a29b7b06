"""The code in README.md and docs/ runs, block after block, as a reader would run it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from soundlet.training.dataset import one_shots, sound_effects
from soundlet.vocabulary import descriptions, genres, instruments

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]

BLOCK = re.compile(
    r"(?P<marker><!--[^>]*-->\n)?^```(?P<language>\w+)\n(?P<code>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)
NOT_RUN = "<!-- not run: "
SET_UP = {"apt-get", "cd", "git", "just", "pip", "pytest", "python", "source"}
"""First words of lines that set a machine up; what they do is tested by the other tests."""
KNOWN_LANGUAGES = {"bash", "json", "python", "text"}


@dataclass(frozen=True)
class Block:
    """A fenced block: its language, its code, and its first line in the page."""

    language: str
    code: str
    line: int


def blocks(page: Path) -> list[Block]:
    """Every block of `page` but those that say why they are not run."""
    text = page.read_text(encoding="utf-8")
    found = []
    for match in BLOCK.finditer(text):
        if not (match["marker"] or "").startswith(NOT_RUN):
            line = text.count("\n", 0, match.start("code")) + 1
            found.append(Block(match["language"], match["code"], line))
    return found


def commands(code: str) -> list[str]:
    """The commands of a shell block, joined where a line ends in a backslash."""
    joined = code.replace("\\\n", " ")
    return [line for line in joined.splitlines() if line.strip() and not line.startswith("#")]


def run_shell(command: str) -> None:
    if command.split()[0] in SET_UP:
        return
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", command],
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_code_of_a_page_runs(
    page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    for block in blocks(page):
        assert block.language in KNOWN_LANGUAGES, f"{page.name}:{block.line}: {block.language}"
        if block.language == "python":
            padding = "\n" * (block.line - 1)  # so that a traceback names the line of the page
            exec(compile(padding + block.code, str(page), "exec"), names)
        elif block.language == "bash":
            for command in commands(block.code):
                run_shell(command)


def test_links_within_the_documentation_lead_somewhere() -> None:
    broken = [
        f"{page.name}: {target}"
        for page in [*PAGES, ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md"]
        for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8"))
        if not (page.parent / target).exists()
    ]
    assert not broken


def test_contributing_is_short() -> None:
    assert len((ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8").splitlines()) <= 60


def test_every_command_and_option_is_documented() -> None:
    page = (ROOT / "docs" / "command-line.md").read_text(encoding="utf-8")
    plain = (
        "generate",
        "loop",
        "prompt",
        "reproduce",
        "convert",
        "quantize",
        "bench",
        "info",
        "doctor",
        "verify",
        "web",
    )
    for command in (*plain, "export executorch", "export litert", "export onnx"):
        help_text = subprocess.run(
            [sys.executable, "-m", "soundlet", *command.split(), "--help"],
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        options = set(re.findall(r"--[a-z0-9][a-z0-9-]+", help_text)) - {"--help"}
        missing = sorted(option for option in options if f"`{option}" not in page)
        assert not missing, f"soundlet {command}: {missing}"


def test_every_extra_is_documented() -> None:
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    table = project.partition("[project.optional-dependencies]\n")[2].partition("\n[")[0]
    extras = set(re.findall(r"^(\w+) = \[", table, re.MULTILINE))
    page = (ROOT / "docs" / "install.md").read_text(encoding="utf-8")
    rows = set(re.findall(r"^\| `(\w+)` \|", page, re.MULTILINE))
    assert rows == extras
    assert {"torch", "dev"} < extras


def test_the_prompt_guide_lists_the_words_that_are_taught() -> None:
    page = (ROOT / "docs" / "prompts.md").read_text(encoding="utf-8")
    taught = {
        "kinds": [words.words[0] for words in descriptions.KIND_WORDS.values()],
        "genres": genres.ALL_GENRES,
        "instruments": instruments.INSTRUMENTS,
        "drum kits": instruments.KITS,
        "single hits": one_shots.SOURCES,
        "sound effects": sound_effects.SOURCES,
        "moods": descriptions.MOODS,
        "textures": descriptions.TEXTURES,
        "effects": descriptions.EFFECTS,
    }
    rows = [f"| {name} | {', '.join(words)} |" for name, words in taught.items()]
    assert not [row for row in rows if row not in page.splitlines()], "rows to put into prompts.md"
