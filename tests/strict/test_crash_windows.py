"""Every place where a function of the stack can die while a call is held, and what becomes of it.

The windows are the rows of docs/faults.md, word for word. A function's process is killed before or
after one of its requests; the state machine, or the person or agent who waits, carries on.
"""

import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from handler.approvals.lifecycle import Status
from tests.strict.world import AT_ONCE, NEVER, World

pytestmark = pytest.mark.anyio

DOCS = Path(__file__).parents[2] / "docs" / "faults.md"


@dataclass(frozen=True)
class Window:
    """Which function dies at which of its requests, and how the call stands in the end."""

    function: str
    operation: str
    when: str
    status: str
    nth: int = 1
    sent: int = 1
    tally: int = 1
    mails: int = 1


ASKING = {
    "arguments sealed, approval not stored": Window(
        "gateway", "TransactWriteItems", "before", "none", sent=0, mails=0
    ),
    "approval stored, workflow not started": Window(
        "gateway", "TransactWriteItems", "after", "executed"
    ),
    "workflow started, agent not told": Window("gateway", "StartExecution", "after", "executed"),
    "task token not kept": Window("workflow", "UpdateItem", "before", "executed"),
    "task token kept, nobody mailed": Window("workflow", "UpdateItem", "after", "executed"),
    "mailing claimed, no link stored": Window(
        "workflow", "TransactWriteItems", "after", "executed"
    ),
    "link stored, mail not sent": Window("workflow", "SendEmail", "before", "executed"),
    "mail sent, not marked": Window("workflow", "SendEmail", "after", "executed", mails=2),
    "mail marked, mailing not handed back": Window(
        "workflow", "TransactWriteItems", "after", "executed", nth=2
    ),
}
"""Between the agent's request and the mail; then an approver says yes."""

ANSWERING = {
    "answer given, not recorded": Window("approvals", "TransactWriteItems", "before", "executed"),
    "answer recorded, nobody woken": Window("approvals", "TransactWriteItems", "after", "executed"),
    "workflow woken, approver not told": Window(
        "approvals", "SendTaskSuccess", "after", "executed"
    ),
    "decided again, not started": Window(
        "workflow", "TransactWriteItems", "before", "executed", nth=2
    ),
    "started, nothing sent": Window(
        "workflow", "TransactWriteItems", "after", "unknown", nth=2, sent=0
    ),
    "answered, result not kept": Window("workflow", "PutItem", "before", "unknown"),
    "result kept, end not recorded": Window("workflow", "PutItem", "after", "unknown"),
    "end recorded, machine not told": Window(
        "workflow", "TransactWriteItems", "after", "executed", nth=3
    ),
}
"""Between the yes and the end."""


@pytest.mark.parametrize("name", ASKING)
async def test_a_function_that_dies_while_asking_leaves_a_call_that_ends_as_the_table_says(
    strict: World, name: str
) -> None:
    window, label = ASKING[name], await strict.grant()
    await strict.call(label, "read", id="warming up")
    await strict.hasten(retries=NEVER)
    dying = getattr(strict, window.function)
    since = "StartExecution" if window.function == "workflow" else ""
    strict.dies(dying, window.operation, window.when, window.nth, since)
    await strict.call(label, "refund", id=label)
    if window.function == "workflow":
        held = await strict.approval(label)
        await strict.errs(held, "Runtime.ExitError")
        strict.proxy.plan = lambda operation, number: None
        await strict.try_again(label)
    else:
        strict.proxy.plan = lambda operation, number: None
        assert bool(await strict.approvals_of(label)) is (window.status != "none")
        await strict.call(label, "refund", id=label)
    await strict.press(await strict.link(label, window.mails), "approve")
    await ends(strict, label, window)


@pytest.mark.parametrize("name", ANSWERING)
async def test_a_function_that_dies_after_the_yes_leaves_a_call_that_ends_as_the_table_says(
    strict: World, name: str
) -> None:
    window = ANSWERING[name]
    label, held = await strict.held()
    page = await strict.opened(await strict.link(label))
    strict.dies(getattr(strict, window.function), window.operation, window.when, window.nth)
    await strict.pressed(page, "approve")
    if window.function == "workflow":
        await strict.enters(held, "AwaitLease")
        strict.proxy.plan = lambda operation, number: None
        if window.status == "unknown":
            assert await strict.status(label) is Status.EXECUTING
            await strict.note(label, lease_until=time.time())
    else:
        strict.proxy.plan = lambda operation, number: None
        await strict.pressed(page, "approve")
    await ends(strict, label, window)


async def ends(strict: World, label: str, window: Window) -> None:
    held = await strict.approval(label)
    assert (await strict.ended(held))["status"] == "SUCCEEDED"
    expected = "executed" if window.status == "none" else window.status
    assert await strict.status(label) == expected
    assert strict.upstream.calls[label] == (window.sent or (window.status == "none"))
    assert await strict.tally(held) == window.tally
    assert sum(label in mail for mail in await strict.mails()) == (window.mails or 1)


async def test_a_yes_of_which_nobody_was_woken_is_not_run_after_five_minutes(
    strict: World,
) -> None:
    label, held = await strict.held()
    page = await strict.opened(await strict.link(label))
    strict.dies(strict.approvals, "TransactWriteItems", "after")
    await strict.pressed(page, "approve")
    await strict.note(label, changed_at=time.time() - 301)
    await strict.hasten(timeouts=AT_ONCE)
    assert (await strict.ended(held))["status"] == "SUCCEEDED"  # by the time-out
    assert await strict.status(label) is Status.FAILED
    assert (strict.upstream.calls[label], await strict.tally(held)) == (0, 0)


def test_the_documentation_has_the_same_windows_and_outcomes() -> None:
    rows = [row.split("|") for row in DOCS.read_text().splitlines() if row.startswith("| ")]
    documented = {row[1].strip(): row[3].strip() for row in rows if len(row) == 6}
    head, *windows = documented
    assert head == "the function dies" and set(windows) == {*ASKING, *ANSWERING}
    for name, window in {**ASKING, **ANSWERING}.items():
        assert documented[name].startswith(f"`{window.status}`"), name
