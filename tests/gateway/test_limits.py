"""Exact limits over HTTP."""

from concurrent.futures import ThreadPoolExecutor

import httpx2
import pytest

from tests.gateway.world import Gateway, UpstreamProcess

MESSAGE = {"to": "+1500", "body": "hello"}


def denied(answer: httpx2.Response) -> bool:
    assert answer.status_code == 200
    return bool(answer.json()["result"]["isError"])


def test_sixty_four_overlapping_calls_against_a_limit_of_ten_admit_exactly_ten(
    door: Gateway, upstream: UpstreamProcess
) -> None:
    with ThreadPoolExecutor(64) as pool:
        answers = list(pool.map(lambda _: door.call("send_message", MESSAGE), range(64)))
    assert [denied(answer) for answer in answers].count(False) == 10
    assert len(upstream.calls) == 10


def test_a_limit_of_thirty_a_minute_lets_exactly_thirty_through_for_each_grant(
    door: Gateway, upstream: UpstreamProcess
) -> None:
    limit = {"counter": "rate", "window": 31_622_400, "max": 30, "scope": "grant"}
    policy = {"version": "1", "default": "deny", "tools": {"send_message": {"limits": [limit]}}}
    door.register(door.servers["crm"], policy)
    other = door.grant("g2")
    first = [door.call("send_message", MESSAGE) for _ in range(32)]
    second = [door.call("send_message", MESSAGE, token=other) for _ in range(31)]
    assert [denied(answer) for answer in first] == [False] * 30 + [True] * 2
    assert [denied(answer) for answer in second] == [False] * 30 + [True]
    assert len(upstream.calls) == 60


def test_a_full_limit_says_which_it_is_what_is_left_and_when_to_come_back(door: Gateway) -> None:
    for _ in range(10):
        door.call("send_message", MESSAGE)
    result = door.call("send_message", MESSAGE).json()["result"]
    facts = result["_meta"]["holdpoint/decision"]
    assert result["resultType"] == "complete"
    text = result["content"][0]["text"]
    assert text.startswith("[POLICY DENIED] ")
    assert f"0 is left; the limit starts again in {facts['retry_after']} s" in text
    assert facts["rule"] == "/tools/send_message/limits/messages"
    assert facts["remaining"] == "0"
    assert 0 < facts["retry_after"] <= 31_622_400


def test_a_split_limit_admits_its_maximum_from_one_process_and_denies_in_its_own_name(
    door: Gateway, upstream: UpstreamProcess
) -> None:
    """Each round of four calls meets each of the four shards once."""
    limit = {
        **{"counter": "pool", "window": 31_622_400, "max": 8, "scope": "server"},
        **{"shards": 4, "on_limit": "All agents together write too much."},
    }
    policy = {"version": "1", "default": "deny", "tools": {"send_message": {"limits": [limit]}}}
    door.register(door.servers["crm"], policy)
    answers = [door.call("send_message", MESSAGE) for _ in range(10)]
    assert [denied(answer) for answer in answers] == [False] * 8 + [True] * 2
    assert len(upstream.calls) == 8
    result = answers[-1].json()["result"]
    assert "All agents together write too much." in result["content"][0]["text"]
    facts = result["_meta"]["holdpoint/decision"]
    assert facts["rule"] == "/tools/send_message/limits/pool"
    assert facts["remaining"] == "0"


def test_a_call_that_no_window_has_room_for_is_not_told_to_come_back(door: Gateway) -> None:
    spend = {"counter": "spend", "window": "day", "max": 100, "increment_from": "args.amount"}
    policy = {"version": "1", "default": "deny", "tools": {"send_message": {"limits": [spend]}}}
    door.register(door.servers["crm"], policy)
    result = door.call("send_message", {**MESSAGE, "amount": 101}).json()["result"]
    assert "This call takes 101, more than the limit ever admits." in result["content"][0]["text"]
    assert "retry_after" not in result["_meta"]["holdpoint/decision"]


def test_a_denied_call_takes_nothing_from_a_limit(door: Gateway) -> None:
    limit = {"counter": "rate", "window": 31_622_400, "max": 1, "scope": "grant"}
    condition = {"path": "args.to", "op": "eq", "value": "me"}
    rules = {"limits": [limit], "deny_if": [{"conditions": [condition]}]}
    policy = {"version": "1", "default": "deny", "tools": {"send_message": rules}}
    door.register(door.servers["crm"], policy)
    assert denied(door.call("send_message", {"to": "me", "body": "x"}))
    assert not denied(door.call("send_message", MESSAGE))


@pytest.mark.parametrize("edit", ["tighter", "looser"])
def test_an_edited_policy_holds_from_the_next_call(
    door: Gateway, upstream: UpstreamProcess, edit: str
) -> None:
    allowing = {"version": "1", "default": "allow"}
    refusing = {"version": "1", "default": "deny", "tools": {"send_message": {}}}
    before, after = (allowing, refusing) if edit == "tighter" else (refusing, allowing)
    door.register(door.servers["crm"], before)
    first = door.call("read_customer", {"id": "1"})
    door.register(door.servers["crm"], after)
    second = door.call("read_customer", {"id": "1"})
    assert [denied(first), denied(second)] == [edit == "looser", edit == "tighter"]
    assert len(upstream.calls) == 1


def test_a_call_planned_on_an_old_policy_is_charged_once_and_by_the_new_one(
    door: Gateway, upstream: UpstreamProcess
) -> None:
    """What the old plan had taken is given back before the call is planned again."""

    def limited(most: int) -> dict[str, object]:
        limit = {"counter": "rate", "window": 31_622_400, "max": most, "scope": "grant"}
        return {"version": "1", "default": "deny", "tools": {"send_message": {"limits": [limit]}}}

    door.register(door.servers["crm"], limited(9))
    assert not denied(door.call("send_message", MESSAGE))
    door.register(door.servers["crm"], limited(3))
    assert [denied(door.call("send_message", MESSAGE)) for _ in range(3)] == [False, False, True]
    assert len(upstream.calls) == 3
