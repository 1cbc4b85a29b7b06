"""The endpoints that speak of the server itself: its models, its health, its numbers."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends
from fastapi.responses import JSONResponse
from starlette.responses import Response

from soundlet import __version__
from soundlet.audio import FORMATS
from soundlet.server.answers import NO_STORE
from soundlet.server.documented import problems, text
from soundlet.server.operations import OPERATIONS
from soundlet.server.problems import Problem, ProblemError
from soundlet.server.query import require_known_query
from soundlet.server.schema import Health, ModelsView
from soundlet.server.state import ServerState, state_of

State = Annotated[ServerState, Depends(state_of)]

router = APIRouter(tags=["server"])


@router.get(
    "/v1/models",
    summary="List the models",
    response_model=ModelsView,
    responses=problems(422),
    dependencies=[Depends(require_known_query)],
)
async def models(state: State) -> Response:
    """What they are called, what they can do, and whether they are ready."""
    not_ready = state.scheduler.not_ready()
    listed = [
        {**model.describe(), "is_default": i == 0, "is_ready": name not in not_ready}
        for i, (name, model) in enumerate(state.models.items())
    ]
    body = {
        "soundlet": __version__,
        "models": listed,
        "operations": list(OPERATIONS),
        "formats": list(FORMATS),
    }
    return JSONResponse(body, headers=NO_STORE)


@router.get("/healthz", summary="Is the server alive?", responses={500: problems()[500]})
async def healthz() -> Health:
    """Answered without a token, and whatever the models do."""
    return Health(status="ok")


@router.get("/readyz", summary="Would a job be taken?", responses=problems(503))
async def readyz(state: State) -> Health:
    """503 while a model loads, after its worker died, and while the server shuts down."""
    if state.scheduler.is_draining:
        raise ProblemError(Problem("draining", "The server is shutting down.", retry_after=10))
    not_ready = state.scheduler.not_ready()
    if not_ready:
        detail = "; ".join(f"{name}: {reason}" for name, reason in not_ready.items())
        raise ProblemError(Problem("not-ready", detail, retry_after=1))
    return Health(status="ok")


@router.get(
    "/metrics",
    summary="Numbers for Prometheus",
    response_class=Response,
    responses={200: text("In Prometheus' text format.", "text/plain"), **problems()},
)
async def metrics(state: State) -> Response:
    """Jobs, waits, memory, results."""
    return Response(state.metrics.text(), headers=NO_STORE, media_type="text/plain")
