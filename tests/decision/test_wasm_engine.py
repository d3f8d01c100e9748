"""The WASM engine answers as `compiler.meaning` does, to the place and the message."""

import json
from typing import Any

import orjson
import pytest
from hypothesis import given, seed, settings
from hypothesis import strategies as st

from compiler.lower import lower
from compiler.meaning import Meaning
from compiler.parse import parse
from compiler.policy import Operator
from compiler.table.write import encode
from compiler.values import LARGEST_64_BIT, SMALLEST_64_BIT, is_comparable, read_number
from compiler.verdict import Call, Effect, Subject
from compiler.wasm.emit import emit
from compiler.wasm.encode import Module
from compiler.wasm.encode import encode as encode_module
from handler.decision import arguments
from handler.decision.table import TableEngine
from handler.decision.wasm import ModuleError, PolicyModule
from handler.decision.wasm_engine import UNREADABLE, WasmEngine
from tests.decision.test_table_engine import (
    LISTS,
    LITERALS,
    NOBODY,
    PATHS,
    VALUES,
    tool_for_each,
)
from tests.strategies import Document, calls, documents, subjects, text_of, times


def both(document: Document) -> tuple[Meaning, WasmEngine]:
    """The specification and the engine of one policy."""
    parsed = parse(text_of(document))
    assert parsed.policy is not None, parsed.diagnostics
    program = lower(parsed.policy)
    return Meaning(parsed.policy), WasmEngine(emit(program))


def assert_alike_on(conditions: list[Document], given_arguments: list[dict[str, Any]]) -> None:
    meaning, wasm = both(tool_for_each(conditions))
    for index, condition in enumerate(conditions):
        for which in LISTS:
            for one in given_arguments:
                call = Call(f"{index}-{which}", one)
                expected = meaning.decide(call, NOBODY, 0)
                assert wasm.decide(call, NOBODY, 0) == expected, (condition, which, one)


@pytest.mark.parametrize("operator", Operator)
def test_at_every_boundary_of_every_operator_both_answer_alike(operator: Operator) -> None:
    conditions: list[Document] = [
        {"path": "args.x", "op": operator.value, "value": literal} for literal in LITERALS[operator]
    ]
    assert_alike_on(conditions, [{}, *({"x": value} for value in VALUES)])


@pytest.mark.parametrize("path", PATHS)
def test_along_every_kind_of_path_both_answer_alike(path: str) -> None:
    shown = (("eq", 1), ("neq", 1), ("gt", 0), ("exists", True), ("exists", False), ("in", [1]))
    conditions: list[Document] = [
        {"path": path, "op": operator, "value": literal} for operator, literal in shown
    ]
    inside = [[value] for value in VALUES] + [{"a": value} for value in VALUES]
    found = [{"x": value} for value in (*VALUES, *inside, [[], [1]], [{"a": 1}, {}, None])]
    assert_alike_on(conditions, [{}, {"y": None}, {"y": [1, 2]}, *found])


LONG = ("order-00001", "order-00002", "order-00", "order-000", "order-00012345678", "ordes-0")


def test_texts_are_searched_and_ordered_to_their_last_byte_and_no_further() -> None:
    texts = ["ab", "aab", "aaab", "abab", "b", "", 'ab"', "aaaaaaaaab", "aaaaaaaab\n", *LONG]
    operators = ("contains", "starts_with", "ends_with", "lt", "lte", "eq")
    conditions: list[Document] = [
        {"path": "args.x", "op": operator, "value": literal}
        for operator in operators
        for literal in ("ab", 'ab"', 'b"}', "aab", "b\n", *LONG)
    ]
    assert_alike_on(conditions, [{"x": text} for text in texts])


def test_a_rounded_number_makes_all_that_it_is_inside_unreadable() -> None:
    large = 2**53
    found = [[large], {"a": large}, [large, {}], [large, [1]], [{}, large],
             [[{"a": large}, [1]], 1], {"a": large, "b": {"c": [1]}},
             {"a": {"b": {}, "c": [1]}, "b": 1}]  # fmt: skip
    conditions: list[Document] = [
        {"path": "args.x", "op": operator, "value": literal}
        for operator, literal in (("eq", [1]), ("eq", {"a": 1}), ("in", [[1], {"a": 1}]))
    ]
    assert_alike_on(conditions, [{"x": value} for value in found])


