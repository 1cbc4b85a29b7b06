"""`soundlet web`: the model in the browser."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Annotated

import typer

from soundlet.cli.facts import print_facts
from soundlet.cli.options import JsonOption


def web(
    model: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="A model.  [default: the one inside soundlet]"),
    ] = None,
    runtime: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR", help="ONNX Runtime Web.  [default: node_modules here or above]"
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", metavar="DIR", help="Write the site here, and serve nothing."),
    ] = None,
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes any that is free.")] = 8765,
    as_json: JsonOption = False,
) -> None:
    """Serve a page, to this machine alone, that makes sounds in the browser."""
    from soundlet.bundle import open_bundle, staged_bundle
    from soundlet.web import build_site, find_runtime, site_server

    bundle, files = open_bundle(model), find_runtime(runtime)
    if out is not None:
        with staged_bundle(out) as folder:
            build_site(bundle, files, folder)
        line = f"{out}  serve it with the two headers that {out / '_headers'} names"
        print_facts(line, as_json=as_json, folder=str(out), address=None)
        return
    with tempfile.TemporaryDirectory(prefix="soundlet-") as room:
        build_site(bundle, files, Path(room))
        with site_server(Path(room), port) as server:
            address = f"http://127.0.0.1:{server.server_port}"
            print_facts(
                f"{address}  (Ctrl-C ends it)", as_json=as_json, folder=None, address=address
            )
            server.serve_forever()
