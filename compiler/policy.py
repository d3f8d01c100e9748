"""The language as frozen dataclasses: what a policy says once every shorthand is gone.

Must not know JSON text, tables or engines. Made by `parse`, read by everything after it. The
language itself is docs/policy.md.
"""

from dataclasses import field
from enum import Enum, StrEnum

from compiler.frozen import dataclass
from compiler.values import Value
from compiler.verdict import Scope, Window


class Default(StrEnum):
    """What happens to a tool that no entry names."""

    ALLOW = "allow"
    DENY = "deny"


class Operator(StrEnum):
    """The eleven operators of the public format, then ours."""

    EQ = "eq"
    NEQ = "neq"
    LT = "lt"
    LTE = "lte"
    GT = "gt"
    GTE = "gte"
    IN = "in"
    NOT_IN = "not_in"
    EXISTS = "exists"
    REGEX = "regex"
    CONTAINS = "contains"
    STARTS_WITH = "starts_with"
    ENDS_WITH = "ends_with"
    NOT_REGEX = "not_regex"
    NOT_CONTAINS = "not_contains"
    LENGTH_LTE = "length_lte"
    LENGTH_GTE = "length_gte"


ORDERINGS = (Operator.LT, Operator.LTE, Operator.GT, Operator.GTE)
MEMBERSHIPS = (Operator.IN, Operator.NOT_IN)
PATTERNS = (Operator.REGEX, Operator.NOT_REGEX)
CONTAINMENTS = (Operator.CONTAINS, Operator.NOT_CONTAINS)
LENGTHS = (Operator.LENGTH_LTE, Operator.LENGTH_GTE)
"""Operators that read a value, and are written, alike."""


class Root(StrEnum):
    """Where a path starts."""

    ARGS = "args"
    GRANT = "grant"
    TIME = "time"


class Every(Enum):
    """The step `[*]`: the condition is taken for each element, and the worst is kept."""

    ELEMENT = "[*]"


Step = str | int | Every
"""A key, an index, or every element."""


@dataclass(frozen=True, slots=True)
class Span:
    """Where something stands in the source: 1-based line and column, length in code points.

    Two policies that say the same are equal wherever it stands: no comparison looks at spans.
    """

    line: int
    column: int
    length: int = 1


@dataclass(frozen=True, slots=True)
class Path:
    """A path as written, and the steps it takes from its root."""

    text: str
    root: Root
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Condition:
    """`{"path", "op", "value"}`. Regex patterns are kept as text; they compile in `lower`."""

    path: Path
    operator: Operator
    value: Value
    span: Span = field(compare=False)


@dataclass(frozen=True, slots=True)
class Rule:
    """A `require` or `deny_if` rule. No conditions means true."""

    conditions: tuple[Condition, ...]
    message: str
    """`on_deny` as written, or empty: `lower` and `meaning` make the default sentence."""
    span: Span = field(compare=False)


@dataclass(frozen=True, slots=True)
class ApprovalRule:
    """An `approve_if` rule, the document's `approvals` defaults already filled in."""

    conditions: tuple[Condition, ...]
    reason: str
    approvers: tuple[str, ...]
    quorum: int
    expires_in: int
    """Seconds."""
    mail_arguments: bool
    span: Span = field(compare=False)


@dataclass(frozen=True, slots=True)
class Limit:
    """One limit. `maximum` is in micro-units, inclusive."""

    counter: str
    window: Window
    maximum: int
    scope: Scope
    increment_from: Path | None
    per: tuple[Path, ...]
    shared: bool
    shards: int
    """How many tallies it is split into; 1: it is one."""
    message: str
    """`on_limit` as written, or empty."""
    span: Span = field(compare=False)


@dataclass(frozen=True, slots=True)
class Rules:
    """The four lists of an entry, each in document order."""

    require: tuple[Rule, ...] = ()
    deny_if: tuple[Rule, ...] = ()
    approve_if: tuple[ApprovalRule, ...] = ()
    limits: tuple[Limit, ...] = ()


@dataclass(frozen=True, slots=True)
class Entry:
    """One member of `tools`: an exact name, or a glob where it has a `*`."""

    name: str
    rules: Rules
    span: Span = field(compare=False)

    @property
    def is_glob(self) -> bool:
        return "*" in self.name


@dataclass(frozen=True, slots=True)
class Policy:
    """A whole policy. `hide` holds exact names, or is `("*",)`."""

    default: Default
    hide: tuple[str, ...]
    all_tools: Rules
    tools: tuple[Entry, ...]
