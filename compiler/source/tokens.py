"""The tokens of JSON text, and of what people write instead, as patterns.

Must not know what may follow what: that is the reader's part. RFC 8259.
"""

import re
from typing import NamedTuple

TOKEN = re.compile(
    r"[ \t\n\r]*+(?:"
    r'(?P<string>"[^"\\\x00-\x1f]*+(?:\\.[^"\\\x00-\x1f]*+)*+")'
    r"|(?P<mark>[{}\[\],:])"
    r"|(?P<number>-?(?:0|[1-9][0-9]*+)(?:\.[0-9]++)?(?:[eE][+-]?[0-9]++)?(?![\w.+-]))"
    r"|(?P<word>true|false|null)\b"
    r"|(?P<end>\Z)"
    r"|(?P<torn>\"(?:[^\"\\\n]|\\.)*+\")"
    r"|(?P<open>\"[^\n]*+)"
    r"|(?P<comment>//[^\n]*+|\#[^\n]*+|/\*[^*]*+(?:\*(?!/)[^*]*+)*+\*/)"
    r"|(?P<quoted>'(?:[^'\\\n]|\\.)*+'|[“„”][^“”\n]*+[“”])"
    r"|(?P<bare>[\w.+-]++)"
    r"|(?P<odd>.)"
    r")"
)
MEMBER = re.compile(
    r'[ \t\n\r]*+"(?P<key>[^"\\\x00-\x1f]*+)"[ \t\n\r]*+:[ \t\n\r]*+'
    r'(?:"(?P<string>[^"\\\x00-\x1f]*+)"|(?P<integer>[1-9][0-9]{0,14}+)|(?P<word>true|false))'
    r'[ \t\n\r]*+(?:,(?=[ \t\n\r]*+")|(?=\}))'
)
"""A whole member with a plain key and a plain value: most of a policy, read in one step."""

ESCAPE = re.compile(
    r"\\(?:u([dD][89abAB][0-9a-fA-F]{2})\\u([dD][c-fC-F][0-9a-fA-F]{2})"
    r"|u([0-9a-fA-F]{4})|(.))"
)
CONTROL = re.compile(r"[\x00-\x1f]")
SHORT_ESCAPES = {
    '"': '"', "\\": "\\", "/": "/", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t",
}  # fmt: skip
WORDS = {"true": True, "false": False, "null": None}
ADVICE = {
    "/": "JSON has no comments",
    "'": "strings stand in double quotes",
    "open": "close it; a line break inside it is written `\\n`",
    "NaN": "NaN and infinities are not JSON",
    "Infinity": "NaN and infinities are not JSON",
    "-Infinity": "NaN and infinities are not JSON",
    "None": "write null",
    "True": "write true",
    "False": "write false",
}
"""By the kind of a token that cannot stand where it does, or by its text."""
DIGITS = re.compile(r"[+-]?\.?[0-9]")
NUMBER_ADVICE = "numbers are written like 1000, 0.5 or 1e3"


class Token(NamedTuple):
    """What stands from offset `start` up to `end`. A mark's kind is the mark itself.

    `quoted` is a string in other quotes than JSON's, `bare` a word or number that JSON does not
    know, `torn` a string with a control character in it, `open` one that does not end on its line.
    """

    kind: str
    start: int
    end: int


def advice(token: Token, text: str) -> str:
    """What to write instead of a token that cannot stand where it does; may be empty."""
    known = ADVICE.get(token.kind) or ADVICE.get(text, "")
    if known or token.kind != "bare":
        return known
    return NUMBER_ADVICE if DIGITS.match(text) else "a text stands in double quotes"


def token_at(text: str, position: int) -> Token:
    """The first token from `position` on. Every text has one: its end, if nothing else."""
    found = TOKEN.match(text, position)
    assert found and found.lastgroup
    kind = found.lastgroup
    start, end = found.span(kind)
    return Token(text[start] if kind == "mark" else kind, start, end)
