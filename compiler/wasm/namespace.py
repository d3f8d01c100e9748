"""The names that the runtime's modules share, and what is known of them before anything runs.

Must not know instructions.
"""

import ast
from dataclasses import dataclass, field
from typing import NoReturn

from compiler.wasm.encode import Type
from compiler.wasm.instructions import FOLDED, Signature


@dataclass(slots=True)
class Names:
    """The one namespace of the runtime's modules."""

    constants: dict[str, int] = field(default_factory=dict)
    globals: dict[str, int] = field(default_factory=dict)
    global_types: dict[str, Type] = field(default_factory=dict)
    functions: dict[str, int] = field(default_factory=dict)
    inlined: dict[str, ast.FunctionDef] = field(default_factory=dict)
    """Functions whose one expression stands wherever they are called."""
    signatures: dict[str, Signature] = field(default_factory=dict)

    def known(self, node: ast.expr) -> int | None:
        """The value of an expression of plain numbers and constants; None for any other."""
        match node:
            case ast.Constant(int(value)):
                return int(value)
            case ast.Name(name) if name in self.constants:
                return self.constants[name]
            case ast.UnaryOp(ast.USub(), operand):
                opposite = self.known(operand)
                return None if opposite is None else -opposite
            case ast.BinOp(left, sign, right) if sign.__class__ in FOLDED:
                pair = (self.known(left), self.known(right))
                if pair[0] is None or pair[1] is None:
                    return None
                return FOLDED[sign.__class__](pair[0], pair[1])
            case _:
                return None


def refuse(node: ast.AST, reason: str) -> NoReturn:
    raise SyntaxError(f"line {getattr(node, 'lineno', 0)}: {reason}: {ast.unparse(node)}")
