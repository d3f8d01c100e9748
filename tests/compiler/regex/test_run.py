"""The encoded automaton: the same bytes everywhere, and no use for damaged ones."""

import os
import subprocess
import sys

import pytest

from compiler.regex import Dfa, Effort, PatternError, compile

PATTERNS = [r"(?i)\bdrop\s+(table|index)\b", r"^[^@\s]+@(example\.com|\pL+\.org)$", "", "(a|b)*c$"]

ENCODE = (
    "import sys; from compiler.regex import compile;"
    "sys.stdout.buffer.write(b''.join(compile(p).encode() for p in sys.argv[1:]))"
)


def encoded_under(hash_seed: str) -> bytes:
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
    command = [sys.executable, "-c", ENCODE, *PATTERNS]
    return subprocess.run(command, env=environment, capture_output=True, check=True).stdout


def test_builds_are_identical_under_every_hash_seed() -> None:
    here = b"".join(compile(pattern).encode() for pattern in PATTERNS)
    assert here == encoded_under("1") == encoded_under("2")


def test_decoding_loads_nothing_of_the_compile_side() -> None:
    code = (
        "import sys; from compiler.regex.run import Dfa;"
        "print(*(each for each in sys.modules if each.startswith('compiler.')))"
    )
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    parts = ["compiler.regex", "compiler.regex.errors", "compiler.regex.run"]
    assert sorted(loaded.stdout.split()) == parts


@pytest.mark.parametrize("pattern", PATTERNS)
def test_decode_of_encode_is_the_same(pattern: str) -> None:
    assert Dfa.decode(compile(pattern).encode()) == compile(pattern)


@pytest.mark.parametrize("length", [0, 5, 100, -1])
def test_a_cut_automaton_is_refused(length: int) -> None:
    with pytest.raises(ValueError, match=r"cut short|disagrees"):
        Dfa.decode(compile("abc").encode()[:length])


@pytest.mark.parametrize("at", [4, 6, -1], ids=["the start", "a class", "a next state"])
def test_an_automaton_that_names_what_it_does_not_have_is_refused(at: int) -> None:
    damaged = bytearray(compile("abc").encode())
    damaged[at] = 0xFF
    with pytest.raises(ValueError, match="does not have"):
        Dfa.decode(bytes(damaged))


def test_a_lone_surrogate_in_a_text_is_no_character() -> None:
    assert not compile("(?s).").search("\ud800")
    assert compile("^a").search("a\ud800")


def test_the_effort_of_several_patterns_adds_up() -> None:
    effort = Effort()
    compile("^a{1,100}$", effort)
    once = effort.spent
    compile("^a{1,100}$", effort)
    assert effort.spent == 2 * once > 0
    with pytest.raises(PatternError):
        compile("(", effort)
    assert effort.spent > 2 * once
