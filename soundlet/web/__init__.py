"""The page that runs a model in the browser, and how it is put together and served."""

from __future__ import annotations

import shutil
import sys
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from soundlet.bundle import MANIFEST, PART_FILES, TOKENIZER, WEIGHTS, Bundle, Part
from soundlet.errors import BundleError, WebError

PAGE = Path(__file__).parent
PAGE_SUFFIXES = (".html", ".js", ".css")
PARTS: tuple[Part, ...] = ("conditioners", "dit", "decoder")  # a page starts from noise: no encoder

RUNTIME_FILES = (
    "ort.wasm.min.mjs",
    "ort-wasm-simd-threaded.mjs",
    "ort-wasm-simd-threaded.wasm",
)
RUNTIME_FILES_WEBGPU = (
    "ort.webgpu.min.mjs",
    "ort-wasm-simd-threaded.asyncify.mjs",
    "ort-wasm-simd-threaded.asyncify.wasm",
)
NPM_FOLDER = Path("node_modules") / "onnxruntime-web" / "dist"

HEADERS = {
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Embedder-Policy": "require-corp",
}
"""What a browser wants before it gives a page threads."""


def find_runtime(given: Path | None = None) -> Path:
    """The folder of ONNX Runtime Web's files.

    Args:
        given: where it is. None: node_modules here, or in a folder above.

    Raises:
        WebError: it is not there, or a file of it is missing.
    """
    places = [given] if given else [up / NPM_FOLDER for up in (Path.cwd(), *Path.cwd().parents)]
    for place in places:
        for folder in (place, place / NPM_FOLDER, place / "dist"):
            if all((folder / name).is_file() for name in RUNTIME_FILES):
                return folder
    where = str(given) if given else "node_modules"
    raise WebError(
        f"{where} has no ONNX Runtime Web: run `npm install onnxruntime-web` here, or name the"
        " folder of its files by --runtime"
    )


def build_site(bundle: Bundle, runtime: Path, dest: Path) -> None:
    """Write a static site that makes sounds with the model of `bundle`.

    Args:
        bundle: of graphs, with their weights.
        runtime: as `find_runtime` gives it.
        dest: an existing folder.

    Raises:
        BundleError: it holds programs, or graphs without weights.
        WebError: the folder cannot be written.
    """
    if bundle.manifest.format != "onnx" or WEIGHTS not in bundle.manifest.files:
        raise BundleError(f"{bundle.folder} holds no graphs: the page needs a bundle of those")
    graphs = PART_FILES["onnx"]
    model_files = (MANIFEST, "model_config.json", TOKENIZER, WEIGHTS)
    try:
        for file in sorted(PAGE.iterdir()):
            if file.suffix in PAGE_SUFFIXES:
                shutil.copyfile(file, dest / file.name)
        for name, folder, names in (
            ("model", bundle.folder, (*model_files, *(graphs[part] for part in PARTS))),
            ("runtime", runtime, (*RUNTIME_FILES, *RUNTIME_FILES_WEBGPU)),
        ):
            (dest / name).mkdir()
            for file_name in names:
                if (folder / file_name).is_file():
                    shutil.copyfile(folder / file_name, dest / name / file_name)
        rules = "".join(f"  {name}: {value}\n" for name, value in HEADERS.items())
        (dest / "_headers").write_text(f"/*\n{rules}", encoding="utf-8")
    except OSError as e:
        raise WebError(f"{dest} cannot be written: {e.strerror or e}") from e


class Handler(SimpleHTTPRequestHandler):
    """Static files with the headers, and no line for each of them on stderr."""

    extensions_map = {  # noqa: RUF012 - the base class has it so
        **SimpleHTTPRequestHandler.extensions_map,
        ".js": "text/javascript",
        ".mjs": "text/javascript",
        ".wasm": "application/wasm",
    }

    def end_headers(self) -> None:
        """Adds what gives the page threads, and has the browser ask for each file again."""
        for name, value in HEADERS.items():
            self.send_header(name, value)
        self.send_header("Cache-Control", "no-cache")  # the next model has the same file names
        super().end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Says nothing."""


class Server(ThreadingHTTPServer):
    """One that says nothing of browsers that leave before they have read a file."""

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ANN401
        """Leaves all other errors to the base class."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


def site_server(folder: Path, port: int) -> ThreadingHTTPServer:
    """A server of `folder` for this machine alone, not yet running.

    Args:
        folder: as `build_site` wrote it.
        port: 0 takes any that is free.

    Raises:
        WebError: the port is taken.
    """
    try:
        return Server(("127.0.0.1", port), partial(Handler, directory=str(folder)))
    except OSError as e:
        raise WebError(f"port {port} cannot be used: {e.strerror or e}; choose another") from e
