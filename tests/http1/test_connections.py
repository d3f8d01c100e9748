"""Which connections are kept, for how long, and for whom."""

import fcntl
import resource
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from handler.http1.connections import MOST_IDLE, Connections, Origin
from tests.patience import PATIENCE
from tests.peer import End, Peer, answer, peer

GOOD = answer("1")


class Time:
    """Seconds that pass when a test says so."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


@contextmanager
def connections(time: Time | None = None, wall: Time | None = None) -> Iterator[Connections]:
    made = Connections(
        connect_seconds=PATIENCE, idle_seconds=5, monotonic=time or Time(), wall=wall or Time()
    )
    try:
        yield made
    finally:
        made.close()


def origin(found: Peer) -> Origin:
    return Origin(False, "127.0.0.1", found.port)


def test_a_connection_that_is_kept_is_taken_again_and_by_one_only() -> None:
    with peer([], []) as found, connections() as kept:
        first = kept.take(origin(found))
        kept.keep(origin(found), first)
        again, other = kept.take(origin(found)), kept.take(origin(found))
        assert again is first and other is not first
        kept.keep(origin(found), again)
        kept.keep(origin(found), other)


def test_the_one_used_last_is_taken_first() -> None:
    with peer([], []) as found, connections() as kept:
        first, second = kept.take(origin(found)), kept.take(origin(found))
        kept.keep(origin(found), second)
        kept.keep(origin(found), first)
        assert kept.take(origin(found)) is first
        kept.keep(origin(found), first)


def test_a_connection_from_before_a_freeze_is_not_used_though_one_clock_stood_still() -> None:
    """A container is frozen between two requests, for hours, and nobody told its connections."""
    for went in (0, 1):
        clocks = [Time(), Time()]
        with peer([], []) as found, connections(*clocks) as kept:
            first = kept.take(origin(found))
            kept.keep(origin(found), first)
            clocks[went].now += 3_600
            other = kept.take(origin(found))
            assert other is not first
            other.close()


def test_a_connection_is_kept_for_nobody_else() -> None:
    with peer([], []) as found, peer([]) as other, connections() as kept:
        first = kept.take(origin(found))
        kept.keep(origin(found), first)
        second = kept.take(origin(other))
        assert second is not first
        kept.keep(origin(other), second)
        assert kept.take(origin(found)) is first
        kept.keep(origin(found), first)


def test_a_connection_that_lay_still_for_long_is_closed_whoever_asks() -> None:
    time = Time()
    with peer([], []) as found, peer([]) as other, connections(time) as kept:
        first = kept.take(origin(found))
        kept.keep(origin(found), first)
        time.now += 4.9
        assert kept.take(origin(found)) is first
        kept.keep(origin(found), first)
        time.now += 5
        second = kept.take(origin(other))
        assert first.fileno() == -1
        kept.keep(origin(other), second)


@pytest.mark.parametrize("script", [[End.LEFT], [b"unasked"]])
def test_a_connection_that_ended_or_speaks_unasked_is_not_taken(script: list[End | bytes]) -> None:
    with peer(script, []) as found, connections() as kept:
        first = kept.take(origin(found))
        if script == [b"unasked"]:
            first.sendall(b"GET / HTTP/1.1\r\n\r\n")
        first.recv(1, socket.MSG_PEEK)
        kept.keep(origin(found), first)
        second = kept.take(origin(found))
        assert second is not first and first.fileno() == -1
        kept.keep(origin(found), second)


def test_a_connection_that_comes_back_after_the_close_is_closed() -> None:
    with peer([], []) as found, connections() as kept:
        resting, busy = kept.take(origin(found)), kept.take(origin(found))
        kept.keep(origin(found), resting)
        kept.close()
        assert resting.fileno() == -1
        kept.keep(origin(found), busy)
        assert busy.fileno() == -1


def test_no_more_are_kept_than_may_be() -> None:
    with connections() as kept:
        pairs = [socket.socketpair() for _ in range(MOST_IDLE + 1)]
        for near, _ in pairs:
            kept.keep(Origin(False, "x", 1), near)
        assert [near.fileno() == -1 for near, _ in pairs] == [False] * MOST_IDLE + [True]
        for _, far in pairs:
            far.close()


def test_a_connection_is_kept_in_a_process_that_has_many_files_open() -> None:
    """Numbers past 1,024 are too much for `select`."""
    most, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(4_000, hard), hard))
    try:
        near, far = socket.socketpair()
        with near, far, connections() as kept:
            high = socket.socket(fileno=fcntl.fcntl(near.fileno(), fcntl.F_DUPFD, 2_000))
            kept.keep(Origin(False, "x", 1), high)
            assert kept.take(Origin(False, "x", 1)) is high
            high.close()
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))


def test_nobody_shares_a_connection_with_another_thread() -> None:
    scripts: list[list[bytes]] = [[GOOD] * 400 for _ in range(8)]
    taken: set[socket.socket] = set()
    shared: list[socket.socket] = []
    with peer(*scripts) as found, connections() as kept:

        def work() -> None:
            for _ in range(50):
                mine = kept.take(origin(found))
                if mine in taken:
                    shared.append(mine)
                taken.add(mine)
                mine.settimeout(PATIENCE)
                mine.sendall(b"GET / HTTP/1.1\r\n\r\n")
                text = b""
                while len(text) < len(GOOD):
                    text += mine.recv(1_000)
                taken.discard(mine)
                kept.keep(origin(found), mine)

        threads = [threading.Thread(target=work) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert shared == []
    assert len(found.requests) == 400