def test_keys_of_every_length_are_told_apart() -> None:
    found = [start + "k" * length for start in ("", "\n") for length in range(1, 11)]
    conditions: list[Document] = [
        {"path": f"args[{json.dumps(key)}]", "op": "exists", "value": True} for key in found
    ]
    assert_alike_on(conditions, [{key: 1} for key in found])


def check(document: Document, asked: list[Call], subject: Subject, now: float) -> None:
    """Meaning, table and module agree on every call."""
    meaning, wasm = both(document)
    policy = meaning.policy
    table = TableEngine(encode(lower(policy)))
    for call in asked:
        expected = meaning.decide(call, subject, now)
        assert wasm.decide(call, subject, now) == expected
        assert table.decide(call, subject, now) == expected
        assert wasm.hides(call.tool) == meaning.hides(call.tool)


@settings(max_examples=100)
@given(documents(), st.lists(calls, min_size=3, max_size=6), subjects, times)
def test_on_any_policy_and_call_all_engines_answer_alike(
    document: Document, asked: list[Call], subject: Subject, now: float
) -> None:
    check(document, asked, subject, now)


@pytest.mark.full
@seed(20261121)
@settings(max_examples=6_000)
@given(documents(), st.lists(calls, min_size=20, max_size=24), subjects, times)
def test_on_many_policies_and_calls_all_engines_answer_alike(
    document: Document, asked: list[Call], subject: Subject, now: float
) -> None:
    check(document, asked, subject, now)


# Texts: what the module reads is what the one reader of calls reads.

ANYTHING = {"version": "1", "default": "allow", "all_tools": {}}


@pytest.fixture(scope="module")
def anything() -> WasmEngine:
    """A policy that allows every call it can read."""
    return both(ANYTHING)[1]


def is_read(text: bytes) -> bool:
    """Whether the one reader of calls takes the text as arguments."""
    try:
        return isinstance(arguments.read(text), dict)
    except arguments.Unreadable:
        return False


def nested(depth: int) -> bytes:
    """Arguments in which so many objects and lists stand inside each other."""
    return b'{"x":' + b"[" * (depth - 1) + b"]" * (depth - 1) + b"}"


def keys(count: int, last: str) -> bytes:
    names = [*(f"k{index * 7919 % count:06d}" for index in range(count - 1)), last]
    return b"{" + b",".join(b'"%s":0' % name.encode() for name in names) + b"}"


