"""The worst case is never less than what a greedy agent gets, and exact where rules are plain."""

import json
from collections import Counter
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compiler.exposure.bounds import WINDOWS, decimal
from compiler.exposure.listing import listing, record
from compiler.exposure.overlap import touched, touched_by
from compiler.exposure.whole import Exposed, Exposure, Fate, exposure
from compiler.meaning import Meaning
from compiler.parse import parse
from compiler.verdict import Call, Effect, Subject, Window
from handler.cli.calls import CallLine
from handler.cli.decide import Tallies
from handler.limits.windows import bounds
from tests.strategies import Document, documents, text_of


def exposed(tools: dict[str, Any], **more: Any) -> Exposure:
    parsed = parse(json.dumps({"version": "1", "default": "deny", "tools": tools, **more}))
    assert parsed.policy is not None, parsed.diagnostics
    return exposure(parsed.policy)


def only(entry: dict[str, Any], **more: Any) -> Exposed:
    (one,) = exposed({"t": entry}, **more).entries
    return one


def alone(entry: dict[str, Any], window: str, **more: Any) -> Fraction | None:
    found = only(entry, **more).alone
    assert found is not None
    return found.calls[window].most


def rate(most: float, window: str | int, **more: Any) -> dict[str, Any]:
    return {"counter": f"c{window}{len(more)}", "window": window, "max": most, **more}


def deny_above(most: float) -> dict[str, Any]:
    return {"conditions": [{"path": "args.amount", "op": "gt", "value": most}]}


def test_a_cap_on_a_call_times_a_rate_is_the_worst_case_of_a_day() -> None:
    one = only({"deny_if": [deny_above(500)], "limits": [rate(30, "minute")]})
    assert one.alone is not None
    day = one.alone.amounts["args.amount"]["day"]
    assert day.most == 21_600_000
    assert day.why.startswith("500 per call x 30 per minute")
    text = listing(exposed({"t": {"deny_if": [deny_above(500)], "limits": [rate(30, "minute")]}}))
    assert "per day: 43,200 calls, 21,600,000 of `args.amount`\n" in text


def test_without_a_limit_it_is_said_that_nothing_bounds_it() -> None:
    assert alone({}, "minute") is None
    assert "unbounded: as many calls as an agent can make" in listing(exposed({"t": {}}))


@pytest.mark.parametrize(
    ("limit", "minute", "day", "month"),
    [
        (rate(30, "minute"), 30, 43_200, 1_339_200),
        (rate(30, 60), 30, 43_200, 1_339_200),
        (rate(10, "day"), 10, 10, 310),
        (rate(10, "month"), 10, 10, 10),
        (rate(10, "week"), 10, 10, 60),
        (rate(10, 90), 20, 9_600, 297_600),
        (rate(2.9, "day"), 2, 2, 62),
        (rate(0, "day"), 0, 0, 0),
    ],
)
def test_a_limit_bounds_the_calls_of_every_window(
    limit: dict[str, Any], minute: int, day: int, month: int
) -> None:
    figures = [alone({"limits": [limit]}, window) for window in ("minute", "day", "month")]
    assert figures == [minute, day, month]


def test_the_tightest_of_all_limits_bounds_those_for_every_tool_too() -> None:
    everywhere = {"limits": [rate(5, "minute")]}
    entry = {"limits": [rate(100, "day")]}
    assert alone(entry, "minute", all_tools=everywhere) == 5
    assert alone(entry, "day", all_tools=everywhere) == 100


@pytest.mark.parametrize("loose", [{"scope": "session"}, {"per": ["args.to"]}])
def test_a_limit_that_an_agent_can_step_around_bounds_nothing_and_is_named(
    loose: dict[str, Any],
) -> None:
    one = only({"limits": [rate(3, "day", **loose)]})
    assert one.alone is not None and one.alone.calls["day"].most is None
    assert [name for name, _ in one.passed_over] == ["/tools/t/limits/cday1"]


