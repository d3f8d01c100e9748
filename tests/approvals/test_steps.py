"""The steps of the state machine, each of which may be asked for more than once."""

from pathlib import Path
from typing import Any

import pytest

from handler.admin.records import Query, search
from handler.approvals.attempt import Attempts
from handler.approvals.bell import Bell
from handler.approvals.book import Book
from handler.approvals.lifecycle import Event, Terms
from handler.approvals.model import Approval
from handler.approvals.notice import Notices
from handler.approvals.ports import Mailer
from handler.approvals.steps import FORSAKEN_SECONDS, MailPending, Steps
from handler.approvals.vault import Vault
from tests.approvals.world import BASE_URL, SEALER, START, World, ask, play

TO = "ops@example.com"


class Machine:
    """Stands for Step Functions: it holds the task token, and is woken."""

    def __init__(self) -> None:
        self.tokens: dict[str, str] = {}
        self.woken: list[str] = []
        self.undelivered = 0

    async def put_task_token(self, approval_id: str, token: str, age: str) -> None:
        self.tokens[approval_id] = token

    async def start(self, approval: Approval) -> None: ...

    async def wake(self, approval_id: str) -> None:
        self.woken.append(approval_id)

    def count(self) -> None:
        self.undelivered += 1


def steps(world: World, machine: Machine, mailer: Mailer | None = None) -> Steps:
    store, clock = world.store, world.clock
    book = Book(store.ledger, clock, Bell(), Terms())
    vault = Vault(store.payloads, SEALER)
    return Steps(
        book=book,
        notices=Notices(
            book=book,
            answers=store.answers,
            vault=vault,
            mailer=mailer or world.outbox,
            clock=clock,
            base_url=BASE_URL,
        ),
        attempts=Attempts(
            book=book,
            vault=vault,
            answers=store.answers,
            judge=world.judge,
            executor=world.executor,
            clock=clock,
        ),
        tokens=machine,
        workflow=machine,
        journal=store.journal,
        undelivered=machine.count,
    )


async def pending(world: World, monkeypatch: pytest.MonkeyPatch) -> Approval:
    """A held call that no workflow carries yet."""
    process = world.process()

    async def nowhere(approval: Approval) -> None: ...

    monkeypatch.setattr(process.workflow, "start", nowhere)
    outcome: Any = await process.approvals.request(ask())
    approval: Approval = outcome.approval
    return approval


def test_notify_keeps_the_token_and_mails_each_approver_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario(world: World) -> None:
        machine = Machine()
        held = await pending(world, monkeypatch)
        for token in ("first", "second"):
            event = {"step": "notify", "approval": held.id, "token": token}
            assert await steps(world, machine).take(event) == {}
        assert machine.tokens == {held.id: "second"}
        assert machine.woken == []
        assert len(world.links(TO)) == 1

    play(tmp_path, scenario)


