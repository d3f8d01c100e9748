"""A small authorization server over HTTP: metadata, keys, and tokens for clients with a secret.

Its keys and tokens are made by another library than the one that checks them.
"""

import base64
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from joserfc import jwt
from joserfc.jwk import ECKey, KeySet, RSAKey
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tests.serving import in_a_thread
from tests.upstream import listening

CLIENT, SECRET = "agent-7", "s3cret"

RSA = RSAKey.generate_key(2048, {"kid": "rsa-1", "use": "sig", "alg": "RS256"})
EC = ECKey.generate_key("P-256", {"kid": "ec-1", "use": "sig", "alg": "ES256"})
FOREIGN = RSAKey.generate_key(2048, {"kid": "rsa-1", "use": "sig", "alg": "RS256"})
"""A key of somebody else's, under a name that the server uses."""


@dataclass
class AuthorizationServer:
    """What it signs with, and what it was asked."""

    issuer: str = ""
    keys: list[RSAKey | ECKey] = field(default_factory=lambda: [RSA, EC])
    fetched: int = 0
    """How often its keys were read."""
    broken: bool = False
    elsewhere: str = ""
    """Where its metadata says that its keys are, if not where they are."""
    answers: Callable[[], Response] | None = None
    """What it answers in place of its keys."""

    def token(
        self,
        resource: str,
        key: RSAKey | ECKey = RSA,
        header: dict[str, Any] | None = None,
        **changes: Any,
    ) -> str:
        """A good token for the resource, but for the changes; None takes a claim away."""
        now = int(time.time())
        claims = {
            "iss": self.issuer,
            "aud": resource,
            "sub": CLIENT,
            "client_id": CLIENT,
            "iat": now,
            "exp": now + 300,
            "scope": "pay read",
            **changes,
        }
        algorithm = "RS256" if isinstance(key, RSAKey) else "ES256"
        kid = key.as_dict(private=False).get("kid")
        whole = {"alg": algorithm, "typ": "at+jwt", "kid": kid, **(header or {})}
        kept = {name: value for name, value in claims.items() if value is not None}
        return jwt.encode(whole, kept, key, algorithms=["RS256", "ES256", "HS256"])

    async def metadata(self, request: Request) -> Response:
        return JSONResponse(
            {
                "issuer": self.issuer,
                "authorization_endpoint": f"{self.issuer}/authorize",
                "token_endpoint": f"{self.issuer}/token",
                "jwks_uri": self.elsewhere or f"{self.issuer}/jwks",
                "response_types_supported": ["code"],
                "grant_types_supported": ["client_credentials"],
                "token_endpoint_auth_methods_supported": ["client_secret_basic"],
            }
        )

    async def jwks(self, request: Request) -> Response:
        self.fetched += 1
        if self.broken:
            return Response(status_code=500)
        if self.answers is not None:
            return self.answers()
        return JSONResponse(KeySet([*self.keys]).as_dict(private=False))

    async def grant(self, request: Request) -> Response:
        """client_credentials, with the resource that the token is for (RFC 8707)."""
        form = await request.form()
        given = request.headers.get("authorization", "").removeprefix("Basic ")
        if base64.b64decode(given).decode() != f"{CLIENT}:{SECRET}":
            return JSONResponse({"error": "invalid_client"}, 401)
        token = self.token(str(form["resource"]))
        return JSONResponse({"access_token": token, "token_type": "Bearer", "expires_in": 300})


@contextmanager
def authorization_server() -> Iterator[AuthorizationServer]:
    found, listener = AuthorizationServer(), listening()
    found.issuer = f"http://127.0.0.1:{listener.getsockname()[1]}"
    routes = [
        Route("/.well-known/oauth-authorization-server", found.metadata),
        Route("/jwks", found.jwks),
        Route("/token", found.grant, methods=["POST"]),
    ]
    with in_a_thread(Starlette(routes=routes), listener):
        yield found
