"""Patterns taken and refused: RE2 is the judge, our own bounds apart."""

import time

import pytest

from compiler.regex import PatternError, compile
from tests.compiler.regex.oracle import accepted

TAKEN = [
    "", "a", "a|b|", "()", "(?:)", "(|a)*", "a*?b+?c??", "a{0}", "a{2,}?", "a{,2}", "a{", "a{2",
    "{", "}", "]", "a{01}", "a{1,02}", "x{1000}", "(x{10}){100}", "(?i)a(?-i)b", "(?i:a)b",
    "(?ms-iU:a)", "(?)", "(?:a)(?i)*", "a*(?i)*", r"a*\Q\E*", r"\Qa*b\E+", r"\Q", r"\Qa\b",
    "(?P<n>a)", "(?<n>a)", "(?P<naïve>a)", "(?P<1>a)", "[]a]", "[^]a]", "[a-]", "[-a]", "[--a]",
    "[a-b-c]", r"[\d-z]", r"[\]\\]", "[[:alpha:][:^digit:]]", "[[:alpha]", "[[]", "[a[b]",
    r"\a\f\n\r\t\v", r"\x41\x{41}\x{10FFFF}", r"\0\07\12\123\777", r"\_\-\.\ ", "\\\n", r"\C",
    r"\pL\p{L}", r"\PL", r"\p{^L}", r"\P{^Lu}", r"\p{Greek}\p{Any}[\p{Greek}\PN]",
    r"\p{Nag_Mundari}", r"\x{D800}",
    "^*", r"\b+", "$?", "(^|a)$", r"\A\z\b\B", "a" * 200, "\x00", "é{2}", "(?U)a+?", "(?i)(?s).",
    r"(?P<a>x)(?P<a>y)", "a{1000000000}", "a{0,1000}",
]  # fmt: skip

REFUSED = [
    ("a**", "a repetition cannot follow a repetition", 2),
    ("a+*", "a repetition cannot follow", 2),
    ("a{2}{3}", "a repetition cannot follow", 4),
    ("a*??", "a repetition cannot follow", 3),
    ("*", "there is nothing to repeat", 0),
    ("a|*", "there is nothing to repeat", 2),
    ("(*a)", "there is nothing to repeat", 1),
    ("(?i)*", "there is nothing to repeat", 4),
    ("x{1001}", "more than 1000 times", 1),
    ("x{2,1001}", "more than 1000 times", 1),
    ("x{1001,}", "more than 1000 times", 1),
    ("((x{100}){11}", "more than 1000 times", 9),
    ("x{3,2}", "ends below where it begins", 1),
    ("(a", "never closed", 0),
    ("a(b(c)", "never closed", 1),
    ("a)", "closes nothing", 1),
    ("[a", "never closed", 0),
    ("[]", "never closed", 0),
    ("[^]", "never closed", 0),
    ("[b-a]", "ends before it begins", 1),
    (r"[a-\d]", r"there is no escape `\d`", 3),
    ("[[:foo:]]", "there is no class `[:foo:]`", 1),
    ("a\\", "ends in a backslash", 1),
    (r"\8", "backreferences are not supported", 0),
    (r"(a)\1", "backreferences are not supported", 3),
    (r"(a)\k<1>", "backreferences are not supported", 3),
    ("(?P<n>a)(?P=n)", "backreferences are not supported", 8),
    ("(?=a)", "lookahead and lookbehind are not supported", 0),
    ("(?!a)", "lookahead and lookbehind are not supported", 0),
    ("(?<=a)b", "lookahead and lookbehind are not supported", 0),
    ("(?<!a)b", "lookahead and lookbehind are not supported", 0),
    ("(?>a)", "atomic groups are not supported", 0),
    ("(?#a)", "comments are not supported", 0),
    ("(?x)a", "not a group or a flag", 0),
    ("(?i", "not a group or a flag", 0),
    ("(?i-)a", "not a group or a flag", 0),
    ("(?", "not a group or a flag", 0),
    ("(?P<>a)", "group name", 0),
    ("(?P<a b>a)", "group name", 0),
    ("(?P<n", "group name", 0),
    (r"\q", r"there is no escape `\q`", 0),
    (r"\é", "there is no escape `\\é`", 0),
    (r"\Z", r"write `\z`", 0),
    (r"\G", "not supported", 0),
    (r"[\b]", r"there is no escape `\b`", 1),
    (r"\x", "there is no escape", 0),
    (r"\x4", "there is no escape", 0),
    (r"\x{}", "there is no escape", 0),
    (r"\x{110000}", "no such code point", 0),
    (r"\p", "there is no Unicode class", 0),
    (r"\p{}", "there is no Unicode class", 0),
    (r"\p{greek}", "there is no Unicode class `greek`", 0),
    (r"\p{Greek", "never closed", 0),
    (r"\p{Cn}", "there is no Unicode class", 0),
    ("é**", "a repetition cannot follow", 2),
]  # fmt: skip


@pytest.mark.parametrize("pattern", TAKEN)
def test_what_re2_takes_compiles(pattern: str) -> None:
    assert accepted(pattern)
    compile(pattern)


@pytest.mark.parametrize(("pattern", "message", "offset"), REFUSED)
def test_what_re2_refuses_is_refused_with_its_place(
    pattern: str, message: str, offset: int
) -> None:
    assert not accepted(pattern)
    with pytest.raises(PatternError) as caught:
        compile(pattern)
    assert message in caught.value.message
    assert caught.value.offset == offset


def test_a_lone_surrogate_in_a_pattern_is_refused() -> None:
    with pytest.raises(PatternError, match="lone surrogate"):
        compile("a\ud800")


EXPLOSIVE = [
    ("(a|b)*a(a|b){12}", "split it over several conditions"),
    ("^(a|b)*a(a|b){20}$", "split it over several conditions"),
    (r"[\s\S]{0,1000}x", "length_lte"),
    ("((a{0,100}){0,100}){0,100}", "length_lte"),
    (r"\pL{1,1000}", "length_lte"),
    (r"(?i)(\pL|\pN|\pS){1,50}(\pL|\pN){1,50}", "length_lte"),
    (r"^(?:(?:x.{0,30}y)|(?:y.{0,30}x)){1,30}$", ""),
    ("(.*a.*b.*c.*d|.*d.*c.*b.*a){3}(.*e){9}(x|y|z.{1,9}){9}", ""),
    ("(" * 101 + ")" * 101, "nested more than 100 deep"),
    ("a" * 10_001, "longer than 10000 characters"),
    ("(?:a?){900}" * 900, ""),
    ("(((a*)*)*b*)*{" * 600, ""),
]


@pytest.mark.parametrize(("pattern", "advice"), EXPLOSIVE)
def test_patterns_built_to_explode_are_refused_at_once_with_advice(
    pattern: str, advice: str
) -> None:
    start = time.process_time()
    with pytest.raises(PatternError) as caught:
        compile(pattern)
    assert advice in caught.value.message
    assert time.process_time() - start < 10  # none takes half a second; without bounds, hours
