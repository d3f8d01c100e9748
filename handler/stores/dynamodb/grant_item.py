"""A grant's item: who may call, and the tallies of its own limits. Pure.

st status, ex expiry, sv server, h1 h2 token hashes, lb label, tg tags, po policy, dc declared: the
grant.
t tallies, w writer slots, p pending approvals: what its calls leave behind. Names are short because
the item should stay under 1 KB, the unit that a write is priced by.
"""

from collections.abc import Iterable
from typing import Any

from compiler.frozen import dataclass
from handler.grants.model import Claim, Grant, GrantStatus
from handler.grants.tokens import proven
from handler.stores.dynamodb.attributes import Item
from handler.stores.dynamodb.lanes import Slot, is_idle
from handler.stores.dynamodb.tallies import Demand, give_back_within, is_over, take_within
from handler.stores.dynamodb.update import Update
from handler.stores.ledger import Paused, Unauthenticated

PENDING = "p"
"""The attribute that counts the grant's pending approvals."""

MOST_TALLIES, MOST_SLOTS = 40, 16
"""How many old names one write removes at most, so that expressions stay small; of tallies more
than the 32 that a call can add."""


@dataclass(frozen=True, slots=True)
class Leftovers:
    """What the next write of a grant's item may clean away."""

    tallies: tuple[str, ...] = ()
    slots: tuple[tuple[str, int], ...] = ()


def key(grant_id: str) -> str:
    return f"grant#{grant_id}"


def storing(table: str, grant: Grant) -> Update:
    """Create or replace the grant, leaving what its calls left behind."""
    update = Update(table, key(grant.id))
    update.put(**_attributes(grant), list="grant", at=0)
    update.default("t", {})
    update.default("w", {})
    return update


def changing(table: str, before: Grant, after: Grant) -> Update:
    """Write what differs, on condition that all is as it was before.

    Where only the policy differs, nothing else is looked at: a role that may attach policies may
    name no other attribute, not even in a condition, and the write leaves all others alone.
    """
    update = Update(table, key(after.id))
    held, wanted = _attributes(before), _attributes(after)
    changed = {name: value for name, value in wanted.items() if held[name] != value}
    seen = {"po": held["po"]} if changed.keys() == {"po"} else held
    update.require(f"attribute_exists({update.at('pk')})")
    for name, value in seen.items():
        if value is None:
            update.require(f"attribute_not_exists({update.at(name)})")
        else:
            update.require(f"{update.at(name)} = {update.value(value)}")
    update.put(**changed)
    return update


def _attributes(grant: Grant) -> dict[str, Any]:
    """None for one that is not there."""
    hashes = [bytes.fromhex(text) for text in grant.token_hashes]
    return {
        "id": grant.id,
        "st": grant.status.value,
        "sv": grant.server,
        "lb": grant.label,
        "tg": list(grant.tags),
        "po": grant.policy,
        "ex": grant.expires_at,
        "h1": hashes[0] if hashes else None,
        "h2": hashes[1] if len(hashes) > 1 else None,
        "dc": True if grant.declared else None,
    }


def read(item: Item) -> Grant:
    return Grant(
        id=item["id"],
        label=item["lb"],
        tags=tuple(item["tg"]),
        server=item["sv"],
        policy=item.get("po"),
        status=GrantStatus(item["st"]),
        expires_at=float(item["ex"]) if "ex" in item else None,
        token_hashes=tuple(item[name].hex() for name in ("h1", "h2") if name in item),
        declared=item.get("dc", False),
    )


def entering(
    table: str, claim: Claim, asked: Iterable[Demand], slot: Slot, now: float, old: Leftovers
) -> Update:
    """Authenticate the claim and take tallies of its grant, or change nothing."""
    update = Update(table, key(claim.grant_id))
    at, value = update.at, update.value
    update.require(f"{at('st')} = {value(GrantStatus.ACTIVE.value)}")
    update.require(f"(attribute_not_exists({at('ex')}) OR {at('ex')} > {value(now)})")
    update.require(f"{at('sv')} = {value(claim.server)}")
    if isinstance(claim.proof, str):
        token = value(bytes.fromhex(claim.proof))
        update.require(f"({at('h1')} = {token} OR {at('h2')} = {token})")
    mark(update, slot)
    wanted = list(asked)
    take_within(update, wanted)
    for name in set(old.tallies) - {demand.name for demand in wanted}:
        update.remove("t", name)
    for writer, sequence in old.slots:
        if writer != slot.writer:
            update.require(f"{at('w', writer)} = {value(sequence)}")
            update.remove("w", writer)
    return update


def refunding(table: str, grant_id: str, asked: Iterable[Demand], slot: Slot) -> Update:
    """Give back to tallies of the grant's item. Whoever was charged may be revoked since."""
    update = Update(table, key(grant_id))
    mark(update, slot)
    give_back_within(update, asked)
    return update


def mark(update: Update, slot: Slot) -> None:
    """Let the write happen once only, however often it arrives."""
    path = update.at("w", slot.writer)
    sequence = update.value(slot.sequence)
    update.require(f"(attribute_not_exists({path}) OR {path} < {sequence})")
    update.set(slot.sequence, "w", slot.writer)


def holds_mark(item: Item | None, slot: Slot) -> bool:
    """Whether the write happened already, and only its answer was lost."""
    return item is not None and item.get("w", {}).get(slot.writer) == slot.sequence


def authenticate(item: Item | None, claim: Claim, now: float) -> Grant | Unauthenticated | Paused:
    """What the write's condition asks, asked of an item that was read."""
    if item is None:
        return Unauthenticated()
    grant = read(item)
    in_time = grant.expires_at is None or grant.expires_at > now
    known = proven(claim, grant) and in_time and grant.server == claim.server
    if not known or grant.status is GrantStatus.REVOKED:
        return Unauthenticated()
    return Paused(grant) if grant.status is GrantStatus.PAUSED else grant


def leftovers(item: Item, now: float) -> Leftovers:
    tallies = [name for name in item.get("t", {}) if is_over(name, now)]
    slots = [slot for slot in item.get("w", {}).items() if is_idle(slot[1], now)]
    return Leftovers(tuple(tallies[:MOST_TALLIES]), tuple(slots[:MOST_SLOTS]))
