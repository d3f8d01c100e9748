"""`dataclass(frozen=True, slots=True)`, whose classes cost next to nothing until they are used.

The standard one writes and compiles six methods for each class while its module loads, and looks
at every field, which was a quarter of the gateway's cold start (docs/performance.md). Here loading
only gives the class its slots; what takes longer is made when it is first looked up. To
`dataclasses` and to type checkers the classes are dataclasses like any other. Must not know any of
them.
"""

from collections.abc import Callable, Sequence
from dataclasses import MISSING, Field, FrozenInstanceError, fields, replace
from dataclasses import dataclass as _standard
from functools import cache
from operator import attrgetter
from types import CodeType, FunctionType
from typing import TYPE_CHECKING, Any, ClassVar, Literal, get_origin

Class = type[Any]

if TYPE_CHECKING:
    from dataclasses import dataclass as dataclass
else:

    def dataclass(*, frozen: Literal[True], slots: Literal[True]) -> Callable[[Class], Class]:
        """The decorator. Of `field`'s options it takes the defaults, `compare` and `repr`."""
        return _frozen


def _frozen(plain: Class) -> Class:
    """The class again, with slots, for which a class must be made anew."""
    bases = plain.__mro__[-2:0:-1]
    inherited = [name for base in bases for name in getattr(base, "__match_args__", ())]
    names = tuple(dict.fromkeys([*inherited, *plain.__annotations__]))
    own = {name: member for name, member in plain.__dict__.items() if name not in _NOT_COPIED}
    given = {name: own.pop(name) for name in names if name in own}  # no slot may have one beside it
    slots = tuple(name for name in names if name not in inherited)
    members = {
        **_SHARED,
        **{name: _Late(write) for name, write in _WRITTEN.items()},
        "__dataclass_fields__": _Late(lambda _: _described(plain).__dataclass_fields__),
        "__dataclass_params__": _Late(lambda _: _described(plain).__dataclass_params__),
        **own,
        "__qualname__": plain.__qualname__,
        "__slots__": slots,
        "__match_args__": names,
        "__given__": _inherited(bases) | given if inherited else given,
    }
    kind: Any = type(plain)
    made: Class = kind(plain.__name__, plain.__bases__, members)
    return made


def _inherited(bases: Sequence[Class]) -> dict[str, Any]:
    """What the fields of the bases are given where an instance gives nothing."""
    return {k: given for base in bases for k, given in getattr(base, "__given__", {}).items()}


class _Late:
    """A member until it is first looked up, which puts the written one in its place."""

    def __init__(self, write: Callable[[Class], Any]) -> None:
        self._write = write

    def __set_name__(self, owner: Class, name: str) -> None:
        self._owner, self._name = owner, name

    def __get__(self, instance: object, owner: Class) -> Any:
        written = self._write(self._owner)
        setattr(self._owner, self._name, written)
        return written.__get__(instance, owner) if callable(written) else written


def _described(plain: Class) -> Class:
    """The class without slots, once the standard decorator has read its fields."""
    if "__dataclass_fields__" not in plain.__dict__:
        _standard(init=False, repr=False, eq=False)(plain)
    return plain


def _init(owner: Class) -> Callable[..., None]:
    """Its parameters are the fields, in order; a factory is called where nothing was given.

    A field's slot sets it in two thirds of the time of `object.__setattr__`, which looks it up.
    """
    names = owner.__match_args__
    puts: dict[str, Any] = {}
    defaults: list[Any] = []
    for index, name in enumerate(names):
        put = getattr(owner, name).__set__
        default, factory = _default(owner, name)
        if factory is not MISSING:
            put = _made(put, factory)
        if factory is not MISSING or default is not MISSING:
            defaults.append(default)  # MISSING, where it is made
        elif defaults:
            raise TypeError(f"{owner.__qualname__}.{name}: it needs a default, as those before it")
        puts[f"put{index}"] = put
    code = _assigning(len(names), hasattr(owner, "__post_init__"))
    code = code.replace(co_varnames=("self", *names))
    written = FunctionType(code, puts, "__init__", tuple(defaults))
    written.__module__ = owner.__module__
    written.__qualname__ = f"{owner.__qualname__}.__init__"
    return written


