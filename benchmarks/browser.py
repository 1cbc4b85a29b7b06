"""The page of `soundlet web` in Chromium: what loading and a clip take, beside Python's own.

    python -m benchmarks.browser [--runtime DIR] [--seconds 6] [--picture docs/pictures/web.png]
        [--into docs/devices.md]

Needs Playwright, chromium and ONNX Runtime Web. The network is cut before the first clip is made.
"""

from __future__ import annotations

import argparse
import base64
import shutil
import threading
import time
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from playwright.sync_api import Page, sync_playwright

import soundlet
from benchmarks.compare import machine
from benchmarks.render import existing_page, row, show
from soundlet.bundle import open_bundle
from soundlet.verify import relative_error
from soundlet.web import build_site, find_runtime, site_server

PROMPT, CLIPS = "techno drum loop 128 BPM", 3
LATENTS = """(i) => {
  const { buffer, byteOffset, byteLength } = window.clips[i].latents;
  let text = "";
  for (const byte of new Uint8Array(buffer, byteOffset, byteLength)) {
    text += String.fromCharCode(byte);
  }
  return btoa(text);
}"""


def clip_in_page(page: Page, seed: int, seconds: float) -> tuple[float, Any]:
    """Seconds that the page says a clip took, and its latents."""
    made = page.evaluate("window.clips.length")
    page.fill("#prompt", PROMPT)
    page.fill("#seconds", str(seconds))
    page.fill("#seed", str(seed))
    page.click("#make")
    failed = "document.getElementById('status').className === 'error'"
    page.wait_for_function(f"window.clips.length > {made} || {failed}", timeout=600_000)
    took = float(page.evaluate(f"window.clips[{made}].took"))
    raw = base64.b64decode(page.evaluate(LATENTS, made))
    return took, np.frombuffer(raw, np.float32)


def measured(runtime: Path | None, seconds: float, picture: Path | None) -> dict[str, Any]:
    """Times of the page and of Python by turns, and how far their latents are apart."""
    model = soundlet.load()
    model.generate(PROMPT, seconds=seconds, seed=CLIPS, candidates=1)
    with TemporaryDirectory() as room:
        build_site(open_bundle(), find_runtime(runtime), Path(room))
        with site_server(Path(room), 0) as server, sync_playwright() as playwright:
            threading.Thread(target=server.serve_forever, daemon=True).start()
            browser = playwright.chromium.launch(
                executable_path=shutil.which("chromium"), args=["--no-sandbox"]
            )
            page = browser.new_page(viewport={"width": 1000, "height": 700})
            start = time.perf_counter()
            page.goto(f"http://127.0.0.1:{server.server_port}/")
            page.wait_for_function(
                "document.getElementById('status').textContent === 'ready'", timeout=600_000
            )
            loaded = time.perf_counter() - start
            page.context.set_offline(True)
            page_times, python_times, errors = [], [], []
            for seed in range(CLIPS):
                took, latents = clip_in_page(page, seed, seconds)
                page_times.append(took)
                start = time.perf_counter()
                clip = model.generate(PROMPT, seconds=seconds, seed=seed, candidates=1)
                python_times.append(time.perf_counter() - start)
                errors.append(relative_error(latents.reshape(clip.latents.shape), clip.latents))
            if picture is not None:
                page.screenshot(path=picture)
            threads = page.evaluate("crossOriginIsolated ? navigator.hardwareConcurrency : 1")
            found = {
                "chromium": browser.version,
                "threads": threads,
                "seconds": seconds,
                "loaded": loaded,
                "page": page_times,
                "python": python_times,
                "error": max(errors),
            }
            browser.close()
            server.shutdown()
    return found


def table(found: dict[str, Any]) -> list[str]:
    """What was measured on, and a row each for the page and for Python."""
    first, *later = found["page"]
    return [
        f"{', '.join(machine().values())}; Chromium {found['chromium']}, threads:"
        f" {found['threads']}; clips of {found['seconds']:g} s by {CLIPS} seeds, made with the"
        " network cut.",
        "",
        row(["", "loading", "first clip", "later clips"]),
        row(["---"] * 4),
        row(
            [
                "the page",
                f"{found['loaded']:.1f} s",
                f"{first:.1f} s",
                f"{median(later):.1f} s",
            ]
        ),
        row(["Python, loaded before", "", "", f"{median(found['python']):.1f} s"]),
        "",
        f"The latents differ by {found['error']:.0e} of their greatest value.",
    ]


def main() -> None:
    """Print the table, or write it into a page."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runtime", type=Path, help="where ONNX Runtime Web is")
    parser.add_argument("--seconds", type=float, default=6.0)
    parser.add_argument("--picture", type=Path, help="write what the page looks like here")
    parser.add_argument("--into", type=existing_page, help="the page to write the table into")
    given = parser.parse_args()
    show({"browser": table(measured(given.runtime, given.seconds, given.picture))}, given.into)


if __name__ == "__main__":
    main()
