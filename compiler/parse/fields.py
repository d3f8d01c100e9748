"""Taking nodes apart: the typed value of a node, or a diagnostic and None.

Must not know which keys a policy has: the callers say what is allowed. Of what could not be read
nothing is said again.
"""

import json
import re
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeVar

from compiler import regex
from compiler.diagnostics import Report, quote
from compiler.parse.shapes import Shape, did_you_mean, meant, remark
from compiler.policy import Span
from compiler.source import ListNode, Member, Node, ObjectNode, Scalar, Source
from compiler.values import kind, read_number

Word = TypeVar("Word", bound=StrEnum)

KIND_WORDS = {"array": "a list", "object": "an object", "null": "null"}


@dataclass
class Reading:
    """One policy being read: its source, where errors go, the patterns already tried."""

    source: Source
    report: Report
    patterns: dict[str, regex.PatternError | None] = field(default_factory=dict)
    effort: regex.Effort = field(default_factory=regex.Effort)
    failures: int = 0
    """What could not be read so far, told or not."""

    def fail(self, code: str, node: Node, message: str, help: str = "") -> None:
        """An error at a scalar, or at the first character of anything larger."""
        self.failures += 1
        if isinstance(node, Scalar) and not node.known:
            return
        end = node.end if isinstance(node, Scalar) else node.start + 1
        self.report.add(code, self.source.span(node.start, end), message, help)

    def wrong(self, node: Node, what: str, wanted: str, help: str = "") -> None:
        self.fail("E012", node, f"{what} must be {wanted}, not {kind_word(node)}", help)

    def span(self, node: Node) -> Span:
        return self.source.of(node)

    def written(self, node: Node) -> str:
        """The node as it stands in the source."""
        return self.source.text[node.start : node.end]

    def object(self, node: Node, shape: Shape) -> dict[str, Node]:
        """The members by key; unknown and missing keys are reported.

        An unknown key that is probably meant for a known one counts as that, so that it is not
        missed as well, and what it holds is read where there is no doubt.
        """
        if not isinstance(node, ObjectNode):
            self.wrong(node, shape.what, "an object", f"such as {shape.form}" if shape.form else "")
            return {}
        fields = {one.name: one.node for one in node.members}
        if all(map(shape.keys.__contains__, fields)) and shape.is_whole(fields):
            return fields
        return self._mended(node, shape)

    def _mended(self, node: ObjectNode, shape: Shape) -> dict[str, Node]:
        """The members of an object that is not as it should be."""
        fields = {one.name: one.node for one in node.members if one.name in shape.keys}
        strange = [one for one in node.members if one.name not in shape.keys and one.key.known]
        unlike = self._strange(strange, shape, fields)
        missing = [key for key in shape.needed if key not in fields]
        if len(missing) < len(shape.needed) or not missing:
            for member in unlike:
                self._unknown(member, shape)
        elif len(unlike) < len(strange):
            return fields  # what is written instead is told
        if missing:
            self._missing(node, shape, missing)
        return fields

    def _strange(
        self, members: list[Member], shape: Shape, fields: dict[str, Node]
    ) -> list[Member]:
        """Report the unknown keys of which it is known what they should be; the others are left."""
        unlike, told = list[Member](), set[str]()
        for member in members:
            remarked, found = remark(shape, member.name), meant(member.name, shape.keys)
            if remarked and remarked not in told:
                self._unknown(member, shape, remarked)
                told.add(remarked)
            elif found and not remarked:
                self._unknown(member, shape, f"did you mean `{found.word}`?")
                guess = Scalar(member.node.start, member.node.end, None, known=False)
                fields.setdefault(found.word, member.node if found.sure else guess)
            elif not remarked:
                unlike.append(member)
        return unlike

    def _unknown(self, member: Member, shape: Shape, advice: str = "") -> None:
        message = f"unknown key {quote(member.name)} in {shape.what}"
        self.fail("E010", member.key, message, advice)

    def _missing(self, node: Node, shape: Shape, missing: list[str]) -> None:
        *most, last = (f"`{key}`" for key in missing)
        names = f"{', '.join(most)} and {last}" if most else last
        form = f"such as {shape.form}" if shape.form else ""
        self.fail("E011", node, f"{shape.what} needs {names}", form)

    def objects(self, node: Node | None, what: str) -> list[Node]:
        """The elements of a list of objects; none where there is no node. One alone, without its
        brackets, is reported and taken."""
        if isinstance(node, ObjectNode):
            self.wrong(node, what, "a list", "put it in brackets: `[{…}]`")
            return [node]
        return self._elements(node, what)

    def strings(self, node: Node | None, what: str) -> list[Node]:
        """The same for a list of strings."""
        if isinstance(node, Scalar) and isinstance(node.value, str):
            written = json.dumps(node.value, ensure_ascii=False)
            self.wrong(node, what, "a list", f"put it in brackets: {quote(f'[{written}]')}")
            return [node]
        return self._elements(node, what)

    def _elements(self, node: Node | None, what: str) -> list[Node]:
        if node is None:
            return []
        if isinstance(node, ListNode):
            return node.items
        self.wrong(node, what, "a list")
        return []

    def string(self, node: Node | None, what: str, help: str = "") -> str | None:
        """The text; None where there is no node."""
        if node is None:
            return None
        if isinstance(node, Scalar) and isinstance(node.value, str):
            return node.value
        if isinstance(node, Scalar) and node.value is not None:
            help = help or f'write "{self.written(node)}"'
        self.wrong(node, what, "a string", help)
        return None

    def boolean(self, node: Node | None, what: str, default: bool) -> bool:
        if node is None:
            return default
        if isinstance(node, Scalar) and isinstance(node.value, bool):
            return node.value
        self.wrong(node, what, "true or false", _boolean_advice(node))
        return default

    def number(self, node: Node, what: str) -> int | float | None:
        if isinstance(node, Scalar) and kind(node.value) == "number":
            assert isinstance(node.value, int | float)
            return node.value
        self.wrong(node, what, "a number", number_advice(node))
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


AMOUNT = re.compile(r"[^\d.-]{0,5}(-?\d{1,3}(?:[,_ ]\d{3})+|-?\d{1,15})(\.\d{1,15})?[^\d.]{0,12}")


def number_advice(node: Node) -> str:
    """The number inside a text such as `1,000.50 USD`, if it holds one; else nothing."""
    text = node.value if isinstance(node, Scalar) else None
    found = AMOUNT.fullmatch(text) if isinstance(text, str) else None
    if found is None:
        return ""
    number = re.sub(r"[,_ ]", "", found[1]).lstrip("0") or "0"
    written = f"{number}{found[2] or ''}"
    return f"write {written}, without quotes" if read_number(written) is not None else ""


def _boolean_advice(node: Node) -> str:
    text = str(node.value).lower() if isinstance(node, Scalar) else ""
    return f"write {text}, without quotes" if text in ("true", "false") else ""
