"""`soundlet web`: the model in the browser."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Annotated

import typer


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
) -> None:
    """Serve a page, to this machine alone, that makes sounds in the browser."""
    from soundlet.bundle import open_bundle, staged_bundle
    from soundlet.web import build_site, find_runtime, site_server

    bundle, files = open_bundle(model), find_runtime(runtime)
    if out is not None:
        with staged_bundle(out) as folder:
            build_site(bundle, files, folder)
        typer.echo(f"{out}  serve it with the two headers that {out / '_headers'} names")
        return
    with tempfile.TemporaryDirectory(prefix="soundlet-") as room:
        build_site(bundle, files, Path(room))
        with site_server(Path(room), port) as server:
            typer.echo(f"http://127.0.0.1:{server.server_port}  (Ctrl-C ends it)")
            server.serve_forever()
