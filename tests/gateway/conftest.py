"""One upstream process for all gateway tests, and a fresh gateway for each."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from handler.gateway import watch
from handler.gateway.upstream import Upstream
from tests.gateway.world import (
    Adapter,
    Gateway,
    UpstreamProcess,
    gateway,
    upstream_process,
)
from tests.patience import PATIENCE


@pytest.fixture(scope="session")
def upstream_server() -> Iterator[UpstreamProcess]:
    with upstream_process() as found:
        yield found


@pytest.fixture
def upstream(upstream_server: UpstreamProcess) -> UpstreamProcess:
    """The upstream, with nothing recorded yet."""
    upstream_server.forget()
    return upstream_server


@pytest.fixture(autouse=True)
def unhurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lists that the gateway asks for itself may take long, as on a slow machine they do."""
    monkeypatch.setattr(watch, "FETCH_SECONDS", PATIENCE)


@pytest.fixture
def adapter() -> Adapter:
    """The embedded world's client. A module about upstreams has a fixture of this name for both."""
    return Upstream


@pytest.fixture
def door(tmp_path: Path, upstream: UpstreamProcess, adapter: Adapter) -> Iterator[Gateway]:
    """A gateway before the upstream."""
    with gateway(tmp_path, upstream.url, adapter=adapter) as found:
        yield found


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"
