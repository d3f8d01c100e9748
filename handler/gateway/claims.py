"""What a request's token claims. Must not know MCP, nor whether the claim is good.

A grant token is taken apart; any other one is asked of the authorization server's entrance, where
there is one.
"""

import logging
from typing import TYPE_CHECKING

from handler.gateway import answers
from handler.gateway.admission import within
from handler.gateway.answers import Reply
from handler.gateway.head import Head
from handler.gateway.protocol import INTERNAL_ERROR, INVALID_REQUEST, Rejection
from handler.gateway.server import LONGEST_NAME
from handler.grants import tokens
from handler.grants.model import Claim
from handler.oauth.model import NoGrant
from handler.stores.base import StoreUnavailable

if TYPE_CHECKING:  # what checks signatures is loaded only where tokens are accepted
    from handler.oauth.entrance import Entrance

log = logging.getLogger(__name__)

NO_GRANT = Rejection(INVALID_REQUEST, "this token stands for no grant of this server", 403)
NO_ANSWER = Rejection(INTERNAL_ERROR, "the gateway could not serve this request", 200)


class Claims:
    """Reads tokens. `entrance` accepts an authorization server's beside grant tokens."""

    def __init__(self, entrance: "Entrance | None", seconds: float) -> None:
        """`seconds` is how long the authorization server's keys may take."""
        self._entrance, self._seconds = entrance, seconds

    async def claim(self, head: Head, server: str, *, anew: bool = False) -> Claim | Reply:
        """What the request claims, or the answer to one that claims nothing.

        `anew` trusts nothing that was remembered.
        """
        if len(server) > LONGEST_NAME:
            return answers.UNAUTHORIZED
        token = _token(head)
        claim: Claim | NoGrant | None = tokens.claim(token, server)
        if claim is None and token and self._entrance is not None:
            try:
                claim = await within(self._seconds, self._entrance.claim(token, server, anew=anew))
            except StoreUnavailable as error:
                log.warning("a token could not be checked: %s", error)
                return answers.rejected(NO_ANSWER)
        if isinstance(claim, NoGrant):
            return answers.rejected(NO_GRANT)
        return claim or answers.UNAUTHORIZED


def _token(head: Head) -> str:
    """The one token that the Authorization header holds, or nothing."""
    if "authorization" in head.repeated:
        return ""
    scheme, _, token = (head.get("authorization") or "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""
