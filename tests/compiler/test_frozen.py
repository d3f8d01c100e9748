"""Our frozen dataclasses do what the standard ones do; each behaviour is shown by both."""

import copy
import dataclasses
import inspect
import pickle
from collections.abc import Callable
from dataclasses import field
from typing import Any, ClassVar

import pytest

from compiler.frozen import dataclass

NAN = float("nan")


def written(cls: type[Any]) -> bool:
    """Whether the class has its `__init__`, looked at without causing it."""
    return inspect.isfunction(inspect.getattr_static(cls, "__init__"))


def sample(decorate: Callable[..., Any]) -> type[Any]:
    """One class, made by either decorator."""

    @decorate(frozen=True, slots=True)
    class Sample:
        """What both are tried on."""

        name: str
        amount: float = 1.0
        notes: list[str] = field(default_factory=list)
        secret: str = field(default="s", repr=False)
        line: int = field(default=0, compare=False)

        def __post_init__(self) -> None:
            if self.amount < 0:
                raise ValueError("amount is negative")

        @property
        def double(self) -> float:
            return 2 * self.amount

    return Sample


def one(decorate: Callable[..., Any]) -> type[Any]:
    @decorate(frozen=True, slots=True)
    class One:
        """A single field."""

        value: Any

    return One


def none(decorate: Callable[..., Any]) -> type[Any]:
    @decorate(frozen=True, slots=True)
    class Empty:
        """No field."""

    return Empty


def spoken(decorate: Callable[..., Any]) -> type[Any]:
    @decorate(frozen=True, slots=True)
    class Spoken:
        """Writes itself."""

        key: str

        def __repr__(self) -> str:
            return "Spoken(***)"

    return Spoken


def alike(decorate: Callable[..., Any]) -> type[Any]:
    @decorate(frozen=True, slots=True)
    class Alike:
        """Compares itself."""

        key: str

        def __eq__(self, other: object) -> bool:
            return isinstance(other, Alike)

        def __hash__(self) -> int:
            return 7

    return Alike


def heir(decorate: Callable[..., Any]) -> type[Any]:
    """No dataclass itself; what it puts before the first class's `__init__` is Python's to find."""
    base: Any = one(decorate)

    class Heir(base):  # type: ignore[misc]  # a class that is only known when this runs
        def __init__(self, value: int) -> None:
            super().__init__(value + 1)

    return Heir


MADE = {
    **{"sample": sample, "one": one, "none": none, "spoken": spoken},
    **{"alike": alike, "heir": heir},
}

BEHAVIOURS: dict[str, tuple[str, Callable[[Any], object]]] = {
    "repr": ("sample", lambda c: repr(c("a", 2.0, ["x"]))),
    "repr of one": ("one", lambda c: repr(c((1, 2)))),
    "repr of none": ("none", lambda c: repr(c())),
    "its own repr": ("spoken", lambda c: repr(c("k"))),
    "property": ("sample", lambda c: c("a", 3.0).double),
    "by keyword": ("sample", lambda c: repr(c(amount=4.0, name="b"))),
    "too few arguments": ("sample", lambda c: c()),
    "too many arguments": ("none", lambda c: c(1)),
    "unknown argument": ("sample", lambda c: c("a", other=1)),
    "no two share a default": ("sample", lambda c: c("a").notes is c("a").notes),
    "equal": ("sample", lambda c: (c("a") == c("a"), c("a") != c("b"))),
    "equal whatever is not compared": ("sample", lambda c: c("a", line=1) == c("a", line=2)),
    "equal to another class": ("one", lambda c: (c(1) == (1,), c(1) == 1)),
    "equal to an heir": ("one", lambda c: type("Heir", (c,), {})(1) == c(1)),
    "equal NaN": ("one", lambda c: (c(NAN) == c(NAN), c(float("nan")) == c(float("nan")))),
    "its own comparison": ("alike", lambda c: (c("a") == c("b"), hash(c("a")))),
    "an heir's own init": ("heir", lambda c: (c(1).value, c(2).value)),
    "equal and empty": ("none", lambda c: (c() == c(), hash(c()) == hash(c()))),
    "hash": ("one", lambda c: (hash(c("a")) == hash(c("a")), len({c(1), c(1), c(2)}))),
    "hash of what has none": ("sample", lambda c: hash(c("a"))),
    "set": ("sample", lambda c: setattr(c("a"), "name", "b")),
    "delete": ("sample", lambda c: delattr(c("a"), "name")),
    "no dictionary": ("sample", lambda c: hasattr(c("a"), "__dict__")),
    "post init": ("sample", lambda c: c("a", -1.0)),
    "replace": ("sample", lambda c: repr(dataclasses.replace(c("a"), amount=5.0))),
    "replace what is no field": ("sample", lambda c: dataclasses.replace(c("a"), other=5.0)),
    "asdict": ("sample", lambda c: dataclasses.asdict(c("a", notes=["n"]))),
    "fields": ("sample", lambda c: [each.name for each in dataclasses.fields(c)]),
    "match": ("sample", lambda c: c.__match_args__),
    "is a dataclass": ("sample", lambda c: (dataclasses.is_dataclass(c), c.__slots__)),
    "options": ("one", lambda c: c.__dataclass_params__.order),
    "signature": ("sample", lambda c: list(inspect.signature(c).parameters)),
    "copy": ("sample", lambda c: repr(copy.copy(c("a", 7.0)))),
    "deep copy": ("sample", lambda c: repr(copy.deepcopy(c("a", notes=["n"])))),
    "documentation": ("sample", lambda c: c.__doc__),
    "name": ("sample", lambda c: (c.__name__, c.__qualname__, c.__module__)),
}


