"""A gateway for the tests, served by uvicorn in a thread, on a store on disk.

Nothing of ours is stood in for. The test's side changes grants and servers through a second handle
on the same store, as an operator's command would from another process.
"""

import asyncio
import json
import re
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal, TypeVar

import httpx2
import pytest
from mcp import Client
from mcp.client.streamable_http import streamable_http_client
from starlette.applications import Starlette
from starlette.types import ASGIApp

from handler.approvals.allowance import Allowance
from handler.approvals.bell import Bell
from handler.approvals.book import Book
from handler.approvals.embedded import Settings, embedded
from handler.approvals.lifecycle import Terms
from handler.approvals.model import Approval
from handler.approvals.service import Approvals
from handler.approvals.vault import Vault
from handler.clock import Clock, SystemClock
from handler.gateway.app import Parts, routes
from handler.gateway.bounds import Bounds
from handler.gateway.buffered import BufferedUpstream
from handler.gateway.decide import Decider
from handler.gateway.execute import UpstreamExecutor
from handler.gateway.judge import StoredCallJudge
from handler.gateway.server import Server
from handler.gateway.upstream import Upstream
from handler.gateway.watch import Watch
from handler.grants import tokens
from handler.grants.model import Grant, GrantStatus
from handler.notify.outbox import Outbox
from handler.oauth.model import Authority
from handler.policies.current import Policies
from handler.policies.publish import compile_policy
from handler.sealing import Sealer
from handler.secrets import Environment, Secrets
from handler.stores.base import Store
from handler.stores.sqlite.store import SQLiteStore
from tests.clear import CLEAR
from tests.patience import PATIENCE
from tests.serving import in_a_thread
from tests.upstream import listening

T = TypeVar("T")

KEY = b"k" * 32
MODERN, LEGACY = "2026-07-28", "2025-11-25"

POLICY: dict[str, Any] = {
    "version": "1",
    "default": "deny",
    "hide": ["delete_customer"],
    "tools": {
        "read_customer": {},
        "count": {},
        "send_message": {
            "limits": [{"counter": "messages", "window": 31_622_400, "max": 10, "scope": "grant"}]
        },
        "create_charge": {
            "require": [
                {
                    "conditions": [{"path": "args.currency", "op": "in", "value": ["usd", "eur"]}],
                    "on_deny": "Only USD or EUR.",
                }
            ],
            "approve_if": [
                {
                    "conditions": [{"path": "args.amount", "op": "gt", "value": 500}],
                    "reason": "Charges above 500 need a person.",
                    "approvers": ["ops@example.com"],
                    "expires_in": "30m",
                }
            ],
        },
    },
}
"""Its one limit is on the longest window there is, so that no test meets its end."""


def done(step: Coroutine[Any, Any, T]) -> T:
    """What a step of the operator's answers, from a loop of its own, also while a test's runs."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, step).result()


@dataclass(frozen=True)
class UpstreamProcess:
    """The test upstream, and what reached it."""

    url: str

    def recorded(self) -> dict[str, list[dict[str, Any]]]:
        answer = httpx2.get(f"{self.url}/recorded", **CLEAR)
        found: dict[str, list[dict[str, Any]]] = answer.json()
        return found

    @property
    def calls(self) -> list[dict[str, Any]]:
        return self.recorded()["calls"]

    def forget(self) -> None:
        httpx2.delete(f"{self.url}/recorded", **CLEAR)


@contextmanager
def upstream_process(module: str = "tests.upstream") -> Iterator[UpstreamProcess]:
    """A server that prints its port as its first line."""
    command = [sys.executable, "-m", module]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        try:
            port = json.loads(process.stdout.readline())["port"]
            yield UpstreamProcess(f"http://127.0.0.1:{port}")
        finally:
            process.terminate()


class Ahead:
    """A clock that goes, so many seconds before the machine's."""

    def __init__(self, seconds: float = 0.0) -> None:
        self.seconds = seconds

    def now(self) -> float:
        return SystemClock().now() + self.seconds


@dataclass
class Told:
    """What the gateway told its meter."""

    judged_in: list[float] = field(default_factory=list)
    refused: int = 0

    def judged(self, seconds: float) -> None:
        self.judged_in.append(seconds)

    def unavailable(self) -> None:
        self.refused += 1


