"""The gateway function: faces agents. No SDK is loaded here.

Its time is the front door's 30 s: 3 s of store steps, the upstream's, and 2 s to answer; of those
the first access token that a container sees may take 3 s more, for its issuer's keys.
"""

import gc

gc.disable()  # nothing made while this loads is garbage, and looking takes 7 % of a cold start

from starlette.types import ASGIApp

from handler.approvals.allowance import Allowance
from handler.approvals.service import Approvals
from handler.audit.measured import EmfMeter
from handler.entry.asgi import LARGEST_ANSWER, LARGEST_BODY, lambda_handler
from handler.entry.deployment import parts
from handler.entry.engines import loader
from handler.entry.logs import logger
from handler.gateway import app as gateway
from handler.gateway.bounds import Bounds
from handler.gateway.buffered import BufferedUpstream
from handler.gateway.decide import Decider
from handler.gateway.watch import Watch
from handler.policies.current import Policies
from handler.sealing import Sealer

log = logger()

UPSTREAM_SECONDS = 22.0
MOST_LEGS = 2
"""Waiting legs that one grant may begin while one lasts: each keeps a container from all others."""

MOST_ASKS = 60
"""Approvals that one grant may ask for in an hour."""


async def application() -> ASGIApp:
    """Raises `SecretMissing` or `CannotRun`; the next request then tries again."""
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
    approvals = Approvals(
        ledger=made.store.ledger,
        book=made.book,
        vault=made.vault(sealer),
        allowance=Allowance(made.store.nonces, MOST_ASKS),
        workflow=made.workflow(),
        bell=made.bell,
        clock=made.clock,
        terms=made.terms,
        most_pending=deployment.most_pending,
    )
    policies = Policies(made.store.registry, loader(deployment.engine))
    upstream = BufferedUpstream(made.secrets, bounds)
    watch = Watch(made.store.definitions, upstream, made.clock)
    return gateway.app(
        gateway.Parts(
            store=made.store,
            decider=Decider(policies, keys.per, watch),
            upstream=upstream,
            approvals=approvals,
            sealer=sealer,
            clock=made.clock,
            bounds=bounds,
            base_url=deployment.base_url,
            meter=EmfMeter(),
        )
    )


handler = log.inject_lambda_context(
    lambda_handler(application), correlation_id_path="requestContext.requestId"
)

gc.freeze()  # and nothing of it ever will be
gc.enable()
