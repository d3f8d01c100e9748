"""What the questions of one place compare with, and values around all of that.

Must not know places or classes: nobody here asks which answers a value gives. `doubt` says why some
kind of value may be missing among those made.
"""

import math
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise

from compiler import regex
from compiler.answers import lists, texts
from compiler.answers.effort import Effort
from compiler.answers.machines import Length, Machine, Order, Pattern, literal_pattern
from compiler.answers.numbers import UNREADABLE, between, cost_boundaries
from compiler.answers.questions import Kind, Question
from compiler.policy import CONTAINMENTS, LENGTHS, MEMBERSHIPS, ORDERINGS, Operator
from compiler.values import Value, kind

EQUALITIES = (Operator.EQ, Operator.NEQ)
COMPARISONS = (*ORDERINGS, *EQUALITIES, *MEMBERSHIPS)

MOST_LITERAL = 20_000
"""Characters of all texts that one place is compared with: their order is one machine."""

MOST_PATTERNS = 4_000
"""Searches in one place: with more a walk over all of them ends after a few bytes."""

TEXT_PATTERNS = {
    Operator.REGEX: "{}",
    Operator.NOT_REGEX: "{}",
    Operator.CONTAINS: "(?:{})",
    Operator.NOT_CONTAINS: "(?:{})",
    Operator.STARTS_WITH: r"\A(?:{})",
    Operator.ENDS_WITH: r"(?:{})\z",
}
"""Each question of texts that is a search, as a pattern; literals are quoted first."""


class Survey:
    """What a set of questions, all of one value, compares with."""

    def __init__(self, questions: Sequence[Question], effort: Effort) -> None:
        self.questions, self._effort = questions, effort
        self.doubt = ""
        self.texts_only = False
        self.compared = [
            literal
            for one in questions
            if one.operator in COMPARISONS
            for literal in _literals(one)
        ]
        self.contained = [one.value for one in questions if one.operator in CONTAINMENTS]
        self.sizes = [one.value for one in questions if one.operator in LENGTHS]
        if any(isinstance(one, list | dict) for one in (*self.compared, *self.contained)):
            self.doubt = "a condition compares with a whole list or object"

    def values(self) -> Iterator[Value]:
        """Scalars of the kinds that conditions compare with, then the others; lists, objects."""
        makers = {"number": self.numbers, "string": self.texts}
        wanted = [kind(one) for one in self.compared]
        wanted += ["string"] * any(one.operator in TEXT_PATTERNS for one in self.questions)
        wanted += ["number"] * any(one.kind is Kind.COSTS for one in self.questions)
        order = [*dict.fromkeys(name for name in wanted if name in makers), "string", "number"]
        for name in dict.fromkeys(order):
            yield from makers[name]()
        yield from (True, False)
        yield from self.lists()
        yield {}

    def special(self) -> Iterator[Value]:
        """What few calls hold: null, integers that no condition reads, literals that are nested."""
        yield None
        yield UNREADABLE
        yield {"x": UNREADABLE}
        for literal in (*self.compared, *self.contained):
            if isinstance(literal, list | dict):
                yield literal
                yield [literal]

    def numbers(self) -> Iterator[int | float]:
        cuts = sorted(
            {one for one in self.compared if isinstance(one, int | float) and kind(one) == "number"}
        )
        costs = any(one.kind is Kind.COSTS for one in self.questions)
        self._effort.expect(len(cuts) * sum(one.weight for one in self.questions))
        for low, high in pairwise((-math.inf, *cuts, math.inf)):
            found = between(low, high)
            if found is not None:
                yield found
            if costs:
                yield from cost_boundaries(low, high)
        yield from cuts

    def texts(self) -> Iterator[str]:
        try:
            machines = list(self._machines())
            yield from texts.representatives(machines, self._effort) if machines else ["x"]
        except (texts.TooManySteps, regex.PatternError):
            self.doubt = "its patterns, literals or lengths are too many or too large together"
            yield from self._sampled_texts()

    def _machines(self) -> Iterator[Machine]:
        literals = [one for one in self.compared if isinstance(one, str)]
        if sum(map(len, literals)) > MOST_LITERAL:
            raise texts.TooManySteps
        if literals:
            yield Order(literals, any(one.operator in ORDERINGS for one in self.questions))
        patterns: dict[str, None] = {}
        for one in self.questions:
            form = TEXT_PATTERNS.get(one.operator) if one.operator else None
            if form is not None and isinstance(one.value, str):
                quoted = one.operator not in (Operator.REGEX, Operator.NOT_REGEX)
                text = literal_pattern(one.value) if quoted else one.value
                patterns[form.format(text) if quoted else text] = None
        if len(patterns) > MOST_PATTERNS:
            raise texts.TooManySteps
        for pattern in patterns:
            machine = Pattern(pattern)
            self._effort.spend(machine.size)
            yield machine
        sizes = [size for size in self.sizes if isinstance(size, int)]
        if sizes:
            yield Length(sizes)

    def _sampled_texts(self) -> Iterator[str]:
        literals = [one for one in (*self.compared, *self.contained) if isinstance(one, str)]
        yield from ("", "x", *literals, *(f"{one}x" for one in literals))
        for size in self.sizes:
            assert isinstance(size, int)
            if size < texts.LONGEST:
                yield from ("x" * size, "x" * (size + 1))

    def lists(self) -> Iterator[Value]:
        scalars = [one for one in self.contained if not isinstance(one, list | dict)]
        sizes = [size for size in self.sizes if isinstance(size, int)]
        try:
            yield from lists.representatives(scalars, sizes, self.texts_only)
        except lists.TooManyLists:
            self.doubt = "its literals or lengths are too many or too large together"
            yield []
            yield ["other"]
            for scalar in scalars:
                yield [scalar]


def _literals(question: Question) -> Iterable[Value]:
    value = question.value
    if question.operator in MEMBERSHIPS:
        assert isinstance(value, list)
        return value
    return (value,)
