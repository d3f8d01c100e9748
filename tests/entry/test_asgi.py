"""What Lambda takes for an answer, whatever is in it, and what is answered before all is ready."""

import asyncio
import base64
import json
import math
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from handler import deadline
from handler.entry.asgi import LARGEST_BODY, LARGEST_TEXT, SECONDS, fitting, lambda_handler
from handler.failure import CannotRun
from handler.secrets import SecretMissing
from handler.stores.base import LARGEST_PAYLOAD
from tests.api_gateway import event
from tests.strict.runtime import LARGEST_ANSWER as LARGEST_PAYLOAD_OF_LAMBDA

WIDEST = {"quotes": '"', "line breaks": "\n", "two bytes": "é", "four bytes": "😀", "letters": "a"}
"""Characters by how much wider a JSON string makes them, in ASCII at worst."""


@pytest.fixture(autouse=True)
def loop() -> Iterator[None]:
    """What Lambda's process has for as long as it lives."""
    made = asyncio.new_event_loop()
    asyncio.set_event_loop(made)
    yield
    asyncio.set_event_loop(None)
    made.close()


def body_of(character: str, size: int) -> bytes:
    """So many bytes, as full of the character as they can be."""
    wide = character * (size // len(character.encode()))
    return wide.encode() + b"a" * (size - len(wide.encode()))


def answered(body: bytes, media: str = "application/json") -> dict[str, Any]:
    async def serve(request: Request) -> Response:
        return Response(body, media_type=media, headers={"Mcp-Session-Id": "s" * 10_000})

    async def make() -> Starlette:
        app = Starlette()
        app.add_route("/mcp", serve, methods=["POST"])
        return app

    scope: Any = {"method": "POST", "path": "/mcp", "headers": [], "query_string": b""}
    return lambda_handler(make)(event(scope, b""), None)


def test_what_keeps_a_function_from_serving_is_told_as_a_503_and_tried_again(
    caplog: pytest.LogCaptureFixture,
) -> None:
    missing = "the bundle has no WASM runtime: build it with HOLDPOINT_WASM=1"
    failures: list[Exception] = [CannotRun(missing), SecretMissing("the secret is away")]

    async def make() -> Starlette:
        if failures:
            raise failures.pop(0)
        return Starlette()

    scope: Any = {"method": "POST", "path": "/mcp", "headers": [], "query_string": b""}
    serve = lambda_handler(make)
    codes = [serve(event(scope, b""), None)["statusCode"] for _ in range(3)]
    assert codes == [503, 503, 404]
    assert f"nothing can be served: {missing}" in caplog.text


@pytest.mark.parametrize("size", [LARGEST_TEXT, LARGEST_TEXT + 1, LARGEST_BODY])
@pytest.mark.parametrize("character", WIDEST)
def test_an_answer_fits_lambda_and_is_the_same_whatever_is_in_it(character: str, size: int) -> None:
    body = body_of(WIDEST[character], size)
    answer = answered(body)
    assert len(json.dumps(answer)) <= LARGEST_PAYLOAD_OF_LAMBDA
    given = answer["body"]
    assert body == (base64.b64decode(given) if answer["isBase64Encoded"] else given.encode())
    assert answer["isBase64Encoded"] is (size > LARGEST_TEXT)


def test_an_answer_that_is_not_text_is_left_as_it_is() -> None:
    body = b"\xff" * 10
    assert answered(body, "image/png") == fitting(answered(body, "image/png"))


def test_every_event_has_a_deadline_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever was served before in this process, and however long it then lay frozen."""
    found: list[float] = []
    ticks = iter((0.0, 1.0, 500.0, 502.0))
    monkeypatch.setattr(deadline, "time", SimpleNamespace(monotonic=lambda: next(ticks)))

    async def serve(request: Request) -> Response:
        found.append(deadline.left())
        return Response()

    async def make() -> Starlette:
        return Starlette(routes=[Route("/mcp", serve, methods=["POST"])])

    scope: Any = {"method": "POST", "path": "/mcp", "headers": [], "query_string": b""}
    handler = lambda_handler(make)
    for _ in range(2):
        handler(event(scope, b""), None)
    assert found == [SECONDS - 1, SECONDS - 2]
    monkeypatch.undo()
    assert deadline.left() == math.inf


def test_a_stored_result_fits_with_what_the_gateway_adds() -> None:
    assert LARGEST_PAYLOAD + 100_000 < LARGEST_BODY