def test_a_tally_of_amounts_bounds_calls_where_each_must_cost_something() -> None:
    spend = rate(100, "day", increment_from="args.amount")
    assert alone({"limits": [spend]}, "day") is None
    least = {"conditions": [{"path": "args.amount", "op": "gte", "value": 0.3}]}
    assert alone({"limits": [spend], "require": [least]}, "day") == 333


def test_what_people_approve_is_counted_apart() -> None:
    entry = {
        "deny_if": [deny_above(10_000)],
        "approve_if": [{**deny_above(500), "approvers": ["a@b"], "expires_in": "1h"}],
        "limits": [rate(30, "minute")],
    }
    one = only(entry)
    assert one.alone is not None and one.admitted is not None and one.waiting is not None
    assert one.alone.each["args.amount"].most == 500
    assert one.admitted.each["args.amount"].most == 10_000
    assert one.admitted.amounts["args.amount"]["minute"].most == 300_000
    assert one.waiting.most == 30 * 61


def test_an_approval_without_approvers_is_a_denial() -> None:
    entry = {"approve_if": [deny_above(500)], "limits": [rate(1, "day")]}
    one = only(entry)
    assert one.admitted is None and one.alone is not None
    assert one.alone.each["args.amount"].most == 500
    assert only({"action": "require_approval"}).fate is Fate.DENIED


def test_tools_that_are_denied_or_always_held_do_nothing_by_themselves() -> None:
    assert only({"action": "deny"}).fate is Fate.DENIED
    assert only({}, hide=["t"]).fate is Fate.DENIED
    held = only({"action": "require_approval"}, approvals={"approvers": ["a@b"]})
    assert held.fate is Fate.HELD and held.alone is None and held.admitted is not None


def test_tools_together_are_added_up_or_bounded_by_what_they_share() -> None:
    purse = {"limits": [rate(10, "day", shared=True)]}
    apart = exposed({"a": {"limits": [rate(10, "day")]}, "b": {"limits": [rate(5, "day")]}})
    assert apart.calls["day"].most == 15
    assert exposed({"a": purse, "b": purse}).calls["day"].most == 10
    other = {"rate_limit": {"max": 1, "window": "day"}}
    assert exposed({"a": purse, "b": purse, "c": other}).calls["day"].most == 11
    open_to_all = exposed({"a": purse}, default="allow")
    assert open_to_all.calls["day"].most is None
    assert open_to_all.entries[-1].name is None
    everywhere = {"limits": [rate(7, "day")]}
    assert exposed({"a": purse}, default="allow", all_tools=everywhere).calls["day"].most == 7


def test_a_glob_has_one_tally_for_all_it_matches() -> None:
    found = exposed({"pay_*": {"rate_limit": {"max": 3, "window": "day"}}})
    assert found.calls["day"].most == 3


def test_the_record_has_every_figure_as_a_decimal_and_null_for_none() -> None:
    found = record(exposed({"t": {"deny_if": [deny_above(0.5)], "limits": [rate(3, "day")]}}))
    (one,) = json.loads(json.dumps(found))["tools"]
    assert one["without_approval"]["amounts"]["args.amount"]["day"]["most"] == "1.5"
    assert one["without_approval"]["calls"]["month"]["most"] == "93"
    assert one["with_approvals"] is None


def test_amounts_are_written_exactly() -> None:
    assert decimal(Fraction(21_600_000)) == "21,600,000"
    assert decimal(Fraction(1, 8)) == "0.125"


NAMES = ("1", "60", "90", "3600", "86400", "100000", "700000", "2592000", "week", "month")


