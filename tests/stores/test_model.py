"""The ledger against a dictionary: any sequence of steps leaves the tallies the model says."""

import asyncio
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import ClassVar

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from compiler.verdict import Scope
from handler.approvals.lifecycle import Status
from handler.approvals.model import Approval
from handler.limits.debits import Debit
from handler.stores.ledger import Entered, Full, Held, Joined
from tests.stores import samples
from tests.stores.samples import NOW, debit, step
from tests.stores.worlds import World

MAXIMUM = 10
TALLIES = (
    debit("a.1", maximum=MAXIMUM),
    debit("a.2", maximum=MAXIMUM),
    debit("a.1", maximum=MAXIMUM, scope=Scope.SERVER, scope_id="shop"),
    debit("per", maximum=MAXIMUM, keyed=True),
)
DEBITS = st.lists(
    st.tuples(st.sampled_from(TALLIES), st.integers(0, 6)).map(
        lambda drawn: replace(drawn[0], cost=drawn[1])
    ),
    min_size=1,
    max_size=3,
    unique_by=lambda drawn: drawn.tally,
)
CLAIM = samples.claim()


class LedgerModel(RuleBasedStateMachine):
    """Charges, refunds and holds, one after the other."""

    taken = Bundle("taken")
    pending = Bundle("pending")

    world: ClassVar[World]

    def __init__(self) -> None:
        super().__init__()
        self._runner = asyncio.Runner()
        self._folder = TemporaryDirectory()
        self._opened = type(self).world(Path(self._folder.name))
        self._store = self._runner.run(self._opened.__aenter__())
        self._amounts = dict.fromkeys((debit.tally for debit in TALLIES), 0)
        self._calls: dict[str, Approval] = {}
        self._holds = 0

    @initialize()
    def begin(self) -> None:
        self._runner.run(self._store.ledger.put_grant(samples.grant()))

    def teardown(self) -> None:
        self._runner.run(self._opened.__aexit__(None, None, None))
        self._runner.close()
        self._folder.cleanup()

    def _first_full(self, debits: list[Debit]) -> int | None:
        fits = [self._amounts[each.tally] + each.cost <= MAXIMUM for each in debits]
        return None if all(fits) else fits.index(False)

    def _add(self, debits: tuple[Debit, ...] | list[Debit], sign: int) -> None:
        for each in debits:
            self._amounts[each.tally] += sign * each.cost

    @rule(target=taken, debits=DEBITS)
    def enter(self, debits: list[Debit]) -> list[Debit]:
        entry = self._runner.run(self._store.ledger.enter(CLAIM, debits, NOW))
        full = self._first_full(debits)
        if full is not None:
            assert isinstance(entry, Full)
            assert (entry.index, entry.tally) == (full, self._amounts[debits[full].tally])
            return []
        self._add(debits, +1)
        assert isinstance(entry, Entered)
        assert entry.tallies == tuple(self._amounts[each.tally] for each in debits)
        return debits

    @rule(debits=consumes(taken))
    def release(self, debits: list[Debit]) -> None:
        self._runner.run(self._store.ledger.release(debits, NOW))
        self._add(debits, -1)

    @rule(target=pending, debits=DEBITS, call=st.sampled_from("xyz"))
    def hold(self, debits: list[Debit], call: str) -> Approval | None:
        self._holds += 1
        held = replace(samples.approval(f"a{self._holds}", call_key=call), debits=tuple(debits))
        answer = self._runner.run(self._store.ledger.hold(CLAIM, held, NOW, 100))
        if call in self._calls:
            assert answer == Joined(self._calls[call])
            return None
        if self._first_full(debits) is not None:
            assert isinstance(answer, Full)
            return None
        assert answer == Held(held)
        self._calls[call] = held
        self._add(debits, +1)
        return held

    @rule(
        before=consumes(pending),
        status=st.sampled_from([Status.EXECUTED, Status.REJECTED]),
    )
    def finish(self, before: Approval | None, status: Status) -> None:
        if before is None:
            return
        refund = status is Status.REJECTED
        after = step(before, status)
        assert self._runner.run(self._store.ledger.advance(before, after, refund=refund))
        assert not self._runner.run(self._store.ledger.advance(before, after, refund=refund))
        del self._calls[before.call_key]
        if refund:
            self._add(before.debits, -1)

    @invariant()
    def the_tallies_are_what_the_model_says(self) -> None:
        stands = self._runner.run(self._store.ledger.tallies(TALLIES))
        assert stands == tuple(self._amounts.values())
        assert all(0 <= amount <= MAXIMUM for amount in stands)


def test_any_sequence_of_steps_leaves_exact_tallies(world: World) -> None:
    class Model(LedgerModel):
        pass

    Model.world = staticmethod(world)
    run_state_machine_as_test(
        Model,
        settings=settings(
            max_examples=20,
            stateful_step_count=25,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
