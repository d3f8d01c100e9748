"""Who may enter: the first half of the ledger's one step."""

from dataclasses import replace

import pytest

from handler.grants.model import Claim, Grant, GrantStatus
from handler.oauth.model import Authority, Issuer, Rule
from handler.stores.base import Store
from handler.stores.ledger import Entered, Held, Paused, Unauthenticated
from tests.stores import samples
from tests.stores.samples import NOW, ONE

pytestmark = pytest.mark.anyio

GRANT = samples.grant()
PAUSED = replace(GRANT, status=GrantStatus.PAUSED)
REVOKED = replace(GRANT, status=GrantStatus.REVOKED)

AUTHORITY = Authority(Issuer("https://login.example"), (Rule("sub", "agent", "g1"),))


def vouched(grant_id: str = "g1", server: str = "shop") -> Claim:
    """What an access token that was found good is taken for."""
    return Claim(grant_id, AUTHORITY, server)


REFUSED = {
    "wrong token": (GRANT, samples.claim(token=samples.WRONG_TOKEN), NOW),
    "wrong server": (GRANT, samples.claim(server="bank"), NOW),
    "no such grant": (GRANT, samples.claim("g2"), NOW),
    "revoked": (REVOKED, samples.claim(), NOW),
    "expired": (GRANT, samples.claim(), NOW + 3600),
    "no tokens": (replace(GRANT, token_hashes=()), samples.claim(), NOW),
    "a token two rotations old": (
        replace(GRANT, token_hashes=("44" * 32, samples.TOKEN)),
        samples.claim(token=samples.OLD_TOKEN),
        NOW,
    ),
    "paused, wrong token": (PAUSED, samples.claim(token=samples.WRONG_TOKEN), NOW),
    "paused, wrong server": (PAUSED, samples.claim(server="bank"), NOW),
    "paused, expired": (PAUSED, samples.claim(), NOW + 3600),
    "an authority's, wrong server": (replace(GRANT, server="bank"), vouched(), NOW),
    "an authority's, no such grant": (GRANT, vouched("g2"), NOW),
    "an authority's, revoked": (REVOKED, vouched(), NOW),
    "an authority's, expired": (GRANT, vouched(), NOW + 3600),
}


@pytest.mark.parametrize(("grant", "claim", "now"), REFUSED.values(), ids=REFUSED.keys())
async def test_a_claim_that_is_not_good_has_one_answer_and_takes_nothing(
    store: Store, grant: Grant, claim: Claim, now: float
) -> None:
    await store.ledger.put_grant(grant)
    debit = samples.debit()
    approval = samples.approval()
    assert await store.ledger.enter(claim, [debit], now) == Unauthenticated()
    assert await store.ledger.enter(claim, [], now) == Unauthenticated()
    assert await store.ledger.hold(claim, approval, now, 10) == Unauthenticated()
    assert await store.ledger.tallies([debit]) == (0,)
    assert await store.ledger.approval(approval.id) is None


async def test_a_paused_grant_takes_nothing(store: Store) -> None:
    await store.ledger.put_grant(PAUSED)
    debit = samples.debit()
    assert await store.ledger.enter(samples.claim(), [debit], NOW) == Paused(PAUSED)
    assert await store.ledger.enter(samples.claim(), [], NOW) == Paused(PAUSED)
    assert await store.ledger.hold(samples.claim(), samples.approval(), NOW, 10) == Paused(PAUSED)
    assert await store.ledger.tallies([debit]) == (0,)


@pytest.mark.parametrize("token", [samples.TOKEN, samples.OLD_TOKEN])
async def test_the_current_and_the_previous_token_enter(store: Store, token: str) -> None:
    await store.ledger.put_grant(GRANT)
    debit = samples.debit()
    entry = await store.ledger.enter(samples.claim(token=token), [debit], NOW)
    assert entry == Entered(GRANT, (debit,), (ONE,))


@pytest.mark.parametrize("grant", [GRANT, replace(GRANT, token_hashes=())], ids=["with", "none"])
async def test_an_authority_s_word_needs_no_token_of_the_grant(store: Store, grant: Grant) -> None:
    await store.ledger.put_grant(grant)
    debit = samples.debit()
    assert await store.ledger.enter(vouched(), [debit], NOW) == Entered(grant, (debit,), (ONE,))
    assert await store.ledger.enter(vouched(), [], NOW) == Entered(grant, (), ())
    held = await store.ledger.hold(vouched(), samples.approval(), NOW, 10)
    assert isinstance(held, Held)
    await store.ledger.put_grant(replace(grant, status=GrantStatus.PAUSED))
    paused = await store.ledger.enter(vouched(), [debit], NOW)
    assert isinstance(paused, Paused)


async def test_a_grant_is_good_until_the_moment_it_expires(store: Store) -> None:
    await store.ledger.put_grant(GRANT)
    last = await store.ledger.enter(samples.claim(), [], NOW + 3600 - 0.001)
    assert last == Entered(GRANT, (), ())
    assert await store.ledger.enter(samples.claim(), [], NOW + 3600) == Unauthenticated()


async def test_a_grant_without_expiry_stays_good(store: Store) -> None:
    lasting = replace(GRANT, expires_at=None)
    await store.ledger.put_grant(lasting)
    entry = await store.ledger.enter(samples.claim(), [samples.debit()], NOW + 1e8)
    assert isinstance(entry, Entered)


async def test_a_change_holds_from_the_next_call_and_keeps_the_tallies(store: Store) -> None:
    await store.ledger.put_grant(GRANT)
    debit = samples.debit()
    await store.ledger.enter(samples.claim(), [debit], NOW)
    await store.ledger.put_grant(PAUSED)
    assert await store.ledger.enter(samples.claim(), [debit], NOW) == Paused(PAUSED)
    await store.ledger.put_grant(replace(GRANT, token_hashes=("55" * 32, samples.TOKEN)))
    entry = await store.ledger.enter(samples.claim(), [debit], NOW)
    assert isinstance(entry, Entered)
    assert entry.tallies == (2 * ONE,)


async def test_grants_are_read_back_as_they_were_put_and_listed_by_id(store: Store) -> None:
    other = replace(samples.grant("a7"), policy=None, expires_at=None, tags=(), token_hashes=())
    await store.ledger.put_grant(GRANT)
    await store.ledger.put_grant(other)
    assert await store.ledger.grant("g1") == GRANT
    assert await store.ledger.grant("nobody") is None
    assert await store.ledger.grants() == [other, GRANT]
