"""The reader of calls takes what every JSON reader reads alike, and writes back the same values."""

import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handler.decision.arguments import DEEPEST, Unreadable, read, write

REFUSED = {
    "a key twice": b'{"a": 1, "a": 1}',
    "a key twice, compact": b'{"a":1,"a":2}',
    "a key twice, deep inside": b'{"a":[{"b":{"c":1,"c":2}}]}',
    "a key twice, one escaped": b'{"a":1,"\\u0061":2}',
    "a byte order mark": b"\xef\xbb\xbf{}",
    "UTF-16": '{"a": 1}'.encode("utf-16"),
    "UTF-16 without a mark": '{"a": 1}'.encode("utf-16-le"),
    "a byte that is not UTF-8": b'{"a": "\xff"}',
    "an overlong form": b'"\xc0\xaf"',
    "a key twice, in lines": b'{\n\t"a": 1,\r\n\t"a": 1\n}',
    "a key twice, one with a space that is escaped": b'{"a ": 1, "a\\u0020": 1}',
    "digits past a double's, with spaces": b'{"a": 0.1000000000000000055 }',
    "half a character": b'"\\ud800"',
    "half a character, its second half": b'{"a":"x\\udc00"}',
    "half a character in a key": b'{"\\udfff":1}',
    "half a character as bytes": b'"\xed\xa0\x80"',
    "NaN": b'{"a": NaN}',
    "Infinity": b"[Infinity]",
    "-Infinity": b"[-Infinity]",
    "an overflow": b"[1e400]",
    "an underflow": b"[1e-400]",
    "an exponent past every range": b"[1e-99999999999999999999]",
    "a zero with such an exponent, as digits": b"[10e-99999999999999999999]",
    "an integer past 64 bits": b'{"a":18446744073709551616}',
    "an integer below 64 bits": b'{"a":-9223372036854775809}',
    "digits past a double's": b'{"a":0.1000000000000000055}',
    "an integer with a point past 2^53": b'{"a":9007199254740993.0}',
    "a leading zero": b"[01]",
    "a plus": b"[+1]",
    "a bare point": b"[1.]",
    "text after the end": b"{} {}",
    "a NUL after the end": b"{}\x00",
    "a comma too many": b"[1,]",
    "a comment": b"{} // no",
    "single quotes": b"{'a': 1}",
    "a control character": b'"\x01"',
    "nothing": b"",
    "white space only": b"  ",
    "too deep, lists": b"[" * (DEEPEST + 1) + b"]" * (DEEPEST + 1),
    "too deep, objects": b'{"a":' * (DEEPEST + 1) + b"1" + b"}" * (DEEPEST + 1),
    "far too deep": b"[" * 200_000,
    "far too deep, closed": b"[" * 200_000 + b"]" * 200_000,
    "too deep behind a key that comes again": b'{"a":' + b"[" * 1000 + b"]" * 1000 + b',"a":1}',
}

READ: dict[bytes, Any] = {
    b"{}": {},
    b' {"a" : [1, 2.50, "\\u00e9", true, null] } \n': {"a": [1, 2.5, "é", True, None]},
    b"9007199254740993": 2**53 + 1,
    b"18446744073709551615": 2**64 - 1,
    b"-9223372036854775808": -(2**63),
    b"100000000000000000000": 1e20,
    b"1e20": 1e20,
    b"1.10": 1.1,
    b"-0": 0,
    b"-0.0": -0.0,
    b'"\\ud83d\\ude00"': "\U0001f600",
    b'{"":{"__proto__":1}}': {"": {"__proto__": 1}},
    b'{"a": 1, " a": 2, "a ": " 3 "}': {"a": 1, " a": 2, "a ": " 3 "},
    b'{\r\n\t"a" : [ 1 ,\t2 ] }': {"a": [1, 2]},
    b"[" * DEEPEST + b"]" * DEEPEST: json.loads("[" * DEEPEST + "]" * DEEPEST),
    b'{"a":"' + b"[{" * 500 + b'"}': {"a": "[{" * 500},
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_readers_read_differently_is_refused(name: str) -> None:
    with pytest.raises(Unreadable) as refused:
        read(REFUSED[name])
    assert refused.value.reason


@pytest.mark.parametrize("text", READ)
def test_what_every_reader_reads_alike_is_read(text: bytes) -> None:
    assert repr(read(text)) == repr(READ[text])


def test_a_reason_quotes_nothing_of_the_text() -> None:
    for text in (b'{"secret": 1, "secret": 2}', b'{"a": secret}', b'{"a": "secret'):
        with pytest.raises(Unreadable) as refused:
            read(text)
        assert "secret" not in refused.value.reason


texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
values = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-(2**63), 2**64 - 1),
        st.floats(allow_nan=False, allow_infinity=False),
        texts,
    ),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(texts, inner, max_size=4)),
    max_leaves=12,
)


@given(values)
def test_what_is_written_is_read_back_the_same(value: Any) -> None:
    assert repr(read(write(value))) == repr(value)


@given(values, st.booleans(), st.sampled_from([None, 1]))
def test_spelling_does_not_change_what_is_read(value: Any, ascii: bool, indent: int | None) -> None:
    text = json.dumps(value, ensure_ascii=ascii, indent=indent).encode()
    assert repr(read(text)) == repr(value)
    assert repr(read(write(read(text)))) == repr(value)


# An object as its text has it is a list of pairs: a key may come twice.
pairs = st.recursive(
    st.one_of(st.none(), st.integers(0, 99), st.just(0.5), st.sampled_from(("", " ", "a b"))),
    lambda inner: st.lists(st.tuples(st.sampled_from(("", "a", "a ", " a", "b")), inner)),
    max_leaves=8,
)


def spelled(value: Any, space: Callable[[], str]) -> str:
    """The text of what `pairs` draws, with `space` around every token."""
    if not isinstance(value, list):
        return space() + json.dumps(value) + space()
    members = (f"{spelled(key, space)}:{spelled(inner, space)}" for key, inner in value)
    return space() + "{" + (",".join(members) or space()) + "}" + space()


def twice(value: Any) -> bool:
    """Whether an object, anywhere, names a key twice."""
    if not isinstance(value, list):
        return False
    return len(dict(value)) != len(value) or any(twice(inner) for _, inner in value)


def plain(value: Any) -> Any:
    return {k: plain(v) for k, v in value} if isinstance(value, list) else value


@given(pairs, st.data())
def test_white_space_hides_no_key_that_comes_twice(value: Any, data: st.DataObject) -> None:
    space = st.sampled_from(("", "", " ", "\n\t", "\r "))
    text = spelled(value, lambda: data.draw(space)).encode()
    if twice(value):
        with pytest.raises(Unreadable):
            read(text)
    else:
        assert repr(read(text)) == repr(plain(value))


@given(st.from_regex(r"\A-?(0|[1-9][0-9]{0,22})(\.[0-9]{1,20})?([eE][+-]?[0-9]{1,3})?\Z"))
def test_a_number_is_read_exactly_or_refused(text: str) -> None:
    try:
        number = read(text.encode())
    except Unreadable:
        return
    assert isinstance(number, int | float)
    assert Decimal(text) == Decimal(repr(number))
    assert Decimal(text) == Decimal(write(number).decode())
