"""One demo upstream for all end-to-end tests, in a process of its own."""

from collections.abc import AsyncIterator

import pytest

from tests.end_to_end.stage import Upstream, upstream_process


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="package")
async def upstream(anyio_backend: str) -> AsyncIterator[Upstream]:
    async with upstream_process() as running:
        yield running
