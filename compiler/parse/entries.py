"""One member of `tools`, or `all_tools`: its four lists, and the shorthands that stand for them.

Must not know other entries, nor which one serves a tool.
"""

from enum import StrEnum

from compiler.names import RuleList
from compiler.parse.fields import Reading
from compiler.parse.limits import limits, rate_limit
from compiler.parse.rules import Approvals, approval_rule, approval_rules, rules
from compiler.parse.shapes import Shape
from compiler.policy import ApprovalRule, Entry, Rule, Rules
from compiler.source import Member, Node

LISTS = tuple(RuleList)
SHORTHANDS = ("rate_limit", "action", "reason")
ENTRY = Shape(
    "a tool's entry",
    (*LISTS, *SHORTHANDS),
    form='{} to allow the tool, {"action": "deny"} to deny it',
)
ALL_TOOLS = Shape(
    "`all_tools`",
    LISTS,
    form='{"limits": [{"counter": "calls", "window": "minute", "max": 60}]}',
    remarks={key: "shorthands stand in entries of `tools` only" for key in SHORTHANDS},
)


class Action(StrEnum):
    """The shorthand `action`."""

    ALLOW = "allow"
    DENY = "deny"
    REQUIRE_APPROVAL = "require_approval"


def all_tools(reading: Reading, node: Node | None, defaults: Approvals) -> Rules:
    """The rules for every tool; no shorthands here."""
    if node is None:
        return Rules()
    return _lists(reading, reading.object(node, ALL_TOOLS), defaults)


def entry(reading: Reading, member: Member, defaults: Approvals) -> Entry:
    """One member of `tools`, its shorthands after what is written in full."""
    fields = reading.object(member.node, ENTRY)
    written = _lists(reading, fields, defaults)
    deny_if, approve_if = _action(reading, fields, defaults)
    rate = rate_limit(reading, member.name, fields["rate_limit"]) if "rate_limit" in fields else ()
    found = Rules(
        require=written.require,
        deny_if=(*written.deny_if, *deny_if),
        approve_if=(*written.approve_if, *approve_if),
        limits=(*written.limits, *rate),
    )
    return Entry(member.name, found, reading.span(member.key))


def _lists(reading: Reading, fields: dict[str, Node], defaults: Approvals) -> Rules:
    return Rules(
        require=rules(reading, fields.get("require"), RuleList.REQUIRE),
        deny_if=rules(reading, fields.get("deny_if"), RuleList.DENY_IF),
        approve_if=approval_rules(reading, fields.get("approve_if"), defaults),
        limits=limits(reading, fields.get("limits")),
    )


def _action(
    reading: Reading, fields: dict[str, Node], defaults: Approvals
) -> tuple[tuple[Rule, ...], tuple[ApprovalRule, ...]]:
    """What `action` and `reason` stand for: a `deny_if` or an `approve_if` that always holds."""
    node, reason = fields.get("action"), fields.get("reason")
    action = reading.word(node, "`action`", Action) if node is not None else None
    text = reading.string(reason, "`reason`") or ""
    if reason is not None and (node is None or action is Action.ALLOW):
        advice = "it belongs to `action` `deny` or `require_approval`"
        reading.fail("E016", reason, "`reason` says nothing here", advice)
    if node is None or action is None or action is Action.ALLOW:
        return (), ()
    if action is Action.DENY:
        return (Rule((), text, reading.span(node)),), ()
    return (), (approval_rule(reading, node, defaults, text),)
