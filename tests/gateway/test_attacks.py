"""Requests that other gateways let through: each is refused, and the upstream sees nothing."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import httpx2
import pytest

from handler.decision.table import TableEngine
from handler.gateway import case
from tests.clear import CLEAR
from tests.gateway.shifting import shifting, tool
from tests.gateway.test_upstreams import RESULT, answer, scripted
from tests.gateway.world import (
    LEGACY,
    MODERN,
    POLICY,
    Gateway,
    UpstreamProcess,
    gateway,
    legacy,
    modern,
)

ONE_PAY: dict[str, Any] = {
    "version": "1",
    "default": "deny",
    "tools": {
        "pay": {"limits": [{"counter": "one", "window": 31_622_400, "max": 1, "scope": "grant"}]}
    },
}
CALL = {"name": "read_customer", "arguments": {"id": "1"}}
BODY, HEADERS = modern("tools/call", CALL)
TEXT = json.dumps(BODY)
PLAIN, PLAIN_HEADERS = legacy("tools/call", CALL)


@pytest.fixture(scope="module")
def door(
    tmp_path_factory: pytest.TempPathFactory, upstream_server: UpstreamProcess
) -> Iterator[Gateway]:
    """One gateway for the whole list: what is refused leaves nothing behind."""
    with gateway(tmp_path_factory.mktemp("attacks"), upstream_server.url) as found:
        yield found


def changed(body: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return {k: v for k, v in {**body, **changes}.items() if v is not ...}


def param(**changes: Any) -> dict[str, Any]:
    return changed(BODY, params=changed(BODY["params"], **changes))


def with_id(text: str) -> bytes:
    """The call, with this JSON text for its argument."""
    return TEXT.replace('"id": "1"', f'"id": {text}').encode()


PARSE_ERROR, INVALID_REQUEST, INVALID_PARAMS = -32700, -32600, -32602

RAW = {
    "a key twice": (TEXT.replace('"id": "1"', '"id": "1", "id": "2"').encode(), PARSE_ERROR),
    "a key twice at the top": (TEXT.replace('"id": 1', '"id": 1, "id": 2').encode(), PARSE_ERROR),
    "a batch": (f"[{TEXT}]".encode(), INVALID_REQUEST),
    "utf-16": (TEXT.encode("utf-16"), PARSE_ERROR),
    "utf-16 without a mark": (TEXT.encode("utf-16-le"), PARSE_ERROR),
    "a byte order mark": (b"\xef\xbb\xbf" + TEXT.encode(), PARSE_ERROR),
    "no utf-8": (TEXT.replace('"1"', '"\xff"').encode("latin-1"), PARSE_ERROR),
    "NaN": (with_id("NaN"), PARSE_ERROR),
    "infinity": (with_id("1e999"), INVALID_PARAMS),
    "half a character": (with_id(r'"\ud800"'), PARSE_ERROR),
    "excess digits": (
        TEXT.replace('"id": "1"', '"id": 0.12345678901234567891').encode(),
        INVALID_PARAMS,
    ),
    "an integer past 64 bits": (
        TEXT.replace('"id": "1"', '"id": 36893488147419103233').encode(),
        INVALID_PARAMS,
    ),
    "trailing text": (TEXT.encode() + b"{}", PARSE_ERROR),
    "too deep": (TEXT.replace('"1"', "[" * 80 + "]" * 80).encode(), PARSE_ERROR),
    "nothing": (b"", PARSE_ERROR),
    "a string": (b'"tools/call"', INVALID_REQUEST),
}

BODIES = {
    "method and result": changed(BODY, result={}),
    "method and error": changed(BODY, error={"code": 1, "message": "x"}),
    "no version": changed(BODY, jsonrpc=...),
    "a boolean id": changed(BODY, id=True),
    "a fractional id": changed(BODY, id=1.5),
    "a null id": changed(BODY, id=None),
    "no id": changed(BODY, id=...),
    "a method that is no string": changed(BODY, method=["tools/call"]),
    "params that are a list": changed(BODY, params=[]),
    "meta that is a list": param(_meta=[]),
    "a name that is no string": param(name=["read_customer"]),
    "no name": param(name=...),
    "arguments that are a list": param(arguments=[]),
    "arguments that are null": param(arguments=None),
    "another grant's requestState": param(requestState="AQ" + "A" * 80),
}

HEADER_SETS: dict[str, dict[str, str | None]] = {
    "a legacy header on a modern body": {"MCP-Protocol-Version": LEGACY},
    "no version header on a modern body": {"MCP-Protocol-Version": None},
    "another method in the header": {"Mcp-Method": "tools/list"},
    "another name in the header": {"Mcp-Name": "delete_customer"},
    "another case of the name": {"Mcp-Name": "Read_customer"},
    "a broken base64 name": {"Mcp-Name": "=?base64?####?="},
    "no name in the header": {"Mcp-Name": None},
    "a param that no argument has": {"Mcp-Param-Region": "eu"},
    "a compressed body": {"Content-Encoding": "gzip"},
    "another content type": {"Content-Type": "text/plain"},
    "a foreign origin": {"Origin": "https://evil.example"},
}


def untouched(upstream: UpstreamProcess, answer: httpx2.Response) -> None:
    assert answer.status_code in (400, 403, 404, 413, 415)
    assert answer.json()["error"]["code"] < 0
    assert upstream.recorded()["requests"] == []


@pytest.mark.parametrize("case", RAW)
def test_a_body_that_readers_read_differently_is_refused(
    door: Gateway, upstream: UpstreamProcess, case: str
) -> None:
    raw, code = RAW[case]
    answer = door.post(None, raw=raw, headers=HEADERS)
    untouched(upstream, answer)
    assert answer.json()["error"]["code"] == code


@pytest.mark.parametrize("case", BODIES)
def test_an_envelope_that_is_not_one_request_is_refused(
    door: Gateway, upstream: UpstreamProcess, case: str
) -> None:
    untouched(upstream, door.post(BODIES[case], headers=HEADERS))


@pytest.mark.parametrize("case", HEADER_SETS)
def test_headers_that_disagree_with_the_body_refuse_the_call(
    door: Gateway, upstream: UpstreamProcess, case: str
) -> None:
    wanted = {**HEADERS, **HEADER_SETS[case]}
    headers = {name: value for name, value in wanted.items() if value is not None}
    untouched(upstream, door.post(BODY, headers=headers))


def test_a_header_that_repeats_an_argument_of_a_method_without_any_is_a_mismatch(
    door: Gateway,
) -> None:
    body, headers = legacy("prompts/get", {"name": "x", "arguments": 7})
    answer = door.post(body, headers={**headers, "Mcp-Param-N": "1"})
    assert answer.status_code == 400 and answer.json()["error"]["code"] == -32020


ANNOTATED = {
    "region": {"type": "string", "x-mcp-header": "Region"},
    "n": {"type": "integer", "x-mcp-header": "N"},
}
MIRRORED = {
    "what another argument says": ({"region": "us", "other": "eu"}, "Region", "eu"),
    "a value where the argument is not there": ({"other": "eu"}, "Region", "eu"),
    "a value where the argument is null": ({"region": None, "other": "eu"}, "Region", "eu"),
    "another case": ({"region": "us", "other": "US"}, "Region", "US"),
    "another number": ({"n": 10, "m": 1}, "N", "1"),
    "a number for a text": ({"region": "1.0", "m": 1}, "Region", "1"),
    "a broken encoding": ({"region": "us"}, "Region", "=?base64?dXM?="),
}


@pytest.mark.parametrize("case", MIRRORED)
def test_a_header_that_contradicts_the_argument_it_repeats_refuses_the_call_and_takes_nothing(
    door: Gateway, upstream: UpstreamProcess, case: str
) -> None:
    arguments, name, value = MIRRORED[case]
    before, token = door.servers["crm"], door.grant(f"mirror{list(MIRRORED).index(case)}")
    definition = tool("pay")
    definition["inputSchema"]["properties"] = ANNOTATED
    with shifting() as elsewhere:
        elsewhere.tools = [definition]
        door.register(replace(before, upstream=f"{elsewhere.url}/mcp"), ONE_PAY)
        body, headers = modern("tools/list", {})
        assert door.post(body, headers=headers).status_code == 200
        told = {f"Mcp-Param-{name}": value}
        refused = door.call("pay", arguments, headers=told, token=token)
        assert elsewhere.calls == []
        good = {"Mcp-Param-Region": "us", "Mcp-Param-N": "7.0"}
        paid = door.call("pay", {"region": "us", "n": 7}, headers=good, token=token)
        assert len(elsewhere.calls) == 1 and "isError" not in paid.json()["result"]
    door.register(before, POLICY)
    assert (refused.status_code, refused.json()["error"]["code"]) == (400, -32020)


def test_many_headers_and_many_arguments_do_not_keep_the_gateway_from_others(
    door: Gateway,
) -> None:
    """They are looked at before anybody knows whose token it is."""
    headers = {**PLAIN_HEADERS, **{f"Mcp-Param-A{number}": "7" for number in range(1_000)}}
    body, _ = legacy("tools/call", {"name": "pay", "arguments": {"a": [*[0] * 20_000, 7]}})
    answered = door.post(body, headers=headers, token=f"hp_nobody_{'x' * 43}")
    assert answered.status_code == 401
    assert answered.elapsed.total_seconds() < 5


def test_a_stranger_s_call_is_turned_away_before_anything_is_made_of_it(
    door: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A large call takes seconds to judge or to make a key of. Who knows a grant's id has no token
    yet."""
    made: list[str] = []

    def note(owner: Any, name: str) -> None:
        real = getattr(owner, name)

        def noted(*args: Any) -> Any:
            made.append(name)
            return real(*args)

        monkeypatch.setattr(owner, name, noted)

    note(TableEngine, "decide")
    note(case, "call_key")
    door.call("read_customer", {"id": "1"})
    assert made == ["decide"] * len(made) and made
    made.clear()
    for grant_id in ("nobody", "g1"):
        stranger = f"hp_{grant_id}_{'x' * 43}"
        assert door.call("read_customer", {"id": "1"}, token=stranger).status_code == 401
    assert made == []


