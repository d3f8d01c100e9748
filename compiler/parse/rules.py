"""Rules: `require`, `deny_if`, `approve_if`, and the approval settings they share.

Must not know entries, nor what a deployment fills in.
"""

import re
from dataclasses import dataclass, replace

from compiler.diagnostics import quote, visible
from compiler.names import RuleList
from compiler.parse.conditions import JUNCTIONS, conditions
from compiler.parse.fields import Reading
from compiler.parse.shapes import Shape
from compiler.policy import ApprovalRule, Condition, Rule
from compiler.source import Node
from compiler.windows import duration, duration_text, seconds_meant

FORM = '{"conditions": [{"path": "args.amount", "op": "gt", "value": 500}]}'
REMARKS = {
    **dict.fromkeys(
        ("path", "op", "value", "condition", "if", "when"),
        'conditions stand in a list: `"conditions": [{…}]`',
    ),
    **JUNCTIONS,
}
SETTINGS = ("approvers", "expires_in", "quorum", "mail_arguments")
RULES = {
    which: Shape(f"a `{which}` rule", ("conditions", "on_deny"), ("conditions",), FORM, REMARKS)
    for which in (RuleList.REQUIRE, RuleList.DENY_IF)
}
HELD = Shape(
    f"an `{RuleList.APPROVE_IF}` rule",
    ("conditions", "reason", *SETTINGS),
    ("conditions",),
    FORM,
    REMARKS,
)
SHORTEST_EXPIRY, LONGEST_EXPIRY = 60, 7 * 86400
MOST_APPROVERS = 100
"""Of one rule: each is written to, and every rule carries those it leaves out."""
LONGEST_ADDRESS = 254
"""RFC 5321, section 4.5.3.1.3, less the angle brackets."""


@dataclass(frozen=True, slots=True)
class Approvals:
    """Who approves, how many, how fast: the document's defaults, or a rule's own."""

    approvers: tuple[str, ...] = ()
    expires_in: int = 1800
    quorum: int = 1
    mail_arguments: bool = True


def rules(reading: Reading, node: Node | None, which: RuleList) -> tuple[Rule, ...]:
    """The rules of `require` or `deny_if`."""
    return tuple(_rule(reading, item, which) for item in reading.objects(node, f"`{which}`"))


def _rule(reading: Reading, node: Node, which: RuleList) -> Rule:
    fields = reading.object(node, RULES[which])
    message = reading.string(fields.get("on_deny"), "`on_deny`") or ""
    return Rule(conditions(reading, fields.get("conditions")), message, reading.span(node))


def approval_rules(
    reading: Reading, node: Node | None, defaults: Approvals
) -> tuple[ApprovalRule, ...]:
    """The rules of `approve_if`, what they leave out filled in from the defaults."""
    items = reading.objects(node, f"`{RuleList.APPROVE_IF}`")
    return tuple(_approval_rule(reading, item, defaults) for item in items)


def _approval_rule(reading: Reading, node: Node, defaults: Approvals) -> ApprovalRule:
    fields = reading.object(node, HELD)
    found = conditions(reading, fields.get("conditions"))
    reason = reading.string(fields.get("reason"), "`reason`") or ""
    settings = approvals(reading, fields, node, defaults)
    return approval_rule(reading, node, settings, reason, found)


def approval_rule(
    reading: Reading,
    node: Node,
    settings: Approvals,
    reason: str,
    found: tuple[Condition, ...] = (),
) -> ApprovalRule:
    return ApprovalRule(
        conditions=found,
        reason=reason,
        approvers=settings.approvers,
        quorum=settings.quorum,
        expires_in=settings.expires_in,
        mail_arguments=settings.mail_arguments,
        span=reading.span(node),
    )


def approvals(
    reading: Reading, fields: dict[str, Node], node: Node, defaults: Approvals
) -> Approvals:
    """The approval settings among the fields of an object, over the defaults."""
    found = defaults
    if "approvers" in fields:
        found = replace(found, approvers=_approvers(reading, fields["approvers"]))
    if "expires_in" in fields:
        found = replace(found, expires_in=_expiry(reading, fields["expires_in"]))
    if "quorum" in fields:
        found = replace(found, quorum=_quorum(reading, fields["quorum"]))
    mailed = reading.boolean(
        fields.get("mail_arguments"), "`mail_arguments`", defaults.mail_arguments
    )
    if found.approvers and found.quorum > len(found.approvers):
        people = f"{len(found.approvers)} approver{'s' if len(found.approvers) > 1 else ''}"
        reading.fail("E052", fields.get("quorum", node), f"a quorum of {found.quorum} of {people}")
    return replace(found, mail_arguments=mailed)


def _approvers(reading: Reading, node: Node) -> tuple[str, ...]:
    addresses: dict[str, str] = {}
    items = reading.strings(node, "`approvers`")
    if len(items) > MOST_APPROVERS:
        message = f"at most {MOST_APPROVERS} approvers are asked, here {len(items)}"
        reading.fail("E051", items[MOST_APPROVERS], message)
    for item in items[:MOST_APPROVERS]:
        address = reading.string(item, "an approver")
        if address is None:
            continue
        local, _, domain = address.partition("@")
        odd = not address.isprintable() or any(one in ' "<>,;:()[]\\' for one in address)
        if not local or not domain or "@" in domain or odd or len(address) > LONGEST_ADDRESS:
            message = f"an approver is a mail address, not {quote(address)}"
            reading.fail("E051", item, message, _address_advice(address))
        elif address.lower() in addresses:
            reading.fail("E051", item, f"{quote(address)} is named twice")
        addresses.setdefault(address.lower(), address)
    return tuple(addresses.values())


ADDRESS = re.compile(r"[^\s<>,;:()\[\]\"\\@]{1,64}@[^\s<>,;:()\[\]\"\\@]{1,80}")


def _address_advice(text: str) -> str:
    """The one address inside a text such as `Jane <jane@example.com>`, else what one looks like."""
    found = ADDRESS.findall(text[:LONGEST_ADDRESS])
    return f'write "{visible(found[0])}" alone' if len(found) == 1 else 'such as "ops@example.com"'


def _expiry(reading: Reading, node: Node) -> int:
    advice = 'write a whole number and one of s, m, h, d, such as "30m"'
    text = reading.string(node, "`expires_in`", advice)
    seconds = duration(text) if text is not None else None
    if text is not None and not (seconds and SHORTEST_EXPIRY <= seconds <= LONGEST_EXPIRY):
        meant = seconds_meant(text)
        if meant is not None and SHORTEST_EXPIRY <= meant <= LONGEST_EXPIRY:
            advice = f'write "{duration_text(meant)}"'
        message = f"`expires_in` is from `1m` to `7d`, not {quote(text)}"
        reading.fail("E050", node, message, "" if seconds else advice)
    return seconds or SHORTEST_EXPIRY


def _quorum(reading: Reading, node: Node) -> int:
    number = reading.number(node, "`quorum`")
    if number is None or (isinstance(number, int) and number >= 1):
        return int(number or 1)
    reading.fail("E015", node, "`quorum` is a whole number of at least 1")
    return 1
