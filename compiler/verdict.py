"""What an engine answers: the types every engine and the gateway share.

Must not know how an answer was found. An engine is a pure function of policy, call, grant and
time; the ledger may later turn an allowing verdict into a denial that names a limit.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final, Protocol

from compiler.frozen import dataclass
from compiler.values import Value


class Effect(StrEnum):
    """What happens to a call, by the words of `holdpoint decide`."""

    ALLOW = "allow"
    DENY = "deny"
    REQUIRE_APPROVAL = "require_approval"


class Scope(StrEnum):
    """Whose tally a limit counts on."""

    GRANT = "grant"
    SESSION = "session"
    SERVER = "server"
    ALL = "all"


@dataclass(frozen=True, slots=True)
class Window:
    """A stretch of UTC time after which a tally starts again from zero.

    `name` is `week`, `month`, or the number of seconds as text ("60", "3600"): one window, one
    name, so `minute` and `60` are the same tally. Weeks start on Monday 00:00 UTC; windows in
    seconds are aligned to the epoch.
    """

    name: str


@dataclass(frozen=True, slots=True)
class Place:
    """The rule that decided: its JSON-Pointer-like name, index in its list, and source line."""

    rule: str
    index: int | None = None
    line: int | None = None


@dataclass(frozen=True, slots=True)
class Charge:
    """What one limit takes from its tally if the call is admitted. Amounts are micro-units."""

    place: Place
    owner: str
    """`tools/<entry as written>`, `all_tools` or `shared`."""
    counter: str
    window: Window
    scope: Scope
    maximum: int
    cost: int
    per: tuple[Value, ...] | None
    """The values of the `per` arguments, in the order written; None where the limit has none."""
    shards: int
    """How many tallies share the maximum, each with a part of its own; 1: there is one."""
    message: str


@dataclass(frozen=True, slots=True)
class Hold:
    """An `approve_if` rule that holds for this call."""

    place: Place
    reason: str
    approvers: tuple[str, ...]
    quorum: int
    expires_in: int
    """Seconds."""
    mail_arguments: bool = True


@dataclass(frozen=True, slots=True)
class Verdict:
    """An engine's answer. A denial carries no charges and no holds; an allowance no holds.

    `place` is None only where nothing in the policy decided: an allowed call.
    """

    effect: Effect
    place: Place | None
    message: str = ""
    charges: tuple[Charge, ...] = ()
    holds: tuple[Hold, ...] = ()


@dataclass(frozen=True, slots=True)
class Subject:
    """What conditions may read of the grant: `grant.label` and `grant.tags`."""

    label: str = ""
    tags: tuple[str, ...] = ()


class Call:
    """One tools/call as the engines see it. `arguments` came through `values.read_number`.

    Written out, since each call makes one: setting fields that are frozen takes twice as long.
    """

    __slots__ = ("arguments", "tool")

    def __init__(self, tool: str, arguments: Mapping[str, Value] | None = None) -> None:
        self.tool: Final = tool
        self.arguments: Final[Mapping[str, Value]] = {} if arguments is None else arguments

    def __repr__(self) -> str:
        return f"Call({self.tool!r}, {self.arguments!r})"


class Engine(Protocol):
    """One compiled policy. Pure; never raises for any call."""

    def decide(self, call: Call, subject: Subject, now: float) -> Verdict:
        """The verdict on a call at `now`, in POSIX seconds (UTC)."""
        ...

    def hides(self, tool: str) -> bool:
        """Whether the policy removes the tool from tools/list."""
        ...

    def lists(self, tool: str) -> bool:
        """Whether an entry of the policy is exactly this name, and no glob."""
        ...
