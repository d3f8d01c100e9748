"""A module's own sections: what its rows are called and say. docs/wasm.md explains their bytes.

Must not know the rest of a module. A host that has only the module names a rule, its line and its
message as every engine does.
"""

import json
from dataclasses import replace

from compiler import names
from compiler.ir import Program
from compiler.policy import Path, Root
from compiler.table.write import encode
from compiler.wasm import abi


def named(program: Program) -> tuple[tuple[str, bytes], ...]:
    """The sections' names and bytes; equal programs give equal bytes.

    The table is without its automata, which the module holds as data.
    """
    sentences = json.dumps(_messages(), separators=(",", ":")).encode()
    return (abi.NAMES, encode(replace(program, automata=()))), (abi.MESSAGES, sentences)


def _messages() -> dict[str, str]:
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
