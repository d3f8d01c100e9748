"""The WASM engine: what a policy's module answers, as a verdict in the words of its own names.

Must not know policy text or wasmtime. A module is all it needs: the section that names the rows is
a decision table. Its answers are those of `compiler.meaning`, and tests hold
it to them.
"""

from collections.abc import Mapping
from functools import lru_cache
from itertools import islice
from typing import Any

import orjson

from compiler import names
from compiler.ir import HoldRow, LimitRow, RuleRow
from compiler.table.layout import TableError
from compiler.table.read import Table
from compiler.values import Value
from compiler.verdict import Call, Charge, Effect, Hold, Place, Subject, Verdict
from compiler.wasm import abi
from compiler.wasm.custom import custom
from handler.decision.charges import charge
from handler.decision.spellings import Spellings, Variant
from handler.decision.wasm import Answer, ModuleError, PolicyModule

MOST_ROWS = 8_192
"""How many rows of each kind are kept decoded, and how many verdicts of each effect."""

UNREADABLE = Verdict(
    Effect.DENY,
    Place("(unreadable)"),
    "The arguments are not JSON that every reader reads alike; send them in a simpler form.",
)
TOO_LARGE = Verdict(
    Effect.DENY, Place("(too large)"), "The arguments are too large to be judged; send less."
)


