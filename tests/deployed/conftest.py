"""The real template, built and deployed by the real SAM CLI to the emulator, once for the run."""

import asyncio
import sys
from collections.abc import AsyncIterator, Generator

import pytest

from infra.emulated_stack import build, deploy
from infra.emulator import Emulator, is_installed, is_required
from tests.deployed.showing import facts, stay
from tests.deployed.stage import Deployed, operators
from tests.end_to_end.stage import Mailbox, Upstream, mail_server, upstream_process


def pytest_addoption(parser: pytest.Parser) -> None:
    """What `make emulated` adds."""
    parser.addoption("--show", action="store_true", help="say where the deployed stack is")
    parser.addoption("--stay", action="store_true", help="keep it after the tests, until Ctrl-C")


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="package")
async def upstream(anyio_backend: str) -> AsyncIterator[Upstream]:
    async with upstream_process() as running:
        yield running


@pytest.fixture(scope="package")
async def deployed(upstream: Upstream, request: pytest.FixtureRequest) -> AsyncIterator[Deployed]:
    if not (is_installed("ministack") and is_installed("sam")):
        (pytest.fail if is_required() else pytest.skip)(
            "the emulator is not installed: run `make emulator`"
        )
    show, stays = (request.config.getoption(name, False) for name in ("--show", "--stay"))
    mailbox = Mailbox()
    async with mail_server(mailbox) as smtp:
        await asyncio.to_thread(build)
        with Emulator(smtp_port=int(smtp.rpartition(":")[2])) as emulator:
            await asyncio.to_thread(deploy, emulator)
            async with operators(emulator, upstream, mailbox) as ready:
                if show:
                    print(await facts(ready), file=sys.stderr)
                yield ready
                if stays:
                    await stay(ready)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A failure shows what the functions logged: it happened in their processes."""
    report = yield
    deployed = getattr(item, "funcargs", {}).get("deployed")
    if report.failed and deployed is not None:
        report.sections.append(("the functions' logs", deployed.logs()))
    return report
