"""What the API's description promises, tried with what fits it and with what does not: no other answer comes."""

from contextlib import suppress
from typing import Any

import pytest
import requests
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import Case, GenerationMode, openapi
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.platform.served import Api

CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]


def try_all(api: Api, examples: int) -> None:
    """Call every operation with values that are as described, and with others."""
    document = openapi.from_url(f"{api.url}/openapi.json", params={"token": api.token})
    tried, known = 0, api.dataset(3).one_of_each() | {"kind": "full"}
    for result in document.get_all_operations():
        assert isinstance(result, Ok), result
        operation = result.ok()
        names = [one.name for one in operation.path_parameters]
        for mode in GenerationMode:
            # Ids that exist, and after them ids as they come.
            for given_ids in ({name: known[name] for name in names if name in known}, None):
                tried += _try(api, operation.as_strategy(mode, path_parameters=given_ids), examples)
        if operation.method == "delete":
            known = api.dataset(3).one_of_each() | {"kind": "full"}
    assert tried > 100


def _try(api: Api, cases: Any, examples: int) -> int:
    tried = 0

    @settings(
        max_examples=examples,
        database=None,
        derandomize=True,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(cases)
    def _call(case: "Case[Any]") -> None:
        nonlocal tried
        tried += 1
        case.query = {**(case.query or {}), "token": api.token}
        answer = case.call(timeout=60)
        case.validate_response(answer, checks=CHECKS)

    with suppress(Unsatisfiable):  # where nothing can be other than described
        _call()
    return tried


def test_description__no_answer_beside_it(api: Api) -> None:
    try_all(api, examples=1)


@pytest.mark.full
def test_description__no_answer_beside_it_in_many_tries(api: Api) -> None:
    try_all(api, examples=40)


def test_description__wants_the_token(api: Api) -> None:
    assert requests.get(f"{api.url}/openapi.json", timeout=60).status_code == 401
