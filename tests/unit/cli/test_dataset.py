"""Names with numbers, as options of `soundlet dataset` take them."""

from __future__ import annotations

import pytest

from soundlet.cli.dataset import count, named_numbers
from soundlet.errors import RequestError


def test_names_with_numbers_are_read() -> None:
    assert named_numbers("key=12, kind=3", count, "") == {"key": 12, "kind": 3}
    assert named_numbers("pad=2,kick=0.5", float, "") == {"pad": 2.0, "kick": 0.5}
    assert named_numbers(None, count, "") == {}


@pytest.mark.parametrize(
    "text", ["", "key", "key=", "key=x", "key=0", "key=-1", "key=1.5", "=3", "key=1,key=2"]
)
def test_others_are_refused(text: str) -> None:
    with pytest.raises(RequestError, match="written as key=12,instruments=16, each name once"):
        named_numbers(text, count, "key=12,instruments=16")
