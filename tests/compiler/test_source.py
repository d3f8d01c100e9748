"""Reading JSON with places: what is refused, how fast, and that values come out as written."""

import json
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compiler.diagnostics import MOST, EnoughErrors, Report
from compiler.parse import parse
from compiler.source import LARGEST, MOST_VALUES, decode, plain, read, reader
from compiler.values import Value

VALUES = st.recursive(
    st.one_of(
        st.none(), st.booleans(), st.integers(-(2**53) + 1, 2**53 - 1), st.text(max_size=8),
        st.floats(-1e15, 1e15),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.dictionaries(st.text(max_size=5), inner, max_size=4)
    ),
    max_leaves=20,
)  # fmt: skip


def value_of(text: str | bytes) -> Value:
    report = Report()
    source = decode(text.encode() if isinstance(text, str) else text, report)
    assert source is not None
    node = read(source, report)
    assert node is not None and not report.diagnostics, report.diagnostics
    return plain(node)


@settings(max_examples=200)
@given(VALUES, st.booleans(), st.sampled_from([None, 1, "\t"]))
def test_values_come_out_as_they_were_written(
    value: Value, ascii: bool, indent: int | str | None
) -> None:
    assert value_of(json.dumps(value, ensure_ascii=ascii, indent=indent)) == value


@settings(max_examples=300)
@given(st.text(alphabet='{}[]:,"\\ \n\tntf1.e-u0dx/\x00é' + "'#*=“”_+", max_size=30))
def test_no_text_makes_the_compiler_raise(text: str) -> None:
    parsed = parse(text)
    assert parsed.policy is None
    assert parsed.diagnostics


@settings(max_examples=200)
@given(st.binary(max_size=40))
def test_no_bytes_make_the_compiler_raise(data: bytes) -> None:
    assert parse(data).policy is None


def test_a_text_with_half_a_surrogate_pair_is_refused() -> None:
    assert [one.code for one in parse('{"version": "\ud800"}').diagnostics] == ["E001"]


def test_a_policy_beyond_eight_megabytes_is_refused_unread() -> None:
    assert [one.code for one in parse(b" " * (LARGEST + 1)).diagnostics] == ["E002"]


@pytest.mark.parametrize("most", [500, pytest.param(MOST_VALUES, marks=pytest.mark.full)])
def test_a_policy_with_more_values_than_fit_in_memory_is_refused(
    most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reader, "MOST_VALUES", most)
    text = '{"version": "1", "default": "deny", "hide": [' + ",".join(['"a"'] * (most - 4)) + "]}"
    assert "E002" not in {one.code for one in parse(text).diagnostics}
    assert [one.code for one in parse(f"[{text}]").diagnostics] == ["E002"]


@pytest.mark.parametrize(
    "text",
    ['"' + '\\"' * 2_000_000 + '"', '"' + "\\u0061" * 500_000 + '"', "[" * 4_000_000,
     " " * 8_000_000, '{"a":' * 1_000_000, '"' + "a" * 8_000_000],
)  # fmt: skip
def test_a_hostile_text_is_read_in_seconds(text: str) -> None:
    start = time.process_time()
    parse(text)
    assert time.process_time() - start < 10


def test_ten_thousand_tools_are_read_in_seconds() -> None:
    rule = '{"conditions": [{"path": "args.amount", "op": "gt", "value": 5}], "on_deny": "No."}'
    entries = ",".join(f'"tool_{number}": {{"deny_if": [{rule}]}}' for number in range(10_000))
    text = f'{{"version": "1", "default": "deny", "tools": {{{entries}}}}}'
    start = time.process_time()
    parsed = parse(text)
    assert parsed.policy is not None and len(parsed.policy.tools) == 10_000
    assert time.process_time() - start < 30


def test_only_the_first_thousand_errors_are_collected() -> None:
    text = (
        '{"version": "1", "default": "deny", "tools": {"t": {"deny_if": [' + "0," * 5000 + "0]}}}"
    )
    assert len(parse(text).diagnostics) == MOST


def test_a_report_ends_the_reading_when_it_is_full() -> None:
    report = Report()
    with pytest.raises(EnoughErrors):
        for line in range(MOST):
            report.add("E003", parse("").diagnostics[0].span, str(line))
