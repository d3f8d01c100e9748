"""What a client of upstreams promises, in whichever world: the same rows for both."""

import asyncio
import threading
import time
from collections.abc import Iterator
from dataclasses import replace

import pytest

from handler import deadline
from handler.gateway import buffered
from handler.gateway.bounds import Bounds
from handler.gateway.buffered import BufferedUpstream
from handler.gateway.exchange import Arrived, Broken, Lost, NeverReached, TooLarge
from handler.gateway.server import Server
from handler.secrets import Secrets
from tests.gateway.sending import (
    BOUNDS,
    HASTY,
    HEADERS,
    WHOLE,
    Found,
    Sender,
    asked,
    at,
    told,
    using,
)
from tests.gateway.world import Adapter, both
from tests.patience import PATIENCE
from tests.peer import End, Step, answer, peer


@both
def test_a_connection_serves_one_exchange_after_another(adapter: Adapter) -> None:
    with peer([answer("1"), answer("2", status="500 No"), answer("3")]) as found:
        assert asked(adapter, at(found.url), 3) == [b"1", b"2", b"3"]
    assert found.numbers == [0, 0, 0]


@both
def test_a_connection_that_was_closed_while_it_lay_still_is_not_used_again(
    adapter: Adapter,
) -> None:
    async def asking(sender: Sender) -> list[Found]:
        first = await told(sender, at(found.url))
        assert await asyncio.to_thread(found.ended[0].wait, PATIENCE)
        return [first, await told(sender, at(found.url))]

    with peer([answer("1"), End.LEFT], [answer("2")]) as found:
        assert using(adapter, asking) == [b"1", b"2"]
    assert found.numbers == [0, 1]


def test_an_exchange_ends_before_its_deadline_and_is_not_begun_too_late() -> None:
    """AWS's front door waits for 30 s, whatever was slow before the upstream."""

    async def asking(sender: Sender) -> list[Found]:
        with deadline.within(2.9):
            late = await told(sender, at(found.url))
        with deadline.within(4):
            return [late, await told(sender, at(found.url))]

    async def run() -> list[Found]:
        sender = BufferedUpstream(Secrets({}), Bounds(upstream_seconds=60))
        try:
            return await asking(sender)
        finally:
            await sender.close()

    began = time.monotonic()
    with peer([None]) as found:
        assert asyncio.run(run()) == [NeverReached(buffered.NO_TIME), Lost(LATE)]
    assert time.monotonic() - began < 4 and found.numbers == [0]


def test_a_credential_that_takes_the_time_away_sends_nothing() -> None:
    class Slow:
        async def find(self, name: str) -> str | None:
            await asyncio.Event().wait()
            return None

    async def run() -> Found:
        sender = BufferedUpstream(Secrets({"slow": Slow()}), Bounds())
        with deadline.within(3.1):
            end = await told(sender, at("http://127.0.0.1:1/mcp", headers={"K": "slow:x"}))
        await sender.close()
        return end

    assert asyncio.run(run()) == NeverReached(buffered.NO_TIME)


@both
@pytest.mark.parametrize("end", [End.CLOSED, End.RESET])
def test_a_call_on_a_kept_connection_that_ends_under_it_is_lost_and_not_sent_again(
    adapter: Adapter, end: End
) -> None:
    """The server read it: whether it was processed nobody can tell."""
    with peer([answer("1"), end], [answer("2")]) as found:
        assert asked(adapter, at(found.url), 2) == [b"1", Lost("it broke off")]
    assert found.numbers == [0, 0]


LATE = "it did not answer in time"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
TO_THE_END = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\nwhole"
HINT = b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n"

READ: dict[str, tuple[list[Step], Found]] = {
    "one with a length": ([WHOLE], b"whole"),
    "one in chunks": ([CHUNKED + b"3\r\nwho\r\n2;x=y\r\nle\r\n0\r\nTrailer: x\r\n\r\n"], b"whole"),
    "one until the end": ([[TO_THE_END], End.LEFT], b"whole"),
    "after interim answers": ([b"HTTP/1.1 100 Continue\r\n\r\n" + HINT + WHOLE], b"whole"),
    "a redirect": ([answer("here", "307 Moved", Location="/elsewhere")], b"here"),
    "nothing": ([b"HTTP/1.1 204 No Content\r\n\r\n"], b""),
    "too much": ([answer("x" * 20_000)], TooLarge),
    "too much in chunks": ([CHUNKED + b"4e20\r\n" + b"x" * 20_000 + b"\r\n0\r\n\r\n"], TooLarge),
    "a bomb": ([answer(b"\x1f\x8b" + b"x" * 98, Content_Encoding="gzip")], b"\x1f\x8b" + b"x" * 98),
    "half a body": ([[WHOLE[:-2]], End.LEFT], Broken),
    "half a chunk": ([[CHUNKED + b"5\r\nwho"], End.LEFT], Broken),
    "chunks without an end": ([[CHUNKED + b"5\r\nwhole\r\n"], End.LEFT], Broken),
    "half a head": ([[WHOLE[:20]], End.LEFT], Lost("it broke off")),
    "no HTTP": ([b"SSH-2.0-OpenSSH_9.9\r\n\r\n"], Lost("it broke off")),
    "silence": ([None], Lost(LATE)),
    "silence in a body": ([WHOLE[:-2]], Broken),
    "a head that drips": ([[b"HTTP/1.1 200 OK\r\n", *[b"X: y\r\n"] * 1_000]], Lost(LATE)),
}
UNENDING = ("silence", "silence in a body", "a head that drips")


