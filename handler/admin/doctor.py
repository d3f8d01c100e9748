"""Examines a deployed gateway by real calls through its front door.

Calls a probe of its own as an agent would. Must not know AWS or HTTP; the door and the account are
handed in. A finding says what is wrong and how to mend it.
"""

import secrets
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass

from compiler.names import DEFAULT_DENY
from handler.admin import authorities, probe
from handler.admin.door import Answered, Door, DoorClosed
from handler.admin.findings import Finding, State
from handler.approvals.book import Book
from handler.approvals.lifecycle import Event, Status
from handler.audit.record import Outcome
from handler.clock import Clock
from handler.stores.base import Registry, StoreUnavailable
from handler.stores.ledger import Ledger

PROBE_SECONDS = 600.0
"""How long the probe's grant is good, should nobody be left to revoke it."""

MAIL_SECONDS = 60.0
"""How long the workflow may take to mail an approver."""

NEWEST = 50
"""Approvals among which one that was just made is looked for."""

MOST_DRIFT = 30.0
"""Seconds by which clocks may differ; the gateway denies beyond it."""


@dataclass(frozen=True, slots=True)
class Patient:
    """The gateway to examine."""

    registry: Registry
    ledger: Ledger
    book: Book
    door: Door
    clock: Clock
    gateway_url: str
    approver: str
    modules: bool
    """Whether it decides with WASM modules."""
    keys: authorities.CountKeys
    pause: Callable[[float], Awaitable[None]]
    """Waits so many seconds: the workflow tells nobody that it has mailed."""


async def examine(patient: Patient) -> list[Finding]:
    """The findings about the gateway itself, in order. Leaves nothing that can be used."""
    try:
        stranger = await patient.door.call(probe.NAME, "", "allowed", {})
    except DoorClosed as closed:
        return [_closed(str(closed))]
    findings = [_front_door(stranger), _clock(stranger, patient.clock.now())]
    if stranger.status != 401:
        return findings
    try:
        async with _placed(patient) as token:
            for examination in (_allowed, _denied, _held):
                try:
                    findings.append(await examination(patient, token))
                except DoorClosed as closed:
                    findings.append(_closed(str(closed)))
        servers = await patient.registry.servers()
    except StoreUnavailable as error:
        return [*findings, _tables(error)]
    found = await authorities.examine(servers, patient.door, patient.keys, patient.gateway_url)
    return findings + found


def _placed(patient: Patient) -> AbstractAsyncContextManager[str]:
    return probe.placed(
        patient.registry,
        patient.ledger,
        gateway_url=patient.gateway_url,
        approver=patient.approver,
        modules=patient.modules,
        expires_at=patient.clock.now() + PROBE_SECONDS,
    )


def _closed(why: str) -> Finding:
    return Finding(
        "front door",
        State.WRONG,
        f"nothing answers: {why}",
        "look at the stack's GatewayUrl output, and at DNS and the certificate of a custom domain",
    )


TABLE_MENDS = {
    "no right": "attach the stack's admin policy (its AdminPolicyArn output) to your identity",
    "clock differs": "set this machine's clock",
    "ResourceNotFound": "a table of the stack is gone: deploy it again, or recover the table",
}
"""What to do, by a word of the store's complaint."""


def _tables(error: StoreUnavailable) -> Finding:
    mend = "run it again; if it stays, look at Tables on the dashboard and at AWS Health"
    mends = (text for word, text in TABLE_MENDS.items() if word in str(error))
    told = f"the tables did not take what was asked: {error}"
    return Finding("tables", State.WRONG, told, next(mends, mend))


def _front_door(stranger: Answered) -> Finding:
    what = "front door"
    if stranger.status == 401:
        return Finding(what, State.FINE, "answers, and turns away whoever has no token")
    mend = "read the log group of the gateway function"
    if stranger.status == 429 or (stranger.status == 503 and "message" in stranger.body):
        mend = "it was refused before it ran: look at GatewayThrottles in docs/operate-aws.md"
    elif stranger.status == 503:
        mend = (
            "the function cannot read the sealing keys, or its bundle lacks the engine: its log "
            "says which; deploy the stack again"
        )
    return Finding(what, State.WRONG, f"answered {stranger.status} to a call without token", mend)


