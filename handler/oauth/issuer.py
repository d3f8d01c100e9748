"""The documents of an authorization server: its metadata, and the keys it signs with.

Must not know tokens or what makes a key good. Fetched as upstream servers are: what is connected to
is what was checked, no redirect is followed and no proxy asked.
"""

import asyncio
import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from handler.gateway.bounds import Bounds
from handler.gateway.buffered import BufferedUpstream
from handler.gateway.exchange import Arrived, Broken, TooLarge
from handler.gateway.server import Server
from handler.oauth.model import Issuer
from handler.secrets import Secrets

FETCH_SECONDS = 2.5
"""What finding the keys may take in all: less than a store step, within which a call waits."""

BOUNDS = Bounds(streaming=False, connect_seconds=1.5, upstream_seconds=2.0, largest_answer=262_144)
"""For one document."""

HEADERS = {"Accept": "application/json", "Connection": "close"}

WELL_KNOWN = ("oauth-authorization-server", "openid-configuration")


class IssuerFailed(Exception):
    """Its keys cannot be had. The text says why, for the operator."""


class _Refused(IssuerFailed):
    """There is no such document here; there may be at another address."""


class Documents:
    """One authorization server's documents."""

    def __init__(self, issuer: Issuer) -> None:
        self._issuer = issuer
        self._client = BufferedUpstream(Secrets({}), BOUNDS)

    async def key_set(self) -> Mapping[str, Any]:
        """Its JSON Web Key Set, as it is. Raises `IssuerFailed`."""
        try:
            async with asyncio.timeout(FETCH_SECONDS):
                return await self._get(self._issuer.jwks or await self._place())
        except TimeoutError:
            raise IssuerFailed(f"{self._issuer.url} did not answer in time") from None

    async def _place(self) -> str:
        """Where its metadata says that the keys are."""
        last: IssuerFailed | None = None
        for url in metadata_urls(self._issuer.url):
            try:
                metadata = await self._get(url)
            except _Refused as refused:
                last = refused
                continue
            if metadata.get("issuer") == self._issuer.url:
                return str(metadata.get("jwks_uri"))
            last = IssuerFailed(f"{url} is the metadata of another issuer")
        raise last or IssuerFailed("it has no metadata")

    async def _get(self, url: str) -> Mapping[str, Any]:
        """A JSON object. Raises `IssuerFailed`."""
        place = Server("", url, private_network=self._issuer.private_network)
        answer = await self._client.send(place, HEADERS, None, "GET")
        if not isinstance(answer, Arrived):
            raise IssuerFailed(f"{url}: {answer.reason}")
        try:
            with_body = await self._body(answer)
        finally:
            answer.close()
        if answer.status != 200:
            raise _Refused(f"{url} answered {answer.status}")
        try:
            value = json.loads(with_body)
        except (ValueError, RecursionError):
            value = None
        if not isinstance(value, dict):
            raise _Refused(f"{url} did not answer with a JSON object")
        return value

    async def _body(self, answer: Arrived) -> bytes:
        try:
            return await answer.body()
        except TooLarge:
            raise IssuerFailed(
                f"it answered with more than {BOUNDS.largest_answer} bytes"
            ) from None
        except Broken:
            raise IssuerFailed("its answer broke off") from None


def metadata_urls(issuer: str) -> tuple[str, ...]:
    """Where an issuer's metadata is (RFC 8414, section 3.1; OpenID Connect Discovery, 4)."""
    parts = urlsplit(issuer)
    origin, path = f"{parts.scheme}://{parts.netloc}", parts.path.rstrip("/")
    inserted = tuple(f"{origin}/.well-known/{name}{path}" for name in WELL_KNOWN)
    return (*inserted, f"{origin}{path}/.well-known/{WELL_KNOWN[1]}")
