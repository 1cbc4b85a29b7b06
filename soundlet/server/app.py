"""The server as one ASGI application: parts joined, errors turned into problems, page mounted."""

from __future__ import annotations

import json
import logging
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, cast

from fastapi import Depends, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.openapi.utils import get_openapi
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from soundlet import __version__
from soundlet.server import (
    about_endpoints,
    edit_endpoints,
    endpoints,
    job_endpoints,
    prompt_endpoints,
)
from soundlet.server.answers import problem_response
from soundlet.server.documented import completed
from soundlet.server.faults import problem_of_faults
from soundlet.server.gate import Gate
from soundlet.server.limits import Limits
from soundlet.server.metrics import Metrics
from soundlet.server.models import Served, open_models
from soundlet.server.problems import Problem, ProblemError
from soundlet.server.process import WorkerProcess
from soundlet.server.query import require_known_query
from soundlet.server.results import Results
from soundlet.server.scheduler import Scheduler, Worker
from soundlet.server.settings import Settings
from soundlet.server.state import ServerState
from soundlet.server.worker import WorkerSettings

PAGE = Path(__file__).parent / "page"

DESCRIPTION = """Text to short stereo sound, on this machine.

A sound is made at once (`/v1/generate`), as a stream, or as a job that can be followed and
cancelled. Errors are problem+json (RFC 9457) with the name of the field that is to blame."""

METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT"}
"""Methods of HTTP (RFC 9110, RFC 5789). A client may send any other word."""

STATUS_KINDS = {404: "not-found", 405: "method", 413: "too-large", 415: "media-type"}

logger = logging.getLogger(__name__)


