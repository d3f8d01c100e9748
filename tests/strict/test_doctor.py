"""`holdpoint doctor` on a gateway with faults: what it says is wrong, and how to mend it.

The doctor's own calls on the real functions; only its clock and its patience are the test's.
"""

import asyncio
import re
import time
from dataclasses import replace
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from handler.admin.doctor import Patient, examine
from handler.admin.findings import Finding, State
from handler.admin.probe import NAME as PROBE
from handler.approvals.lifecycle import Status
from handler.clock import FixedClock
from handler.entry.examination import HttpDoor, usable_keys
from handler.grants.model import GrantStatus
from handler.stores.dynamodb.store import DynamoStore
from tests.emulated.faults import Fault, Handler, Plan, Proxy
from tests.emulated.world import connection, emulator, journal
from tests.strict.runtime import Function
from tests.strict.world import APPROVER, World

pytestmark = pytest.mark.anyio

FINE = dict.fromkeys(
    ("front door", "clock", "allowed call", "denied call", "held call"), State.FINE
)


LOOK_SECONDS = 0.05


def patient(strict: World, haste: float = 1, ahead: float = 0, **changes: Any) -> Patient:
    """The strict world; the doctor's seconds pass so much faster while he waits, and he looks
    more often. His clock is so much ahead."""
    clock = FixedClock(time.time() + ahead)

    async def pause(seconds: float) -> None:
        clock.time += LOOK_SECONDS * haste
        await asyncio.sleep(LOOK_SECONDS)  # the workflow is in another process

    whole = Patient(
        registry=strict.store.registry,
        ledger=strict.store.ledger,
        book=strict.book,
        door=HttpDoor(strict.http, f"{strict.front.url}/mcp"),
        clock=clock,
        gateway_url=f"{strict.front.url}/mcp",
        approver=APPROVER,
        modules=False,
        keys=usable_keys,
        pause=pause,
    )
    return replace(whole, **changes)


async def told(examined: Patient) -> dict[str, Finding]:
    return {finding.what: finding for finding in await examine(examined)}


def states(found: dict[str, Finding]) -> dict[str, State]:
    return {what: finding.state for what, finding in found.items()}


def only(operation: str, fault: Fault | Handler) -> Plan:
    return lambda asked, number: fault if asked == operation else None


async def nothing_is_left(strict: World) -> None:
    """Neither the server, nor a grant that works, nor a call that waits."""
    grant = await strict.store.ledger.grant(PROBE)
    assert grant is not None
    assert (grant.status, grant.token_hashes) == (GrantStatus.REVOKED, ())
    assert await strict.store.registry.server(PROBE) is None
    assert Status.PENDING not in {each.status for each in await strict.approvals_of(PROBE)}


async def test_where_all_is_well_every_finding_is_fine(strict: World) -> None:
    assert states(await told(patient(strict))) == FINE
    await nothing_is_left(strict)


async def test_a_gateway_that_nobody_answers_for_is_told_with_where_to_look(strict: World) -> None:
    nowhere = HttpDoor(strict.http, "http://127.0.0.1:9/mcp")
    found = await told(patient(strict, door=nowhere))
    assert states(found) == {"front door": State.WRONG}
    assert (
        "nothing answers" in found["front door"].told and "GatewayUrl" in found["front door"].mend
    )


async def test_keys_that_the_function_cannot_read_are_told(strict: World) -> None:
    await strict.gateway.kill()
    strict.proxy.plan = only("GetSecretValue", Fault.BROKEN)
    found = await told(patient(strict))
    assert found["front door"].state is State.WRONG
    assert "503" in found["front door"].told and "sealing keys" in found["front door"].mend


@pytest.mark.parametrize("status", [429, 503])
async def test_a_front_door_that_has_no_concurrency_left_is_told(
    strict: World, status: int
) -> None:
    """Both are API Gateway's own, for a throttle of its own and for one of Lambda's."""

    async def refuse(request: web.Request) -> web.Response:
        return web.json_response({"message": "Service Unavailable"}, status=status)

    app = web.Application()
    app.router.add_post("/mcp/{server}", refuse)
    async with TestServer(app, host="127.0.0.1") as server:
        found = await told(
            patient(strict, door=HttpDoor(strict.http, str(server.make_url("/mcp"))))
        )
    assert f"answered {status}" in found["front door"].told
    assert "GatewayThrottles" in found["front door"].mend


async def test_a_gateway_function_that_fails_is_told(strict: World) -> None:
    await broken(strict, "/mcp/", "nothing_here")
    found = await told(patient(strict))
    assert "answered 500" in found["front door"].told
    assert "log group of the gateway function" in found["front door"].mend


async def broken(strict: World, path: str, entry: str) -> None:
    """From here on a function that cannot be loaded serves the path, until the test ends."""
    handler = f"handler.entry.{entry}.handler"
    strict.front.routes[path] = await strict.functions.add(
        Function(handler, {}, 29.0, strict.folder / f"{entry}.log")
    )


