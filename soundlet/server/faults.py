"""What pydantic finds wrong with a request, in sentences: what is right, and what was given."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from reprlib import Repr
from typing import Any, TypeAlias, get_args

from pydantic.fields import FieldInfo

from soundlet.server.problems import Problem

Fields: TypeAlias = Mapping[str, FieldInfo]

MOST_SHOWN = 60  # characters of a value

NUMBER_FAULTS = {
    *("int_type", "int_parsing", "int_parsing_size", "int_from_float"),
    *("float_type", "float_parsing", "finite_number"),
    *("greater_than", "greater_than_equal", "less_than", "less_than_equal"),
}

ENDS = {"ge": "from", "gt": "above", "le": "up to", "lt": "below"}
"""Words for the ends of a range, by pydantic's names for them."""

RIGHT = {
    "string_type": "text",
    "string_too_short": "text with a word in it",
    "string_pattern_mismatch": "text with a word in it",
    "string_too_long": "text of at most {max_length} characters",
    "bool_type": "true or false",
    "list_type": "a list",
    "model_type": "a JSON object",
    "model_attributes_type": "a JSON object",
    "share": "{right}",
}
"""What a value must be, by the type of pydantic's fault; filled in from its context."""

_REPR = Repr()
_REPR.maxstring = _REPR.maxlong = _REPR.maxother = MOST_SHOWN


def problem_of_faults(faults: Sequence[Mapping[str, Any]], fields: Mapping[str, Fields]) -> Problem:
    """The problem of a request that is malformed.

    Args:
        faults: as pydantic has them, one or more; a place begins with the part of the request.
        fields: that there are, by the part of the request: "body" or "query".
    """
    told = [_told(fault, fields.get(fault["loc"][0], {})) for fault in faults]
    field, detail = told[0]
    return Problem("body", detail, field, tuple(told))


def _told(fault: Mapping[str, Any], fields: Fields) -> tuple[str, str]:
    """The field of a fault, and a sentence about it."""
    kind, context = fault["type"], fault.get("ctx", {})
    name = ".".join(map(str, fault["loc"][1:])) or str(fault["loc"][0])
    if kind == "json_invalid":
        reason = context["error"]
        return name, f"{name}: this is not JSON ({reason[0].lower()}{reason[1:]})"
    if kind == "missing":
        return name, f"{name} is missing: the request needs it"
    if kind == "extra_forbidden":
        return name, f"{name} is no field of this request: it takes {', '.join(fields)}"
    if isinstance(fault["input"], bytes):
        return name, f"{name} must be JSON: send it with Content-Type: application/json"
    if kind in NUMBER_FAULTS:
        right = _number(kind, context, fields.get(name))
    elif kind == "literal_error":
        right = f"one of {context['expected']}".replace("'", "").replace(" or ", ", ")
    elif kind in RIGHT:
        right = RIGHT[kind].format(**context)
    else:
        return name, f"{name}: {fault['msg']}"
    return name, f"{name} must be {right}, not {_shown(fault['input'])}"


def _number(kind: str, context: Mapping[str, Any], field: FieldInfo | None) -> str:
    """Such as "a whole number from 1 to 1000"; with one end where no field says the other."""
    ends, kinds = dict(context), ()
    if field is not None:
        kinds = (field.annotation, *get_args(field.annotation))
        ends |= {
            name: getattr(each, name)
            for each in field.metadata
            for name in ENDS
            if hasattr(each, name)
        }
    words = "a whole number" if kind.startswith("int") or int in kinds else "a number"
    if "ge" in ends and "le" in ends:
        return f"{words} from {ends['ge']:.10g} to {ends['le']:.10g}"
    told = [f"{word} {ends[name]:.10g}" for name, word in ENDS.items() if name in ends]
    return f"{words} {' and '.join(told)}".rstrip()


def _shown(given: object) -> str:
    """A value of JSON in a few words."""
    if isinstance(given, dict):
        return "an object"
    if isinstance(given, list):
        return "a list"
    if given is None or isinstance(given, bool):
        return json.dumps(given)
    return _REPR.repr(given)
