"""The runtime's Python -> WebAssembly functions.

Must not know policies or the binary format beyond instructions. `runtime` says what part of Python
this is; anything else is refused with its line. Types are those of the annotations; a local has the
type of what is first assigned to it.
"""

import ast
import inspect
import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from types import ModuleType
from typing import NoReturn

from compiler.wasm.encode import Function, Global, Type, constant, unsigned

TYPES = {"i32": Type.I32, "u64": Type.I64}

BLOCK, LOOP, IF, ELSE, END = 0x02, 0x03, 0x04, 0x05, 0x0B
BRANCH, BRANCH_IF, RETURN, CALL, DROP, UNREACHABLE = 0x0C, 0x0D, 0x0F, 0x10, 0x1A, 0x00
LOCAL_GET, LOCAL_SET, GLOBAL_GET, GLOBAL_SET = 0x20, 0x21, 0x23, 0x24
EMPTY = 0x40
"""The type of a block that leaves nothing."""
IS_ZERO = {Type.I32: 0x45, Type.I64: 0x50}
LESS_UNSIGNED = 0x49

ARITHMETIC: dict[type[ast.operator], dict[Type, int]] = {
    ast.Add: {Type.I32: 0x6A, Type.I64: 0x7C},
    ast.Sub: {Type.I32: 0x6B, Type.I64: 0x7D},
    ast.Mult: {Type.I32: 0x6C, Type.I64: 0x7E},
    ast.FloorDiv: {Type.I32: 0x6D, Type.I64: 0x80},
    ast.Mod: {Type.I32: 0x6F, Type.I64: 0x82},
    ast.BitAnd: {Type.I32: 0x71, Type.I64: 0x83},
    ast.BitOr: {Type.I32: 0x72, Type.I64: 0x84},
    ast.BitXor: {Type.I32: 0x73, Type.I64: 0x85},
    ast.LShift: {Type.I32: 0x74, Type.I64: 0x86},
    ast.RShift: {Type.I32: 0x75, Type.I64: 0x88},
}
COMPARISONS: dict[type[ast.cmpop], dict[Type, int]] = {
    ast.Eq: {Type.I32: 0x46, Type.I64: 0x51},
    ast.NotEq: {Type.I32: 0x47, Type.I64: 0x52},
    ast.Lt: {Type.I32: 0x48, Type.I64: 0x54},
    ast.Gt: {Type.I32: 0x4A, Type.I64: 0x56},
    ast.LtE: {Type.I32: 0x4C, Type.I64: 0x58},
    ast.GtE: {Type.I32: 0x4E, Type.I64: 0x5A},
}


FOLDED: dict[type[ast.operator], Callable[[int, int], int]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.FloorDiv: operator.floordiv,
}
"""What is calculated now where both sides are known."""


@dataclass(frozen=True, slots=True)
class Signature:
    parameters: tuple[Type, ...]
    result: Type | None


UNALIGNED = b"\0\0"
"""The alignment and offset of a load or store."""

INTRINSICS: dict[str, tuple[Signature, bytes]] = {
    "load8": (Signature((Type.I32,), Type.I32), b"\x2d" + UNALIGNED),
    "load16": (Signature((Type.I32,), Type.I32), b"\x2f" + UNALIGNED),
    "load32": (Signature((Type.I32,), Type.I32), b"\x28" + UNALIGNED),
    "load64": (Signature((Type.I32,), Type.I64), b"\x29" + UNALIGNED),
    "store8": (Signature((Type.I32, Type.I32), None), b"\x3a" + UNALIGNED),
    "store32": (Signature((Type.I32, Type.I32), None), b"\x36" + UNALIGNED),
    "store64": (Signature((Type.I32, Type.I64), None), b"\x37" + UNALIGNED),
    "wide": (Signature((Type.I32,), Type.I64), b"\xad"),
    "narrow": (Signature((Type.I64,), Type.I32), b"\xa7"),
    "leading_zeros": (Signature((Type.I64,), Type.I64), b"\x79"),
    "trailing_zeros": (Signature((Type.I64,), Type.I64), b"\x7a"),
    "pages": (Signature((), Type.I32), b"\x3f\x00"),
}


@dataclass(frozen=True, slots=True)
class Translation:
    functions: tuple[Function, ...]
    globals: tuple[Global, ...]


@dataclass(slots=True)
class Names:
    """The one namespace of the runtime's modules."""

    constants: dict[str, int] = field(default_factory=dict)
    globals: dict[str, int] = field(default_factory=dict)
    global_types: dict[str, Type] = field(default_factory=dict)
    functions: dict[str, int] = field(default_factory=dict)
    signatures: dict[str, Signature] = field(default_factory=dict)