class WasmEngine:
    """One module at work. Implements `compiler.verdict.Engine`."""

    def __init__(self, module: bytes) -> None:
        """Raises `ModuleError` where the bytes are no policy's module that this version runs."""
        self._module = PolicyModule(module)
        self._table = _names(module)
        self._spellings = Spellings(self._table)
        self._entry = lru_cache(MOST_ROWS)(self._table.entry)
        self._rule = lru_cache(MOST_ROWS)(self._table.rule)
        self._hold = lru_cache(MOST_ROWS)(self._table.hold)
        self._limit = lru_cache(MOST_ROWS)(self._table.limit)
        self._kept: dict[int, dict[bytes, Verdict]] = {
            abi.ALLOW: {}, abi.DENY: {}, abi.REQUIRE_APPROVAL: {}
        }  # fmt: skip
        """Verdicts by effect and by what the module wrote."""

    def hides(self, tool: str) -> bool:
        return self._table.hides(tool)

    def lists(self, tool: str) -> bool:
        return self._table.own(tool) is not None

    def narrowed(self, tool: str, schema: Mapping[str, Any]) -> dict[str, Any]:
        """The tool's input schema with what the policy demands of its calls."""
        from handler.decision.schemas import narrowed  # only where a server's registration asks

        return narrowed(self._table, tool, schema)

    def variant(self, call: Call) -> Variant | None:
        """A name in the call that a server may take for one that the policy reads."""
        return self._spellings.variant(call.tool, call.arguments)

    def decide(self, call: Call, subject: Subject, now: float) -> Verdict:
        try:
            arguments = orjson.dumps(call.arguments)
        except orjson.JSONEncodeError:
            return UNREADABLE
        return self.decide_text(call.tool, arguments, subject, now)

    def decide_text(self, tool: str, arguments: bytes, subject: Subject, now: float) -> Verdict:
        """The verdict on a call whose arguments are JSON text; unreadable text is denied."""
        context = _context(subject, now) if self._module.reads_context else b""
        name = tool.encode("utf-8", "surrogatepass")
        effect, written = self._module.ask(name, arguments, context)
        kept = self._kept.get(effect)
        if kept is None:
            return TOO_LARGE if effect == abi.TOO_LARGE else UNREADABLE
        return kept.get(written) or self._verdict(tool, effect, written)

    def _verdict(self, tool: str, effect: int, written: bytes) -> Verdict:
        """What an answer says; kept, unless it names the tool or values of the call."""
        answer = Answer.of(written)
        if answer.reason == abi.HIDDEN:
            return _denial(Place(names.HIDDEN), names.hidden_message(tool))
        if answer.reason == abi.DEFAULT_DENY:
            return _denial(Place(names.DEFAULT_DENY), names.default_deny_message(tool))
        if effect == abi.ALLOW:
            verdict = Verdict(Effect.ALLOW, None, "", self._charges(answer))
        elif effect == abi.REQUIRE_APPROVAL:
            verdict = self._held(answer)
        else:
            verdict = self._denied(answer)
        kept = self._kept[effect]
        if not answer.per:
            if len(kept) >= MOST_ROWS:
                kept.clear()
            kept[written] = verdict
        return verdict

    def _denied(self, answer: Answer) -> Verdict:
        entry, which, detail = self._entry(answer.entry), answer.which, answer.detail
        match answer.reason:
            case abi.REQUIRE:
                rule = self._rule(entry.require[which])
                mismatch = self._mismatch(rule, detail)
                message = names.require_message(rule.written, rule.place.rule, mismatch)
            case abi.DENY_IF:
                rule = self._rule(entry.deny_if[which])
                mismatch = self._mismatch(rule, detail)
                message = names.deny_if_message(rule.written, rule.place.rule, mismatch)
            case abi.APPROVE_IF:
                hold = self._one_hold(entry.approve_if[which], detail)
                return _denial(hold.place, names.no_approver_message(hold.reason))
            case _:
                return self._limit_denial(self._limit(entry.limits[which]), detail)
        return _denial(rule.place, message)

    def _limit_denial(self, row: LimitRow, detail: int) -> Verdict:
        """The denial of a call whose cost (0) or `per` value (from 1) cannot be taken."""
        if detail:
            path = self._table.path(row.per[detail - 1])
            return _denial(row.place, names.per_message(path))
        assert row.increment_from is not None
        return _denial(row.place, names.cost_message(self._table.path(row.increment_from)))

    def _held(self, answer: Answer) -> Verdict:
        rows = self._entry(answer.entry).approve_if
        holds = tuple(self._one_hold(rows[which], detail) for which, detail in answer.holds)
        first = holds[0]
        charges = self._charges(answer)
        return Verdict(Effect.REQUIRE_APPROVAL, first.place, first.reason, charges, holds)

    def _one_hold(self, index: int, detail: int) -> Hold:
        row = self._hold(index)
        mismatch = self._mismatch(row, detail)
        return Hold(
            place=row.place,
            reason=names.approve_if_reason(row.written, row.place.rule, mismatch),
            approvers=row.approvers,
            quorum=row.quorum,
            expires_in=row.expires_in,
            mail_arguments=row.mail_arguments,
        )

    def _mismatch(self, row: RuleRow | HoldRow, detail: int) -> str:
        """The sentence of the condition with this number, from 1; none for 0."""
        return self._table.condition(row.conditions[detail - 1]).mismatch if detail else ""

    def _charges(self, answer: Answer) -> tuple[Charge, ...]:
        texts = iter(answer.per)
        rows, charges = self._entry(answer.entry).limits, []
        for which, cost in answer.charges:
            row = self._limit(rows[which])
            per = tuple(map(_value, islice(texts, len(row.per)))) if row.per else None
            charges.append(charge(row, cost, per))
        return tuple(charges)


def _names(module: bytes) -> Table:
    """What a module's rows are called. Raises `ModuleError`."""
    table = custom(module, abi.NAMES)
    if table is None:
        raise ModuleError(f"the module has no section `{abi.NAMES}`; it is not a policy's")
    try:
        return Table(table)
    except TableError as error:
        raise ModuleError(str(error)) from error


def _context(subject: Subject, now: float) -> bytes:
    grant = {"label": subject.label, "tags": subject.tags}
    return orjson.dumps({"grant": grant, "time": now})


def _value(text: bytes) -> Value:
    """A `per` value: the module has read its text before."""
    value: Value = orjson.loads(text) if text else None
    return value


def _denial(place: Place, message: str) -> Verdict:
    return Verdict(Effect.DENY, place, message)