TEXTS = [
    b"", b" ", b"{}", b" {\t\n\r} ", b"{} {}", b"{}x", b"{}\0", b"{\0}", b"[]", b"null", b'"a"',
    b"1",
    b"{,}", b'{"a"}', b'{"a":}', b'{"a":1,}', b'{"a":1 "b":2}', b'{a:1}', b"{'a':1}", b'{"a":1',
    b'{"a":[1,]}', b'{"a":[,1]}', b'{"a":[1 2]}', b'{"a":[}', b'{"a":tru}', b'{"a":truex}',
    b'{"a":nul}', b'{"a":fals}', b'{"a":True}', b'{"a":NaN}', b'{"a":Infinity}', b'{"a":-Infinity}',
    b'{"a":"\\u0000"}', b'{"a":"\x00"}', b'{"a":"\n"}', b'{"a":"\x1f"}', b'{"a":"\x7f"}',
    b'{"a":"\\x"}', b'{"a":"\\', b'{"a":"\\u12"}', b'{"a":"\\u12G4"}', b'{"a":"\\U1234"}',
    b'{"a":"\\ud83d\\ude00"}', b'{"a":"\\ud83d"}', b'{"a":"\\ude00"}', b'{"a":"\\ud83d\\u0061"}',
    b'{"a":"\\ud83dx"}', b'{"a":"\\ud83d\\n"}', b'{"a":"\\ud83d\\ud83d"}', b'{"\\ud83d":1}',
    b'{"a":1,"a":1}', b'{"a":1,"\\u0061":1}', b'{"\xc3\xa9":1,"\\u00e9":2}', b'{"a":{"b":1,"b":2}}',
    b'{"a":[{"b":1,"c":2,"b":3}]}', b'{"":1,"":2}', b'{"a":1,"A":2}', b'{"\\/":1,"/":2}',
    b'{"a":"\xff"}', b'{"a":"\xc0\x80"}', b'{"a":"\xe0\x80\x80"}', b'{"a":"\xed\xa0\x80"}',
    b'{"a":"\xed\x9f\xbf"}', b'{"a":"\xee\x80\x80"}', b'{"a":"\xf0\x80\x80\x80"}', b'{"a":"\xc3"}',
    b'{"a":"\xf0\x90\x80\x80"}', b'{"a":"\xf4\x8f\xbf\xbf"}', b'{"a":"\xf4\x90\x80\x80"}',
    b'{"a":"\xf5\x80\x80\x80"}', b'{"a":"\xe2\x82"}', b'{"a":"\xe2\x82\xac"}', b'{"a":"\x80"}',
    b"\xef\xbb\xbf{}", b'{"a":"/\\/\\"\\\\\\b\\f\\n\\r\\t"}',
    b'{"aaaaaaaaaaaaaaaaa\\n":"\xc3\xa9a"}',
    nested(63), nested(64), nested(65), nested(200),
    keys(12, "x"), keys(12, "k000000"), keys(13, "x"), keys(13, "k000000"), keys(13, "k000011"),
    keys(64, "x"), keys(64, "k000000"), keys(64, "k000062"), keys(65, "x"), keys(65, "k000000"),
    keys(65, "k000063"), keys(66, "k000064"), keys(70, "k000065"),
    b'{"prefix-a1":1,"prefix-a2":2}', b'{"prefix-a1":1,"prefix-a1":2}',
    b'{"prefix-a":1,"prefix-":2}', b'{"prefix-a":1,"prefix-b":2,"prefix-a":3}',
    b'{"a":1,"a\\u0000":2}',
    b'{"a\\u0000":1,"a\\u0000":2}', b'{"\\u0070refix-a1":1,"prefix-a1":2}',
    b'{"\\u0070refix-a1":{"\\n":["\\n",{}],"\\t":{}},"prefix-a2":{"\\n":[]}}',
    b'{"a":[{"b":1,"c":[{"b":2},{"b":3}],"d":1},{"b":1}],"b":{"a":{"b":1}}}',
    b'{"a":[{"b":1,"c":[{"b":2},{"b":3}],"b":1},{"b":1}]}', b'{"a":{"b":{}},"a":1}', b'{"a":1,}',
    b'{"a":[]]', b'{"a":{}]', b'[{]}', b'{"a":[}', b'{"a":[1}', b'{"a"1}', b'{"a":1]', b'{"a";1}',
    keys(5000, "x"), keys(5000, "k002500"), keys(5000, "k004998"), keys(3, ""),
    b'{"a":01}', b'{"a":-}', b'{"a":1.}', b'{"a":.5}', b'{"a":1e}', b'{"a":1e+}', b'{"a":+1}',
    b'{"a":0x1}', b'{"a":1_000}', b'{"a":--1}', b'{"a":-01}', b'{"a":00}', b'{"a":1e5}',
]  # fmt: skip


@pytest.mark.parametrize("text", TEXTS)
def test_the_module_reads_the_texts_that_calls_are_read_from(
    text: bytes, anything: WasmEngine
) -> None:
    verdict = anything.decide_text("t", text, NOBODY, 0)
    # No text at all is no arguments, which the gateway takes as `{}` before it reads.
    readable = is_read(text) or text == b""
    assert verdict.effect is (Effect.ALLOW if readable else Effect.DENY)
    assert readable or verdict == UNREADABLE


JSON_BYTES = st.lists(
    st.sampled_from(
        [b"{", b"}", b"[", b"]", b":", b",", b'"', b'"a"', b'"b"', b'"\\u0061"', b"1", b"-0",
         b"0.5", b"1e3", b"true", b"null", b" ", b"\\", b"\\ud83d", b"\\ude00", b"\xc3\xa9",
         b"\xff", b"\0"]
    ),
    max_size=24,
).map(b"".join)  # fmt: skip


@st.composite
def spoiled(draw: st.DrawFn) -> bytes:
    """JSON text with a byte changed, dropped or doubled."""
    text = bytearray(orjson.dumps(draw(calls).arguments))
    at = draw(st.integers(0, len(text) - 1))
    text[at : at + draw(st.integers(0, 2))] = draw(st.sampled_from([b"", b'"', b"\\", b"9", b"}"]))
    return bytes(text)


