"""One request and its answer over a connection of many."""

import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from handler.http1.connections import Connections, Origin
from handler.http1.exchange import Exchange
from tests.patience import PATIENCE
from tests.peer import answer, peer

ASKED = b"GET / HTTP/1.1\r\nhost: x\r\n\r\n"


@contextmanager
def connections() -> Iterator[Connections]:
    made = Connections(connect_seconds=PATIENCE, idle_seconds=5, wall=lambda: 0.0)
    try:
        yield made
    finally:
        made.close()


def test_a_connection_given_back_twice_still_serves_one_exchange_at_a_time() -> None:
    with peer([answer("1"), answer("2")], [answer("3")]) as found, connections() as kept:
        origin = Origin(False, "127.0.0.1", found.port)
        first = Exchange(kept, origin, PATIENCE)
        first.ask(ASKED)
        assert first.part() == b"1"
        first.end()
        first.end()
        second, third = Exchange(kept, origin, PATIENCE), Exchange(kept, origin, PATIENCE)
        for each, expected in ((second, b"2"), (third, b"3")):
            each.ask(ASKED)
            assert each.part() == expected
            each.end()
    assert found.numbers == [0, 0, 1]


def test_an_answer_that_was_not_read_to_its_end_takes_its_connection_with_it() -> None:
    with peer([answer("x" * 100_000)]) as found, connections() as kept:
        exchange = Exchange(kept, Origin(False, "127.0.0.1", found.port), PATIENCE)
        exchange.ask(ASKED)
        assert exchange.waits or exchange.part()
        exchange.end()
        assert found.ended[0].wait(PATIENCE)


def test_an_exchange_has_its_time_however_often_something_comes() -> None:
    text = answer("x" * 100)
    with peer([[text[i : i + 1] for i in range(len(text))]]) as found, connections() as kept:
        exchange = Exchange(kept, Origin(False, "127.0.0.1", found.port), 0.2)
        try:
            with pytest.raises(TimeoutError):
                exchange.ask(ASKED)
        finally:
            exchange.end()
    assert found.pieces < len(text)


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a reset takes what came before it")
def test_a_refusal_of_a_request_that_was_not_read_whole_is_read() -> None:
    refusal = answer("too large", "413 Too Large")

    def refuse() -> None:
        connection, _ = listener.accept()
        with connection:
            connection.recv(1_000)
            connection.sendall(refusal)

    with socket.create_server(("127.0.0.1", 0)) as listener, connections() as kept:
        thread = threading.Thread(target=refuse)
        thread.start()
        origin = Origin(False, "127.0.0.1", listener.getsockname()[1])
        exchange = Exchange(kept, origin, PATIENCE)
        head = exchange.ask(ASKED + b"x" * 30_000_000)
        thread.join()
        assert (head.status, exchange.part()) == (413, b"too large")
        exchange.end()
