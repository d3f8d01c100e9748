"""The agent's side: asking, joining, waiting, withdrawing."""

import asyncio
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from compiler.verdict import Place
from handler.approvals.lifecycle import Status, Terms
from handler.approvals.model import Approval
from handler.approvals.service import TooManyAsks, Unanswerable
from handler.stores.base import StoreUnavailable
from handler.stores.ledger import Full, Held, Joined, TooManyPending, Unauthenticated
from tests.approvals.world import START, UNIT, World, ask, hold, play
from tests.patience import PATIENCE


def test_a_held_call_waits_with_its_room_taken_and_its_approvers_mailed(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        approval = await world.held(world.process(), hold("a@example.com", "b@example.com"))
        assert approval.status is Status.PENDING
        assert approval.deadline == START + 1800
        assert await world.tally() == 750
        assert len(world.links("a@example.com")) == len(world.links("b@example.com")) == 1
        assert world.executor.sent == []

    play(tmp_path, scenario)


def test_an_approvals_id_is_never_taken_for_an_option_of_the_command_line(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        process = world.process()
        for number in range(3):
            outcome: Any = await process.approvals.request(ask(amount=number))
            assert re.fullmatch("[0-9a-f]{32}", outcome.approval.id)

    play(tmp_path, scenario)


def test_the_same_call_joins_the_approval_and_takes_and_mails_nothing(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        process = world.process()
        approval = await world.held(process, amount=750)
        again = await process.approvals.request(ask(amount=750.0))
        assert isinstance(again, Joined)
        assert again.approval.id == approval.id
        assert await world.tally() == 750
        assert len(world.links()) == 1

    play(tmp_path, scenario)


def test_a_changed_argument_needs_an_approval_of_its_own(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        process = world.process()
        first = await world.held(process, amount=750)
        changes: list[dict[str, object]] = [
            {"amount": "750"},
            {"amount": 750.5},
            {"amount": 750, "x": None},
        ]
        for changed in changes:
            assert (await world.held(process, **changed)).id != first.id

    play(tmp_path, scenario)


def test_fifty_identical_calls_at_once_open_one_approval(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        processes = [world.process(), world.process()]
        outcomes = await asyncio.gather(
            *(processes[n % 2].approvals.request(ask()) for n in range(50))
        )
        assert sum(isinstance(outcome, Held) for outcome in outcomes) == 1
        assert sum(isinstance(outcome, Joined) for outcome in outcomes) == 49
        for process in processes:
            await process.workflow.settled()
        assert len(world.links()) == 1
        assert await world.tally() == 750

    play(tmp_path, scenario)


def test_another_token_learns_nothing_of_an_open_approval(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        process = world.process()
        await world.held(process)
        stranger = replace(ask(), claim=replace(ask().claim, proof="1" * 64))
        assert isinstance(await process.approvals.request(stranger), Unauthenticated)

    play(tmp_path, scenario)


def test_a_full_limit_holds_nothing_and_mails_nobody(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        process = world.process()
        tight = replace(ask().debits[0], maximum=700 * UNIT)
        assert isinstance(await process.approvals.request(replace(ask(), debits=(tight,))), Full)
        await process.workflow.settled()
        assert world.links() == []
        assert await world.tally() == 0

    play(tmp_path, scenario)


def test_the_shortest_time_of_several_rules_applies(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        approval = await world.held(world.process(), hold(expires_in=3600), hold(expires_in=60))
        assert approval.deadline == START + 60

    play(tmp_path, scenario)


def test_pending_approvals_of_a_grant_are_capped(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        process = world.process(most_pending=2)
        for amount in (1, 2):
            await world.held(process, amount=amount)
        outcome = await process.approvals.request(ask(amount=3))
        assert outcome == TooManyPending(2)

    play(tmp_path, scenario)


def test_asks_of_an_hour_are_capped_although_withdrawals_give_their_room_back(
    tmp_path: Path,
) -> None:
    async def scenario(world: World) -> None:
        processes = [world.process(most_asks=3), world.process(most_asks=3)]
        for amount in range(3):
            approval = await world.held(processes[amount % 2], amount=amount)
            await processes[0].approvals.withdraw(approval.id)
        capped = [
            await process.approvals.request(ask(amount=amount))
            for amount, process in enumerate(processes, start=8)
        ]
        next_hour = START - START % 3_600 + 3_600
        assert capped == [TooManyAsks(until=next_hour)] * 2
        for process in processes:
            await process.workflow.settled()
        assert len(world.links()) == 3
        assert await world.tally() == 0
        world.clock.time = next_hour
        assert isinstance(await processes[0].approvals.request(ask(amount=10)), Held)
        await processes[0].workflow.settled()

    play(tmp_path, scenario)


def test_a_rule_whose_only_approver_is_the_requester_holds_nothing(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        outcome = await world.process().approvals.request(ask(hold("billing AGENT")))
        assert outcome == Unanswerable(
            Place("/tools/create_charge/approve_if/args.amount-gt", 0, 9)
        )
        assert await world.tally() == 0

    play(tmp_path, scenario)


def test_a_withdrawn_call_gives_its_room_back_and_its_link_decides_nothing(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        process = world.process()
        approval = await world.held(process)
        withdrawn = await process.approvals.withdraw(approval.id, "not needed any more")
        assert withdrawn is not None
        assert (withdrawn.status, withdrawn.detail) == (Status.WITHDRAWN, "not needed any more")
        assert await world.tally() == 0
        await process.desk.answer(world.links()[0], True, "")
        await process.workflow.settled()
        assert await world.status(approval.id) == "withdrawn"
        assert world.executor.sent == []

    play(tmp_path, scenario)


def test_an_approved_call_cannot_be_withdrawn(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        process = world.process()
        approval = await world.held(process)
        await process.desk.answer(world.links()[0], True, "")
        unchanged = await process.approvals.withdraw(approval.id)
        assert unchanged is not None
        assert unchanged.status is not Status.WITHDRAWN
        await process.workflow.settled()
        assert await world.status(approval.id) == "executed"

    play(tmp_path, scenario)


def test_whoever_looks_past_the_deadline_writes_expired_and_gives_the_room_back(
    tmp_path: Path,
) -> None:
    async def scenario(world: World) -> None:
        process = world.process()
        approval = await world.held(process)
        world.clock.time = approval.deadline
        looks = await asyncio.gather(*(process.approvals.current(approval.id) for _ in range(20)))
        assert {look.status for look in looks if look} == {Status.EXPIRED}
        assert await world.tally() == 0
        assert await process.desk.open(world.links()[0]) is None

    play(tmp_path, scenario)


def test_a_wait_ends_with_an_answer_given_through_another_process(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        here, there = world.process(), world.process()
        approval = await world.held(here)
        waiting = asyncio.create_task(here.approvals.wait(approval.id, START + 60))
        await there.desk.answer(world.links()[0], True, "")
        finished = await asyncio.wait_for(waiting, PATIENCE)
        assert finished is not None
        assert finished.status is Status.EXECUTED
        stored = await here.approvals.result(finished)
        assert stored is not None
        assert stored.result == world.executor.answer.result
        assert stored.at == START

    play(tmp_path, scenario)


def test_a_wait_that_ends_first_says_how_things_stand(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        process = world.process()
        approval = await world.held(process)
        seen = await process.approvals.wait(approval.id, START)
        assert seen is not None
        assert seen.status is Status.PENDING
        assert await process.approvals.wait("nobody", START + 60) is None

    play(tmp_path, scenario)


def test_a_finished_call_answers_repeats_for_ten_minutes_and_then_is_asked_again(
    tmp_path: Path,
) -> None:
    async def scenario(world: World) -> None:
        process = world.process(terms=Terms(repeats_for=600))
        first = await world.held(process)
        await process.desk.answer(world.links()[0], True, "")
        await process.workflow.settled()
        world.clock.time = START + 599
        repeat = await process.approvals.request(ask())
        assert isinstance(repeat, Joined)
        assert (repeat.approval.id, repeat.approval.status) == (first.id, Status.EXECUTED)
        world.clock.time = START + 600
        assert (await world.held(process)).id != first.id
        assert len(world.executor.sent) == 1

    play(tmp_path, scenario)


def test_a_result_is_gone_a_day_after_the_call_ended(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        process = world.process()
        approval = await world.held(process)
        await process.desk.answer(world.links()[0], True, "")
        await process.workflow.settled()
        assert await process.approvals.result(approval) is not None
        world.clock.time = START + 86_400
        assert await process.approvals.result(approval) is None

    play(tmp_path, scenario)


def test_a_call_whose_workflow_could_not_be_started_is_carried_on_by_its_repeat(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(approval: Approval) -> None:
        raise StoreUnavailable("the workflow is away")

    async def scenario(world: World) -> None:
        process = world.process()
        with monkeypatch.context() as patched:
            patched.setattr(process.workflow, "start", away)
            with pytest.raises(StoreUnavailable):
                await process.approvals.request(ask())
        assert world.links() == []
        assert isinstance(await process.approvals.request(ask()), Joined)
        await process.workflow.settled()
        assert len(world.links()) == 1
        assert await world.tally() == 750

    play(tmp_path, scenario)
