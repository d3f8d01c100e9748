"""How one policy stands to another. Must not know how that was found."""

from collections.abc import Iterable
from enum import StrEnum


class Relation(StrEnum):
    """What the new policy is, seen from the old one."""

    EQUAL = "equal"
    WIDER = "wider"
    NARROWER = "narrower"
    DIFFERENT = "different"
    NOT_DECIDED = "not decided"


def together(relations: Iterable[Relation], doubted: Iterable[Relation]) -> Relation:
    """What single differences make together, and those that there may be.

    A doubt does not matter where what it doubts has been shown already.
    """
    found = set(relations)
    if Relation.DIFFERENT in found or len(found) > 1:
        return Relation.DIFFERENT
    if set(doubted) - found:
        return Relation.NOT_DECIDED
    return found.pop() if found else Relation.EQUAL
