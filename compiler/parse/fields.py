"""Taking nodes apart: the typed value of a node, or a diagnostic and None.

Must not know which keys a policy has: the callers say what is allowed.
"""

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeVar

from compiler import regex
from compiler.diagnostics import Report, quote
from compiler.policy import Span
from compiler.source import ListNode, Member, Node, ObjectNode, Scalar, Source
from compiler.values import kind

Word = TypeVar("Word", bound=StrEnum)

KIND_WORDS = {"array": "a list", "object": "an object", "null": "null"}


@dataclass
class Reading:
    """One policy being read: its source, where errors go, the patterns already tried."""

    source: Source
    report: Report
    patterns: dict[str, regex.PatternError | None] = field(default_factory=dict)
    effort: regex.Effort = field(default_factory=regex.Effort)

    def fail(self, code: str, node: Node, message: str, help: str = "") -> None:
        """An error at a scalar, or at the first character of anything larger."""
        end = node.end if isinstance(node, Scalar) else node.start + 1
        self.report.add(code, self.source.span(node.start, end), message, help)

    def wrong(self, node: Node, what: str, wanted: str) -> None:
        self.fail("E012", node, f"{what} must be {wanted}, not {kind_word(node)}")

    def span(self, node: Node) -> Span:
        return self.source.of(node)

    def object(self, node: Node, what: str, keys: Iterable[str] | None) -> dict[str, Node]:
        """The members by key; unknown keys are reported. Any key is known where `keys` is None."""
        if not isinstance(node, ObjectNode):
            self.wrong(node, what, "an object")
            return {}
        if keys is not None:
            known = tuple(keys)
            for member in node.members:
                if member.name not in known:
                    self._unknown(member, what, known)
        return {member.name: member.node for member in node.members}

    def _unknown(self, member: Member, what: str, known: Iterable[str]) -> None:
        message = f"unknown key {quote(member.name)} in {what}"
        self.fail("E010", member.key, message, did_you_mean(member.name, known))

    def needed(self, fields: Mapping[str, Node], node: Node, what: str, *keys: str) -> bool:
        """Whether all keys are there; the missing ones are reported. Quiet on a wrong type."""
        missing = [key for key in keys if key not in fields]
        if missing and isinstance(node, ObjectNode):
            names = " and ".join(f"`{key}`" for key in missing)
            self.fail("E011", node, f"{what} needs {names}")
        return not missing

    def list(self, node: Node | None, what: str) -> list[Node]:
        """The elements; none where there is no node."""
        if node is None:
            return []
        if isinstance(node, ListNode):
            return node.items
        self.wrong(node, what, "a list")
        return []

    def string(self, node: Node | None, what: str) -> str | None:
        """The text; None where there is no node."""
        if node is None:
            return None
        if isinstance(node, Scalar) and isinstance(node.value, str):
            return node.value
        self.wrong(node, what, "a string")
        return None

    def boolean(self, node: Node | None, what: str, default: bool) -> bool:
        if node is None:
            return default
        if isinstance(node, Scalar) and isinstance(node.value, bool):
            return node.value
        self.wrong(node, what, "true or false")
        return default

    def number(self, node: Node, what: str) -> int | float | None:
        if isinstance(node, Scalar) and kind(node.value) == "number":
            assert isinstance(node.value, int | float)
            return node.value
        self.wrong(node, what, "a number")
        return None

    def word(self, node: Node, what: str, words: type[Word]) -> Word | None:
        """The member of a closed set."""
        text = self.string(node, what)
        if text is None:
            return None
        for word in words:
            if word.value == text:
                return word
        options = ", ".join(f"`{word}`" for word in words)
        message = f"{what} must be one of {options}, not {quote(text)}"
        self.fail("E014", node, message, did_you_mean(text, words))
        return None


def kind_word(node: Node) -> str:
    """`a list`, `an object`, `null`, or `a string`, `a number`, `a boolean`."""
    if isinstance(node, ObjectNode):
        return "an object"
    if isinstance(node, ListNode):
        return "a list"
    return KIND_WORDS.get(kind(node.value), f"a {kind(node.value)}")


def did_you_mean(text: str, options: Iterable[str]) -> str:
    """A help line with the closest option, or with none."""
    close = difflib.get_close_matches(text[:40].lower(), [str(one) for one in options], 1)
    return f"did you mean `{close[0]}`?" if close else ""
