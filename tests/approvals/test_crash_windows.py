"""Every place where a process can die while a call is held, and what becomes of the call.

The windows are the rows of docs/approvals.md, word for word. In each a first process dies before or
after one call of one port; a second one, started later on the same store, takes over.
"""

import asyncio
from dataclasses import dataclass
from pathlib import Path

import pytest

from handler.approvals.embedded import Embedded
from handler.approvals.model import Approval
from handler.stores.base import StoreUnavailable
from handler.stores.ledger import Held, Joined
from tests.approvals.world import Death, World, ask, hold, play

DOCS = Path(__file__).parents[2] / "docs" / "approvals.md"
PEOPLE = ("a@example.com", "b@example.com")


@dataclass(frozen=True)
class Window:
    """Where the first process dies, and how the call stands once a second one has carried it on."""

    call: str
    when: str
    status: str
    nth: int = 1
    sent: int = 0
    tally: int = 750
    mails: int = 1
    away: float = 31.0
    """Seconds until the second process starts."""
    approves: bool = True
    """What the approver answers: to the first process, else to the second."""


WINDOWS = {
    "arguments sealed, approval not stored": Window(
        "ledger.hold", "before", "none", tally=0, mails=0
    ),
    "approval stored, nobody mailed": Window("ledger.hold", "after", "executed", sent=1),
    "mailing claimed, no link stored": Window("ledger.advance", "after", "executed", sent=1),
    "link stored, mail not sent": Window("mailer.send", "before", "executed", sent=1),
    "mail sent, not marked": Window("mailer.send", "after", "executed", sent=1, mails=2),
    "mail marked, mailing not handed back": Window(
        "ledger.advance", "after", "executed", nth=2, sent=1
    ),
    "answer given, not recorded": Window("ledger.advance", "before", "executed", nth=4, sent=1),
    "yes recorded, nobody woken": Window("ledger.advance", "after", "executed", nth=4, sent=1),
    "no recorded, nobody woken": Window(
        "ledger.advance", "after", "rejected", nth=4, tally=0, approves=False
    ),
    "decided again, not started": Window("ledger.advance", "before", "executed", nth=5, sent=1),
    "started, nothing sent": Window("executor.execute", "before", "unknown", away=120),
    "sent, no answer yet": Window("executor.execute", "after", "unknown", sent=1, away=120),
    "answered, result not kept": Window("payloads.put", "before", "unknown", 2, sent=1, away=120),
    "result kept, end not recorded": Window(
        "payloads.put", "after", "unknown", 2, sent=1, away=120
    ),
    "end recorded": Window("ledger.advance", "after", "executed", nth=6, sent=1),
    "nobody there until the deadline": Window(
        "ledger.advance", "after", "expired", nth=3, tally=0, away=1800
    ),
    "nobody there for five minutes after the yes": Window(
        "ledger.advance", "after", "failed", nth=4, tally=0, away=300
    ),
}


async def first_life(world: World, window: Window) -> None:
    """Ask, mail, answer and execute, until the process dies where the window says."""
    death = Death(window.call, window.when, window.nth)
    process = world.process(death)
    try:
        await process.approvals.request(ask())
        await process.workflow.settled()
        await answer(world, process, window.approves)
    except asyncio.CancelledError:
        pass
    await process.workflow.settled()
    assert death.dead, "the process outlived its window"


async def answer(world: World, process: Embedded, approves: bool) -> None:
    """The approver answers the newest mail, if there is one."""
    for link in world.links()[-1:]:
        await process.desk.answer(link, approves, "")
    await process.workflow.settled()


async def second_life(world: World, window: Window) -> Embedded:
    world.clock.time += window.away
    process = world.process()
    await process.workflow.round()
    await process.workflow.settled()
    await answer(world, process, window.approves)
    return process


@pytest.mark.parametrize("name", WINDOWS)
def test_a_process_that_dies_here_leaves_a_call_that_ends_as_the_table_says(
    tmp_path: Path, name: str
) -> None:
    window = WINDOWS[name]

    async def scenario(world: World) -> None:
        await first_life(world, window)
        process = await second_life(world, window)
        approvals = await world.store.ledger.approvals(10)
        assert [approval.status for approval in approvals] == [
            window.status for _ in range(window.status != "none")
        ]
        assert len(world.executor.sent) == window.sent
        assert await world.tally() == window.tally
        assert len(world.outbox.mails()) == window.mails
        await nothing_happens_any_more(world, process)

    play(tmp_path, scenario)


