"""Which tools must be looked at so that no tool is left out, and what serves each.

Must not know conditions. Tools that the same entries serve fare alike: every exact name is looked
at, and one name for each set of others that the same globs serve.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import product

from compiler import globs
from compiler.answers import texts
from compiler.answers.demands import Demands, demands
from compiler.answers.effort import Effort, Exhausted
from compiler.answers.machines import Machine, Pattern, Prefixes, literal_pattern
from compiler.globs import STAR
from compiler.policy import Default, Entry, Policy, Rules
from compiler.regex import PatternError

UNNAMED = "any_other_tool"
FILLERS = ("x", "", "other", UNNAMED, "x_")
MOST_PAIRS = 40
"""Globs of which names are tried that two of them match."""
MOST_LITERAL = 20_000
"""Characters of all globs together."""
MOST_STEPS = 20_000_000
"""Globs, or 16 characters of them, that are compared with a name."""
MEET = "too many globs meet"


class Serving:
    """What a policy does with tools, by their names."""

    def __init__(self, policy: Policy) -> None:
        self.policy = policy
        self.exact = {entry.name: entry for entry in policy.tools if not entry.is_glob}
        self.globs = {entry.name: entry for entry in policy.tools if entry.is_glob}
        self._hidden = frozenset(policy.hide)
        self._made: dict[str | None, Demands] = {}

    def hides(self, tool: str) -> bool:
        return tool in self._hidden or self.policy.hide == (STAR,)

    def entry(self, tool: str) -> Entry | None:
        """The entry that serves a tool, as compiler.meaning finds it."""
        if tool in self.exact:
            return self.exact[tool]
        glob = globs.closest(self.globs, tool)
        return self.globs[glob] if glob is not None else None

    def demands(self, tool: str) -> Demands | None:
        """What is demanded of the tool's calls; None: every one is denied."""
        entry = self.entry(tool)
        if self.hides(tool) or (entry is None and self.policy.default is Default.DENY):
            return None
        name = entry.name if entry else None
        if name not in self._made:
            sections: list[tuple[str | None, Rules]] = [(None, self.policy.all_tools)]
            self._made[name] = demands(sections + ([(name, entry.rules)] if entry else []))
        return self._made[name]

    def names(self) -> Iterator[str]:
        """Every exact name, hidden ones too."""
        yield from self.exact
        yield from (name for name in self.policy.hide if name != STAR)


def to_look_at(policies: Sequence[Serving], within: str = STAR) -> tuple[list[str], str]:
    """Names for all that match the glob `within`, and why some may be left out, or nothing."""
    exact = dict.fromkeys(name for one in policies for name in one.names())
    named = [name for name in exact if globs.matches(within, name)]
    if STAR not in within:
        return [within], ""

    globbed = [list(one.globs) for one in policies]
    others = _Others(globbed, within, frozenset(exact))
    return named + others.names(), others.doubt


class _Others:
    """A name without an entry of its own for each way of being served, plain ones first."""

    def __init__(self, globbed: list[list[str]], within: str, exact: frozenset[str]) -> None:
        self.globbed, self.within, self.exact = globbed, within, exact
        self.used = [*dict.fromkeys(glob for each in globbed for glob in each)]
        self.doubt = ""
        self._effort = Effort(MOST_STEPS)
        self._weight = sum(1 + len(glob) // 16 for each in globbed for glob in each)
        self._found: dict[tuple[str | None, ...], str] = {}

    def names(self) -> list[str]:
        try:
            self._collect()
        except Exhausted:
            self.doubt = MEET
        return list(self._found.values())

    def _collect(self) -> None:
        self._offer(self._plain())
        for name in self._shortest():
            if self._served(name) not in self._found:
                self._offer((name, *_longer(name)))
            if self._served(name) not in self._found:
                self.doubt = f"names are all taken that are served like `{name}`"

    def _served(self, name: str) -> tuple[str | None, ...]:
        self._effort.spend(self._weight)
        return tuple(globs.closest(each, name) for each in self.globbed)

    def _offer(self, names: Iterable[str]) -> None:
        for name in names:
            if name not in self.exact and globs.matches(self.within, name):
                self._found.setdefault(self._served(name), name)

    def _plain(self) -> Iterator[str]:
        """Names that a reader takes for tools: the stars filled in, also of two globs at once."""
        shapes = [self.within, *self.used]
        yield UNNAMED
        for filler in FILLERS:
            yield from (shape.replace(STAR, filler) for shape in shapes)
        for one, other in product(shapes[:MOST_PAIRS], repeat=2):
            if globs.overlap(one, other):
                yield _merged(one, other)

    def _shortest(self) -> list[str]:
        """A name for each set of globs that match together; all there are, or the doubt is set."""
        if sum(map(len, self.used)) > MOST_LITERAL:
            self.doubt = MEET
            return []
        try:
            shapes = dict.fromkeys(glob for glob in (self.within, *self.used) if glob != STAR)
            prefixes = [one[:-1] for one in shapes if one.endswith(STAR) and one.count(STAR) == 1]
            others = [one for one in shapes if one[:-1] not in prefixes]
            machines: list[Machine] = [Pattern(_pattern(glob)) for glob in others]
            if prefixes:
                machines.append(Prefixes(prefixes))
            found = texts.representatives(machines, self._effort) if machines else []
        except (texts.TooManySteps, PatternError):
            self.doubt = MEET
            return []
        return [name for name in found if globs.matches(self.within, name)]


def _merged(one: str, other: str) -> str:
    """A name that both globs match, which overlap."""
    heads = sorted((one.split(STAR, 1)[0], other.split(STAR, 1)[0]), key=len)
    tails = sorted((one.rsplit(STAR, 1)[-1], other.rsplit(STAR, 1)[-1]), key=len)
    middles = [part for glob in (one, other) for part in glob.split(STAR)[1:-1]]
    return heads[-1] + "x".join(("", *middles, "")) + tails[-1]


def _pattern(glob: str) -> str:
    return r"(?s)\A" + ".*".join(map(literal_pattern, glob.split(STAR))) + r"\z"


def _longer(name: str) -> Iterator[str]:
    for filler in FILLERS:
        yield from (name[:at] + filler + name[at:] for at in range(len(name) + 1))
