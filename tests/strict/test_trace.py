"""One id leads through the functions of a stack: request, record, approval, run, log lines."""

import json
from typing import Any

import pytest

from tests.emulated.faults import Fault
from tests.strict.test_machine import failing
from tests.strict.world import NEVER, World
from tests.traced import PARENT, TRACE

pytestmark = pytest.mark.anyio


def lines(log: str) -> list[dict[str, Any]]:
    """What a function printed as JSON."""
    found = [json.loads(line) for line in log.splitlines() if line.startswith("{")]
    return [line for line in found if line.get("trace") == TRACE]


async def test_a_held_calls_trace_is_in_every_functions_lines_and_reaches_the_upstream(
    strict: World,
) -> None:
    strict.proxy.plan = failing(Fault.BROKEN, "SendEmail")
    await strict.hasten(retries=NEVER)
    label = await strict.grant()
    await strict.call(label, "refund", headers={"traceparent": PARENT}, id=label)
    held = await strict.approval(label)
    (call,) = {line["call"] for line in lines(strict.gateway.news)}
    assert held.origin.trace == f"00-{TRACE}-{call}-01"
    assert {line["record"] for line in lines(strict.gateway.news)} == {"decided", "held"}

    await strict.errs(held, "MailPending")
    strict.proxy.plan = lambda operation, number: None
    await strict.try_again(label)
    link = await strict.link(label)
    warned = next(
        line for line in lines(strict.workflow.news) if "a mail was not sent" in line["message"]
    )
    assert (warned["approval"], warned["call"]) == (held.id, call)

    page = await strict.opened(link)
    strict.proxy.plan = failing(Fault.BROKEN, "SendTaskSuccess", times=3)
    await strict.pressed(page, "approve")
    (untold,) = lines(strict.approvals.news)
    assert (untold["approval"], untold["call"]) == (held.id, call)
    await strict.pressed(page, "approve")
    assert (await strict.ended(held))["status"] == "SUCCEEDED"
    assert strict.upstream.headers[-1]["traceparent"] == f"00-{TRACE}-{call}-01"
    assert (await strict.ended(held))["input"].count(TRACE) == 0
    (told,) = [line for line in lines(strict.workflow.news) if line.get("record") == "ended"]
    assert (told["outcome"], told["approval"], told["call"]) == ("executed", held.id, call)
