"""The text of a path to its steps: `args.customer.id`, `args["odd.key"]`, `args.items[*].price`.

Must not know diagnostics: a path that does not parse is an exception with an offset.
"""

import json
import re

from compiler.policy import Every, Path, Root, Step

STEP = re.compile(
    r"""\.(?P<key>[^.\[\]"'*\s\x00-\x1f]++)"""
    r"|\[(?P<index>0|[1-9][0-9]{0,8})\]"
    r"|\[(?P<every>\*)\]"
    r'|\[(?P<quoted>"(?:[^"\\\x00-\x1f]|\\.)*+")\]'
)
ROOT = re.compile(r"[^.\[]*+")
MOST_STEPS = 64
ROOTS = {root.value: root for root in Root}

FIXED = {
    Root.GRANT: {"label": "string", "tags": "array"},
    Root.TIME: {"hour": "number", "weekday": "number"},
}
"""The members of the roots that we fill in, and their kinds."""


class PathError(ValueError):
    """A path that does not parse. `offset` counts code points; `help` may be empty."""

    def __init__(self, message: str, offset: int, help: str = "") -> None:
        super().__init__(message)
        self.message, self.offset, self.help = message, offset, help


def parse_path(text: str) -> Path:
    """The path a text spells. Raises `PathError`."""
    found = ROOT.match(text)
    name = found[0] if found else ""
    if name not in ROOTS:
        advice = "a path starts with `args.`, `grant.` or `time.`"
        raise PathError("the path has no known root", 0, advice)
    root, steps, at = ROOTS[name], list[Step](), len(name)
    while at < len(text):
        step = STEP.match(text, at)
        if step is None:
            raise PathError("the path cannot be read from here on", at, _advice(text[at:]))
        steps.append(_step(step))
        at = step.end()
    if not steps or len(steps) > MOST_STEPS:
        raise PathError(f"a path has 1 to {MOST_STEPS} steps after its root", 0)
    if root in FIXED:
        _check_fixed(root, steps)
    return Path(text, root, tuple(steps))


def _step(found: re.Match[str]) -> Step:
    if found["key"] is not None:
        return found["key"]
    if found["index"] is not None:
        return int(found["index"])
    if found["every"] is not None:
        return Every.ELEMENT
    try:
        key: str = json.loads(found["quoted"])
        key.encode()
    except ValueError:
        raise PathError("the quoted key is no JSON string", found.start()) from None
    return key


def _advice(rest: str) -> str:
    if "*" in rest[:3]:
        return 'every element is `[*]`, a key with a star is `["*"]`'
    if rest.startswith("[-"):
        return "elements are counted from the start, from 0"
    return 'odd keys are written `["odd.key"]`'


def _check_fixed(root: Root, steps: list[Step]) -> None:
    """`grant` and `time` have these members and no others; only `grant.tags` has elements."""
    members = FIXED[root]
    names = " or ".join(f"`{root}.{member}`" for member in members)
    if steps[0] not in members:
        raise PathError(f"`{root}` has no such member", len(root), f"write {names}")
    tail = steps[1:]
    if tail and (steps[0] != "tags" or len(tail) > 1 or isinstance(tail[0], str)):
        raise PathError(f"nothing is inside this member of `{root}`", len(root))


def has_every(path: Path) -> bool:
    """Whether the path has a `[*]`."""
    return Every.ELEMENT in path.steps


def fixed_kind(path: Path) -> str | None:
    """The kind of what the path reads where we fill it in, None where the agent does."""
    if path.root is Root.ARGS:
        return None
    return "string" if len(path.steps) > 1 else FIXED[path.root][str(path.steps[0])]
