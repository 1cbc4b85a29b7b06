"""Query parameters that an endpoint does not have: errors, as unknown fields of a body are."""

from __future__ import annotations

from fastapi import Request

from soundlet.server.problems import Problem, ProblemError


async def require_known_query(request: Request) -> None:
    """Refuse what the OpenAPI document does not have for the endpoint.

    Raises:
        ProblemError: there is no such parameter; the detail has those that there are.
    """
    if not request.query_params:
        return
    path = request.scope["route"].path_format
    described = request.app.openapi()["paths"][path][request.method.lower()]
    known = [each["name"] for each in described.get("parameters", []) if each["in"] == "query"]
    for name in request.query_params:
        if name not in known:
            there = f"it takes {' and '.join(known)}" if known else "it takes none"
            detail = f"{name} is no query parameter of {path}: {there}"
            raise ProblemError(Problem("body", detail, name))