class Application:
    """The whole server as an ASGI application.

    Attributes:
        api: what is behind the gate.
    """

    def __init__(self, api: FastAPI, settings: Settings) -> None:
        """Put the gate and the limits in front of `api`."""
        self.api = api
        limited = Limits(api, max_upload=settings.max_upload)
        self._entrance = Gate(limited, token=settings.token, hosts=settings.hosts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        await self._entrance(scope, receive, send)

    def drain(self) -> None:
        """Take no further jobs, and tell those that wait."""
        state: ServerState | None = getattr(self.api.state, "server", None)
        if state is not None:  # else it was told to end before it had begun
            state.scheduler.drain()


def create_app(
    settings: Settings, *, workers: Mapping[str, Sequence[Worker]] | None = None
) -> Application:
    """The whole server.

    Args:
        settings: how it runs.
        workers: of each model, by name. None: processes of this machine, as the settings say.

    Raises:
        BundleError: a model is damaged or no model.
        ServerError: the folder for results cannot be used, or two models have one name.
    """
    models = open_models(settings.models)
    api = create_api(settings, models, workers or local_workers(settings, models))
    return Application(api, settings)


def local_workers(settings: Settings, models: Mapping[str, Served]) -> dict[str, list[Worker]]:
    """Processes of this machine for each model."""
    threads = settings.threads or shared_threads(len(models) * settings.workers)
    return {
        name: [
            WorkerProcess(WorkerSettings(model.bundle.folder, settings.engine, threads))
            for _ in range(settings.workers)
        ]
        for name, model in models.items()
    }


def shared_threads(n_workers: int) -> int:
    """Cores of this machine for each of so many workers."""
    import os

    try:
        n_cores = len(os.sched_getaffinity(0))
    except AttributeError:  # not on every system
        n_cores = os.cpu_count() or 1
    return max(1, n_cores // n_workers)


def create_api(
    settings: Settings, models: Mapping[str, Served], workers: Mapping[str, Sequence[Worker]]
) -> FastAPI:
    """The application without the gate."""
    metrics = Metrics()
    results = Results(
        settings.results, max_bytes=settings.results_bytes, max_seconds=settings.results_seconds
    )

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        scheduler = Scheduler(
            dict(workers),
            results,
            metrics,
            queue_size=settings.queue_size,
            jobs_per_client=settings.jobs_per_client,
            job_seconds=settings.job_seconds,
        )
        app.state.server = ServerState(models, scheduler, results, metrics)
        metrics.watch(
            [
                ("soundlet_queued_jobs", "Jobs that wait.", scheduler.n_queued),
                ("soundlet_running_jobs", "Jobs that run.", scheduler.n_running),
                ("soundlet_results_bytes", "Results on disk.", lambda: results.n_bytes),
                ("soundlet_results", "Results kept.", lambda: len(results)),
            ],
            scheduler.pids,
        )
        scheduler.start()
        try:
            yield
        finally:
            await scheduler.stop(settings.drain_seconds)

    api = FastAPI(
        title="soundlet",
        version=__version__,
        description=DESCRIPTION,
        license_info={"name": "Apache-2.0", "identifier": "Apache-2.0"},
        openapi_url="/v1/openapi.json",
        docs_url=None,
        redoc_url=None,
        lifespan=lifespan,
        separate_input_output_schemas=False,
    )
    for part in (endpoints, edit_endpoints, job_endpoints, prompt_endpoints):
        api.include_router(part.router, dependencies=[Depends(require_known_query)])
    api.include_router(about_endpoints.router)
    api.add_middleware(Counted, metrics=metrics)
    api.add_exception_handler(ProblemError, _on_problem)
    api.add_exception_handler(RequestValidationError, _on_invalid)
    api.add_exception_handler(HTTPException, _on_http)
    api.add_exception_handler(Exception, _on_bug)
    api.mount("/", StaticFiles(directory=PAGE, html=True), name="page")
    document: dict[str, Any] = {}

    def openapi() -> dict[str, Any]:
        if not document:
            made = get_openapi(
                title=api.title,
                version=api.version,
                description=api.description,
                license_info=api.license_info,
                routes=api.routes,
                separate_input_output_schemas=False,
            )
            document.update(completed(made))
        return document

    api.openapi = openapi  # type: ignore[method-assign]
    return api


class Counted:
    """Counts requests by method, route and status, of each of which there are few.

    A route is a pattern, and methods that HTTP does not have are counted as "other".
    """

    def __init__(self, app: ASGIApp, *, metrics: Metrics) -> None:
        self._app, self._metrics = app, metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on and count it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        status = 500

        async def noted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, noted)
        finally:
            route = getattr(scope.get("route"), "path", "page")
            method = scope["method"] if scope["method"] in METHODS else "other"
            self._metrics.requests.labels(method, route, str(status)).inc()


async def _on_problem(_request: Request, error: Exception) -> Response:
    return problem_response(cast("ProblemError", error).problem)


async def _on_invalid(request: Request, error: Exception) -> Response:
    invalid = cast("RequestValidationError", error)
    faults = [_without_offset(fault, invalid.body) for fault in invalid.errors()]
    endpoint = request.scope["route"].dependant
    bodies = [each.field_info.annotation.model_fields for each in endpoint.body_params]
    fields = {
        "query": {each.alias: each.field_info for each in endpoint.query_params},
        "body": {name: field for body in bodies for name, field in body.items()},
    }
    return problem_response(problem_of_faults(faults, fields))


def _without_offset(fault: Mapping[str, Any], body: object) -> Mapping[str, Any]:
    """A fault in the JSON of a body with line and column in its reason, not an offset as place."""
    if fault["type"] != "json_invalid" or not isinstance(body, str):
        return fault
    reason = fault["ctx"]["error"]
    at = json.JSONDecodeError(reason, body, fault["loc"][1])
    told = f"{reason.removesuffix(' at')} at line {at.lineno} column {at.colno}"
    return {**fault, "loc": ("body",), "ctx": {"error": told}}


async def _on_http(_request: Request, error: Exception) -> Response:
    http = cast("HTTPException", error)
    kind = STATUS_KINDS.get(http.status_code, "body")
    headers = dict(http.headers or {})
    return problem_response(Problem(kind, str(http.detail), headers=headers))


async def _on_bug(request: Request, error: Exception) -> Response:
    logger.error("%s %s failed", request.method, request.url.path, exc_info=error)
    detail = "An error inside soundlet; the server's log has it."
    return problem_response(Problem("internal", detail))
