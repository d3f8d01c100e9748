"""Tool names and globs: which entry of `tools` serves a tool.

Must not know rules. In a glob `*` stands for any text, the empty one too; nothing else is special.
"""

from collections.abc import Iterable

STAR = "*"


def matches(glob: str, name: str) -> bool:
    """Whether the glob matches the whole name, in time linear in the name for each star."""
    first, *rest = glob.split(STAR)
    if not rest:
        return glob == name
    *middle, last = rest
    if not name.startswith(first) or not name.endswith(last):
        return False
    at, end = len(first), len(name) - len(last)
    for part in middle:
        found = name.find(part, at, end)
        if found < 0:
            return False
        at = found + len(part)
    return at <= end


def literal_length(glob: str) -> int:
    """Characters other than `*`: the glob with more of them is the closer one."""
    return len(glob) - glob.count(STAR)


def overlap(left: str, right: str) -> bool:
    """Whether one name can match both of two globs.

    Each has a star, so what stands between their ends can be written one after the other: only
    the text before the first star and after the last can keep them apart.
    """
    heads = left.split(STAR, 1)[0], right.split(STAR, 1)[0]
    tails = left.rsplit(STAR, 1)[-1], right.rsplit(STAR, 1)[-1]
    return (heads[0].startswith(heads[1]) or heads[1].startswith(heads[0])) and (
        tails[0].endswith(tails[1]) or tails[1].endswith(tails[0])
    )


def closest(globs: Iterable[str], name: str) -> str | None:
    """The glob with the most literal characters that matches the name, if any does."""
    return max((one for one in globs if matches(one, name)), key=literal_length, default=None)
