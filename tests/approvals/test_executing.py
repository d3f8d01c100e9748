"""Running an approved call: decided again, sent once, its end written down."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from compiler.verdict import Effect, Place, Verdict
from handler.admin.records import Query, search
from handler.approvals.embedded import Embedded
from handler.approvals.lifecycle import Event, Status, Terms, step
from handler.approvals.model import Approval
from handler.approvals.ports import Execution, Sent
from tests.approvals.world import CALL, SEALER, START, World, hold, play

DENIED = Verdict(Effect.DENY, Place("/tools/create_charge/deny_if/always", 0, 3), "Closed today.")
NOTE = "as agreed by telephone"
# The call's currency and the approver's note: letters that no random hexadecimal identifier has.
UNTOLD = ("eur", "telephone")


async def approved(world: World, process: Embedded) -> Approval:
    """A held call, approved and carried to its end."""
    approval = await world.held(process)
    await process.desk.answer(world.links()[0], True, "")
    await process.workflow.settled()
    ended = await process.approvals.current(approval.id)
    assert ended is not None
    return ended


def test_the_call_that_runs_has_the_arguments_that_were_judged(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        process = world.process()
        arguments = {"amount": 9007199254740993, "rate": 0.1, "to": {"n": [1.0, "é", None]}}
        await world.held(process, **arguments)
        await process.desk.answer(world.links()[0], True, "")
        await process.workflow.settled()
        assert world.executor.sent == [arguments]
        assert repr(world.executor.sent[0]) == repr(arguments)

    play(tmp_path, scenario)


@pytest.mark.parametrize(
    ("looks", "status"), [([True, True], "executed"), ([True, True, True], "failed")]
)
def test_an_approval_whose_answer_is_not_to_be_seen_yet_waits_for_it_and_not_for_long(
    tmp_path: Path, looks: list[bool], status: str
) -> None:
    """What is not there, or gone, approves nothing. The mail and the desk look before."""

    async def scenario(world: World) -> None:
        ended = await approved(world, world.process(hides=[False, False, *looks]))
        assert ended.status == status
        assert len(world.executor.sent) == int(status == "executed")

    play(tmp_path, scenario)


@pytest.mark.parametrize(
    ("sent", "status", "tally"),
    [
        (Sent.FINISHED, "executed", 750),
        (Sent.NEVER_REACHED, "failed", 0),
        (Sent.FAILED, "failed", 750),
        (Sent.LOST, "unknown", 750),
    ],
)
def test_each_end_of_an_attempt_has_its_status_and_quota_comes_back_only_if_nothing_was_sent(
    tmp_path: Path, sent: Sent, status: str, tally: int
) -> None:
    async def scenario(world: World) -> None:
        process = world.process()
        world.executor.answer = Execution(sent, {"content": []} if sent is Sent.FINISHED else None)
        ended = await approved(world, process)
        assert (ended.status, await world.tally()) == (status, tally)
        assert bool(ended.detail) == (sent is not Sent.FINISHED)
        await process.workflow.round()
        await process.workflow.settled()
        assert len(world.executor.sent) == 1

    play(tmp_path, scenario)


@pytest.mark.parametrize(
    ("sent", "outcome", "detail"),
    [
        (Sent.FINISHED, "executed", ""),
        (Sent.NEVER_REACHED, "failed", "nothing was run"),
        (Sent.FAILED, "failed", "cannot be passed on"),
        (Sent.LOST, "unknown", "what became of it was not seen"),
    ],
)
def test_the_end_of_an_approved_call_is_in_the_decision_log_once_and_is_found_by_its_call(
    tmp_path: Path, sent: Sent, outcome: str, detail: str
) -> None:
    async def scenario(world: World) -> None:
        process = world.process()
        world.executor.answer = Execution(sent, {"content": []} if sent is Sent.FINISHED else None)
        held = await world.held(process)
        await process.desk.answer(world.links()[0], True, NOTE)
        await process.workflow.settled()
        await process.approvals.current(held.id)
        (ended,) = await world.ends()
        assert (ended["outcome"], ended["approval"]) == (outcome, held.id)
        assert detail in ended["detail"]
        assert not any(said in str(ended) for said in UNTOLD)
        assert ended["refunded"] is (sent is Sent.NEVER_REACHED)
        for query in (Query(call=CALL.call), Query(grant="Billing*", tool="create_*")):
            found = search(world.store.journal, query, START, START + 1)
            assert [record async for record in found] == [ended]

    play(tmp_path, scenario)


async def _rejected(world: World, process: Embedded) -> None:
    await process.desk.answer(world.links()[0], False, NOTE)


async def _expired(world: World, process: Embedded) -> None:
    world.clock.time += 1800
    await process.workflow.round()


async def _withdrawn(world: World, process: Embedded) -> None:
    (held,) = await world.store.ledger.unfinished()
    await process.approvals.withdraw(held.id)


@pytest.mark.parametrize("ends", [_rejected, _expired, _withdrawn])
def test_the_end_of_a_call_that_never_ran_is_in_the_decision_log_too(
    tmp_path: Path, ends: Callable[[World, Embedded], Awaitable[None]]
) -> None:
    async def scenario(world: World) -> None:
        process = world.process()
        held = await world.held(process)
        await ends(world, process)
        await process.workflow.settled()
        (ended,) = await world.ends()
        assert (ended["outcome"], ended["refunded"]) == (await world.status(held.id), True)
        assert not any(said in str(ended) for said in UNTOLD)

    play(tmp_path, scenario)


@pytest.mark.parametrize(
    ("verdict", "runs"),
    [
        (DENIED, False),
        (Verdict(Effect.ALLOW, None), True),
        (Verdict(Effect.REQUIRE_APPROVAL, None, holds=(hold("OPS@example.com"),)), True),
        (Verdict(Effect.REQUIRE_APPROVAL, None, holds=(hold("cfo@example.com"),)), False),
        (Verdict(Effect.REQUIRE_APPROVAL, None, holds=(hold(), hold("cfo@example.com"))), False),
        (
            Verdict(
                Effect.REQUIRE_APPROVAL,
                None,
                holds=(hold("ops@example.com", "cfo@example.com", quorum=2),),
            ),
            False,
        ),
    ],
)
def test_an_approved_call_is_decided_again_before_it_runs(
    tmp_path: Path, verdict: Verdict, runs: bool
) -> None:
    async def scenario(world: World) -> None:
        world.judge.verdict = verdict
        ended = await approved(world, world.process())
        assert ended.status is (Status.EXECUTED if runs else Status.FAILED)
        assert len(world.executor.sent) == int(runs)
        assert await world.tally() == (750 if runs else 0)

    play(tmp_path, scenario)


def test_a_denial_at_execution_names_its_rule(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        world.judge.verdict = DENIED
        ended = await approved(world, world.process())
        assert "/tools/create_charge/deny_if/always: Closed today." in ended.detail

    play(tmp_path, scenario)


def test_an_approval_that_no_answer_supports_never_runs(tmp_path: Path) -> None:
    """The ledger alone cannot approve: the agent's side writes it, and holds no answers."""

    async def scenario(world: World) -> None:
        process = world.process()
        world.judge.verdict = Verdict(Effect.ALLOW, None)
        approval = await process.approvals.current((await world.held(process)).id)
        assert approval is not None
        forged = step(approval, Event.APPROVE, START, Terms())
        assert await world.store.ledger.advance(approval, forged, refund=False)
        await process.workflow.wake(approval.id)
        await process.workflow.settled()
        assert await world.status(approval.id) == "failed"
        assert world.executor.sent == []

    play(tmp_path, scenario)


