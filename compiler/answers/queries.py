"""Which calls can fare differently under two sets of demands, as queries for the search.

Must not know how queries are answered. Each difference meets at least one of the queries.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from compiler.answers.demands import Demands, Tally
from compiler.answers.questions import Asked, Kind, Question
from compiler.answers.relation import Relation
from compiler.answers.search import Answered
from compiler.policy import Operator


@dataclass(frozen=True, slots=True)
class Query:
    """Calls that may fare differently: those inside and not outside."""

    inside: tuple[Answered, ...]
    outside: tuple[tuple[Asked, ...], ...]


def asked_of(demands: Demands | None) -> Iterator[Asked]:
    if demands is None:
        return
    yield from demands.asked()
    for tally in demands.tallies:
        for asked in _read(tally):
            yield from (_probe(asked, literal) for literal in TELLING)


TELLING = TWO, THREE = "2", "3"
"""Asked where a limit reads, so that a witness can hold different values there."""


def _probe(asked: Asked, literal: str) -> Asked:
    return Asked(asked.place, Question(Kind.PASSES, Operator.EQ, literal, asked.question.rest))


def _read(tally: Tally) -> list[Asked]:
    """Where a limit reads."""
    return [*((tally.source,) if tally.source else ()), *tally.per]


class Way(NamedTuple):
    """One way in which calls can fare differently, as queries from narrow to wide.

    The last says whether there is a call at all; those before it find plainer ones.
    """

    relation: Relation
    queries: tuple[Query, ...]


def ways(old: Demands | None, new: Demands | None) -> Iterator[Way]:
    """All ways in which a call can fare differently: a call that does is found by one of them."""
    if old is None or new is None:
        admitting, relation = (new, Relation.WIDER) if new else (old, Relation.NARROWER)
        if admitting is not None:
            needed = meeting(admitting.needed)
            meets = tuple(one.meets for one in admitting.held)
            yield Way(relation, (Query(needed, (*admitting.refused, *meets)),))
            for each in meets:
                yield Way(relation, (Query((*needed, *meeting(each)), admitting.refused),))
        return
    yield from (Way(Relation.WIDER, each) for each in _more(old, new))
    yield from (Way(Relation.NARROWER, each) for each in _more(new, old))
    both = (*meeting(old.needed), *meeting(new.needed))
    refused = (*old.refused, *new.refused)
    asking = ((Relation.WIDER, old, new), (Relation.NARROWER, new, old))
    for relation, mine, theirs in asking:
        for held in mine.held:
            alike = tuple(one.meets for one in theirs.held if one.terms == held.terms)
            query = Query((*both, *meeting(held.meets)), (*refused, *alike))
            yield Way(relation, (query,))


def _more(stricter: Demands, laxer: Demands) -> Iterator[tuple[Query, ...]]:
    """Calls that the one denies and the other admits, or the one holds and the other allows."""
    needed, mine = meeting(laxer.needed), meeting(stricter.needed)
    for asked in stricter.needed:
        others = tuple(one for one in mine if one[0] != asked)
        inside = ((asked, False), *needed)
        plainer = Query((*inside, *others), (*laxer.refused, *stricter.refused))
        yield plainer, Query(inside, laxer.refused)
    for meets in stricter.refused:
        beside = tuple(one for one in stricter.refused if one != meets)
        inside = (*meeting(meets), *needed)
        plainer = Query((*inside, *mine), (*laxer.refused, *beside))
        yield plainer, Query(inside, laxer.refused)
    holding = tuple(one.meets for one in laxer.held)
    for held in stricter.held:
        inside = (*mine, *needed, *meeting(held.meets))
        yield (Query(inside, (*stricter.refused, *laxer.refused, *holding)),)


def meeting(asked: Iterable[Asked]) -> tuple[Answered, ...]:
    return tuple((one, True) for one in asked)


def telling(before: Tally | None, after: Tally | None) -> Iterator[tuple[Answered, ...]]:
    """Answers that make two limits charge differently, where they read from different places."""
    if before is None or after is None:
        return
    mine, theirs = _read(before), _read(after)
    for one, other in ((mine, theirs), (theirs, mine)):
        fresh = [asked for asked in one if asked not in other]
        rest = [asked for asked in other if asked not in one]
        twos = tuple((_probe(asked, TWO), True) for asked in fresh)
        if twos:
            yield (*twos, *((_probe(asked, THREE), True) for asked in rest))
            yield (*twos, *((_probe(asked, TWO), False) for asked in rest))
