"""What the rows of a program are called and say: the module's own section `holdpoint`.

Must not know bytes of the module. UTF-8 JSON, so that a host that has only the module can name a
rule, its line and its message as every engine does. docs/wasm.md explains the members.
"""

import json
from typing import Any

from compiler import names
from compiler.ir import EntryRow, HoldRow, LimitRow, Program, RuleRow
from compiler.policy import Path, Root
from compiler.verdict import Place

SECTION = "holdpoint"
VERSION = 1


def source_map(program: Program) -> bytes:
    """The section's bytes; equal programs give equal bytes."""
    unlisted = [] if program.unlisted is None else [program.unlisted]
    found = {
        "version": VERSION,
        "messages": _messages(),
        "paths": [path.text for path in program.paths],
        "conditions": [
            {
                "path": row.path,
                "op": row.operator,
                "value": json.loads(program.values[row.value]),
                "mismatch": row.mismatch,
            }
            for row in program.conditions
        ],
        "rules": list(map(_rule, program.rules)),
        "holds": list(map(_hold, program.holds)),
        "limits": list(map(_limit, program.limits)),
        "entries": [_entry(entry) for entry in (*program.entries, *unlisted)],
    }
    return json.dumps(found, ensure_ascii=False, separators=(",", ":")).encode()


def _messages() -> dict[str, str]:
    """The sentences, with `{tool}`, `{rule}`, `{path}` and `{reason}` to be filled in."""
    path = Path("{path}", Root.ARGS, ())
    return {
        "hidden": names.hidden_message("{tool}"),
        "default_deny": names.default_deny_message("{tool}"),
        "require": names.require_message("", "{rule}", ""),
        "deny_if": names.deny_if_message("", "{rule}", ""),
        "approve_if": names.approve_if_reason("", "{rule}", ""),
        "no_approver": names.no_approver_message("{reason}"),
        "cost": names.cost_message(path),
        "per": names.per_message(path),
    }


def _place(place: Place) -> dict[str, Any]:
    return {"rule": place.rule, "index": place.index, "line": place.line}


def _rule(row: RuleRow) -> dict[str, Any]:
    return {**_place(row.place), "written": row.written, "conditions": row.conditions}


def _hold(row: HoldRow) -> dict[str, Any]:
    return {
        **_place(row.place),
        "written": row.written,
        "conditions": row.conditions,
        "approvers": row.approvers,
        "quorum": row.quorum,
        "expires_in": row.expires_in,
        "mail_arguments": row.mail_arguments,
    }


def _limit(row: LimitRow) -> dict[str, Any]:
    """`max` is text: JavaScript's numbers do not hold every micro-unit."""
    return {
        **_place(row.place),
        "owner": row.owner,
        "counter": row.counter,
        "window": row.window.name,
        "scope": row.scope,
        "max": str(row.maximum),
        "increment_from": row.increment_from,
        "per": row.per,
        "message": row.message,
    }


def _entry(row: EntryRow) -> dict[str, Any]:
    return {
        "name": row.name,
        "require": row.require,
        "deny_if": row.deny_if,
        "approve_if": row.approve_if,
        "limits": row.limits,
    }
