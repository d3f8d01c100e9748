"""The deployment's keys as one container knows them, and what it makes of them.

Must not know what keys are for. They are asked for again after a while, and at once where something
sealed does not open: another container may have been told of newer ones before.
"""

import logging
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

from handler.clock import Clock
from handler.entry.keys import Keys
from handler.secrets import SecretMissing

T = TypeVar("T")

log = logging.getLogger(__name__)

KEPT_SECONDS = 300.0

RETRY_SECONDS = 30.0
"""Until they are asked for again where they could not be read: those that are known still serve."""


class Keyring:
    """`read` asks for the secret's text. By the wall's clock: a frozen container's others stand."""

    def __init__(self, read: Callable[[], Awaitable[str]], clock: Clock) -> None:
        self._read, self._clock = read, clock
        self._keys: Keys | None = None
        self._asked_at = 0.0
        self._lasts = 0.0

    async def keys(self) -> Keys:
        """Those of five minutes ago at most, if they could be had. Raises `SecretMissing`."""
        if self._keys is None:
            return await self._ask()
        if not self._is_within(self._lasts):
            try:
                return await self._ask()
            except SecretMissing as missing:
                log.warning("the keys could not be read again: %s", missing)
                self._asked_at, self._lasts = self._clock.now(), RETRY_SECONDS
        return self._keys

    async def newer(self) -> Keys | None:
        """Other keys than those known so far, or None. Raises `SecretMissing`."""
        known = self._keys
        found = await self._ask()
        return found if found != known else None

    async def _ask(self) -> Keys:
        text = await self._read()
        try:
            keys = Keys.read(text)
        except (ValueError, KeyError, TypeError):
            raise SecretMissing(
                "the secret of the deployment's keys is not of the form "
                '{"current": TEXT, "previous": [TEXT, …]}'
            ) from None
        self._keys, self._asked_at, self._lasts = keys, self._clock.now(), KEPT_SECONDS
        return keys

    def _is_within(self, seconds: float) -> bool:
        return 0 <= self._clock.now() - self._asked_at < seconds


class Made(Generic[T]):
    """What is made of the keys when it is first needed, and made anew once they are others."""

    def __init__(self, keyring: Callable[[], Keyring], make: Callable[[Keys], T]) -> None:
        self._keyring, self._make = keyring, make
        self._made: tuple[Keys, T] | None = None

    async def __call__(self) -> T:
        """Raises `SecretMissing`; the next call then tries again."""
        keys = await self._keyring().keys()
        if self._made is None or self._made[0] != keys:
            self._made = keys, self._make(keys)
        return self._made[1]
