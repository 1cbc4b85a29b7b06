"""`soundlet serve`: read the options, open the socket, run; the work is in `soundlet.server`."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Annotated

import typer

from soundlet.cli.facts import print_facts
from soundlet.cli.options import EngineOption, JsonOption
from soundlet.errors import ServerError
from soundlet.request import MAX_THREADS

EXTRA = "run `pip install 'soundlet[server]'`"


def serve(
    model: Annotated[
        list[str] | None,
        typer.Option(
            metavar="FOLDER",
            help="A model; several may be given, the first is the default."
            "  [default: the one inside soundlet]",
        ),
    ] = None,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes a free one.")] = 8000,
    token: Annotated[
        str | None,
        typer.Option(
            envvar="SOUNDLET_TOKEN",
            show_envvar=True,
            help="What requests must carry; needed for addresses that others reach.",
        ),
    ] = None,
    insecure: Annotated[
        bool, typer.Option("--insecure", help="Let others use the server without a token.")
    ] = False,
    engine: EngineOption = None,
    workers: Annotated[int, typer.Option(min=1, help="Processes for each model.")] = 1,
    threads: Annotated[
        int | None,
        typer.Option(
            min=1, max=MAX_THREADS, help="Cores for each worker.  [default: all, shared out]"
        ),
    ] = None,
    queue: Annotated[int, typer.Option(min=1, help="Most jobs that wait.")] = 32,
    jobs_per_client: Annotated[
        int, typer.Option(min=1, help="Most unfinished jobs of one address.")
    ] = 16,
    max_upload: Annotated[int, typer.Option(min=1, metavar="MB", help="Largest request.")] = 32,
    job_seconds: Annotated[float, typer.Option(min=0.1, help="Longest time a job may run.")] = 300,
    drain_seconds: Annotated[
        float, typer.Option(min=0.1, help="Longest wait for running jobs at the end.")
    ] = 60,
    results: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="Where sounds are kept.  [default: the user's cache]"),
    ] = None,
    results_mb: Annotated[
        int, typer.Option(min=1, metavar="MB", help="Most that is kept; the oldest go first.")
    ] = 1024,
    results_hours: Annotated[float, typer.Option(min=0.001, help="How long sounds are kept.")] = 24,
    open_page: Annotated[bool, typer.Option("--open", help="Open the page in a browser.")] = False,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Log every request.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Make sounds over HTTP, and from a page in the browser."""
    try:
        from soundlet.server.app import create_app
        from soundlet.server.run import bind, run
        from soundlet.server.settings import MEBIBYTE, Settings, default_results, is_loopback
    except ModuleNotFoundError as e:
        raise ServerError(f"serving needs {e.name}, which is not installed: {EXTRA}") from e
    if not is_loopback(host) and token is None and not insecure:
        raise ServerError(
            f"{host} can be reached by others: set --token, so that only those who know it can"
            " use the server, or --insecure"
        )
    logging.basicConfig(
        level=logging.INFO if verbose else logging.WARNING,
        format="%(asctime)s %(levelname)s %(name)s: %(message)s",
    )
    loopback_names = ("127.0.0.1", "localhost", "[::1]")
    settings = Settings(
        models=tuple(Path(folder) for folder in model or []) or (None,),
        engine=engine,
        threads=threads,
        workers=workers,
        queue_size=queue,
        jobs_per_client=jobs_per_client,
        max_upload=max_upload * MEBIBYTE,
        job_seconds=job_seconds,
        drain_seconds=drain_seconds,
        results=results or default_results(),
        results_bytes=results_mb * MEBIBYTE,
        results_seconds=results_hours * 3600,
        token=token,
        hosts=loopback_names if is_loopback(host) else None,
    )
    app = create_app(settings)
    listening = bind(host, port)
    shown = f"[{host}]" if ":" in host else host
    address = f"http://{shown}:{listening.getsockname()[1]}"
    line = f"soundlet is at {address} (Ctrl-C ends it)"
    print_facts(line, as_json=as_json, address=address)
    if open_page:
        typer.launch(address)
    run(app, listening, drain_seconds=drain_seconds, access_log=verbose)
