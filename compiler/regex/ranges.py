"""Sets of code points as sorted, disjoint, non-touching ranges; Unicode classes; case folding.

Must not know patterns. Classes and foldings are those of the one version in `unicode_data`.
"""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable
from functools import cache, lru_cache
from typing import TypeAlias

from compiler.regex import unicode_data

Ranges: TypeAlias = tuple[tuple[int, int], ...]
"""First and last code point of each range, ascending, no two touching."""

MAX_CODE_POINT = 0x10FFFF
ANY: Ranges = ((0, MAX_CODE_POINT),)


def union(ranges: Iterable[tuple[int, int]]) -> Ranges:
    """Any ranges, in any order, as one set."""
    merged: list[tuple[int, int]] = []
    for first, last in sorted(ranges):
        if merged and first <= merged[-1][1] + 1:
            merged[-1] = (merged[-1][0], max(merged[-1][1], last))
        else:
            merged.append((first, last))
    return tuple(merged)


def complement(ranges: Ranges) -> Ranges:
    """Every code point that is not in the set."""
    gaps, start = [], 0
    for first, last in ranges:
        if first > start:
            gaps.append((start, first - 1))
        start = last + 1
    if start <= MAX_CODE_POINT:
        gaps.append((start, MAX_CODE_POINT))
    return tuple(gaps)


@cache
def unicode_class(name: str) -> Ranges | None:
    """A general category, its first letter, a script, or `Any`; None where there is none."""
    if name == "Any":
        return ANY
    encoded = unicode_data.CLASSES.get(name)
    if encoded is None:
        return None
    ranges, end = [], 0
    for word in encoded.split():
        gap, _, more = word.partition("-")
        first = end + int(gap, 36)
        end = first + int(more or "0", 36)
        ranges.append((first, end))
    return tuple(ranges)


@cache
def _orbits() -> dict[int, tuple[int, ...]]:
    """For each code point that folds, all those that fold to the same one, itself included."""
    groups: defaultdict[int, list[int]] = defaultdict(list)
    for word in unicode_data.FOLDINGS.split():
        first, to, count, step = (int(part, 36) for part in word.split("-"))
        for index in range(count):
            groups[to + index * step].append(first + index * step)
    return {
        member: orbit
        for target, sources in groups.items()
        for orbit in [(target, *sources)]
        for member in orbit
    }


@cache
def _folding_code_points() -> list[int]:
    return sorted(_orbits())


@lru_cache(maxsize=256)
def fold(ranges: Ranges) -> Ranges:
    """The set and all that simple case folding makes equal to a member."""
    codes, orbits = _folding_code_points(), _orbits()
    added: list[tuple[int, int]] = []
    for first, last in ranges:
        at = bisect_left(codes, first)
        while at < len(codes) and codes[at] <= last:
            added += ((member, member) for member in orbits[codes[at]])
            at += 1
    return union((*ranges, *added)) if added else ranges