def _clock(stranger: Answered, now: float) -> Finding:
    if stranger.at is None:
        return Finding("clock", State.UNTOLD, "the front door does not tell the time")
    drift = now - stranger.at
    if abs(drift) <= MOST_DRIFT:
        return Finding("clock", State.FINE, "this machine's and the front door's agree")
    return Finding(
        "clock",
        State.WRONG,
        f"this machine's differs from the front door's by {drift:.0f} s",
        "set this machine's clock: tokens and approvals expire by it",
    )


async def _allowed(patient: Patient, token: str) -> Finding:
    answered = await patient.door.call(probe.NAME, token, "allowed", {})
    outcome = answered.facts.get("outcome")
    if outcome == Outcome.UNUSABLE and "answered 5" in answered.said:
        mend = "read the log group of the approvals function"
        return Finding("allowed call", State.WRONG, "the approval pages fail", mend)
    if outcome == Outcome.UNUSABLE:
        told = "decided, recorded, forwarded, and answered by the approval pages"
        return Finding("allowed call", State.FINE, told)
    mend = "read the log group of the gateway function"
    if outcome in (Outcome.NEVER_REACHED, Outcome.LOST):
        mend = "the function cannot reach this URL from inside AWS: look at DNS and the certificate"
    elif "error" in answered.body:
        mend = "look at the StoreDenials alarm in docs/operate-aws.md"
    return Finding("allowed call", State.WRONG, answered.said, mend)


async def _denied(patient: Patient, token: str) -> Finding:
    answered = await patient.door.call(probe.NAME, token, "denied", {})
    if answered.facts.get("rule") == DEFAULT_DENY:
        return Finding("denied call", State.FINE, "denied by the policy's default")
    mend = "pause everything, then read the gateway's log: this must never happen"
    if "error" in answered.body or answered.facts.get("effect") == "deny":
        mend = "it went no further; look at the StoreDenials alarm in docs/operate-aws.md"
    told = f"was not denied by the policy: {answered.said}"
    return Finding("denied call", State.WRONG, told, mend)


async def _held(patient: Patient, token: str) -> Finding:
    """The call is held and its approver mailed; then it is withdrawn.

    An argument of its own keeps it from joining the call of an examination shortly before.
    """
    only = {"examination": secrets.token_hex(8)}
    answered = await patient.door.call(probe.NAME, token, "held", only)
    approval_id = answered.facts.get("approval")
    if not isinstance(approval_id, str):
        await _withdraw_all(patient)
        mend = "look at the state machine's executions, and at GatewayErrors in docs/operate-aws.md"
        return Finding("held call", State.WRONG, answered.said, mend)
    try:
        return await _mailed(patient, approval_id)
    finally:
        await _withdraw(patient, approval_id)


async def _mailed(patient: Patient, approval_id: str) -> Finding:
    deadline = patient.clock.now() + MAIL_SECONDS
    while patient.clock.now() < deadline:
        approval = await patient.ledger.approval(approval_id)
        if approval is not None and approval.mailed:
            return Finding("held call", State.FINE, f"held, and {patient.approver} was mailed")
        if approval is not None and approval.undeliverable:
            return Finding(
                "held call",
                State.WRONG,
                f"held, but SES refused the mail to {patient.approver}",
                "look at UndeliveredMail in docs/operate-aws.md: sandbox, sender, MailDomains",
            )
        await patient.pause(0.5)
    return Finding(
        "held call",
        State.WRONG,
        f"held, but nobody was mailed within {MAIL_SECONDS:.0f} s",
        f"look at the execution {approval_id} of the state machine and at the workflow's log",
    )


async def _withdraw_all(patient: Patient) -> None:
    """A call may have been held without its agent being told so."""
    for approval in await patient.ledger.approvals(NEWEST):
        if approval.server == probe.NAME:
            await _withdraw(patient, approval.id)


async def _withdraw(patient: Patient, approval_id: str) -> None:
    while (approval := await patient.book.current(approval_id)) is not None:
        if approval.status is not Status.PENDING:
            return
        if await patient.book.take(approval, Event.WITHDRAW, detail="A probe of the doctor."):
            return
