"""Cases run against a policy: what each step came to, and where it was not what was expected.

Must not know files or terminals. Limits count within a case, as `holdpoint decide` counts them.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from compiler.diagnostics import visible
from compiler.verdict import Engine
from handler.cli.cases import STARTS_AT, Case, Step
from handler.cli.decide import Tallies


@dataclass(frozen=True, slots=True)
class Failure:
    """A step that came to something else. `told` is one line that says what."""

    line: int
    told: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """A case that was run."""

    case: Case
    failures: tuple[Failure, ...]


def tried(engine: Engine, cases: Iterable[Case]) -> list[Outcome]:
    """The outcome of every case, each on tallies of its own."""
    return [Outcome(case, _run(engine, case)) for case in cases]


def _run(engine: Engine, case: Case) -> tuple[Failure, ...]:
    tallies = Tallies()
    found = (_failure(engine, tallies, step) for step in case.steps)
    return tuple(one for one in found if one is not None)


def _failure(engine: Engine, tallies: Tallies, step: Step) -> Failure | None:
    got = tallies.decision(engine, step.call, STARTS_AT)
    if got["effect"] == step.effect and step.rule in (None, got["rule"]):
        return None
    expected = f"{step.effect}{f' by {step.rule}' if step.rule is not None else ''}"
    by = f" by {got['rule']}" if got["rule"] is not None else ""
    said = f": {got['message']}" if got["message"] else ""
    tool = step.call.call.tool
    return Failure(
        step.line,
        visible(f"`{tool}` was expected to be {expected}, and is {got['effect']}{by}{said}"),
    )
