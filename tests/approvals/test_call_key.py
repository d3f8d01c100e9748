"""Which calls are the same call."""

import json

import pytest

from compiler.values import read_number
from handler.approvals.call_key import call_key


def key(arguments: str) -> str:
    """The key of a call whose arguments are this JSON text, numbers read as the gateway does."""
    value = json.loads(arguments, parse_int=read_number, parse_float=read_number)
    return call_key("g", "s", "t", value)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ('{"a":10}', '{"a":10.0}'),
        ('{"a":10}', '{"a":1e1}'),
        ('{"a":0}', '{"a":-0.0}'),
        ('{"a":1,"b":2}', '{"b":2,"a":1}'),
        ('{"a":[{"x":1,"y":2}]}', '{"a":[{"y":2.0,"x":1}]}'),
    ],
)
def test_one_call_written_two_ways_has_one_key(one: str, other: str) -> None:
    assert key(one) == key(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ('{"a":10}', '{"a":10.5}'),
        ('{"a":10}', '{"a":"10"}'),
        ('{"a":10}', '{"a":10,"b":null}'),
        ('{"a":1}', '{"a":true}'),
        ('{"a":null}', "{}"),
        ('{"a":[]}', '{"a":{}}'),
        ('{"a":[1,2]}', '{"a":[2,1]}'),
        ('{"a":9007199254740993}', '{"a":9007199254740992}'),
        ('{"a":"x"}', '{"A":"x"}'),
        ('{"a":"\\u00e9"}', '{"a":"e\\u0301"}'),
    ],
)
def test_calls_that_differ_have_different_keys(one: str, other: str) -> None:
    assert key(one) != key(other)


def test_no_field_runs_into_the_next() -> None:
    keys = {
        call_key("ab", "c", "t", {}),
        call_key("a", "bc", "t", {}),
        call_key("a", "b", "ct", {}),
        call_key('a","b', "", "ct", {}),
        call_key("a", "b", 'ct",{}]', {}),
    }
    assert len(keys) == 5