@cache
def _assigning(fields: int, ends: bool) -> CodeType:
    """An `__init__` of so many fields. Compiling costs more than all else here, so it is done
    once for all classes of a size, and each puts its own names in."""
    numbers = range(fields)
    lines = [f"    put{each}(self, _{each})\n" for each in numbers]
    lines += ["    self.__post_init__()\n"] if ends else ["    pass\n"]
    scope: dict[str, Any] = {}
    exec(f"def f({', '.join(['self', *map('_{}'.format, numbers)])}):\n{''.join(lines)}", scope)
    code: CodeType = scope["f"].__code__
    return code


def _made(put: Callable[[Any, Any], None], make: Callable[[], Any]) -> Callable[[Any, Any], None]:
    return lambda self, given: put(self, make() if given is MISSING else given)


def _default(owner: Class, name: str) -> tuple[Any, Any]:
    """What a field is where nothing was given for it, and what makes it then."""
    if get_origin(owner.__annotations__.get(name)) is ClassVar:
        raise TypeError(f"{owner.__qualname__}.{name}: a variable of the class is no field")
    given = owner.__given__.get(name, MISSING)
    if not isinstance(given, Field):
        return given, MISSING
    if not given.init or given.kw_only is True:
        raise TypeError(f"{owner.__qualname__}.{name}: not an option of this dataclass")
    return given.default, given.default_factory


def _eq(owner: Class) -> Callable[[Any, object], bool]:
    """Equal are two of one class whose fields are equal, in order."""
    values = _compared(owner)

    def __eq__(self: Any, other: object) -> bool:
        if other.__class__ is not self.__class__:
            return NotImplemented
        return values(self) == values(other)

    return __eq__


def _hash(owner: Class) -> Callable[[Any], int]:
    values = _compared(owner)

    def __hash__(self: Any) -> int:
        return hash(values(self))

    return __hash__


def _compared(owner: Class) -> Callable[[Any], tuple[Any, ...]]:
    left = {k for k, v in owner.__given__.items() if isinstance(v, Field) and not v.compare}
    names = tuple(name for name in owner.__match_args__ if name not in left)
    if len(names) > 1:
        return attrgetter(*names)
    # attrgetter makes no tuple of one
    return lambda self: tuple(getattr(self, name) for name in names)


def _repr(self: Any) -> str:
    shown = (f"{each.name}={getattr(self, each.name)!r}" for each in fields(self) if each.repr)
    return f"{type(self).__qualname__}({', '.join(shown)})"


def _refuse_setting(self: Any, name: str, value: object) -> None:
    raise FrozenInstanceError(f"cannot assign to field {name!r}")


def _refuse_deleting(self: Any, name: str) -> None:
    raise FrozenInstanceError(f"cannot delete field {name!r}")


def _state(self: Any) -> list[Any]:
    """For copies and pickles, which may not set attributes."""
    return [getattr(self, each.name) for each in fields(self)]


def _restore(self: Any, state: list[Any]) -> None:
    for each, value in zip(fields(self), state, strict=True):
        object.__setattr__(self, each.name, value)


_WRITTEN: dict[str, Callable[[Class], Any]] = {"__init__": _init, "__eq__": _eq, "__hash__": _hash}
"""What differs from class to class."""

_SHARED: dict[str, Any] = {
    "__repr__": _repr,
    "__setattr__": _refuse_setting,
    "__delattr__": _refuse_deleting,
    "__getstate__": _state,
    "__setstate__": _restore,
    "__replace__": replace,
}

_NOT_COPIED = frozenset({"__dict__", "__weakref__"})
"""Of a class without slots: what gives each instance its dictionary and its references."""
