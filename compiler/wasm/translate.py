"""The runtime's Python -> WebAssembly functions.

Must not know policies or the binary format beyond instructions. `runtime` says what part of Python
this is; anything else is refused with its line. Types are those of the annotations; a local has the
type of what is first assigned to it.
"""

import ast
import inspect
from collections.abc import Sequence
from dataclasses import dataclass
from types import ModuleType

from compiler.wasm.encode import Function, Global, Type, unsigned
from compiler.wasm.expressions import Expressions
from compiler.wasm.instructions import (
    BLOCK,
    BRANCH,
    BRANCH_IF,
    DROP,
    ELSE,
    EMPTY,
    END,
    GLOBAL_SET,
    IF,
    LOOP,
    RETURN,
    UNREACHABLE,
    Signature,
    set_local,
    then,
)
from compiler.wasm.namespace import Names, refuse

TYPES = {"i32": Type.I32, "u64": Type.I64}


@dataclass(frozen=True, slots=True)
class Translation:
    functions: tuple[Function, ...]
    globals: tuple[Global, ...]


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
        _declare(function, names)
    bodies = (_Body(one, names) for one in functions if one.name in names.functions)
    return Translation(tuple(body.function() for body in bodies), tuple(globals_))


def _declare(function: ast.FunctionDef, names: Names) -> None:
    if function.name in names.signatures:
        refuse(function, f"`{function.name}` is defined twice")
    names.signatures[function.name] = _signature(function)
    match function.decorator_list:
        case []:
            names.functions[function.name] = len(names.functions)
        case [ast.Name("inline")] if _is_expression(function):
            names.inlined[function.name] = function
        case _:
            refuse(function, "only `inline` decorates, and only what is one expression")


def _is_expression(function: ast.FunctionDef) -> bool:
    match function.body:
        case [ast.Return(ast.expr())] | [ast.Expr(ast.Constant()), ast.Return(ast.expr())]:
            return True
        case _:
            return False


def _type(annotation: ast.expr | None) -> Type:
    if not isinstance(annotation, ast.Name) or annotation.id not in TYPES:
        raise SyntaxError(f"not a type of the machine: {annotation and ast.unparse(annotation)}")
    return TYPES[annotation.id]


def _signature(function: ast.FunctionDef) -> Signature:
    nothing = isinstance(function.returns, ast.Constant)
    result = None if nothing else _type(function.returns)
    return Signature(tuple(_type(one.annotation) for one in function.args.args), result)


class _Body(Expressions):
    """One function while it is translated."""

    def __init__(self, node: ast.FunctionDef, names: Names) -> None:
        super().__init__(names)
        self.node = node
        self.signature = names.signatures[node.name]
        for argument, type in zip(node.args.args, self.signature.parameters, strict=True):
            self.scope[argument.arg] = self.add(type)
        self.declared: set[str] = set()
        """Names that `global` declares."""
        self.depth = 0
        """How many blocks are open."""
        self.loops: list[int] = []
        """The depth inside each open loop."""

    def function(self) -> Function:
        body = self.block(self.node.body)
        if isinstance(self.node.body[-1], ast.Return):
            body = body[:-1]
        elif self.signature.result is not None:
            body += bytes([UNREACHABLE])
        return Function(
            name=self.node.name,
            parameters=self.signature.parameters,
            result=self.signature.result,
            locals=tuple(self.locals[len(self.signature.parameters) :]),
            body=body,
        )

    def block(self, nodes: Sequence[ast.stmt]) -> bytes:
        code, set_last = b"", None
        for node in nodes:
            code = then(code, set_last, self.statement(node))
            set_last = self.set_by(node)
        return code

    def set_by(self, node: ast.stmt) -> int | None:
        """The local that a statement sets as the last it does."""
        match node:
            case (
                ast.Assign([ast.Name(name)])
                | ast.AnnAssign(ast.Name(name))
                | ast.AugAssign(ast.Name(name))
            ) if name not in self.declared:
                return self.scope[name]
            case _:
                return None

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
                self.scope[name] = self.add(_type(annotation))
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
                refuse(node, "not a statement of the runtime's Python")

    def assignment(self, name: str, value: ast.expr) -> bytes:
        if name in self.declared:
            code = self.expression(value, self.names.global_types[name])
            return code + bytes([GLOBAL_SET]) + unsigned(self.names.globals[name])
        if name not in self.scope:
            type = self.type_of(value) or Type.I32
            code = self.expression(value, type)
            self.scope[name] = self.add(type)
        else:
            code = self.expression(value, self.locals[self.scope[name]])
        return code + set_local(self.scope[name])

    def branch(self, test: ast.expr, body: list[ast.stmt], orelse: list[ast.stmt]) -> bytes:
        code = self.truth(test) + bytes([IF, EMPTY])
        self.depth += 1
        code += self.block(body)
        if orelse:
            code += bytes([ELSE]) + self.block(orelse)
        self.depth -= 1
        return code + bytes([END])

    def loop(self, test: ast.expr, body: list[ast.stmt]) -> bytes:
        code = bytes([BLOCK, EMPTY, LOOP, EMPTY])
        self.depth += 2
        self.loops.append(self.depth)
        if not (isinstance(test, ast.Constant) and test.value is True):
            code += self.falsehood(test) + bytes([BRANCH_IF]) + unsigned(1)
        code += self.block(body) + bytes([BRANCH]) + unsigned(0)
        self.loops.pop()
        self.depth -= 2
        return code + bytes([END, END])
