"""What is known of a server's tool definitions: which were accepted, and how they stand now. Pure.

Must not know stores, requests or policies. A definition is its whole JSON object as canonical text:
whatever an agent or a client could read in it counts, not its schema alone.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from enum import StrEnum
from typing import Any

from compiler.frozen import dataclass

LARGEST = 65_536
"""Bytes of one definition's text; a longer one is kept by its digest alone."""


class Standing(StrEnum):
    """How a tool's definition compares with the one that was accepted."""

    SAME = "same"
    CHANGED = "changed"
    NEW = "new"
    GONE = "gone"


@dataclass(frozen=True, slots=True)
class Pin:
    """One tool: the text that was accepted and the text last seen; None where there is none."""

    tool: str
    accepted: str | None
    current: str | None
    since: float
    """When what is current was first seen."""

    @property
    def standing(self) -> Standing:
        if self.accepted == self.current:
            return Standing.SAME
        if self.accepted is None:
            return Standing.NEW
        return Standing.GONE if self.current is None else Standing.CHANGED


@dataclass(frozen=True, slots=True)
class Catalog:
    """All tools of one server. `version` rises with every change; a new one has 1."""

    server: str
    version: int
    listed_at: float
    """When the whole list was last seen."""
    pins: tuple[Pin, ...]

    def pin(self, tool: str) -> Pin | None:
        return next((pin for pin in self.pins if pin.tool == tool), None)

    @property
    def drifted(self) -> tuple[Pin, ...]:
        return tuple(pin for pin in self.pins if pin.standing is not Standing.SAME)


def texts(tools: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """Each tool's canonical text by its name. Raises ValueError for one that has none.

    A name that comes twice has both definitions: a client may use either.
    """
    found: dict[str, str] = {}
    for tool in tools:
        name, text = str(tool["name"]), _text(tool)
        found[name] = f"{found[name]}\n{text}" if name in found else text
    return {name: text if len(text) <= LARGEST else digest(text) for name, text in found.items()}


def digest(text: str) -> str:
    """Names a definition."""
    return hashlib.sha256(text.encode()).hexdigest()


def first(server: str, seen: Mapping[str, str], now: float) -> Catalog:
    """The catalog of a server whose tools were never seen: they are accepted as they are."""
    pins = tuple(Pin(tool, text, text, now) for tool, text in sorted(seen.items()))
    return Catalog(server, 1, now, pins)


def noted(catalog: Catalog, seen: Mapping[str, str], *, whole: bool, now: float) -> Catalog:
    """The catalog after a list was seen: the `whole` of it, or a page that says nothing of others.

    A tool that was never accepted and is gone is forgotten.
    """
    pins = []
    for tool in sorted({pin.tool for pin in catalog.pins} | set(seen)):
        before = catalog.pin(tool) or Pin(tool, None, None, now)
        current = seen.get(tool, None if whole else before.current)
        since = before.since if current == before.current else now
        if before.accepted is not None or current is not None:
            pins.append(Pin(tool, before.accepted, current, since))
    listed_at = now if whole else catalog.listed_at
    return replace(catalog, version=catalog.version + 1, listed_at=listed_at, pins=tuple(pins))


def accepted(catalog: Catalog, tools: Iterable[str]) -> Catalog:
    """The catalog with these tools accepted as they stand; one that is gone is forgotten."""
    wanted = set(tools)
    pins = tuple(
        replace(pin, accepted=pin.current) if pin.tool in wanted else pin
        for pin in catalog.pins
        if pin.tool not in wanted or pin.current is not None
    )
    return replace(catalog, version=catalog.version + 1, pins=pins)


def write(catalog: Catalog) -> bytes:
    """The catalog as bytes; `read` gives it back."""
    pins = [[pin.tool, pin.accepted, pin.current, pin.since] for pin in catalog.pins]
    return json.dumps([catalog.server, catalog.version, catalog.listed_at, pins]).encode()


def read(data: bytes) -> Catalog:
    """The catalog that these bytes hold."""
    server, version, listed_at, pins = json.loads(data)
    return Catalog(server, version, listed_at, tuple(Pin(*pin) for pin in pins))


def _text(tool: Mapping[str, Any]) -> str:
    try:
        return json.dumps(tool, sort_keys=True, separators=(",", ":"), allow_nan=False)
    except RecursionError:
        raise ValueError("a definition is nested too deep") from None
