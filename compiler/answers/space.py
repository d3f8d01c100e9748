"""What can stand at one place of a call, in classes that no question asked there tells apart.

Must not know rules, or what stands elsewhere. Each class is shown by one example, and its answers
are the specification's own (`Question.holds`); what this module answers for is that no class is
left out. Where it cannot, the space says so (`doubt`), and classes without an example stand for
every set of answers that no example gives.
"""

import math
from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from itertools import pairwise, product

from compiler import regex
from compiler.answers import lists, texts
from compiler.answers.machines import Length, Machine, Order, Pattern, literal_pattern
from compiler.answers.numbers import UNREADABLE, between, cost_boundaries
from compiler.answers.questions import Kind, Place, Question
from compiler.meaning import Found, follow
from compiler.policy import Every, Operator, Root, Step
from compiler.truth import Absent
from compiler.values import Value, kind

MOST_UNKNOWN = 8
"""Questions of a doubtful place whose every set of answers is looked at."""


class TooMany(Exception):
    """More than can be looked at. The text says of what."""


class Unknown(Enum):
    """Instead of an example: nobody knows one, nor that there is none."""

    EXAMPLE = "unknown"


class Opens(Enum):
    """What places inside a value find."""

    MISSING = "missing"
    MISPLACED = "misplaced"
    MEMBERS = "members"


Answers = tuple[bool, ...]


@dataclass(frozen=True, slots=True)
class Class:
    """Values with the same answers. Of an object the example is empty: its members are others'."""

    answers: Answers
    opens: Opens
    example: "Found | Unknown"


@dataclass(frozen=True, slots=True)
class Space:
    """All classes of one place."""

    classes: tuple[Class, ...]
    doubt: str = ""
    """Why there may be classes without an example; empty where there are none."""


def space(place: Place, questions: Sequence[Question], inner: bool) -> Space:
    """The classes of a place. `inner`: other questions are asked of what is inside it."""
    found: dict[Hashable, Class] = {}
    examples, doubt = _examples(place, questions, inner)
    if len(place.keys) > 1:
        # A class of its own: only what the place is inside of can bring it about.
        answers = tuple(question.holds(Absent.MISPLACED) for question in questions)
        found[Absent.MISPLACED] = Class(answers, Opens.MISPLACED, Absent.MISPLACED)
    for example in examples:
        opens = _opens(example)
        answers = tuple(question.holds(example) for question in questions)
        key = (answers, opens if inner else None)
        found.setdefault(key, Class(answers, opens, example))
    if doubt:
        if len(questions) > MOST_UNKNOWN:
            raise TooMany(doubt)
        for answers in product((False, True), repeat=len(questions)):
            for opens in Opens if inner else (Opens.MISPLACED,):
                key = (answers, opens if inner else None)
                found.setdefault(key, Class(answers, opens, Unknown.EXAMPLE))
    return Space(tuple(found.values()), doubt)


def _opens(example: Found) -> Opens:
    if example is None or example is Absent.MISSING:
        return Opens.MISSING
    return Opens.MEMBERS if isinstance(example, dict) else Opens.MISPLACED


def _examples(place: Place, questions: Sequence[Question], inner: bool) -> tuple[list[Found], str]:
    """Examples, those that are nicest to read first, and why some may be left out."""
    if place == (Root.ARGS, ()):
        return [{}], ""
    if place.root is Root.TIME:
        return [*(range(24) if place.keys == ("hour",) else range(1, 8))], ""
    survey = _Survey([one for one in questions if not one.rest])
    survey.texts_only = place.root is Root.GRANT
    if place == (Root.GRANT, ("label",)):
        return [*survey.texts()], survey.doubt
    found: list[Found]
    if place == (Root.GRANT, ("tags",)):
        found = [*survey.lists()]
    else:
        found = [Absent.MISSING, *survey.values(), *survey.special()]
    deeper = [one for one in questions if one.rest]
    if deeper:
        survey.doubt = "a path goes through an index or `[*]`"
        found += _nested(deeper, texts_only=survey.texts_only)
    if inner and any(one.kind is Kind.TELLS for one in questions):
        survey.doubt = "a limit counts per value of what other paths look into"
    return found, survey.doubt


