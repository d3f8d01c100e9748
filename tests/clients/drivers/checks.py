"""The checks of the Python drivers, against whatever calls, lists and reads. No imports but json.

A driver is one program per client, `PROGRAM URL TOKEN …`; it makes every check and prints JSON
lines, `{"check": ..., "value": ...}`. Both official Python clients run this file, each in its own
environment.
"""

import json
import os

PENDING = "[PENDING APPROVAL]"
"""How the text starts that says to call again; then an agent does."""

CHARGE = {"amount": 750, "currency": "eur"}


def tell(check, value):
    print(json.dumps({"check": check, "value": value}), flush=True)


def outcome(result):
    """A tools/call result in the words of the wire."""
    told = result.model_dump(mode="json", by_alias=True, exclude_none=True)
    return {
        "text": [each.get("text") for each in told["content"]],
        "isError": bool(told.get("isError")),
        "structured": told.get("structuredContent"),
        "decision": told.get("_meta", {}).get("holdpoint/decision"),
    }


HEARS = bool(os.environ.get("HEARS"))


async def run(names, call, read, heard):
    """`names()` lists tools, `call(tool, arguments, progress)` calls one, `read(uri)` reads.

    `heard(announce)` gives whether the client heard what it announced.
    """
    tell("list", await names())
    tell("call", outcome(await call("read_customer", {"id": "ada"}, None)))
    seen = []

    async def progress(done, total, message):
        seen.append(done)

    counted = outcome(await call("count", {"to": 3}, progress))
    tell("progress", {"seen": seen, **counted})
    tell("resource", await read("test://secret"))
    tell("denied", outcome(await call("create_charge", {"amount": 1, "currency": "gbp"}, None)))
    message = {"to": "ada", "body": "hello"}
    tell("limited", [outcome(await call("send_message", message, None)) for _ in range(2)])
    told, pending = [], -1

    async def waiting(done, total, message):
        told.append(message)

    held = {"text": [PENDING]}
    while held["text"][0].startswith(PENDING):
        held, pending = outcome(await call("create_charge", CHARGE, waiting)), pending + 1
    tell("held", {"told": told, "pending": pending, **held})
    if HEARS:
        tell("hears", await heard(lambda legacy: call("announce", {"legacy": legacy}, None)))
    tell("after", outcome(await call("read_customer", {"id": "bob"}, None)))
