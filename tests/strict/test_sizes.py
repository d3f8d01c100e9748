"""How large an answer may be on AWS, to the byte: docs/deploy.md, Sizes."""

import json
import re
from typing import Any

import pytest
from aiohttp import web

from handler.approvals.lifecycle import Status
from handler.entry.asgi import LARGEST_ANSWER
from handler.stores.base import LARGEST_PAYLOAD
from tests.strict.upstream import Manner, Upstream
from tests.strict.world import World

pytestmark = pytest.mark.anyio

WIDE = 'é"\n😀'
"""Each of these is wider in a JSON string in a JSON string."""


def answer_of(size: int, id: object) -> bytes:
    """A tools/call answer of exactly so many bytes."""

    def whole(text: str) -> bytes:
        result = {"content": [{"type": "text", "text": text}], "isError": False}
        body = {"jsonrpc": "2.0", "id": id, "result": result}
        return json.dumps(body, ensure_ascii=False).encode()

    one = len(whole(WIDE)) - len(whole(""))
    text = WIDE * ((size - len(whole(""))) // one)
    return whole(text + "a" * (size - len(whole(text))))


def answering(size: int) -> Manner:
    async def sized(upstream: Upstream, request: web.Request, body: dict[str, Any]) -> web.Response:
        return web.Response(body=answer_of(size, body["id"]), content_type="application/json")

    return sized


async def test_the_largest_answer_arrives_whole_and_one_byte_more_is_said_to_be_too_large(
    strict: World,
) -> None:
    label = await strict.grant()
    strict.upstream.behave(answering(LARGEST_ANSWER))
    assert await strict.call(label, "read", id=label) == json.loads(answer_of(LARGEST_ANSWER, 1))
    strict.upstream.behave(answering(LARGEST_ANSWER + 1))
    refused = json.dumps(await strict.call(label, "read", id=label))
    assert "[NO RESULT]" in refused and "too large" in refused
    assert strict.upstream.calls[label] == 2


async def test_the_largest_call_that_is_held_can_be_read_to_its_end_and_approved(
    strict: World,
) -> None:
    """Its page goes out in parts: whole it would be more than Lambda answers."""
    label = await strict.grant()
    await strict.call(label, "refund", id=label, note='"' * 1_200_000, rows=[0] * 20_000)
    link = await strict.link(label)
    first = await strict.opened(link)
    parts = int(re.findall("Part 1 of ([0-9]+)", first.html)[0])
    assert parts > 20 and 'value="approve"' not in first.html
    last = await strict.opened(f"{link}?part={parts}")
    assert await strict.pressed(last, "approve") == "Approved"
    await strict.becomes(label, Status.EXECUTED)
    assert strict.upstream.calls[label] == 1


async def test_a_held_calls_largest_result_is_kept_and_reaches_the_agent(strict: World) -> None:
    label, held = await strict.held()
    strict.upstream.behave(answering(LARGEST_PAYLOAD - 2_000))
    await strict.press(await strict.link(label), "approve")
    await strict.becomes(label, Status.EXECUTED)
    given = (await strict.call(label, "refund", id=label))["result"]["content"]
    told = json.loads(answer_of(LARGEST_PAYLOAD - 2_000, f"holdpoint-{held.id}"))
    assert given[0] == told["result"]["content"][0]
