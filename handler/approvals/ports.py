"""What holding and resuming a call asks of the rest, in the approvals' words."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Protocol

from compiler.frozen import dataclass
from compiler.values import Value
from compiler.verdict import Verdict
from handler.approvals.model import Approval


class Sent(StrEnum):
    """What became of an approved call that was to be sent."""

    FINISHED = "finished"
    """The upstream answered; `result` is its tools/call result, an `isError` one included."""
    NEVER_REACHED = "never_reached"
    """Provably nothing reached the upstream: the quota comes back."""
    FAILED = "failed"
    """The upstream answered with something no agent can be given: an error, a request for input."""
    LOST = "lost"
    """It was sent, and the answer did not come."""


@dataclass(frozen=True, slots=True)
class Execution:
    """The end of one attempt. `detail` holds no arguments and no secrets."""

    sent: Sent
    result: Mapping[str, Any] | None = None
    detail: str = ""


class Executor(Protocol):
    """Sends an approved call to its upstream, as a client without capabilities. Never retries."""

    async def execute(self, approval: Approval, arguments: Mapping[str, Value]) -> Execution: ...


class Judge(Protocol):
    """Decides a stored call again: current grant, current policy, `now`; without limits.

    A grant that is gone, revoked, paused or expired, and a paused server, are denials.
    """

    async def judge(
        self, approval: Approval, arguments: Mapping[str, Value], now: float
    ) -> Verdict: ...


class Workflow(Protocol):
    """Carries an approval from its request to its end. Starting twice is starting once."""

    async def start(self, approval: Approval) -> None: ...

    async def wake(self, approval_id: str) -> None:
        """Say that the item may have changed. Losing a wake-up only delays."""
        ...


@dataclass(frozen=True, slots=True)
class Mail:
    """One mail to one approver. No header may hold a line break."""

    to: str
    subject: str
    text: str
    html: str
    about: str = ""
    """The approval's id, by which a mail that comes back is told."""


class Undeliverable(Exception):
    """The mail was refused for this recipient; another attempt would be refused too."""


class Mailer(Protocol):
    """Sends one mail. Raises `Undeliverable`, or any other error where trying again may help."""

    async def send(self, mail: Mail) -> None: ...
