"""One member of a JSON document, read strictly: wrong types become faults that name the member.

Must not know what the document is about. Reading never raises: it returns something of the right
type and records the fault, so one pass finds everything that is wrong.
"""

import difflib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

ABSENT = object()


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with one member. `path` is as a person would write it: `servers.a.upstream`."""

    path: str
    message: str

    def __str__(self) -> str:
        return f"`{self.path}` {self.message}" if self.path else self.message


@dataclass(frozen=True, slots=True)
class Member:
    """A value, where it stands, and where faults are collected."""

    name: str
    path: str
    value: Any
    faults: list[Fault]

    @classmethod
    def root(cls, value: Any) -> "Member":
        return cls("", "", value, [])

    @property
    def present(self) -> bool:
        return self.value is not ABSENT

    def fault(self, message: str) -> None:
        self.faults.append(Fault(self.path, message))

    def only(self, *known: str) -> None:
        """The value is an object, and members with other names than these are faults."""
        if self.present and not isinstance(self.value, dict):
            self.fault("must be an object")
        for name in self._object():
            if name not in known:
                self._child(name).fault(_unknown(name, known))

    def get(self, name: str) -> "Member":
        return self._child(name)

    def need(self, name: str) -> "Member":
        child = self._child(name)
        if not child.present and isinstance(self.value, dict):
            child.fault("is missing")
        return child

    def entries(self, names: re.Pattern[str]) -> list["Member"]:
        """The members of an object whose names are the author's to choose."""
        if self.present and not isinstance(self.value, dict):
            self.fault("must be an object")
        children = [self._child(name) for name in self._object()]
        for child in children:
            if not names.fullmatch(child.name):
                child.fault(f"is not a name that can be used here: `{names.pattern}`")
        return children

    def items(self) -> list["Member"]:
        if not self.present:
            return []
        if not isinstance(self.value, list):
            self.fault("must be a list")
            return []
        return [
            Member(str(index), f"{self.path}[{index}]", item, self.faults)
            for index, item in enumerate(self.value)
        ]

    def text(self) -> str:
        if isinstance(self.value, str) and self.value:
            return self.value
        if self.present:
            self.fault("must be a text that is not empty")
        return ""

    def matching(self, pattern: re.Pattern[str], otherwise: str) -> str:
        text = self.text()
        if text and not pattern.fullmatch(text):
            self.fault(otherwise)
        return text

    def flag(self) -> bool:
        if isinstance(self.value, bool):
            return self.value
        if self.present:
            self.fault("must be true or false")
        return False

    def whole(self, least: int, most: int, default: int) -> int:
        if not self.present:
            return default
        if type(self.value) is int and least <= self.value <= most:
            return self.value
        self.fault(f"must be a whole number from {least} to {most}")
        return default

    def one_of(self, choices: Sequence[str], default: str = "") -> str:
        if not self.present:
            return default
        text = self.text()
        if text in choices:
            return text
        if text:
            listed = ", ".join(f"`{choice}`" for choice in choices) or "nothing yet"
            self.fault(f"is `{text}`; it must be one of {listed}")
        return default

    def _object(self) -> dict[str, Any]:
        return self.value if isinstance(self.value, dict) else {}

    def _child(self, name: str) -> "Member":
        path = f"{self.path}.{name}" if self.path else name
        return Member(name, path, self._object().get(name, ABSENT), self.faults)


def _unknown(name: str, known: Sequence[str]) -> str:
    near = difflib.get_close_matches(name, known, n=1)
    if near:
        return f"is not a member that is known here; did you mean `{near[0]}`?"
    return f"is not a member that is known here; known are {', '.join(f'`{k}`' for k in known)}"
