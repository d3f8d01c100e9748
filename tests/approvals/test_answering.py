"""The approver's side: one link, one answer."""

import asyncio
from pathlib import Path

from handler.admin import answering
from handler.admin.answering import Held
from handler.approvals.desk import Recorded, TooLate
from handler.approvals.lifecycle import Status
from handler.approvals.links import mint
from tests.approvals.world import Deaf, World, hold, play, secret
from tests.patience import PATIENCE


def test_fifty_overlapping_answers_through_one_link_count_once(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        processes = [world.process(), world.process()]
        approval = await world.held(processes[0])
        (link,) = world.links()
        outcomes = await asyncio.gather(
            *(processes[n % 2].desk.answer(link, n % 3 == 0, f"{n}") for n in range(50))
        )
        recorded = [outcome for outcome in outcomes if isinstance(outcome, Recorded)]
        late = [outcome for outcome in outcomes if isinstance(outcome, TooLate)]
        assert (len(recorded), len(late)) == (1, 49)
        approved = recorded[0].approval.status is Status.APPROVED
        for process in processes:
            await process.workflow.settled()
        assert await world.status(approval.id) == ("executed" if approved else "rejected")
        assert len(world.executor.sent) == int(approved)
        assert len(await world.store.answers.answers(approval.id)) == 1

    play(tmp_path, scenario)


def test_fifty_approvers_answering_at_once_decide_once_and_learn_the_outcome(
    tmp_path: Path,
) -> None:
    async def scenario(world: World) -> None:
        processes = [world.process(), world.process()]
        people = [f"p{n}@example.com" for n in range(50)]
        approval = await world.held(processes[0], hold(*people))
        links = {mail.to: secret(mail.text) for mail in world.outbox.mails()}
        outcomes = await asyncio.gather(
            *(
                processes[n % 2].desk.answer(links[person], True, "")
                for n, person in enumerate(people)
            )
        )
        assert sum(isinstance(outcome, Recorded) for outcome in outcomes) == 1
        late = [outcome for outcome in outcomes if isinstance(outcome, TooLate)]
        assert len(late) == 49
        assert all(outcome.approval.status is not Status.PENDING for outcome in late)
        for process in processes:
            await process.workflow.settled()
        assert await world.status(approval.id) == "executed"
        assert len(world.executor.sent) == 1

    play(tmp_path, scenario)


def test_a_rejected_call_never_runs_and_gives_its_room_back(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        process = world.process()
        approval = await world.held(process)
        await process.desk.answer(world.links()[0], False, "wrong customer")
        await process.workflow.settled()
        rejected = await process.approvals.current(approval.id)
        assert rejected is not None
        assert (rejected.status, rejected.detail) == (Status.REJECTED, "wrong customer")
        assert await world.tally() == 0
        assert world.executor.sent == []

    play(tmp_path, scenario)


def test_a_quorum_of_two_runs_after_the_second_person_and_not_before(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        process = world.process()
        approval = await world.held(process, hold("a@example.com", "b@example.com", quorum=2))
        first = await process.desk.answer(world.links("a@example.com")[0], True, "")
        await process.workflow.settled()
        assert isinstance(first, Recorded)
        assert await world.status(approval.id) == "pending"
        assert world.executor.sent == []
        opened = await process.desk.open(world.links("b@example.com")[0])
        assert opened is not None
        assert opened.summary.reasons[0].given == ("a@example.com",)
        await process.desk.answer(world.links("b@example.com")[0], True, "")
        await process.workflow.settled()
        assert await world.status(approval.id) == "executed"
        assert len(world.executor.sent) == 1

    play(tmp_path, scenario)


def test_two_yeses_at_once_complete_a_quorum_of_two(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        processes = [world.process(), world.process()]
        people = ["a@example.com", "b@example.com"]
        approval = await world.held(processes[0], hold(*people, quorum=2))
        outcomes = await asyncio.gather(
            *(
                process.desk.answer(world.links(person)[0], True, "")
                for process, person in zip(processes, people, strict=True)
            )
        )
        assert all(isinstance(outcome, Recorded) for outcome in outcomes)
        for process in processes:
            await process.workflow.settled()
        assert await world.status(approval.id) == "executed"
        assert len(world.executor.sent) == 1

    play(tmp_path, scenario)


def test_a_yes_that_does_not_see_the_one_before_it_completes_the_quorum_all_the_same(
    tmp_path: Path,
) -> None:
    """DynamoDB shows what one step wrote item by item: the approval first, its answer after it."""

    async def scenario(world: World) -> None:
        approval = await world.held(
            world.process(), hold("a@example.com", "b@example.com", quorum=2)
        )
        for person, hides in (("a@example.com", False), ("b@example.com", True)):
            process = world.process(hides=[hides])
            await process.desk.answer(world.links(person)[0], True, "")
            await process.workflow.settled()
        assert await world.status(approval.id) == "executed"
        assert len(world.executor.sent) == 1

    play(tmp_path, scenario)


def test_one_rejection_ends_it_after_a_yes(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        process = world.process()
        approval = await world.held(process, hold("a@example.com", "b@example.com", quorum=2))
        await process.desk.answer(world.links("a@example.com")[0], True, "")
        await process.desk.answer(world.links("b@example.com")[0], False, "")
        await process.workflow.settled()
        assert await world.status(approval.id) == "rejected"
        assert await world.tally() == 0

    play(tmp_path, scenario)


def test_wrong_used_and_expired_links_open_nothing(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        process = world.process()
        await world.held(process, hold("a@example.com", "b@example.com", quorum=2))
        used, unused = world.links("a@example.com")[0], world.links("b@example.com")[0]
        await process.desk.answer(used, True, "")
        world.clock.time += 1800
        for link in (mint(), "x", used, unused):
            assert await process.desk.open(link) is None
        assert await process.desk.answer(mint(), True, "") is None
        late = await process.desk.answer(unused, True, "")
        assert isinstance(late, TooLate)
        assert late.approval.status is Status.EXPIRED

    play(tmp_path, scenario)


def test_a_link_that_was_used_answers_nothing_more_while_others_are_asked(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        process = world.process()
        approval = await world.held(process, hold("a@example.com", "b@example.com", quorum=2))
        (link,) = world.links("a@example.com")
        await process.desk.answer(link, True, "")
        for approved in (True, False):
            async with asyncio.timeout(PATIENCE):
                late = await process.desk.answer(link, approved, "")
            assert isinstance(late, TooLate)
        await process.workflow.settled()
        assert await world.status(approval.id) == "pending"
        assert len(await world.store.answers.answers(approval.id)) == 1

    play(tmp_path, scenario)


def test_an_operators_yes_that_nobody_could_be_told_of_is_told_again_by_the_same_command(
    tmp_path: Path,
) -> None:
    async def scenario(world: World) -> None:
        process = world.process()
        approval = await world.held(process)
        deaf = Deaf(process.workflow)
        desk = world.desk(deaf)

        async def approve() -> Recorded:
            held = Held((await process.approvals.current(approval.id)) or approval, ())
            return await answering.approve(desk, held, "ops@example.com", "", "ada")

        assert [(await approve()).told for _ in range(2)] == [False, False]
        assert await world.status(approval.id) == "approved"
        deaf.away = False
        assert (await approve()).told
        await process.workflow.settled()
        assert (await world.status(approval.id), len(world.executor.sent)) == ("executed", 1)

    play(tmp_path, scenario)
