"""Downloads from a server on this machine that speaks as much of the Hub's protocol as it takes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from soundlet import hub
from soundlet.errors import HubError

COMMIT = "0123456789abcdef0123456789abcdef01234567"
FILES = {
    "model_config.json": b"{}",
    "model.safetensors": b"weights",
    "model.ckpt": b"the same weights again",
    "LICENSE.md": b"terms",
    "picture.png": b"not wanted",
}


class Hub(BaseHTTPRequestHandler):
    """owner/open has FILES, owner/gated wants its terms accepted, owner/empty has nothing."""

    def do_HEAD(self) -> None:
        self._answer(with_body=False)

    def do_GET(self) -> None:
        self._answer(with_body=True)

    def log_message(self, *_: object) -> None:
        pass

    def _answer(self, *, with_body: bool) -> None:
        status, headers, body = self._content(self.path.split("?")[0])
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        if with_body:
            self.wfile.write(body)

    def _content(self, path: str) -> tuple[int, dict[str, str], bytes]:
        files = {"open": FILES, "gated": FILES, "empty": {}}
        parts = path.strip("/").split("/")
        name = parts[3] if parts[0] == "api" else parts[1]
        if name not in files:
            return 401, {"X-Error-Code": "RepoNotFound"}, b""
        if parts[0] == "api":
            return 200, {"Content-Type": "application/json"}, self._facts(name, parts, files[name])
        if name == "gated":
            return 403, {"X-Error-Code": "GatedRepo"}, b""
        body = files[name]["/".join(parts[4:])]
        return 200, {"ETag": f'"{len(body):040x}"', "X-Repo-Commit": COMMIT}, body

    def _facts(self, name: str, parts: list[str], files: dict[str, bytes]) -> bytes:
        if "tree" in parts:
            rows = [
                {"type": "file", "path": path, "size": len(body), "oid": f"{len(body):040x}"}
                for path, body in files.items()
            ]
            return json.dumps(rows).encode()
        siblings = [{"rfilename": path} for path in files]
        facts = {"id": f"owner/{name}", "modelId": name, "sha": COMMIT, "siblings": siblings}
        return json.dumps(facts | {"private": False, "tags": [], "downloads": 0}).encode()


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    thread = Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


def fetch(endpoint: str, cache: Path, address: str, *before: str) -> str:
    """What `hub.fetch` returns or raises in a process of its own, for the Hub's client reads its
    settings once; `before` comes before the command that starts it."""
    code = (
        "import sys\n"
        "from soundlet import hub\n"
        "from soundlet.errors import HubError\n"
        "try:\n"
        "    folder, origin = hub.fetch(sys.argv[1], hub.CHECKPOINT)\n"
        "    print(origin.address, *sorted(path.name for path in folder.iterdir()))\n"
        "except HubError as e:\n"
        "    print('HubError:', e)\n"
    )
    settings = {"HF_ENDPOINT": endpoint, "HF_HOME": str(cache), "NO_PROXY": "127.0.0.1"}
    settings |= {"HF_HUB_ETAG_TIMEOUT": "2", "HF_HUB_DISABLE_TELEMETRY": "1"}
    hidden = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "HF_TOKEN")
    kept = {name: value for name, value in os.environ.items() if name.upper() not in hidden}
    done = subprocess.run(
        [*before, sys.executable, "-c", code, address],
        env={**kept, **settings},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_only_what_is_needed_is_fetched_and_found_again_without_the_network(
    endpoint: str, tmp_path: Path
) -> None:
    expected = f"hf://owner/open@{COMMIT} LICENSE.md model.safetensors model_config.json"
    assert fetch(endpoint, tmp_path, "hf://owner/open") == expected
    assert fetch("http://127.0.0.1:9", tmp_path, "hf://owner/open") == expected


def test_a_gated_repository_is_told_with_its_page_and_the_login(
    endpoint: str, tmp_path: Path
) -> None:
    told = fetch(endpoint, tmp_path, "hf://owner/gated")
    assert "accept its terms: do so at https://huggingface.co/owner/gated" in told
    assert "hf auth login" in told


def test_an_absent_repository_is_told(endpoint: str, tmp_path: Path) -> None:
    told = fetch(endpoint, tmp_path, "hf://owner/absent")
    assert "hf://owner/absent is not there, or closed to you" in told
    assert "hf auth login" in told


def test_a_repository_of_something_else_is_told(endpoint: str, tmp_path: Path) -> None:
    told = fetch(endpoint, tmp_path, "hf://owner/empty")
    assert "owner/empty has no model_config.json or base_model_config.json" in told


def test_no_network_is_told(tmp_path: Path) -> None:
    told = fetch("http://127.0.0.1:9", tmp_path, "hf://owner/open")
    assert "cannot be reached, and was not downloaded before" in told
    assert "name a folder that holds its files" in told


def test_a_cache_that_cannot_be_written_to_is_not_taken_for_the_network(
    endpoint: str, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    told = fetch(endpoint, tmp_path / "file", "hf://owner/open")
    assert f"hf://owner/open cannot be kept in {tmp_path / 'file' / 'hub'}" in told
    assert "set HF_HOME to a folder" in told
    full_disk = ("bash", "-c", 'ulimit -f 0; exec "$@"', "bash")
    told = fetch(endpoint, tmp_path / "new", "hf://owner/open", *full_disk)
    assert f"cannot be kept in {tmp_path / 'new' / 'hub'} (File too large)" in told


@pytest.mark.parametrize("address", ["hf://", "hf://owner", "hf://a/b/c", "hf:///name"])
def test_an_address_of_another_form_is_refused(address: str) -> None:
    with pytest.raises(HubError, match="not of the form hf://owner/name"):
        hub.fetch(address, hub.CHECKPOINT)


def test_an_address_is_known_after_it_was_taken_for_a_path() -> None:
    assert hub.address_of(Path("hf://owner/name@main")) == "hf://owner/name@main"
    assert hub.address_of(Path("hf/owner")) is None
    assert hub.address_of(Path("/models/hf:/owner")) is None


def test_an_address_is_told_from_a_folder() -> None:
    assert hub.is_address("hf://owner/name")
    assert not hub.is_address("models/hf")
    assert not hub.is_address(Path("hf:/owner"))
