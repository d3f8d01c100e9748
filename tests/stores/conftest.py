"""Every test that asks for `store` runs on every world."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from handler.stores.base import Store
from tests.stores.worlds import WORLDS, World


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(params=list(WORLDS))
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
