"""An authorization server's documents are had within bounds, and from where the gateway may go."""

import threading
from collections.abc import Callable, Iterator

import pytest
from starlette.responses import JSONResponse, RedirectResponse, Response, StreamingResponse

from handler.oauth import issuer as documents
from handler.oauth.issuer import BOUNDS, Documents, IssuerFailed
from handler.oauth.model import Issuer
from tests.oauth.authority import AuthorizationServer

pytestmark = pytest.mark.anyio


async def failure(issuer: AuthorizationServer) -> str:
    with pytest.raises(IssuerFailed) as caught:
        await Documents(Issuer(issuer.issuer, private_network=True)).key_set()
    return str(caught.value)


@pytest.mark.parametrize(
    "place",
    [
        "https://169.254.169.254/latest/meta-data",
        "https://[fd00:ec2::254]/keys",
        "https://[::ffff:169.254.170.2]/v2/credentials",
        "http://10.0.0.7/keys",
        "file:///etc/passwd",
        "https://user:secret@127.0.0.1/keys",
        "None",
    ],
)
async def test_metadata_cannot_lead_the_gateway_where_it_may_not_go(
    issuer: AuthorizationServer, place: str
) -> None:
    issuer.elsewhere = place
    told = await failure(issuer)
    assert "upstream's" in told and issuer.fetched == 0


async def test_a_public_issuer_cannot_lead_it_to_this_machine(issuer: AuthorizationServer) -> None:
    public = Issuer("https://login.example", f"{issuer.issuer}/jwks")
    with pytest.raises(IssuerFailed):
        await Documents(public).key_set()
    assert issuer.fetched == 0


def endless() -> Iterator[bytes]:
    while True:
        yield b" " * 65_536


ODD: dict[str, tuple[Callable[[], Response], str]] = {
    "too much": (lambda: Response(b" " * (BOUNDS.largest_answer + 1)), "more than"),
    "without end": (lambda: StreamingResponse(endless()), "more than"),
    "a list": (lambda: JSONResponse([]), "JSON object"),
    "no JSON": (lambda: Response(b"<html>"), "JSON object"),
    "deep": (lambda: Response(b"[" * 100_000), "JSON object"),
    "elsewhere": (lambda: RedirectResponse("/token"), "307"),
    "nothing": (lambda: Response(status_code=204), "204"),
}


@pytest.mark.parametrize(("answer", "told"), ODD.values(), ids=ODD)
async def test_what_is_no_document_is_told_and_not_followed(
    issuer: AuthorizationServer, answer: Callable[[], Response], told: str
) -> None:
    issuer.answers = answer
    assert told in await failure(issuer)
    assert issuer.fetched == 1


async def test_an_issuer_that_hangs_is_given_up(
    issuer: AuthorizationServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(documents, "FETCH_SECONDS", 0.2)

    released = threading.Event()

    def nothing() -> Iterator[bytes]:
        released.wait(30)
        yield b""

    issuer.answers = lambda: StreamingResponse(nothing())
    try:
        assert "in time" in await failure(issuer)
        assert not released.is_set()
    finally:
        released.set()