@both
@pytest.mark.parametrize("case", READ)
def test_both_worlds_read_an_answer_alike(adapter: Adapter, case: str) -> None:
    script, expected = READ[case]
    with peer(script, [WHOLE]) as found:
        bounds = HASTY if case in UNENDING else BOUNDS
        assert asked(adapter, at(found.url), bounds=bounds) == [expected]
    assert found.numbers == [0]
    assert found.pieces < 1_000


@both
def test_an_answer_that_came_after_another_is_not_taken_for_the_next(adapter: Adapter) -> None:
    """A connection on which more comes than was asked for is not used again."""
    with peer([WHOLE + answer("forged"), WHOLE], [answer("own")]) as found:
        assert asked(adapter, at(found.url), 2) == [b"whole", b"own"]
    assert found.numbers == [0, 1]


@both
def test_events_are_given_as_they_come(adapter: Adapter) -> None:
    head = CHUNKED.replace(b"\r\n", b"\r\nContent-Type: text/event-stream\r\n", 1)
    heard, kept_back = threading.Event(), list[bool]()

    def pieces() -> Iterator[bytes]:
        yield from (head, b"9\r\ndata: 1\n\n\r\n")
        kept_back.append(heard.wait(PATIENCE))
        yield from (b"9\r\ndata: 2\n\n\r\n", b"0\r\n\r\n")

    async def asking(sender: Sender) -> list[str]:
        arrived = await sender.send(at(found.url), HEADERS, b"{}")
        assert isinstance(arrived, Arrived)
        texts = []
        async with arrived:
            assert arrived.media == "text/event-stream"
            async for text in arrived.events():
                texts.append(text)
                heard.set()
        return texts

    with peer([pieces()]) as found:
        assert using(adapter, asking) == ["1", "2"]
    assert kept_back == [True], "the first was heard before the second was sent"


def lines(request: bytes) -> tuple[str, dict[str, str]]:
    """The first line and the headers, by names in lower case; no header may be there twice."""
    first, *rest = request.partition(b"\r\n\r\n")[0].decode().split("\r\n")
    pairs = [(name.lower(), value) for name, _, value in (line.partition(": ") for line in rest)]
    assert len(dict(pairs)) == len(pairs)
    return first, dict(pairs)


@both
def test_both_worlds_write_a_request_alike(adapter: Adapter) -> None:
    with peer([WHOLE, WHOLE]) as found:
        server = at(f"{found.url}/é%20/%2f?a=ü&b=%26", headers={"X-Api-Key": "env:KEY"})

        async def asking(sender: Sender) -> None:
            await told(sender, server, "é".encode())
            arrived = await sender.send(server, {"Mcp-Session-Id": "1"}, None, "DELETE")
            assert isinstance(arrived, Arrived)
            arrived.close()

        using(adapter, asking)
    post, delete = found.requests
    target = "/mcp/%C3%A9%20/%2F?a=%C3%BC&b=%26"
    common = {
        "host": f"127.0.0.1:{found.port}",
        "accept-encoding": "identity",
        "user-agent": "holdpoint",
        "x-api-key": "s3cret",
    }
    sent = {name.lower(): value for name, value in HEADERS.items()}
    first, headers = lines(post)
    assert first.replace("%2f", "%2F") == f"POST {target} HTTP/1.1"
    assert headers == {**common, **sent, "content-length": "2"}
    assert post.endswith("\r\n\r\né".encode())
    first, headers = lines(delete)
    assert first.startswith("DELETE ")
    assert headers.pop("accept", "*/*") == "*/*"
    assert headers.pop("content-length", "0") == "0"
    assert headers == {**common, "mcp-session-id": "1"}


@both
@pytest.mark.parametrize("reference", ["env:BROKEN", "env:NOT_THERE"])
def test_a_credential_that_cannot_be_sent_is_a_request_that_was_not(
    adapter: Adapter, reference: str
) -> None:
    with peer([WHOLE]) as found:
        (outcome,) = asked(adapter, at(found.url, headers={"X-Api-Key": reference}))
    assert isinstance(outcome, NeverReached) and reference in outcome.reason
    assert "Injected" not in outcome.reason
    assert found.connections == 0


@both
def test_a_client_that_is_closed_leaves_no_connection(adapter: Adapter) -> None:
    with peer([answer("1")]) as found:
        assert asked(adapter, at(found.url)) == [b"1"]
        assert found.ended[0].wait(PATIENCE)


@both
def test_an_answer_that_nobody_waits_for_any_more_ends_its_connection(adapter: Adapter) -> None:
    async def asking(sender: Sender) -> None:
        asking = asyncio.create_task(sender.send(at(found.url), HEADERS, b"{}"))
        while not found.requests:
            await asyncio.sleep(0.01)
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        left.set()
        assert await asyncio.to_thread(found.ended[0].wait, PATIENCE)

    left = threading.Event()

    def late(request: bytes) -> bytes:
        assert left.wait(PATIENCE)
        return WHOLE[:-1]

    with peer([late]) as found:
        using(adapter, asking)


@both
def test_an_answer_that_is_let_go_while_it_is_read_ends_its_connection(adapter: Adapter) -> None:
    async def asking(sender: Sender) -> None:
        arrived = await sender.send(at(found.url), HEADERS, b"{}")
        assert isinstance(arrived, Arrived)
        with pytest.raises(TimeoutError):
            async with arrived, asyncio.timeout(0.05):
                await arrived.body()
        arrived.close()
        assert await asyncio.to_thread(found.ended[0].wait, PATIENCE)

    with peer([WHOLE[:-1], WHOLE]) as found:
        using(adapter, asking, replace(BOUNDS, upstream_seconds=1))  # so long a thread reads on


@both
def test_a_program_is_never_reached_where_none_are_started(adapter: Adapter) -> None:
    reason = "this gateway does not start programs"
    assert asked(adapter, Server("crm", "", command=("true",))) == [NeverReached(reason)]