def translate(modules: Sequence[ModuleType]) -> Translation:
    """All functions and globals of the modules, in the order they are written."""
    names = Names()
    globals_: list[Global] = []
    functions: list[ast.FunctionDef] = []
    for module in modules:
        names.constants |= {n: v for n, v in vars(module).items() if n.isupper()}
        for node in ast.parse(inspect.getsource(module)).body:
            if isinstance(node, ast.FunctionDef):
                functions.append(node)
            elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
                name = node.target.id
                names.globals[name] = len(globals_)
                names.global_types[name] = _type(node.annotation)
                globals_.append(Global(name, _type(node.annotation), vars(module)[name]))
    for function in functions:
        if function.name in names.functions:
            _refuse(function, f"`{function.name}` is defined twice")
        names.functions[function.name] = len(names.functions)
        names.signatures[function.name] = _signature(function)
    return Translation(tuple(_Body(f, names).function() for f in functions), tuple(globals_))


def _refuse(node: ast.AST, reason: str) -> NoReturn:
    raise SyntaxError(f"line {getattr(node, 'lineno', 0)}: {reason}: {ast.unparse(node)}")


def _type(annotation: ast.expr | None) -> Type:
    if not isinstance(annotation, ast.Name) or annotation.id not in TYPES:
        raise SyntaxError(f"not a type of the machine: {annotation and ast.unparse(annotation)}")
    return TYPES[annotation.id]


def _signature(function: ast.FunctionDef) -> Signature:
    nothing = isinstance(function.returns, ast.Constant)
    result = None if nothing else _type(function.returns)
    return Signature(tuple(_type(one.annotation) for one in function.args.args), result)


