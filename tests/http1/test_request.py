"""Requests as bytes, and what cannot be one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handler.http1.request import Unwritable, written


def test_a_request_is_written_with_its_length() -> None:
    headers = {"host": "example.com", "x-name": "é"}
    assert written("POST", "/a?b=c", headers, b"{}") == (
        b"POST /a?b=c HTTP/1.1\r\nhost: example.com\r\nx-name: \xc3\xa9\r\n"
        b"content-length: 2\r\n\r\n{}"
    )
    assert written("DELETE", "/", {"host": "x"}, None) == b"DELETE / HTTP/1.1\r\nhost: x\r\n\r\n"


BAD: list[tuple[str, str, dict[str, str]]] = [
    ("POST /x", "/", {}),
    ("post", "/", {}),
    ("POST", "/ ", {}),
    ("POST", "", {}),
    ("POST", "/é", {}),
    ("POST", "/ HTTP/1.1\r\nx: y", {}),
    ("POST", "/", {"x y": "z"}),
    ("POST", "/", {"": "z"}),
    ("POST", "/", {"x:": "z"}),
    ("POST", "/", {"x": "y\r\nz: z"}),
    ("POST", "/", {"x: y\r\nz": "z"}),
    ("POST", "/", {"x": "y\nz"}),
    ("POST", "/", {"x": "y\r"}),
    ("POST", "/", {"x": "\x00"}),
]


@pytest.mark.parametrize(("method", "target", "headers"), BAD)
def test_what_would_be_another_request_is_not_written(
    method: str, target: str, headers: dict[str, str]
) -> None:
    with pytest.raises(Unwritable):
        written(method, target, headers, b"")


@given(st.dictionaries(st.text(max_size=4), st.text(max_size=6), max_size=3))
def test_what_is_written_has_as_many_lines_as_it_was_given(headers: dict[str, str]) -> None:
    try:
        text = written("POST", "/", headers, b"body\r\n\r\n")
    except Unwritable:
        return
    head, _, body = text.partition(b"\r\n\r\n")
    assert body == b"body\r\n\r\n"
    assert len(head.split(b"\r\n")) == 2 + len(headers)
    assert head.count(b"\n") == head.count(b"\r") == 1 + len(headers)
