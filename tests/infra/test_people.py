"""What each of the three roles of people may do, by the requests that the stores really send."""

from dataclasses import replace

import pytest

from handler.stores.dynamodb.store import DynamoStore
from tests.emulated.world import World as Tables
from tests.emulated.world import emulator, in_world, journal, needs_emulator
from tests.infra.acts import ACTS, ROLES, Recorded, prepare
from tests.infra.iam import Asked, allows, people

pytestmark = needs_emulator


@pytest.mark.parametrize("act", ACTS)
def test_only_these_roles_may(act: str) -> None:
    do, wanted = ACTS[act]

    async def scenario(tables: Tables) -> None:
        await prepare(tables.store)
        connection = Recorded(emulator().url, tables.names)
        store = DynamoStore(connection, tables.names, journal())
        await do(store)
        await store.close()
        assert connection.asked
        may = {
            role
            for role in ROLES
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
