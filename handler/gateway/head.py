"""The HTTP headers of one request, read without guessing. Pure.

Names are lower case, values stripped of optional white space. A header that appears twice has no
value one could trust: first-copy and last-copy readers would disagree.
"""

import base64
import binascii
import re
from collections.abc import Iterable, Mapping

from compiler.frozen import dataclass
from handler import trace

VERSION = "mcp-protocol-version"
METHOD = "mcp-method"
NAME = "mcp-name"
SESSION = "mcp-session-id"
PARAM_PREFIX = "mcp-param-"

SINGLE = frozenset(
    {VERSION, METHOD, NAME, SESSION, "authorization", "content-type", "content-encoding", "origin"}
)
"""The headers that decide something here: a second copy of one refuses the request."""

FOLDED = frozenset({trace.PARENT, trace.STATE})
"""Headers whose copies count as one list: what must not be one is malformed then, not chosen."""

_ENCODED = re.compile(r"=\?base64\?(.*)\?=")
_PLAIN = re.compile(r"[\x20-\x7e]*")


@dataclass(frozen=True, slots=True)
class Head:
    """`values` holds the first copy of each header, `repeated` the deciding ones given twice."""

    values: Mapping[str, str]
    repeated: tuple[str, ...] = ()

    def get(self, name: str) -> str | None:
        return self.values.get(name)

    @property
    def takes_stream(self) -> bool:
        return "text/event-stream" in self.values.get("accept", "").lower()

    @property
    def media(self) -> str:
        """The media type of the body, without its parameters."""
        return self.values.get("content-type", "").split(";")[0].strip().lower()

    @property
    def params(self) -> dict[str, str]:
        """The `Mcp-Param-*` headers as they came."""
        return {k: v for k, v in self.values.items() if k.startswith(PARAM_PREFIX)}


def read_head(pairs: Iterable[tuple[str, str]]) -> Head:
    """The head of a request from its raw header lines."""
    values: dict[str, str] = {}
    repeated = []
    for raw_name, raw_value in pairs:
        name, value = raw_name.lower(), raw_value.strip(" \t")
        if name not in values:
            values[name] = value
        elif name in FOLDED:
            values[name] += f",{value}"
        elif name in SINGLE or name.startswith(PARAM_PREFIX):
            repeated.append(name)
    return Head(values, tuple(repeated))


def decode(value: str | None) -> str | None:
    """A header value, its base64 form decoded (2026-07-28, basic/transports, custom headers).

    None for an absent header, and for a broken base64 form: it must never equal a body value.
    """
    encoded = _ENCODED.fullmatch(value) if value is not None else None
    if encoded is None:
        return value
    try:
        raw = base64.b64decode(encoded[1], validate=True)
        return raw.decode() if base64.b64encode(raw).decode() == encoded[1] else None
    except (binascii.Error, UnicodeDecodeError):
        return None


def encode(value: str) -> str:
    """The header form of a value: as it is where that survives HTTP, else its base64 form."""
    if _PLAIN.fullmatch(value) and value == value.strip() and not _ENCODED.fullmatch(value):
        return value
    return f"=?base64?{base64.b64encode(value.encode()).decode()}?="
