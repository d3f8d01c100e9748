"""The gateway function: faces agents. No SDK is loaded here.

Its time is the front door's 30 s: 3 s of store steps, the upstream's, and 2 s to answer; of those
the first access token that a container sees may take 3 s more, for its issuer's keys.
"""

import gc

gc.disable()  # nothing made while this loads is garbage, and looking takes 7 % of a cold start

from functools import cache
from typing import TYPE_CHECKING

from starlette.types import ASGIApp

from handler.audit.measured import EmfMeter
from handler.entry.asgi import LARGEST_ANSWER, LARGEST_BODY, lambda_handler
from handler.entry.deployment import Parts, parts
from handler.entry.logs import logger
from handler.gateway import app as gateway
from handler.gateway.bounds import Bounds
from handler.gateway.buffered import BufferedUpstream
from handler.gateway.decide import Decider
from handler.gateway.watch import Watch
from handler.policies.current import Policies
from handler.sealing import Sealer

if TYPE_CHECKING:
    from handler.approvals.service import Approvals

log = logger()

UPSTREAM_SECONDS = 22.0
MOST_LEGS = 2
"""Waiting legs that one grant may begin while one lasts: each keeps a container from all others."""


async def application() -> ASGIApp:
    """Raises `SecretMissing`; the next request then tries again."""
    made = parts()
    deployment, keys = made.deployment, await made.keys()
    sealer = Sealer(keys.seal())
    bounds = Bounds(
        streaming=False,
        upstream_seconds=UPSTREAM_SECONDS,
        leg_seconds=deployment.hold_seconds,
        most_legs=MOST_LEGS,
        largest_answer=LARGEST_ANSWER,
        largest_reply=LARGEST_BODY,
        origins=deployment.origins,
    )
    upstream = BufferedUpstream(made.secrets, bounds)
    watch = Watch(made.store.definitions, upstream, made.clock)
    return gateway.app(
        gateway.Parts(
            store=made.store,
            decider=Decider(Policies(made.store.registry), keys.per, watch),
            upstream=upstream,
            approvals=cache(lambda: _approvals(made, sealer)),
            sealer=sealer,
            clock=made.clock,
            bounds=bounds,
            base_url=deployment.base_url,
            meter=EmfMeter(),
        )
    )


def _approvals(made: Parts, sealer: Sealer) -> "Approvals":
    from handler.entry.held import Held  # a container whose calls are not held needs none of it

    return Held(made, sealer).approvals()


handler = log.inject_lambda_context(
    lambda_handler(application), correlation_id_path="requestContext.requestId"
)

gc.freeze()  # and nothing of it ever will be
gc.enable()
