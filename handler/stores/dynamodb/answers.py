"""Approval links, what was answered, and the task tokens that wake a waiting workflow.

The gateway's role has no right to this table, so an agent-facing bug cannot answer an approval.
Writing an answer is part of the ledger's step: see `answering`.
"""

import asyncio
import math
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from handler.approvals.model import Answer, Link
from handler.stores.dynamodb.attributes import Item
from handler.stores.dynamodb.connection import ConditionFailed
from handler.stores.dynamodb.tables import Table
from handler.stores.dynamodb.update import Update

KEPT_SECONDS = 90 * 24 * 3600
"""How long answers and used links are kept: as long as the approval itself."""


class DynamoAnswers:
    """The Answers port, and the task tokens of the Step Functions workflow."""

    def __init__(self, table: Table) -> None:
        self._table = table

    async def put_links(self, links: Sequence[Link]) -> None:
        await asyncio.gather(*(self._table.put_new(_key(link.hash), _item(link)) for link in links))

    async def link(self, link_hash: str) -> Link | None:
        item = await self._table.get(_key(link_hash))
        return _read(item) if item else None

    async def answers(self, approval_id: str) -> list[Answer]:
        item = await self._table.get(_approval(approval_id))
        given: list[dict[str, Any]] = item.get("answers", []) if item else []
        return [Answer(**{**answer, "at": float(answer["at"])}) for answer in given]

    async def put_task_token(self, approval_id: str, token: str, age: str) -> None:
        """Keep it unless a younger one is there: an attempt given up may come late."""
        update = Update(self._table.name, _approval(approval_id))
        at = update.at("token_age")
        update.require(f"(attribute_not_exists({at}) OR {at} <= {update.value(age)})")
        update.put(token=token, token_age=age)
        with suppress(ConditionFailed):
            await self._table.update(update)

    async def task_token(self, approval_id: str) -> str | None:
        item = await self._table.get(_approval(approval_id))
        return item.get("token") if item else None


def answering(table: str, approval_id: str, answer: Answer) -> tuple[Update, Update]:
    """Two actions of a transaction: the approval's link is used, and the answer is stored."""
    use = Update(table, _key(answer.link_hash))
    use.require(f"{use.at('used')} = {use.value(False)}")
    use.require(f"{use.at('approval_id')} = {use.value(approval_id)}")
    use.put(used=True)
    store = Update(table, _approval(approval_id))
    store.append(
        {
            "approval_id": answer.approval_id,
            "link_hash": answer.link_hash,
            "approver": answer.approver,
            "approved": answer.approved,
            "note": answer.note,
            "at": answer.at,
            "operator": answer.operator,
        },
        "answers",
    )
    store.put(ttl=math.ceil(answer.at) + KEPT_SECONDS)
    return use, store


def _key(link_hash: str) -> str:
    return f"link#{link_hash}"


def _approval(approval_id: str) -> str:
    return f"approval#{approval_id}"


def _item(link: Link) -> Item:
    return {
        "approval_id": link.approval_id,
        "approver": link.approver,
        "expires_at": link.expires_at,
        "used": link.used,
        "ttl": math.ceil(link.expires_at) + KEPT_SECONDS,
    }


def _read(item: Item) -> Link:
    return Link(
        hash=item["pk"].partition("#")[2],
        approval_id=item["approval_id"],
        approver=item["approver"],
        expires_at=float(item["expires_at"]),
        used=item["used"],
    )
