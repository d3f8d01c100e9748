"""How the demo speaks in a terminal: numbered scenes, short lines, a mark for what was checked.

Must not know the story. Without a terminal there is no colour; without UTF-8 there are no symbols.
"""

import shutil
import sys
import textwrap
from dataclasses import dataclass, field
from typing import TextIO

WIDTH = 100
"""Columns; a terminal that has fewer gets fewer."""
BOLD, DIM, RED, GREEN, YELLOW, BLUE = "1", "2", "31", "32", "33", "34"
SYMBOLS = {"ok": "✓", "bad": "✗", "bar": "│", "rule": "─"}
PLAIN = {"ok": "ok", "bad": "FAILED", "bar": "|", "rule": "-"}


@dataclass
class Narrator:
    """Writes to one stream, and remembers what did not happen as told."""

    out: TextIO = field(default_factory=lambda: sys.stdout)
    colour: bool = False
    scene: int = 0
    failed: list[str] = field(default_factory=list)

    @property
    def width(self) -> int:
        return min(WIDTH, shutil.get_terminal_size((WIDTH, 24)).columns - 1)

    @property
    def symbols(self) -> dict[str, str]:
        return SYMBOLS if (self.out.encoding or "").lower().startswith("utf") else PLAIN

    def title(self, text: str) -> None:
        self._line()
        self._line(self._paint(text, BOLD))
        self._line(self._paint(self.symbols["rule"] * min(len(text), self.width), DIM))

    def begin(self, title: str, why: str = "") -> None:
        """A new scene."""
        self.scene += 1
        self._line()
        self._line(self._paint(f"{self.scene}  {title}", BOLD))
        for line in textwrap.wrap(why, self.width - 3):
            self._line(f"   {line}")

    def says(self, who: str, what: str, tone: str = "") -> None:
        """One line of the exchange: who, and what."""
        name = self._paint(f"{who:>10}", BLUE)
        first, *rest = textwrap.wrap(what, self.width - 13) or [""]
        self._line(f"{name}  {self._paint(first, tone)}")
        for line in rest:
            self._line(f"{'':>10}  {self._paint(line, tone)}")

    def quote(self, text: str) -> None:
        """A document shown as it is."""
        bar = self._paint(self.symbols["bar"], DIM)
        for line in text.strip().splitlines():
            self._line(f"{'':>10}  {bar} {line}")

    def check(self, happened: bool, promise: str) -> None:
        """A promise, and whether it was kept."""
        if not happened:
            self.failed.append(promise)
        mark = self.symbols["ok" if happened else "bad"]
        self._line(f"{'':>10}  {self._paint(f'{mark} {promise}', GREEN if happened else RED)}")

    def note(self, text: str = "") -> None:
        for line in text.splitlines() or [""]:
            self._line(f"   {line}".rstrip())

    def _paint(self, text: str, tone: str) -> str:
        return f"\033[{tone}m{text}\033[0m" if self.colour and tone and text else text

    def _line(self, text: str = "") -> None:
        print(text, file=self.out, flush=True)
