"""Generated patterns, mostly ones that RE2 takes, and texts that have a chance to match them."""

# ruff: noqa: RUF001 (look-alike characters are what case folding is tested with)

from hypothesis import strategies as st

ALPHABET = (
    "ab1_ .-\n\tKkſSs\u212aéßẞαΩωσς漢😀\U00010400\U00010428\x7f\x80\u07ff\u0800\ud7ff\ue000\uffff"
)

literals = st.sampled_from([c for c in ALPHABET if c not in ".-"]) | st.sampled_from(
    [r"\.", "-", r"\n", r"\x{212A}", r"\x61", r"\_", r"\x{10FFFF}", r"\Q.\E", "ab"]
)
classes = st.sampled_from(
    [".", r"\d", r"\D", r"\s", r"\S", r"\w", r"\W", r"\pL", r"\PL", r"\p{Greek}", r"\p{^Lu}", r"\C",
     r"\p{Any}", "[^a]", r"[\s\S]", "[[:alpha:]]", "[[:^punct:]]", "[^[:word:]]", r"[^\pL]"]
)  # fmt: skip
members = st.sampled_from(
    ["a", "b", "k", "K", "s", "é", "ſ", "0-9", "a-z", "α-ω", r"\d", r"\W", "[:upper:]", r"\pM",
     r"\x{80}-\x{10FFFF}", r"\n", "_", "-", "^"]
)  # fmt: skip
brackets = st.builds(
    lambda negated, parts: f"[{'^' if negated else ''}{''.join(parts)}]",
    st.booleans(),
    st.lists(members, min_size=1, max_size=4),
)
assertions = st.sampled_from(
    ["^", "$", r"\A", r"\z", r"\b", r"\B", "(?i)", "(?m)", "(?s)", "(?-i)"]
)
repeats = st.sampled_from(["*", "+", "?", "*?", "{2}", "{0,3}", "{1,}", "{0}", "{2,4}", "{3,}?"])
groups = st.sampled_from(["(", "(?:", "(?i:", "(?m:", "(?s:", "(?-i:", "(?P<n>", "(?ms-i:"])

patterns = st.recursive(
    literals | classes | brackets | assertions,
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=4).map("".join),
        st.lists(inner, min_size=1, max_size=3).map("|".join).map(lambda p: f"(?:{p})"),
        st.builds(lambda opening, p: f"{opening}{p})", groups, inner),
        st.builds(lambda p, repeat: f"(?:{p}){repeat}", inner, repeats),
        st.builds(lambda p, repeat: f"{p}{repeat}", literals | classes | brackets, repeats),
    ),
    max_leaves=10,
)

texts = st.text(st.sampled_from(ALPHABET), max_size=8) | st.text(max_size=4)

counted = st.recursive(
    st.sampled_from(["a", "b", ".", "[ab]", "a|b", "ab", "^a", "b$"]),
    lambda inner: st.one_of(
        st.lists(inner, min_size=2, max_size=3).map("".join),
        st.builds(
            lambda p, repeat: f"(?:{p}){repeat}",
            inner,
            st.sampled_from(["{0,2}", "{1,3}", "{0,5}", "{2,4}", "?", "*"]),
        ),
    ),
    max_leaves=6,
)
"""Patterns of two letters, for texts of three, in which copies of optional parts overlap."""

three_letters = st.text("abc", max_size=12)

scraps = st.lists(
    st.sampled_from([*r"()[]{}?*+|^$\.-:<>=!,0129abdpPLQEUimswxz", "é", "[:", ":]", "(?"]),
    max_size=8,
).map("".join)
"""Text made of the syntax's own pieces, most of it refused."""
