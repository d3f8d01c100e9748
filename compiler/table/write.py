"""The program as a decision table's bytes.

Must not know policies or engines.
"""

from compiler.ir import ConditionRow, EntryRow, HoldRow, LimitRow, Program, RuleRow
from compiler.names import SHARED, home_name
from compiler.policy import Every, Path, Step
from compiler.table.layout import (
    EVERY,
    FORMS,
    INDEX,
    KEY,
    OPERATORS,
    ROOTS,
    SCOPES,
    WORD,
    Section,
    Words,
    assemble,
    pack,
)
from compiler.verdict import Place


def encode(program: Program) -> bytes:
    """The table of a program; equal programs give equal bytes."""
    writer = _Writer(program)
    unlisted = () if program.unlisted is None else (program.unlisted,)
    sections: dict[Section, list[bytes]] = {
        Section.FACTS: [pack((program.globs_from, len(unlisted)))],
        Section.HIDE: [name.encode() for name in program.hide],
        Section.ENTRIES: [pack(writer.entry(row)) for row in (*program.entries, *unlisted)],
        Section.RULES: [pack(writer.rule(row)) for row in program.rules],
        Section.HOLDS: [pack(writer.hold(row)) for row in program.holds],
        Section.LIMITS: [pack(writer.limit(row)) for row in program.limits],
        Section.CONDITIONS: [pack(writer.condition(row)) for row in program.conditions],
        Section.PATHS: [pack(writer.path(row)) for row in program.paths],
        Section.VALUES: [text.encode() for text in program.values],
        Section.AUTOMATA: list(program.automata),
    }
    sections |= {section: [*map(pack, forms)] for section, forms in writer.forms.items()}
    sections[Section.STRINGS] = [text.encode() for text in writer.strings]
    return assemble(sections)


class _Writer:
    """Turns rows into words, and collects the strings and forms they use."""

    def __init__(self, program: Program) -> None:
        self.strings: dict[str, int] = {}
        self.forms: dict[Section, dict[Words, int]] = {section: {} for section in FORMS}
        self._homes = {home_name(None): 0}
        for index, row in enumerate(program.entries):
            self._homes[home_name(row.name)] = index + 1

    def string(self, text: str) -> int:
        return self.strings.setdefault(text, len(self.strings))

    def entry(self, row: EntryRow) -> Words:
        lists = (row.require, row.deny_if, row.approve_if, row.limits)
        return self.string(row.name), *map(len, lists), *(i for rows in lists for i in rows)

    def rule(self, row: RuleRow) -> Words:
        form = (self.string(row.written), *row.conditions)
        return self._placed(row.place, Section.RULE_FORMS, form)

    def hold(self, row: HoldRow) -> Words:
        facts = (row.quorum, row.expires_in, int(row.mail_arguments), len(row.approvers))
        approvers = map(self.string, row.approvers)
        form = (self.string(row.written), *facts, *approvers, *row.conditions)
        return self._placed(row.place, Section.HOLD_FORMS, form)

    def limit(self, row: LimitRow) -> Words:
        texts = map(self.string, (row.counter, row.window.name, row.message))
        high, low = divmod(row.maximum, WORD)
        scope, source = SCOPES.index(row.scope), _optional(row.increment_from)
        facts = (scope, high, low, row.shards, source)
        form = (int(row.owner == SHARED), *texts, *facts, *row.per)
        return self._placed(row.place, Section.LIMIT_FORMS, form)

    def condition(self, row: ConditionRow) -> Words:
        operator, automaton = OPERATORS.index(row.operator), _optional(row.automaton)
        return row.path, operator, row.value, automaton, self.string(row.mismatch)

    def path(self, path: Path) -> Words:
        steps = (word for step in path.steps for word in self.step(step))
        return self.string(path.text), ROOTS.index(path.root), *steps

    def step(self, step: Step) -> Words:
        if isinstance(step, str):
            return KEY, self.string(step)
        if isinstance(step, Every):
            return EVERY, 0
        return INDEX, step

    def _placed(self, place: Place, forms: Section, form: Words) -> Words:
        """The row of a rule. Its form starts with the rest of its name, and its index."""
        home = "/".join(place.rule.split("/")[:-2])
        rest = self.string(place.rule[len(home) :])
        known = self.forms[forms]
        number = known.setdefault((rest, _optional(place.index), *form), len(known))
        return self._homes[home], _optional(place.line), number


def _optional(index: int | None) -> int:
    return 0 if index is None else index + 1
