"""A gateway that accepts access tokens, in both worlds, before one upstream."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from handler.gateway.bounds import Bounds
from handler.oauth import issuer as documents
from handler.oauth.model import Authority, Issuer, Rule
from handler.stores.base import Store
from handler.stores.dynamodb.connection import Connection
from tests.api_gateway import ApiGateway
from tests.emulated.place import handles, prepare
from tests.emulated.world import connection, needs_emulator
from tests.gateway.world import Gateway, UpstreamProcess, done, gateway, upstream_process
from tests.oauth.authority import CLIENT, AuthorizationServer, authorization_server
from tests.patience import PATIENCE

BUFFERED = Bounds(streaming=False, upstream_seconds=20, leg_seconds=0)

OWN = Rule("client_id", CLIENT, "g1")

Opening = Callable[[Path, UpstreamProcess, Authority | None], AbstractContextManager[Gateway]]
"""A gateway whose server `crm` names the authority."""


def authority(issuer: AuthorizationServer, *rules: Rule) -> Authority:
    return Authority(Issuer(issuer.issuer, private_network=True), rules or (OWN,))


@contextmanager
def embedded(folder: Path, upstream: UpstreamProcess, oauth: Authority | None) -> Iterator[Gateway]:
    with gateway(folder, upstream.url, oauth=oauth) as found:
        yield found


@contextmanager
def aws(
    folder: Path,
    upstream: UpstreamProcess,
    oauth: Authority | None,
    connect: Callable[[str], Connection] = connection,
) -> Iterator[Gateway]:
    """Containers behind an API Gateway, which share DynamoDB."""
    done(prepare(folder))
    with handles(folder) as opened:

        def handle(place: Path) -> Store:
            return opened(connect)

        with gateway(
            folder, upstream.url, oauth=oauth, opened=handle, bounds=BUFFERED, around=ApiGateway
        ) as found:
            yield found


WORLDS: dict[str, Opening] = {"embedded": embedded, "aws": aws}

PARAMETERS = [
    pytest.param("embedded"),
    pytest.param("aws", marks=[needs_emulator]),
]


@pytest.fixture(autouse=True)
def unhurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keys may come late, as on a slow machine they do."""
    monkeypatch.setattr(documents, "FETCH_SECONDS", PATIENCE)
    slow = replace(documents.BOUNDS, connect_seconds=PATIENCE, upstream_seconds=PATIENCE)
    monkeypatch.setattr(documents, "BOUNDS", slow)


@pytest.fixture(params=PARAMETERS)
def opening(request: pytest.FixtureRequest) -> Opening:
    return WORLDS[request.param]


@pytest.fixture
def door(
    opening: Opening, tmp_path: Path, upstream: UpstreamProcess, issuer: AuthorizationServer
) -> Iterator[Gateway]:
    with opening(tmp_path, upstream, authority(issuer)) as found:
        yield found


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="module")
def upstream_server() -> Iterator[UpstreamProcess]:
    with upstream_process() as found:
        yield found


@pytest.fixture
def upstream(upstream_server: UpstreamProcess) -> UpstreamProcess:
    upstream_server.forget()
    return upstream_server


@pytest.fixture
def issuer() -> Iterator[AuthorizationServer]:
    with authorization_server() as found:
        yield found
