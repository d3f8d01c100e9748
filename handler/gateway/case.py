"""One tools/call on its way through the gateway, as the steps hand it on. Pure."""

from compiler.frozen import dataclass
from handler.approvals.call_key import call_key
from handler.approvals.model import Approval
from handler.gateway.admission import Seen
from handler.gateway.decide import Plan
from handler.gateway.protocol import Message
from handler.gateway.tokens import State
from handler.grants.model import Claim
from handler.limits.debits import Debit
from handler.trace import Trace


@dataclass(frozen=True, slots=True)
class Case:
    """What is known of the call before anything was read."""

    trace: Trace
    """Where it belongs, with an id of its own that its decision records share."""
    message: Message
    claim: Claim
    session: str | None
    """The upstream's session of a legacy call."""
    state: State | None
    """What a modern call brought back from its last leg."""

    @property
    def key(self) -> str:
        """The call key: grant, server, tool and arguments. Made when it is asked for: an allowed
        call needs none, and a large one takes a second, which strangers must not have."""
        claim, message = self.claim, self.message
        return call_key(claim.grant_id, claim.server, message.tool, message.arguments)


@dataclass(frozen=True, slots=True)
class Forwarding:
    """The call may go on: recorded, its debits taken."""

    case: Case
    seen: Seen
    plan: Plan
    taken: tuple[Debit, ...]
    at: float


@dataclass(frozen=True, slots=True)
class Waits:
    """The call is held, by an approval of its own or by one it joined."""

    case: Case
    approval: Approval
    leg: int
    joined: bool
