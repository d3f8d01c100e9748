"""Answers, however they are cut, and what is no answer."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handler.http1.answer import MOST_HEAD, Reading
from handler.http1.head import Head, Malformed

Read = tuple[Head | None, bytes, bool, bool]
"""The head, the body, whether it is whole, and whether another may follow."""

END = b""


def read(*pieces: bytes) -> Read:
    """What is read of these pieces. Raises `Malformed`."""
    reading = Reading()
    body = b"".join(map(reading.feed, pieces))
    return reading.head, body, reading.over, reading.leaves_connection


def outcome(*pieces: bytes) -> Read | str:
    try:
        return read(*pieces)
    except Malformed as error:
        return str(error)


OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = OK + b"Transfer-Encoding: Chunked\r\n\r\n"

WHOLE = {
    "a length": (OK + b"Content-Length: 5\r\n\r\nwhole", True),
    "no body": (OK + b"content-length:0\r\n\r\n", True),
    "no reason": (b"HTTP/1.1 200\r\nContent-Length: 5\r\n\r\nwhole", True),
    "a long body": (OK + b"Content-Length: 200000\r\n\r\n" + b"x" * 200_000, True),
    "chunks": (CHUNKED + b"3\r\nwho\r\n02 ;a=b\r\nle\r\n0\r\n\r\n", True),
    "trailers": (CHUNKED + b"A\r\n0123456789\r\n0\r\nX: y\r\nZ: \r\n\r\n", True),
    "a status without a body": (b"HTTP/1.1 204 No\r\nX: y\r\n\r\n", True),
    "nothing new": (b"HTTP/1.1 304 No\r\nContent-Length: 5\r\n\r\n", True),
    "interim answers": (
        b"HTTP/1.1 100 Go on\r\n\r\nHTTP/1.1 103 Hint\r\nContent-Length: 9\r\n\r\n"
        + OK
        + b"Content-Length: 5\r\n\r\nwhole",
        True,
    ),
    "a close": (OK + b"Connection: x\r\nconnection: Close\r\nContent-Length: 0\r\n\r\n", False),
    "an old version": (b"HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nwhole", False),
}


@pytest.mark.parametrize("case", WHOLE)
def test_an_answer_is_read_the_same_wherever_it_is_cut(case: str) -> None:
    text, lasts = WHOLE[case]
    expected = read(text)
    assert expected[2:] == (True, lasts)
    cuts = range(1, len(text)) if len(text) < 1_000 else (1, 20, 40, 50, 100, 70_000, 199_999)
    for cut in cuts:
        assert read(text[:cut], text[cut:]) == expected
    if len(text) < 1_000:
        assert read(*(text[i : i + 1] for i in range(len(text)))) == expected


@pytest.mark.parametrize("case", WHOLE)
def test_an_answer_that_ends_before_its_end_is_none(case: str) -> None:
    text, _ = WHOLE[case]
    for cut in range(min(len(text), 200)):
        assert outcome(text[:cut], END) == "it stopped in the middle"
    assert outcome(text, END) == (*read(text)[:3], False)


@pytest.mark.parametrize("case", WHOLE)
def test_what_comes_after_an_answer_is_not_part_of_it_and_none_may_follow(case: str) -> None:
    text, _ = WHOLE[case]
    expected = (*read(text)[:3], False)
    assert read(text + b"H") == read(text, b"H") == expected


def test_a_body_without_a_length_lasts_until_the_end_of_the_connection() -> None:
    text = b"HTTP/1.1 200 OK\r\nX: y\r\n\r\nwho"
    assert read(text)[1:] == (b"who", False, False)
    assert read(text, b"le", END)[1:] == (b"whole", True, False)


def test_headers_are_found_by_any_case_and_of_several_the_first() -> None:
    lines = b"Date: now \r\nDATE: then\r\nX-Empty:\r\nSession: \xc3\xa9\xff\r\nContent-Length: 0"
    head = read(OK + lines + b"\r\n\r\n")[0]
    assert head is not None and head.status == 200
    assert (head.get("date"), head.get("X-EMPTY"), head.get("none")) == ("now", "", None)
    assert (head.get("session") or "").encode("utf-8", "surrogateescape") == b"\xc3\xa9\xff"


BAD_HEADS = {
    "another protocol": b"SSH-2.0-x\r\n",
    "an older version": b"HTTP/0.9 200 OK\r\n",
    "a newer version": b"HTTP/2 200 OK\r\n",
    "no version": b"HTTP/ 200 OK\r\n",
    "no status": b"HTTP/1.1 OK\r\n",
    "half a status": b"HTTP/1.1 20 OK\r\n",
    "a status of zero": b"HTTP/1.1 000 OK\r\n",
    "a long status": b"HTTP/1.1 2000 OK\r\n",
    "an empty line first": b"\r\nHTTP/1.1 200 OK\r\n",
    "another protocol from now on": b"HTTP/1.1 101 Switching\r\nUpgrade: x\r\n",
    "a folded header": OK + b"X: y\r\n z\r\n",
    "no colon": OK + b"X\r\n",
    "a space before the colon": OK + b"Content-Length : 5\r\n",
    "an empty name": OK + b": x\r\n",
    "a name of other characters": OK + b"X\xc3\xa9: y\r\n",
    "a bare line feed": OK + b"X: y\nContent-Length: 5\r\n",
    "a bare carriage return": OK + b"X: y\rZ: z\r\n",
    "a null": OK + b"X: \x00\r\n",
    "two lengths": OK + b"Content-Length: 5\r\nContent-Length: 6\r\n",
    "one length twice": OK + b"Content-Length: 5\r\nContent-Length: 5\r\n",
    "a list of lengths": OK + b"Content-Length: 5, 5\r\n",
    "a length that is none": OK + b"Content-Length: 0x5\r\n",
    "a signed length": OK + b"Content-Length: +5\r\n",
    "no length at all": OK + b"Content-Length:\r\n",
    "digits of another script": OK + "Content-Length: \u0665\r\n".encode(),
    "a length without end": OK + b"Content-Length: " + b"9" * 16 + b"\r\n",
    "a length and chunks": OK + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
    "chunks of an old version": b"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n",
    "another coding": OK + b"Transfer-Encoding: gzip, chunked\r\n",
    "chunks twice": OK + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
    "no coding": OK + b"Transfer-Encoding:\r\n",
}


@pytest.mark.parametrize("case", BAD_HEADS)
def test_a_head_that_has_two_readings_or_none_is_no_answer(case: str) -> None:
    assert isinstance(outcome(BAD_HEADS[case] + b"\r\n5\r\nwhole\r\n0\r\n\r\n"), str)


BAD_CHUNKS = [
    b"\r\n",
    b"x\r\n",
    b"-1\r\n",
    b"0x5\r\nwhole\r\n0\r\n\r\n",
    b" 5\r\nwhole\r\n0\r\n\r\n",
    b"5\nwhole\r\n0\r\n\r\n",
    b"5\r\nwhole0\r\n\r\n",
    b"4\r\nwhole\r\n0\r\n\r\n",
    b"5;a=\x00\r\nwhole\r\n0\r\n\r\n",
    b"1" * 13 + b"\r\n",
    b"5;" + b"x" * 2_000,
    b"0\r\nno header\r\n\r\n",
    b"0\r\nX: " + b"y" * MOST_HEAD,
    b"0\r\n" + b"X: y\r\n" * 20_000,
]


@pytest.mark.parametrize("chunks", BAD_CHUNKS, ids=lambda chunks: repr(chunks[:12]))
def test_chunks_that_are_none_are_no_answer(chunks: bytes) -> None:
    assert isinstance(outcome(CHUNKED + chunks), str)


@pytest.mark.parametrize("start", [OK + b"X: ", OK + b"X: y\r\n" * 20_000, b"HTTP/1.1 200 "])
def test_a_head_is_not_read_for_ever(start: bytes) -> None:
    reading = Reading()
    with pytest.raises(Malformed, match="too long"):
        for piece in itertools.chain([start], itertools.repeat(b"x" * 1_000, 100)):
            reading.feed(piece)


def test_interim_answers_are_not_passed_over_for_ever() -> None:
    reading = Reading()
    with pytest.raises(Malformed, match="too long"):
        for _ in range(9_000):
            reading.feed(b"HTTP/1.1 103 Hint\r\n\r\n")


@given(st.binary(max_size=300), st.lists(st.integers(0, 400), max_size=6), st.booleans())
def test_any_body_comes_through_in_chunks_of_any_size(
    body: bytes, cuts: list[int], piecemeal: bool
) -> None:
    edges = [0, *sorted(min(cut, len(body)) for cut in cuts), len(body)]
    parts = [body[a:b] for a, b in itertools.pairwise(edges) if a < b]
    chunks = b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in parts)
    text = CHUNKED + chunks + b"0\r\n\r\n"
    pieces = [text[i : i + 1] for i in range(len(text))] if piecemeal else [text]
    assert read(*pieces)[1:] == (body, True, True)


@given(
    st.sampled_from([text for text, _ in WHOLE.values() if len(text) < 1_000]),
    st.data(),
)
def test_a_changed_answer_is_an_answer_or_malformed_alike_wherever_it_is_cut(
    text: bytes, data: st.DataObject
) -> None:
    """No byte put in the place of another raises anything else, or is read in two ways."""
    at = data.draw(st.integers(0, len(text) - 1))
    changed = text[:at] + bytes([data.draw(st.integers(0, 255))]) + text[at + 1 :]
    expected = outcome(changed, END)
    cut = data.draw(st.integers(1, len(text) - 1))
    assert outcome(changed[:cut], changed[cut:], END) == expected
