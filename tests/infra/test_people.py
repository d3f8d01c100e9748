"""What each of the three roles of people may do, by the requests that the stores really send."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest

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
from tests.emulated.world import World as Tables
from tests.emulated.world import emulator, in_world, journal, needs_emulator, now
from tests.infra.iam import Asked, allows, asked, people

pytestmark = needs_emulator

SERVER = Server("stripe", "https://mcp.example.com/mcp")
POLICY = compile_policy(b'{"version": "1", "default": "deny", "tools": {"x": {}}}', "policy.json")


class Recorded(Connection):
    """A connection that keeps what it sends."""

    def __init__(self, url: str, names: Names) -> None:
        super().__init__(Account(REGION, lambda: Credentials("test", "test"), url))
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
    return await store.ledger.change_grant(grant(), replace(grant(), policy="other"))


async def _read(store: DynamoStore) -> object:
    await store.registry.servers()
    await store.ledger.grants()
    return await store.ledger.approvals(5)


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
        lambda store: store.registry.publish([], [replace(SERVER, name="new")]),
        {"Admin"},
    ),
    "remove a server": (lambda store: store.registry.remove_server("stripe"), {"Admin"}),
    "make a grant or rotate its token": (
        lambda store: store.ledger.put_grant(grant("g2", "another")),
        {"Admin"},
    ),
    "pause a grant": (
        lambda store: store.ledger.put_grant(replace(grant(), status=GrantStatus.PAUSED)),
        {"Admin"},
    ),
    "read what was answered": (lambda store: store.answers.answers("a1"), {"Admin"}),
    "read a held call's arguments": (lambda store: store.payloads.get("a1/call", now()), {"Admin"}),
}
"""What operators do, and who may."""


@pytest.mark.parametrize("act", ACTS)
def test_only_these_roles_may(act: str) -> None:
    do, wanted = ACTS[act]

    async def scenario(tables: Tables) -> None:
        await tables.store.registry.publish([], [SERVER])
        await tables.store.ledger.put_grant(grant())
        connection = Recorded(emulator().url, tables.names)
        store = DynamoStore(connection, tables.names, journal())
        await do(store)
        await store.close()
        assert connection.asked
        may = {
            role
            for role in ("Admin", "PolicyManager", "Viewer")
            if all(allows(people(f"{role}Policy"), request) for request in connection.asked)
        }
        assert may == wanted, connection.asked

    in_world(scenario)


def test_the_reader_of_policies_sees_what_a_statement_does_not_allow() -> None:
    statement = {
        "Action": "dynamodb:UpdateItem",
        "Resource": {"Fn::GetAtt": "Ledger.Arn"},
        "Condition": {
            "ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["grant#*"]},
            "ForAllValues:StringEquals": {"dynamodb:Attributes": ["pk", "po"]},
            "Null": {"dynamodb:LeadingKeys": "false"},
        },
    }
    policy = {"Statement": [statement]}
    good = Asked("dynamodb:UpdateItem", "Ledger", frozenset(["grant#1"]), frozenset(["pk", "po"]))
    assert allows(policy, good)
    others = (
        replace(good, action="dynamodb:PutItem"),
        replace(good, table="Registry"),
        replace(good, keys=frozenset(["approval#1"])),
        replace(good, keys=frozenset(["grant#1", "approval#1"])),
        replace(good, keys=frozenset()),
        replace(good, attributes=frozenset(["pk", "po", "st"])),
    )
    assert not any(allows(policy, other) for other in others)
