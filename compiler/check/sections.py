"""A policy as checks walk over it: `all_tools`, then each entry with what stands beside it.

Must not know what is looked for.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from compiler.policy import Limit, Policy, Rule, Rules


@dataclass(frozen=True, slots=True)
class Section:
    """One set of rules. `everywhere` is `all_tools`, which runs before it; empty for itself."""

    rules: Rules
    everywhere: Rules

    @property
    def require(self) -> tuple[Rule, ...]:
        return (*self.everywhere.require, *self.rules.require)

    @property
    def deny_if(self) -> tuple[Rule, ...]:
        return (*self.everywhere.deny_if, *self.rules.deny_if)

    @property
    def limits(self) -> tuple[Limit, ...]:
        return (*self.everywhere.limits, *self.rules.limits)


def sections(policy: Policy) -> Iterator[Section]:
    yield Section(policy.all_tools, Rules())
    for entry in policy.tools:
        yield Section(entry.rules, policy.all_tools)


def always(rules: tuple[Rule, ...]) -> int | None:
    """The index of the first rule without conditions."""
    return next((index for index, rule in enumerate(rules) if not rule.conditions), None)
