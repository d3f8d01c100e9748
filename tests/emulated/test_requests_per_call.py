"""What a call asks of DynamoDB, counted behind the gateway's own door: docs/deploy.md's table."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx2
import pytest
from aiohttp import web

from handler.admin import drift as operators
from handler.gateway import watch
from handler.gateway.bounds import Bounds
from handler.gateway.server import Drift, Server
from handler.grants import tokens
from handler.policies.publish import compile_policy
from tests.emulated.faults import Handler, Proxy
from tests.emulated.samples import grant
from tests.emulated.world import World, in_world, needs_emulator
from tests.gateway.shifting import Shifting, shifting, tool
from tests.gateway.world import function, modern

pytestmark = needs_emulator

TOKEN = tokens.mint("g1")
DOCS = Path(__file__).parents[2] / "docs" / "deploy.md"


def limit(number: int, scope: str) -> dict[str, Any]:
    return {"counter": f"{scope} {number}", "window": 31_622_400, "max": 900, "scope": scope}


TOOLS = {
    "denied": None,
    "allowed, no limit": [],
    "allowed, limits of its grant, however many": [limit(n, "grant") for n in range(32)],
    "allowed, a limit of another scope too": [limit(0, "grant"), limit(0, "server")],
}
"""By the row of the table, the limits of the tool that is called; None for one not listed."""


def policy(limits: list[dict[str, Any]] | None) -> bytes:
    tools = {} if limits is None else {"pay": {"limits": limits}}
    return json.dumps({"version": "1", "default": "deny", "tools": tools}).encode()


def documented() -> dict[str, list[str]]:
    """Path -> the operations of a call, as docs/deploy.md has them."""
    table = DOCS.read_text().split("| a call that is |")[1].split("\n\n")[0]
    rows = [[cell.strip() for cell in row.split("|")[1:-1]] for row in table.splitlines()[2:]]
    return {path: re.findall(r"\w+Items?", operations) for path, operations in rows}


@dataclass
class Container:
    """One container of the gateway function, and what its requests are."""

    world: World
    http: httpx2.AsyncClient

    async def asked(self, name: str = "pay") -> tuple[dict[str, Any], list[str]]:
        """A call's result, and the operations that it asked for."""
        self.world.proxy.requests.clear()
        body, headers = modern("tools/call", {"name": name, "arguments": {}})
        own = {"Authorization": f"Bearer {TOKEN.text}", "Content-Type": "application/json"}
        answered = await self.http.post("/mcp/stripe", json=body, headers={**headers, **own})
        result: dict[str, Any] = answered.json()["result"]
        return result, sorted(self.world.proxy.requests)


@asynccontextmanager
async def container(world: World) -> AsyncIterator[Container]:
    store = world.another()
    app = function(store, Bounds(streaming=False, leg_seconds=0), {}, "http://gateway")
    transport = httpx2.ASGITransport(app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://gateway") as http:
        try:
            yield Container(world, http)
        finally:
            await app.state.close()
            await store.close()


async def registered(
    world: World, url: str, drift: Drift, limits: list[dict[str, Any]] | None
) -> None:
    artifact = compile_policy(policy(limits), "policy.json")
    server = Server(
        "stripe",
        f"{url}/mcp",
        policies={"charges": artifact.digest},
        private_network=True,
        drift=drift,
    )
    await world.store.registry.publish([artifact], [server])
    await world.store.ledger.put_grant(replace(grant(), token_hashes=(TOKEN.hash,)))


@pytest.fixture
def upstream() -> Iterator[Shifting]:
    with shifting() as found:
        found.tools = [tool("pay")]
        yield found


class Meeting:
    """Lets the requests of a call go on only once two of them are there."""

    def __init__(self) -> None:
        self._here, self._met = 0, asyncio.Event()

    def plan(self, operation: str, number: int) -> Handler:
        async def meet(proxy: Proxy, request: web.Request, body: bytes) -> web.StreamResponse:
            self._here += 1
            if self._here == 2:
                self._met.set()
            await self._met.wait()
            return await proxy.forward(request, body)

        return meet


@pytest.mark.parametrize("drift", Drift)
@pytest.mark.parametrize("path", TOOLS)
def test_a_call_is_two_requests_side_by_side_whatever_its_limits_and_drift(
    upstream: Shifting, path: str, drift: Drift
) -> None:
    async def scenario(world: World) -> None:
        await registered(world, upstream.url, drift, TOOLS[path])
        async with container(world) as gateway:
            await gateway.asked()
            world.proxy.plan = Meeting().plan
            result, requests = await gateway.asked()
            assert ("isError" in result) is (path == "denied"), result
            assert requests == sorted(documented()[path])

    in_world(scenario)


@pytest.mark.parametrize("path", ["denied", "allowed, no limit"])
def test_a_containers_first_call_that_takes_nothing_reads_once_and_fetches_the_policy(
    upstream: Shifting, path: str
) -> None:
    async def scenario(world: World) -> None:
        await registered(world, upstream.url, Drift.WARN, TOOLS[path])
        async with container(world) as gateway:
            assert (await gateway.asked())[1] == ["GetItem", "GetItem", "GetItem"]

    in_world(scenario)


def test_every_row_of_the_table_is_counted_and_nothing_else() -> None:
    assert set(documented()) == set(TOOLS)


@pytest.mark.parametrize("drift", [Drift.HOLD, Drift.DENY])
def test_definitions_are_read_again_for_a_refusal_so_that_accepting_holds_from_the_next_call(
    upstream: Shifting, drift: Drift, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario(world: World) -> None:
        await registered(world, upstream.url, drift, [limit(0, "grant")])
        async with container(world) as gateway:
            await gateway.asked()
            upstream.tools[0]["description"] = "Pay twice."
            with monkeypatch.context() as moved:  # a minute passes
                moved.setattr(watch, "FRESH_SECONDS", 0)
                assert (await gateway.asked())[0]["isError"]
            refused, requests = await gateway.asked()
            assert refused["isError"] and requests == ["GetItem", "GetItem", "GetItem"]
            assert await operators.accept(world.store, "stripe", []) == ["pay"]
            result, requests = await gateway.asked()
            assert "isError" not in result
            assert (await gateway.asked())[1] == ["GetItem", "UpdateItem"]
        assert len(upstream.calls) == 3

    in_world(scenario)
