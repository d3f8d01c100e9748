"""Limits of two policies side by side: which admit more, and which start again from zero.

Must not know other rules. A tally is known by owner, counter, window, scope, `per`
and the number of its shards (docs/limits.md): where one of those changes, what was counted is no
longer found.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from compiler.answers.demands import Tally
from compiler.answers.relation import Relation
from compiler.names import amount_text, window_text


@dataclass(frozen=True, slots=True)
class TallyChange:
    """One limit that is not as it was; None: there is none."""

    relation: Relation
    before: Tally | None
    after: Tally | None
    text: str


def compare(before: Sequence[Tally], after: Sequence[Tally]) -> Iterator[TallyChange]:
    """How the limits of one tool changed."""
    old, new = list(dict.fromkeys(before)), list(dict.fromkeys(after))
    for mine in list(old):
        theirs = next((one for one in new if _key(one) == _key(mine)), None)
        if theirs is not None:
            old.remove(mine)
            new.remove(theirs)
            yield from _terms(mine, theirs)
    for mine in list(old):
        theirs = next((one for one in new if one.counter == mine.counter), None)
        if theirs is not None:
            old.remove(mine)
            new.remove(theirs)
            yield _moved(mine, theirs)
    for mine in old:
        yield TallyChange(Relation.WIDER, mine, None, f"{_named(mine)} is gone")
    for theirs in new:
        yield TallyChange(Relation.NARROWER, None, theirs, f"{_named(theirs)} is new")


def _key(tally: Tally) -> Tally:
    """All that says which tally it is."""
    return replace(tally, maximum=0, source=None)


def _terms(mine: Tally, theirs: Tally) -> Iterator[TallyChange]:
    """The same tally with other terms."""
    if mine.maximum != theirs.maximum:
        raised = theirs.maximum > mine.maximum
        relation = Relation.WIDER if raised else Relation.NARROWER
        amounts = f"{amount_text(theirs.maximum)} instead of {amount_text(mine.maximum)}"
        yield TallyChange(relation, mine, theirs, f"{_named(mine)} admits {amounts}")
    if mine.source != theirs.source:
        taken = f"takes {_source(theirs)} instead of {_source(mine)}"
        yield TallyChange(Relation.DIFFERENT, mine, theirs, f"{_named(mine)} {taken}")


def _moved(mine: Tally, theirs: Tally) -> TallyChange:
    changes = [
        f"{name} {new} instead of {old}"
        for name, old, new in (
            ("belongs to", mine.owner, theirs.owner),
            ("counts by the", window_text(mine.window), window_text(theirs.window)),
            ("has the scope", mine.scope, theirs.scope),
            ("is per", _per(mine), _per(theirs)),
            ("counts in", _shards(mine), _shards(theirs)),
            ("admits", amount_text(mine.maximum), amount_text(theirs.maximum)),
        )
        if old != new
    ]
    text = f"limit `{mine.counter}` {', '.join(changes)}; the tally starts at zero"
    return TallyChange(Relation.DIFFERENT, mine, theirs, text)


def _named(tally: Tally) -> str:
    return f"limit `{tally.counter}` per {window_text(tally.window)}"


def _source(tally: Tally) -> str:
    return f"`{tally.source.text}`" if tally.source else "1"


def _shards(tally: Tally) -> str:
    return f"{tally.shards} shards" if tally.shards > 1 else "one tally"


def _per(tally: Tally) -> str:
    return ", ".join(f"`{one.text}`" for one in tally.per) or "nothing"
