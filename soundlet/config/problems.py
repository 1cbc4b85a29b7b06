"""What pydantic found wrong with a config, as lines that name the place in the file."""

from __future__ import annotations

from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails, PydanticCustomError


def mismatch(problem: str, *, at: str = "") -> PydanticCustomError:
    """An error for a validator to raise: values that are each fine but contradict each other."""
    return PydanticCustomError("mismatch", "{problem}", {"problem": problem, "at": at})


def misfits(problems: list[str]) -> PydanticCustomError:
    """An error for a validator to raise: several lines at once, each with its place in it."""
    return PydanticCustomError("misfits", "parts do not fit", {"problems": problems})


def describe(error: ValidationError, data: Any) -> list[str]:  # noqa: ANN401 - JSON of any shape
    """Every problem of `error` in a line of its own, with its dotted path in `data`."""
    return [line for problem in error.errors() for line in _lines(problem, data)]


def _lines(problem: ErrorDetails, data: Any) -> list[str]:  # noqa: ANN401 - JSON of any shape
    """One line, or a line for each misfit, with the dotted path in the file."""
    given, context = problem["input"], problem.get("ctx", {})
    kind, place = problem["type"], _path_in_file(problem["loc"], data)
    if kind == "misfits":
        return list(context["problems"])
    if kind == "extra_forbidden":
        return [f"{place}: unknown key"]
    if kind == "missing":
        return [f"{place}: missing"]
    if kind == "literal_error":
        return [f"{place}: {given!r} is not supported; must be {context['expected']}"]
    if kind == "union_tag_invalid":
        return [f"{place}.type: {context['tag']!r} is unknown; must be {context['expected_tags']}"]
    if kind == "union_tag_not_found":
        return [f"{place}.type: missing"]
    if kind == "mismatch":
        inside = f".{context['at']}" if context["at"] else ""
        return [f"{place}{inside}: {context['problem']}"]
    shown = "" if isinstance(given, dict | list) else f", not {given!r}"
    return [f"{place}: {problem['msg'][:1].lower()}{problem['msg'][1:]}{shown}"]


def _path_in_file(loc: tuple[int | str, ...], data: Any) -> str:  # noqa: ANN401 - JSON of any shape
    """The place of an error as a dotted path, without the union tags that pydantic puts in it."""
    parts: list[str] = []
    for i, part in enumerate(loc):
        is_inside = _has(data, part)
        if not is_inside and i < len(loc) - 1:
            continue  # a tag: the file has no such key here
        parts.append(str(part))
        data = data[part] if is_inside else None
    return ".".join(parts) or "(top level)"


def _has(data: Any, part: int | str) -> bool:  # noqa: ANN401 - JSON of any shape
    """Whether an object has a key, or a list a place: one that is too short lacks its last ones."""
    if isinstance(data, dict):
        return part in data
    return isinstance(data, list) and isinstance(part, int) and part < len(data)
