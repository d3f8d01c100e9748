"""The runtime's Python -> WebAssembly: expressions.

Must not know statements. An expression leaves its value on the machine's stack.
"""

import ast
from collections.abc import Sequence

from compiler.wasm.encode import Type, constant, unsigned
from compiler.wasm.instructions import (
    ARITHMETIC,
    CALL,
    COMPARISONS,
    ELSE,
    END,
    GLOBAL_GET,
    IF,
    INTRINSICS,
    IS_ZERO,
    LESS_UNSIGNED,
    LOCAL_GET,
    OPPOSITES,
    Signature,
    set_local,
    then,
)
from compiler.wasm.namespace import Names, refuse


class Expressions:
    """The expressions of one function, and the locals they read."""

    def __init__(self, names: Names) -> None:
        self.names = names
        self.locals: list[Type] = []
        """Parameters first."""
        self.scope: dict[str, int] = {}
        """The locals that have a name here."""

    def add(self, type: Type) -> int:
        """A new local."""
        self.locals.append(type)
        return len(self.locals) - 1

    def type_of(self, node: ast.expr) -> Type | None:
        """The type of an expression; None for a plain number, which takes any."""
        match node:
            case ast.Constant():
                return None
            case ast.Name(name) if name in self.scope:
                return self.locals[self.scope[name]]
            case ast.Name(name) if name in self.names.global_types:
                return self.names.global_types[name]
            case ast.Name(name) if name in self.names.constants:
                return None
            case ast.BinOp(left, _, right):
                return self.type_of(left) or self.type_of(right)
            case ast.UnaryOp(ast.USub() | ast.Invert(), operand):
                return self.type_of(operand)
            case ast.IfExp(_, body, orelse):
                return self.type_of(body) or self.type_of(orelse)
            case ast.Call(ast.Name(name)):
                return self.signature_of(name, node).result
            case ast.Compare() | ast.BoolOp() | ast.UnaryOp(ast.Not()):
                return Type.I32
            case _:
                refuse(node, "not an expression of the runtime's Python")

    def expression(self, node: ast.expr, wanted: Type | None) -> bytes:
        """The code that leaves the expression's value."""
        type = self.type_of(node) or wanted or Type.I32
        if wanted not in (None, type):
            refuse(node, f"this is not of type {wanted}")
        known = self.names.known(node)
        if known is not None:
            return constant(type, known)
        match node:
            case ast.Name(name) if name in self.scope:
                return bytes([LOCAL_GET]) + unsigned(self.scope[name])
            case ast.Name(name) if name in self.names.globals:
                return bytes([GLOBAL_GET]) + unsigned(self.names.globals[name])
            case ast.BinOp(left, sign, right):
                pair = self.expression(left, type) + self.expression(right, type)
                return pair + bytes([ARITHMETIC[sign.__class__][type]])
            case ast.UnaryOp(ast.USub(), operand):
                zero = constant(type, 0)
                return zero + self.expression(operand, type) + bytes([ARITHMETIC[ast.Sub][type]])
            case ast.UnaryOp(ast.Invert(), operand):
                ones = constant(type, -1)
                return self.expression(operand, type) + ones + bytes([ARITHMETIC[ast.BitXor][type]])
            case ast.UnaryOp(ast.Not(), operand):
                return self.truth(operand) + bytes([IS_ZERO[Type.I32]])
            case ast.Compare():
                return self.comparison(node)
            case ast.BoolOp(word, values):
                return self.junction(word, values)
            case ast.IfExp(test, body, orelse):
                return (
                    self.truth(test)
                    + bytes([IF, type])
                    + self.expression(body, type)
                    + bytes([ELSE])
                    + self.expression(orelse, type)
                    + bytes([END])
                )
            case ast.Call():
                return self.call(node)[0]
            case _:
                refuse(node, "not an expression of the runtime's Python")

    def truth(self, node: ast.expr) -> bytes:
        """The code that leaves an i32, zero only where the expression is false."""
        return self.expression(node, Type.I32)

    def falsehood(self, node: ast.expr) -> bytes:
        """The code that leaves an i32, zero only where the expression is true."""
        match node:
            case ast.Compare(left, [sign], right):
                opposite = ast.Compare(left, [OPPOSITES[sign.__class__]()], right)
                return self.comparison(ast.copy_location(opposite, node))
            case _:
                return self.truth(node) + bytes([IS_ZERO[Type.I32]])

    def comparison(self, node: ast.Compare) -> bytes:
        if len(node.ops) > 1:
            return self.between(node)
        left, right, sign = node.left, node.comparators[0], node.ops[0]
        type = self.type_of(left) or self.type_of(right) or Type.I32
        code = self.expression(left, type)
        if isinstance(sign, ast.Eq) and self.names.known(right) == 0:
            return code + bytes([IS_ZERO[type]])
        return code + self.expression(right, type) + bytes([COMPARISONS[sign.__class__][type]])

    def between(self, node: ast.Compare) -> bytes:
        """`low <= x <= high`: with plain numbers one unsigned comparison, else two of a name."""
        if len(node.ops) > 2 or not all(isinstance(sign, ast.LtE) for sign in node.ops):
            refuse(node, "a chain of comparisons must be `low <= x <= high`")
        middle, high = node.comparators
        low, last = self.names.known(node.left), self.names.known(high)
        if low is not None and last is not None:
            offset = constant(Type.I32, low) + bytes([ARITHMETIC[ast.Sub][Type.I32]])
            size = constant(Type.I32, last - low + 1)
            offset = offset if low else b""
            return self.expression(middle, Type.I32) + offset + size + bytes([LESS_UNSIGNED])
        if not isinstance(middle, ast.Name):
            refuse(node, "the middle of a chain must be a name")
        below = ast.copy_location(ast.Compare(node.left, [ast.LtE()], [middle]), node)
        above = ast.copy_location(ast.Compare(middle, [ast.LtE()], [high]), node)
        return self.junction(ast.And(), [below, above])

    def junction(self, word: ast.boolop, values: list[ast.expr]) -> bytes:
        """`and` and `or`, stopping at the first value that decides, or where that is all the same
        taking all of them."""
        first, *rest = values
        code = self.truth(first)
        if not rest:
            return code
        others = self.junction(word, rest)
        if _is_truth(first) and all(_is_truth(one) and _is_plain(one) for one in rest):
            sign = ast.BitAnd if isinstance(word, ast.And) else ast.BitOr
            return code + others + bytes([ARITHMETIC[sign][Type.I32]])
        if isinstance(word, ast.And):
            taken, other = others, constant(Type.I32, 0)
        else:
            taken, other = constant(Type.I32, 1), others
        return code + bytes([IF, Type.I32]) + taken + bytes([ELSE]) + other + bytes([END])

    def signature_of(self, name: str, node: ast.AST) -> Signature:
        if name in INTRINSICS:
            return INTRINSICS[name].signature
        if name not in self.names.signatures:
            refuse(node, f"there is no function `{name}`")
        return self.names.signatures[name]

    def call(self, node: ast.Call) -> tuple[bytes, Type | None]:
        if not isinstance(node.func, ast.Name) or node.keywords:
            refuse(node, "only functions of the runtime are called, by position")
        name = node.func.id
        signature = self.signature_of(name, node)
        if len(node.args) != len(signature.parameters):
            refuse(node, f"`{name}` takes {len(signature.parameters)} arguments")
        if name in self.names.inlined:
            return self.inlined(self.names.inlined[name], signature, node.args), signature.result
        arguments, offset = node.args, 0
        if name in INTRINSICS and INTRINSICS[name].has_address:
            address, offset = self.offset(arguments[0])
            arguments = [address, *arguments[1:]]
        pairs = zip(arguments, signature.parameters, strict=True)
        code = b"".join(self.expression(argument, type) for argument, type in pairs)
        if name in INTRINSICS:
            return code + INTRINSICS[name].at(offset), signature.result
        return code + bytes([CALL]) + unsigned(self.names.functions[name]), signature.result

    def offset(self, address: ast.expr) -> tuple[ast.expr, int]:
        """An address as what is calculated and a plain number added to it.

        The machine does not wrap around when it adds the number; no address is so near the end.
        """
        match address:
            case ast.BinOp(left, ast.Add(), right) if (self.names.known(right) or -1) >= 0:
                return left, self.names.known(right) or 0
            case _:
                return address, 0

    def inlined(
        self, function: ast.FunctionDef, signature: Signature, arguments: Sequence[ast.expr]
    ) -> bytes:
        """The function's expression, its parameters as locals of their own."""
        code, scope, set_last = b"", {}, None
        for parameter, type, argument in zip(
            function.args.args, signature.parameters, arguments, strict=True
        ):
            set_last = scope[parameter.arg] = self.add(type)
            code += self.expression(argument, type) + set_local(set_last)
        caller, self.scope = self.scope, scope
        match function.body:
            case [*_, ast.Return(ast.expr() as value)]:
                code = then(code, set_last, self.expression(value, signature.result))
        self.scope = caller
        return code


def _is_truth(node: ast.expr) -> bool:
    """Whether the value can only be 0 or 1."""
    return isinstance(node, ast.Compare | ast.BoolOp) or (
        isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not)
    )


def _is_plain(node: ast.expr) -> bool:
    """Whether taking the value cannot stop the machine, and takes no longer than a branch."""
    return not any(isinstance(one, ast.Call | ast.FloorDiv | ast.Mod) for one in ast.walk(node))
