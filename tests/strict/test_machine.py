"""The state machine on an interpreter that is as strict as AWS's: every path, retry and catch."""

import asyncio
import json
import time
from pathlib import Path

import pytest
from aiohttp import web

from handler.approvals.lifecycle import Status
from handler.approvals.model import Approval
from tests.emulated.faults import Fault, Handler, Plan, Proxy
from tests.patience import PATIENCE
from tests.strict.invoking import BROKEN, THROTTLED, Refusal
from tests.strict.upstream import RESULT, hang
from tests.strict.world import (
    AT_ONCE,
    CREDENTIAL,
    DEFINITION,
    NEVER,
    SEALING_TEXT,
    World,
    until,
)

pytestmark = pytest.mark.anyio

CARRIED = ["Notify", "Follow", "IsFinal", "Done"]
AWAITED = ["Notify", "AwaitAnswer", "Follow", "IsFinal", "Done"]
SETTLED = ["AwaitLease", "Settle", "IsSettled"]


def failing(fault: Fault | Handler, operation: str, times: int = 1000) -> Plan:
    """The next so many requests of this operation meet the fault."""
    left = times

    def plan(asked: str, number: int) -> Fault | Handler | None:
        nonlocal left
        left -= asked == operation
        return fault if asked == operation and left >= 0 else None

    return plan


async def carried_to_its_end(strict: World, label: str, held: Approval) -> None:
    """A yes, and the call runs once, however Notify came to pass."""
    await strict.press(await strict.link(label), "approve")
    assert (await strict.ended(held))["status"] == "SUCCEEDED"
    assert await strict.status(label) is Status.EXECUTED
    assert strict.upstream.calls[label] == 1
    assert await strict.states(held) == CARRIED


async def test_an_approved_call_runs_once_and_its_execution_ends(strict: World) -> None:
    label, held = await strict.held()
    await carried_to_its_end(strict, label, held)
    assert await strict.errors(held) == []


async def test_a_rejected_call_never_runs_and_gives_its_quota_back(strict: World) -> None:
    label, held = await strict.held()
    assert await strict.tally(held) == 1
    assert await strict.press(await strict.link(label), "reject") == "Rejected"
    assert (await strict.ended(held))["status"] == "SUCCEEDED"
    assert await strict.status(label) is Status.REJECTED
    assert (strict.upstream.calls[label], await strict.tally(held)) == (0, 0)


async def test_the_time_out_follows_the_item_and_expires_the_call(strict: World) -> None:
    label, held = await strict.held("refund_soon")
    await strict.link(label)
    await strict.time_is_over(label)
    assert (await strict.ended(held))["status"] == "SUCCEEDED"
    assert await strict.errors(held) == ["States.Timeout"]
    assert await strict.states(held) == CARRIED
    assert await strict.status(label) is Status.EXPIRED
    assert (strict.upstream.calls[label], await strict.tally(held)) == (0, 0)


async def test_a_time_out_before_the_items_own_deadline_decides_nothing(strict: World) -> None:
    label, held = await strict.held("refund_soon")
    await strict.link(label)
    await strict.hasten(timeouts=AT_ONCE)
    await strict.enters(held, "Settle")
    assert await strict.status(label) is Status.PENDING
    await strict.note(label, deadline=time.time())
    assert (await strict.ended(held))["status"] == "SUCCEEDED"
    assert await strict.status(label) is Status.EXPIRED


RETRIED = (
    "ServiceException",
    "AWSLambdaException",
    "SdkClientException",
    "ClientExecutionTimeoutException",
    "TooManyRequestsException",
    "Unknown",
)


@pytest.mark.parametrize("code", RETRIED)
async def test_mailing_is_tried_again_where_lambda_itself_failed(strict: World, code: str) -> None:
    strict.functions.refusals.append(Refusal(500, code))
    label, held = await strict.held()
    await carried_to_its_end(strict, label, held)
    assert await strict.errors(held) == [f"Lambda.{code}"]


async def test_mailing_is_tried_again_where_the_store_was_away(strict: World) -> None:
    label = await strict.grant()
    await strict.call(label, "read", id="warming up")  # the gateway is warm
    await strict.hasten(retries=NEVER)
    strict.proxy.plan = after_start(strict, Fault.OLD_DATE)  # which is not waited for
    await strict.call(label, "refund", id=label)
    held = await strict.approval(label)
    await strict.errs(held, "StoreUnavailable")
    strict.calm()
    await strict.hasten(retries=AT_ONCE)
    await carried_to_its_end(strict, label, held)


