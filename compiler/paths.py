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
EXAMPLES = {Root.ARGS: "amount", Root.GRANT: "label", Root.TIME: "hour"}

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
        raise PathError("the path has no known root", 0, _root_advice(text))
    root, steps, at = ROOTS[name], list[Step](), len(name)
    while at < len(text):
        step = STEP.match(text, at)
        if step is None:
            raise PathError("the path cannot be read from here on", at, _advice(text[at:]))
        steps.append(_step(step))
        at = step.end()
    if not steps or len(steps) > MOST_STEPS:
        advice = f"name what is read, such as `{name}.{EXAMPLES[root]}`" if not steps else ""
        raise PathError(f"a path has 1 to {MOST_STEPS} steps after its root", 0, advice)
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


ARGUMENTS = re.compile(
    r"(?:\$\.?|/)?(?:(?:args|arguments|params|parameters|input|body|request)(?=[./\[]))?[./]?",
    re.IGNORECASE,
)
"""What people begin a path with that leads into the arguments."""


def _root_advice(text: str) -> str:
    """The path that is probably meant by one without a root of ours."""
    plain = text.strip()
    lower = plain.partition(".")[0].lower()
    inside = ARGUMENTS.sub("", plain, count=1)
    if plain.startswith("/"):  # a JSON Pointer
        inside = inside.replace("/", ".")
    meant = f"{lower}{plain[len(lower) :]}" if lower in ROOTS else f"args.{inside}"
    try:
        return f"did you mean `{parse_path(meant[:LONGEST]).text}`?"
    except PathError:
        return NO_ROOT


LONGEST = 80
"""Code points of a path that is looked at again."""
NO_ROOT = "a path starts with `args.`, `grant.` or `time.`"

ADVICE = (
    (r"\.(?=[.\[]|$)", "a name follows the dot"),
    (r"\[\]|\[?\.?\*", 'every element is `[*]`, a key with a star is `["*"]`'),
    (r"\[-", "elements are counted from the start, from 0"),
    (r"\[0[0-9]", "an index has no zeros in front"),
    (r"\s+$", "take the space away"),
    ("", 'odd keys are written `["odd.key"]`'),
)
"""What to do about what cannot be read on, by how it begins; the first that fits."""


def _advice(rest: str) -> str:
    return next(advice for start, advice in ADVICE if re.match(start, rest))


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
