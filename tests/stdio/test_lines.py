"""Lines come whole and bounded, and a new id changes nothing else."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handler.stdio.lines import Lines, TooLong, line, with_id

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=12,
)


TEXTS = st.lists(st.binary(min_size=1).filter(lambda text: text.strip() and b"\n" not in text))


@given(TEXTS, st.data())
def test_lines_are_the_same_however_the_stream_is_cut(
    texts: list[bytes], data: st.DataObject
) -> None:
    stream = b"".join(text + b"\n" for text in texts)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=8)))
    parts = [stream[a:b] for a, b in zip([0, *cuts], [*cuts, len(stream)], strict=True)]
    reader = Lines(10_000)
    found = [each for part in parts for each in reader.feed(part)]
    assert found == [text.strip(b" \t\r") for text in texts if text.strip(b" \t\r")]


def test_a_line_that_is_too_long_is_refused_before_its_end_comes() -> None:
    reader = Lines(10)
    assert list(reader.feed(b"12345\n12345")) == [b"12345"]
    assert list(reader.feed(b"67890")) == []
    with pytest.raises(TooLong):
        list(reader.feed(b"1"))


@given(st.dictionaries(st.text(), JSON).filter(lambda d: "id" not in d), st.integers(0, 3))
def test_only_the_id_is_another(members: dict[str, object], indent: int) -> None:
    text = json.dumps({**members, "id": 7}, indent=indent or None)
    assert json.loads(with_id(text, "seven")) == {**members, "id": "seven"}


def test_numbers_and_escapes_stay_letter_for_letter() -> None:
    text = '{"a": 1.00000000000000000001, "id":7 , "b":"\\u00e9","c":1e999, "id2": {"id": 7}}'
    assert with_id(text, "x") == text.replace('"id":7', '"id":"x"')


@pytest.mark.parametrize(
    "text", ["[]", "{", '{"a": 1}', '{"id": 1, "id": 2}', '{"id": 1 "a": 2}', "", '{"id":' * 9_999]
)
def test_what_does_not_name_one_id_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        with_id(text, 1)


def test_a_message_of_several_lines_becomes_one_with_the_same_meaning() -> None:
    text = json.dumps({"a": "x\ny\r"}, indent=2).encode()
    assert line(text).count(b"\n") == 1
    assert json.loads(line(text)) == {"a": "x\ny\r"}
