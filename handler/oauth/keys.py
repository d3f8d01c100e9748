"""The keys that an authorization server signs with: kept for a while, never without bound.

Must not know tokens beyond the id of a key. Nobody can make it fetch more often than twice a
minute, whatever key ids are made up.
"""

import asyncio
import logging
from collections.abc import Mapping
from typing import Any

from jwt import PyJWK
from jwt.exceptions import PyJWKError

from handler.clock import Clock
from handler.oauth.issuer import Documents, IssuerFailed
from handler.oauth.model import Issuer

log = logging.getLogger(__name__)

KEPT_SECONDS = 600.0
"""After this keys are fetched again."""

USABLE_SECONDS = 3_600.0
"""How long keys may serve while no new ones can be had."""

PAUSE_SECONDS = 30.0
"""The shortest time between two fetches."""

MOST_KEYS = 64

KINDS = {"RS256": "RSA", "ES256": "EC"}
"""The algorithms that are accepted, and the type of key each of them needs."""

KeySet = dict[tuple[str | None, str], PyJWK]
"""Keys by their id and algorithm."""


class KeysUnavailable(Exception):
    """The authorization server's keys cannot be had: nobody can tell whether a token is good."""


class Keys:
    """The keys of one authorization server.

    Ages are of the wall clock: a Lambda container may stand still between two requests.
    """

    def __init__(self, issuer: Issuer, clock: Clock) -> None:
        self._issuer, self._clock = issuer, clock
        self._documents = Documents(issuer)
        self._keys: KeySet = {}
        self._fetched_at: float | None = None
        self._tried_at: float | None = None
        self._turn = asyncio.Lock()

    async def key(self, id: str | None, algorithm: str) -> PyJWK | None:
        """The key with this id for this algorithm. Raises `KeysUnavailable`."""
        if algorithm not in KINDS:
            return None
        if not self._knows(id, algorithm):  # whose key is known waits for nobody's fetching
            async with self._turn:
                if not self._knows(id, algorithm):
                    await self._refresh()
        if self._since(self._fetched_at) >= USABLE_SECONDS:
            raise KeysUnavailable("the authorization server's keys cannot be had")
        return self._keys.get((id, algorithm))

    def _knows(self, id: str | None, algorithm: str) -> bool:
        fresh = self._since(self._fetched_at) < KEPT_SECONDS
        return fresh and (id, algorithm) in self._keys

    def _since(self, moment: float | None) -> float:
        """Seconds; for ever where it never was, or where the clock was put back before it."""
        passed = float("inf") if moment is None else self._clock.now() - moment
        return passed if passed >= 0 else float("inf")

    async def _refresh(self) -> None:
        """Fetch the keys, unless that was tried just now. What was there stays if it fails."""
        if self._since(self._tried_at) < PAUSE_SECONDS:
            return
        self._tried_at = self._clock.now()
        try:
            self._keys = usable(await self._documents.key_set())
        except IssuerFailed as error:
            log.warning("the keys of %s cannot be had: %s", self._issuer.url, error)
            return
        self._fetched_at = self._clock.now()


def usable(document: Mapping[str, Any]) -> KeySet:
    """The keys for signing with an algorithm that is accepted; others are left out.

    Raises `IssuerFailed` where the document is no key set.
    """
    listed = document.get("keys")
    if not isinstance(listed, list):
        raise IssuerFailed("they are no JSON Web Key Set")
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
