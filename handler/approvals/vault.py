"""The arguments and the result of a held call, sealed while they wait.

Must not know what they mean. A payload is sealed for its own key, so one approval's arguments never
open as another's.
"""

import json
import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from compiler.frozen import dataclass
from compiler.values import Value
from handler.sealing import SealBroken, Sealer
from handler.stores.base import Payloads

log = logging.getLogger(__name__)

Newer = Callable[[], Awaitable[Sealer | None]]

KEPT_FOR = 86_400
"""Seconds that payloads stay after the call's end."""


@dataclass(frozen=True, slots=True)
class StoredResult:
    """What the upstream answered, and when."""

    result: Mapping[str, Any]
    at: float


class Vault:
    """Sealed payloads of approvals. Every method may raise `StoreUnavailable`."""

    def __init__(self, payloads: Payloads, seal: Sealer, newer: Newer | None = None) -> None:
        """`newer` is asked where a payload does not open: other keys, if there are any by now."""
        self._payloads, self._seal, self._newer = payloads, seal, newer

    async def keep_arguments(
        self, approval_id: str, arguments: Mapping[str, Value], ends_at: float
    ) -> None:
        """Keep the arguments of a call that ends by `ends_at` at the latest."""
        data = _bytes(dict(arguments))
        await self._put(f"{approval_id}/call", data, ends_at + KEPT_FOR)

    async def arguments(self, approval_id: str, now: float) -> dict[str, Value] | None:
        """The very arguments that were judged, or None once they are gone or were changed."""
        data = await self._get(f"{approval_id}/call", now)
        return None if data is None else json.loads(data)

    async def keep_result(self, approval_id: str, result: Mapping[str, Any], now: float) -> None:
        """Keep a result. Raises `PayloadTooLarge`."""
        data = _bytes({"result": dict(result), "at": now})
        await self._put(f"{approval_id}/result", data, now + KEPT_FOR)

    async def result(self, approval_id: str, now: float) -> StoredResult | None:
        data = await self._get(f"{approval_id}/result", now)
        return None if data is None else StoredResult(**json.loads(data))

    async def _put(self, key: str, data: bytes, expires_at: float) -> None:
        await self._payloads.put(key, self._seal.seal(data, key), expires_at)

    async def _get(self, key: str, now: float) -> bytes | None:
        sealed = await self._payloads.get(key, now)
        if sealed is None:
            return None
        opened = _opened(self._seal, sealed, key)
        if opened is None and self._newer and (newer := await self._newer()) is not None:
            self._seal = newer
            opened = _opened(newer, sealed, key)
        if opened is None:
            log.error("payload %s does not open: it was changed, or its key is gone", key)
        return opened


def _opened(seal: Sealer, sealed: bytes, key: str) -> bytes | None:
    try:
        return seal.open(sealed, key)
    except SealBroken:
        return None


def _bytes(value: dict[str, Any]) -> bytes:
    """JSON in UTF-8, not ASCII: what an agent may send must not outgrow what may be kept."""
    return json.dumps(value, ensure_ascii=False).encode("utf-8", "surrogatepass")
