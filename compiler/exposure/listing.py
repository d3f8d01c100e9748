"""An exposure as text for people and as values for JSON. Must not know how it was found."""

from collections.abc import Iterator

from compiler.diagnostics import visible
from compiler.exposure.bounds import WINDOWS, Bound, Worst, decimal
from compiler.exposure.whole import Exposed, Exposure, Fate, SharedTally
from compiler.values import Value

UNBOUNDED = "unbounded"

FOOT = """\
Figures are for one grant: several grants can each do as much, but for limits of scope `server` and
`all`. A span across the boundary of two windows can hold twice as much. Amounts are what the
arguments say.
"""


def listing(found: Exposure) -> str:
    """The worst case of each tool, then of all together."""
    parts = ["\n".join(_entry(one)) + "\n" for one in found.entries]
    together = ["All tools together", *_figures(found.calls, {}), *map(_tally, found.shared)]
    return "\n".join([*parts, "\n".join(together) + "\n", FOOT])


def _tally(tally: SharedTally) -> str:
    names = ", ".join(f"`{visible(name)}`" for name in tally.entries)
    return f"  the tally `{visible(tally.counter)}`: {tally.most}, for {names} together"


def _entry(one: Exposed) -> Iterator[str]:
    yield "Any other tool" if one.name is None else f"Tool `{visible(one.name)}`"
    if one.fate is Fate.DENIED:
        yield "  denied: nothing can happen"
        return
    if one.fate is Fate.HELD:
        yield "  without a person: nothing can happen"
    if one.alone is not None:
        yield f"  without a person{_each(one.alone)}"
        yield from _figures(one.alone.calls, one.alone.amounts)
    if one.admitted is not None and one.waiting is not None:
        yield f"  with approvals, both together{_each(one.admitted)}"
        yield from _figures(one.admitted.calls, one.admitted.amounts)
        yield f"    waiting at one time: {_calls(one.waiting)}; approved, they run beside the above"
    for name, why in one.passed_over:
        yield f"  not counted on: {visible(name)}, since {visible(why)}"


def _each(worst: Worst) -> str:
    words = [f"{_amount(text, bound)} per call" for text, bound in worst.each.items()]
    return f": {', '.join(words)}" if words else ""


def _figures(calls: dict[str, Bound], amounts: dict[str, dict[str, Bound]]) -> Iterator[str]:
    """A line for each window, then what bounds them; one line where nothing does."""
    rows = [calls, *amounts.values()]
    if all(bound.most is None for row in rows for bound in row.values()):
        yield f"    {UNBOUNDED}: as many calls as an agent can make"
        return
    for window in WINDOWS:
        sums = [_amount(text, row[window]) for text, row in amounts.items()]
        yield f"    per {window}: {', '.join([_calls(calls[window]), *sums])}"
    reasons = dict.fromkeys(bound.why for row in rows for bound in row.values() if bound.why)
    yield from (f"    by {visible(reason)}" for reason in reasons)


def _calls(bound: Bound) -> str:
    most = UNBOUNDED if bound.most is None else decimal(bound.most)
    return f"{most} call{'' if bound.most == 1 else 's'}"


def _amount(text: str, bound: Bound) -> str:
    most = UNBOUNDED if bound.most is None else decimal(bound.most)
    return f"{most} of `{visible(text)}`"


def record(found: Exposure) -> dict[str, Value]:
    """The same for programs: amounts are decimals as text, null is unbounded."""
    return {
        "tools": [_recorded(one) for one in found.entries],
        "together": {window: _bound(bound) for window, bound in found.calls.items()},
        "shared": [
            {"counter": one.counter, "most": one.most, "tools": list(one.entries)}
            for one in found.shared
        ],
    }


def _recorded(one: Exposed) -> dict[str, Value]:
    return {
        "tool": one.name,
        "fate": one.fate.value,
        "without_approval": _worst(one.alone),
        "with_approvals": _worst(one.admitted),
        "waiting": None if one.waiting is None else _bound(one.waiting),
        "not_counted_on": [{"rule": name, "why": why} for name, why in one.passed_over],
    }


def _worst(worst: Worst | None) -> Value:
    if worst is None:
        return None
    return {
        "calls": {window: _bound(bound) for window, bound in worst.calls.items()},
        "each": {text: _bound(bound) for text, bound in worst.each.items()},
        "amounts": {
            text: {window: _bound(bound) for window, bound in found.items()}
            for text, found in worst.amounts.items()
        },
    }


def _bound(bound: Bound) -> Value:
    most = None if bound.most is None else decimal(bound.most).replace(",", "")
    return {"most": most, "why": bound.why}
