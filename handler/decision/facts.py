"""What paths may read beside the arguments: the grant and the time.

Must not know paths or rules. The members are those of docs/policy.md: `grant.label`, `grant.tags`,
`time.hour` (0 to 23) and `time.weekday` (1, Monday, to 7), both UTC.
"""

from typing import Any

from compiler.verdict import Subject