def test_arguments_put_in_place_of_the_approved_ones_never_run(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        process = world.process()
        approval = await world.held(process)
        key = f"{approval.id}/call"
        other = SEALER.seal(b'{"amount":750000,"currency":"eur"}', key)
        await world.store.payloads.put(key, other, START + 9e4)
        await process.desk.answer(world.links()[0], True, "")
        await process.workflow.settled()
        assert await world.status(approval.id) == "failed"
        assert world.executor.sent == []

    play(tmp_path, scenario)


def test_two_processes_that_wake_for_one_approval_send_once(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        processes = [world.process() for _ in range(4)]
        approval = await world.held(processes[0])
        await processes[0].desk.answer(world.links()[0], True, "")
        for process in processes:
            await process.workflow.wake(approval.id)
        for process in processes:
            await process.workflow.settled()
        assert len(world.executor.sent) == 1
        assert await world.status(approval.id) == "executed"

    play(tmp_path, scenario)


def test_an_attempt_that_ends_after_its_lease_still_says_how_it_went(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        process, other = world.process(), world.process()
        world.executor.gate = asyncio.Event()
        approval = await world.held(process)
        await process.desk.answer(world.links()[0], True, "")
        await world.executor.begun.wait()
        world.clock.time += 120
        seen = await other.approvals.current(approval.id)
        assert seen is not None
        assert seen.status is Status.UNKNOWN
        world.executor.gate.set()
        await process.workflow.settled()
        assert await world.status(approval.id) == "executed"
        assert await world.tally() == 750
        assert len(world.executor.sent) == 1

    play(tmp_path, scenario)


def test_a_late_word_that_nothing_was_reached_keeps_the_quota_spent(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        process = world.process()
        world.executor.gate = asyncio.Event()
        world.executor.answer = Execution(Sent.NEVER_REACHED)
        approval = await world.held(process)
        await process.desk.answer(world.links()[0], True, "")
        await world.executor.begun.wait()
        world.clock.time += 120
        world.executor.gate.set()
        await process.workflow.settled()
        assert await world.status(approval.id) == "failed"
        assert await world.tally() == 750

    play(tmp_path, scenario)


def test_a_result_too_large_to_keep_ends_as_run_without_one(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        process = world.process()
        huge = {"content": [{"type": "text", "text": "x" * (5 * 2**20)}]}
        world.executor.answer = Execution(Sent.FINISHED, huge)
        ended = await approved(world, process)
        assert ended.status is Status.FAILED
        assert ended.detail == "It was run; its result is too large to be kept."
        assert await world.tally() == 750

    play(tmp_path, scenario)


def test_a_fault_in_the_executor_ends_as_unknown(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        world.executor.fault = RuntimeError("a defect")
        ended = await approved(world, world.process())
        assert ended.status is Status.UNKNOWN

    play(tmp_path, scenario)


def test_a_stopping_process_lets_a_running_call_end(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        process = world.process()
        running = asyncio.create_task(process.workflow.run())
        world.executor.gate = asyncio.Event()
        approval = await world.held(process)
        await process.desk.answer(world.links()[0], True, "")
        await world.executor.begun.wait()
        running.cancel()
        asyncio.get_running_loop().call_soon(world.executor.gate.set)
        with pytest.raises(asyncio.CancelledError):
            await running
        assert await world.status(approval.id) == "executed"

    play(tmp_path, scenario)
