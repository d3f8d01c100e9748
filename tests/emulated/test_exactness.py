"""What the ledger promises when answers are lost, requests repeated and processes race."""

import asyncio
import json
import random
import subprocess
import sys
from collections import Counter
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path

import pytest

from compiler.verdict import Charge, Place, Scope, Window
from handler.approvals.lifecycle import Status
from handler.limits.debits import Debit
from handler.limits.plan import debits
from handler.limits.shards import Dealer
from handler.stores.base import StoreUnavailable
from handler.stores.dynamodb.attributes import decode, encode
from handler.stores.dynamodb.connection import MOST_SKEW, STEP_SECONDS
from handler.stores.dynamodb.store import DynamoStore
from handler.stores.dynamodb.tables import Names, Table
from handler.stores.ledger import Entered, Full, Held
from tests.emulated.faults import Fault
from tests.emulated.racer import Racing
from tests.emulated.samples import UNIT, approval, claim, debit, grant, moved
from tests.emulated.world import (
    World,
    connection,
    emulator,
    in_world,
    journal,
    make_tables,
    needs_emulator,
    now,
)
from tests.emulated.world import world as new_world

pytestmark = needs_emulator

PASSING = [Fault.LOST_ANSWER, Fault.LOST_REQUEST, Fault.THROTTLED, Fault.CONFLICT, Fault.BROKEN]


def debits_of(kind: str, at: float) -> tuple[Debit, ...]:
    within = debit(at)
    server = debit(at, key="all calls", scope=Scope.SERVER, scope_id="stripe")
    keyed = debit(at, key="per recipient", keyed=True)
    return {"grant": (within,), "server": (server,), "mixed": (within, server, keyed)}[kind]


SPLIT = Charge(
    place=Place("/all_tools/limits/pool", 0, 4),
    owner="all_tools",
    counter="pool",
    window=Window("3600"),
    scope=Scope.SERVER,
    maximum=100 * UNIT,
    cost=UNIT,
    per=None,
    shards=8,
    message="",
)


def split_debits(dealer: Dealer, at: float) -> tuple[Debit, ...]:
    """What the next call takes of a limit that is split, as the gateway plans it."""
    return debits(
        [SPLIT],
        grant_id="g1",
        session=None,
        server="stripe",
        now=at,
        per_key=b"k" * 16,
        dealer=dealer,
    )


WRITES = {"grant": "UpdateItem", "server": "TransactWriteItems", "mixed": "TransactWriteItems"}


@pytest.mark.parametrize("fault", PASSING)
@pytest.mark.parametrize("kind", WRITES)
def test_a_call_counts_once_whatever_became_of_its_first_request(fault: Fault, kind: str) -> None:
    async def scenario(world: World) -> None:
        at = now()
        await world.store.ledger.put_grant(grant())
        asked = debits_of(kind, at)
        world.proxy.fail_once(fault, WRITES[kind])

        entry = await world.store.ledger.enter(claim(), asked, at)

        assert isinstance(entry, Entered)
        assert entry.tallies == (UNIT,) * len(asked)
        assert await world.store.ledger.tallies(asked) == (UNIT,) * len(asked)
        assert world.proxy.counts[WRITES[kind]] >= 2

    in_world(scenario)


async def shards_written(world: World) -> dict[str, int]:
    """The items of tallies in the ledger's table, by their keys, and what they stand at."""
    direct = connection(emulator().url)
    try:
        request = {"TableName": world.names.ledger, "ConsistentRead": True}
        items = (await direct.send("Scan", request))["Items"]
    finally:
        await direct.close()
    tallies = {item["pk"]["S"]: item for item in items if item["pk"]["S"].startswith("tally#")}
    return {key: int(item["n"]["N"]) for key, item in tallies.items()}


def test_each_shard_is_an_item_of_its_own_so_that_each_takes_its_own_writes() -> None:
    async def scenario(world: World) -> None:
        at, dealer = now(), Dealer(random.Random(5).randrange)
        await world.store.ledger.put_grant(grant())
        taken = []
        for _ in range(2 * SPLIT.shards):
            (shard,) = split_debits(dealer, at)
            assert isinstance(await world.store.ledger.enter(claim(), (shard,), at), Entered)
            taken.append(shard)
        assert await shards_written(world) == {
            f"tally#server#stripe#{shard.key}": 2 * UNIT for shard in taken
        }
        assert len(await shards_written(world)) == SPLIT.shards

    in_world(scenario)


