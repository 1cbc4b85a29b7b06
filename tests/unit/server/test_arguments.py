"""What the application on a cluster is told, and what it refuses."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from soundlet.cli.serve import serve
from soundlet.errors import ServerError
from soundlet.server.arguments import Arguments, told

DOCS = Path(__file__).parents[3] / "docs" / "server.md"
TOKEN = "a-token-for-this-test"
OF_RAY = {"host", "port", "token", "open_page", "verbose", "as_json"}
"""Options of the command that Ray has its own way for."""


def test_arguments_are_the_options_of_the_command() -> None:
    options = set(serve.__annotations__) - {"return"}
    assert set(Arguments.model_fields) == options - OF_RAY


def test_the_documented_command_is_understood() -> None:
    (line,) = re.findall(r"^serve run soundlet.server.cluster:app (.+)$", DOCS.read_text(), re.M)
    settings = told(dict(word.split("=") for word in line.split())).settings(TOKEN)
    assert (settings.workers, settings.threads) == (2, 4)
    assert settings.results == Path("/shared/soundlet")
    assert settings.models == (None,)


def test_models_come_one_or_many() -> None:
    assert told({"model": "a"}).settings(TOKEN).models == (Path("a"),)
    assert told({"model": ["a", "b"]}).settings(TOKEN).models == (Path("a"), Path("b"))


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"worker": 2}, "worker: Extra inputs are not permitted"),
        ({"workers": 0, "threads": "x"}, r"workers: .*greater than or equal to 1; threads: .*"),
        ({"queue": -1}, "queue_size must be above 0"),
    ],
)
def test_what_is_wrong_is_named(arguments: dict[str, object], said: str) -> None:
    with pytest.raises(ServerError, match=said):
        told(arguments).settings(TOKEN)


def test_a_cluster_needs_a_token() -> None:
    with pytest.raises(ServerError, match="SOUNDLET_TOKEN"):
        told({}).settings(None)
    assert told({"insecure": "true"}).settings(None).token is None
