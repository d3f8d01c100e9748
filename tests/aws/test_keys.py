"""The deployment's keys, and what rotating them changes."""

from handler.entry.keys import Keys
from handler.sealing import Sealer

BEFORE = '{"current": "one", "previous": []}'
AFTER = '{"current": "two", "previous": ["one"]}'


def test_what_was_sealed_before_a_rotation_opens_after_it() -> None:
    sealed = Sealer(Keys.read(BEFORE).seal()).seal(b"call", "a1/call")
    assert Sealer(Keys.read(AFTER).seal()).open(sealed, "a1/call") == b"call"


def test_a_rotation_starts_no_tally_at_zero() -> None:
    assert Keys.read(BEFORE).per == Keys.read(AFTER).per


def test_every_purpose_has_a_key_of_its_own() -> None:
    keys = Keys.read(BEFORE)
    assert len({keys.seal()[0], keys.forms()[0], keys.per}) == 3


def test_keys_do_not_show_themselves() -> None:
    assert "one" not in repr(Keys.read(BEFORE))
