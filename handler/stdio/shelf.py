"""The programs of one registered command: started when needed, and again, not too soon, when ended.

Must not know requests. Modern requests share one program; each legacy session has its own, since a
session is a program's whole memory.
"""

import secrets
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from handler.gateway.exchange import NeverReached
from handler.stdio.child import Child
from handler.stdio.peer import Peer

MOST_SESSIONS = 32
"""Programs with a session, of one command. The one unused longest makes room for a new one."""

STABLE = 10.0
"""Seconds that a program must last for its end to count as no failure."""

SHORTEST_PAUSE, LONGEST_PAUSE = 0.5, 30.0
"""Seconds until a program that ended early is started again; each failure doubles them."""


@dataclass(slots=True)
class Backoff:
    """When a command may be started next, by how its programs ended."""

    now: Callable[[], float]
    failures: int = 0
    not_before: float = 0.0

    def ended(self, started: float) -> None:
        """A program that was not told to end has ended."""
        if self.now() - started >= STABLE:
            self.failures = 0
            return
        pause = min(SHORTEST_PAUSE * 2**self.failures, LONGEST_PAUSE)
        self.failures += 1
        self.not_before = self.now() + pause

    @property
    def left(self) -> float:
        """Seconds until it may be started."""
        return max(self.not_before - self.now(), 0.0)


@dataclass(slots=True)
class Shelf:
    """What runs for one command."""

    command: tuple[str, ...]
    single: bool
    """Whether there is one agent only: then no program has several."""
    patience: float
    most: int
    now: Callable[[], float] = time.monotonic
    shared: Peer | None = None
    sessions: OrderedDict[str, Peer] = field(default_factory=OrderedDict)
    backoff: Backoff = field(init=False)

    def __post_init__(self) -> None:
        self.backoff = Backoff(self.now)

    async def stateless(self, env: Mapping[str, str]) -> Peer | NeverReached:
        """The program that modern requests share."""
        if self.shared is not None:
            if self.shared.alive:
                return self.shared
            await ended(self.shared)  # it may say nothing more, and run on
        started = await self._start(env, private=self.single)
        if isinstance(started, Peer):
            self.shared = started
        return started

    async def session(self, env: Mapping[str, str]) -> tuple[str, Peer] | NeverReached:
        """A program for a new session, and the session's id.

        A program that has only been asked whether it is modern, and is not, is as good as new.
        """
        if not await self._has_room():
            return NeverReached("it has as many sessions as it may; end one first")
        spare = self.shared
        if spare is not None and spare.alive and spare.idle and not spare.modern:
            self.shared, found = None, spare
        else:
            started = await self._start(env, private=True)
            if not isinstance(started, Peer):
                return started
            found = started
        found.private = True
        id = secrets.token_urlsafe(16)
        self.sessions[id] = found
        return id, found

    async def of(self, session: str) -> Peer | None:
        """The program of a session that is open."""
        peer = self.sessions.get(session)
        if peer is None:
            return None
        if not peer.alive:
            await self.end(session)
            return None
        self.sessions.move_to_end(session)
        return peer

    async def end(self, session: str) -> bool:
        """End a session; False where there is none."""
        peer = self.sessions.pop(session, None)
        if peer is None:
            return False
        await ended(peer)
        return True

    async def close(self) -> None:
        """End every program."""
        peers = [*self.sessions.values(), *([self.shared] if self.shared else [])]
        self.sessions.clear()
        self.shared = None
        for peer in peers:
            await ended(peer)

    async def _has_room(self) -> bool:
        for id, peer in list(self.sessions.items()):
            if not peer.alive:
                await self.end(id)
        if len(self.sessions) < MOST_SESSIONS:
            return True
        unused = next((id for id, peer in self.sessions.items() if peer.idle), None)
        return unused is not None and await self.end(unused)

    async def _start(self, env: Mapping[str, str], private: bool) -> Peer | NeverReached:
        if self.backoff.left:
            return NeverReached(
                f"its command keeps ending; it is started again in {self.backoff.left:.1f} s"
            )
        peer, started = Peer(private, self.patience), self.now()

        def gone() -> None:
            if peer.alive and not peer.ending:
                self.backoff.ended(started)
            peer.gone()

        try:
            peer.child = await Child.start(self.command, env, self.most, peer.hear, gone)
        except (OSError, ValueError) as error:
            self.backoff.ended(started)
            reason = getattr(error, "strerror", None) or "it cannot be run"
            return NeverReached(f"its command was not started: {reason}")
        return peer


async def ended(peer: Peer) -> None:
    """End the peer's program."""
    peer.ending = True
    if peer.child is not None:
        await peer.child.end()
