"""Cases that a policy's author writes: files of JSON lines, each a call and what must become of it.

A line with `case` starts a case; the lines after it are its steps, on one clock and with one set of
tallies. Must not know policies: what is expected is only read here.
"""

from dataclasses import dataclass, field
from pathlib import Path

from compiler.diagnostics import quote
from compiler.values import Value
from compiler.verdict import Effect
from compiler.windows import duration
from handler.cli.calls import CallLine, LineError, call_line, members
from handler.failure import CannotRun

CASE_KEYS = ("case", "time", "grant", "session")
STEP_KEYS = ("tool", "args", "grant", "session", "time", "after", "expect", "rule")

STARTS_AT = 1_767_571_200.0
"""Monday, 2026-01-05 00:00 UTC: where a case starts that names no time."""

EFFECTS = tuple(Effect)


@dataclass(frozen=True, slots=True)
class Step:
    """One call and what must become of it. `call.time` is filled in."""

    line: int
    call: CallLine
    effect: Effect
    rule: str | None
    """The name of the rule that must decide; None where the case does not say."""


@dataclass(slots=True)
class Case:
    """A named run of steps."""

    file: str
    line: int
    name: str
    steps: list[Step] = field(default_factory=list)


def read_cases(place: str) -> list[Case]:
    """The cases of a file, or of every `.jsonl` in a folder.

    Raises `CannotRun` with every line that is wrong, or where there is no case at all.
    """
    cases: list[Case] = []
    wrong: list[str] = []
    for file in _files(place):
        try:
            text = file.read_bytes()
        except OSError as error:
            raise CannotRun(f"cannot read {file}: {error.strerror}") from None
        found = _Reading(str(file))
        wrong += found.all(text) or found.empty()
        cases += found.cases
    if wrong:
        raise CannotRun("\n".join(("the cases cannot be read", *wrong)))
    if not cases:
        raise CannotRun(f"{place} holds no cases; they stand in files that end with .jsonl")
    return cases


def _files(place: str) -> list[Path]:
    path = Path(place)
    return sorted(path.rglob("*.jsonl")) if path.is_dir() else [path]


class _Reading:
    """One file, line by line."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.cases: list[Case] = []
        self.defaults: dict[str, Value] = {}
        self.clock = STARTS_AT

    def all(self, text: bytes) -> list[str]:
        """Read every line; the answer is what is wrong with some of them."""
        wrong = []
        for number, line in enumerate(text.split(b"\n"), 1):
            try:
                self.take(number, line)
            except LineError as error:
                wrong.append(f"{self.file}:{number}: {error}")
        return wrong

    def take(self, number: int, line: bytes) -> None:
        if not line.strip():
            return
        value = members(line)
        if "case" in value:
            self.start(number, value)
        elif not self.cases:
            raise LineError('the first line starts a case: {"case": "what is promised"}')
        else:
            self.cases[-1].steps.append(self.step(number, value))

    def start(self, number: int, value: dict[str, Value]) -> None:
        _known(value, CASE_KEYS, "a case")
        name = value["case"]
        if not isinstance(name, str) or not name:
            raise LineError("`case` must be a name")
        if any(one.name == name for one in self.cases):
            raise LineError(f"the case {quote(name)} stands in this file already")
        self.defaults = {key: value[key] for key in ("grant", "session") if key in value}
        begun = call_line({"tool": "", "time": value.get("time"), **self.defaults}).time
        self.clock = STARTS_AT if begun is None else begun
        self.cases.append(Case(self.file, number, name))

    def step(self, number: int, value: dict[str, Value]) -> Step:
        _known(value, STEP_KEYS, "a step")
        effect, rule = value.get("expect"), value.get("rule")
        if not isinstance(effect, str) or effect not in EFFECTS:
            raise LineError(f"`expect` must be one of {', '.join(f'`{one}`' for one in EFFECTS)}")
        if rule is not None and not isinstance(rule, str):
            raise LineError("`rule` must be the name of a rule")
        asked = {key: value[key] for key in value if key not in ("after", "expect", "rule")}
        call = call_line({**self.defaults, **asked})
        self.clock = self.moved(call.time, value.get("after"))
        moved = CallLine(call.call, call.subject, call.session, self.clock)
        return Step(number, moved, Effect(effect), rule)

    def moved(self, time: float | None, after: Value) -> float:
        """The clock at a step: where it stood, `after` it, or at a time of its own."""
        if after is None:
            return self.clock if time is None else time
        seconds = duration(after) if isinstance(after, str) else None
        if seconds is None or time is not None:
            raise LineError("`after` must be like `30s`, `5m`, `2h` or `1d`, and without `time`")
        return self.clock + seconds

    def empty(self) -> list[str]:
        return [
            f"{one.file}:{one.line}: the case has no steps" for one in self.cases if not one.steps
        ]


def _known(value: dict[str, Value], keys: tuple[str, ...], what: str) -> None:
    for key in value:
        if key not in keys:
            listed = ", ".join(f"`{one}`" for one in keys)
            raise LineError(f"{what} has no key {quote(key)}, only {listed}")
