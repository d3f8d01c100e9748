"""Processes of one deployment for the tests: a store on disk, a clock that stands still, an outbox.

Only the neighbours are stood in for: an executor that counts what it was asked to send, and a judge
that says what it is told.
"""

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, cast

import httpx2
from starlette.applications import Starlette

from compiler.values import Value
from compiler.verdict import Effect, Hold, Place, Scope, Verdict
from handler.approvals.bell import Bell
from handler.approvals.book import Book
from handler.approvals.desk import Desk
from handler.approvals.embedded import Embedded, Settings, embedded
from handler.approvals.lifecycle import Terms
from handler.approvals.model import Answer, Approval, Origin
from handler.approvals.ports import Execution, Mail, Mailer, Sent, Workflow
from handler.approvals.service import Ask
from handler.approvals.vault import Vault
from handler.clock import FixedClock
from handler.grants.model import Claim, Grant, GrantStatus
from handler.limits.debits import Debit
from handler.notify.outbox import Outbox
from handler.sealing import Sealer
from handler.stores.base import Store, StoreUnavailable
from handler.stores.ledger import Held
from handler.stores.sqlite import SQLiteStore
from handler.trace import Trace

START = 1_795_000_000.0
BASE_URL = "http://127.0.0.1:8080"
KEY = b"k" * 32
SEALER = Sealer([KEY])
UNIT = 1_000_000

GRANT = Grant(
    id="g1",
    label="Billing agent",
    tags=(),
    server="payments",
    policy="main",
    status=GrantStatus.ACTIVE,
    expires_at=None,
    token_hashes=("0" * 64,),
)
CLAIM = Claim(GRANT.id, "0" * 64, "payments")
CALL = Trace("5" * 32, "c" * 16)
DEBIT = Debit(
    Scope.GRANT, GRANT.id, "tools/create_charge spend day 0", 750 * UNIT, 10_000 * UNIT, START + 9e4
)


def hold(*approvers: str, quorum: int = 1, expires_in: int = 1800, **changes: Any) -> Hold:
    made = Hold(
        place=Place("/tools/create_charge/approve_if/args.amount-gt", 0, 9),
        reason="Charges above 500 need a person.",
        approvers=approvers or ("ops@example.com",),
        quorum=quorum,
        expires_in=expires_in,
    )
    return replace(made, **changes)


def ask(*holds: Hold, **arguments: Any) -> Ask:
    return Ask(
        claim=CLAIM,
        grant=GRANT,
        tool="create_charge",
        arguments=arguments or {"amount": 750, "currency": "eur"},
        revision="5f" * 32,
        holds=holds or (hold(),),
        debits=(DEBIT,),
        origin=Origin("2025-11-25", trace=CALL.parent),
    )


FINISHED = Execution(Sent.FINISHED, {"content": [{"type": "text", "text": "ch_1"}]})


@dataclass
class CountingExecutor:
    """Counts what it sends. Answers at once, or once `gate` is set."""

    answer: Execution = FINISHED
    gate: asyncio.Event | None = None
    fault: Exception | None = None
    sent: list[Mapping[str, Value]] = field(default_factory=list)
    begun: asyncio.Event = field(default_factory=asyncio.Event)

    async def execute(self, approval: Approval, arguments: Mapping[str, Value]) -> Execution:
        self.sent.append(arguments)
        self.begun.set()
        if self.gate is not None:
            await self.gate.wait()
        if self.fault is not None:
            raise self.fault
        return self.answer


@dataclass
class ToldJudge:
    """Says what it is told; nothing told, the rules that held the call hold still."""

    verdict: Verdict | None = None
    away: bool = False

    async def judge(
        self, approval: Approval, arguments: Mapping[str, Value], now: float
    ) -> Verdict:
        if self.away:
            raise StoreUnavailable
        return self.verdict or Verdict(Effect.REQUIRE_APPROVAL, None, holds=approval.holds)


class Deaf:
    """A workflow that cannot be told anything, for as long as it is away."""

    def __init__(self, workflow: Workflow) -> None:
        self._workflow, self.away = workflow, True

    async def start(self, approval: Approval) -> None:
        await self._workflow.start(approval)

    async def wake(self, approval_id: str) -> None:
        if self.away:
            raise StoreUnavailable("the workflow did not answer")
        await self._workflow.wake(approval_id)


class Death:
    """The end of a process: before or after one call of one port, and then every call is over."""

    def __init__(self, call: str, when: str, nth: int = 1) -> None:
        self.call, self.when, self.left, self.dead = call, when, nth, False

    def strike(self, call: str, when: str) -> None:
        if not self.dead and (call, when) == (self.call, self.when):
            self.left -= 1
            self.dead = self.left == 0
        if self.dead:
            raise asyncio.CancelledError


class Mortal:
    """A port of a process that dies."""

    def __init__(self, name: str, port: Any, death: Death) -> None:
        self._name, self._port, self._death = name, port, death

    def __getattr__(self, method: str) -> Any:
        async def call(*args: Any, **kwargs: Any) -> Any:
            name = f"{self._name}.{method}"
            self._death.strike(name, "before")
            answer = await getattr(self._port, method)(*args, **kwargs)
            self._death.strike(name, "after")
            return answer

        return call


