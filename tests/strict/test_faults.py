"""What agents are told, and what becomes of quota, when something that a call needs is not there.

Each test is a row of docs/faults.md: the text that the row quotes is what the agent hears.
"""

import asyncio
import json
import re
import time
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from handler.admin import grants, servers
from handler.approvals.lifecycle import Status
from handler.approvals.steps import FORSAKEN_SECONDS
from handler.oauth.model import Authority, Issuer, Rule
from tests.emulated.faults import Fault, Proxy
from tests.oauth.authority import CLIENT, authorization_server
from tests.strict import upstream as manners
from tests.strict.world import World, until

pytestmark = pytest.mark.anyio

DOCS = Path(__file__).parents[2] / "docs" / "faults.md"
STORE = ("GetItem", "UpdateItem", "TransactWriteItems", "PutItem")
COVERED: set[str] = set()

Test = Callable[..., Awaitable[None]]


def row(fault: str) -> Callable[[Test], Test]:
    """The row of the table that a test proves."""
    COVERED.add(fault)
    return lambda test: test


def rows(faults: Iterable[str]) -> list[str]:
    """Several rows that one test proves."""
    COVERED.update(faults)
    return sorted(faults)


def cells() -> list[list[str]]:
    """The table's rows, its head aside."""
    rows = [row.split("|") for row in DOCS.read_text().splitlines() if row.startswith("| ")]
    return [[cell.strip() for cell in row[1:-1]] for row in rows if len(row) == 7][1:]


def table() -> dict[str, str]:
    """Fault -> the text that the agent hears, as documented."""
    return {fault: told.strip("`") for fault, told, *_ in cells()}


def operators() -> dict[str, str]:
    """Fault -> what the operator sees; `the same` means the row above."""
    found: dict[str, str] = {}
    last = ""
    for fault, _, seen, *_ in cells():
        last = last + seen if seen.startswith("the same") else seen
        found[fault] = last
    return found


def hears(answer: Any, fault: str) -> bool:
    return table()[fault] in json.dumps(answer, ensure_ascii=False)


def noted(strict: World, label: str, fault: str) -> bool:
    """Whether the decision log says of this grant's calls what the operator is promised."""
    outcomes = re.findall(r"outcome `([^`]+)`", operators()[fault])
    lines = [line for line in strict.gateway.news.split("\n") if line.startswith("{")]
    records = [json.loads(line) for line in lines]
    calls = {
        record["call"]
        for record in records
        if record.get("record") == "decided" and record["label"] == label
    }
    ended = [record for record in records if record.get("record") == "ended"]
    found = {record["outcome"] for record in ended if record["call"] in calls}
    return bool(outcomes) and set(outcomes) <= found


async def counted(strict: World, label: str) -> int:
    """How much of the grant's limit of three is used: by using up the rest."""
    left = 0
    while "[POLICY DENIED]" not in json.dumps(await strict.call(label, "count", id="counting")):
        left += 1
    return 3 - left


STORE_FAULTS = {
    "DynamoDB throttles": Fault.THROTTLED,
    "DynamoDB cannot be reached": Fault.LOST_REQUEST,
    "DynamoDB answers nothing": Fault.HANGING,
    "DynamoDB is broken": Fault.BROKEN,
    "DynamoDB takes longer than 1 s for each request": Fault.TOO_LATE,
    "this clock and DynamoDB's differ by more than 30 s": Fault.OLD_DATE,
}


@dataclass(frozen=True)
class Denied:
    """A call of a gateway whose store has a fault."""

    label: str
    answer: Any
    seconds: float
    log: str


async def without_its_store(strict: World, kind: Fault) -> Denied:
    """A gateway of its own, already warm, whose store meets the fault with its next call."""
    label = await strict.grant()
    async with strict.another_gateway(f"{kind.name}.log") as (function, front, proxy):
        await strict.call(label, "read", at=front, id="warming up")
        proxy.plan = lambda asked, number: kind if asked in STORE else None
        began = time.monotonic()
        answer = await strict.call(label, "count", at=front, id=label)
        return Denied(label, answer, time.monotonic() - began, function.log)


@pytest.fixture(scope="module")
async def denied(strict_world: World) -> dict[Fault, Denied]:
    """By the store's fault. Side by side: most are waited out for three seconds."""
    await strict_world.fresh()
    kinds = [*STORE_FAULTS.values()]
    calls = await asyncio.gather(*(without_its_store(strict_world, kind) for kind in kinds))
    return dict(zip(kinds, calls, strict=True))


@pytest.mark.parametrize("fault", rows(STORE_FAULTS))
async def test_without_its_store_the_gateway_denies_in_time_and_forwards_nothing(
    strict: World, denied: dict[Fault, Denied], fault: str
) -> None:
    kind = STORE_FAULTS[fault]
    call = denied[kind]
    assert call.seconds < 5
    assert call.answer["error"]["code"] == -32603 and hears(call.answer, fault)
    assert strict.upstream.calls[call.label] == 0
    done = kind in (Fault.TOO_LATE, Fault.OLD_DATE)  # the write was, and counts
    assert await counted(strict, call.label) == done
    assert "could not be decided" in call.log


