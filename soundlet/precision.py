"""Precisions as they are written on a command line, and the one that suits this machine."""

from __future__ import annotations

from typing import get_args

from soundlet.bundle import PARTS, QUANTIZABLE, Part, Precision
from soundlet.errors import RequestError

FLOATS: tuple[Precision, ...] = ("float32", "float16")
WORTH_IT = 1.2  # times as fast as float32: below it int8 would only lose


def parse_precision(text: str) -> dict[Part, Precision]:
    """The precision of each part named in `text`.

    Args:
        text: "dit=int8,decoder=float16"; or one precision, "float16", for all parts that can have
            it; or "auto", for what `fastest_precision` finds.

    Raises:
        RequestError: an unknown part or precision, or one that the part cannot have.
    """
    if text == "auto":
        return fastest_precision()[0]
    if "=" not in text:
        precision = _known(text)
        parts = PARTS if precision in FLOATS else QUANTIZABLE
        return dict.fromkeys(parts, precision)
    chosen: dict[Part, Precision] = {}
    for entry in text.split(","):
        name, _, precision_name = entry.strip().partition("=")
        part = next((part for part in PARTS if part == name), None)
        if part is None:
            raise RequestError(f"precision: part must be one of {', '.join(PARTS)}, not {name!r}")
        if part in chosen:
            raise RequestError(f"precision: {part} is there twice")
        chosen[part] = _known(precision_name)
    check_precision(chosen)
    return chosen


def check_precision(precision: dict[Part, Precision]) -> None:
    """Raises RequestError for a part that cannot be in the precision asked."""
    for part, wanted in precision.items():
        if part not in QUANTIZABLE and wanted not in FLOATS:
            raise RequestError(
                f"the {part} can be in {' or '.join(FLOATS)}, not {wanted}: only"
                f" {' and '.join(QUANTIZABLE)} are made of matrices"
            )


def fastest_precision() -> tuple[dict[Part, Precision], str]:
    """What is fastest here by a short measurement, remembered for next time, and why, in words."""
    from soundlet.engines.probe import probe

    found = probe()
    measured = f"int8 products are {found.speedup:.1f} times as fast as float32 on this processor"
    if found.speedup < WORTH_IT:
        return dict.fromkeys(PARTS, "float32"), f"float32: {measured}"
    bits = ", in 7 bits, since sums of 8 would overflow" if found.saturates else ""
    return dict.fromkeys(QUANTIZABLE, "int8"), f"int8 conditioners and dit{bits}: {measured}"


def _known(name: str) -> Precision:
    for precision in get_args(Precision):
        if precision == name:
            known: Precision = precision
            return known
    choices = ", ".join(get_args(Precision))
    raise RequestError(
        f"precision must be auto or one of {choices}, or part=precision, not {name!r}"
    )