@dataclass
class Gateway:
    """One deployment: its address, its store as an operator and as it reaches it, its outbox."""

    url: str
    store: Store
    own: Store
    outbox: Outbox
    meter: Told = field(default_factory=Told)
    token: str = ""
    servers: dict[str, Server] = field(default_factory=dict)
    grants: dict[str, Grant] = field(default_factory=dict)

    def endpoint(self, server: str = "crm") -> str:
        return f"{self.url}/mcp/{server}"

    def register(self, server: Server, policy: Mapping[str, Any] | None = None) -> None:
        """Create or replace a server, with a policy called `main`."""
        artifacts = []
        if policy is not None:
            artifacts = [compile_policy(json.dumps(policy).encode(), "policy.json")]
            server = replace(server, policies={"main": artifacts[0].digest})
        done(self.store.registry.publish(artifacts, [server]))
        self.servers[server.name] = server

    def grant(self, id: str, server: str = "crm", **changes: Any) -> str:
        """Create a grant; its token."""
        token = tokens.mint(id)
        grant = Grant(
            id=id,
            label=f"agent {id}",
            tags=(),
            server=server,
            policy="main",
            status=GrantStatus.ACTIVE,
            expires_at=None,
            token_hashes=(token.hash,),
        )
        self.change(replace(grant, **changes))
        return token.text

    def change(self, grant: Grant) -> None:
        done(self.store.ledger.put_grant(grant))
        self.grants[grant.id] = grant

    def journal(self) -> list[dict[str, Any]]:
        """All records, also those that the gateway took and has not kept yet."""
        return done(self.own.journal.recent(1_000))

    def post(
        self,
        body: object,
        *,
        token: str | None = None,
        headers: Mapping[str, str] | None = None,
        server: str = "crm",
        raw: bytes | None = None,
    ) -> httpx2.Response:
        """One POST, by hand. `raw` replaces the JSON of `body`."""
        sent = {
            "Authorization": f"Bearer {self.token if token is None else token}",
            "Content-Type": "application/json",
            "Accept": "application/json, text/event-stream",
            **(headers or {}),
        }
        content = json.dumps(body).encode() if raw is None else raw
        return httpx2.post(self.endpoint(server), content=content, headers=sent, **CLEAR)

    def call(self, tool: str, arguments: object, **options: Any) -> httpx2.Response:
        """One modern tools/call, by hand."""
        body, headers = modern("tools/call", {"name": tool, "arguments": arguments})
        return self.post(body, headers={**headers, **options.pop("headers", {})}, **options)

    @asynccontextmanager
    async def client(
        self,
        mode: Literal["auto", "legacy"] | str = "auto",
        token: str | None = None,
        headers: Mapping[str, str] | None = None,
        server: str = "crm",
        **options: Any,
    ) -> AsyncIterator[Client]:
        """The official client, pointed at the gateway."""
        sent = {"Authorization": f"Bearer {token or self.token}", **(headers or {})}
        async with httpx2.AsyncClient(headers=sent, **CLEAR) as http:
            transport = streamable_http_client(self.endpoint(server), http_client=http)
            async with Client(transport, mode=mode, **options) as client:
                yield client

    async def mail(self) -> str:
        """The text of the newest mail, once there is one."""
        async with asyncio.timeout(PATIENCE):
            while not (mails := self.outbox.mails()):
                await asyncio.sleep(0.02)
        return mails[0].text

    async def answer(self, decision: str) -> int:
        """Open the link of the newest mail and press a button of its page; the status."""
        return await self.press(await self.mail(), decision)

    async def press(self, mail: str, decision: str) -> int:
        """Answer one mail by its text."""
        link = re.search(r"http://\S+", mail)
        assert link is not None
        async with httpx2.AsyncClient(**CLEAR) as browser:
            page = await browser.get(link[0])
            fields = dict(re.findall(r'name="([^"]+)" value="([^"]*)"', page.text))
            answered = await browser.post(
                link[0], data={**fields, "answer": decision}, headers={"Origin": self.url}
            )
        return answered.status_code


def modern(method: str, params: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, str]]:
    """A modern request's body and headers."""
    meta = {
        "io.modelcontextprotocol/protocolVersion": MODERN,
        "io.modelcontextprotocol/clientCapabilities": {},
    }
    body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": {**params, "_meta": meta}}
    headers = {"MCP-Protocol-Version": MODERN, "Mcp-Method": method}
    if "name" in params:
        headers["Mcp-Name"] = str(params["name"])
    return body, headers


def legacy(method: str, params: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, str]]:
    """A legacy request's body and headers."""
    body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": dict(params)}
    return body, {"MCP-Protocol-Version": LEGACY}


Around = Callable[[Starlette], ASGIApp]
"""What stands in front of the application. Its `state.make` makes the gateway alone once more, as
another container has it; that one's `state.close` lets go of its connections."""


