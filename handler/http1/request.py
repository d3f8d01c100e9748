"""A request as bytes. Pure.

Source: RFC 9112, sections 3 and 5.
"""

import re
from collections.abc import Mapping

_HEAD = re.compile(
    r"[A-Z]+ [!-~]+ HTTP/1\.1\r\n(?:[!#$%&'*+.^_`|~0-9A-Za-z-]+: [^\x00-\x08\x0a-\x1f\x7f]*\r\n)*"
)


class Unwritable(ValueError):
    """A method, target or header that no request can carry. Says nothing of its value."""


def written(method: str, target: str, headers: Mapping[str, str], body: bytes | None) -> bytes:
    """The whole request. `headers` have a Host, and no length. Raises `Unwritable`."""
    lines = [f"{method} {target} HTTP/1.1\r\n"]
    lines += [f"{name}: {value}\r\n" for name, value in headers.items()]
    if body is not None:
        lines.append(f"content-length: {len(body)}\r\n")
    head = "".join(lines)
    if head.count("\n") != len(lines) or not _HEAD.fullmatch(head):
        raise Unwritable("a header or the address holds a character that cannot be sent")
    return head.encode("utf-8", "surrogateescape") + b"\r\n" + (body or b"")