@settings(max_examples=500)
@given(st.one_of(JSON_BYTES, JSON_BYTES.map(lambda inner: b'{"a":' + inner + b"}"), spoiled()))
def test_any_bytes_are_read_or_refused_as_by_the_reader_of_calls(
    anything: WasmEngine, text: bytes
) -> None:
    verdict = anything.decide_text("t", text, NOBODY, 0)
    assert (verdict.effect is Effect.ALLOW) == (is_read(text) or text == b"")


# Numbers: refused, a mismatch, or compared, exactly where `compiler.values` says so.

SAFE = {"path": "args.x", "op": "gt", "value": 2**53 - 1}


@pytest.fixture(scope="module")
def comparing() -> WasmEngine:
    rule = {"conditions": [SAFE]}
    return both({"version": "1", "default": "deny", "tools": {"t": {"deny_if": [rule]}}})[1]


def judged(engine: WasmEngine, text: str) -> str:
    """What the module says of a number: refused, mismatch, above or below."""
    verdict = engine.decide_text("t", b'{"x":%s}' % text.encode(), NOBODY, 0)
    if verdict == UNREADABLE:
        return "refused"
    if verdict.effect is Effect.ALLOW:
        return "below"
    return "mismatch" if "must be" in verdict.message else "above"


def expected_of(text: str) -> str:
    number = read_number(text)
    if number is None:
        return "refused"
    if not is_comparable(number):
        return "mismatch"
    return "above" if number > 2**53 - 1 else "below"


EDGES = [
    0, 1, 2**53 - 1, 2**53, 2**53 + 1, 2**54, 2**63 - 1, 2**63, 2**63 + 1, 2**64 - 2, 2**64 - 1,
    2**64, 2**64 + 1, 10**15, 10**16, 10**17, 10**18, 10**19, 10**20, 10**21, 10**22, 10**23,
    9223372036854776000, 9223372036854778000, 18446744073709552000, 18446744073709550000,
]  # fmt: skip
NUMBERS = [
    *(f"{sign}{edge}{tail}" for edge in EDGES for sign in ("", "-") for tail in ("", ".0", "e0")),
    "-9.223372036854776e18", "1.8446744073709552e19", "9007199254740991.5", "9007199254740990.5",
    "5.960464477539062e-08", "5.960464477539063e-08", "0.1", "0.10",
    "0.30000000000000004", "0.30000000000000003", "0.3000000000000000444",
    "1125899906842624.25", "1125899906842624.2", "1125899906842624.3", "1125899906842624.75",
    "1125899906842624.8", "5e-324", "4e-324", "3e-324", "2e-324", "4.9e-324", "1e-323", "1e-400",
    "2.2250738585072014e-308", "2.225073858507201e-308", "2.2250738585072011e-308", "1e-307",
    "1.7976931348623157e308", "1.7976931348623158e308", "1.7976931348623159e308", "1.8e308",
    "1e308", "1e309", "1e400", "0e400", "0e99999999999", "1e99999999999", "1e-99999999999",
    "-0", "-0.0", "0.000", "1" + "0" * 300, "1" + "0" * 400, "0." + "0" * 300 + "1", "9" * 17,
    "9" * 18, "9" * 19, "9" * 20, "9" * 21, "1" * 400, "1" + "0" * 300 + "e-300", "1E5", "1E+05",
    "123456789012345678", "1234567890123456.5", "100000000000000000000e-20", "1e22", "1e23",
]  # fmt: skip


@pytest.mark.parametrize("text", NUMBERS)
def test_a_number_at_an_edge_is_taken_as_the_specification_takes_it(
    text: str, comparing: WasmEngine
) -> None:
    assert judged(comparing, text) == expected_of(text)


def test_powers_of_two_are_taken_as_the_specification_takes_them(comparing: WasmEngine) -> None:
    """Below a power of two doubles lie closer, so its shortest text may not be the closest."""
    for power in range(-1074, 1024):
        for digits in (15, 16, 17):
            text = f"{2.0**power:.{digits}g}"
            assert judged(comparing, text) == expected_of(text), text
        assert judged(comparing, repr(2.0**power)) == expected_of(repr(2.0**power)), power


