"""The reader of expressions sees what DynamoDB refuses: the tests behind it rest on that."""

from handler.stores.dynamodb.update import Update
from tests.emulated.expressions import overlap, unused_placeholders


def test_a_path_and_its_child_in_one_update_are_seen() -> None:
    update = Update("table", "key")
    update.put(t={})
    update.add(1, "t", "calls")
    assert overlap(update.request()) == (("t",), ("t", "calls"))


def test_one_path_written_twice_is_seen() -> None:
    update = Update("table", "key")
    update.add(1, "t", "calls")
    update.remove("t", "calls")
    assert overlap(update.request())


def test_siblings_do_not_overlap() -> None:
    update = Update("table", "key")
    update.add(1, "t", "calls")
    update.add(1, "t", "spend")
    update.append("x", "list")
    assert overlap(update.request()) is None


def test_a_placeholder_that_nothing_names_is_seen() -> None:
    update = Update("table", "key")
    update.put(a=1)
    update.value("nobody asks")
    assert unused_placeholders(update.request()) == {":v1"}
