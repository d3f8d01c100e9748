"""The program: a policy as flat rows that any engine can run.

Must not know JSON text, bytes or engines. Made by `lower`; `table` writes it as bytes. Rows name
other rows by index. Everything an author may leave out is filled in, `all_tools` stands before each
entry's own rules, and each row knows its name, index and source line.
"""

from compiler.frozen import dataclass
from compiler.policy import Operator, Path
from compiler.verdict import Place, Scope, Window


@dataclass(frozen=True, slots=True)
class ConditionRow:
    """One condition. Equal conditions are one row."""

    path: int
    operator: Operator
    value: int
    automaton: int | None
    """What the value compiles to, where it is a pattern."""
    mismatch: str
    """The sentence that says what the value at the path must be."""


@dataclass(frozen=True, slots=True)
class RuleRow:
    """A `require` or `deny_if` rule. No conditions means true."""

    place: Place
    conditions: tuple[int, ...]
    written: str
    """`on_deny`, or empty."""


@dataclass(frozen=True, slots=True)
class HoldRow:
    """An `approve_if` rule."""

    place: Place
    conditions: tuple[int, ...]
    written: str
    """`reason`, or empty."""
    approvers: tuple[str, ...]
    quorum: int
    expires_in: int
    """Seconds."""
    mail_arguments: bool


@dataclass(frozen=True, slots=True)
class LimitRow:
    """One limit, its message filled in. `maximum` is in micro-units, inclusive."""

    place: Place
    owner: str
    counter: str
    window: Window
    scope: Scope
    maximum: int
    increment_from: int | None
    per: tuple[int, ...]
    shards: int
    message: str


@dataclass(frozen=True, slots=True)
class EntryRow:
    """All that one tool, or all tools of one glob, must pass: rows in the order they are taken."""

    name: str
    require: tuple[int, ...] = ()
    deny_if: tuple[int, ...] = ()
    approve_if: tuple[int, ...] = ()
    limits: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Program:
    """A whole policy."""

    hide: tuple[str, ...]
    """Exact names in order, or `("*",)`."""
    entries: tuple[EntryRow, ...]
    """The exact names in order (by code point), then the globs, the one that wins first."""
    globs_from: int
    """Where in `entries` the globs start."""
    unlisted: EntryRow | None
    """What serves a tool without an entry; None denies it."""
    rules: tuple[RuleRow, ...]
    holds: tuple[HoldRow, ...]
    limits: tuple[LimitRow, ...]
    conditions: tuple[ConditionRow, ...]
    paths: tuple[Path, ...]
    values: tuple[str, ...]
    """JSON text, ASCII: unlike values, it tells 1, 1.0 and true apart."""
    automata: tuple[bytes, ...]
    """Encoded `compiler.regex` automata."""