class _Body:
    """One function while it is translated."""

    def __init__(self, node: ast.FunctionDef, names: Names) -> None:
        self.node = node
        self.names = names
        self.signature = names.signatures[node.name]
        self.locals: dict[str, tuple[int, Type]] = {
            argument.arg: (index, self.signature.parameters[index])
            for index, argument in enumerate(node.args.args)
        }
        self.declared: set[str] = set()
        """Names that `global` declares."""
        self.depth = 0
        """How many blocks are open."""
        self.loops: list[int] = []
        """The depth inside each open loop."""

    def function(self) -> Function:
        body = b"".join(map(self.statement, self.node.body))
        if self.signature.result is not None:
            body += bytes([UNREACHABLE])
        added = list(self.locals.values())[len(self.signature.parameters) :]
        return Function(
            name=self.node.name,
            parameters=self.signature.parameters,
            result=self.signature.result,
            locals=tuple(type for _, type in added),
            body=body,
        )

    # Statements

    def statement(self, node: ast.stmt) -> bytes:
        match node:
            case ast.Expr(ast.Constant()) | ast.Pass():
                return b""
            case ast.Global(names):
                self.declared.update(names)
                return b""
            case ast.Expr(ast.Call() as call):
                code, type = self.call(call)
                return code if type is None else code + bytes([DROP])
            case ast.Assign([ast.Name(name)], value):
                return self.assignment(name, value)
            case ast.AnnAssign(ast.Name(name), annotation, ast.expr() as value):
                self.locals[name] = (len(self.locals), _type(annotation))
                return self.assignment(name, value)
            case ast.AugAssign(ast.Name(name), sign, value):
                target = ast.copy_location(ast.Name(name), node)
                sum_ = ast.copy_location(ast.BinOp(target, sign, value), node)
                return self.assignment(name, sum_)
            case ast.Return(None):
                return bytes([RETURN])
            case ast.Return(ast.expr() as value):
                return self.expression(value, self.signature.result) + bytes([RETURN])
            case ast.If(test, body, orelse):
                return self.branch(test, body, orelse)
            case ast.While(test, body, []):
                return self.loop(test, body)
            case ast.Break():
                return bytes([BRANCH]) + unsigned(self.depth - self.loops[-1] + 1)
            case ast.Continue():
                return bytes([BRANCH]) + unsigned(self.depth - self.loops[-1])
            case _:
                _refuse(node, "not a statement of the runtime's Python")

    def assignment(self, name: str, value: ast.expr) -> bytes:
        if name in self.declared:
            code = self.expression(value, self.names.global_types[name])
            return code + bytes([GLOBAL_SET]) + unsigned(self.names.globals[name])
        known = self.locals[name][1] if name in self.locals else None
        type = known or self.type_of(value) or Type.I32
        code = self.expression(value, type)
        index, _ = self.locals.setdefault(name, (len(self.locals), type))
        return code + bytes([LOCAL_SET]) + unsigned(index)

    def branch(self, test: ast.expr, body: list[ast.stmt], orelse: list[ast.stmt]) -> bytes:
        code = self.truth(test) + bytes([IF, EMPTY])
        self.depth += 1
        code += b"".join(map(self.statement, body))
        if orelse:
            code += bytes([ELSE]) + b"".join(map(self.statement, orelse))
        self.depth -= 1
        return code + bytes([END])

    def loop(self, test: ast.expr, body: list[ast.stmt]) -> bytes:
        code = bytes([BLOCK, EMPTY, LOOP, EMPTY])
        self.depth += 2
        self.loops.append(self.depth)
        if not (isinstance(test, ast.Constant) and test.value is True):
            code += self.truth(test) + bytes([IS_ZERO[Type.I32], BRANCH_IF]) + unsigned(1)
        code += b"".join(map(self.statement, body)) + bytes([BRANCH]) + unsigned(0)
        self.loops.pop()
        self.depth -= 2
        return code + bytes([END, END])

    # Expressions

    def type_of(self, node: ast.expr) -> Type | None:
        """The type of an expression; None for a plain number, which takes any."""
        match node:
            case ast.Constant():
                return None
            case ast.Name(name) if name in self.locals:
                return self.locals[name][1]
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
                _refuse(node, "not an expression of the runtime's Python")

    def expression(self, node: ast.expr, wanted: Type | None) -> bytes:
        """The code that leaves the expression's value."""
        type = self.type_of(node) or wanted or Type.I32
        if wanted not in (None, type):
            _refuse(node, f"this is not of type {wanted}")
        known = self.known(node)
        if known is not None:
            return constant(type, known)
        match node:
            case ast.Name(name) if name in self.locals:
                return bytes([LOCAL_GET]) + unsigned(self.locals[name][0])
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
                _refuse(node, "not an expression of the runtime's Python")

    def truth(self, node: ast.expr) -> bytes:
        """The code that leaves an i32, zero only where the expression is false."""
        return self.expression(node, Type.I32)

    def comparison(self, node: ast.Compare) -> bytes:
        if len(node.ops) > 1:
            return self.between(node)
        left, right, sign = node.left, node.comparators[0], node.ops[0]
        type = self.type_of(left) or self.type_of(right) or Type.I32
        code = self.expression(left, type)
        if isinstance(sign, ast.Eq) and self.known(right) == 0:
            return code + bytes([IS_ZERO[type]])
        return code + self.expression(right, type) + bytes([COMPARISONS[sign.__class__][type]])

    def between(self, node: ast.Compare) -> bytes:
        """`low <= x <= high`: with plain numbers one unsigned comparison, else two of a name."""
        if len(node.ops) > 2 or not all(isinstance(sign, ast.LtE) for sign in node.ops):
            _refuse(node, "a chain of comparisons must be `low <= x <= high`")
        middle, high = node.comparators
        low, last = self.known(node.left), self.known(high)
        if low is not None and last is not None:
            offset = constant(Type.I32, low) + bytes([ARITHMETIC[ast.Sub][Type.I32]])
            size = constant(Type.I32, last - low + 1)
            return self.expression(middle, Type.I32) + offset + size + bytes([LESS_UNSIGNED])
        if not isinstance(middle, ast.Name):
            _refuse(node, "the middle of a chain must be a name")
        below = ast.copy_location(ast.Compare(node.left, [ast.LtE()], [middle]), node)
        above = ast.copy_location(ast.Compare(middle, [ast.LtE()], [high]), node)
        return self.junction(ast.And(), [below, above])

    def number(self, node: ast.expr) -> int:
        """The value of an expression that must be known now."""
        known = self.known(node)
        if known is None:
            _refuse(node, "a plain number must stand here")
        return known

    def known(self, node: ast.expr) -> int | None:
        """The value of an expression of plain numbers and constants; None for any other."""
        match node:
            case ast.Constant(int(value)):
                return int(value)
            case ast.Name(name) if name in self.names.constants:
                return self.names.constants[name]
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

    def junction(self, word: ast.boolop, values: list[ast.expr]) -> bytes:
        """`and` and `or`, stopping at the first value that decides."""
        first, *rest = values
        code = self.truth(first)
        if not rest:
            return code
        others = self.junction(word, rest)
        if isinstance(word, ast.And):
            taken, other = others, constant(Type.I32, 0)
        else:
            taken, other = constant(Type.I32, 1), others
        return code + bytes([IF, Type.I32]) + taken + bytes([ELSE]) + other + bytes([END])

    def signature_of(self, name: str, node: ast.AST) -> Signature:
        if name in INTRINSICS:
            return INTRINSICS[name][0]
        if name not in self.names.signatures:
            _refuse(node, f"there is no function `{name}`")
        return self.names.signatures[name]

    def call(self, node: ast.Call) -> tuple[bytes, Type | None]:
        if not isinstance(node.func, ast.Name) or node.keywords:
            _refuse(node, "only functions of the runtime are called, by position")
        name = node.func.id
        signature = self.signature_of(name, node)
        if len(node.args) != len(signature.parameters):
            _refuse(node, f"`{name}` takes {len(signature.parameters)} arguments")
        pairs = zip(node.args, signature.parameters, strict=True)
        code = b"".join(self.expression(argument, type) for argument, type in pairs)
        if name in INTRINSICS:
            return code + INTRINSICS[name][1], signature.result
        return code + bytes([CALL]) + unsigned(self.names.functions[name]), signature.result