def nothing(app: Starlette) -> ASGIApp:
    return app


def sqlite(folder: Path) -> Store:
    return SQLiteStore(folder / "store.db")


Adapter = type[Upstream] | type[BufferedUpstream]
"""What speaks to upstreams: one of each world. Both keep the same promises."""

both = pytest.mark.parametrize("adapter", [Upstream, BufferedUpstream])


@contextmanager
def gateway(
    folder: Path,
    upstream: str,
    *,
    bounds: Bounds | None = None,
    store: Store | None = None,
    environment: Mapping[str, str] | None = None,
    around: Around = nothing,
    oauth: Authority | None = None,
    opened: Callable[[Path], Store] = sqlite,
    adapter: Adapter = Upstream,
    clock: Clock | None = None,
    store_seconds: float = PATIENCE,
) -> Iterator[Gateway]:
    """A deployment with one server, `crm`, and one grant, `g1`. `store` replaces the gateway's.

    `opened` gives a handle on the store in a folder, another one each time. A store step may take
    `store_seconds`, whatever the bounds say: a slow disk is no denial unless a test means it.
    """
    own, operators = opened(folder), opened(folder)
    outbox = Outbox(folder / "outbox", SystemClock())
    meter = Told()
    serving = _listening(
        store or own,
        outbox,
        replace(bounds or Bounds(), store_seconds=store_seconds),
        environment or {},
        around,
        meter,
        adapter,
        clock or SystemClock(),
    )
    with serving as url:
        found = Gateway(url, operators, store or own, outbox, meter)
        crm = Server("crm", f"{upstream}/mcp", private_network=True, oauth=oauth)
        found.register(crm, POLICY)
        found.token = found.grant("g1")
        try:
            yield found
        finally:
            done(_closed(own, operators))


async def _closed(*stores: Store) -> None:
    for store in stores:
        await store.close()


@contextmanager
def _listening(
    store: Store,
    outbox: Outbox,
    bounds: Bounds,
    environment: Mapping[str, str],
    around: Around,
    meter: Told,
    adapter: Adapter,
    clock: Clock,
) -> Iterator[str]:
    listener = listening()
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    bounds = replace(bounds, origins=bounds.origins | {url})
    sealer = Sealer([KEY])
    upstream = adapter(Secrets({"env": Environment(environment)}), bounds)
    watch = Watch(store.definitions, upstream, clock)
    decider = Decider(Policies(store.registry), KEY, watch)
    held = embedded(
        store,
        seal=sealer,
        executor=UpstreamExecutor(store.registry, upstream, watch),
        judge=StoredCallJudge(store.registry, store.ledger, decider),
        mailer=outbox,
        clock=clock,
        settings=Settings(base_url=url, key=KEY),
    )
    parts = Parts(
        store=store,
        decider=decider,
        upstream=upstream,
        approvals=lambda: held.approvals,
        sealer=sealer,
        clock=clock,
        bounds=bounds,
        meter=meter,
        base_url=url,
    )

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        carrying = asyncio.create_task(held.workflow.run())
        yield
        carrying.cancel()
        with suppress(asyncio.CancelledError):
            await carrying
        await upstream.close()

    app = Starlette(routes=[*routes(parts), *held.routes], lifespan=lifespan)
    app.state.make = lambda: function(store, bounds, environment, url)
    with in_a_thread(around(app), listener):
        yield url


class Elsewhere:
    """The workflow as a function sees it that shares nothing with it but the store."""

    async def start(self, approval: Approval) -> None:
        pass

    async def wake(self, approval_id: str) -> None:
        pass


def function(store: Store, bounds: Bounds, environment: Mapping[str, str], url: str) -> Starlette:
    """The gateway alone on a store, as one container has it; `state.close` ends its connections."""
    clock, sealer, bell, terms = SystemClock(), Sealer([KEY]), Bell(), Terms()
    upstream = BufferedUpstream(Secrets({"env": Environment(environment)}), bounds)
    approvals = Approvals(
        ledger=store.ledger,
        book=Book(store.ledger, clock, bell, terms),
        vault=Vault(store.payloads, sealer),
        allowance=Allowance(store.nonces, 60),
        workflow=Elsewhere(),
        bell=bell,
        clock=clock,
        terms=terms,
        most_pending=20,
    )
    decider = Decider(Policies(store.registry), KEY, Watch(store.definitions, upstream, clock))
    app = Starlette(
        routes=routes(
            Parts(store, decider, upstream, lambda: approvals, sealer, clock, bounds, url)
        )
    )
    app.state.close = upstream.close
    return app
