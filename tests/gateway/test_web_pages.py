"""Pages of web origins: none may call but those that are named, and their browsers are told so."""

from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from handler.gateway.bounds import Bounds
from tests.clear import CLEAR
from tests.gateway.world import Gateway, UpstreamProcess, gateway, modern

PAGE = "https://inspector.example:6274"
CALL = modern("tools/call", {"name": "read_customer", "arguments": {"id": "1"}})


@pytest.fixture
def door(tmp_path: Path, upstream: UpstreamProcess) -> Iterator[Gateway]:
    with gateway(tmp_path, upstream.url, bounds=Bounds(origins=frozenset({PAGE}))) as found:
        yield found


def asked(door: Gateway, **headers: str) -> httpx2.Response:
    """A browser's question, which never carries a token."""
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    return httpx2.request("OPTIONS", door.endpoint(), headers=sent, **CLEAR)


def test_a_page_of_a_named_origin_may_call_with_every_header_of_the_protocol(
    door: Gateway, upstream: UpstreamProcess
) -> None:
    wanted = "authorization,content-type,mcp-method,mcp-name,mcp-param-region"
    found = asked(
        door,
        Origin=PAGE,
        Access_Control_Request_Method="POST",
        Access_Control_Request_Headers=wanted,
    )
    assert found.status_code == 204
    assert found.headers["access-control-allow-origin"] == PAGE
    assert found.headers["access-control-allow-headers"] == wanted
    assert "access-control-allow-credentials" not in found.headers
    called = door.post(CALL[0], headers={**CALL[1], "Origin": PAGE})
    assert called.status_code == 200 and len(upstream.calls) == 1
    assert called.headers["access-control-allow-origin"] == PAGE
    assert "Mcp-Session-Id" in called.headers["access-control-expose-headers"]
    assert called.headers["vary"] == "Origin"


def test_a_page_of_a_named_origin_can_read_why_its_token_is_refused(door: Gateway) -> None:
    refused = door.post(CALL[0], headers={**CALL[1], "Origin": PAGE}, token="hp_g1_wrong")
    assert refused.status_code == 401
    assert refused.headers["access-control-allow-origin"] == PAGE


@pytest.mark.parametrize(
    "origin",
    ["https://evil.example", "null", f"{PAGE}.evil.example", PAGE.upper(), "http://localhost", "*"],
)
def test_a_page_of_any_other_origin_may_not(
    door: Gateway, upstream: UpstreamProcess, origin: str
) -> None:
    """A name that a page has bound to this machine's address (DNS rebinding) is such an origin."""
    found = asked(door, Origin=origin, Access_Control_Request_Method="POST")
    called = door.post(CALL[0], headers={**CALL[1], "Origin": origin})
    assert (found.status_code, called.status_code) == (403, 403)
    for answer in (found, called):
        assert not [name for name in answer.headers if name.startswith("access-control")]
    assert upstream.recorded()["requests"] == []


def test_a_client_that_is_no_browser_is_told_nothing_of_the_kind(door: Gateway) -> None:
    called = door.post(CALL[0], headers=CALL[1])
    assert called.status_code == 200
    assert not [name for name in called.headers if name.startswith("access-control")]
    assert asked(door).status_code == 403
