"""Tools whose definitions are not those that were accepted: listing, explaining, accepting.

What a changed definition means for a policy is told by its rules: one that reads an argument which
is gone, or of another type, may no longer say what its author meant.
"""

import difflib
import json
from collections.abc import AsyncIterator, Iterable, Iterator
from dataclasses import dataclass

from compiler.artifact import unpack
from compiler.ir import HoldRow, RuleRow
from compiler.policy import Path, Root
from compiler.table.read import Table
from compiler.verdict import Place
from handler.admin import servers
from handler.admin.naming import not_there
from handler.admin.schemas import said
from handler.failure import CannotRun
from handler.gateway import definitions
from handler.gateway.definitions import Pin, Standing
from handler.gateway.server import Server
from handler.stores.base import Store

ATTEMPTS = 8


@dataclass(frozen=True, slots=True)
class Lost:
    """A rule whose argument is not what it was when the rule was written."""

    policy: str
    rule: str
    line: int | None
    path: str
    why: str


@dataclass(frozen=True, slots=True)
class Drifted:
    """One tool that is not as it was accepted."""

    server: str
    handling: str
    """The registration's `drift`."""
    pin: Pin
    lost: tuple[Lost, ...]


async def listing(store: Store, names: Iterable[str] = ()) -> list[Drifted]:
    """The drifted tools of these servers, or of all. Raises `CannotRun`."""
    chosen = [await servers.named(store.registry, name) for name in names]
    found = []
    for server in chosen or await store.registry.servers():
        catalog = await store.definitions.catalog(server.name)
        for pin in catalog.drifted if catalog else ():
            lost = tuple([one async for one in _lost(store, server, pin)])
            found.append(Drifted(server.name, server.drift.value, pin, lost))
    return found


async def accept(store: Store, server: str, tools: Iterable[str]) -> list[str]:
    """Take the tools' definitions as they stand, those of all drifted tools where none is named.

    The names of those accepted. Raises `CannotRun`.
    """
    wanted = tuple(tools)
    await servers.named(store.registry, server)
    for _ in range(ATTEMPTS):
        catalog = await store.definitions.catalog(server)
        if catalog is None:
            raise CannotRun(f"no tools of the server `{server}` were seen yet")
        drifted = [pin.tool for pin in catalog.drifted]
        for tool in wanted:
            if tool not in drifted:
                raise CannotRun(not_there("drifted tool", tool, drifted, "holdpoint drift list"))
        chosen = wanted or tuple(drifted)
        if not chosen:
            return []
        if await store.definitions.replace(catalog, definitions.accepted(catalog, chosen)):
            return sorted(chosen)
    raise CannotRun("the definitions keep changing: try again")


def difference(pin: Pin) -> str:
    """The definition's change as lines, `-` as accepted and `+` as it is."""
    before, after = _lines(pin.accepted), _lines(pin.current)
    found = difflib.unified_diff(before, after, "accepted", "now", n=2, lineterm="")
    return "\n".join(found)


def _lines(text: str | None) -> list[str]:
    if text is None:
        return []
    try:
        return json.dumps(json.loads(text), indent=2, ensure_ascii=False).splitlines()
    except ValueError:  # a digest, or a name that stood for two definitions
        return text.splitlines()


async def _lost(store: Store, server: Server, pin: Pin) -> AsyncIterator[Lost]:
    for policy, digest in sorted(server.policies.items()):
        artifact = await store.registry.artifact(digest)
        if artifact is None:
            continue
        table = Table(unpack(artifact.data, digest).table)
        for place, path in _reads(table, pin.tool):
            why = _why(pin, path)
            if why is not None:
                yield Lost(policy, place.rule, place.line, path.text, why)


def _why(pin: Pin, path: Path) -> str | None:
    """What happened to the argument since the definition was accepted, if anything did."""
    if pin.standing is Standing.GONE:
        return "the tool is gone"
    if pin.standing is Standing.NEW:
        return None
    before, after = (said(_schema(text), path.steps) for text in (pin.accepted, pin.current))
    if before.there and after.there is not True:
        return "is gone" if after.there is False else "is no longer described"
    if before.there and before.types != after.types:
        return f"was {_kinds(before.types)}, is {_kinds(after.types)}"
    return None


def _schema(text: str | None) -> object:
    try:
        tool = json.loads(text or "")
    except ValueError:
        return None
    return tool.get("inputSchema") if isinstance(tool, dict) else None


def _kinds(types: tuple[str, ...]) -> str:
    return " or ".join(types) or "of any type"


def _reads(table: Table, tool: str) -> Iterator[tuple[Place, Path]]:
    """Each rule and limit that serves the tool, with each argument that it reads."""
    index = table.serving(tool)
    if index is None:
        return
    entry = table.entry(index)
    rules: list[RuleRow | HoldRow] = [
        *(table.rule(each) for each in (*entry.require, *entry.deny_if)),
        *(table.hold(each) for each in entry.approve_if),
    ]
    for rule in rules:
        paths = dict.fromkeys(table.condition(each).path for each in rule.conditions)
        yield from _arguments(table, rule.place, paths)
    for limit in (table.limit(each) for each in entry.limits):
        counted = () if limit.increment_from is None else (limit.increment_from,)
        yield from _arguments(table, limit.place, (*counted, *limit.per))


def _arguments(table: Table, place: Place, paths: Iterable[int]) -> Iterator[tuple[Place, Path]]:
    for path in map(table.path, paths):
        if path.root is Root.ARGS:
            yield place, path
