"""What the WASM engine's module reads by itself: texts, numbers, and calls of every size."""

import orjson
import pytest
from hypothesis import given, seed, settings
from hypothesis import strategies as st

from compiler.values import LARGEST_64_BIT, SMALLEST_64_BIT, is_comparable, read_number
from compiler.verdict import Call, Effect
from compiler.wasm.encode import Module
from compiler.wasm.encode import encode as encode_module
from handler.decision import arguments
from handler.decision.wasm import ModuleError, PolicyModule
from handler.decision.wasm_engine import UNREADABLE, WasmEngine
from tests.decision.engines import NOBODY, both, wasm
from tests.strategies import calls

# Texts: what the module reads is what the one reader of calls reads.

ANYTHING = {"version": "1", "default": "allow", "all_tools": {}}


@pytest.fixture(scope="module")
def anything() -> WasmEngine:
    """A policy that allows every call it can read."""
    return wasm(ANYTHING)


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
    return wasm({"version": "1", "default": "deny", "tools": {"t": {"deny_if": [rule]}}})


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


# Calls of every size.


def test_a_call_larger_than_the_memory_makes_it_grow() -> None:
    rule = {"conditions": [{"path": "args.x", "op": "length_lte", "value": 400_000}]}
    document = {"version": "1", "default": "deny", "tools": {"t": {"require": [rule]}}}
    meaning, engine = both(document, "wasm")
    for count in (0, 400_000, 400_001):
        call = Call("t", {"x": [0] * count})
        assert engine.decide(call, NOBODY, 0) == meaning.decide(call, NOBODY, 0)
    call = Call("t", {"x": "é\n" * 200_000})
    assert engine.decide(call, NOBODY, 0) == meaning.decide(call, NOBODY, 0)


def test_a_call_past_all_memory_is_denied() -> None:
    engine = wasm(ANYTHING)
    verdict = engine.decide_text("t", b'{"x":[' + b"0," * 3_000_000 + b"0]}", NOBODY, 0)
    assert (verdict.effect, verdict.place and verdict.place.rule) == (Effect.DENY, "(too large)")
    assert engine.decide_text("t", b"{}", NOBODY, 0).effect is Effect.ALLOW


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
