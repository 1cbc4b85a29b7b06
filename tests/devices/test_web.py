"""The page in a real browser: a seed gives Python's latents, and nothing leaves the machine."""

from __future__ import annotations

import base64
import os
import shutil
import socket
import struct
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from playwright.sync_api import Browser, Error, Page, Route, sync_playwright

import soundlet
from soundlet.bundle import open_bundle
from soundlet.errors import BundleError, WebError
from soundlet.naming import file_stem
from soundlet.stft import SpectrogramFormat, stft
from soundlet.verify import relative_error, snr_db
from soundlet.web import HEADERS, build_site, find_runtime, site_server
from tests.end_to_end.commands import command

pytestmark = pytest.mark.slow

PROMPT, SECONDS, SEED = "techno drum loop 128 BPM", 1.0, 1
SPECTRUM = SpectrogramFormat(2048, 512, 24)
"""What phase recovery leaves of two ways to round: other seeds are at 0 dB."""

BYTES = """(array) => {
  const bytes = new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
  let text = "";
  for (let i = 0; i < bytes.length; i += 8192) {
    text += String.fromCharCode(...bytes.subarray(i, i + 8192));
  }
  return btoa(text);
}"""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The static site of the default model, with ONNX Runtime Web from the npm registry."""
    room = tmp_path_factory.mktemp("npm")
    command = ["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", "onnxruntime-web@1"]
    done = subprocess.run(command, cwd=room, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    folder = tmp_path_factory.mktemp("site")
    build_site(open_bundle(), find_runtime(room), folder)
    return folder


@pytest.fixture(scope="module")
def address(site: Path) -> Iterator[str]:
    """Where the site is served."""
    with site_server(site, 0) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    chromium = shutil.which("chromium")
    assert chromium is not None, "apt-get install chromium"
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield started
        started.close()


@pytest.fixture(scope="module")
def page(address: str, browser: Browser) -> Iterator[Page]:
    """The page, with the model loaded."""
    page = browser.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(address)
    wait_for(page, "document.getElementById('status').textContent === 'ready'")
    yield page
    assert [url for url in asked if not url.startswith((address, "blob:", "data:"))] == []


def wait_for(page: Page, state: str) -> None:
    failed = "document.getElementById('status').className === 'error'"
    page.wait_for_function(f"{state} || {failed}", timeout=300_000)


def array(page: Page, expression: str) -> NDArray[np.float32]:
    return np.frombuffer(base64.b64decode(page.evaluate(f"({BYTES})({expression})")), np.float32)


def magnitudes(audio: NDArray[np.float32]) -> NDArray[np.float32]:
    whole = audio.shape[1] // SPECTRUM.hop_length * SPECTRUM.hop_length
    found: NDArray[np.float32] = np.abs(stft(audio[:, :whole], SPECTRUM))
    return found


def test_a_clip_is_pythons_and_needs_no_network(page: Page) -> None:
    assert page.evaluate("crossOriginIsolated"), "no threads"
    page.context.set_offline(True)
    with pytest.raises(Error, match="Failed to fetch"):
        page.evaluate("fetch('./manifest.json')")
    page.fill("#prompt", PROMPT)
    page.fill("#seconds", str(SECONDS))
    page.fill("#seed", str(SEED))
    page.click("#make")
    wait_for(page, "window.clips.length === 1")
    page.context.set_offline(False)
    assert page.inner_text("#status").startswith("made in")
    clip = soundlet.load().generate(PROMPT, seconds=SECONDS, seed=SEED, candidates=1)
    latents = array(page, "window.clips[0].latents").reshape(clip.latents.shape)
    assert relative_error(latents, clip.latents) < 1e-4
    channels = [array(page, f"window.clips[0].channels[{i}]") for i in range(2)]
    # Phase recovery makes much of rounding; what it is given back are the same spectra.
    ours, other = (
        magnitudes(clip.audio),
        soundlet.load().generate(PROMPT, seconds=SECONDS, seed=9, candidates=1),
    )
    assert snr_db(magnitudes(np.stack(channels)), ours) > 20
    assert snr_db(magnitudes(other.audio), ours) < 10
    assert page.get_attribute("article a", "download") == f"{file_stem(PROMPT, SEED)}.wav"


def test_files_are_named_as_python_names_them_and_long_prompts_fit_a_phone(page: Page) -> None:
    page.set_viewport_size({"width": 320, "height": 600})
    for prompt in (
        "Kick!",
        "日本 ½",
        "हिन्दी ☔\ufe0f",
        "🎹" * 300,
        "日本" * 40,
        "𠮷" * 70,
        "w" * 40,
    ):
        n_made = page.evaluate("window.clips.length")
        page.fill("#prompt", prompt)
        page.fill("#seconds", "0.1")
        page.fill("#seed", "2")
        page.click("#make")
        wait_for(page, f"window.clips.length > {n_made}")
        assert page.locator("article a").first.get_attribute("download") == (
            f"{file_stem(prompt, 2)}.wav"
        )
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0


def test_the_longest_clip_that_is_told_can_be_made(page: Page) -> None:
    most = page.get_attribute("#seconds", "max")
    assert most is not None
    model = soundlet.load()
    assert float(most) <= model.max_seconds < float(most) + 0.001


def test_tokens_are_pythons(page: Page) -> None:
    bundle = open_bundle()
    from soundlet.tokenizer import Tokenizer

    tokenizer = Tokenizer(bundle.folder / "spiece.model", bundle.config.prompt_max_length)
    prompts = ["Kick drum!", "  deep   BASS line, 100 BPM ", "pluck, 2 — ½ «é» ﬁ", "128", "日本 x"]
    prompts += [
        "kick\u200bdrum",
        "a\x01b\x7f",
        "İ",
        "▁a ▁",
        "\ufeffrain",
        "ＡΣς\u00ad",
        "a\u0308\u0323",
        "™ Ⅷ",
        "C♯ minor, B♭",
    ]
    found = page.evaluate(
        """async (prompts) => {
          const { Tokenizer } = await import("./tokenizer.js");
          const bytes = await (await fetch("./model/spiece.model")).arrayBuffer();
          const tokenizer = new Tokenizer(new Uint8Array(bytes), 64);
          return prompts.map((prompt) => [...tokenizer.encode(prompt).ids].map(Number));
        }""",
        prompts,
    )
    for prompt, ids in zip(prompts, found, strict=True):
        assert ids == tokenizer.encode([prompt])[0][0].tolist(), prompt


def test_what_cannot_be_is_said(page: Page) -> None:
    page.fill("#seconds", "1")
    page.fill("#prompt", "kick " * 90)
    page.click("#make")
    wait_for(page, "false")
    assert "tokens long" in page.inner_text("#status")


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("model/manifest.json", "<html></html>", "manifest.json is damaged"),
        ("model/spiece.model", "<html></html>", "spiece.model has 13 bytes, not"),
        ("model/model_config.json", "of another model", "model_config.json has changed"),
        ("model/dit.onnx", None, "dit.onnx cannot be loaded (404)"),
        ("ort-wasm-simd-threaded.wasm", None, "error: ONNX Runtime cannot be started ("),
        ("ort.wasm.min.mjs", None, "ort.wasm.min.mjs): put the whole folder on its server again"),
        ("worker.js", None, "worker.js, or a script that it needs, cannot be loaded"),
        ("wav.js", None, "open it from a web server"),
    ],
)
def test_a_file_that_is_missing_or_not_the_models_is_named(
    browser: Browser, address: str, name: str, content: str | None, said: str
) -> None:
    def answer(route: Route) -> None:
        if content is None:
            route.fulfill(status=404)
        else:
            size = int(route.fetch().headers["content-length"]) if "changed" in said else 0
            route.fulfill(body=content.ljust(size))

    context = browser.new_context()
    page = context.new_page()
    context.route(f"**/{name}", answer)
    page.goto(address)
    wait_for(page, "false")
    assert said in page.inner_text("#status")
    context.close()


def test_opened_from_a_folder_it_says_that_it_wants_a_server(browser: Browser, site: Path) -> None:
    page = browser.new_page()
    page.goto((site / "index.html").as_uri())
    wait_for(page, "false")
    assert "open it from a web server" in page.inner_text("#status")
    page.close()


def test_a_browser_that_leaves_early_is_no_error_and_files_are_asked_for_again(
    site: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with site_server(site, 0) as server:
        answers = threading.Thread(target=server.handle_request)
        answers.start()
        with socket.create_connection(("127.0.0.1", server.server_port)) as leaver:
            leaver.sendall(b"GET /model/model.safetensors HTTP/1.0\r\n\r\n")
            assert b"Cache-Control: no-cache" in leaver.recv(1024)
            leaver.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        answers.join()
        for thread in threading.enumerate():
            if "process_request_thread" in thread.name:
                thread.join()
    assert capsys.readouterr().err == ""


def test_a_server_that_is_ended_leaves_no_copy_of_the_model(site: Path, tmp_path: Path) -> None:
    words = command("web", "--runtime", site / "runtime", "--port", 0)
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    with subprocess.Popen(
        words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
    ) as served:
        assert served.stdout is not None
        assert "http://127.0.0.1:" in served.stdout.readline()
        assert list(tmp_path.glob("soundlet-*"))
        served.terminate()
        _, said = served.communicate(timeout=60)
    assert (served.returncode, said) == (130, "")
    assert not list(tmp_path.iterdir())


def test_a_runtime_that_is_missing_and_a_bundle_without_graphs_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, site: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(WebError, match="npm install onnxruntime-web"):
        find_runtime()
    with pytest.raises(WebError, match="has no ONNX Runtime Web"):
        find_runtime(tmp_path)
    bundle = open_bundle()
    manifest = bundle.manifest.model_copy(update={"format": "litert"})
    with pytest.raises(BundleError, match="holds no graphs"):
        build_site(type(bundle)(bundle.folder, manifest, bundle.config, bundle.t5_config),
                   site / "runtime", tmp_path)  # fmt: skip
    for name, value in HEADERS.items():
        assert f"{name}: {value}" in (site / "_headers").read_text()