@row("DynamoDB takes half a second for each request")
async def test_a_slow_store_delays_a_call_and_changes_nothing_else(strict: World) -> None:
    label = await strict.grant()
    await strict.call(label, "read", id="warming up")
    strict.proxy.plan = lambda asked, number: Fault.LATE if asked in STORE else None
    answer = await strict.call(label, "count", id=label)
    assert hears(answer, "DynamoDB takes half a second for each request")
    strict.calm()
    assert (strict.upstream.calls[label], await counted(strict, label)) == (1, 1)


@row("an answer of DynamoDB is lost")
async def test_a_write_whose_answer_was_lost_counts_once(strict: World) -> None:
    label = await strict.grant()
    await strict.call(label, "read", id="warming up")
    strict.proxy.fail_once(Fault.LOST_ANSWER, "UpdateItem")
    answer = await strict.call(label, "count", id=label)
    assert hears(answer, "an answer of DynamoDB is lost")
    strict.calm()
    assert (strict.upstream.calls[label], await counted(strict, label)) == (1, 1)


@row("the keys cannot be read at a cold start")
async def test_without_its_keys_the_gateway_serves_nothing_and_asks_again(strict: World) -> None:
    fault = "the keys cannot be read at a cold start"
    await strict.gateway.kill()
    label = await strict.grant()
    strict.proxy.fail_once(Fault.BROKEN, "GetSecretValue")
    headers = {"Authorization": f"Bearer {strict.tokens[label]}"}
    async with strict.http.post(f"{strict.front.url}/mcp/shop", headers=headers) as answered:
        assert answered.status == 503 and hears(await answered.text(), fault)
    assert "error" not in await strict.call(label, "read", id=label)
    assert strict.upstream.calls[label] == 1


@row("the keys of an authorization server cannot be had")
async def test_an_access_token_that_nobody_can_check_opens_nothing_until_there_are_keys(
    strict: World,
) -> None:
    label = await strict.grant()
    grant = await grants.named(strict.store.ledger, label)
    registry = strict.store.registry
    with authorization_server() as issuer:
        issuer.broken = True
        rules = (Rule("client_id", CLIENT, grant.id),)
        authority = Authority(Issuer(issuer.issuer, private_network=True), rules)
        await servers.change(registry, "shop", lambda seen: replace(seen, oauth=authority))
        strict.tokens[label] = issuer.token(f"{strict.front.url}/mcp/shop")
        answer = await strict.call(label, "count", id=label)
        assert hears(answer, "the keys of an authorization server cannot be had")
        assert strict.upstream.calls[label] == 0 and issuer.issuer in strict.gateway.news
        issuer.broken = False
        await strict.gateway.kill()  # a process waits half a minute before it asks again
        assert "error" not in await strict.call(label, "count", id=label)
    await servers.change(registry, "shop", lambda seen: replace(seen, oauth=None))
    assert strict.upstream.calls[label] == 1


@row("StartExecution fails")
async def test_a_held_call_whose_workflow_could_not_start_is_carried_on_by_its_repeat(
    strict: World,
) -> None:
    label = await strict.grant()
    await strict.call(label, "read", id="warming up")
    strict.proxy.plan = lambda asked, n: Fault.BROKEN if asked == "StartExecution" else None
    answer = await strict.call(label, "refund", id=label)
    assert hears(answer, "StartExecution fails")
    assert await strict.status(label) is Status.PENDING
    strict.calm()
    await strict.call(label, "refund", id=label)
    await strict.press(await strict.link(label), "approve")
    held = await strict.becomes(label, Status.EXECUTED)
    assert (strict.upstream.calls[label], await strict.tally(held)) == (1, 1)


@row("StartExecution fails, and the agent does not repeat")
async def test_a_held_call_that_nobody_carries_ends_by_the_clock(strict: World) -> None:
    label = await strict.grant()
    strict.proxy.plan = lambda asked, n: Fault.BROKEN if asked == "StartExecution" else None
    answer = await strict.call(label, "refund", id=label)
    assert hears(answer, "StartExecution fails, and the agent does not repeat")
    strict.calm()
    held = await strict.approval(label)
    await strict.note(label, deadline=time.time() - FORSAKEN_SECONDS)
    await strict.workflow.invoke(b'{"step": "sweep"}')
    assert await strict.status(label) is Status.EXPIRED
    assert (strict.upstream.calls[label], await strict.tally(held)) == (0, 0)


