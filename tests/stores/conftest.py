"""Every test that asks for `store` runs on every world."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from handler.stores.base import Store
from tests.emulated.world import needs_emulator
from tests.stores.worlds import WORLDS, World


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


NEEDS = {"dynamodb": [needs_emulator]}
"""The worlds that this machine may lack the means for."""

PARAMETERS = [pytest.param(name, marks=NEEDS.get(name, ())) for name in WORLDS]


@pytest.fixture(params=PARAMETERS)
def world_name(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture
def world(world_name: str) -> World:
    return WORLDS[world_name]


@pytest.fixture
async def store(world: World, tmp_path: Path, anyio_backend: str) -> AsyncIterator[Store]:
    async with world(tmp_path) as opened:
        yield opened
