"""Payloads, nonces, the journal, and the store's own life."""

import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from handler.approvals.lifecycle import Status
from handler.stores.base import LARGEST_PAYLOAD, PayloadTooLarge, Store, StoreUnavailable
from tests.stores import samples
from tests.stores.samples import NOW
from tests.stores.worlds import World

pytestmark = pytest.mark.anyio


async def test_a_payload_is_kept_until_its_time(store: Store) -> None:
    await store.payloads.put("a1/call", b"sealed", NOW + 60)
    assert await store.payloads.get("a1/call", NOW + 59) == b"sealed"
    assert await store.payloads.get("a1/call", NOW + 60) is None
    assert await store.payloads.get("a1/result", NOW) is None


async def test_a_payload_is_replaced(store: Store) -> None:
    await store.payloads.put("a1/call", b"first" * 100_000, NOW + 60)
    await store.payloads.put("a1/call", b"second", NOW + 90)
    assert await store.payloads.get("a1/call", NOW + 70) == b"second"


async def test_a_payload_may_be_empty(store: Store) -> None:
    await store.payloads.put("a1/call", b"", NOW + 60)
    assert await store.payloads.get("a1/call", NOW) == b""


async def test_a_result_of_four_megabytes_is_kept_and_more_is_refused(store: Store) -> None:
    data = bytes(range(256)) * (LARGEST_PAYLOAD // 256)
    await store.payloads.put("a1/result", data, NOW + 60)
    assert await store.payloads.get("a1/result", NOW) == data
    with pytest.raises(PayloadTooLarge):
        await store.payloads.put("a1/result", b"x" * (LARGEST_PAYLOAD + 1), NOW + 60)
    assert await store.payloads.get("a1/result", NOW) == data


async def test_a_nonce_is_spent_once(store: Store) -> None:
    assert await store.nonces.spend("n1", NOW + 60)
    assert not await store.nonces.spend("n1", NOW + 60)
    assert await store.nonces.spend("n2", NOW + 60)


async def test_records_are_read_back_in_the_order_written(store: Store) -> None:
    records: list[dict[str, Any]] = [
        {"call": number, "rule": None, "names": ["a", "b"], "nested": {"tally": 10**18 + number}}
        for number in range(5)
    ]
    for record in records:
        await store.journal.append(record)
    assert await store.journal.recent(10) == records
    assert await store.journal.recent(2) == records[3:]


async def told(store: Store, start: float, end: float) -> list[dict[str, Any]]:
    return [record async for record in store.journal.between(start, end)]


async def test_records_are_found_by_their_time(store: Store) -> None:
    began = time.time() - 1  # logs file a record by when it came, which is after its own time
    records = [{"call": str(number), "at": began + number / 100} for number in range(4)]
    for record in records:
        await store.journal.append(record)
    assert await told(store, began, began + 100) == records
    assert await told(store, began + 0.01, began + 0.03) == records[1:3]
    assert await told(store, began + 100, began + 200) == []


async def test_a_note_is_kept_in_its_order_and_before_the_place_is_closed(
    world: World, tmp_path: Path
) -> None:
    async with world(tmp_path) as store:
        await store.journal.append({"call": 1})
        await store.journal.note({"call": 2})
        assert await store.journal.recent(10) == [{"call": 1}, {"call": 2}]
        await store.journal.note({"call": 3})
    async with world(tmp_path) as store:
        assert await store.journal.recent(2) == [{"call": 2}, {"call": 3}]


async def test_what_was_written_is_there_when_the_place_is_opened_again(
    world: World, tmp_path: Path
) -> None:
    async with world(tmp_path) as store:
        await store.ledger.put_grant(samples.grant())
        await store.ledger.hold(samples.claim(), samples.approval(), NOW, 5)
        await store.payloads.put("a1/call", b"sealed", NOW + 60)
    async with world(tmp_path) as store:
        assert await store.ledger.approval("a1") == samples.approval()
        assert await store.ledger.tallies(samples.approval().debits) == (3_000_000,)
        assert await store.payloads.get("a1/call", NOW) == b"sealed"


async def test_two_open_stores_of_one_place_see_each_other_at_once(
    world: World, tmp_path: Path
) -> None:
    async with world(tmp_path) as one, world(tmp_path) as other:
        await one.ledger.put_grant(samples.grant())
        for store, amount in ((one, 1_000_000), (other, 2_000_000), (one, 3_000_000)):
            await store.ledger.enter(samples.claim(), [samples.debit()], NOW)
            assert await one.ledger.tallies([samples.debit()]) == (amount,)
            assert await other.ledger.tallies([samples.debit()]) == (amount,)


Ask = Callable[[Store], Awaitable[object]]
HELD = samples.approval()

EVERY_METHOD: dict[str, Ask] = {
    "server": lambda store: store.registry.server("shop"),
    "servers": lambda store: store.registry.servers(),
    "artifact": lambda store: store.registry.artifact("00" * 32),
    "publish": lambda store: store.registry.publish([], [samples.server()]),
    "history": lambda store: store.registry.history("shop", "default"),
    "remove_server": lambda store: store.registry.remove_server("shop"),
    "grant": lambda store: store.ledger.grant("g1"),
    "grants": lambda store: store.ledger.grants(),
    "put_grant": lambda store: store.ledger.put_grant(samples.grant()),
    "change_grant": lambda store: store.ledger.change_grant(samples.grant(), samples.grant("g1")),
    "enter": lambda store: store.ledger.enter(samples.claim(), [samples.debit()], NOW),
    "enter without debits": lambda store: store.ledger.enter(samples.claim(), [], NOW),
    "release": lambda store: store.ledger.release([samples.debit()], NOW),
    "tallies": lambda store: store.ledger.tallies([samples.debit()]),
    "hold": lambda store: store.ledger.hold(samples.claim(), HELD, NOW, 5),
    "approval": lambda store: store.ledger.approval("a1"),
    "approval_by_call_key": lambda store: store.ledger.approval_by_call_key("k", NOW),
    "unfinished": lambda store: store.ledger.unfinished(),
    "approvals": lambda store: store.ledger.approvals(5),
    "advance": lambda store: store.ledger.advance(
        HELD, samples.step(HELD, Status.APPROVED), refund=False
    ),
    "put_links": lambda store: store.answers.put_links([samples.link()]),
    "link": lambda store: store.answers.link("l1"),
    "answers": lambda store: store.answers.answers("a1"),
    "put": lambda store: store.payloads.put("a1/call", b"sealed", NOW + 60),
    "get": lambda store: store.payloads.get("a1/call", NOW),
    "spend": lambda store: store.nonces.spend("n1", NOW + 60),
    "append": lambda store: store.journal.append({}),
    "note": lambda store: store.journal.note({}),
    "recent": lambda store: store.journal.recent(5),
    "between": lambda store: told(store, NOW, NOW + 1),
}


@pytest.mark.parametrize("ask", EVERY_METHOD.values(), ids=EVERY_METHOD.keys())
async def test_a_closed_store_refuses(world: World, tmp_path: Path, ask: Ask) -> None:
    async with world(tmp_path) as store:
        await ask(store)
    with pytest.raises(StoreUnavailable):
        await ask(store)


async def test_closing_twice_is_closing_once(store: Store) -> None:
    await store.close()
    await store.close()
