"""Lists and what is in them, for questions that go through an index or `[*]`.

Must not know places. Where all of them ask one thing of every element, or single members of every
element, lists of all kinds are made; elsewhere only samples, in which each question is answered one
way and the other.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import product
from math import prod

from compiler.answers.effort import Effort
from compiler.answers.numbers import UNREADABLE
from compiler.answers.questions import Kind, Question
from compiler.answers.survey import Survey
from compiler.meaning import Found, follow
from compiler.policy import CONTAINMENTS, LENGTHS, Every, Step
from compiler.truth import Absent
from compiler.values import Value

Answers = tuple[bool, ...]

MOST_SAMPLES = 400
LAST_INDEX = 1_000
"""Of an element that is filled in."""


MOST_KINDS = 256
"""Sets of answers that lists of elements give."""


def of_elements(
    questions: Sequence[Question], others: Sequence[Question], effort: Effort
) -> list[Found] | None:
    """A list for each set of answers that lists give, or None where that is not known.

    The order of elements, and how many are alike, do not matter to `[*]`; so lists are put together
    until no new answers come up. `others` are asked of the list as a whole.
    """
    rests = list(dict.fromkeys(one.rest for one in questions))
    members = [rest[1:] for rest in rests]
    every = all(rest[0] is Every.ELEMENT for rest in rests)
    by_key = all(isinstance(step, str) for rest in members for step in rest)
    apart = len(rests) == 1 or all(len(rest) == 1 for rest in members)
    if not (every and by_key and apart) or any(map(_looks_into_lists, others)):
        return None
    elements = _elements(questions, rests, effort)
    return None if elements is None else _put_together(questions, elements)


LIST_OPERATORS = (*CONTAINMENTS, *LENGTHS)


def _looks_into_lists(question: Question) -> bool:
    return question.kind is Kind.TELLS or question.operator in LIST_OPERATORS


def _elements(
    questions: Sequence[Question], rests: Sequence[tuple[Step, ...]], effort: Effort
) -> list[Value] | None:
    """Elements of all kinds; None where a kind may be missing."""
    choices: list[list[Found]] = []
    for rest in rests:
        asked = _here(questions, rest)
        survey = Survey(asked, effort)
        values = [*survey.values(), *survey.special()]
        if survey.doubt:
            return None
        kinds = _distinguished(asked, values, effort)
        choices.append([*([Absent.MISSING] * (len(rest) > 1)), *kinds])
    if prod(map(len, choices)) > MOST_KINDS:
        return None
    elements: list[Value] = ["x"]  # misplaces every member
    for chosen in product(*choices):
        built: Found = {} if len(rests[0]) > 1 else Absent.MISSING
        for rest, value in zip(rests, chosen, strict=True):
            built = _placed(built, rest[1:], value) if rest[1:] else value
        if not isinstance(built, Absent):
            elements.append(built)
    return elements


def _put_together(questions: Sequence[Question], elements: list[Value]) -> list[Found] | None:
    """Lists with one element, then with one more wherever that changes an answer."""
    singles: dict[Answers, list[Value]] = {}
    for element in elements:
        singles.setdefault(tuple(one.holds([element]) for one in questions), [element])
    found, waiting = dict(singles), list(singles)
    while waiting:
        answers = waiting.pop()
        for more, element in singles.items():
            both = tuple(
                (mine and theirs) if one.kind is Kind.PASSES else (mine or theirs)
                for one, mine, theirs in zip(questions, answers, more, strict=True)
            )
            if both not in found:
                found[both] = [*found[answers], *element]
                waiting.append(both)
        if len(found) > MOST_KINDS:
            return None
    return list(found.values())


def nested(questions: Sequence[Question], texts_only: bool, effort: Effort) -> Iterator[Found]:
    """Some lists whose elements make such questions answer one way and the other."""
    elements: dict[tuple[Step, ...], list[Found]] = {}
    for rest in dict.fromkeys(one.rest for one in questions):
        asked = _here(questions, rest)
        survey = Survey(asked, effort)
        values = list(survey.texts()) if texts_only else [*survey.values(), None, UNREADABLE]
        elements[rest] = [Absent.MISSING, *_distinguished(asked, values, effort)]
    yield from _combined(list(elements.items()))


def _here(questions: Sequence[Question], rest: tuple[Step, ...]) -> list[Question]:
    """The questions that go along these steps, as they are asked where the steps end."""
    there = [one for one in questions if one.rest == rest]
    return [Question(one.kind, one.operator, one.literal) for one in there]


def _distinguished(
    questions: Sequence[Question], values: Iterable[Found], effort: Effort
) -> list[Found]:
    """One value for each set of answers."""
    found: dict[Answers, Found] = {}
    weight = sum(one.weight for one in questions)
    for value in values:
        effort.spend(weight)
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
    if index > LAST_INDEX:
        return into
    items = list(into) if isinstance(into, list) else []
    inner = _placed(items[index] if index < len(items) else Absent.MISSING, tuple(rest), value)
    if isinstance(inner, Absent):
        return items
    items += [{}] * (index + 1 - len(items))
    items[index] = inner
    return items
