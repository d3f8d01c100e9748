"""One POST to AWS: a whole answer that can be read, or nobody knows what became of it."""

import asyncio

import pytest

from handler.aws.service import DYNAMODB, Account, Service, Unanswered
from handler.aws.signature import Credentials
from handler.aws.wire import Answer, Wire, WireBroken
from tests.patience import PATIENCE
from tests.peer import End, Peer, Step, answer, peer

DATE = "Sat, 21 Nov 2026 03:20:00 GMT"
HEADERS = {"host": "127.0.0.1", "content-type": "application/x-amz-json-1.0"}
WHOLE = answer('{"a":1}', Date=DATE)


def posted(found: Peer, times: int = 1, first: float = PATIENCE) -> list[Answer | str]:
    """What becomes of the posts, of which the first waits so many seconds at most."""
    wire = Wire(f"http://127.0.0.1:{found.port}", PATIENCE, PATIENCE)
    outcomes: list[Answer | str] = []
    try:
        for number in range(times):
            wire._seconds = PATIENCE if number else first
            try:
                outcomes.append(wire.post(b"%d" % number, HEADERS))
            except WireBroken as error:
                outcomes.append(str(error))
    finally:
        wire.close()
    return outcomes


def test_requests_follow_each_other_on_one_connection() -> None:
    with peer([WHOLE, answer("no", status="400 Bad Request"), WHOLE]) as found:
        whole = Answer(200, DATE, b'{"a":1}')
        assert posted(found, 3) == [whole, Answer(400, None, b"no"), whole]
    assert found.numbers == [0, 0, 0]
    first = found.requests[0]
    assert first.startswith(b"POST / HTTP/1.1\r\nhost: 127.0.0.1\r\n")
    assert first.endswith(b"content-length: 1\r\n\r\n0")


def test_a_redirect_is_an_answer_like_others() -> None:
    with peer([answer("", "307 Moved", Location="/x")]) as found:
        assert posted(found) == [Answer(307, None, b"")]


UNKNOWN: dict[str, list[Step]] = {
    "a close": [End.CLOSED],
    "a reset": [End.RESET],
    "half a head": [[WHOLE[:30]], End.LEFT],
    "half a body": [[WHOLE[:-1]], End.LEFT],
    "no HTTP": [b"hello\r\n\r\n"],
    "two lengths": [WHOLE.replace(b"\r\n", b"\r\nContent-Length: 8\r\n", 1)],
    "silence": [None],
    "drops": [[WHOLE[i : i + 1] for i in range(40)]],
}

ENDLESS = {"silence", "drops"}
"""Those that only a lack of patience ends."""


@pytest.mark.parametrize("case", UNKNOWN)
def test_an_answer_that_cannot_be_read_is_an_outcome_that_is_not_known(case: str) -> None:
    """It is sent once, and its connection carries nothing more."""
    with peer(UNKNOWN[case], [WHOLE]) as found:
        first, second = posted(found, 2, 0.2 if case in ENDLESS else PATIENCE)
    assert isinstance(first, str)
    assert second == Answer(200, DATE, b'{"a":1}')
    assert sorted(found.numbers) == [0, 1]  # each when its thread gets to it


@pytest.mark.parametrize("body", ["", "<html>", '{"a":1', "[1]"])
def test_a_body_that_is_no_object_is_an_outcome_that_is_not_known(body: str) -> None:
    async def run() -> None:
        account = Account("eu-west-1", lambda: Credentials("a", "b"), f"http://127.0.0.1:{port}")
        service = Service(account, DYNAMODB)
        try:
            with pytest.raises(Unanswered):
                await service.ask("GetItem", {})
        finally:
            await service.close()

    with peer([answer(body)]) as found:
        port = found.port
        asyncio.run(run())
