"""A gateway's front door as an examination uses it: a port. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from handler.gateway.answers import DECISION_KEY


@dataclass(frozen=True, slots=True)
class Answered:
    """What came through the front door. `at` is its clock, POSIX seconds, if it said."""

    status: int
    body: Mapping[str, Any]
    at: float | None

    @property
    def facts(self) -> Mapping[str, Any]:
        """The gateway's machine-readable part of a tool's result."""
        found = self.body.get("result", {}).get("_meta", {}).get(DECISION_KEY, {})
        return found if isinstance(found, Mapping) else {}

    @property
    def said(self) -> str:
        """For a person: the result's text, or the error's."""
        content = self.body.get("result", {}).get("content") or [{}]
        error = self.body.get("error", {})
        return str(content[0].get("text") or error.get("message") or f"HTTP {self.status}")


class DoorClosed(Exception):
    """Nothing answered at the gateway's address."""


class Door(Protocol):
    """Asks as an agent's client does. Every method may raise `DoorClosed`."""

    async def call(
        self, server: str, token: str, tool: str, arguments: Mapping[str, str]
    ) -> Answered:
        """Call a tool of a server."""
        ...

    async def metadata(self, server: str) -> Answered:
        """Ask where the server's access tokens come from (RFC 9728)."""
        ...