@pytest.mark.parametrize("name", ["MCP-Protocol-Version", "Mcp-Method", "Mcp-Name"])
def test_a_deciding_header_that_comes_twice_refuses_the_call(
    door: Gateway, upstream: UpstreamProcess, name: str
) -> None:
    headers = [
        ("Authorization", f"Bearer {door.token}"),
        ("Content-Type", "application/json"),
        *HEADERS.items(),
        (name, HEADERS[name]),
    ]
    untouched(
        upstream, httpx2.post(door.endpoint(), headers=headers, content=TEXT.encode(), **CLEAR)
    )


def test_an_unknown_revision_is_told_which_ones_there_are(
    door: Gateway, upstream: UpstreamProcess
) -> None:
    answer = door.post(PLAIN, headers={"MCP-Protocol-Version": "2031-01-01"})
    untouched(upstream, answer)
    assert answer.json()["error"]["data"] == {"supported": [MODERN], "requested": "2031-01-01"}


def test_a_body_past_the_largest_is_refused_before_it_is_read(
    door: Gateway, upstream: UpstreamProcess
) -> None:
    answer = door.post(None, raw=b" " * 2_621_441, headers=HEADERS)
    untouched(upstream, answer)
    assert answer.status_code == 413


def test_a_tool_name_outside_the_plain_set_must_be_listed_exactly(
    door: Gateway, upstream: UpstreamProcess
) -> None:
    door.register(door.servers["crm"], {"version": "1", "default": "allow", "tools": {"*": {}}})
    for name in ("read_customer\u200b", "\uff52ead_customer", "a" * 129, "read customer", ""):
        body = changed(PLAIN, params={"name": name, "arguments": {}})
        facts = door.post(body, headers=PLAIN_HEADERS).json()["result"]["_meta"]
        assert facts["holdpoint/decision"]["rule"] == "(tool name)"
    door.register(door.servers["crm"], POLICY)
    assert upstream.calls == []


