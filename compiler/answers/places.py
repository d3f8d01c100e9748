"""The places of a call as a tree: which classes can stand at all of them together.

Must not know rules. What stands at `args.a` decides what can be found at `args.a.b`: members of an
object are free, but in null they are missing, and in anything else misplaced.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from compiler.answers.effort import Effort
from compiler.answers.questions import Asked, Place, Question
from compiler.answers.space import Class, Opens, Space, Unknown, space
from compiler.policy import Root
from compiler.truth import Absent
from compiler.values import Value
from compiler.verdict import Subject

MONDAY = datetime(2026, 1, 5, tzinfo=UTC)
"""Any Monday will do."""

Domain = tuple[int, ...]
"""For each place the classes that are left, as bits."""


@dataclass(frozen=True, slots=True)
class Example:
    """What a call is made of, but for the tool. A part that no question reads is None."""

    arguments: dict[str, Value]
    subject: Subject | None
    now: float | None
    """POSIX seconds."""


Choice = dict[int, Class]


class Places:
    """All places that some question is asked of, and those on the way to them."""

    def __init__(self, asked: Iterable[Asked], effort: Effort) -> None:
        """Raises `TooMany`."""
        questions: dict[Place, dict[Question, None]] = {}
        for place, question in asked:
            questions.setdefault(place, {})[question] = None
            for end in range(len(place.keys)):
                if place.root is Root.ARGS:
                    questions.setdefault(Place(place.root, place.keys[:end]), {})
        self.places = sorted(questions, key=lambda one: (one.root, len(one.keys), one.keys))
        self._numbers = {place: number for number, place in enumerate(self.places)}
        self._inside: list[list[int]] = [[] for _ in self.places]
        self._tops = []
        for number, place in enumerate(self.places):
            if place.root is Root.ARGS and place.keys:
                self._inside[self._numbers[Place(place.root, place.keys[:-1])]].append(number)
            else:
                self._tops.append(number)
        self._questions = [tuple(questions[place]) for place in self.places]
        self._indices = [
            {question: index for index, question in enumerate(each)} for each in self._questions
        ]
        self.spaces: list[Space] = [
            space(place, self._questions[number], bool(self._inside[number]), effort)
            for number, place in enumerate(self.places)
        ]

    @property
    def size(self) -> int:
        """How many classes there are at all places."""
        return sum(len(one.classes) for one in self.spaces)

    def number(self, asked: Asked) -> int:
        return self._numbers[asked.place]

    def mask(self, asked: Asked) -> int:
        """The classes of the place for which the question holds."""
        number = self._numbers[asked.place]
        index = self._indices[number][asked.question]
        classes = self.spaces[number].classes
        return _bits(one.answers[index] for one in classes)

    def domain(self, known: bool) -> Domain:
        """Every class, or every one with an example."""
        return tuple(
            _bits(not known or one.example is not Unknown.EXAMPLE for one in found.classes)
            for found in self.spaces
        )

    def choose(self, domain: Domain) -> Choice | None:
        """A class for each place that can stand together, or None: no call is in the domain."""
        choice: Choice = {}
        for top in self._tops:
            if not self._choose(top, domain, choice):
                return None
        return choice

    def _choose(self, number: int, domain: Domain, choice: Choice) -> bool:
        for one in self._left(number, domain):
            if one.example is Absent.MISPLACED:
                continue  # only where what it is inside of makes it so
            choice[number] = one
            if all(
                self._follow(inner, one.opens, domain, choice) for inner in self._inside[number]
            ):
                return True
        return False

    def _follow(self, number: int, opens: Opens, domain: Domain, choice: Choice) -> bool:
        """Choose a place inside one of which `opens` is known."""
        if opens is Opens.MEMBERS:
            return self._choose(number, domain, choice)
        found = Absent.MISSING if opens is Opens.MISSING else Absent.MISPLACED
        answers = tuple(one.holds(found) for one in self._questions[number])
        misplaced = found is Absent.MISPLACED
        for one in self._left(number, domain):
            if (one.example is Absent.MISPLACED) != misplaced or one.answers != answers:
                continue
            if one.opens is opens or not self._inside[number]:
                choice[number] = Class(answers, opens, found)
                inner = self._inside[number]
                return all(self._follow(each, opens, domain, choice) for each in inner)
        return False

    def _left(self, number: int, domain: Domain) -> list[Class]:
        mask = domain[number]
        classes = self.spaces[number].classes
        return [one for bit, one in enumerate(classes) if mask >> bit & 1]

    def doubts(self, choice: Choice) -> list[str]:
        """What cannot be decided about a choice: its places without an example."""
        return [
            f"{_text(self.places[number])}: {self.spaces[number].doubt}"
            for number, one in sorted(choice.items())
            if one.example is Unknown.EXAMPLE
        ]

    def example(self, choice: Choice) -> Example:
        """What a choice says as a call; every class has an example."""
        values = {place: choice[number].example for number, place in enumerate(self.places)}
        arguments = self._members(self._numbers.get(Place(Root.ARGS, ())), choice)
        label, tags = (values.get(Place(Root.GRANT, (key,))) for key in ("label", "tags"))
        hour, day = (values.get(Place(Root.TIME, (key,))) for key in ("hour", "weekday"))
        subject = None
        if label is not None or tags is not None:
            held = tags if isinstance(tags, list) else []
            texts = tuple(one for one in held if isinstance(one, str))
            subject = Subject(label if isinstance(label, str) else "", texts)
        now = None
        if hour is not None or day is not None:
            days = day - 1 if isinstance(day, int) else 0
            hours = hour if isinstance(hour, int) else 12
            now = (MONDAY + timedelta(days=days, hours=hours)).timestamp()
        return Example(arguments, subject, now)

    def _members(self, number: int | None, choice: Choice) -> dict[str, Value]:
        if number is None:
            return {}
        members: dict[str, Value] = {}
        for inner in self._inside[number]:
            found = choice[inner].example
            if isinstance(found, dict) and self._inside[inner]:
                found = {**found, **self._members(inner, choice)}
            if not isinstance(found, Absent | Unknown):
                members[self.places[inner].keys[-1]] = found
        return members


def _bits(held: Iterable[bool]) -> int:
    """The first is the lowest bit."""
    digits = "".join("1" if one else "0" for one in held)
    return int(digits[::-1], 2) if digits else 0


def _text(place: Place) -> str:
    return f"`{'.'.join((place.root, *place.keys))}`"