@row("SES refuses an approver's address")
@pytest.mark.parametrize("code", ["MessageRejected", "AccessDeniedException"])
async def test_an_approver_whom_ses_refuses_is_marked_and_the_call_expires(
    strict: World, code: str
) -> None:
    """It refuses one that nobody verified, and one that `MailDomains` keeps from the role."""

    async def refuse(proxy: Proxy, request: web.Request, body: bytes) -> web.StreamResponse:
        return web.json_response(
            {"message": "Email address is not verified."},
            status=400,
            headers={"x-amzn-ErrorType": code},
        )

    strict.proxy.plan = lambda asked, number: refuse if asked == "SendEmail" else None
    label = await strict.grant()
    answer = await strict.call(label, "refund_soon", id=label)
    assert hears(answer, "SES refuses an approver's address")

    held = await strict.approval(label)
    await strict.marked(label)
    assert (await strict.approval(label)).undeliverable == ("ops@example.com",)
    assert "too few approvers can be reached" in strict.workflow.news

    async def measured() -> bool | None:
        return "undelivered_mail" in strict.workflow.news or None

    await until(measured)
    await strict.note(label, deadline=time.time())
    answer = await strict.call(label, "refund_soon", id=label)
    assert await strict.status(label) is Status.EXPIRED and await strict.tally(held) == 0


@row("SendTaskSuccess fails")
async def test_an_answer_that_could_not_wake_is_kept_and_pressing_again_wakes(
    strict: World,
) -> None:
    label, held = await strict.held()
    strict.proxy.plan = lambda asked, n: Fault.BROKEN if asked == "SendTaskSuccess" else None
    link = await strict.link(label)
    page = await strict.opened(link)
    told = await asyncio.to_thread(page.press, "approve", note="")
    assert told.title == "Approved, not started yet" and "The approval is kept." in told.html
    assert "an answer is kept" in strict.approvals.news
    answer = await strict.call(label, "refund", id=label)
    assert hears(answer, "SendTaskSuccess fails")
    assert await strict.status(label) is Status.APPROVED
    strict.calm()
    assert await strict.pressed(told, "approve") == "Already decided: approved"
    await strict.becomes(label, Status.EXECUTED)
    assert (strict.upstream.calls[label], await strict.tally(held)) == (1, 1)


UNREACHED = {"the upstream is down": "gone", "the upstream's credential is missing": "locked"}


@pytest.mark.parametrize("fault", rows(UNREACHED))
async def test_a_call_that_never_reached_the_upstream_gives_its_quota_back(
    strict: World, fault: str
) -> None:
    label = await strict.grant(UNREACHED[fault])
    answer = await strict.call(label, "count", id=label)
    assert hears(answer, fault) and strict.upstream.calls[label] == 0
    for _ in range(4):
        assert "[NOT SENT]" in json.dumps(await strict.call(label, "count", id=label))
    assert noted(strict, label, fault)


SENT = {
    "the upstream answers 503": manners.fail,
    "the upstream breaks off": manners.break_off,
    "the upstream answers 7 MB": manners.flood,
}


@pytest.mark.parametrize("fault", rows(SENT))
async def test_a_call_that_may_have_run_keeps_its_quota_and_says_so(
    strict: World, fault: str
) -> None:
    label = await strict.grant()
    strict.upstream.behave(SENT[fault])
    answer = await strict.call(label, "count", id=label)
    assert hears(answer, fault), answer
    assert noted(strict, label, fault)
    strict.calm()
    assert (strict.upstream.calls[label], await counted(strict, label)) == (1, 1)


@row("the upstream is slow")
@pytest.mark.full
async def test_a_slow_upstream_is_given_up_before_the_front_door_gives_us_up(
    strict: World,
) -> None:
    label = await strict.grant()
    await strict.call(label, "read", id="warming up")
    strict.upstream.behave(manners.hang)
    began = time.monotonic()
    answer = await strict.call(label, "count", id=label)
    assert time.monotonic() - began < 27
    assert hears(answer, "the upstream is slow")
    assert noted(strict, label, "the upstream is slow")
    strict.calm()
    assert (strict.upstream.calls[label], await counted(strict, label)) == (1, 1)


APPROVED = {
    "the upstream of an approved call is down": ("gone", manners.answer, Status.FAILED, 0, 0),
    "the upstream of an approved call breaks off": (
        *("shop", manners.break_off, Status.UNKNOWN, 1, 1),
    ),
    "the upstream of an approved call answers 7 MB": (
        *("shop", manners.flood, Status.FAILED, 1, 1),
    ),
}


@pytest.mark.parametrize("fault", rows(APPROVED))
async def test_an_approved_call_whose_upstream_fails_ends_and_says_how(
    strict: World, fault: str
) -> None:
    server, manner, status, sent, tally = APPROVED[fault]
    label, held = await strict.held(server=server)
    link = await strict.link(label)
    strict.upstream.behave(manner)
    await strict.press(link, "approve")
    await strict.becomes(label, status)
    answer = await strict.call(label, "refund", id=label)
    assert hears(answer, fault), answer
    assert (strict.upstream.calls[label], await strict.tally(held)) == (sent, tally)


def test_every_row_of_the_documentation_is_proven_and_nothing_else() -> None:
    assert set(table()) == COVERED
