"""What is answered about a condition, and what is found where its path ends.

Must not know operators, paths or rules. Whether a condition counts against the call: False, True,
or, where the value is of a type the operator does not compare, a mismatch. A mismatch is truthy,
since in every list of rules it counts against the call.
"""

from collections.abc import Callable, Mapping
from enum import Enum
from typing import Any, TypeAlias

from compiler.values import Value


class Mismatch(Enum):
    """The third answer: the value is there, and it is not of a type the operator compares."""

    MISMATCH = "mismatch"


MISMATCH = Mismatch.MISMATCH


class Missing(Enum):
    """What is found where there is no such member."""

    MISSING = "missing"


MISSING = Missing.MISSING

Answer: TypeAlias = bool | Mismatch
Object = Mapping[str, Any]
Test = Callable[[Object], Answer]
"""Of an object, about its member with the key the test was made for."""

Answers = tuple[Answer, Answer, Answer]
"""What to answer where the operator holds, where it does not, and where the member is missing."""

Maker = Callable[[str, Value, Answers], Test]
"""From a key and a literal to the test by one operator."""
