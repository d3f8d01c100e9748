"""Python values as DynamoDB writes them in JSON, and back. Pure.

Numbers travel as text, so integers stay exact up to 38 digits. Sets hold strings only.
"""

from base64 import b64decode, b64encode
from collections.abc import Mapping
from typing import Any

Item = dict[str, Any]
"""An item as plain Python values."""


def encode(value: Any) -> dict[str, Any]:
    """One value in DynamoDB's JSON, such as `{"N": "5"}`."""
    if value is None:
        return {"NULL": True}
    if isinstance(value, bool):
        return {"BOOL": value}
    if isinstance(value, int | float):
        whole = value == int(value)  # without a point, as DynamoDB gives it back
        return {"N": repr(int(value) if whole else value)}
    if isinstance(value, str):
        return {"S": value}
    if isinstance(value, bytes):
        return {"B": b64encode(value).decode()}
    if isinstance(value, frozenset | set):
        return {"SS": sorted(value)}
    if isinstance(value, list | tuple):
        return {"L": [encode(element) for element in value]}
    if isinstance(value, Mapping):
        return {"M": encode_item(value)}
    raise TypeError(f"no DynamoDB type holds a {type(value).__name__}")


def decode(attribute: Mapping[str, Any]) -> Any:
    """The Python value of one attribute."""
    ((kind, value),) = attribute.items()
    match kind:
        case "N":
            return _number(value)
        case "B":
            return b64decode(value)
        case "NULL":
            return None
        case "SS":
            return frozenset(value)
        case "L":
            return [decode(element) for element in value]
        case "M":
            return decode_item(value)
        case _:
            return value


def encode_item(item: Mapping[str, Any]) -> dict[str, Any]:
    return {name: encode(value) for name, value in item.items()}


def decode_item(item: Mapping[str, Any]) -> Item:
    return {name: decode(value) for name, value in item.items()}


def _number(text: str) -> int | float:
    """Exact where it is whole, however it is written: `1E+18` is."""
    try:
        return int(text)
    except ValueError:
        from decimal import Decimal  # 1 ms of a cold start, for numbers that few items have

        number = Decimal(text)
    return int(number) if number == number.to_integral_value() else float(number)
