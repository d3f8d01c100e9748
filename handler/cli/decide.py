"""`holdpoint decide`: what a policy does with calls, one JSON line each, limits counted.

The tallies live as long as the command: a grant here is its label, there is one server, and a limit
that is split into shards is counted whole.
"""

import argparse
import sys
from collections.abc import Callable, Iterable, Iterator
from typing import Any, BinaryIO

import orjson

from compiler.meaning import Meaning
from compiler.names import amount_text
from compiler.verdict import Charge, Effect, Engine, Place
from handler.cli.calls import CallLine, LineError, parse_line
from handler.cli.policy_file import Compiled, add_approver, compiled
from handler.cli.working import working
from handler.clock import Clock, SystemClock
from handler.decision.table import TableEngine
from handler.failure import CannotRun
from handler.limits.debits import Debit
from handler.limits.plan import debits

FINE, FOUND = 0, 1

SERVER = "server"
PER_KEY = b"kept no longer than one command"


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Declare the command."""
    parser = subparsers.add_parser(
        "decide",
        help="say what a policy does with calls, one JSON line each",
        description="Reads one call per line from standard input, "
        '{"tool", "args", "grant", "session", "time"}, all but tool optional, and prints one '
        'decision per line, {"effect", "rule", "index", "message", "charges"}. '
        "Limits count from line to line.",
        epilog="exit codes: 0 fine, 1 a line was no call, 2 could not run",
    )
    parser.add_argument("policy", help="the path of a policy.json")
    parser.add_argument(
        "--engine",
        choices=tuple(ENGINES),
        default="table",
        help="what decides (default: %(default)s)",
    )
    add_approver(parser)


def run(arguments: argparse.Namespace) -> int:
    """Decide every line of standard input. Raises `CannotRun` where nothing can decide."""
    engine = ENGINES[arguments.engine](compiled(arguments.policy, tuple(arguments.approver)))
    calls = Counted(sys.stdin.buffer)
    if sys.stdout.isatty():  # the decisions themselves show how far it is
        return decide(engine, calls, sys.stdout.buffer, SystemClock())
    with working("deciding", lambda: f", {calls.number:,} lines"):
        return decide(engine, calls, sys.stdout.buffer, SystemClock())


class Counted:
    """Lines, and how many of them were taken."""

    def __init__(self, lines: Iterable[bytes]) -> None:
        self._lines, self.number = lines, 0

    def __iter__(self) -> Iterator[bytes]:
        for line in self._lines:
            self.number += 1
            yield line


def decide(engine: Engine, calls: Iterable[bytes], output: BinaryIO, clock: Clock) -> int:
    """One line of output for each call; a line that is no call gets `{"error", "line"}`.

    Calls without a time are made when the command started.
    """
    started, tallies, code = clock.now(), Tallies(), FINE
    for number, line in enumerate(calls, 1):
        if not line.strip():
            continue
        try:
            answer = tallies.decision(engine, parse_line(line), started)
        except LineError as error:
            code, answer = FOUND, {"error": str(error), "line": number}
            print(f"holdpoint: line {number}: {error}", file=sys.stderr)
        output.write(orjson.dumps(answer, option=orjson.OPT_APPEND_NEWLINE))
    output.flush()
    return code


class Tallies:
    """What has been taken so far, micro-units."""

    def __init__(self) -> None:
        self._taken: dict[tuple[str, str, str], int] = {}

    def decision(self, engine: Engine, line: CallLine, started: float) -> dict[str, Any]:
        """The decision on one call, its charges taken; where a limit is full, the denial."""
        now = started if line.time is None else line.time
        verdict = engine.decide(line.call, line.subject, now)
        planned = debits(
            verdict.charges,
            grant_id=line.subject.label,
            session=line.session,
            server=SERVER,
            now=now,
            per_key=PER_KEY,
            dealer=None,
        )
        for charge, debit in zip(verdict.charges, planned, strict=True):
            if self._tally(debit) + debit.cost > debit.maximum:
                return _shown(Effect.DENY, charge.place, charge.message, [])
        for debit in planned:
            self._taken[_key(debit)] = self._tally(debit) + debit.cost
        charges = [
            _charge(charge, self._tally(debit))
            for charge, debit in zip(verdict.charges, planned, strict=True)
        ]
        return _shown(verdict.effect, verdict.place, verdict.message, charges)

    def _tally(self, debit: Debit) -> int:
        return self._taken.get(_key(debit), 0)


def _key(debit: Debit) -> tuple[str, str, str]:
    return debit.scope, debit.scope_id, debit.key


def _shown(
    effect: Effect, place: Place | None, message: str, charges: list[dict[str, Any]]
) -> dict[str, Any]:
    return {
        "effect": effect,
        "rule": place and place.rule,
        "index": place and place.index,
        "message": message,
        "charges": charges,
    }


def _charge(charge: Charge, tally: int) -> dict[str, Any]:
    """Amounts are exact decimals; `tally` is the one after the call."""
    return {
        "rule": charge.place.rule,
        "index": charge.place.index,
        "counter": charge.counter,
        "cost": _amount(charge.cost),
        "tally": _amount(tally),
        "max": _amount(charge.maximum),
    }


def _amount(micro_units: int) -> orjson.Fragment:
    return orjson.Fragment(amount_text(micro_units).encode())


def _wasm(policy: Compiled) -> Engine:
    """Loaded only when chosen: wasmtime is an optional package, and slow to import."""
    try:
        from handler.decision.wasm_engine import WasmEngine
    except ImportError:
        raise CannotRun(
            "the engine `wasm` needs the package wasmtime; install holdpoint with it: "
            "pip install '.[wasm]'"
        ) from None
    from compiler.wasm.emit import emit

    return WasmEngine(emit(policy.program))


ENGINES: dict[str, Callable[[Compiled], Engine]] = {
    "meaning": lambda policy: Meaning(policy.policy),
    "table": lambda policy: TableEngine(policy.table),
    "wasm": _wasm,
}
"""From a compiled policy to what decides."""
