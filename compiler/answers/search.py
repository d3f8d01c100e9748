"""Whether some call is in one set and outside others, where sets are made of questions.

Must not know what the sets are for. A box is a set of calls: one set of classes for each place.
What is outside a box misses it at one place at least, so the search goes place by place.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from compiler.answers.effort import Effort, Exhausted, TooMany
from compiler.answers.places import Choice, Domain, Example, Places
from compiler.answers.questions import Asked
from compiler.meaning import Facts, follow
from compiler.verdict import Call, Subject

MOST_STEPS = 20_000

WHOLE = "what other paths look into is compared as a whole"

Answered = tuple[Asked, bool]
Box = Mapping[int, int]
"""For some places the classes that are in, as bits."""


@dataclass(frozen=True, slots=True)
class Doubt:
    """Nobody can say whether there is such a call, and why."""

    reasons: tuple[str, ...]


class Search:
    """Looks for calls among those that a set of questions tells apart."""

    def __init__(self, asked: Sequence[Asked], effort: Effort) -> None:
        """Raises `TooMany`."""
        effort.spend(len(asked))
        self.places, self._effort = Places(asked, effort), effort
        self._size = self.places.size
        self.steps = 0
        self._masks: dict[Asked, int] = {}

    def find(
        self, inside: Iterable[Answered], outside: Sequence[Sequence[Asked]]
    ) -> Example | Doubt | None:
        """A call with these answers that meets none of the lists in full; None: there is none.

        Raises `Exhausted`.
        """
        try:
            return self._find(inside, outside)
        except Exhausted:
            raise
        except TooMany as error:
            return Doubt((str(error),))

    def _find(
        self, inside: Iterable[Answered], outside: Sequence[Sequence[Asked]]
    ) -> Example | Doubt | None:
        self.steps, wanted = 0, tuple(inside)
        self._effort.spend(sum(map(len, outside)) + len(outside))
        boxes = [self._box((asked, True) for asked in each) for each in outside]
        box = self._box(wanted)
        choice = self._outside(_within(self.places.domain(known=True), box), boxes)
        if choice is not None:
            example = self.places.example(choice)
            return example if _shows(example, wanted, outside) else Doubt((WHOLE,))
        if not any(one.doubt for one in self.places.spaces):
            return None
        choice = self._outside(_within(self.places.domain(known=False), box), boxes)
        return Doubt(tuple(self.places.doubts(choice))) if choice is not None else None

    def _box(self, answered: Iterable[Answered]) -> Box:
        box: dict[int, int] = {}
        for asked, holds in answered:
            number = self.places.number(asked)
            if asked not in self._masks:
                self._masks[asked] = self.places.mask(asked)
            mask = self._masks[asked] if holds else ~self._masks[asked]
            box[number] = box.get(number, -1) & mask
        return box

    def _outside(self, domain: Domain, boxes: Sequence[Box]) -> Choice | None:
        """A choice in the domain and in none of the boxes."""
        self._effort.spend(1 + len(boxes) + len(domain) + self._size // 8)
        self.steps += 1
        if self.steps > MOST_STEPS:
            raise TooMany("too many rules with several conditions meet")
        if not all(domain):
            return None
        left: list[Box] = []
        for box in boxes:
            if any(not domain[number] & mask for number, mask in box.items()):
                continue
            cutting = [number for number, mask in box.items() if domain[number] & ~mask]
            if not cutting:
                return None
            if len(cutting) == 1:
                (number,) = cutting
                domain = _with(domain, number, domain[number] & ~box[number])
            else:
                left.append(box)
        choice = self.places.choose(domain)
        if choice is None or not left:
            return choice
        return self._split(domain, left)

    def _split(self, domain: Domain, boxes: list[Box]) -> Choice | None:
        """Outside the first box at its first place, or inside there and outside at the next."""
        first, *others = boxes
        for number, mask in first.items():
            away = _with(domain, number, domain[number] & ~mask)
            choice = self._outside(away, others)
            if choice is not None:
                return choice
            domain = _with(domain, number, domain[number] & mask)
        return None


def _shows(
    example: Example, inside: Iterable[Answered], outside: Iterable[Sequence[Asked]]
) -> bool:
    """Whether an example answers as its classes do: an object has more in it than its class."""
    call = Call("", example.arguments)
    roots = Facts.of(call, example.subject or Subject(), example.now or 0.0).roots

    def holds(asked: Asked) -> bool:
        (found,) = follow(roots[asked.place.root], asked.place.keys)
        return asked.question.holds(found)

    return all(holds(asked) is answer for asked, answer in inside) and not any(
        all(map(holds, each)) for each in outside
    )


def _within(domain: Domain, box: Box) -> Domain:
    return tuple(mask & box.get(number, -1) for number, mask in enumerate(domain))


def _with(domain: Domain, number: int, mask: int) -> Domain:
    return (*domain[:number], mask, *domain[number + 1 :])
