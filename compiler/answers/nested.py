"""Lists and what is in them, for questions that go through an index or `[*]`.

Must not know places. Such questions are not decided for every list; these are samples, in which
each question is answered one way and the other.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import product

from compiler.answers.numbers import UNREADABLE
from compiler.answers.questions import Question
from compiler.answers.survey import Survey
from compiler.meaning import Found, follow
from compiler.policy import Every, Step
from compiler.truth import Absent

Answers = tuple[bool, ...]

MOST_SAMPLES = 400
LAST_INDEX = 1_000
"""Of an element that is filled in."""


def nested(questions: Sequence[Question], texts_only: bool) -> Iterator[Found]:
    """Some lists whose elements make such questions answer one way and the other."""
    elements: dict[tuple[Step, ...], list[Found]] = {}
    for rest in dict.fromkeys(one.rest for one in questions):
        there = [one for one in questions if one.rest == rest]
        asked = [Question(one.kind, one.operator, one.literal) for one in there]
        survey = Survey(asked)
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
    if index > LAST_INDEX:
        return into
    items = list(into) if isinstance(into, list) else []
    inner = _placed(items[index] if index < len(items) else Absent.MISSING, tuple(rest), value)
    if isinstance(inner, Absent):
        return items
    items += [{}] * (index + 1 - len(items))
    items[index] = inner
    return items
