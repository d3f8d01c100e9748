"""What can stand at one place of a call, in classes that no question asked there tells apart.

Must not know rules, or what stands elsewhere. Each class is shown by one example, and its answers
are the specification's own (`Question.holds`); what this module answers for is that no class is
left out. Where it cannot, the space says so (`doubt`), and classes without an example stand for
every set of answers that no example gives.
"""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from enum import Enum
from itertools import product

from compiler.answers.effort import Effort, TooMany
from compiler.answers.nested import nested, of_elements
from compiler.answers.questions import Kind, Place, Question
from compiler.answers.survey import Survey
from compiler.meaning import Found
from compiler.policy import Root
from compiler.truth import Absent

MOST_UNKNOWN = 8
"""Questions of a doubtful place whose every set of answers is looked at."""


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


def space(place: Place, questions: Sequence[Question], inner: bool, effort: Effort) -> Space:
    """The classes of a place. `inner`: other questions are asked of what is inside it.

    Raises `TooMany`.
    """
    found: dict[Hashable, Class] = {}
    weight = sum(one.weight for one in questions)
    effort.spend(weight)
    examples, doubt = _examples(place, questions, inner, effort)
    if len(place.keys) > 1:
        # A class of its own: only what the place is inside of can bring it about.
        answers = tuple(question.holds(Absent.MISPLACED) for question in questions)
        found[Absent.MISPLACED] = Class(answers, Opens.MISPLACED, Absent.MISPLACED)
    for example in examples:
        effort.spend(weight)
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


def _examples(
    place: Place, questions: Sequence[Question], inner: bool, effort: Effort
) -> tuple[list[Found], str]:
    """Examples, those that are nicest to read first, and why some may be left out."""
    if place == (Root.ARGS, ()):
        return [{}], ""
    if place.root is Root.TIME:
        return [*(range(24) if place.keys == ("hour",) else range(1, 8))], ""
    survey = Survey([one for one in questions if not one.rest], effort)
    survey.texts_only = place.root is Root.GRANT
    if place == (Root.GRANT, ("label",)):
        return [*survey.texts()], survey.doubt
    found: list[Found]
    if place == (Root.GRANT, ("tags",)):
        found = [*survey.lists()]
    else:
        found = [Absent.MISSING, *survey.values(), *survey.special()]
    deeper = [one for one in questions if one.rest]
    lists = None
    if deeper and place.root is Root.ARGS:
        lists = of_elements(deeper, survey.questions, effort)
    if lists is not None:
        found += lists
    elif deeper:
        survey.doubt = "a path goes through an index or `[*]`"
        found += nested(deeper, survey.texts_only, effort)
    if inner and any(one.kind is Kind.TELLS for one in questions):
        survey.doubt = "a limit counts per value of what other paths look into"
    return found, survey.doubt