async def nothing_happens_any_more(world: World, process: Embedded) -> None:
    """A day of rounds and repeated answers changes neither the outcome nor what was sent."""
    before = (await world.store.ledger.approvals(10), list(world.executor.sent))
    for _ in range(3):
        world.clock.time += 3_600
        await process.workflow.round()
        for link in world.links():
            await process.desk.answer(link, True, "")
        await process.workflow.settled()
    assert (await world.store.ledger.approvals(10), world.executor.sent) == before


def test_the_documentation_has_the_same_windows_and_outcomes() -> None:
    rows = [row.split("|") for row in DOCS.read_text().splitlines() if row.startswith("| ")]
    documented = {row[1].strip(): row[2].strip() for row in rows}
    for name, window in WINDOWS.items():
        assert documented[name].startswith(f"`{window.status}`"), name


def test_after_a_crash_before_the_approval_was_stored_the_agent_simply_asks_again(
    tmp_path: Path,
) -> None:
    async def scenario(world: World) -> None:
        await first_life(world, WINDOWS["arguments sealed, approval not stored"])
        assert isinstance(await world.process().approvals.request(ask()), Held)

    play(tmp_path, scenario)


def test_after_a_crash_the_agents_repeat_joins_what_is_stored(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        await first_life(world, WINDOWS["approval stored, nobody mailed"])
        assert isinstance(await world.process().approvals.request(ask()), Joined)

    play(tmp_path, scenario)


def test_of_two_mails_to_one_person_the_first_answer_decides(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        window = WINDOWS["mail sent, not marked"]
        dying = world.process(Death(window.call, window.when))
        await dying.approvals.request(ask(hold(*PEOPLE, quorum=2)))
        await dying.workflow.settled()
        world.clock.time += 31
        process = world.process()
        await process.workflow.round()
        await process.workflow.settled()
        twice = world.links(PEOPLE[0])
        assert (len(twice), len(world.links(PEOPLE[1]))) == (2, 1)
        for link in twice:
            await process.desk.answer(link, True, "")
        await process.workflow.settled()
        assert (await stored(world)).status == "pending"

    play(tmp_path, scenario)


def test_a_crash_between_two_approvers_mails_the_second_and_not_the_first_again(
    tmp_path: Path,
) -> None:
    async def scenario(world: World) -> None:
        dying = world.process(Death("mailer.send", "before", nth=2))
        await dying.approvals.request(ask(hold(*PEOPLE)))
        await dying.workflow.settled()
        world.clock.time += 31
        process = world.process()
        await process.workflow.round()
        await process.workflow.settled()
        assert [len(world.links(person)) for person in PEOPLE] == [1, 1]

    play(tmp_path, scenario)


class AwayOnce:
    """A ledger that is away for the first try to record the end, or loses its answer."""

    def __init__(self, world: World, stored: bool) -> None:
        self._world, self._stored, self._left = world, stored, 1

    def __getattr__(self, method: str) -> object:
        return getattr(self._world.store.ledger, method)

    async def advance(self, before: Approval, after: Approval, **how: object) -> bool:
        if after.status == "executed" and self._left:
            self._left = 0
            if self._stored:
                await self._world.store.ledger.advance(before, after, **how)  # type: ignore[arg-type]
            raise StoreUnavailable
        return await self._world.store.ledger.advance(before, after, **how)  # type: ignore[arg-type]


@pytest.mark.parametrize("stored", [False, True])
def test_an_end_that_could_not_be_recorded_is_recorded_when_the_store_is_back(
    tmp_path: Path, stored: bool
) -> None:
    async def scenario(world: World) -> None:
        process = world.process(ledger=AwayOnce(world, stored))
        approval = await world.held(process)
        await process.desk.answer(world.links()[0], True, "")
        await process.workflow.settled()
        assert await world.status(approval.id) == "executed"
        assert len(world.executor.sent) == 1

    play(tmp_path, scenario)


def test_a_store_that_is_away_before_sending_sends_nothing_and_tries_again(
    tmp_path: Path,
) -> None:
    async def scenario(world: World) -> None:
        process = world.process()
        approval = await world.held(process)
        world.judge.away = True
        await process.desk.answer(world.links()[0], True, "")
        await process.workflow.settled()
        assert world.executor.sent == []
        assert await world.status(approval.id) == "approved"
        world.judge.away = False
        await process.workflow.round()
        await process.workflow.settled()
        assert await world.status(approval.id) == "executed"

    play(tmp_path, scenario)


async def stored(world: World) -> Approval:
    (approval,) = await world.store.ledger.approvals(10)
    return approval
