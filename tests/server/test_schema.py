"""Everything that the schema allows, and much that it does not, is asked: no answer is a 5xx, and all keep their promise."""

from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import response_schema_conformance, status_code_conformance

from heedful.server.limits import Limits
from heedful.server.served import Shelf
from tests.server.conftest import Running, running

# The server runs in this process, and what it draws in its thread is none of the strategies' business.
pytestmark = pytest.mark.filterwarnings("ignore:Do not use the .random. module")

CHECKS = [not_a_server_error, response_schema_conformance, status_code_conformance]
POSTS = ("/v1/predict", "/v1/predict/stream", "/v1/attend", "/v1/explore")
GETS = ("/v1/models", "/healthz", "/readyz", "/metrics")


@pytest.fixture(scope="module")
def small(shelf: Shelf) -> Iterator[Running]:
    """A server whose limits keep what is drawn quick."""
    with running(shelf, Limits(max_beam_size=6, max_n_best=6, max_length=30, max_inputs=20)) as found:
        yield found


@pytest.fixture(scope="module")
def schema(small: Running) -> Any:
    """What the server says of itself."""
    return schemathesis.openapi.from_url(f"{small.address}/openapi.json")


def operation(schema: Any, path: str, method: str) -> Any:
    """One of its operations."""
    return schema[path][method]


@pytest.mark.parametrize("mode", list(GenerationMode), ids=lambda mode: mode.value)
@pytest.mark.parametrize("path", POSTS)
def test_no_body_breaks_it(small: Running, schema: Any, path: str, mode: GenerationMode) -> None:
    @settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck), database=None)
    @given(case=operation(schema, path, "POST").as_strategy(generation_mode=mode))
    def hold(case: Any) -> None:
        case.validate_response(case.call(base_url=small.address), checks=CHECKS)

    hold()


@pytest.mark.parametrize("path", GETS)
def test_what_it_says_of_itself_is_as_promised(small: Running, schema: Any, path: str) -> None:
    @settings(max_examples=10, deadline=None, suppress_health_check=list(HealthCheck), database=None)
    @given(case=operation(schema, path, "GET").as_strategy())
    def hold(case: Any) -> None:
        case.validate_response(case.call(base_url=small.address), checks=CHECKS)

    hold()


def test_every_operation_is_asked(schema: Any) -> None:
    assert set(schema.raw_schema["paths"]) == {*POSTS, *GETS}
