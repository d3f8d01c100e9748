"""Which tools are looked at: none is left out, whatever globs meet."""

from hypothesis import given, settings
from hypothesis import strategies as st

from compiler import globs
from compiler.answers.tools import Serving, to_look_at
from compiler.parse import parse
from compiler.policy import Policy
from tests.strategies import text_of

GLOBS = ["a*", "ab*", "*b", "a*b", "*", "*a*", "b*a*", "abc*", "*x*y*", "*y*x*"]


@st.composite
def policies(draw: st.DrawFn) -> Policy | None:
    names = draw(st.lists(st.sampled_from([*GLOBS, "a", "ab", "b", "aab"]), unique=True))
    hidden = draw(st.lists(st.sampled_from(["a", "c"]), unique=True))
    document = {"version": "1", "default": "deny", "hide": hidden}
    return parse(text_of({**document, "tools": {name: {} for name in names}})).policy


names = st.text("abcxy", max_size=6)


@given(
    policies(), policies(), st.lists(names, min_size=1, max_size=30), st.sampled_from(["*", "a*"])
)
@settings(max_examples=150)
def test_every_tool_is_looked_at_or_stood_for(
    old: Policy | None, new: Policy | None, tools: list[str], within: str
) -> None:
    if old is None or new is None:
        return  # two globs of equal length that meet
    both = Serving(old), Serving(new)
    looked, doubt = to_look_at(both, within)
    assert not doubt and all(globs.matches(within, name) for name in looked)
    exact = {name for one in both for name in one.names()}
    ways = {tuple(one.entry(name) for one in both) for name in looked if name not in exact}
    for tool in tools:
        if not globs.matches(within, tool):
            continue
        if tool in exact:
            assert tool in looked
        else:
            assert tuple(one.entry(tool) for one in both) in ways, tool


def test_the_names_shown_look_like_tools() -> None:
    policy = parse('{"version":"1","default":"deny","tools":{"delete_*":{},"send":{}}}').policy
    assert policy is not None
    assert to_look_at([Serving(policy)]) == (["send", "any_other_tool", "delete_x"], "")