ORDERINGS = (Operator.LT, Operator.LTE, Operator.GT, Operator.GTE)
EQUALITIES = (Operator.EQ, Operator.NEQ)
MEMBERSHIPS = (Operator.IN, Operator.NOT_IN)
COMPARISONS = (*ORDERINGS, *EQUALITIES, *MEMBERSHIPS)
CONTAINMENTS = (Operator.CONTAINS, Operator.NOT_CONTAINS)
LENGTHS = (Operator.LENGTH_LTE, Operator.LENGTH_GTE)

TEXT_PATTERNS = {
    Operator.REGEX: "{}",
    Operator.NOT_REGEX: "{}",
    Operator.CONTAINS: "(?:{})",
    Operator.NOT_CONTAINS: "(?:{})",
    Operator.STARTS_WITH: r"\A(?:{})",
    Operator.ENDS_WITH: r"(?:{})\z",
}
"""Each question of texts that is a search, as a pattern; literals are quoted first."""


class _Survey:
    """What a set of questions, all of one value, compares with."""

    def __init__(self, questions: Sequence[Question]) -> None:
        self.questions = questions
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
            yield from texts.representatives(machines) if machines else ["x"]
        except (texts.TooMany, regex.PatternError):
            self.doubt = "its patterns, literals or lengths are too many or too large together"
            yield from self._sampled_texts()

    def _machines(self) -> Iterator[Machine]:
        literals = [one for one in self.compared if isinstance(one, str)]
        if literals:
            yield Order(literals)
        patterns: dict[str, None] = {}
        for one in self.questions:
            form = TEXT_PATTERNS.get(one.operator) if one.operator else None
            if form is not None and isinstance(one.value, str):
                quoted = one.operator not in (Operator.REGEX, Operator.NOT_REGEX)
                text = literal_pattern(one.value) if quoted else one.value
                patterns[form.format(text) if quoted else text] = None
        yield from map(Pattern, patterns)
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
        except lists.TooMany:
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


MOST_SAMPLES = 400


def _nested(questions: Sequence[Question], texts_only: bool) -> Iterator[Found]:
    """Some lists whose elements make such questions answer one way and the other."""
    elements: dict[tuple[Step, ...], list[Found]] = {}
    for rest in dict.fromkeys(one.rest for one in questions):
        there = [one for one in questions if one.rest == rest]
        asked = [Question(one.kind, one.operator, one.literal) for one in there]
        survey = _Survey(asked)
        values = list(survey.texts()) if texts_only else [*survey.values(), None, UNREADABLE]
        elements[rest] = [Absent.MISSING, *_distinguished(asked, values)]
    yield from _combined(list(elements.items()))


def _distinguished(questions: Sequence[Question], values: Iterable[Found]) -> list[Found]:
    """One value for each set of answers."""
    found: dict[Answers, Found] = {}
    for value in values:
        found.setdefault(tuple(one.holds(value) for one in questions), value)
    return list(found.values())


def _combined(elements: list[tuple[tuple[Step, ...], list[Found]]]) -> Iterator[Found]:
    """Values in which each of the steps leads to each of its elements, in all combinations."""
    rests = [rest for rest, _ in elements]
    for count, chosen in enumerate(product(*(values for _, values in elements))):
        if count >= MOST_SAMPLES:
            return
        built: Found = Absent.MISSING
        for rest, value in zip(rests, chosen, strict=True):
            built = _placed(built, rest, value)
        if not isinstance(built, Absent) and all(
            follow(built, rest)[0] == value for rest, value in zip(rests, chosen, strict=True)
        ):
            yield built


def _placed(into: Found, steps: tuple[Step, ...], value: Found) -> Found:
    """The value with another one put where the steps lead; parts that are not there are made."""
    if not steps:
        return value if isinstance(into, Absent) else into
    step, *rest = steps
    if isinstance(step, str):
        members = dict(into) if isinstance(into, dict) else {}
        inner = _placed(members.get(step, Absent.MISSING), tuple(rest), value)
        return members if isinstance(inner, Absent) else {**members, step: inner}
    index = 0 if step is Every.ELEMENT else step
    assert isinstance(index, int)
    if index > lists.LONGEST:
        return into
    items = list(into) if isinstance(into, list) else []
    inner = _placed(items[index] if index < len(items) else Absent.MISSING, tuple(rest), value)
    if isinstance(inner, Absent):
        return items
    items += [{}] * (index + 1 - len(items))
    items[index] = inner
    return items
