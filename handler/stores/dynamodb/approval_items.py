"""An approval's item, and the item by which a repeat of its call finds it. Pure.

The approval is one JSON text beside the version that every step compares and the two attributes
that list it. The call's item says which approval answers a call key, and until when.
"""

import math
from typing import Any

from handler.approvals.model import Approval
from handler.stores.documents import read_approval, write
from handler.stores.dynamodb.attributes import Item, encode_item
from handler.stores.dynamodb.update import Update

FOR_EVER = 10**12
"""A time that is never over: an unfinished approval answers its call until it ends."""

KEPT_SECONDS = 90 * 24 * 3600
"""How long a finished approval can be looked up: as long as its workflow's name stays taken."""

OPEN, DONE = "open", "done"


def key(approval_id: str) -> str:
    return f"approval#{approval_id}"


def call_key(text: str) -> str:
    return f"call#{text}"


def answers_until(approval: Approval) -> float:
    """Until when the approval answers repeats of its call."""
    return (approval.answers_until or 0) if approval.status.is_final else FOR_EVER


def creating(table: str, approval: Approval) -> dict[str, Any]:
    """The transaction's Put of a new approval."""
    item = {"pk": key(approval.id), "id": approval.id, **_attributes(approval)}
    return {
        "TableName": table,
        "Item": encode_item({name: value for name, value in item.items() if value is not None}),
        "ConditionExpression": "attribute_not_exists(pk)",
        "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
    }


def replacing(table: str, before: Approval, after: Approval) -> Update:
    """Write `after` where `before` is still what is stored."""
    update = Update(table, key(before.id))
    update.require(f"{update.at('v')} = {update.value(before.version)}")
    update.put(**_attributes(after))
    return update


def claiming_call(table: str, approval: Approval, now: float) -> Update:
    """Make the approval the one that answers its call, unless another does."""
    update = Update(table, call_key(approval.call_key))
    update.require_at_most(now, "until")
    update.put(id=approval.id, until=FOR_EVER, ttl=None)
    return update


def ending_call(table: str, approval: Approval) -> Update:
    """Say until when the approval still answers its call, unless the call has gone to another."""
    until = answers_until(approval)
    update = Update(table, call_key(approval.call_key))
    update.require(f"{update.at('id')} = {update.value(approval.id)}")
    update.put(until=until, ttl=None if until == FOR_EVER else math.ceil(until) + 3600)
    return update


def read(item: Item) -> Approval:
    return read_approval(item["doc"].encode())


def _attributes(approval: Approval) -> dict[str, Any]:
    final = approval.status.is_final
    return {
        "v": approval.version,
        "doc": write(approval).decode(),
        "list": DONE if final else OPEN,
        "at": approval.created_at,
        "ttl": math.ceil(approval.changed_at) + KEPT_SECONDS if final else None,
    }