@pytest.mark.parametrize(
    "outer", [Window(name) for name in ("60", "3600", "86400", "week", "month")]
)
@pytest.mark.parametrize("inside", [Window(name) for name in NAMES])
def test_no_window_of_six_years_touches_more_windows_than_said(
    inside: Window, outer: Window
) -> None:
    """Windows that last for months are held to the calendar itself; shorter ones to a sample."""
    most, now = touched(inside, outer), datetime(2023, 12, 25, tzinfo=UTC)
    seen = 0
    while now.year < 2030:
        start, end = bounds(outer, now.timestamp())
        seen = max(seen, _count(inside, start, end))
        now += max(timedelta(days=9), timedelta(seconds=end - start))
    assert seen <= most
    if outer.name not in ("60", "3600") and inside.name != "week":
        assert most <= seen + 1


def _count(inside: Window, start: int, end: int) -> int:
    if inside.name.isdigit():
        length = int(inside.name)
        return (end - 1) // length - start // length + 1
    count = 0
    while start < end:
        start, count = bounds(inside, start)[1], count + 1
    return count


def test_a_stretch_of_time_touches_one_window_more_than_fit() -> None:
    assert touched_by(Window("60"), 3600) == 61
    assert touched_by(Window("86400"), 60) == 2


AMOUNTS = (0, 0.3, 1, 2, 5, 100, -1, 999)
TIMES = st.lists(
    st.one_of(st.integers(0, 4_000), st.integers(2_591_000, 2_679_500)), min_size=20, max_size=60
)
"""Around the epoch, and the end of its first month: days, a week and a month end there."""


@settings(max_examples=80)
@given(documents(), TIMES, st.randoms(use_true_random=False))
def test_no_run_of_calls_gets_more_than_the_worst_case(
    document: Document, times: list[int], random: Any
) -> None:
    """Greedy calls against the tallies of `holdpoint decide`: sums stay within every bound."""
    parsed = parse(text_of(document))
    assert parsed.policy is not None
    found, engine, tallies = exposure(parsed.policy), Meaning(parsed.policy), Tallies()
    figures = {one.name: one for one in found.entries}
    counts: Counter[tuple[str | None, bool, str, int]] = Counter()
    together: Counter[tuple[str, int]] = Counter()
    sums: dict[tuple[str | None, str, str, int], Fraction] = {}
    for second in sorted(times):
        tool = random.choice(("send", "pay", "send_all", "other"))
        arguments = {key: random.choice(AMOUNTS) for key in ("a", "b")}
        line = CallLine(Call(tool, arguments), Subject("a"), random.choice("xyz"), float(second))
        answer = tallies.decision(engine, line, 0.0)
        if answer["effect"] == Effect.DENY:
            continue
        entry = engine.entry(tool)
        name = entry.name if entry else None
        assert figures[name].fate is not Fate.DENIED
        held = answer["effect"] == Effect.REQUIRE_APPROVAL
        for window in WINDOWS:
            start = bounds(WINDOWS[window], second)[0]
            counts[name, held, window, start] += 1
            together[window, start] += 1
            for key, value in arguments.items():
                place = name, f"args.{key}", window, start
                sums[place] = sums.get(place, Fraction(0)) + Fraction(str(value))
        kind = figures[name].admitted if held else figures[name].alone
        assert kind is not None
        for key, value in arguments.items():
            most = kind.each[f"args.{key}"].most if f"args.{key}" in kind.each else None
            assert most is None or value <= most
    for (name, held, window, _), count in counts.items():
        kind = figures[name].admitted if held else figures[name].alone
        assert kind is not None
        most = kind.calls[window].most
        assert most is None or count <= most
    for (name, text, window, _), total in sums.items():
        kind = figures[name].admitted or figures[name].alone
        assert kind is not None
        most = kind.amounts[text][window].most if text in kind.amounts else None
        assert most is None or total <= most
    for (window, _), count in together.items():
        most = found.calls[window].most
        assert most is None or count <= most


def test_every_window_that_is_reported_has_a_name() -> None:
    assert set(WINDOWS) == {"minute", "hour", "day", "week", "month"}