@dataclass(frozen=True)
class Ports:
    """The ports of a store that approvals need, each possibly with a fault."""

    ledger: Any
    answers: Any
    payloads: Any
    nonces: Any
    journal: Any


class Behind:
    """Answers that are read as a store may show them: in these turns none, and then as they are."""

    def __init__(self, answers: Any, turns: Sequence[bool]) -> None:
        self._answers, self._hides = answers, list(turns)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._answers, name)

    async def answers(self, approval_id: str) -> list[Answer]:
        if self._hides and self._hides.pop(0):
            return []
        found: list[Answer] = await self._answers.answers(approval_id)
        return found


class World:
    """One deployment: any number of processes on one store."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.clock = FixedClock(START)
        self._opened: list[SQLiteStore] = []
        self.store: Store = self._open()
        self.outbox = Outbox(folder / "outbox", self.clock)
        self.executor = CountingExecutor()
        self.judge = ToldJudge()

    def _open(self) -> SQLiteStore:
        store = SQLiteStore(self.folder / "holdpoint.db")
        self._opened.append(store)
        return store

    async def ready(self) -> None:
        await self.store.ledger.put_grant(GRANT)

    async def close(self) -> None:
        for store in self._opened:
            await store.close()

    def process(
        self,
        death: Death | None = None,
        mailer: Mailer | None = None,
        ledger: Any = None,
        hides: Sequence[bool] = (),
        base_url: str = BASE_URL,
        **settings: Any,
    ) -> Embedded:
        """A process that has just started, and dies where it is told."""
        store: Any = self._open()
        if ledger is not None or hides:
            answers = Behind(store.answers, hides)
            ledger = ledger or store.ledger
            store = Ports(ledger, answers, store.payloads, store.nonces, store.journal)
        executor: Any = self.executor
        sender: Any = mailer or self.outbox
        if death is not None:
            names = ("ledger", "answers", "payloads", "nonces", "journal")
            store = Ports(*(Mortal(name, getattr(store, name), death) for name in names))
            executor, sender = Mortal("executor", executor, death), Mortal("mailer", sender, death)
        return embedded(
            cast(Store, store),
            seal=SEALER,
            executor=executor,
            judge=self.judge,
            mailer=sender,
            clock=self.clock,
            settings=Settings(base_url, KEY, **settings),
        )

    def desk(self, workflow: Workflow) -> Desk:
        """A desk whose workflow is this one."""
        return Desk(
            book=Book(self.store.ledger, self.clock, Bell(), Terms()),
            answers=self.store.answers,
            vault=Vault(self.store.payloads, SEALER),
            workflow=workflow,
            clock=self.clock,
        )

    async def held(self, process: Embedded, *holds: Hold, **arguments: Any) -> Approval:
        """A call that was held, its mails sent."""
        outcome = await process.approvals.request(ask(*holds, **arguments))
        assert isinstance(outcome, Held)
        await process.workflow.settled()
        return outcome.approval

    def links(self, to: str = "ops@example.com") -> list[str]:
        """The secrets mailed to somebody, oldest first."""
        mails = [mail for mail in reversed(self.outbox.mails()) if mail.to == to]
        return [secret(mail.text) for mail in mails]

    async def status(self, approval_id: str) -> str:
        approval = await self.store.ledger.approval(approval_id)
        assert approval is not None
        return approval.status.value

    async def ends(self) -> list[dict[str, Any]]:
        """The ends of calls that were recorded, oldest first."""
        records = await self.store.journal.recent(100)
        return [record for record in records if record["record"] == "ended"]

    async def tally(self) -> int:
        """What the limit stands at, in whole units."""
        (amount,) = await self.store.ledger.tallies([DEBIT])
        return amount // UNIT


def play(folder: Path, scenario: Callable[[World], Awaitable[None]]) -> None:
    """Run the scenario on a deployment of its own, whose store is closed at the end."""

    async def whole() -> None:
        world = World(folder)
        try:
            await world.ready()
            await scenario(world)
        finally:
            await world.close()

    asyncio.run(whole())


def secret(text: str) -> str:
    """The link's secret in a mail's text."""
    found = re.search(r"/approve/([A-Za-z0-9_-]{43})", text)
    assert found is not None
    return found[1]


def browser(process: Embedded) -> httpx2.AsyncClient:
    """A client of the process's pages, over ASGI."""
    app = Starlette(routes=process.routes)
    return httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url=BASE_URL)


class RefusingMailer:
    """Refuses some recipients for good, or fails for now; keeps the others' mails."""

    def __init__(self, outbox: Outbox, errors: Mapping[str, Exception]) -> None:
        self.outbox, self.errors = outbox, dict(errors)

    async def send(self, mail: Mail) -> None:
        if mail.to in self.errors:
            raise self.errors[mail.to]
        await self.outbox.send(mail)