def after_start(strict: World, fault: Fault) -> Plan:
    """The store fails from the moment that the execution was started."""
    begun = False

    def plan(asked: str, number: int) -> Fault | None:
        nonlocal begun
        if begun and asked in ("GetItem", "UpdateItem", "TransactWriteItems"):
            return fault
        begun = begun or asked == "StartExecution"
        return None

    return plan


async def test_mailing_is_tried_again_where_the_keys_could_not_be_read(strict: World) -> None:
    await strict.workflow.kill()
    label = await strict.grant()
    await strict.call(label, "read", id="warming up")
    strict.proxy.plan = failing(Fault.BROKEN, "GetSecretValue", times=1)
    await strict.call(label, "refund", id=label)
    held = await strict.approval(label)
    await carried_to_its_end(strict, label, held)
    assert await strict.errors(held) == ["SecretMissing"]


async def test_mailing_is_tried_again_where_ses_failed_for_now(strict: World) -> None:
    await strict.hasten(retries=NEVER)
    strict.proxy.plan = failing(Fault.BROKEN, "SendEmail")
    label, held = await strict.held()
    await strict.errs(held, "MailPending")
    strict.proxy.plan = lambda operation, number: None
    await strict.try_again(label)
    await carried_to_its_end(strict, label, held)


async def test_mailing_is_tried_again_where_its_function_timed_out(strict: World) -> None:
    hanging = asyncio.Event()

    async def hangs(proxy: Proxy, request: web.Request, body: bytes) -> web.StreamResponse:
        hanging.set()
        return await proxy.hang(request, body)

    await strict.hasten(retries=NEVER)
    strict.proxy.plan = failing(hangs, "SendEmail", times=1)
    label, held = await strict.held()
    async with asyncio.timeout(PATIENCE):
        await hanging.wait()
    strict.workflow.run_out()
    await strict.errs(held, "Sandbox.Timedout")
    await strict.try_again(label)
    await carried_to_its_end(strict, label, held)


async def test_mailing_that_fails_for_good_leaves_the_call_to_its_deadline(strict: World) -> None:
    strict.proxy.plan = failing(Fault.BROKEN, "SendEmail")
    label, held = await strict.held("refund_soon")
    await strict.enters(held, "AwaitAnswer")
    errors = await strict.errors(held)
    assert set(errors) == {"MailPending"} and len(errors) == 12
    await strict.time_is_over(label)
    assert (await strict.ended(held))["status"] == "SUCCEEDED"
    assert await strict.states(held) == AWAITED
    assert await strict.status(label) is Status.EXPIRED
    assert await strict.tally(held) == 0


async def test_an_operators_yes_runs_a_call_whose_mails_failed_for_good(strict: World) -> None:
    label = await strict.grant()
    strict.functions.refusals.extend([Refusal(500, "Odd"), THROTTLED])
    await strict.call(label, "refund", id=label)
    held = await strict.approval(label)

    async def waits() -> bool | None:
        return strict.asked(strict.workflow, held) == ["await"] or None

    await until(waits)
    assert await strict.operator_says(held, approved=True)
    assert (await strict.ended(held))["status"] == "SUCCEEDED"
    assert await strict.status(label) is Status.EXECUTED
    assert await strict.states(held) == AWAITED
    assert await strict.errors(held) == ["Lambda.Odd", f"Lambda.{THROTTLED.code}"]
    assert strict.upstream.calls[label] == 1


async def test_a_function_that_can_never_be_called_leaves_the_call_to_its_deadline(
    strict: World,
) -> None:
    await strict.hasten(waits=NEVER)
    strict.functions.refusals.extend([Refusal(500, "Odd"), *[THROTTLED] * 21])
    label, held = await strict.held("refund_soon")
    await strict.enters(held, "AwaitDeadline")
    await strict.time_is_over(label)
    assert (await strict.ended(held))["status"] == "SUCCEEDED"
    assert await strict.status(label) is Status.EXPIRED


async def test_an_execution_whose_process_dies_is_not_run_again_and_ends_as_unknown(
    strict: World,
) -> None:
    label, held = await strict.held()
    strict.upstream.behave(hang)
    await strict.press(await strict.link(label), "approve")
    await strict.upstream.reached()
    await strict.workflow.kill()
    await lease_is_waited_out(strict, label, held, "Runtime.ExitError")


async def test_an_execution_that_times_out_is_not_run_again_and_ends_as_unknown(
    strict: World,
) -> None:
    label, held = await strict.held()
    link = await strict.link(label)
    strict.upstream.behave(hang)
    await strict.press(link, "approve")
    await strict.upstream.reached()
    strict.workflow.run_out()
    await lease_is_waited_out(strict, label, held, "Sandbox.Timedout")


