"""Errors as RFC 9457 has them: problem+json, with the name of the field that is to blame."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

MEDIA_TYPE = "application/problem+json"

TITLES = {
    "request": (422, "The request asks for what cannot be done"),
    "audio": (422, "The uploaded sound cannot be used"),
    "generation": (422, "The model made something that is not a sound"),
    "body": (422, "The request is malformed"),
    "unauthorised": (401, "A token is needed"),
    "forbidden": (403, "Requests from this origin are not allowed"),
    "host": (421, "The server does not answer to this host name"),
    "not-found": (404, "There is no such thing"),
    "method": (405, "The method is not allowed here"),
    "not-done": (409, "The job has no sound"),
    "cancelled": (409, "The job was cancelled"),
    "too-large": (413, "The request is too large"),
    "media-type": (415, "The body is not of the media type expected"),
    "range": (416, "The range is not within the sound"),
    "range-header": (400, "The `Range` header is malformed"),
    "too-many": (429, "Too many unfinished jobs of one client"),
    "slow": (408, "The request took too long to arrive"),
    "queue-full": (503, "The queue is full"),
    "draining": (503, "The server is shutting down"),
    "not-ready": (503, "The model is not ready"),
    "crashed": (500, "The worker ended in the middle of the job"),
    "timed-out": (422, "The job took too long"),
    "internal": (500, "An error inside soundlet"),
    "storage": (507, "The result cannot be stored"),
}
"""Every type of problem: its HTTP status and title."""

KINDS = {
    "RequestError": "request",
    "AudioError": "audio",
    "GenerationError": "generation",
    "MemoryError": "crashed",
}
"""Type of problem by the class of the error that a worker met."""


@dataclass(frozen=True)
class Problem:
    """What went wrong.

    Attributes:
        kind: a key of `TITLES`.
        detail: the whole story in a sentence.
        field: what of the request is to blame.
        errors: every fault, where there are several: (field, detail).
        retry_after: seconds to wait before trying again.
    """

    kind: str
    detail: str
    field: str | None = None
    errors: tuple[tuple[str, str], ...] = ()
    retry_after: int | None = None
    headers: Mapping[str, str] = dataclasses.field(default_factory=dict)

    @property
    def status(self) -> int:
        """The HTTP status."""
        return TITLES[self.kind][0]

    def as_json(self) -> dict[str, Any]:
        """The members of the problem+json object."""
        status, title = TITLES[self.kind]
        body: dict[str, Any] = {
            "type": f"urn:soundlet:{self.kind}",
            "title": title,
            "status": status,
            "detail": self.detail,
        }
        if self.field is not None:
            body["field"] = self.field
        if self.errors:
            body["errors"] = [{"field": name, "detail": detail} for name, detail in self.errors]
        if self.retry_after is not None:
            body["retry_after"] = self.retry_after
        return body


class ProblemError(Exception):
    """Ends the handling of a request with a problem."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.detail)
        self.problem = problem


def problem_of(kind: str, detail: str, fields: Iterable[str]) -> Problem:
    """The problem for an error of soundlet.

    Args:
        kind: name of the error's class.
        detail: its message.
        fields: names that the message may speak of.
    """
    return Problem(KINDS.get(kind, "internal"), detail, field_in(detail, fields))


def field_in(message: str, fields: Iterable[str]) -> str | None:
    """The first of `fields` that `message` speaks of, in the singular or the plural."""
    known = {form: name for name in fields for form in (name, name.removesuffix("s"))}
    return next((known[word] for word in re.findall(r"\w+", message) if word in known), None)
