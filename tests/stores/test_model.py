"""The ledger against a dictionary: any sequence of steps leaves the tallies the model says."""

import asyncio
from collections.abc import Awaitable
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, Phase, settings
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
from handler.stores.base import Store
from handler.stores.ledger import Entered, Full, Held, Joined
from tests.emulated.faults import Fault
from tests.stores import samples
from tests.stores.conftest import PARAMETERS
from tests.stores.samples import NOW, debit, step
from tests.stores.trouble import FAULTS_OF_ONE_WRITE, TROUBLED, Step, Trouble
from tests.stores.worlds import World

MAXIMUM = 10
TALLIES = (
    debit("a.1", maximum=MAXIMUM),
    debit("a.2", maximum=MAXIMUM),
    debit("a.1", maximum=MAXIMUM, scope=Scope.SERVER, scope_id="shop"),
    debit("per", maximum=MAXIMUM, keyed=True),
)
DEBIT = st.tuples(st.sampled_from(TALLIES), st.integers(0, 6)).map(
    lambda drawn: replace(drawn[0], cost=drawn[1])
)
SOME: dict[str, Any] = {"min_size": 1, "max_size": 3, "unique_by": lambda drawn: drawn.tally}
DEBITS = st.lists(DEBIT, **SOME)
CLAIM = samples.claim()
FAULTS = st.just(Fault.LOST_ANSWER) | st.sampled_from(FAULTS_OF_ONE_WRITE)
OWN = st.lists(DEBIT.filter(lambda drawn: drawn.scope is Scope.GRANT and not drawn.keyed), **SOME)
"""Of the grant alone: on DynamoDB they are taken by another kind of write."""


class LedgerModel(RuleBasedStateMachine):
    """Charges, refunds and holds, one after the other."""

    taken = Bundle("taken")
    pending = Bundle("pending")

    world: ClassVar[World]

    def __init__(self) -> None:
        super().__init__()
        self._runner = asyncio.Runner()
        self._folder = TemporaryDirectory()
        self._opened = self._open(Path(self._folder.name))
        self._store = self._begun(self._runner.run(self._opened.__aenter__()))
        self._amounts = dict.fromkeys((debit.tally for debit in TALLIES), 0)
        self._calls: dict[str, Approval] = {}
        self._holds = 0

    def _open(self, place: Path) -> AbstractAsyncContextManager[Any]:
        return type(self).world(place)

    def _begun(self, opened: Any) -> Store:
        """The store to work with."""
        store: Store = opened
        return store

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


class TroubledModel(LedgerModel):
    """The same, with writes whose answers are lost, and two processes that take turns."""

    _trouble: Trouble

    def _open(self, place: Path) -> AbstractAsyncContextManager[Any]:
        return TROUBLED[type(self).world_name](place)

    world_name: ClassVar[str]

    def _begun(self, opened: Any) -> Store:
        self._trouble = opened
        return self._trouble.stores[0]

    @rule(target=LedgerModel.taken, debits=OWN | DEBITS, fault=FAULTS)
    def enter_in_trouble(self, debits: list[Debit], fault: Fault) -> Any:
        self._trouble.once(fault)
        return self.enter(debits)

    @rule(debits=consumes(LedgerModel.taken), fault=FAULTS)
    def release_in_trouble(self, debits: list[Debit], fault: Fault) -> None:
        self._trouble.once(fault)
        self.release(debits)

    @rule(target=LedgerModel.pending, debits=DEBITS, call=st.sampled_from("xyz"), fault=FAULTS)
    def hold_in_trouble(self, debits: list[Debit], call: str, fault: Fault) -> Any:
        self._trouble.once(fault)
        return self.hold(debits, call)

    @rule(before=consumes(LedgerModel.pending), fault=FAULTS)
    def finish_in_trouble(self, before: Approval | None, fault: Fault) -> None:
        self._trouble.once(fault)
        self.finish(before, Status.REJECTED)

    @rule(process=st.sampled_from([0, 1]))
    def goes_on_in(self, process: int) -> None:
        self._store = self._trouble.stores[process]

    @rule(debits=DEBITS, turns=st.integers(0, 8))
    def enter_unheard(self, debits: list[Debit], turns: int) -> None:
        fits = self._first_full(debits) is None
        self._all_or_none(
            lambda store: store.ledger.enter(CLAIM, debits, NOW), debits, +1 if fits else 0, turns
        )

    @rule(debits=consumes(LedgerModel.taken), turns=st.integers(0, 8))
    def release_unheard(self, debits: list[Debit], turns: int) -> None:
        """What comes back to each tally comes back once at most; the rest stays taken."""
        before = dict(self._amounts)
        self._add(debits, -1)

        def release(store: Store) -> Awaitable[object]:
            return store.ledger.release(debits, NOW)

        self._runner.run(self._trouble.abandoned(release, turns))
        stands = self._runner.run(self._store.ledger.tallies(TALLIES))
        for tally, amount in zip(before, stands, strict=True):
            assert amount in (before[tally], self._amounts[tally])
            self._amounts[tally] = amount

    @rule(before=consumes(LedgerModel.pending), turns=st.integers(0, 8))
    def finish_unheard(self, before: Approval | None, turns: int) -> None:
        if before is None:
            return
        after = step(before, Status.REJECTED)

        def advance(store: Store) -> Awaitable[object]:
            return store.ledger.advance(before, after, refund=True)

        done = self._all_or_none(advance, list(before.debits), -1, turns)
        stored = self._runner.run(self._store.ledger.approval(before.id))
        cost = sum(debit.cost for debit in before.debits)
        assert stored in (before, after) and (not cost or done is (stored == after))
        if stored == before:
            assert self._runner.run(self._store.ledger.advance(before, after, refund=True))
            self._add(before.debits, -1)
        del self._calls[before.call_key]

    def _all_or_none(self, unheard: Step, debits: list[Debit], sign: int, turns: int) -> bool:
        """Whether the step was done, by what the tallies stand at; once at most, and whole."""
        before = dict(self._amounts)
        self._add(debits, sign)
        self._runner.run(self._trouble.abandoned(unheard, turns))
        stands = self._runner.run(self._store.ledger.tallies(TALLIES))
        assert stands in (tuple(before.values()), tuple(self._amounts.values()))
        done = stands == tuple(self._amounts.values())
        if not done:
            self._amounts = before
        return done


@pytest.mark.parametrize("world_name", PARAMETERS)
def test_lost_answers_and_retries_leave_exact_tallies(world_name: str) -> None:
    class Model(TroubledModel):
        pass

    Model.world_name = world_name
    run_state_machine_as_test(
        Model,
        settings=settings(
            max_examples=12 if world_name == "sqlite" else 6,
            stateful_step_count=20,
            suppress_health_check=list(HealthCheck),
            phases=(
                Phase.explicit,
                Phase.reuse,
                Phase.generate,
            ),  # shrinking waits for each give-up
        ),
    )


def test_any_sequence_of_steps_leaves_exact_tallies(world: World, world_name: str) -> None:
    class Model(LedgerModel):
        pass

    Model.world = staticmethod(world)
    run_state_machine_as_test(
        Model,
        settings=settings(
            max_examples=20 if world_name == "sqlite" else 10,
            stateful_step_count=25,
            suppress_health_check=list(HealthCheck),
        ),
    )
