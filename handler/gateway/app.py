"""The gateway as an ASGI application: its routes, and its parts put together once.

Must not choose adapters: the world's entry hands in the store, the secrets and the approvals. What
an allowed call does not need is put together when something does: a cold start loads none of it.
"""

from collections.abc import Callable
from dataclasses import field
from functools import cache
from typing import TYPE_CHECKING

from starlette.routing import Route
from starlette.types import ASGIApp

from compiler.frozen import dataclass
from handler.clock import Clock
from handler.gateway.admission import Admission
from handler.gateway.bounds import Bounds
from handler.gateway.claims import Claims
from handler.gateway.decide import Decider
from handler.gateway.endpoint import Endpoint
from handler.gateway.enforce import Enforcement
from handler.gateway.exchange import Sender
from handler.gateway.meter import Meter, Unmeasured
from handler.gateway.settle import Settlement
from handler.gateway.tokens import Tokens
from handler.oauth.entrance import Entrance
from handler.routing import application
from handler.sealing import Sealer
from handler.stores.base import Store

if TYPE_CHECKING:
    from handler.approvals.service import Approvals
    from handler.gateway.hearing import Hearing
    from handler.gateway.holding import Holding
    from handler.gateway.status import StatusPages
    from handler.gateway.surface import Surface


@dataclass(frozen=True, slots=True)
class Parts:
    """What a world brings."""

    store: Store
    decider: Decider
    upstream: Sender
    approvals: "Callable[[], Approvals]"
    """Asked for by what is held, and by what looks at it."""
    sealer: Sealer
    clock: Clock
    bounds: Bounds
    base_url: str | None = None
    """Where clients and people reach this gateway. Without it there are no status pages, and no
    access token is good: each server's URL would be its audience."""
    meter: Meter = field(default_factory=Unmeasured)

    @property
    def pages(self) -> "StatusPages | None":
        if self.base_url is None:
            return None
        from handler.gateway.status import StatusPages  # for held calls, and who looks at them

        return StatusPages(self.approvals, self.sealer, self.base_url)


def endpoint(parts: Parts) -> Endpoint:
    """The gateway's endpoint, made of these parts."""
    store, clock, bounds = parts.store, parts.clock, parts.bounds
    admission, tokens = Admission(store.registry, store.ledger), Tokens(parts.sealer)
    enforcement = Enforcement(
        admission=admission,
        decider=parts.decider,
        upstream=parts.upstream,
        holding=cache(lambda: _holding(parts, tokens)),
        settlement=Settlement(admission, store.journal, tokens, clock, bounds),
        tokens=tokens,
        nonces=store.nonces,
        journal=store.journal,
        meter=parts.meter,
        clock=clock,
        bounds=bounds,
    )
    entrance = _entrance(parts)
    claims = Claims(entrance, bounds.store_seconds)
    return Endpoint(
        admission=admission,
        enforcement=enforcement,
        surface=cache(lambda: _surface(parts, admission, tokens, claims)),
        meter=parts.meter,
        clock=clock,
        bounds=bounds,
        claims=claims,
        entrance=entrance,
    )


def _holding(parts: Parts, tokens: Tokens) -> "Holding":
    from handler.approvals.allowance import Allowance  # as all here: only for a call that is held
    from handler.gateway.holding import Holding
    from handler.gateway.waiting import Waiting

    store, clock, bounds = parts.store, parts.clock, parts.bounds
    legs = None
    if bounds.most_legs is not None and bounds.leg_seconds > 0:
        legs = Allowance(store.nonces, bounds.most_legs, bounds.leg_seconds, "leg")
    waiting = Waiting(parts.approvals(), tokens, clock, bounds, parts.pages, legs)
    return Holding(parts.approvals(), waiting, store.journal, clock)


def _surface(parts: Parts, admission: Admission, tokens: Tokens, claims: Claims) -> "Surface":
    from handler.gateway.surface import Surface  # as all here: only for what is no tool call
    from handler.gateway.tasks import Tasks

    return Surface(
        admission=admission,
        decider=parts.decider,
        upstream=parts.upstream,
        tasks=Tasks(parts.approvals),
        hearing=_hearing(parts, admission, claims) if parts.bounds.streaming else None,
        tokens=tokens,
        meter=parts.meter,
        clock=parts.clock,
        bounds=parts.bounds,
    )


def _hearing(parts: Parts, admission: Admission, claims: Claims) -> "Hearing":
    from handler.gateway.hearing import Hearing  # a buffered answer is no stream

    watch = parts.decider.watch
    return Hearing(admission, parts.upstream, watch, claims, parts.clock, parts.bounds)


def _entrance(parts: Parts) -> Entrance | None:
    if parts.base_url is None:
        return None
    return Entrance(parts.store.registry, parts.clock, parts.base_url)


def routes(parts: Parts, at: Endpoint | None = None) -> list[Route]:
    """The routes that agents reach, and the pages they are sent to."""
    return [_calls(at or endpoint(parts)), *_pages(parts)]


def app(parts: Parts) -> ASGIApp:
    """The gateway alone."""
    return application([_calls(endpoint(parts))], lambda: _pages(parts))


def _calls(at: Endpoint) -> Route:
    return Route("/mcp/{server}", at.serve, methods=["POST", "GET", "DELETE", "OPTIONS"])


def _pages(parts: Parts) -> list[Route]:
    from handler.oauth.metadata import Metadata  # no call comes here

    return [
        *Metadata(parts.store.registry, parts.base_url).routes(),
        *(parts.pages.routes() if parts.pages else ()),
    ]
