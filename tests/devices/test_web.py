"""The page in a real browser: a seed gives Python's latents, and nothing leaves the machine."""

from __future__ import annotations

import base64
import shutil
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from playwright.sync_api import Error, Page, sync_playwright

import soundlet
from soundlet.bundle import open_bundle
from soundlet.errors import BundleError, WebError
from soundlet.stft import SpectrogramFormat, stft
from soundlet.verify import relative_error, snr_db
from soundlet.web import HEADERS, build_site, find_runtime, site_server

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
def page(site: Path) -> Iterator[Page]:
    """The page, with the model loaded."""
    chromium = shutil.which("chromium")
    assert chromium is not None, "apt-get install chromium"
    with site_server(site, 0) as server, sync_playwright() as playwright:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page()
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.goto(f"http://127.0.0.1:{server.server_port}/")
        wait_for(page, "document.getElementById('status').textContent === 'ready'")
        yield page
        here = (f"http://127.0.0.1:{server.server_port}/", "blob:", "data:")
        assert [url for url in asked if not url.startswith(here)] == []
        browser.close()
        server.shutdown()


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
    assert page.get_attribute("article a", "download") == "techno-drum-loop-128-bpm_1.wav"


def test_tokens_are_pythons(page: Page) -> None:
    bundle = open_bundle()
    from soundlet.tokenizer import Tokenizer

    tokenizer = Tokenizer(bundle.folder / "spiece.model", bundle.config.prompt_max_length)
    prompts = ["Kick drum!", "  deep   BASS line, 100 BPM ", "pluck, 2 — ½ «é» ﬁ", "128", "日本 x"]
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
    page.fill("#prompt", "kick " * 90)
    page.click("#make")
    wait_for(page, "false")
    assert "tokens long" in page.inner_text("#status")


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
