"""Yes-or-no questions that a policy asks of one place in a call, answered by the specification.

Must not know rules. A condition becomes one of two: whether a `require` passes, or whether a
`deny_if` or an `approve_if` fires; a limit asks whether its cost, or its `per` value, can be read.
"""

import json
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from typing import NamedTuple

from compiler.meaning import Found, answer_on, cost_of, follow, is_told
from compiler.policy import Condition, Operator, Path, Root, Step
from compiler.truth import Truth
from compiler.values import Value


class Kind(Enum):
    """What is asked."""

    PASSES = "passes"
    """The condition is true."""
    FIRES = "fires"
    """The condition is true or a mismatch."""
    COSTS = "costs"
    """The value can be a cost."""
    TELLS = "tells"
    """The value can name a tally."""


@dataclass(frozen=True, slots=True)
class Question:
    """One question. `literal` is JSON text, which tells 1 and true apart and can be hashed."""

    kind: Kind
    operator: Operator | None = None
    literal: str = ""
    rest: tuple[Step, ...] = ()
    """The steps from the place on: empty, or from the first index or `[*]`."""

    @property
    def value(self) -> Value:
        """What the operator compares with; None for the questions of limits."""
        return _read(self.literal) if self.literal else None

    @property
    def weight(self) -> int:
        """Steps that an answer takes: a long list is compared with one by one."""
        return 4 + len(self.literal) // 8

    def holds(self, found: Found) -> bool:
        """The answer for what is found at the place."""
        inside = follow(found, self.rest)
        if self.kind is Kind.COSTS:
            return cost_of(inside[0]) is not None
        if self.kind is Kind.TELLS:
            return is_told(inside[0])
        assert self.operator is not None
        if self.kind is Kind.PASSES:
            return answer_on(inside, self.operator, self.value, (Truth.TRUE,)) is Truth.TRUE
        return answer_on(inside, self.operator, self.value, (Truth.FALSE,)) is not Truth.FALSE


@lru_cache(maxsize=4096)
def _read(literal: str) -> Value:
    """The value of a literal, which nobody changes."""
    value: Value = json.loads(literal)
    return value


class Place(NamedTuple):
    """A place that keys lead to from a root; no index, no `[*]`."""

    root: Root
    keys: tuple[str, ...]


class Asked(NamedTuple):
    """A question and where it is asked."""

    place: Place
    question: Question

    @property
    def text(self) -> str:
        """The path in full, for messages."""
        steps = (*self.place.keys, *self.question.rest)
        return self.place.root + "".join(map(_step_text, steps))


def _step_text(step: Step) -> str:
    if isinstance(step, str):
        plain = step.isidentifier()
        return f".{step}" if plain else f"[{json.dumps(step, ensure_ascii=False)}]"
    return f"[{step}]" if isinstance(step, int) else step.value


def condition_asked(condition: Condition, kind: Kind) -> Asked:
    """The question of a condition."""
    literal = json.dumps(condition.value, sort_keys=True)
    return _asked(condition.path, kind, condition.operator, literal)


def limit_asked(path: Path, kind: Kind) -> Asked:
    """The question of a limit's `increment_from` or `per`."""
    return _asked(path, kind)


def _asked(path: Path, kind: Kind, operator: Operator | None = None, literal: str = "") -> Asked:
    keys = []
    for step in path.steps:
        if not isinstance(step, str):
            break
        keys.append(step)
    question = Question(kind, operator, literal, path.steps[len(keys) :])
    return Asked(Place(path.root, tuple(keys)), question)
