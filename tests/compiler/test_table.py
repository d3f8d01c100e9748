"""The decision table: the program survives its bytes, and no other bytes are taken for a table."""

import struct
import tracemalloc
import zlib
from contextlib import suppress
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compiler.diagnostics import visible
from compiler.ir import Program
from compiler.lower import lower
from compiler.parse import parse
from compiler.policy import Policy
from compiler.table.layout import VERSION, TableError
from compiler.table.listing import listing
from compiler.table.read import Table, decode
from compiler.table.write import encode
from tests.corpus import DECISIONS, policy_of
from tests.strategies import documents, text_of

CHECKED_FROM = 16
"""Where a table's checksum has been written: all that follows is under it."""


def program_of(text: bytes) -> Program:
    policy = parse(text).policy
    assert policy is not None
    return lower(policy)


def some_table() -> bytes:
    return encode(lower(policy_of("limits-per-shared-scopes")))


@pytest.mark.parametrize("case", DECISIONS)
def test_every_program_of_the_corpus_survives_its_bytes(case: str) -> None:
    program = lower(policy_of(case))
    assert decode(encode(program)) == program


@given(documents())
def test_every_program_survives_its_bytes(document: dict[str, object]) -> None:
    program = program_of(text_of(document))
    assert decode(encode(program)) == program
    assert encode(decode(encode(program))) == encode(program)


@given(documents())
def test_every_program_can_be_listed(document: dict[str, object]) -> None:
    program = program_of(text_of(document))
    text = listing(program)
    for entry in program.entries:
        for index in (*entry.require, *entry.deny_if):
            assert visible(program.rules[index].place.rule) in text


def test_a_listing_holds_nothing_that_a_terminal_obeys() -> None:
    tools = {"a\x1b[2J\nb\u202e": {"deny_if": [{"conditions": [], "on_deny": "x\n  allowed"}]}}
    text = listing(program_of(text_of({"version": "1", "default": "deny", "tools": tools})))
    assert all(line.isprintable() for line in text.splitlines())
    assert "\n  allowed" not in text and "a\\u{1b}[2J\\u{a}b\\u{202e}" in text


def test_the_listing_says_which_limits_are_split() -> None:
    text = listing(lower(policy_of("limits-shards")))
    assert "at most 4000 per second, scope all, tally of shared, 4 shards\n" in text
    assert "at most 30 per minute, scope grant, tally of tools/search\n" in text


def test_values_that_are_equal_in_python_stay_apart() -> None:
    values = [1, 1.0, True, "1", 0, -0.0, False, None, [1], [True], {"a": 1}, {"a": 1.0}]
    conditions = [{"path": "args.x", "op": "eq", "value": value} for value in values]
    rules = [{"conditions": [condition]} for condition in conditions]
    document = {"version": "1", "default": "deny", "tools": {"t": {"deny_if": rules}}}
    program = decode(encode(program_of(text_of(document))))
    assert len(set(program.values)) == len(values)


def test_a_table_cut_short_anywhere_is_refused() -> None:
    data = some_table()
    for length in range(len(data)):
        with pytest.raises(TableError):
            Table(data[:length])


def test_a_table_with_any_one_byte_changed_is_refused() -> None:
    data = some_table()
    for place in range(len(data)):
        changed = bytearray(data)
        changed[place] ^= 0x41
        with pytest.raises(TableError):
            Table(bytes(changed))


def test_a_table_of_another_version_says_to_compile_again() -> None:
    data = bytearray(some_table())
    struct.pack_into("<H", data, 4, VERSION + 1)
    with pytest.raises(TableError, match="compile the policy again"):
        Table(bytes(data))


@given(st.data())
def test_damage_under_a_right_checksum_is_refused_or_read_and_nothing_else(
    data: st.DataObject,
) -> None:
    table = bytearray(some_table())
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.integers(CHECKED_FROM, len(table) - 1))
        table[place] = data.draw(st.integers(0, 255))
    struct.pack_into("<I", table, CHECKED_FROM - 4, zlib.crc32(table[CHECKED_FROM:]))
    with suppress(TableError):
        decode(bytes(table))


def test_opening_a_table_reads_no_row_and_finding_a_tool_reads_few() -> None:
    policy = policy_of("limits-costs")
    small, large = (encode(lower(with_tools(policy, count))) for count in (1, 5_000))
    assert len(large) > 200_000
    assert memory(lambda: Table(large)) <= memory(lambda: Table(small)) + 8_192
    table = Table(large)
    assert memory(lambda: table.serving("t_04321")) < 8_192
    index = table.serving("t_04321")
    assert index is not None
    assert table.entry(index).name == "t_04321"


def with_tools(policy: Policy, count: int) -> Policy:
    entry = policy.tools[0]
    return replace(
        policy, tools=tuple(replace(entry, name=f"t_{index:05d}") for index in range(count))
    )


def memory(run: object) -> int:
    """The most bytes that running takes."""
    assert callable(run)
    tracemalloc.start()
    try:
        run()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
