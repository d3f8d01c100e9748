"""What a policy's name stood for on a server, one item for each name. Pure.

The list is written whole, with its length as it was read as the condition: of two who append at
once, one reads again.
"""

from collections.abc import Sequence

from handler.policies.model import Revision
from handler.stores.dynamodb.attributes import Item
from handler.stores.dynamodb.update import Update

MOST_KEPT = 500
"""Changes: some 100 KB of the 400 KB that an item may have."""


def key(server: str, policy: str) -> str:
    return f"history#{server}#{policy}"


def by_key(revisions: Sequence[Revision]) -> dict[str, list[Revision]]:
    """The revisions of each history, in order."""
    found: dict[str, list[Revision]] = {}
    for revision in revisions:
        found.setdefault(key(revision.server, revision.policy), []).append(revision)
    return found


def appending(table: str, key: str, held: Item | None, added: Sequence[Revision]) -> Update:
    """Put the revisions at the end of a history as it was read."""
    update = Update(table, key)
    if held is None:
        update.require(f"attribute_not_exists({update.at('n')})")
    else:
        update.require(f"{update.at('n')} = {update.value(held['n'])}")
    before = held["revisions"] if held else []
    update.put(
        n=(held["n"] if held else 0) + len(added),
        revisions=[*before, *map(_fields, added)][-MOST_KEPT:],
    )
    return update


def read(item: Item) -> list[Revision]:
    return [
        Revision(**{**fields, "at": float(fields["at"])})  # a whole number comes back without point
        for fields in item["revisions"]
    ]


def _fields(revision: Revision) -> Item:
    return {
        "server": revision.server,
        "policy": revision.policy,
        "digest": revision.digest,
        "at": revision.at,
        "by": revision.by,
    }
