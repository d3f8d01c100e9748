"""The gateway function: faces agents. No SDK is loaded here.

Its time is one deadline (`asgi.SECONDS`): what a cold start, an issuer's keys, the store and a
credential take of it the upstream does not get, and with too little left nothing is sent to it.
"""

import gc

gc.disable()  # nothing made while this loads is garbage, and looking takes 7 % of a cold start

from functools import cache
from typing import TYPE_CHECKING

from starlette.types import ASGIApp

from handler.audit.measured import EmfMeter
from handler.entry.asgi import LARGEST_ANSWER, LARGEST_BODY, lambda_handler
from handler.entry.deployment import Parts, made, parts
from handler.entry.engines import loader
from handler.entry.keys import Keys
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


def application(keys: Keys) -> ASGIApp:
    """The gateway of this stack. Raises `CannotRun`; the next request then tries again."""
    own = parts()
    deployment, sealer = own.deployment, Sealer(keys.seal())
    bounds = Bounds(
        streaming=False,
        upstream_seconds=UPSTREAM_SECONDS,
        leg_seconds=deployment.hold_seconds,
        most_legs=MOST_LEGS,
        largest_answer=LARGEST_ANSWER,
        largest_reply=LARGEST_BODY,
        origins=deployment.origins,
    )
    policies = Policies(own.store.registry, loader(deployment.engine))
    upstream = BufferedUpstream(own.secrets, bounds)
    watch = Watch(own.store.definitions, upstream, own.clock)
    return gateway.app(
        gateway.Parts(
            store=own.store,
            decider=Decider(policies, keys.per, watch),
            upstream=upstream,
            approvals=cache(lambda: _approvals(own, keys)),
            sealer=sealer,
            clock=own.clock,
            bounds=bounds,
            base_url=deployment.base_url,
            meter=EmfMeter(),
        )
    )


def _approvals(own: Parts, keys: Keys) -> "Approvals":
    from handler.entry.held import Held  # a container whose calls are not held needs none of it

    return Held(own, keys).approvals()


handler = log.inject_lambda_context(
    lambda_handler(made(application)), correlation_id_path="requestContext.requestId"
)

gc.freeze()  # and nothing of it ever will be
gc.enable()
