"""The arguments and the result of a held call, sealed while they wait.

Must not know what they mean. A payload is sealed for its own key, so one approval's arguments never
open as another's.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from compiler.values import Value
from handler.approvals.ports import Seal
from handler.stores.base import Payloads

KEPT_FOR = 86_400
"""Seconds that payloads stay after the call's end."""

LARGEST_RESULT = 4 * 2**20
"""Bytes of a result that is kept."""


class TooLarge(Exception):
    """The result is larger than what is kept."""


@dataclass(frozen=True, slots=True)
class StoredResult:
    """What the upstream answered, and when."""

    result: Mapping[str, Any]
    at: float


class Vault:
    """Sealed payloads of approvals. Every method may raise `StoreUnavailable`."""

    def __init__(self, payloads: Payloads, seal: Seal) -> None:
        self._payloads, self._seal = payloads, seal

    async def keep_arguments(
        self, approval_id: str, arguments: Mapping[str, Value], ends_at: float
    ) -> None:
        """Keep the arguments of a call that ends by `ends_at` at the latest."""
        data = json.dumps(dict(arguments), allow_nan=False).encode()
        await self._put(f"{approval_id}/call", data, ends_at + KEPT_FOR)

    async def arguments(self, approval_id: str, now: float) -> dict[str, Value] | None:
        """The very arguments that were judged, or None once they are gone."""
        data = await self._get(f"{approval_id}/call", now)
        return None if data is None else json.loads(data)

    async def keep_result(self, approval_id: str, result: Mapping[str, Any], now: float) -> None:
        """Keep a result. Raises `TooLarge`."""
        data = json.dumps({"result": dict(result), "at": now}).encode()
        if len(data) > LARGEST_RESULT:
            raise TooLarge
        await self._put(f"{approval_id}/result", data, now + KEPT_FOR)

    async def result(self, approval_id: str, now: float) -> StoredResult | None:
        data = await self._get(f"{approval_id}/result", now)
        return None if data is None else StoredResult(**json.loads(data))

    async def _put(self, key: str, data: bytes, expires_at: float) -> None:
        await self._payloads.put(key, self._seal.seal(data, key), expires_at)

    async def _get(self, key: str, now: float) -> bytes | None:
        sealed = await self._payloads.get(key, now)
        return None if sealed is None else self._seal.open(sealed, key)
