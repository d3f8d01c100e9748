"""Grant tokens: made once, kept as hashes, good for one server."""

import hashlib
from dataclasses import replace

import pytest

from handler.grants.model import Claim, Grant, GrantStatus
from handler.grants.tokens import Token, claim, mint, proves, rotated

NOW = 1000.0
TOKEN = mint("g1")
GRANT = Grant("g1", "agent", (), "shop", "default", GrantStatus.ACTIVE, None, (TOKEN.hash,))


def presented(text: str, server: str = "shop") -> Claim:
    made = claim(text, server)
    assert made is not None
    return made


def test_a_token_names_its_grant_and_carries_256_random_bits() -> None:
    tokens = {mint("g1").text for _ in range(100)}
    assert len(tokens) == 100
    for text in tokens:
        prefix, grant_id, secret = text.split("_", 2)
        assert (prefix, grant_id, len(secret)) == ("hp", "g1", 43)


def test_only_the_hash_of_the_whole_token_is_kept() -> None:
    assert TOKEN.hash == hashlib.sha256(TOKEN.text.encode()).hexdigest()
    assert TOKEN.text not in repr(TOKEN)


def test_a_presented_token_finds_its_grant() -> None:
    assert presented(TOKEN.text) == Claim("g1", TOKEN.hash, "shop")
    assert proves(presented(TOKEN.text), GRANT, NOW)


@pytest.mark.parametrize("grant_id", ["", "g_1", "g 1", "-g1", "g/1", "g1\n", "é", "g" * 65])
def test_an_id_that_could_be_read_two_ways_gets_no_token(grant_id: str) -> None:
    with pytest.raises(ValueError, match="grant's id"):
        mint(grant_id)


@pytest.mark.parametrize(
    "text",
    [
        "", "hp_", "hp_g1", "hp_g1_", f"hp__{'x' * 43}", f"HP_g1_{'x' * 43}", f"hp_g1_{'x' * 42}",
        f"hp_g1_{'x' * 44}", f"hp_g1_{'x' * 42}=", f"hp_g1_{'x' * 43}\n", f" hp_g1_{'x' * 43}",
        f"hp_g1_{'é' * 43}", f"hp_{'g' * 65}_{'x' * 43}", f"hp_g\u0661_{'x' * 43}", "x" * 100_000,
        f"hp_g\udc80_{'x' * 43}",
    ],
)  # fmt: skip
def test_what_cannot_be_a_token_claims_nothing(text: str) -> None:
    assert claim(text, "shop") is None


def test_a_secret_may_hold_underscores() -> None:
    text = f"hp_g1_{'_' * 43}"
    assert presented(text).grant_id == "g1"


def test_the_token_of_another_grant_or_server_proves_nothing() -> None:
    assert not proves(presented(mint("g1").text), GRANT, NOW)
    assert not proves(presented(TOKEN.text, "bank"), GRANT, NOW)
    assert not proves(presented(TOKEN.text), replace(GRANT, token_hashes=()), NOW)


def test_an_expired_or_revoked_grant_is_proven_by_nothing() -> None:
    expiring = replace(GRANT, expires_at=NOW + 1)
    assert proves(presented(TOKEN.text), expiring, NOW)
    assert not proves(presented(TOKEN.text), expiring, NOW + 1)
    assert not proves(presented(TOKEN.text), replace(GRANT, status=GrantStatus.REVOKED), NOW)


def test_rotation_keeps_the_current_and_the_previous_token() -> None:
    tokens: list[Token] = [TOKEN]
    grant = GRANT
    for _ in range(2):
        tokens.append(mint("g1"))
        grant = rotated(grant, tokens[-1])
    good = [proves(presented(token.text), grant, NOW) for token in tokens]
    assert good == [False, True, True]