@pytest.mark.parametrize("fault", PASSING)
def test_a_repeated_request_counts_once_and_on_the_same_shard(fault: Fault) -> None:
    async def scenario(world: World) -> None:
        at = now()
        await world.store.ledger.put_grant(grant())
        (shard,) = split_debits(Dealer(random.Random(6).randrange), at)
        world.proxy.fail_once(fault, "TransactWriteItems")
        assert isinstance(await world.store.ledger.enter(claim(), (shard,), at), Entered)
        assert world.proxy.counts["TransactWriteItems"] >= 2
        assert await shards_written(world) == {f"tally#server#stripe#{shard.key}": UNIT}

    in_world(scenario)


@pytest.mark.parametrize("fault", PASSING)
@pytest.mark.parametrize("kind", WRITES)
def test_quota_comes_back_once_whatever_became_of_the_first_request(
    fault: Fault, kind: str
) -> None:
    async def scenario(world: World) -> None:
        at = now()
        await world.store.ledger.put_grant(grant())
        asked = debits_of(kind, at)
        for _ in range(3):
            await world.store.ledger.enter(claim(), asked, at)
        world.proxy.fail_once(fault, WRITES[kind])

        await world.store.ledger.release(asked, at)

        assert await world.store.ledger.tallies(asked) == (2 * UNIT,) * len(asked)

    in_world(scenario)


@pytest.mark.parametrize("fault", PASSING)
def test_a_call_is_held_once_and_its_refund_given_once(fault: Fault) -> None:
    async def scenario(world: World) -> None:
        at = now()
        ledger = world.store.ledger
        await ledger.put_grant(grant())
        asked = debits_of("mixed", at)
        pending = approval(at, asked)
        world.proxy.fail_once(fault, "TransactWriteItems")

        held = await ledger.hold(claim(), pending, at, most_pending=1)
        assert isinstance(held, Held)
        assert await ledger.tallies(asked) == (UNIT,) * 3

        world.proxy.fail_once(fault, "TransactWriteItems")
        after = moved(pending, Status.WITHDRAWN, at)
        assert await ledger.advance(pending, after, refund=True)
        assert await ledger.tallies(asked) == (0, 0, 0)
        again = await ledger.hold(claim(), approval(at, call="other"), at, most_pending=1)
        assert isinstance(again, Held)

    in_world(scenario)


@pytest.mark.parametrize("kind", WRITES)
def test_calls_that_race_in_several_processes_never_take_more_than_there_is(kind: str) -> None:
    async def scenario(world: World) -> None:
        at = now()
        await world.store.ledger.put_grant(grant())
        asked = debits_of(kind, at)
        stores = [world.another() for _ in range(4)]

        entries = await asyncio.gather(
            *(store.ledger.enter(claim(), asked, at) for store in stores * 5)
        )

        assert sum(isinstance(entry, Entered) for entry in entries) == 5
        assert sum(isinstance(entry, Full) for entry in entries) == 15
        assert await world.store.ledger.tallies(asked) == (5 * UNIT,) * len(asked)
        for store in stores:
            await store.close()

    in_world(scenario)


def test_of_many_answers_to_one_approval_one_wins() -> None:
    async def scenario(world: World) -> None:
        at = now()
        await world.store.ledger.put_grant(grant())
        asked = debits_of("mixed", at)
        pending = approval(at, asked)
        await world.store.ledger.hold(claim(), pending, at, most_pending=9)
        after = moved(pending, Status.REJECTED, at)

        outcomes = await asyncio.gather(
            *(world.store.ledger.advance(pending, after, refund=True) for _ in range(20))
        )

        assert sum(outcomes) == 1
        assert await world.store.ledger.tallies(asked) == (0, 0, 0)

    in_world(scenario)


@pytest.mark.parametrize("fault", [None, Fault.LOST_ANSWER])
def test_the_token_of_an_attempt_that_was_given_up_never_replaces_a_younger_one(
    fault: Fault | None,
) -> None:
    """The state machine may call again while the first call still runs: only the last can wake."""

    async def scenario(world: World) -> None:
        answers = world.store.answers
        if fault is not None:
            world.proxy.fail_once(fault, "UpdateItem")
        for age, token in (("T1/000001", "second"), ("T1/000000", "first, late")):
            await answers.put_task_token("a1", token, age)
        assert await answers.task_token("a1") == "second"
        await answers.put_task_token("a1", "third", "T2/000000")
        assert await answers.task_token("a1") == "third"

    in_world(scenario)