def test_notify_wakes_itself_where_the_call_was_decided_before_there_was_a_token(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario(world: World) -> None:
        machine = Machine()
        held = await pending(world, monkeypatch)
        taking = steps(world, machine)
        await taking.book.take(held, Event.WITHDRAW)
        await taking.take({"step": "notify", "approval": held.id, "token": "t"})
        assert machine.woken == [held.id]
        assert world.links(TO) == []

    play(tmp_path, scenario)


def test_after_mailing_failed_for_good_an_answer_still_wakes_the_machine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario(world: World) -> None:
        machine = Machine()
        held = await pending(world, monkeypatch)
        event = {"step": "await", "approval": held.id, "token": "t"}
        assert await steps(world, machine).take(event) == {}
        assert (machine.tokens, machine.woken, world.links(TO)) == ({held.id: "t"}, [], [])
        taking = steps(world, machine)
        await taking.book.take(held, Event.WITHDRAW)
        await taking.take(event)
        assert machine.woken == [held.id]

    play(tmp_path, scenario)


def test_a_mail_that_fails_for_now_makes_the_machine_call_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Away:
        async def send(self, mail: object) -> None:
            raise ConnectionError

    async def scenario(world: World) -> None:
        held = await pending(world, monkeypatch)
        with pytest.raises(MailPending):
            event = {"step": "notify", "approval": held.id, "token": "t"}
            await steps(world, Machine(), Away()).take(event)

    play(tmp_path, scenario)


def test_a_mail_that_came_back_marks_its_approver(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario(world: World) -> None:
        machine = Machine()
        held = await pending(world, monkeypatch)
        mail = {"tags": {"approval": [held.id]}, "destination": [TO]}
        bounce = {"bouncedRecipients": [{"emailAddress": TO}]}
        event = {"source": "aws.ses", "detail": {"mail": mail, "bounce": bounce}}
        await steps(world, machine).take(event)
        now = await world.store.ledger.approval(held.id)
        assert now is not None and now.undeliverable == (TO,)
        assert machine.undelivered == 1

    play(tmp_path, scenario)


def test_a_note_that_an_approver_is_away_does_not_make_them_unreachable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SES hands it on as a bounce of this type; of others the mail did not arrive."""

    async def scenario(world: World) -> None:
        machine = Machine()
        held = await pending(world, monkeypatch)
        mail = {"tags": {"approval": [held.id]}, "destination": [TO]}
        for subtype, unreachable in (("General", ()), ("MailboxFull", (TO,))):
            bounce = {
                "bounceType": "Transient",
                "bounceSubType": subtype,
                "bouncedRecipients": [{"emailAddress": TO}],
            }
            event = {"source": "aws.ses", "detail": {"mail": mail, "bounce": bounce}}
            await steps(world, machine).take(event)
            now = await world.store.ledger.approval(held.id)
            assert now is not None and now.undeliverable == unreachable

    play(tmp_path, scenario)


def test_the_machine_records_an_end_that_came_elsewhere_and_told_twice_it_is_shown_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An operator's own machine cannot write to the functions' logs."""

    async def scenario(world: World) -> None:
        held = await pending(world, monkeypatch)
        taking = steps(world, Machine())
        await taking.book.take(held, Event.REJECT, detail="a note")
        for step in ("follow", "settle"):
            assert await taking.take({"step": step, "approval": held.id}) == {"status": "rejected"}
        told = await world.ends()
        assert len(told) == 2 and told[0] == told[1]
        found = search(world.store.journal, Query(), START, START + 1)
        assert [record async for record in found] == told[:1]
        assert (told[0]["outcome"], told[0]["refunded"]) == ("rejected", True)

    play(tmp_path, scenario)


def test_a_call_whose_machine_never_started_ends_by_the_clock_and_gives_its_quota_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario(world: World) -> None:
        held = await pending(world, monkeypatch)
        taking = steps(world, Machine())
        world.clock.time = held.deadline + FORSAKEN_SECONDS - 1  # its machine may still come by
        assert await taking.take({"step": "sweep"}) == {}
        assert (await world.status(held.id), await world.tally()) == ("pending", 750)
        world.clock.time = held.deadline + FORSAKEN_SECONDS
        for _ in range(2):
            assert await taking.take({"step": "sweep"}) == {}
        assert (await world.status(held.id), await world.tally()) == ("expired", 0)
        (told,) = await world.ends()
        assert (told["outcome"], told["approval"]) == ("expired", held.id)

    play(tmp_path, scenario)


def test_settling_tells_what_time_has_decided(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario(world: World) -> None:
        held = await pending(world, monkeypatch)
        settle = {"step": "settle", "approval": held.id}
        assert await steps(world, Machine()).take(settle) == {"status": "pending"}
        world.clock.time = held.deadline
        assert await steps(world, Machine()).take(settle) == {"status": "expired"}
        follow = {"step": "follow", "approval": held.id}
        assert await steps(world, Machine()).take(follow) == {"status": "expired"}
        assert world.executor.sent == []

    play(tmp_path, scenario)
