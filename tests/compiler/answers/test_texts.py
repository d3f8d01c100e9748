"""One text for each class: no text has results that none of those found has."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compiler import regex
from compiler.answers.effort import Effort
from compiler.answers.machines import Length, Machine, Order, Pattern, Prefixes, literal_pattern
from compiler.answers.texts import TooManySteps, representatives

texts = st.text("ab\u00e9\u20ac😀", max_size=5)
machines: st.SearchStrategy[Machine] = st.one_of(
    st.sampled_from(["^a+$", "b$", "a.b", "^[^a]*$", r"\pL", "^(?:ab|é)$", "😀"]).map(Pattern),
    st.builds(Order, st.lists(texts, min_size=1, max_size=4), st.booleans()),
    st.lists(st.integers(0, 4), min_size=1, max_size=2).map(Length),
    st.lists(texts, min_size=1, max_size=3).map(Prefixes),
)


def results(found: list[Machine], text: str) -> tuple[object, ...]:
    """What the machines say of a text, read from its first byte to its last."""
    answers = []
    for machine in found:
        state = machine.start
        for byte in text.encode():
            state = machine.step(state, byte)
        answers.append(machine.result(state))
    return tuple(answers)


@given(st.lists(machines, min_size=1, max_size=3), st.lists(texts, min_size=1))
@settings(max_examples=150)
def test_every_text_is_stood_for(found: list[Machine], others: list[str]) -> None:
    known = {results(found, text) for text in representatives(found, Effort())}
    for text in others:
        assert results(found, text) in known


@given(st.lists(machines, min_size=1, max_size=2))
@settings(max_examples=60)
def test_bytes_of_one_class_are_read_alike(found: list[Machine]) -> None:
    for machine in found:
        for byte in {machine.classes.index(one) for one in machine.classes}:
            same = [one for one in range(256) if machine.classes[one] == machine.classes[byte]]
            before = [machine.start, machine.step(machine.start, 0x61)]
            for state in before:
                after = {machine.step(state, one) for one in same}
                ends = {machine.result(one) for one in after}
                assert len(after) == 1 or len(ends) == 1


@given(texts, texts)
def test_order_is_that_of_code_points(text: str, other: str) -> None:
    machine = Order([other])
    (found,) = results([machine], text)
    assert found == (0 if text <= other else 1, text == other)


@given(st.text(max_size=6), st.text("ab.", max_size=8))
def test_a_quoted_literal_matches_itself_only(literal: str, other: str) -> None:
    dfa = regex.compile(rf"\A{literal_pattern(literal)}\z")
    assert dfa.search(literal) and dfa.search(other) is (literal == other)


def test_the_shortest_and_plainest_text_is_taken() -> None:
    found = representatives([Pattern("^cus_[a-z]+$")], Effort())
    assert sorted(found) == ["", "cus_x"]
    assert all(re.fullmatch(r"[ -~]*", text) for text in found)


def test_what_would_take_too_long_is_refused() -> None:
    with pytest.raises(TooManySteps):
        long = Length([3000, 9000])
        representatives([long, Pattern("^[a-z]{900}$"), Pattern("b.{8}$")], Effort())
    with pytest.raises(TooManySteps):
        representatives([Length([10**9])], Effort())
