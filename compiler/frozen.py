"""`dataclass(frozen=True, slots=True)`, whose classes cost next to nothing until they are used.

The standard one writes and compiles six methods for each class while its module loads, which was a
quarter of the gateway's cold start (docs/performance.md). Here `__init__` is written when it is
first looked up, and the others need no writing. To `dataclasses` and to type checkers the classes
are dataclasses like any other. Must not know any of them.
"""

from collections.abc import Callable
from dataclasses import MISSING, FrozenInstanceError, fields
from dataclasses import dataclass as _standard
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Literal

Class = type[Any]

if TYPE_CHECKING:
    from dataclasses import dataclass as dataclass
else:

    def dataclass(*, frozen: Literal[True], slots: Literal[True]) -> Callable[[Class], Class]:
        """The decorator. Of `field`'s options it takes the defaults, `compare` and `repr`."""
        return _frozen


def _frozen(plain: Class) -> Class:
    made = _standard(init=False, repr=False, eq=False, slots=True)(plain)
    methods: dict[str, Any] = {
        "__init__": _Init(made),
        "__repr__": _repr,
        "__setattr__": _refuse_setting,
        "__delattr__": _refuse_deleting,
        "__getstate__": _state,
        "__setstate__": _restore,
        **_comparison(tuple(each.name for each in fields(made) if each.compare)),
    }
    for name, method in methods.items():
        if name not in plain.__dict__:
            setattr(made, name, method)
    return made


class _Init:
    """`__init__` until it is first looked up, which puts the written one in its place."""

    def __init__(self, owner: Class) -> None:
        self._owner = owner

    def __get__(self, instance: object, owner: Class) -> Any:
        written = _init(self._owner)
        self._owner.__init__ = written
        return written.__get__(instance, owner)


def _init(owner: Class) -> Callable[..., None]:
    """Its parameters are the fields, in order; a factory is called where nothing was given.

    A field's slot sets it in two thirds of the time of `object.__setattr__`, which looks it up.
    """
    scope: dict[str, Any] = {"__missing__": MISSING}
    parameters, lines = ["self"], []
    for each in fields(owner):
        if not each.init or each.kw_only:
            raise TypeError(f"{owner.__qualname__}.{each.name}: not an option of this dataclass")
        name, given, value = each.name, each.name, each.name
        if each.default is not MISSING:
            scope[f"__default_{name}__"] = each.default
            given = f"{name}=__default_{name}__"
        elif each.default_factory is not MISSING:
            scope[f"__make_{name}__"] = each.default_factory
            given = f"{name}=__missing__"
            value = f"__make_{name}__() if {name} is __missing__ else {name}"
        parameters.append(given)
        scope[f"__put_{name}__"] = getattr(owner, name).__set__
        lines.append(f"__put_{name}__(self, {value})")
    if hasattr(owner, "__post_init__"):
        lines.append("self.__post_init__()")
    text = "".join(f"    {line}\n" for line in lines or ["pass"])
    exec(f"def __init__({', '.join(parameters)}):\n{text}", scope)
    written: Callable[..., None] = scope["__init__"]
    written.__module__ = owner.__module__
    written.__qualname__ = f"{owner.__qualname__}.__init__"
    written.__annotations__ = {each.name: each.type for each in fields(owner)} | {"return": None}
    return written


def _comparison(names: tuple[str, ...]) -> dict[str, Any]:
    """Equal are two of one class whose fields of these names are equal, in order."""
    if len(names) > 1:
        values: Callable[[Any], tuple[Any, ...]] = attrgetter(*names)
    else:  # attrgetter makes no tuple of one

        def values(self: Any) -> tuple[Any, ...]:
            return tuple(getattr(self, name) for name in names)

    def __eq__(self: Any, other: object) -> bool:
        if other.__class__ is not self.__class__:
            return NotImplemented
        return values(self) == values(other)

    def __hash__(self: Any) -> int:
        return hash(values(self))

    return {"__eq__": __eq__, "__hash__": __hash__}


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
