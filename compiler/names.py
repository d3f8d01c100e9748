"""What rules are called and what a denial says where its author wrote nothing.

Must not know how a verdict is found: every engine takes its names and sentences from here, so all
of them answer alike. Names follow RFC 6901 (JSON Pointer): `/tools/pay/deny_if/args.amount-gt`.
"""

from collections.abc import Iterable, Sequence
from enum import StrEnum

from compiler.policy import Condition, Limit, Operator, Path
from compiler.values import Value, kind
from compiler.verdict import Window

NO_POLICY = "(no policy)"
HIDDEN = "(hidden)"
DEFAULT_DENY = "(default deny)"

SHARED = "shared"
"""The owner of a tally that several entries count on."""

ALWAYS = "always"
"""The last segment of a rule without conditions."""


class RuleList(StrEnum):
    """The four lists of an entry, as they are written."""

    REQUIRE = "require"
    DENY_IF = "deny_if"
    APPROVE_IF = "approve_if"
    LIMITS = "limits"


def pointer(*segments: str) -> str:
    """A JSON Pointer; `~` and `/` inside a segment are escaped."""
    return "".join("/" + segment.replace("~", "~0").replace("/", "~1") for segment in segments)


def rule_name(entry: str | None, rules: RuleList, conditions: Sequence[Condition]) -> str:
    """The name of a rule: its first condition names it. `entry` is None for all_tools."""
    first = conditions[0] if conditions else None
    last = f"{first.path.text}-{first.operator}" if first else ALWAYS
    return pointer(*_home(entry), rules, last)


def limit_name(entry: str | None, counter: str) -> str:
    """The name of a limit: its counter names it. `entry` is None for all_tools."""
    return pointer(*_home(entry), RuleList.LIMITS, counter)


def home_name(entry: str | None) -> str:
    """What the names of all rules of an entry start with. `entry` is None for all_tools."""
    return pointer(*_home(entry))


def owner(entry: str | None, shared: bool) -> str:
    """Whose tally a limit counts on: `tools/<entry as written>`, `all_tools` or `shared`."""
    return SHARED if shared else "/".join(_home(entry))


def _home(entry: str | None) -> tuple[str, ...]:
    return ("all_tools",) if entry is None else ("tools", entry)


def hidden_message(tool: str) -> str:
    return f"The tool `{tool}` is hidden by the policy; use another tool."


def default_deny_message(tool: str) -> str:
    return f"The policy does not list the tool `{tool}`; use another tool."


def require_message(on_deny: str, rule: str, mismatch: str) -> str:
    """What a failed `require` says. `mismatch` is empty where its condition was plainly false."""
    return _sentences(on_deny, mismatch, f"The call does not meet the rule `{rule}`.")


def deny_if_message(on_deny: str, rule: str, mismatch: str) -> str:
    """What a `deny_if` that holds says. `mismatch` is empty where all its conditions are true."""
    return _sentences(on_deny, mismatch, f"The call is denied by the rule `{rule}`.")


def approve_if_reason(reason: str, rule: str, mismatch: str) -> str:
    """Why a call is held. `mismatch` is empty where all conditions are true."""
    return _sentences(reason, mismatch, f"The rule `{rule}` asks for a person's approval.")


def no_approver_message(reason: str) -> str:
    """`reason` is what `approve_if_reason` made."""
    return f"{reason} The policy names nobody who could approve it."


def _sentences(written: str, mismatch: str, default: str) -> str:
    return " ".join(filter(None, (written, mismatch))) or default


def limit_message(limit: Limit) -> str:
    """What a full limit says: `on_limit`, or the default."""
    if limit.message:
        return limit.message
    amount, window = amount_text(limit.maximum), window_text(limit.window)
    admits = f"The limit `{limit.counter}` admits {amount} per {window}"
    return f"{admits} and has no room for this call."


def cost_message(path: Path) -> str:
    """What a call says whose cost cannot be taken from `increment_from`."""
    return (
        f"`{path.text}` must be a number of at least 0 "
        "with at most 12 digits before and 6 after the point."
    )


def per_message(path: Path) -> str:
    """What a call says whose `per` value cannot be read."""
    return f"`{path.text}` must be reached through objects and hold no integer beyond 2^53-1."


def amount_text(micro_units: int) -> str:
    """2000000 is `2`, 500000 is `0.5`."""
    whole, part = divmod(micro_units, 10**6)
    return f"{whole}.{part:06}".rstrip("0").rstrip(".")


WINDOW_WORDS = {"1": "second", "60": "minute", "3600": "hour", "86400": "day"}


def window_text(window: Window) -> str:
    """`minute`, `week`, or `90 seconds`."""
    if window.name in ("week", "month"):
        return window.name
    return WINDOW_WORDS.get(window.name, f"{window.name} seconds")


def mismatch_message(condition: Condition) -> str:
    """What a mismatch of this condition says, whatever caused it: what the value must be."""
    return f"`{condition.path.text}` must be {_expected(condition.operator, condition.value)}."


KIND_WORDS = {
    "null": "null",
    "boolean": "a boolean",
    "number": "a number",
    "string": "a string",
    "array": "a list",
    "object": "an object",
}

EXPECTED = {
    Operator.EXISTS: "reached through objects and lists",
    Operator.REGEX: "a string",
    Operator.NOT_REGEX: "a string",
    Operator.STARTS_WITH: "a string",
    Operator.ENDS_WITH: "a string",
    Operator.LENGTH_LTE: "a string or a list",
    Operator.LENGTH_GTE: "a string or a list",
}


BEYOND = "no integer beyond 2^53-1, which servers read differently"


def _expected(operator: Operator, literal: Value) -> str:
    if operator in EXPECTED:
        return EXPECTED[operator]
    among = operator in (Operator.IN, Operator.NOT_IN)
    listed = literal if among and isinstance(literal, list) else [literal]
    kinds = dict.fromkeys(map(kind, listed))
    words = " or ".join(KIND_WORDS[name] for name in kinds) or "one of an empty list"
    if operator in (Operator.CONTAINS, Operator.NOT_CONTAINS):
        if kind(literal) == "string":
            return "a string or a list of strings"
        return f"a list, each element {words}{_readable(('array', *kinds))}"
    return words + _readable(kinds)


def _readable(kinds: Iterable[str]) -> str:
    """What the numbers in a value of these kinds must be besides, where it may hold any."""
    if not INSIDE.isdisjoint(kinds):
        return f", and hold {BEYOND}"
    return f", and {BEYOND}" if "number" in kinds else ""


INSIDE = frozenset({"array", "object"})