def shown(kind: str, decorate: Callable[..., Any], behave: Callable[[Any], object]) -> object:
    try:
        return behave(MADE[kind](decorate))
    except Exception as error:
        return type(error), str(error)


@pytest.mark.parametrize("behaviour", BEHAVIOURS)
def test_it_behaves_as_the_standard_one(behaviour: str) -> None:
    kind, behave = BEHAVIOURS[behaviour]
    assert shown(kind, dataclass, behave) == shown(kind, dataclasses.dataclass, behave)


@dataclass(frozen=True, slots=True)
class Pickled:
    """At a place where pickle finds it."""

    name: str
    amount: float = 0.0


def test_what_is_no_field_cannot_be_set_either() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(none(dataclass)(), "name", "b")  # noqa: B010  # no such attribute is the point


def test_it_is_pickled() -> None:
    assert pickle.loads(pickle.dumps(Pickled("a", 2.0))) == Pickled("a", 2.0)


def test_nothing_is_written_until_the_first_instance() -> None:
    cls = sample(dataclass)
    assert not written(cls)
    cls("a")
    assert written(cls)


def test_an_heir_that_has_fields_too_leaves_the_first_class_as_it_was() -> None:
    @dataclass(frozen=True, slots=True)
    class First:
        """The base."""

        a: int

    @dataclass(frozen=True, slots=True)
    class Heir(First):
        """One field more."""

        b: int

    assert repr(Heir(1, 2)).endswith("Heir(a=1, b=2)") and repr(First(1)).endswith("First(a=1)")
    assert Heir(1, 2) != Heir(1, 3) and Heir(1, 2) == Heir(1, 2) and First(1) != Heir(1, 2)


def test_an_heir_that_has_fields_too_keeps_the_defaults_of_the_first_class() -> None:
    @dataclass(frozen=True, slots=True)
    class First:
        """The base."""

        a: int = 1
        line: int = field(default=0, compare=False)

    @dataclass(frozen=True, slots=True)
    class Heir(First):
        """One field more."""

        b: int = 2

    assert Heir() == Heir(1, 5, 2) and (Heir().a, Heir().line, Heir().b) == (1, 0, 2)


def test_a_field_without_a_default_after_one_that_has_one_is_refused_when_it_is_first_used() -> (
    None
):
    @dataclass(frozen=True, slots=True)
    class Wrong:
        """Its order cannot be a function's."""

        first: list[str] = field(default_factory=list)
        second: int  # type: ignore[misc]  # the mistake is the point

    with pytest.raises(TypeError, match=r"Wrong\.second: it needs a default"):
        Wrong([], 1)


def test_a_variable_of_the_class_is_refused_when_it_is_first_used() -> None:
    @dataclass(frozen=True, slots=True)
    class Shared:
        """One of its annotations is no field's."""

        own: int
        everybodys: ClassVar[int] = 1

    with pytest.raises(TypeError, match=r"Shared\.everybodys: a variable of the class"):
        Shared(1)


def test_an_option_it_does_not_have_is_said_when_the_class_is_first_used() -> None:
    @dataclass(frozen=True, slots=True)
    class Odd:
        """Asks for more than there is."""

        later: int = field(init=False)

    with pytest.raises(TypeError, match=r"Odd\.later: not an option"):
        Odd()
