"""The HTTP of approval links: GET shows, POST answers.

Must not know how an answer is recorded. GET and HEAD change nothing, since mail scanners open
links. A form is believed by its token, which only the page behind that very link carries.
"""

import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from urllib.parse import parse_qs

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from handler.approvals.desk import Desk, Recorded, Unreadable
from handler.approvals.lifecycle import Status, Terms
from handler.approvals.links import form_token, is_form_token, is_own_origin
from handler.approvals.pages import outcome
from handler.approvals.pages.question import LONGEST_NOTE, question
from handler.clock import Clock
from handler.stores.base import StoreUnavailable

LARGEST_FORM = 16_384
"""Bytes of a form's body."""

PART = re.compile("[1-9][0-9]{0,6}")

ANSWERS = {"approve": True, "reject": False}


@dataclass(frozen=True, slots=True)
class Form:
    """What the page's form says."""

    token: str
    approved: bool
    note: str


def routes(
    desk: Desk, *, keys: Sequence[bytes], base_url: str, clock: Clock, terms: Terms
) -> list[Route]:
    """The routes of the approval pages. `keys` are the deployment's, newest first: a page may have
    been opened before they were rotated. `base_url` is where the pages are.
    """

    async def show(request: Request) -> Response:
        secret = request.path_params["secret"]
        opened = await desk.open(secret, _part(request.query_params.get("part", "")))
        if opened is None:
            return outcome.closed()
        if opened.approval.status is not Status.PENDING:
            return outcome.decided(opened.approval, 200)
        if opened.has_answered:
            return outcome.recorded(opened.approval)
        return question(opened.summary, form_token(keys[0], secret), clock.now())

    async def answer(request: Request) -> Response:
        secret = request.path_params["secret"]
        headers = request.headers
        if not is_own_origin(headers.get("origin"), headers.get("sec-fetch-site"), base_url):
            return outcome.foreign()
        form = await read_form(request)
        if form is None:
            return outcome.malformed()
        if not any(is_form_token(each, secret, form.token) for each in keys):
            return outcome.foreign()
        said = await desk.answer(secret, form.approved, form.note)
        if said is None:
            return outcome.closed()
        if said.approval.status is Status.APPROVED and not said.told:
            return outcome.not_started(said.approval, form.token, terms)
        if isinstance(said, Recorded):
            return outcome.recorded(said.approval)
        return outcome.decided(said.approval, 409)

    path = "/approve/{secret}"
    return [
        Route(path, guarded(show, outcome.away), methods=["GET"]),
        Route(path, guarded(answer, outcome.unsure), methods=["POST"]),
    ]


def _part(text: str) -> int:
    """Which part of the arguments a page is asked for: the first where that is not said."""
    return int(text) if PART.fullmatch(text) else 1


def guarded(
    endpoint: Callable[[Request], Awaitable[Response]], away: Callable[[], Response]
) -> Callable[[Request], Awaitable[Response]]:
    """The endpoint, with one calm page where the store or the call cannot be read."""

    async def guard(request: Request) -> Response:
        try:
            return await endpoint(request)
        except (StoreUnavailable, Unreadable):
            return away()

    return guard


async def read_form(request: Request) -> Form | None:
    """The form of a POST, or None where it is not one that our page sends."""
    kind = request.headers.get("content-type", "").split(";")[0].strip().lower()
    if kind != "application/x-www-form-urlencoded":
        return None
    body = await read_body(request)
    if body is None or not body.isascii():
        return None
    try:
        fields = parse_qs(body.decode("ascii"), keep_blank_values=True, max_num_fields=8)
    except ValueError:
        return None
    token, answer, note = (fields.get(name, [""]) for name in ("token", "answer", "note"))
    text = note[0].replace("\r\n", "\n").strip()
    if len(token) + len(answer) + len(note) != 3 or answer[0] not in ANSWERS:
        return None
    return Form(token[0], ANSWERS[answer[0]], text) if len(text) <= LONGEST_NOTE else None


async def read_body(request: Request) -> bytes | None:
    """The body, or None where it is longer than any form of ours."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > LARGEST_FORM:
            return None
    return bytes(body)
