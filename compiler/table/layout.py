"""The bytes of a decision table: sections of rows behind a checked header.

Must not know what rows mean. All numbers are little-endian: magic, version, number of sections,
length, CRC-32 of all that follows; then per section where it stands and how many rows it has; then
the sections. A section is its rows' offsets, one more than rows, and the rows; where all rows are
equally long it is the rows alone.
"""

import struct
import zlib
from collections.abc import Iterable, Sequence
from enum import IntEnum
from itertools import accumulate

from compiler.policy import Operator, Root
from compiler.verdict import Scope

MAGIC = b"HPTB"
VERSION = 3
"""Rises with every change of these bytes or of what they mean, the orders below included."""

OPERATORS, ROOTS, SCOPES = tuple(Operator), tuple(Root), tuple(Scope)
KEY, INDEX, EVERY = range(3)
"""The kinds of a path's steps."""
WORD = 2**32

_HEADER = struct.Struct("<4sHHII")
_PAIR = struct.Struct("<II")

Words = Sequence[int]


class TableError(ValueError):
    """The bytes are no decision table that this version reads. The text says why."""


class Section(IntEnum):
    """What a table holds, in this order.

    Strings, hidden names, values and automata are bytes. Any other row is 32-bit words that name
    strings and rows by index; an optional index is one higher, and 0 where there is none. A rule, a
    hold or a limit is its home (0 for `all_tools`, else its entry), its line, both optional
    indices, and its form: all that rules of other entries may have alike.
    """

    FACTS = 0
    """One row: how many entries are exact names, and 1 where the last serves unlisted tools."""
    STRINGS = 1
    HIDE = 2
    ENTRIES = 3
    RULES = 4
    HOLDS = 5
    LIMITS = 6
    RULE_FORMS = 7
    HOLD_FORMS = 8
    LIMIT_FORMS = 9
    CONDITIONS = 10
    PATHS = 11
    VALUES = 12
    AUTOMATA = 13


FORMS = (Section.RULE_FORMS, Section.HOLD_FORMS, Section.LIMIT_FORMS)

FIXED = {Section.RULES: 12, Section.HOLDS: 12, Section.LIMITS: 12}
"""Bytes of a row, in the sections that have no offsets."""


def pack(words: Iterable[int]) -> bytes:
    """A row of words."""
    row = tuple(words)
    return struct.pack(f"<{len(row)}I", *row)


def assemble(sections: dict[Section, list[bytes]]) -> bytes:
    """The table with these rows, every section given."""
    place = _HEADER.size + _PAIR.size * len(Section)
    index: list[bytes] = []
    bodies: list[bytes] = []
    for section in Section:
        rows = sections[section]
        index.append(_PAIR.pack(place, len(rows)))
        start = place if section in FIXED else place + 4 * (len(rows) + 1)
        offsets = [*accumulate(map(len, rows), initial=start)]
        bodies += rows if section in FIXED else (pack(offsets), *rows)
        place = offsets[-1]
    checked = b"".join(index + bodies)
    return _HEADER.pack(MAGIC, VERSION, len(Section), place, zlib.crc32(checked)) + checked


class Sections:
    """The rows of a table's bytes. Opening checks the bytes and reads no row."""

    def __init__(self, data: bytes) -> None:
        """Raises `TableError` where the bytes are not a whole table of this version."""
        if len(data) < _HEADER.size or not data.startswith(MAGIC):
            raise TableError("these bytes are not a decision table")
        _, version, sections, length, checksum = _HEADER.unpack_from(data)
        if version != VERSION or sections != len(Section):
            raise TableError(
                f"the decision table has version {version} and this program reads {VERSION}; "
                "compile the policy again"
            )
        if length != len(data):
            raise TableError(f"the decision table has {len(data)} of its {length} bytes")
        if zlib.crc32(memoryview(data)[_HEADER.size :]) != checksum:
            raise TableError("the decision table is damaged: its checksum does not match")
        self._data = data
        self._index = [
            _PAIR.unpack_from(data, _HEADER.size + _PAIR.size * section) for section in Section
        ]

    def count(self, section: Section) -> int:
        count: int = self._index[section][1]
        return count

    def bytes(self, section: Section, index: int) -> bytes:
        """One row. Raises IndexError where there is none."""
        place, count = self._index[section]
        if not 0 <= index < count:
            raise IndexError(f"no row {index} in {section.name}")
        if section in FIXED:
            start = place + FIXED[section] * index
            return self._data[start : start + FIXED[section]]
        start, end = _PAIR.unpack_from(self._data, place + 4 * index)
        return self._data[start:end]

    def text(self, section: Section, index: int) -> str:
        return self.bytes(section, index).decode()

    def words(self, section: Section, index: int) -> Words:
        row = self.bytes(section, index)
        return struct.unpack(f"<{len(row) // 4}I", row)
