"""One world for the folder: its processes take seconds to start."""

from collections.abc import AsyncIterator, Generator

import pytest

from infra.emulator import is_installed
from tests.strict.world import World, world

NEEDED = ("ministack", "stepfunctions", "lambda")


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="package")
async def strict_world(
    anyio_backend: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[World]:
    if not all(map(is_installed, NEEDED)):
        pytest.skip("the engines are not installed: run `python infra/emulator.py install`")
    async with world(tmp_path_factory.mktemp("strict")) as made:
        yield made


@pytest.fixture
async def strict(strict_world: World) -> World:
    """The world without the faults of the test before, and without its executions."""
    await strict_world.fresh()
    return strict_world


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A failure shows what the functions logged: it happened in their processes."""
    report = yield
    strict = getattr(item, "funcargs", {}).get("strict")
    if report.failed and strict is not None:
        for function in (strict.gateway, strict.workflow, strict.approvals):
            report.sections.append((f"the {function.name} function", function.log[-6000:]))
    return report
