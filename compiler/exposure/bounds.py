"""The most that the calls served by one entry can do in a window, for each grant.

Limits of scope `session` bound nothing here, since an agent can open another session; neither do
those `per` value, since it can try other values. `whole` names them. Must not know other entries.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction

from compiler.exposure.overlap import touched, touched_by
from compiler.exposure.ranges import Argument, Ranges, argument, ranges
from compiler.meaning import Section
from compiler.names import amount_text, limit_name, window_text
from compiler.policy import ApprovalRule, Limit, Path, Rule
from compiler.verdict import Scope, Window
from compiler.windows import NAMED

ONE = 1_000_000

WINDOWS = {name: NAMED[name] for name in ("minute", "hour", "day", "week", "month")}
"""The windows that are reported."""


@dataclass(frozen=True, slots=True)
class Bound:
    """At most `most`, for the reason `why`; None where nothing bounds it."""

    most: Fraction | None = None
    why: str = ""

    def under(self, other: "Bound") -> "Bound":
        """The lower of two; the first where they are equal."""
        if other.most is None or (self.most is not None and self.most <= other.most):
            return self
        return other


@dataclass(frozen=True, slots=True)
class Worst:
    """What calls of one kind can do. Amounts are those that arguments say, by the path's text."""

    calls: dict[str, Bound]
    """By the name of the window."""
    each: dict[str, Bound]
    """The most of an argument in one call."""
    amounts: dict[str, dict[str, Bound]]
    """The most of an argument in all calls of a window."""


@dataclass(frozen=True, slots=True)
class Admitting:
    """The rules an entry's calls pass, `all_tools` first, and what they make of its arguments."""

    limits: tuple[tuple[str, Limit], ...]
    """With their names."""
    ranges: Ranges
    quantities: dict[Argument, str]
    """The arguments whose amounts are reported, and how their paths are written."""


def admitting(sections: Sequence[Section], approved: bool) -> Admitting:
    """`approved` is whether the calls that wait for a person are meant too."""
    require = [rule for _, rules in sections for rule in rules.require]
    deny_if = [rule for _, rules in sections for rule in rules.deny_if]
    held = [rule for _, rules in sections for rule in rules.approve_if]
    refused: list[Rule | ApprovalRule] = [*deny_if, *(rule for rule in held if not rule.approvers)]
    limits = tuple(
        (limit_name(owner, limit.counter), limit)
        for owner, rules in sections
        for limit in rules.limits
    )
    found = ranges(require, refused if approved else [*refused, *held])
    known = ranges(require, [*refused, *held])
    asked = [one for rule in (*require, *deny_if) for one in rule.conditions]
    asked += [one for rule in held for one in rule.conditions]
    paths = [one.path for one in asked]
    return Admitting(limits, found, _quantities(limits, known, paths))


def _quantities(
    limits: Iterable[tuple[str, Limit]], known: Ranges, paths: Iterable[Path]
) -> dict[Argument, str]:
    """What limits count, and every number that some rule keeps from growing."""
    counted = [limit.increment_from for _, limit in limits if limit.increment_from is not None]
    bounded = [
        path
        for path in paths
        if (place := argument(path)) in known and known[place].high is not None
    ]
    found: dict[Argument, str] = {}
    for path in (*counted, *bounded):
        place = argument(path)
        if place is not None:
            found.setdefault(place, path.text)
    return found


def bounding(limit: Limit) -> bool:
    """Whether a limit bounds all that one grant can do."""
    return not limit.per and limit.scope is not Scope.SESSION


def worst(rules: Admitting) -> Worst:
    """The most that the calls these rules admit can do."""
    calls = {name: _calls(rules, window) for name, window in WINDOWS.items()}
    each = {text: _each(rules, place) for place, text in rules.quantities.items()}
    amounts = {
        text: {
            name: _amount(rules, place, each[text], calls[name], window)
            for name, window in WINDOWS.items()
        }
        for place, text in rules.quantities.items()
    }
    return Worst(calls, each, amounts)


def _calls(rules: Admitting, window: Window) -> Bound:
    return _under_limits(rules, lambda own: touched(own, window))


def _under_limits(rules: Admitting, windows: Callable[[Window], int]) -> Bound:
    """The calls that fit where so many windows of a limit are touched."""
    found = Bound()
    for name, limit in rules.limits:
        times = _times(rules, limit)
        if times is not None and bounding(limit):
            most = Fraction(times * windows(limit.window))
            found = found.under(Bound(most, f"{times} per {window_text(limit.window)}, {name}"))
    return found


def _times(rules: Admitting, limit: Limit) -> int | None:
    """How many calls fit into one window of a limit; None where calls can cost nothing."""
    if limit.increment_from is None:
        return limit.maximum // ONE
    place = argument(limit.increment_from)
    low = rules.ranges[place].low if place in rules.ranges else None
    return int(Fraction(limit.maximum, ONE) / low) if low is not None and low > 0 else None


def _each(rules: Admitting, place: Argument) -> Bound:
    """The most in one call. A cost above a limit's maximum never fits, whatever its scope."""
    found = Bound()
    known = rules.ranges.get(place)
    if known is not None and known.high is not None:
        found = Bound(max(known.high, Fraction(0)), "conditions")
    for name, limit in rules.limits:
        if argument(limit.increment_from) == place:
            found = found.under(Bound(Fraction(limit.maximum, ONE), name))
    return found


def _amount(rules: Admitting, place: Argument, each: Bound, calls: Bound, window: Window) -> Bound:
    found = Bound()
    for name, limit in rules.limits:
        if argument(limit.increment_from) == place and bounding(limit):
            most = Fraction(limit.maximum, ONE) * touched(limit.window, window)
            why = f"{amount_text(limit.maximum)} per {window_text(limit.window)}, {name}"
            found = found.under(Bound(most, why))
    if each.most is not None and calls.most is not None:
        product = Bound(each.most * calls.most, f"{decimal(each.most)} per call x {calls.why}")
        found = found.under(product)
    return found


def waiting(rules: Admitting, held: Sequence[ApprovalRule]) -> Bound:
    """How many calls can wait for a person at one time."""
    longest = max((rule.expires_in for rule in held), default=0)
    return _under_limits(rules, lambda own: touched_by(own, longest))


def decimal(amount: Fraction) -> str:
    """An exact decimal with its thousands apart: 21,600,000 or 0.5."""
    whole, rest = divmod(amount, 1)
    digits = ""
    while rest:
        digit, rest = divmod(rest * 10, 1)
        digits += str(digit)
    return f"{int(whole):,}{'.' if digits else ''}{digits}"
