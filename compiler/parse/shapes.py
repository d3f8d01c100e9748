"""What an object of a policy may have in it, and what people write there instead.

Must not know nodes: who takes them apart asks here which key is known, meant or explained.
"""

import difflib
import re
from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Shape:
    """One kind of object."""

    what: str
    """What diagnostics call it."""
    keys: tuple[str, ...]
    needed: tuple[str, ...] = ()
    form: str = ""
    """One as it is written, for who wrote something else; may be empty."""
    remarks: Mapping[str, str] = field(default_factory=dict)
    """What to do instead of writing a key that is none of these; keys in snake case."""

    def is_whole(self, fields: Container[str]) -> bool:
        """Whether nothing that it needs is missing."""
        return all(key in fields for key in self.needed)


@dataclass(frozen=True, slots=True)
class Meant:
    """The known word that another one probably stands for. `sure`: its value can be read as of
    the known one."""

    word: str
    sure: bool


SYNONYMS = {
    "field": ("path",), "argument": ("path",), "arg": ("path",), "param": ("path",),
    "operator": ("op",), "operation": ("op",), "comparison": ("op",), "comparator": ("op",),
    "values": ("value",),
    "message": ("on_deny", "reason", "on_limit"), "reason": ("on_deny", "on_limit"),
    "on_deny": ("reason", "on_limit"), "on_approve": ("reason",),
    "name": ("counter",), "id": ("counter",), "key": ("counter",),
    "limit": ("max",), "maximum": ("max",), "count": ("max",), "amount": ("max",),
    "period": ("window",), "interval": ("window",), "duration": ("window",),
    "timeout": ("expires_in",), "ttl": ("expires_in",), "expiry": ("expires_in",),
    "cost": ("increment_from",), "hidden": ("hide",), "hide_tools": ("hide",),
    "user": ("grant",), "agent": ("grant",), "token": ("grant",), "global": ("all",),
    "permit": ("allow",), "reject": ("deny",), "approve": ("require_approval", "approve_if"),
    "ask": ("require_approval",), "hold": ("require_approval",),
}  # fmt: skip
"""What people write who know the words from elsewhere, and what may be meant: the first of them
that is known here."""

LIKENESSES = {
    "deny": ("deny_if",), "block": ("deny_if", "deny"), "block_if": ("deny_if",),
    "approval": ("require_approval", "approve_if"), "require_approval": ("approve_if",),
    "requires_approval": ("approve_if",), "rate": ("rate_limit",), "default_action": ("default",),
}  # fmt: skip
"""The same where the value is most often written otherwise too."""

REMARKS = {
    "$schema": "editors are told of the schema in their settings",
    **dict.fromkeys(
        ("description", "comment", "comments", "note", "notes"),
        "a policy has no comments; `on_deny` and `reason` are read by the agent",
    ),
    "allow": "`{}` allows a tool",
    "rules": "rules stand in `require`, `deny_if`, `approve_if` and `limits`",
}
"""What to do instead, wherever the key stands; keys in snake case."""

SURE = 0.8
"""From this likeness on (`difflib`'s ratio) a word is a slip of the known one."""


def snake(text: str) -> str:
    """`denyIf`, `deny-if` and `Deny If` are `deny_if`."""
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", text[:40].strip("_ "))
    return re.sub(r"[-\s]+", "_", spaced).lower()


def meant(text: str, words: Iterable[str]) -> Meant | None:
    """The word that the text most probably stands for, if one is like it."""
    known, plain = [str(word) for word in words], snake(text)
    if plain in known:
        return Meant(plain, sure=True)
    for table, sure in ((SYNONYMS, True), (LIKENESSES, False)):
        for word in table.get(plain, ()):
            if word in known:
                return Meant(word, sure)
    close = difflib.get_close_matches(plain, known, 1)
    if not close:
        return None
    return Meant(close[0], difflib.SequenceMatcher(None, close[0], plain).ratio() >= SURE)


def did_you_mean(text: str, words: Iterable[str]) -> str:
    """A help line with the closest word, or with none."""
    found = meant(text, words)
    return f"did you mean `{found.word}`?" if found else ""


def remark(shape: Shape, key: str) -> str:
    """What to do instead of writing a key that the shape has not; may be empty."""
    plain = snake(key)
    return shape.remarks.get(plain) or REMARKS.get(plain, "")
