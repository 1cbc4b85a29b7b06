"""Requests that are made from the OpenAPI document: no 5xx, and no answer that it does not have."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.end_to_end.server.conftest import Server, serving

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
EXAMPLES = 12  # of each endpoint


@pytest.fixture(scope="module")
def hasty(tiny_bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that gives a job a fifth of a second: the document allows jobs of minutes."""
    folder = tmp_path_factory.mktemp("hasty")
    with serving(tiny_bundle, folder, "--job-seconds", 0.2) as started:
        yield started


@pytest.mark.parametrize("mode", list(GenerationMode), ids=str)
@pytest.mark.slow
def test_no_request_gets_what_the_document_does_not_promise(
    hasty: Server, mode: GenerationMode
) -> None:
    document = schemathesis.openapi.from_url(f"{hasty.address}/v1/openapi.json")
    n_operations = 0
    for found in document.get_all_operations():
        operation = cast("Any", found).ok()
        n_operations += 1

        @settings(
            max_examples=EXAMPLES,
            deadline=None,
            derandomize=True,
            database=None,
            suppress_health_check=list(HealthCheck),
        )
        @given(case=operation.as_strategy(generation_mode=mode))
        def ask(case: schemathesis.Case[Any]) -> None:
            response = case.call(timeout=240)
            case.validate_response(response, checks=CHECKS)

        try:
            ask()
        except Unsatisfiable:  # nothing can be wrong with a request that takes nothing
            assert mode is GenerationMode.NEGATIVE
    assert n_operations >= 26
