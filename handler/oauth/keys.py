"""The keys that an authorization server signs with: fetched, kept for a while, never without bound.

Must not know tokens beyond the id of a key. Nobody can make it fetch more often than twice a
minute, whatever key ids are made up.
"""

import asyncio
import json
import logging
import time
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

import aiohttp
from jwt import PyJWK
from jwt.exceptions import PyJWKError

from handler.gateway.addresses import reach
from handler.gateway.upstream import Resolver
from handler.oauth.model import Authority

log = logging.getLogger(__name__)

KEPT_SECONDS = 600.0
"""After this keys are fetched again."""

USABLE_SECONDS = 3_600.0
"""How long keys may serve while no new ones can be had."""

PAUSE_SECONDS = 30.0
"""The shortest time between two fetches."""

FETCH_SECONDS = 3.0
LARGEST = 262_144
"""Bytes of one document."""

MOST_KEYS = 64

KINDS = {"RS256": "RSA", "ES256": "EC"}
"""The algorithms that are accepted, and the type of key each of them needs."""

WELL_KNOWN = ("oauth-authorization-server", "openid-configuration")


class KeysUnavailable(Exception):
    """The authorization server's keys cannot be had: nobody can tell whether a token is good."""


class Keys:
    """The keys of one authorization server."""

    def __init__(self, authority: Authority, now: Callable[[], float] = time.monotonic) -> None:
        self._authority, self._now = authority, now
        self._keys: dict[tuple[str | None, str], PyJWK] = {}
        self._fetched_at: float | None = None
        self._tried_at: float | None = None
        self._turn = asyncio.Lock()

    async def key(self, id: str | None, algorithm: str) -> PyJWK | None:
        """The key with this id for this algorithm. Raises `KeysUnavailable`."""
        if algorithm not in KINDS:
            return None
        async with self._turn:
            if self._age() >= KEPT_SECONDS or (id, algorithm) not in self._keys:
                await self._refresh()
        if self._age() >= USABLE_SECONDS:
            raise KeysUnavailable("the authorization server's keys cannot be had")
        return self._keys.get((id, algorithm))

    def _age(self) -> float:
        return float("inf") if self._fetched_at is None else self._now() - self._fetched_at

    async def _refresh(self) -> None:
        """Fetch the keys, unless that was tried just now. What was there stays if it fails."""
        if self._tried_at is not None and self._now() - self._tried_at < PAUSE_SECONDS:
            return
        self._tried_at = self._now()
        try:
            async with asyncio.timeout(FETCH_SECONDS):
                self._keys = _usable(await self._document())
        except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as error:
            log.warning("the keys of %s cannot be had: %s", self._authority.issuer, error)
            return
        self._fetched_at = self._now()

    async def _document(self) -> Mapping[str, Any]:
        if self._authority.jwks is not None:
            return await self._get(self._authority.jwks)
        for url in metadata_urls(self._authority.issuer):
            try:
                metadata = await self._get(url)
            except (aiohttp.ClientResponseError, ValueError):
                continue
            if metadata.get("issuer") == self._authority.issuer:
                return await self._get(str(metadata.get("jwks_uri")))
        raise ValueError("its metadata does not say where they are")

    async def _get(self, url: str) -> Mapping[str, Any]:
        """A JSON object from an address that may be asked. Redirects are not followed."""
        allowed = reach(url, self._authority.private_network)
        connector = aiohttp.TCPConnector(resolver=Resolver(allowed), use_dns_cache=False)
        async with (
            aiohttp.ClientSession(connector=connector, trust_env=False) as session,
            session.get(url, allow_redirects=False) as response,
        ):
            if response.status != 200:
                raise ValueError(f"{url} answered {response.status}")
            text = await response.content.read(LARGEST + 1)
            while len(text) <= LARGEST and (more := await response.content.read(LARGEST)):
                text += more
        if len(text) > LARGEST:
            raise ValueError(f"{url} answered with too much")
        value = json.loads(text)
        if not isinstance(value, dict):
            raise ValueError(f"{url} did not answer with an object")
        return value


def metadata_urls(issuer: str) -> tuple[str, ...]:
    """Where an issuer's metadata is (RFC 8414, section 3.1; OpenID Connect Discovery, 4)."""
    parts = urlsplit(issuer)
    origin, path = f"{parts.scheme}://{parts.netloc}", parts.path.rstrip("/")
    inserted = tuple(f"{origin}/.well-known/{name}{path}" for name in WELL_KNOWN)
    return (*inserted, f"{origin}{path}/.well-known/{WELL_KNOWN[1]}")


def _usable(document: Mapping[str, Any]) -> dict[tuple[str | None, str], PyJWK]:
    """The keys for signing with an algorithm that is accepted; others are left out."""
    listed = document.get("keys")
    if not isinstance(listed, list):
        raise ValueError("they are no JSON Web Key Set")
    found = {}
    for each in listed[:MOST_KEYS]:
        if not isinstance(each, dict) or each.get("use", "sig") != "sig":
            continue
        for algorithm, kind in KINDS.items():
            fits = each.get("kty") == kind and each.get("alg", algorithm) == algorithm
            if fits and (kind != "EC" or each.get("crv") == "P-256"):
                try:
                    key = PyJWK(each, algorithm)
                except (PyJWKError, ValueError, TypeError):
                    continue
                if _strong(key):
                    found[each.get("kid"), algorithm] = key
    return found


def _strong(key: PyJWK) -> bool:
    """RSA keys have 2048 bits at least (RFC 7518, section 3.3)."""
    size = getattr(key.key, "key_size", 0)
    return key.key_type != "RSA" or size >= 2048
