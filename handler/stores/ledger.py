"""The ledger's port: where a call enters, is held, or is turned away.

Must not know any store; what holds for every port is in `base.py`. Each answer is a type of its
own, since each is told to the agent in other words.
"""

from collections.abc import Sequence
from typing import Protocol

from compiler.frozen import dataclass
from handler.approvals.model import Answer, Approval
from handler.grants.model import Claim, Grant
from handler.limits.debits import Debit


@dataclass(frozen=True, slots=True)
class Entered:
    """The claim is good, and every debit was taken. `tallies` are the amounts after, in order."""

    grant: Grant
    debits: tuple[Debit, ...]
    tallies: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Unauthenticated:
    """No such grant, a revoked one, or not this token, server or time. One answer for all."""


@dataclass(frozen=True, slots=True)
class Paused:
    """The token is good and its grant is paused; nothing was taken."""

    grant: Grant


@dataclass(frozen=True, slots=True)
class Full:
    """The claim is good, a tally has no room, and nothing was taken.

    `index` is the place of a debit without room among those asked for, the first where the store
    can tell; `tally` is what its tally stands at.
    """

    grant: Grant
    index: int
    tally: int


Entry = Entered | Unauthenticated | Paused | Full


@dataclass(frozen=True, slots=True)
class Held:
    """A new approval was stored and its debits taken."""

    approval: Approval


@dataclass(frozen=True, slots=True)
class Joined:
    """An approval with the same call key answers; nothing was taken."""

    approval: Approval


@dataclass(frozen=True, slots=True)
class TooManyPending:
    """The grant has as many pending approvals as it may; nothing was taken."""

    pending: int


class Ledger(Protocol):
    """Grants, their tallies, and where approvals stand."""

    async def grant(self, grant_id: str) -> Grant | None: ...

    async def grants(self) -> list[Grant]:
        """All of them, by id."""
        ...

    async def put_grant(self, grant: Grant) -> None:
        """Create or replace the grant; its tallies stay."""
        ...

    async def change_grant(self, before: Grant, after: Grant) -> bool:
        """Replace `before` by another `after`, the same grant's; its tallies stay.

        False, and nothing changed, where `before` is no longer what is stored. Where only the
        policy differs, a store may look at the policy alone, and changes nothing else.
        """
        ...

    async def enter(self, claim: Claim, debits: Sequence[Debit], now: float) -> Entry:
        """Authenticate the claim and take every debit, or none: one step.

        Good is a token hash the grant holds (compared in constant time), for the grant's server,
        with now < `expires_at` and the grant not revoked; then a paused grant is `Paused`. A tally
        admits a debit while tally + cost <= maximum; debits of one tally add up. Without debits
        this only reads.
        """
        ...

    async def release(self, debits: Sequence[Debit], now: float) -> None:
        """Give back debits that were taken, into the tallies they came from. Call once.

        A tally never falls below zero, and one that was cleaned away (when its window was over for
        everybody's clock) stays away.
        """
        ...

    async def tallies(self, debits: Sequence[Debit]) -> tuple[int, ...]:
        """What the tallies stand at, in order."""
        ...

    async def hold(
        self, claim: Claim, approval: Approval, now: float, most_pending: int
    ) -> Held | Joined | TooManyPending | Unauthenticated | Paused | Full:
        """Store a new pending approval and take its debits, all in one step.

        Where an approval with its call key is still unfinished, or `answers_until` > now, that one
        answers instead (`Joined`), whatever room there is. Authenticates like `enter`, first. The
        grant's approvals whose stored status is pending may be `most_pending` at most.
        """
        ...

    async def approval(self, approval_id: str) -> Approval | None: ...

    async def approval_by_call_key(self, call_key: str, now: float) -> Approval | None:
        """The approval that answers this call: unfinished, or with `answers_until` > now."""
        ...

    async def unfinished(self) -> list[Approval]:
        """Every approval whose status is not final, oldest first."""
        ...

    async def approvals(self, limit: int) -> list[Approval]:
        """The newest approvals, finished or not, newest first."""
        ...

    async def advance(
        self, before: Approval, after: Approval, *, refund: bool, answer: Answer | None = None
    ) -> bool:
        """Replace `before` by `after` if its version is still the stored one.

        `after.version` is the next one. In the same step: with `refund` the debits of `before` are
        given back; with `answer` its link is marked used and the answer stored. False, and nothing
        changed, where another was first, or the link is used, unknown or another approval's.
        """
        ...