def test_a_payload_past_its_time_is_gone_although_only_some_of_it_was_cleaned_away() -> None:
    async def scenario(world: World) -> None:
        at = now()
        payloads = world.store.payloads
        await payloads.put("a1/result", b"x" * 1_000_000, at + 60)
        direct = connection(world.proxy.url)
        head = await Table(direct, world.names.payloads).get("a1/result")
        assert head is not None and head["pieces"] == 3
        await Table(direct, world.names.payloads).delete(f"a1/result#{head['generation']}#2")
        await direct.close()
        assert await payloads.get("a1/result", at + 61) is None
        with pytest.raises(StoreUnavailable):  # before it nothing may be missing
            await payloads.get("a1/result", at)

    in_world(scenario)


@pytest.mark.parametrize(
    ("text", "number"),
    [("1E+18", 10**18), ("999999999999999999", 10**18 - 1), ("-7", -7), ("1.5E-1", 0.15)],
)
def test_numbers_are_exact_however_they_are_written(text: str, number: float) -> None:
    found = decode({"N": text})
    assert found == number and type(found) is type(number)
    assert decode(encode(found)) == number


def test_an_allowed_call_is_two_requests_however_many_limits_its_grant_has() -> None:
    async def scenario(world: World) -> None:
        at = now()
        await world.store.ledger.put_grant(grant())
        asked = tuple(debit(at, key=f"limit {number}") for number in range(32))
        world.proxy.requests.clear()

        await asyncio.gather(
            world.store.ledger.enter(claim(), asked, at), world.store.registry.server("stripe")
        )

        assert sorted(world.proxy.requests) == ["GetItem", "UpdateItem"]

    in_world(scenario)


def test_a_call_without_limits_only_reads() -> None:
    async def scenario(world: World) -> None:
        await world.store.ledger.put_grant(grant())
        world.proxy.requests.clear()
        assert isinstance(await world.store.ledger.enter(claim(), (), now()), Entered)
        assert world.proxy.requests == ["GetItem"]

    in_world(scenario)


def test_a_store_that_keeps_failing_or_hangs_is_given_up_within_its_time() -> None:
    async def given_up(fault: Fault, kind: str) -> float:
        """Seconds until the store was given up."""
        async with new_world() as made:
            await made.store.ledger.put_grant(grant())
            made.proxy.fail_always(fault)
            at = now()
            with pytest.raises(StoreUnavailable):
                await made.store.ledger.enter(claim(), debits_of(kind, at), at)
            return now() - at

    async def all_at_once() -> dict[tuple[Fault, str], float]:
        faults = (Fault.THROTTLED, Fault.LOST_REQUEST, Fault.BROKEN, Fault.HANGING)
        cases = [(fault, kind) for fault in faults for kind in ("grant", "mixed")]
        took = await asyncio.gather(*(given_up(*case) for case in cases))
        return dict(zip(cases, took, strict=True))

    slow = {case: took for case, took in asyncio.run(all_at_once()).items() if took > LONGEST}
    assert slow == {}


def test_a_clock_that_differs_from_the_stores_stops_everything() -> None:
    async def scenario(world: World) -> None:
        at = now()
        await world.store.ledger.put_grant(grant())
        world.proxy.fail_always(Fault.OLD_DATE)
        with pytest.raises(StoreUnavailable, match="clock differs"):
            await world.store.ledger.enter(claim(), debits_of("grant", at), at)

    in_world(scenario)


def test_tallies_and_slots_are_cleaned_by_the_writes_that_come_a_day_later() -> None:
    async def scenario(world: World) -> None:
        at = now()
        ledger = world.store.ledger
        await ledger.put_grant(grant())
        await ledger.enter(claim(), (debit(at, key="old"),), at)
        later = at + 26 * 3600
        for _ in range(2):  # the first sees what is left over, the second cleans it
            await ledger.enter(claim(), (debit(later, key="new"),), later)
        assert await ledger.tallies((debit(at, key="old"),)) == (0,)
        assert await ledger.tallies((debit(later, key="new"),)) == (2 * UNIT,)

    in_world(scenario)


LONGEST = 2 * STEP_SECONDS
"""A step that took its time twice would need this, and a busy machine a little more than once."""


WINDOWS = {"second": 1, "minute": 60}


def of_window(seconds: int, at: float, number: int = 0) -> Debit:
    start = int(at) // seconds * seconds
    return Debit(Scope.GRANT, "g1", f"limit{number}.{start}", UNIT, 9 * UNIT, start + seconds)