DOUBLES = st.floats(allow_nan=False, allow_infinity=False)
SPELLED = st.one_of(
    DOUBLES.map(repr),
    DOUBLES.map("{:.16e}".format),
    DOUBLES.map("{:.15e}".format),
    DOUBLES.map("{:.14e}".format),
    st.integers(2 * SMALLEST_64_BIT, 2 * LARGEST_64_BIT).map(str),
    st.integers(0, 2**52).map(lambda number: repr(number / 8)),
    st.integers(-1074, 1023).map(lambda power: repr(2.0**power)),
    st.from_regex(r"-?(0|[1-9][0-9]{0,20})(\.[0-9]{1,20})?([eE][-+]?[0-9]{1,3})?", fullmatch=True),
)


@settings(max_examples=500)
@given(SPELLED)
def test_any_number_is_taken_as_the_specification_takes_it(
    comparing: WasmEngine, text: str
) -> None:
    assert judged(comparing, text) == expected_of(text)


@pytest.mark.full
@seed(20261121)
@settings(max_examples=30_000)
@given(SPELLED)
def test_many_numbers_are_taken_as_the_specification_takes_them(
    comparing: WasmEngine, text: str
) -> None:
    assert judged(comparing, text) == expected_of(text)


def test_a_key_is_the_same_however_it_is_spelled(comparing: WasmEngine) -> None:
    for key in (b"x", b"\\u0078"):
        for before in (b"", b'"\\n":{"x":1},', b'"x\\u0000":1,', b'"xxxxxxxxx":[{"x":1}],'):
            text = b'{%s"%s":%d}' % (before, key, 2**53)
            assert "must be" in comparing.decide_text("t", text, NOBODY, 0).message, text


# Times, and calls of every size.


@pytest.mark.parametrize(
    "now",
    [0, 0.5, -0.5, -1, -86_400, 3599.999999, 3600, 86_399.9, 86_400, 345_600, 1_709_200_800.123456,
     253_402_300_799, 1e14],
)  # fmt: skip
def test_hours_and_weekdays_are_those_of_the_specification(now: float) -> None:
    tools = {
        f"{name}-{number}": {
            "require": [{"conditions": [{"path": f"time.{name}", "op": "eq", "value": number}]}]
        }
        for name, numbers in (("hour", range(24)), ("weekday", range(1, 8)))
        for number in numbers
    }
    meaning, wasm = both({"version": "1", "default": "deny", "tools": tools})
    for tool in tools:
        expected = meaning.decide(Call(tool), NOBODY, now)
        assert wasm.decide(Call(tool), NOBODY, now) == expected, tool


def test_a_call_larger_than_the_memory_makes_it_grow() -> None:
    rule = {"conditions": [{"path": "args.x", "op": "length_lte", "value": 400_000}]}
    meaning, wasm = both({"version": "1", "default": "deny", "tools": {"t": {"require": [rule]}}})
    for count in (0, 400_000, 400_001):
        call = Call("t", {"x": [0] * count})
        assert wasm.decide(call, NOBODY, 0) == meaning.decide(call, NOBODY, 0)
    call = Call("t", {"x": "é\n" * 200_000})
    assert wasm.decide(call, NOBODY, 0) == meaning.decide(call, NOBODY, 0)


def test_a_call_past_all_memory_is_denied() -> None:
    _, wasm = both(ANYTHING)
    verdict = wasm.decide_text("t", b'{"x":[' + b"0," * 3_000_000 + b"0]}", NOBODY, 0)
    assert (verdict.effect, verdict.place and verdict.place.rule) == (Effect.DENY, "(too large)")
    assert wasm.decide_text("t", b"{}", NOBODY, 0).effect is Effect.ALLOW


def test_arguments_with_half_a_character_are_denied(anything: WasmEngine) -> None:
    assert anything.decide(Call("t", {"x": "\ud800"}), NOBODY, 0) == UNREADABLE


OTHER_VERSION = Module(functions=(), globals=(), exports=(), constants={"abi_version": 99}, pages=1)


@pytest.mark.parametrize(
    ("module", "reason"),
    [
        (b"", "no WebAssembly module"),
        (b"\0asm\1\0\0\0", "does not export `abi_version`"),
        (encode_module(OTHER_VERSION), "version 99"),
    ],
)
def test_what_is_no_policy_module_is_refused(module: bytes, reason: str) -> None:
    with pytest.raises(ModuleError, match=reason):
        PolicyModule(module)
