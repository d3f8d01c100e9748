"""An operator far from the tables: what no tool call would wait for still comes."""

import asyncio
from typing import Any

import pytest
from aiohttp import web

from handler.aws.service import DYNAMODB
from handler.stores.base import StoreUnavailable
from handler.stores.dynamodb.connection import Connection
from handler.stores.dynamodb.patience import PatientConnection
from handler.stores.dynamodb.tables import Table
from tests.emulated.faults import Proxy
from tests.emulated.world import World, connection, in_world, needs_emulator

pytestmark = needs_emulator


async def far(proxy: Proxy, request: web.Request, body: bytes) -> web.StreamResponse:
    answer = await proxy.forward(request, body)
    await asyncio.sleep(DYNAMODB.seconds + 0.2)  # the distance itself, and no wait of a test
    return answer


async def seen(world: World, kind: type[Connection]) -> Any:
    """What a reader on such a connection finds."""
    asking = connection(world.proxy.url, kind)
    try:
        return await Table(asking, world.names.registry).get("directory")
    finally:
        await asking.close()


def test_an_operator_is_answered_from_around_the_world_and_a_call_does_not_wait() -> None:
    async def scenario(world: World) -> None:
        world.proxy.plan = lambda operation, number: far
        assert await seen(world, PatientConnection) is None
        with pytest.raises(StoreUnavailable):
            await seen(world, Connection)

    in_world(scenario)