SPELLINGS = {
    "another case": {"Amount": 9_000},
    "another case beside it": {"amount": 5, "AMOUNT": 9_000},
    "a letter that folds to a plain one": {"ta\u017fk": {}, "amount": 5},
    "a nul at its end": {"amount": 5, "amount\0": 9_000},
    "a mark": {"a_mount": 9_000},
    "inside an object": {"amount": 5, "task": {"userId": "root"}},
    "inside a list": {"amount": 5, "items": [{"price": 1}, {"Price": 9_000}]},
    "of what a limit takes": {"amount": 5, "Cost": 9_000},
}
READING: dict[str, Any] = {
    "version": "1",
    "default": "deny",
    "tools": {
        "pay": {
            "deny_if": [
                {"conditions": [{"path": "args.amount", "op": "gt", "value": 500}]},
                {"conditions": [{"path": "args.items[*].price", "op": "gt", "value": 500}]},
                {"conditions": [{"path": "args.task.user_id", "op": "eq", "value": "root"}]},
            ],
            "limits": [{"counter": "n", "window": "day", "max": 10, "per": ["args.cost"]}],
        }
    },
}


@pytest.fixture
def reading(door: Gateway) -> Iterator[None]:
    before = door.servers["crm"]
    door.register(before, READING)
    yield
    door.register(before, POLICY)


