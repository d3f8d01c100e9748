"""Grants as operators change them: what another changed meanwhile is never undone."""

import asyncio
from dataclasses import replace

import pytest

from handler.grants.model import GrantStatus
from handler.stores.base import Store
from handler.stores.ledger import Entered
from tests.stores import samples
from tests.stores.samples import NOW, ONE

pytestmark = pytest.mark.anyio

GRANT = samples.grant()
PAUSED = replace(GRANT, status=GrantStatus.PAUSED)
REVOKED = replace(GRANT, status=GrantStatus.REVOKED, token_hashes=())
ROTATED = replace(GRANT, token_hashes=("44" * 32, samples.TOKEN))


async def test_a_grant_is_changed_where_it_is_as_it_was_seen(store: Store) -> None:
    await store.ledger.put_grant(GRANT)
    everything = replace(
        PAUSED, label="Other", tags=(), server="bank", policy=None, expires_at=None, token_hashes=()
    )
    assert await store.ledger.change_grant(GRANT, everything)
    assert await store.ledger.grant("g1") == everything
    assert await store.ledger.change_grant(everything, GRANT)
    assert await store.ledger.grant("g1") == GRANT


async def test_a_revoked_grant_is_not_revived_by_who_had_not_seen_it(store: Store) -> None:
    await store.ledger.put_grant(GRANT)
    assert await store.ledger.change_grant(GRANT, REVOKED)
    assert not await store.ledger.change_grant(GRANT, ROTATED)
    assert not await store.ledger.change_grant(GRANT, PAUSED)
    assert not await store.ledger.change_grant(GRANT, replace(GRANT, tags=("other",)))
    assert await store.ledger.grant("g1") == REVOKED


async def test_a_grant_that_is_not_there_cannot_be_changed(store: Store) -> None:
    assert not await store.ledger.change_grant(GRANT, PAUSED)
    assert await store.ledger.grants() == []


async def test_of_many_changes_at_once_one_is_first(store: Store) -> None:
    await store.ledger.put_grant(GRANT)
    wanted = [replace(GRANT, token_hashes=(f"{number:02x}" * 32,)) for number in range(8)]
    changed = await asyncio.gather(*(store.ledger.change_grant(GRANT, one) for one in wanted))
    assert sum(changed) == 1
    assert await store.ledger.grant("g1") == wanted[changed.index(True)]


async def test_a_change_leaves_tallies_alone(store: Store) -> None:
    await store.ledger.put_grant(GRANT)
    await store.ledger.enter(samples.claim(), [samples.debit()], NOW)
    assert await store.ledger.change_grant(GRANT, ROTATED)
    entered = await store.ledger.enter(samples.claim(), [samples.debit()], NOW)
    assert isinstance(entered, Entered) and entered.tallies == (2 * ONE,)
