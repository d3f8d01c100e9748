"""How one policy stands to another."""

from collections.abc import Iterable
from enum import StrEnum


class Relation(StrEnum):
    """What the new policy is, seen from the old one."""

    EQUAL = "equal"
    WIDER = "wider"
    NARROWER = "narrower"
    DIFFERENT = "different"
    NOT_DECIDED = "not decided"


def together(relations: Iterable[Relation], doubted: bool) -> Relation:
    """What single differences make together. A doubt leaves only `different` standing."""
    found = set(relations) - {Relation.EQUAL}
    if Relation.DIFFERENT in found or len(found) > 1:
        return Relation.DIFFERENT
    if doubted:
        return Relation.NOT_DECIDED
    return found.pop() if found else Relation.EQUAL
