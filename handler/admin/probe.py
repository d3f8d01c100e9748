"""The doctor's probe: a server with a grant, of its own, for as long as an examination takes.

Must not know what is examined. Nothing that can be used is left of it.
"""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from urllib.parse import urlsplit

from handler.gateway.server import Server
from handler.grants.model import Grant, GrantStatus
from handler.grants.tokens import mint
from handler.policies.publish import compile_source
from handler.stores.base import Registry
from handler.stores.ledger import Ledger

NAME = "holdpoint-doctor"
"""The server's and the grant's; the grant is the same one at each examination."""


def _policy(approver: str) -> bytes:
    """Allows one tool, holds another, and denies the rest."""
    held = {"reason": "A probe of holdpoint doctor: nobody needs to answer.", "expires_in": "5m"}
    return json.dumps(
        {
            "version": "1",
            "default": "deny",
            "approvals": {"approvers": [approver]},
            "tools": {"allowed": {}, "held": {"approve_if": [{"conditions": [], **held}]}},
        }
    ).encode()


@asynccontextmanager
async def placed(
    registry: Registry,
    ledger: Ledger,
    *,
    gateway_url: str,
    approver: str,
    modules: bool,
    expires_at: float,
) -> AsyncIterator[str]:
    """A server that leads to the gateway's own approval pages, and a grant for it; the token.

    They are no MCP server, so a call that reached them ends as one with an unusable answer.
    """
    made = compile_source(_policy(approver), "the doctor's policy", module=modules)
    artifact = made.artifact
    token = mint(NAME)
    server = Server(
        name=NAME,
        upstream=f"{gateway_url.removesuffix('/mcp')}/approve/{NAME}",
        policies={"probe": artifact.digest},
        private_network=urlsplit(gateway_url).scheme == "http",
    )
    grant = Grant(
        id=NAME,
        label=NAME,
        tags=(),
        server=NAME,
        policy="probe",
        status=GrantStatus.ACTIVE,
        expires_at=expires_at,
        token_hashes=(token.hash,),
    )
    try:
        await registry.publish([artifact], [server])
        await ledger.put_grant(grant)
        yield token.text
    finally:
        await ledger.put_grant(replace(grant, status=GrantStatus.REVOKED, token_hashes=()))
        await registry.remove_server(NAME)
