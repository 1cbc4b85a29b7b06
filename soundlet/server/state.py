"""What the endpoints of one server share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from fastapi import Request

from soundlet.server.metrics import Metrics
from soundlet.server.models import Served
from soundlet.server.problems import Problem, ProblemError
from soundlet.server.results import Results
from soundlet.server.scheduler import Scheduler


@dataclass(frozen=True)
class ServerState:
    """The parts of a running server."""

    models: Mapping[str, Served]
    scheduler: Scheduler
    results: Results
    metrics: Metrics

    def model(self, name: str | None) -> Served:
        """The model of that name, or the default one.

        Raises:
            ProblemError: there is none.
        """
        if name is None:
            return next(iter(self.models.values()))
        if name not in self.models:
            known = ", ".join(self.models)
            raise ProblemError(
                Problem("request", f"model is one of {known}, not {name!r}", "model")
            )
        return self.models[name]


async def state_of(request: Request) -> ServerState:  # not in a thread, as FastAPI runs the others
    """Of the server that a request came to."""
    state: ServerState = request.app.state.server
    return state