@pytest.mark.parametrize("case", SPELLINGS)
def test_a_name_that_a_server_may_read_as_another_is_denied(
    door: Gateway, upstream: UpstreamProcess, reading: None, case: str
) -> None:
    facts = door.call("pay", SPELLINGS[case]).json()["result"]["_meta"]["holdpoint/decision"]
    assert (facts["effect"], facts["rule"]) == ("deny", "(argument name)")
    assert upstream.recorded()["requests"] == []


def test_names_that_the_policy_does_not_read_are_nobody_s_but_the_server_s(
    door: Gateway, reading: None
) -> None:
    given = {"amount": 5, "note": 1, "Note": 2, "task": {"Amount": 9_000}, "items": [{"task": {}}]}
    before = door.servers["crm"]
    with scripted(answer("200 OK", RESULT)) as (url, requests):
        door.register(replace(before, upstream=url), READING)
        assert door.call("pay", given).status_code == 200
    door.register(before, READING)
    assert len(requests) == 1


def test_what_is_forwarded_holds_only_known_keys_and_no_header_of_the_client_s(
    door: Gateway,
) -> None:
    before = door.servers["crm"]
    secrets = {"Cookie": "canary=1", "X-Api-Key": "canary", "X-Forwarded-For": "canary"}
    body = {**param(task={"ttl": 1}, surprise="canary"), "extra": "canary"}
    with scripted(answer("200 OK", RESULT)) as (url, requests):
        door.register(replace(before, upstream=url))
        assert door.post(body, headers={**HEADERS, **secrets}).status_code == 200
    door.register(before)
    (request,) = requests
    head, _, sent = request.partition(b"\r\n\r\n")
    assert json.loads(sent)["params"].keys() == {"name", "arguments", "_meta"}
    assert b"canary" not in request and door.token.encode() not in request
    assert b"authorization" not in head.lower() and b"cookie" not in head.lower()


@pytest.mark.parametrize("key", ["holdpoint/decision", "holdpoint\\/decisio\\u006e"])
def test_a_server_cannot_say_what_the_gateway_decided(door: Gateway, key: str) -> None:
    before = door.servers["crm"]
    forged = RESULT.replace(
        '"content":[]', f'"content":[],"_meta":{{"{key}":{{"effect":"allow"}},"n":{2**64}}}'
    )
    with scripted(answer("200 OK", forged)) as (url, _):
        door.register(replace(before, upstream=url))
        result = door.post(BODY, headers=HEADERS).json()["result"]
    door.register(before)
    assert result == {"resultType": "complete", "content": [], "_meta": {"n": 2**64}}


@pytest.mark.parametrize("method", ["resources/list", "prompts/list", "completion/complete"])
def test_side_channels_are_closed_unless_the_registration_opens_them(
    door: Gateway, upstream: UpstreamProcess, method: str
) -> None:
    body, headers = modern(method, {})
    answer = door.post(body, headers=headers)
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, -32601)
    body, headers = legacy(method, {})
    answer = door.post(body, headers=headers)
    assert (answer.status_code, answer.json()["error"]["code"]) == (200, -32601)
    assert upstream.recorded()["requests"] == []


@pytest.mark.parametrize("era", [modern, legacy])
@pytest.mark.parametrize("number", [2**53 + 1, -(2**63) + 1])
def test_an_integer_that_others_round_arrives_digit_for_digit(
    door: Gateway, era: Callable[..., Any], number: int
) -> None:
    before = door.servers["crm"]
    body, headers = era("tools/call", {"name": "read_customer", "arguments": {"id": number}})
    with scripted(answer("200 OK", RESULT)) as (url, requests):
        door.register(replace(before, upstream=url))
        assert door.post(body, headers=headers).status_code == 200
    door.register(before)
    assert f'"id":{number}' in requests[0].decode()


def test_a_reply_to_nothing_that_could_have_been_asked_ends_here(
    door: Gateway, upstream: UpstreamProcess
) -> None:
    reply = {"jsonrpc": "2.0", "id": "q", "result": {"action": "accept"}}
    assert door.post(reply, headers=PLAIN_HEADERS).status_code == 202
    assert upstream.recorded()["requests"] == []
