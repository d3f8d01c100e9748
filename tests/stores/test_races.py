"""Races that truly overlap: in one process, and between processes on one store."""

import asyncio
import json
import subprocess
import sys
from collections import Counter
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest

from compiler.verdict import Scope
from handler.approvals.lifecycle import Status
from handler.stores.base import Store
from handler.stores.ledger import Entered, Full, Held, Joined, TooManyPending
from tests.stores import samples
from tests.stores.samples import NOW, ONE, debit, step
from tests.stores.worlds import World

pytestmark = pytest.mark.anyio

CLAIM = samples.claim()
ROOT = Path(__file__).parents[2]
PROCESSES = 4


@pytest.fixture
async def store(store: Store) -> Store:
    await store.ledger.put_grant(samples.grant())
    return store


def kinds(answers: list[object]) -> Counter[type]:
    return Counter(map(type, answers))


async def test_64_calls_at_once_against_a_limit_of_10_admit_exactly_10(store: Store) -> None:
    entries = await asyncio.gather(*(store.ledger.enter(CLAIM, [debit()], NOW) for _ in range(64)))
    assert kinds(list(entries)) == {Entered: 10, Full: 54}
    amounts = sorted(entry.tallies[0] for entry in entries if isinstance(entry, Entered))
    assert amounts == [number * ONE for number in range(1, 11)]
    assert await store.ledger.tallies([debit()]) == (10 * ONE,)


async def test_64_calls_over_4_stores_of_one_place_admit_exactly_10(
    store: Store, world: World, tmp_path: Path
) -> None:
    async with world(tmp_path) as second, world(tmp_path) as third, world(tmp_path) as fourth:
        entries = await asyncio.gather(
            *(
                each.ledger.enter(CLAIM, [debit()], NOW)
                for _ in range(16)
                for each in (store, second, third, fourth)
            )
        )
    assert kinds(list(entries)) == {Entered: 10, Full: 54}


async def test_of_several_limits_a_race_takes_all_or_none(store: Store) -> None:
    wide = debit("wide", scope=Scope.SERVER, scope_id="shop", maximum=100 * ONE)
    narrow, middle = debit("narrow", maximum=7 * ONE), debit("middle", maximum=20 * ONE)
    entries = await asyncio.gather(
        *(store.ledger.enter(CLAIM, [wide, narrow, middle], NOW) for _ in range(40))
    )
    assert kinds(list(entries)) == {Entered: 7, Full: 33}
    assert await store.ledger.tallies([wide, narrow, middle]) == (7 * ONE,) * 3


async def test_takers_and_refunds_at_once_lose_nothing(store: Store) -> None:
    call = debit(maximum=1_000 * ONE)
    for _ in range(20):
        await store.ledger.enter(CLAIM, [call], NOW)
    await asyncio.gather(
        *(store.ledger.enter(CLAIM, [call], NOW) for _ in range(30)),
        *(store.ledger.release([call], NOW) for _ in range(20)),
    )
    assert await store.ledger.tallies([call]) == (30 * ONE,)


async def test_of_50_steps_at_once_one_wins_and_refunds_once(store: Store) -> None:
    held = samples.approval()
    await store.ledger.enter(CLAIM, [debit(cost=4 * ONE)], NOW)
    await store.ledger.hold(CLAIM, held, NOW, 5)
    await store.answers.put_links([samples.link(f"l{number}") for number in range(50)])
    won = await asyncio.gather(
        *(
            store.ledger.advance(
                held,
                step(held, Status.REJECTED, detail=str(number)),
                refund=True,
                answer=samples.answer(f"l{number}", approved=False),
            )
            for number in range(50)
        )
    )
    assert won.count(True) == 1
    stored = await store.ledger.approval("a1")
    assert stored is not None
    assert stored.detail == str(won.index(True))
    assert [given.link_hash for given in await store.answers.answers("a1")] == [
        f"l{won.index(True)}"
    ]
    links = [await store.answers.link(f"l{number}") for number in range(50)]
    assert [link is not None and link.used for link in links] == won
    assert await store.ledger.tallies(held.debits) == (4 * ONE,)


async def test_of_identical_holds_at_once_one_is_stored_and_the_others_join_it(
    store: Store,
) -> None:
    calls = [samples.approval(f"a{number}", call_key="same") for number in range(20)]
    answers = await asyncio.gather(*(store.ledger.hold(CLAIM, call, NOW, 5) for call in calls))
    assert kinds(list(answers)) == {Held: 1, Joined: 19}
    ids = {answer.approval.id for answer in answers if isinstance(answer, Held | Joined)}
    assert len(ids) == 1
    assert await store.ledger.tallies(calls[0].debits) == (3 * ONE,)


async def test_the_cap_on_pending_approvals_holds_in_a_race(store: Store) -> None:
    calls = [replace(samples.approval(f"a{number}"), debits=()) for number in range(20)]
    answers = await asyncio.gather(*(store.ledger.hold(CLAIM, call, NOW, 5) for call in calls))
    assert kinds(list(answers)) == {Held: 5, TooManyPending: 15}
    assert len(await store.ledger.unfinished()) == 5


async def test_of_20_spenders_of_a_nonce_one_is_first(store: Store) -> None:
    first = await asyncio.gather(*(store.nonces.spend("n1", NOW + 60) for _ in range(20)))
    assert first.count(True) == 1


async def test_records_written_at_once_are_all_kept(store: Store) -> None:
    await asyncio.gather(*(store.journal.append({"call": number}) for number in range(50)))
    kept = await store.journal.recent(100)
    assert sorted(record["call"] for record in kept) == list(range(50))


async def test_64_calls_from_4_processes_against_a_limit_of_10_admit_exactly_10(
    store: Store, world_name: str, tmp_path: Path
) -> None:
    counted = await asyncio.to_thread(race_in_processes, world_name, tmp_path, 16)
    assert sum(counted, Counter()) == {"Entered": 10, "Full": 54}
    own = [debit(f"own-{number}") for number in range(PROCESSES)]
    assert await store.ledger.tallies([debit(), *own]) == (
        10 * ONE,
        *(each["Entered"] * ONE for each in counted),
    )


def race_in_processes(world: str, place: Path, calls: int) -> list[Counter[str]]:
    """Start them all, let each open its store, then let them go together."""
    command = [sys.executable, "-m", "tests.stores.racer", world, str(place)]
    with ExitStack() as stack:
        racers = [
            stack.enter_context(
                subprocess.Popen(
                    [*command, str(name), str(calls), str(debit().maximum)],
                    cwd=ROOT,
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    text=True,
                )
            )
            for name in range(PROCESSES)
        ]
        for racer in racers:
            assert racer.stdout and racer.stdout.readline() == "ready\n"
        for racer in racers:
            assert racer.stdin
            racer.stdin.write("go\n")
            racer.stdin.flush()
        return [Counter(json.loads(racer.communicate(timeout=120)[0])) for racer in racers]
