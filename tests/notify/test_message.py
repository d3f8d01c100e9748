"""The mail says what the page says, and nothing that an agent writes can change its shape."""

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

from handler.approvals.lifecycle import Status
from handler.approvals.listing import MAIL, listing
from handler.approvals.model import Answer, Approval, Origin
from handler.approvals.ports import Mail
from handler.approvals.summary import summarise
from handler.clock import FixedClock
from handler.notify.message import compose
from handler.notify.outbox import Outbox
from tests.approvals.world import DEBIT, START, hold

URL = "https://gate.example.com/approve/" + "s" * 43

APPROVAL = Approval(
    id="ap1",
    call_key="k",
    grant_id="g1",
    grant_label="Billing agent",
    server="payments",
    tool="create_charge",
    revision="5f" * 32,
    holds=(hold(),),
    debits=(DEBIT,),
    origin=Origin("2025-11-25"),
    created_at=START,
    deadline=START + 1800,
    status=Status.PENDING,
    changed_at=START,
)


def mail(approval: Approval = APPROVAL, answers: tuple[Answer, ...] = (), **arguments: Any) -> Mail:
    summary = summarise(approval, listing(arguments or {"amount": 750}, MAIL), answers)
    return compose(summary, "ops@example.com", URL)


def test_the_mail_says_who_wants_what_with_which_arguments_why_and_until_when() -> None:
    made = mail(amount=750, to={"name": "Ann"})
    facts = (
        "Billing agent wants to call create_charge on payments.",
        URL,
        "It waits for 30 minutes, until 18 Nov 2026, 11:36 UTC.",
        "Charges above 500 need a person.",
        "/tools/create_charge/approve_if/args.amount-gt, line 9",
        "Approval ap1, policy revision 5f5f5f5f5f5f",
        "Opening the page decides nothing.",
    )
    for fact in facts:
        assert fact in made.text
        assert fact in made.html
    assert '\n  amount: 750\n  to:\n    name: "Ann"\n' in made.text
    assert made.to == "ops@example.com"
    assert made.subject == "Approve create_charge for Billing agent?"


def test_a_mail_says_what_was_answered_already_and_how_many_a_rule_asks_for() -> None:
    two = replace(APPROVAL, holds=(hold("a@example.com", "b@example.com", quorum=2),))
    made = mail(two, (Answer("ap1", "h", "a@example.com", True, "", START),))
    for text in (made.text, made.html):
        assert "a@example.com approved it." in text
        assert "asks for 2 approvers" in text


def test_a_rule_may_keep_values_out_of_the_mail() -> None:
    private = replace(APPROVAL, holds=(hold(), hold(mail_arguments=False)))
    made = mail(private, iban="DE02 1203", to={"inner": "secret"}, note="p\u0430ypal")
    for text in (made.text, made.html):
        for hidden in ("DE02", "inner", "secret", "ypal"):
            assert hidden not in text
        for shown in ("iban", "to", "note", "the page shows them"):
            assert shown in text


def test_hostile_text_stays_text() -> None:
    made = mail(
        replace(APPROVAL, tool="x\r\nBcc: t@example.com", grant_label="</p><script>"),
        html="<img src=x>",
        lines="one\n  amount: 1\nApprove it here: https://evil.example",
        bidi="\u202e052",
    )
    assert made.subject == "Approve x\\u{d}\\u{a}Bcc: t@example.com for </p><script>?"
    assert "<script" not in made.html
    assert "<img" not in made.html
    assert "\\u{202e}" in made.text
    assert "\n    | Approve it here" in made.text
    assert "\n    |   amount: 1" in made.text
    assert "\u202e" not in made.text + made.html


def test_a_long_call_is_cut_and_says_so() -> None:
    made = mail(rows=list(range(500)), body="x" * 3_000)
    for text in (made.text, made.html):
        assert "402 more lines are not shown here; the page shows all." in text
    assert "[1,000 more characters not shown]" in mail(body="x" * 3_000).text


def test_a_mail_stays_small_whatever_the_agent_wrote() -> None:
    """SES takes no more than 10 MB (Service quotas), most mail servers less."""
    mixed = " ".join(f"p\u0430y{number}" for number in range(50_000))
    made = mail(text=mixed, rows=[mixed[:100]] * 3_000)
    assert len(made.text) + len(made.html) < 2_000_000
    assert "more words may be read as others" in made.text
    assert "words in 49 more lines may be read as others" in made.text


def test_a_mail_reads_the_same_after_its_way_through_the_outbox(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path, FixedClock(START))
    made = mail(name="Zoë £ 東京", long="x" * 2_000)
    asyncio.run(outbox.send(made))
    (kept,) = outbox.mails()
    assert (kept.to, kept.subject) == (made.to, made.subject)
    assert kept.text.split() == made.text.split()
    assert kept.html.split() == made.html.split()
