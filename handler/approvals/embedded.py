"""Approvals in one process: the parts put together around a store.

Must not choose adapters: the store, the mailer, the executor and the judge come from the entry.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from starlette.routing import Route

from handler.approvals.allowance import Allowance
from handler.approvals.attempt import Attempts
from handler.approvals.bell import Bell
from handler.approvals.book import Book
from handler.approvals.desk import Desk
from handler.approvals.lifecycle import Terms
from handler.approvals.notice import Notices
from handler.approvals.pages.routes import routes
from handler.approvals.ports import Executor, Judge, Mailer
from handler.approvals.service import Approvals
from handler.approvals.vault import Vault
from handler.approvals.workflow_local import LocalWorkflow
from handler.clock import Clock
from handler.sealing import Sealer
from handler.stores.base import Store


@dataclass(frozen=True, slots=True)
class Settings:
    """What a deployment decides about its approvals."""

    base_url: str
    """Where approvers reach the pages; links start with it."""
    key: bytes = field(repr=False)
    """The deployment's key, for the form's token."""
    terms: Terms = field(default_factory=Terms)
    most_pending: int = 20
    """Pending approvals of one grant."""
    most_asks: int = 60
    """Approvals that one grant may ask for in an hour."""


@dataclass(frozen=True, slots=True)
class Embedded:
    """The two faces of held calls, and the workflow, whose `run()` goes on while we serve."""

    approvals: Approvals
    desk: Desk
    workflow: LocalWorkflow
    routes: list[Route]
    release: Callable[[], None]
    """Let every waiting agent go, with what there is to say: this process ends."""


def embedded(
    store: Store,
    *,
    seal: Sealer,
    executor: Executor,
    judge: Judge,
    mailer: Mailer,
    clock: Clock,
    settings: Settings,
) -> Embedded:
    """Everything that holds and resumes calls in this process."""
    bell, terms, answers = Bell(), settings.terms, store.answers
    book = Book(store.ledger, clock, bell, terms, store.journal)
    vault = Vault(store.payloads, seal)
    workflow = LocalWorkflow(
        book=book,
        notices=Notices(
            book=book,
            answers=answers,
            vault=vault,
            mailer=mailer,
            clock=clock,
            base_url=settings.base_url,
        ),
        attempts=Attempts(
            book=book, vault=vault, answers=answers, judge=judge, executor=executor, clock=clock
        ),
        clock=clock,
        terms=terms,
    )
    approvals = Approvals(
        ledger=store.ledger,
        book=book,
        vault=vault,
        allowance=Allowance(store.nonces, settings.most_asks),
        workflow=workflow,
        bell=bell,
        clock=clock,
        terms=terms,
        most_pending=settings.most_pending,
    )
    desk = Desk(book=book, answers=answers, vault=vault, workflow=workflow, clock=clock)
    pages = routes(desk, keys=[settings.key], base_url=settings.base_url, clock=clock, terms=terms)
    return Embedded(approvals, desk, workflow, pages, bell.close)