@pytest.fixture(autouse=True)
def routes(strict: World) -> Any:
    kept = dict(strict.front.routes)
    yield
    strict.front.routes = kept


@pytest.mark.parametrize("drift", [-100.0, 100.0])
async def test_a_clock_that_is_wrong_here_is_told(strict: World, drift: float) -> None:
    found = await told(patient(strict, ahead=drift))
    assert found["clock"].state is State.WRONG
    said = re.search(r"differs from the front door's by (-?\d+) s", found["clock"].told)
    assert said is not None and abs(int(said[1]) - drift) < 30  # so long a cold start may take
    assert "set this machine's" in found["clock"].mend
    await nothing_is_left(strict)


@pytest.mark.parametrize(
    "fault", [pytest.param(Fault.THROTTLED, marks=pytest.mark.full), Fault.OLD_DATE]
)
async def test_a_store_that_the_gateway_cannot_use_is_told(strict: World, fault: Fault) -> None:
    strict.proxy.plan = lambda operation, number: (
        fault if operation in ("UpdateItem", "TransactWriteItems") else None
    )
    await strict.gateway.kill()
    found = await told(patient(strict))
    assert found["held call"].state is State.WRONG
    assert "could not decide" in found["held call"].told
    assert found["denied call"].state is State.FINE
    strict.calm()
    await nothing_is_left(strict)


@pytest.mark.full
async def test_a_store_that_the_gateway_cannot_read_fails_every_call(strict: World) -> None:
    strict.proxy.plan = only("GetItem", Fault.BROKEN)
    found = await told(patient(strict))
    assert [found[f"{kind} call"].state for kind in ("allowed", "denied", "held")] == (
        [State.WRONG] * 3
    )
    assert "StoreDenials" in found["allowed call"].mend


async def test_a_workflow_that_does_not_start_is_told(strict: World) -> None:
    strict.proxy.plan = only("StartExecution", Fault.BROKEN)
    found = await told(patient(strict))
    assert states(found) == {**FINE, "held call": State.WRONG}
    assert "state machine" in found["held call"].mend
    await nothing_is_left(strict)


async def refuse(proxy: Proxy, request: web.Request, body: bytes) -> web.StreamResponse:
    return web.json_response(
        {"message": "Email address is not verified."},
        status=400,
        headers={"x-amzn-errortype": "MessageRejected"},
    )


async def test_a_mail_that_ses_refuses_is_told(strict: World) -> None:
    strict.proxy.plan = only("SendEmail", refuse)
    found = await told(patient(strict))
    assert states(found) == {**FINE, "held call": State.WRONG}
    assert f"SES refused the mail to {APPROVER}" in found["held call"].told
    assert "sandbox" in found["held call"].mend
    await nothing_is_left(strict)


async def test_a_mail_that_is_not_sent_in_time_is_told(strict: World) -> None:
    strict.proxy.plan = only("SendEmail", Fault.BROKEN)
    found = await told(patient(strict, haste=200))
    assert states(found) == {**FINE, "held call": State.WRONG}
    assert "nobody was mailed within 60 s" in found["held call"].told
    assert "workflow's log" in found["held call"].mend
    await nothing_is_left(strict)


async def test_approval_pages_that_fail_are_told(strict: World) -> None:
    await broken(strict, "/approve/", "no_pages")
    found = await told(patient(strict))
    assert states(found) == {**FINE, "allowed call": State.WRONG}
    assert "log group of the approvals function" in found["allowed call"].mend


WRITES = ("PutItem", "UpdateItem", "TransactWriteItems", "DeleteItem")
REFUSALS = {
    "AccessDeniedException": ("has no right to it", "AdminPolicyArn"),
    "ResourceNotFoundException": ("ResourceNotFound", "a table of the stack is gone"),
    "ThrottlingException": ("was not answered in time", "AWS Health"),
}


@pytest.mark.parametrize(
    "code",
    [*list(REFUSALS)[:2], pytest.param("ThrottlingException", marks=pytest.mark.full)],
)
async def test_tables_that_do_not_take_the_operators_writes_are_told(
    strict: World, code: str
) -> None:
    async def refused(proxy: Proxy, request: web.Request, body: bytes) -> web.StreamResponse:
        return web.json_response({"__type": f"x#{code}", "message": "no"}, status=400)

    async with Proxy(emulator().url).running() as between:
        between.plan = lambda operation, number: refused if operation in WRITES else None
        store = DynamoStore(connection(between.url), strict.names, journal())
        found = await told(patient(strict, registry=store.registry, ledger=store.ledger))
        await store.close()
    assert found["front door"].state is State.FINE, "what was found before is not lost"
    assert found["tables"].state is State.WRONG
    why, mend = REFUSALS[code]
    assert why in found["tables"].told and mend in found["tables"].mend
