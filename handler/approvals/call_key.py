"""What makes two calls the same call. Pure.

Must not know policies: the revision is recorded with an approval and is no part of its key.
"""

import hashlib
from collections.abc import Mapping

from compiler.values import Value
from handler.limits.canonical import canonical


def call_key(grant_id: str, server: str, tool: str, arguments: Mapping[str, Value]) -> str:
    """Hex SHA-256 over the four as one canonical JSON list, so that no field runs into the next.

    10, 10.0 and 1e1 are one call; "10" is another.
    """
    text = canonical([grant_id, server, tool, dict(arguments)])
    return hashlib.sha256(f"holdpoint call 1\n{text}".encode("ascii")).hexdigest()
