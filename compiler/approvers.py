"""Who is asked where a policy names nobody: the approvers of a deployment, filled into a policy.

Must not know where they were configured. What it makes is compiled like any policy, so the people
asked are part of the revision that decides.
"""

from dataclasses import replace

from compiler.policy import ApprovalRule, Policy, Rules


def fill(policy: Policy, approvers: tuple[str, ...]) -> Policy:
    """The policy, with these approvers in every approve_if rule that has none."""
    if not approvers:
        return policy
    tools = tuple(replace(tool, rules=_rules(tool.rules, approvers)) for tool in policy.tools)
    return replace(policy, all_tools=_rules(policy.all_tools, approvers), tools=tools)


def _rules(rules: Rules, approvers: tuple[str, ...]) -> Rules:
    return replace(rules, approve_if=tuple(_rule(rule, approvers) for rule in rules.approve_if))


def _rule(rule: ApprovalRule, approvers: tuple[str, ...]) -> ApprovalRule:
    return rule if rule.approvers else replace(rule, approvers=approvers)
