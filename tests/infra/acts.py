"""What operators do with a store, and which of the three roles may: for every reading of IAM."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import Any

from handler.aws.service import Account
from handler.aws.signature import Credentials
from handler.gateway.server import Server
from handler.grants.model import GrantStatus
from handler.policies.publish import compile_policy
from handler.stores.dynamodb.connection import Connection
from handler.stores.dynamodb.store import DynamoStore
from handler.stores.dynamodb.tables import Names
from infra.emulator import REGION
from tests.emulated.samples import grant
from tests.emulated.world import now
from tests.infra.iam import Asked, asked

ROOT = Credentials("test", "test")
ROLES = ("Admin", "PolicyManager", "Viewer")

SERVER = Server("people", "https://mcp.example.com/mcp")
NEW = "people-new"
"""A server that is not there."""

GRANT = replace(grant("people-1"), label="people 1", server=SERVER.name)
ANOTHER = replace(GRANT, id="people-2", label="people 2")
POLICY = compile_policy(b'{"version": "1", "default": "deny", "tools": {"x": {}}}', "policy.json")


class Recorded(Connection):
    """A connection that keeps what it sends."""

    def __init__(self, url: str, names: Names, whose: Credentials = ROOT) -> None:
        super().__init__(Account(REGION, lambda: whose, url))
        self.asked: list[Asked] = []
        self._tables = {getattr(names, each): each.title() for each in Names.__slots__}

    async def send(self, operation: str, body: Mapping[str, Any]) -> dict[str, Any]:
        self.asked += asked(operation, body, self._tables)
        return await super().send(operation, body)


Act = Callable[[DynamoStore], Awaitable[object]]


async def _attach_to_server(store: DynamoStore) -> object:
    policies = {"charges": POLICY.digest}
    return await store.registry.publish([POLICY], [replace(SERVER, policies=policies)])


async def _attach_to_grant(store: DynamoStore) -> object:
    return await store.ledger.change_grant(GRANT, replace(GRANT, policy="other"))


async def _read(store: DynamoStore) -> object:
    await store.registry.servers()
    await store.ledger.grants()
    return await store.ledger.approvals(5)


async def prepare(store: DynamoStore) -> None:
    """What the acts are done to, as it was."""
    await store.registry.remove_server(NEW)
    await store.registry.publish([], [SERVER])
    await store.ledger.put_grant(GRANT)


ACTS: dict[str, tuple[Act, set[str]]] = {
    "read servers, grants and approvals": (_read, {"Admin", "PolicyManager", "Viewer"}),
    "put a policy on a server": (_attach_to_server, {"Admin", "PolicyManager"}),
    "attach a policy to a grant": (
        _attach_to_grant,
        {"Admin", "PolicyManager"},
    ),
    "change an upstream": (
        lambda store: store.registry.publish([], [replace(SERVER, upstream="https://evil")]),
        {"Admin"},
    ),
    "pause a server": (
        lambda store: store.registry.publish([], [replace(SERVER, paused=True)]),
        {"Admin"},
    ),
    "add a server": (
        lambda store: store.registry.publish([], [replace(SERVER, name=NEW)]),
        {"Admin"},
    ),
    "remove a server": (lambda store: store.registry.remove_server(SERVER.name), {"Admin"}),
    "make a grant or rotate its token": (
        lambda store: store.ledger.put_grant(ANOTHER),
        {"Admin"},
    ),
    "pause a grant": (
        lambda store: store.ledger.put_grant(replace(GRANT, status=GrantStatus.PAUSED)),
        {"Admin"},
    ),
    "read what was answered": (lambda store: store.answers.answers("a1"), {"Admin"}),
    "read a held call's arguments": (lambda store: store.payloads.get("a1/call", now()), {"Admin"}),
}
"""What operators do, and who may."""
