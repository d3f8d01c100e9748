"""Requests that are almost good: made from one seed, so that a failure can be had again."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import Any

from handler.gateway.methods import CLIENT_NOTIFICATIONS, METHODS
from tests.gateway.world import LEGACY, MODERN, legacy, modern

TOOLS = ("safe", "never", "held", "limited", "unlisted", "SAFE", "safe ", "s\u0430fe", "", "*")
METHOD_NAMES = (*METHODS, *CLIENT_NOTIFICATIONS, "tools/Call", "tools/call ", "rpc.discover", "")
KEYS = ("n", "name", "arguments", "_meta", "id", "cursor", "uri", "requestState", "__proto__", "é")
TEXTS = ("", "safe", "never", "1", "\u2028", "\ud7ff", "a" * 300, "../..", "hp_g1_x", "\x00", "🂡")
NUMBERS = (0, 1, 9, 10, -1, 2**53, 2**53 + 1, 2**63, 2**64, 1.5, 1e308, 5e-324)
MARKS = (b"{", b"}", b"[", b"]", b'"', b",", b":", b"null", b"NaN", b"1e999", b"\\ud800", b"-0")
BYTES = (b"\xff", b"\xef\xbb\xbf", b"\x00")
TOKENS = (*MARKS, *BYTES, b'"name":"never"', b'"method":"tools/call"', b'"id":2')
MEDIA = ("application/json", "application/json; charset=utf-16", "text/plain", "APPLICATION/JSON")
VERBS = ("POST", "POST", "POST", "POST", "POST", "POST", "GET", "DELETE", "PUT", "HEAD", "OPTIONS")
PATHS = ("/mcp/crm", "/mcp/crm", "/mcp/crm", "/mcp/other", "/mcp/crm/", "/mcp/", "/mcp/%2e%2e")


@dataclass(frozen=True)
class Shot:
    """One HTTP request."""

    verb: str
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Gun:
    """Makes requests from a seed."""

    seed: int
    token: str
    random: Random = field(init=False)

    def __post_init__(self) -> None:
        self.random = Random(self.seed)

    def shot(self) -> Shot:
        body, headers = self._message()
        raw = json.dumps(body, ensure_ascii=self.random.random() < 0.5).encode(errors="replace")
        if self.random.random() < 0.4:
            raw = self._damaged(raw)
        sent = {
            "Authorization": f"Bearer {self.token}",
            "Content-Type": "application/json",
            "Accept": "application/json, text/event-stream",
            **headers,
        }
        if self.random.random() < 0.25:
            sent = self._bent(sent)
        plain = self.random.random() < 0.8
        verb = "POST" if plain else self.random.choice(VERBS)
        return Shot(verb, "/mcp/crm" if plain else self.random.choice(PATHS), sent, raw)

    def _message(self) -> tuple[Any, dict[str, str]]:
        """A message that fits together, with members replaced here and there."""
        make: Callable[..., tuple[dict[str, Any], dict[str, str]]]
        make = self.random.choice((modern, legacy))
        method = self._one("tools/call", *METHOD_NAMES)
        body, headers = make(method, self._params(method))
        headers = {key: _header(value) for key, value in headers.items()}
        if self.random.random() < 0.3:
            spot = self.random.choice((body, body["params"], body["params"].get("_meta", body)))
            spot[self.random.choice((*body, *KEYS))] = self._value(3)
        if self.random.random() < 0.1:
            del body[self.random.choice(list(body))]
        return ([body, body] if self.random.random() < 0.02 else body), headers

    def _params(self, method: str) -> dict[str, Any]:
        if method == "tools/call":
            usual = {"n": self.random.choice(NUMBERS)}
            odd = self.random.choice(({"n": self._value(1)}, self._value(4)))
            arguments = usual if self.random.random() < 0.6 else odd
            return {"name": self._one("safe", *TOOLS), "arguments": arguments}
        row = METHODS.get(method)
        known = row.params if row else ()
        return {key: self._value(2) for key in known if self.random.random() < 0.8}

    def _one(self, usual: str, *others: str) -> str:
        return usual if self.random.random() < 0.5 else self.random.choice(others)

    def _value(self, depth: int) -> Any:
        kinds = [self._leaf] * 3 + ([self._list, self._object] if depth else [])
        made: Any = self.random.choice(kinds)(depth)
        return made

    def _leaf(self, depth: int) -> Any:
        return self.random.choice((*TEXTS, *NUMBERS, None, True, False))

    def _list(self, depth: int) -> list[Any]:
        return [self._value(depth - 1) for _ in range(self.random.randrange(4))]

    def _object(self, depth: int) -> dict[str, Any]:
        return {
            self.random.choice(KEYS): self._value(depth - 1)
            for _ in range(self.random.randrange(4))
        }

    def _damaged(self, raw: bytes) -> bytes:
        """Bytes changed, taken out, doubled or put in."""
        for _ in range(self.random.randrange(1, 4)):
            at = self.random.randrange(len(raw) + 1)
            end = min(at + self.random.randrange(12), len(raw))
            put = self.random.choice(
                (b"", self.random.randbytes(3), self.random.choice(TOKENS), raw[at:end] * 2)
            )
            raw = raw[:at] + put + raw[end:]
        if self.random.random() < 0.05:
            return self.random.randbytes(self.random.randrange(200))
        return raw

    def _bent(self, headers: dict[str, str]) -> dict[str, str]:
        """Headers that do not fit, or that mean something else."""
        bent = dict(headers)
        change: dict[str, tuple[str, ...]] = {
            "Content-Type": MEDIA,
            "Content-Encoding": ("gzip", "identity"),
            "MCP-Protocol-Version": (LEGACY, MODERN, "2099-01-01", ""),
            "Mcp-Method": ("tools/list", "tools/call", ""),
            "Mcp-Name": ("safe", "never", "=?base64?bmV2ZXI=?=", "=?base64?!?="),
            "Mcp-Session-Id": ("x", self.token),
            "Mcp-Param-N": ("1", "9"),
            "Authorization": ("", "Bearer", "Basic x", f"bearer  {self.token}", "Bearer hp_g1_x"),
            "Origin": ("https://evil.example", "null"),
            "Accept": ("*/*", ""),
        }
        name = self.random.choice(list(change))
        bent[name] = self.random.choice(change[name])
        return bent


def _header(value: str) -> str:
    """What HTTP can carry of a value."""
    return "".join(each for each in value if " " <= each <= "~")