async def lease_is_waited_out(strict: World, label: str, held: Approval, error: str) -> None:
    """Settle finds it executing for as long as the lease lasts, then writes unknown."""
    await strict.enters(held, "Settle", times=2)
    assert await strict.status(label) is Status.EXECUTING
    await strict.note(label, lease_until=time.time())
    assert (await strict.ended(held))["status"] == "SUCCEEDED"
    assert await strict.status(label) is Status.UNKNOWN
    assert await strict.errors(held) == [error]
    assert (await strict.states(held))[:5] == ["Notify", "Follow", *SETTLED]
    assert strict.asked(strict.workflow, held).count("follow") == 1
    assert (strict.upstream.calls[label], await strict.tally(held)) == (1, 1)


@pytest.mark.parametrize("refusal", [THROTTLED, BROKEN])
async def test_a_call_that_was_never_started_is_started_once_the_lease_was_waited_out(
    strict: World, refusal: Refusal
) -> None:
    label, held = await strict.held()
    link = await strict.link(label)
    strict.functions.refusals.append(refusal)
    await strict.press(link, "approve")
    assert (await strict.ended(held))["status"] == "SUCCEEDED"
    assert await strict.status(label) is Status.EXECUTED
    assert await strict.errors(held) == [f"Lambda.{refusal.code}"]
    assert await strict.states(held) == ["Notify", "Follow", *SETTLED, "Follow", "IsFinal", "Done"]
    assert strict.upstream.calls[label] == 1


async def test_settling_is_tried_again_until_it_is_done(strict: World) -> None:
    label, held = await strict.held()
    link = await strict.link(label)
    strict.functions.refusals.extend([THROTTLED, THROTTLED, BROKEN, THROTTLED])
    await strict.press(link, "approve")
    assert (await strict.ended(held))["status"] == "SUCCEEDED"
    assert await strict.status(label) is Status.EXECUTED
    assert len(await strict.errors(held)) == 4


async def test_an_execution_that_cannot_be_settled_fails_for_the_alarm_and_the_item_still_decides(
    strict: World,
) -> None:
    await strict.hasten(retries=AT_ONCE)
    label, held = await strict.held()
    link = await strict.link(label)
    strict.functions.refusals.extend([THROTTLED] * 12)
    await strict.press(link, "approve")
    assert (await strict.ended(held))["status"] == "FAILED"
    await strict.note(label, changed_at=time.time() - 301)
    answered = await strict.call(label, "refund", id=label)
    assert "not started in time" in json.dumps(answered)
    assert await strict.status(label) is Status.FAILED
    assert (strict.upstream.calls[label], await strict.tally(held)) == (0, 0)


async def test_nothing_secret_is_in_an_executions_input_history_or_in_a_log(strict: World) -> None:
    label = await strict.grant()
    strict.proxy.plan = failing(Fault.BROKEN, "SendEmail")
    await strict.hasten(retries=NEVER)
    await strict.call(label, "refund", id=label, note="canary-argument")
    held = await strict.approval(label)
    await strict.errs(held, "MailPending")
    strict.proxy.plan = lambda operation, number: None
    await strict.try_again(label)
    link = await strict.link(label)
    await strict.press(link, "approve")
    told = await strict.ended(held)
    texts = [json.dumps([told, await strict.history(held)], default=str)]
    texts += [each.log for each in (strict.gateway, strict.workflow, strict.approvals)]
    secrets = {
        "canary-argument",
        CREDENTIAL,
        SEALING_TEXT,
        RESULT,
        strict.tokens[label],
        link.rpartition("/")[2],
    }
    assert strict.upstream.calls[label] == 1
    assert strict.upstream.headers[-1]["x-upstream-key"] == CREDENTIAL
    assert [secret for secret in secrets for text in texts if secret in text] == []
    assert set(json.loads(told["input"])) == {"approval", "wait_seconds", "lease_seconds"}


DRIVEN = {
    "Notify": {
        "States.Timeout",
        "States.ALL",
        "StoreUnavailable",
        "MailPending",
        "SecretMissing",
        "Sandbox.Timedout",
        "Runtime.ExitError",
        *(f"Lambda.{code}" for code in RETRIED),
    },
    "AwaitAnswer": {"States.Timeout", "States.ALL"},
    "Follow": {"States.ALL"},
    "Settle": {"States.ALL"},
}
"""The errors that tests of this folder drive, by state: Runtime.ExitError in test_crash_windows."""


def test_every_error_that_the_definition_names_is_driven_and_nothing_else() -> None:
    states = json.loads(Path(DEFINITION).read_text())["States"]
    named = {
        name: {
            error
            for rule in state.get("Retry", []) + state.get("Catch", [])
            for error in rule["ErrorEquals"]
        }
        for name, state in states.items()
        if state["Type"] == "Task"
    }
    assert named == DRIVEN
    assert "Retry" not in states["Follow"]
