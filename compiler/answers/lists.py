"""Lists that stand for all lists, as far as `contains` and lengths tell them apart.

Must not know conditions. `contains` asks which of its literals are in the list and of which kinds
its elements are, so a list is as good as any other with the same literals and kinds; it is made
longer by repeating an element.
"""

from collections.abc import Iterator, Sequence
from itertools import combinations

from compiler.answers.numbers import UNREADABLE
from compiler.values import Value, equal, kind

MOST_LISTS = 512
MOST_ELEMENTS = 2_000_000
"""Of all lists together."""

STRANGERS: tuple[Value, ...] = ("other", 12345, None, True, False, [], {})
"""Elements of each kind; where a literal is one of them, a stranger is looked for."""


MOST_NUMBERED = 16
"""Texts and numbers that are tried: more than there can be literals."""


class TooManyLists(Exception):
    """More literals, or longer lists, than this makes."""


def representatives(
    literals: Sequence[Value], lengths: Sequence[int], texts_only: bool = False
) -> Iterator[list[Value]]:
    """Lists of each kind that there is, the empty one first. The literals are scalars.

    Raises `TooManyLists` past the bounds above.
    """
    kinds_of_literal = _distinct(literals)
    sizes = sorted({size for cut in lengths for size in (cut - 1, cut, cut + 1)})
    made = 2 ** len(kinds_of_literal) * len(STRANGERS)
    if made > MOST_LISTS or made * sum(sizes) > MOST_ELEMENTS:
        raise TooManyLists
    yield []
    for held in _held(kinds_of_literal, texts_only):
        yield held
        for size in sizes:
            if size > len(held):
                yield [*held, *held[-1:] * (size - len(held))]


def _held(literals: list[Value], texts_only: bool) -> Iterator[list[Value]]:
    """Each set of literals, alone and with a stranger of each kind; nothing is not a set here."""
    strangers = [one for one in _strangers(literals) if isinstance(one, str) or not texts_only]
    for count in range(len(literals) + 1):
        for chosen in combinations(literals, count):
            if texts_only and not all(isinstance(one, str) for one in chosen):
                continue
            if chosen:
                yield list(chosen)
            for stranger in strangers:
                yield [*chosen, stranger]
    if not texts_only:
        yield [UNREADABLE]


def _strangers(literals: list[Value]) -> Iterator[Value]:
    """One element of each kind that is none of the literals, where the kind has one."""
    seen: set[str] = set()
    for candidate in (*STRANGERS, *(f"other{number}" for number in range(MOST_NUMBERED)),
                      *range(MOST_NUMBERED)):  # fmt: skip
        name = kind(candidate)
        if name not in seen and not any(equal(candidate, one) for one in literals):
            seen.add(name)
            yield candidate


def _distinct(values: Sequence[Value]) -> list[Value]:
    found: list[Value] = []
    for value in values:
        if not any(equal(value, one) for one in found):
            found.append(value)
    return found
