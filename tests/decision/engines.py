"""The engines, made of what a policy.json holds, and the specification that they are held to."""

from collections.abc import Callable

from compiler.ir import Program
from compiler.lower import lower
from compiler.meaning import Meaning
from compiler.parse import parse
from compiler.policy import Policy
from compiler.table.write import encode
from compiler.verdict import Engine, Subject
from compiler.wasm.emit import emit
from handler.decision.table import TableEngine
from handler.decision.wasm_engine import WasmEngine
from tests.strategies import Document, text_of

NOBODY = Subject()

MAKE: dict[str, Callable[[Program], Engine]] = {
    "table": lambda program: TableEngine(encode(program)),
    "wasm": lambda program: WasmEngine(emit(program)),
}
"""A new engine is one line here."""


def policy_of(document: Document) -> Policy:
    parsed = parse(text_of(document))
    assert parsed.policy is not None, parsed.diagnostics
    return parsed.policy


def both(document: Document, name: str) -> tuple[Meaning, Engine]:
    """The specification and one engine of a policy."""
    policy = policy_of(document)
    return Meaning(policy), MAKE[name](lower(policy))


def wasm(document: Document) -> WasmEngine:
    return WasmEngine(emit(lower(policy_of(document))))
