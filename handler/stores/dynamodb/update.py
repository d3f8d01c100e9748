"""One conditional write of one item, in DynamoDB's expressions. Pure.

Names and values only ever enter an expression through placeholders, so no text from outside can
change what an expression means.
"""

from collections.abc import Iterable
from typing import Any

from handler.stores.dynamodb.attributes import encode


class Update:
    """Collects the clauses of one UpdateItem; the same item may not be written twice at once.

    No expression may name a path and another below it: DynamoDB refuses that, emulators do not.
    """

    def __init__(self, table: str, key: str) -> None:
        self.table, self.key = table, key
        self._names: dict[str, str] = {}
        self._values: dict[str, Any] = {}
        self._sets: list[str] = []
        self._removes: list[str] = []
        self._adds: list[str] = []
        self._deletes: list[str] = []
        self._conditions: list[str] = []

    def at(self, *steps: str) -> str:
        """The placeholder of an attribute, or of a key within a map."""
        return ".".join(self._names.setdefault(step, f"#n{len(self._names)}") for step in steps)

    def value(self, value: Any) -> str:
        """The placeholder of a value."""
        name = f":v{len(self._values)}"
        self._values[name] = encode(value)
        return name

    def put(self, **attributes: Any) -> None:
        """Set whole attributes; None removes one."""
        for name, value in attributes.items():
            if value is None:
                self._removes.append(self.at(name))
            else:
                self._sets.append(f"{self.at(name)} = {self.value(value)}")

    def default(self, name: str, value: Any) -> None:
        """Set an attribute that is not there yet."""
        self._sets.append(f"{self.at(name)} = if_not_exists({self.at(name)}, {self.value(value)})")

    def add(self, amount: int, *steps: str) -> None:
        """Add to a number; one that is not there is zero."""
        path = self.at(*steps)
        self._sets.append(f"{path} = if_not_exists({path}, {self.value(0)}) + {self.value(amount)}")

    def set(self, value: Any, *steps: str) -> None:
        self._sets.append(f"{self.at(*steps)} = {self.value(value)}")

    def append(self, element: Any, name: str) -> None:
        """Append to a list; one that is not there is empty."""
        path = self.at(name)
        self._sets.append(
            f"{path} = list_append(if_not_exists({path}, {self.value([])}), "
            f"{self.value([element])})"
        )

    def include(self, members: Iterable[str], name: str) -> None:
        """Put members into a set of strings; one that is not there is empty."""
        self._adds.append(f"{self.at(name)} {self.value(frozenset(members))}")

    def discard(self, member: str, name: str) -> None:
        """Take a member out of a set of strings."""
        self._deletes.append(f"{self.at(name)} {self.value(frozenset([member]))}")

    def remove(self, *steps: str) -> None:
        self._removes.append(self.at(*steps))

    def require(self, condition: str) -> None:
        """All required conditions must hold, else nothing is written."""
        self._conditions.append(condition)

    def require_at_most(self, most: float, *steps: str) -> None:
        """A number that is not there passes."""
        path = self.at(*steps)
        self.require(f"(attribute_not_exists({path}) OR {path} <= {self.value(most)})")

    @property
    def is_empty(self) -> bool:
        """Whether it would change nothing."""
        return not (self._sets or self._removes or self._adds or self._deletes)

    def request(self) -> dict[str, Any]:
        """The fields that UpdateItem and a transaction's Update share."""
        clauses = {
            "SET": self._sets,
            "REMOVE": self._removes,
            "ADD": self._adds,
            "DELETE": self._deletes,
        }
        fields: dict[str, Any] = {
            "TableName": self.table,
            "Key": {"pk": encode(self.key)},
            "UpdateExpression": " ".join(
                f"{clause} {', '.join(parts)}" for clause, parts in clauses.items() if parts
            ),
            "ExpressionAttributeNames": {held: name for name, held in self._names.items()},
        }
        if self._values:
            fields["ExpressionAttributeValues"] = self._values
        if self._conditions:
            fields["ConditionExpression"] = " AND ".join(self._conditions)
            fields["ReturnValuesOnConditionCheckFailure"] = "ALL_OLD"
        return fields
