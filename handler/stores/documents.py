"""Our values as JSON documents, as every store keeps them, and back. Pure.

Every list of ours is a tuple, so each JSON list becomes one; only enums and nested values are named
here.
"""

from functools import lru_cache
from typing import Any

import orjson

from compiler.verdict import Hold, Place, Scope
from handler.approvals.lifecycle import Status
from handler.approvals.model import Approval, Origin
from handler.gateway.server import Drift, Server, Sessions
from handler.grants.model import Grant, GrantStatus
from handler.limits.debits import Debit
from handler.oauth.model import Authority, Issuer, Rule


def write(value: Server | Grant | Approval | dict[str, Any]) -> bytes:
    return orjson.dumps(value)


def read_record(text: bytes) -> dict[str, Any]:
    record: dict[str, Any] = orjson.loads(text)
    return record


@lru_cache(1_024)  # each call reads one, and it seldom is another than the call before read
def read_server(text: bytes) -> Server:
    fields = _fields(text)
    nested = {
        "sessions": Sessions(fields["sessions"]),
        "drift": Drift(fields.get("drift", Drift.WARN)),
        "oauth": read_authority(fields.get("oauth")),
    }
    return Server(**{**fields, **nested})


def read_authority(fields: dict[str, Any] | None) -> Authority | None:
    """Registrations of an earlier version have none."""
    if not fields:
        return None
    rules = tuple(Rule(**rule) for rule in fields["rules"])
    return Authority(Issuer(**fields["issuer"]), rules)


@lru_cache(1_024)
def read_grant(text: bytes) -> Grant:
    fields = _fields(text)
    return Grant(**{**fields, "status": GrantStatus(fields["status"])})


def read_approval(text: bytes) -> Approval:
    fields = _fields(text)
    nested = {
        "status": Status(fields["status"]),
        "origin": Origin(**fields["origin"]),
        "holds": tuple(map(_hold, fields["holds"])),
        "debits": tuple(map(_debit, fields["debits"])),
    }
    return Approval(**{**fields, **nested})


def _fields(text: bytes) -> dict[str, Any]:
    return _with_tuples(orjson.loads(text))


def _with_tuples(fields: dict[str, Any]) -> dict[str, Any]:
    return {
        name: tuple(value) if isinstance(value, list) else value for name, value in fields.items()
    }


def _hold(fields: dict[str, Any]) -> Hold:
    return Hold(**{**_with_tuples(fields), "place": Place(**fields["place"])})


def _debit(fields: dict[str, Any]) -> Debit:
    return Debit(**{**fields, "scope": Scope(fields["scope"])})
