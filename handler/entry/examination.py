"""One examination of a stack: what its account allows, then the gateway by real calls.

Chooses adapters, as every entry does.
"""

import asyncio
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from email.utils import parsedate_to_datetime

import aiohttp
import boto3
import orjson

from handler.admin.doctor import Patient, examine
from handler.admin.door import Answered, DoorClosed
from handler.admin.findings import Finding
from handler.approvals.bell import Bell
from handler.approvals.book import Book
from handler.approvals.lifecycle import Terms
from handler.clock import SystemClock
from handler.entry import account, rights
from handler.entry.stack import Stack, open_stack
from handler.oauth.issuer import Documents
from handler.oauth.keys import usable
from handler.oauth.model import WELL_KNOWN, Issuer, resource

REVISION = "2025-11-25"
"""Of MCP; without sessions a call may come first."""

CALL_SECONDS = 35.0
"""More than the front door's own 30."""


@dataclass(frozen=True, slots=True)
class HttpDoor:
    """The gateway's URL, spoken to as an MCP client does."""

    session: aiohttp.ClientSession
    gateway_url: str

    async def call(
        self, server: str, token: str, tool: str, arguments: Mapping[str, str]
    ) -> Answered:
        params = {"name": tool, "arguments": arguments}
        body = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}
        headers = {"Authorization": f"Bearer {token}", "MCP-Protocol-Version": REVISION}
        headers["Accept"] = "application/json, text/event-stream"
        url = f"{self.gateway_url}/{server}"
        return await _answered(self.session.post(url, json=body, headers=headers))

    async def metadata(self, server: str) -> Answered:
        base_url = self.gateway_url.removesuffix("/mcp")
        return await _answered(self.session.get(resource(base_url + WELL_KNOWN, server)))


async def _answered(asked: AbstractAsyncContextManager[aiohttp.ClientResponse]) -> Answered:
    try:
        async with asked as response:
            date = response.headers.get("date")
            at = parsedate_to_datetime(date).timestamp() if date else None
            return Answered(response.status, _object(await response.read()), at)
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        raise DoorClosed(str(error) or "no answer in time") from error


def _object(text: bytes) -> dict[str, object]:
    try:
        found = orjson.loads(text)
    except orjson.JSONDecodeError:
        return {}
    return found if isinstance(found, dict) else {}


async def usable_keys(issuer: Issuer) -> int:
    """How many keys this machine finds. Raises `IssuerFailed`."""
    return len(usable(await Documents(issuer).key_set()))


async def examined(name: str, region: str | None, approver: str | None) -> list[Finding]:
    """The findings about a stack. Raises `CannotRun` where there is no such stack."""
    stack = await asyncio.to_thread(open_stack, name, region)
    try:
        session = boto3.Session(region_name=stack.region)
        found = await asyncio.to_thread(account.findings, session, stack.outputs["Sender"])
        found.append(await rights.keys(stack))
        clock = SystemClock()
        since = clock.now()
        found += await _gateway(stack, approver or stack.outputs["Sender"])
        if any(each.what == "allowed call" for each in found):
            found.append(await rights.log(stack.store.journal, since, clock, asyncio.sleep))
        return found
    finally:
        await stack.close()


async def _gateway(stack: Stack, approver: str) -> list[Finding]:
    clock, store = SystemClock(), stack.store
    timeout = aiohttp.ClientTimeout(total=CALL_SECONDS)
    async with aiohttp.ClientSession(timeout=timeout) as session:
        patient = Patient(
            registry=store.registry,
            ledger=store.ledger,
            book=Book(store.ledger, clock, Bell(), Terms()),
            door=HttpDoor(session, stack.gateway_url),
            clock=clock,
            gateway_url=stack.gateway_url,
            approver=approver,
            modules=stack.modules,
            keys=usable_keys,
            pause=asyncio.sleep,
        )
        return await examine(patient)