async def tallies_kept(world: World) -> int:
    direct = connection(world.proxy.url)
    item = await Table(direct, world.names.ledger).get("grant#g1")
    await direct.close()
    assert item is not None
    return len(item["t"])


@pytest.mark.parametrize("window", WINDOWS)
def test_a_grants_item_does_not_grow_with_the_windows_that_pass(window: str) -> None:
    """An item holds 400 KB, and a write of it is paid by the KB."""
    seconds = WINDOWS[window]

    async def scenario(world: World) -> None:
        at = now()
        await world.store.ledger.put_grant(grant())
        for passed in range(200):
            later = at + passed * seconds
            entry = await world.store.ledger.enter(claim(), [of_window(seconds, later)], later)
            assert isinstance(entry, Entered)
        assert await tallies_kept(world) <= max(120 / seconds, 10) + 3

    in_world(scenario)


def test_a_grants_item_does_not_grow_where_each_call_meets_a_new_process() -> None:
    """An agent that calls once an hour finds no container of its last call."""

    async def scenario(world: World) -> None:
        at = now()
        await world.store.ledger.put_grant(grant())
        for passed in range(30):
            store, later = world.another(), at + passed * 3600
            assert isinstance(await store.ledger.enter(claim(), (), later), Entered)
            debits = [of_window(60, later, number) for number in range(32)]
            assert isinstance(await store.ledger.enter(claim(), debits, later), Entered)
            await store.close()
        assert await tallies_kept(world) <= 64

    in_world(scenario)


@pytest.mark.parametrize("seconds", WINDOWS.values())
def test_no_tally_is_cleaned_while_a_clock_that_is_believed_may_be_in_its_window(
    seconds: int,
) -> None:
    """Two clocks that each differ from the store's by half a minute differ by one."""

    async def scenario(world: World) -> None:
        at = now() // seconds * seconds
        window = of_window(seconds, at)
        await world.store.ledger.put_grant(grant())
        await world.store.ledger.enter(claim(), [window], at)
        ahead = window.ends_at + 2 * MOST_SKEW + STEP_SECONDS
        for _ in range(2):
            await world.store.ledger.enter(claim(), [of_window(seconds, ahead, 1)], ahead)
        assert await world.store.ledger.tallies([window]) == (UNIT,)

    in_world(scenario)


def test_a_cost_above_the_limit_is_refused_without_a_write() -> None:
    async def scenario(world: World) -> None:
        at = now()
        await world.store.ledger.put_grant(grant())
        world.proxy.requests.clear()
        entry = await world.store.ledger.enter(claim(), (debit(at, cost=6 * UNIT),), at)
        assert isinstance(entry, Full)
        assert (entry.index, entry.tally) == (0, 0)
        assert set(world.proxy.requests) == {"GetItem"}

    in_world(scenario)


@pytest.mark.full
def test_10000_calls_from_8_processes_against_a_limit_of_5000_admit_exactly_5000(
    tmp_path: Path,
) -> None:
    assert race(tmp_path, 8, calls=1250, limit=5000) == {"Entered": 5000, "Full": 5000}


def test_400_calls_from_4_processes_against_a_limit_of_250_admit_exactly_250(
    tmp_path: Path,
) -> None:
    assert race(tmp_path, 4, calls=100, limit=250) == {"Entered": 250, "Full": 150}


def race(folder: Path, processes: int, calls: int, limit: int) -> Counter[str]:
    """Start the racers, let each open its store, then let them go together."""
    place = Racing(emulator().url, asyncio.run(prepared()), now(), limit)
    (folder / "racing.json").write_text(json.dumps(asdict(place)))
    command = [sys.executable, "-m", "tests.emulated.racer", str(folder / "racing.json")]
    with ExitStack() as stack:
        racers = [
            stack.enter_context(
                subprocess.Popen(
                    [*command, str(calls)],
                    cwd=Path(__file__).parents[2],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    text=True,
                )
            )
            for _ in range(processes)
        ]
        for racer in racers:
            assert racer.stdout and racer.stdout.readline() == "ready\n"
        for racer in racers:
            assert racer.stdin
            racer.stdin.write("go\n")
            racer.stdin.flush()
        counted = [Counter(json.loads(racer.communicate(timeout=300)[0])) for racer in racers]
    return sum(counted, Counter())


async def prepared() -> Names:
    """Tables with a grant on them."""
    names = await make_tables(emulator().url)
    store = DynamoStore(connection(emulator().url), names, journal())
    await store.ledger.put_grant(grant())
    await store.close()
    return names
