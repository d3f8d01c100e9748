"""Definitions compared whole, whatever order lists come in."""

import json

import pytest

from handler.gateway import definitions
from handler.gateway.definitions import Standing, accepted, first, noted

A, B, C = '{"a":1}', '{"b":1}', '{"c":1}'


def standings(catalog: definitions.Catalog) -> dict[str, Standing]:
    return {pin.tool: pin.standing for pin in catalog.pins}


def test_what_is_seen_first_is_accepted() -> None:
    assert standings(first("s", {"x": A}, 1)) == {"x": Standing.SAME}


def test_a_changed_a_new_and_a_missing_tool_are_told_apart() -> None:
    after = noted(
        first("s", {"x": A, "y": B, "z": C}, 1), {"x": B, "y": B, "n": A}, whole=True, now=2
    )
    assert standings(after) == {
        "x": Standing.CHANGED,
        "y": Standing.SAME,
        "z": Standing.GONE,
        "n": Standing.NEW,
    }
    assert [pin.since for pin in after.pins] == [2, 2, 1, 2]


def test_a_page_says_nothing_of_tools_on_others() -> None:
    after = noted(first("s", {"x": A, "y": B}, 1), {"x": C}, whole=False, now=2)
    assert standings(after) == {"x": Standing.CHANGED, "y": Standing.SAME}
    assert after.listed_at == 1


def test_a_tool_that_changes_back_is_as_it_was() -> None:
    there = noted(first("s", {"x": A}, 1), {"x": B}, whole=True, now=2)
    assert standings(noted(there, {"x": A}, whole=True, now=3)) == {"x": Standing.SAME}


def test_accepting_takes_what_is_current_and_only_what_is_named() -> None:
    drifted = noted(first("s", {"x": A, "y": A, "z": A}, 1), {"x": B, "y": B}, whole=True, now=2)
    after = accepted(drifted, ["x", "z"])
    assert standings(after) == {"x": Standing.SAME, "y": Standing.CHANGED}
    assert after.version > drifted.version


def test_order_of_members_does_not_count_and_everything_else_does() -> None:
    tool = {"name": "x", "inputSchema": {"type": "object", "a": 1}, "_meta": {"k": [1]}}
    turned = {"_meta": {"k": [1]}, "inputSchema": {"a": 1, "type": "object"}, "name": "x"}
    assert definitions.texts([tool]) == definitions.texts([turned])
    changes: list[dict[str, object]] = [{"_meta": {"k": [2]}}, {"annotations": {}}, {"title": ""}]
    for change in changes:
        assert definitions.texts([{**tool, **change}]) != definitions.texts([tool])


def test_a_name_that_comes_twice_is_not_one_of_its_definitions() -> None:
    one, two = {"name": "x", "d": 1}, {"name": "x", "d": 2}
    both = definitions.texts([one, two])
    assert both not in (definitions.texts([one]), definitions.texts([two]))


def test_what_has_no_canonical_text_is_refused_and_what_is_huge_kept_short() -> None:
    with pytest.raises(ValueError):
        definitions.texts([{"name": "x", "d": float("nan")}])
    deep: object = 0
    for _ in range(100_000):
        deep = [deep]
    with pytest.raises(ValueError):
        definitions.texts([{"name": "x", "d": deep}])
    huge = definitions.texts([{"name": "x", "description": "y" * 1_000_000}])
    assert len(huge["x"]) == 64


def test_a_catalog_is_read_as_it_was_written() -> None:
    catalog = noted(first("s", {"x": A, "é\u2028": B}, 1), {"x": C}, whole=True, now=2.5)
    assert definitions.read(definitions.write(catalog)) == catalog
    json.loads(definitions.write(catalog))
