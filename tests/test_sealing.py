"""Sealing: whatever is wrong with a sealed form, the answer is one error."""

from base64 import urlsafe_b64decode, urlsafe_b64encode

import pytest

from handler.sealing import OVERHEAD, SealBroken, Sealer

FIRST, SECOND, OTHER = b"1" * 32, b"2" * 32, b"3" * 32
SEALER = Sealer([FIRST, SECOND])
DATA = b"arguments"


@pytest.mark.parametrize("data", [b"", b"x", bytes(range(256)) * 4096])
def test_what_is_sealed_opens_as_it_was(data: bytes) -> None:
    sealed = SEALER.seal(data, "a1/call")
    assert SEALER.open(sealed, "a1/call") == data
    assert len(sealed) == len(data) + OVERHEAD
    assert SEALER.open_text(SEALER.seal_text(data, "state"), "state") == data


def test_sealing_twice_never_looks_the_same() -> None:
    assert len({SEALER.seal(DATA, "c") for _ in range(100)}) == 100


def test_the_first_key_seals_and_all_open() -> None:
    old, new = Sealer([SECOND]), Sealer([FIRST])
    assert SEALER.open(old.seal(DATA, "c"), "c") == DATA
    assert new.open(SEALER.seal(DATA, "c"), "c") == DATA
    with pytest.raises(SealBroken):
        old.open(SEALER.seal(DATA, "c"), "c")


def test_another_key_opens_nothing() -> None:
    with pytest.raises(SealBroken):
        Sealer([OTHER]).open(SEALER.seal(DATA, "c"), "c")


@pytest.mark.parametrize("context", ["", "a1/result", "a1/cal", "A1/CALL", "a1/call "])
def test_what_was_sealed_for_one_context_opens_for_no_other(context: str) -> None:
    with pytest.raises(SealBroken):
        SEALER.open(SEALER.seal(DATA, "a1/call"), context)


def test_no_bit_can_be_changed() -> None:
    sealed = SEALER.seal(DATA, "c")
    for place in range(len(sealed)):
        for bit in (1, 128):
            changed = bytearray(sealed)
            changed[place] ^= bit
            with pytest.raises(SealBroken):
                SEALER.open(bytes(changed), "c")


def test_nothing_can_be_cut_off_or_added() -> None:
    sealed = SEALER.seal(DATA, "c")
    for wrong in (*(sealed[:end] for end in range(len(sealed))), sealed + b"\0", b"\1" + sealed):
        with pytest.raises(SealBroken):
            SEALER.open(wrong, "c")


def test_two_sealed_forms_cannot_be_mixed() -> None:
    one, two = SEALER.seal(DATA, "c"), SEALER.seal(DATA, "c")
    with pytest.raises(SealBroken):
        SEALER.open(one[:13] + two[13:], "c")


def test_text_is_safe_in_urls() -> None:
    for size in range(50):
        assert SEALER.seal_text(b"\xff" * size, "c").replace("-", "").replace("_", "").isalnum()


@pytest.mark.parametrize(
    "wrong",
    ["", "A", "=", "not a token", "é", "\ud800", "hp_g1_secret", "AQ" * 40, "AQ\n", "%41"],
)
def test_text_that_was_never_sealed_is_refused(wrong: str) -> None:
    with pytest.raises(SealBroken):
        SEALER.open_text(wrong, "c")


@pytest.mark.parametrize("size", [9, 10, 11])
def test_text_opens_in_one_spelling_only(size: int) -> None:
    text = SEALER.seal_text(b"x" * size, "c")
    assert SEALER.open_text(text, "c") == b"x" * size
    sealed = urlsafe_b64decode(text + "=" * (-len(text) % 4))
    spellings = {
        text + "=", text + "==", text + "\n", " " + text, text[:5] + "!" + text[5:],
        text[:5] + "\n" + text[5:], urlsafe_b64encode(sealed + b"\0").decode(),
    }  # fmt: skip
    if (len(sealed)) % 3:
        following = chr(ord(text[-1]) + 1)
        spellings.add(text[:-1] + following)
    for spelling in spellings:
        with pytest.raises(SealBroken):
            SEALER.open_text(spelling, "c")


def test_the_standard_alphabet_is_another_spelling() -> None:
    texts = (SEALER.seal_text(b"\xff" * 60, "c") for _ in range(100))
    text = next(text for text in texts if "-" in text or "_" in text)
    with pytest.raises(SealBroken):
        SEALER.open_text(text.replace("-", "+").replace("_", "/"), "c")


def test_an_error_says_nothing_about_what_was_wrong() -> None:
    messages = set()
    for wrong in (b"", b"\x02" + SEALER.seal(DATA, "c")[1:], SEALER.seal(DATA, "other")):
        with pytest.raises(SealBroken) as refused:
            SEALER.open(wrong, "c")
        messages.add(str(refused.value))
    assert messages == {"this was not sealed here, or it was changed"}


@pytest.mark.parametrize("keys", [[], [b""], [b"1" * 31], [b"1" * 33], [FIRST, b"2" * 16]])
def test_keys_must_be_there_and_of_full_length(keys: list[bytes]) -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        Sealer(keys)
