"""The pages behind links, over HTTP."""

import re
from html import unescape
from pathlib import Path
from typing import Any

import httpx2
import pytest
from starlette.applications import Starlette

from handler.approvals.lifecycle import Terms
from handler.approvals.links import form_token, mint
from handler.approvals.pages.routes import routes
from handler.approvals.ports import Workflow
from handler.stores.base import StoreUnavailable
from handler.stores.ledger import Ledger
from tests.approvals.world import BASE_URL, KEY, START, Deaf, World, browser, hold, play

SECURITY = {
    "referrer-policy": "no-referrer",
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
}


async def post(
    client: httpx2.AsyncClient, link: str, answer: str = "approve", **changes: str
) -> httpx2.Response:
    """The form as a browser sends it from the page, with changes to its fields."""
    fields = {"token": form_token(KEY, link), "answer": answer, "note": "", **changes}
    headers = {"Origin": "null", "Sec-Fetch-Site": "same-origin"}
    return await client.post(f"/approve/{link}", data=fields, headers=headers)


def test_the_page_shows_who_wants_what_with_which_arguments_and_why(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        process = world.process()
        await world.held(process, amount=750, to={"name": "Ann", "tags": ["vip"]}, code="750")
        page = await browser(process).get(f"/approve/{world.links()[0]}")
        text = unescape(re.sub("<[^>]+>", " ", page.text.replace("<wbr>", "")))
        for fact in (
            "Billing agent",
            "create_charge",
            "payments",
            "Charges above 500 need a person.",
            "/tools/create_charge/approve_if/args.amount-gt, line 9",
            "amount  750",
            'code  "750"',
            'name  "Ann"',
            '[0]  "vip"',
            "expires in 30 minutes",
            "18 Nov 2026, 11:36 UTC",
            "5f5f5f5f5f5f5f5f",
        ):
            assert fact in text, fact

    play(tmp_path, scenario)


def test_every_page_has_the_headers_and_neither_script_nor_cookie(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        process = world.process()
        await world.held(process)
        (link,) = world.links()
        client = browser(process)
        answers = [
            await client.get(f"/approve/{link}"),
            await client.get(f"/approve/{mint()}"),
            await client.post(f"/approve/{link}"),
            await post(client, link, token="0" * 64),
            await post(client, link),
            await post(client, link),
        ]
        assert [answer.status_code for answer in answers] == [200, 404, 400, 403, 200, 409]
        for answer in answers:
            assert SECURITY.items() <= dict(answer.headers).items()
            policy = answer.headers["content-security-policy"]
            assert policy.startswith("default-src 'none'; style-src 'sha256-")
            assert policy.endswith("frame-ancestors 'none'; form-action 'self'; base-uri 'none'")
            assert "set-cookie" not in answer.headers
            assert "<script" not in answer.text
        await process.workflow.settled()

    play(tmp_path, scenario)


def test_get_and_head_change_nothing(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        process = world.process()
        approval = await world.held(process)
        before = await process.approvals.current(approval.id)
        client = browser(process)
        for link in (*world.links(), mint()):
            for query in ("", "?answer=approve&token=" + form_token(KEY, link)):
                await client.get(f"/approve/{link}{query}")
                await client.head(f"/approve/{link}{query}")
        await process.workflow.settled()
        assert await process.approvals.current(approval.id) == before
        assert world.executor.sent == []

    play(tmp_path, scenario)


@pytest.mark.parametrize(
    ("answer", "title", "status", "sent"),
    [("approve", "Approved", "executed", 1), ("reject", "Rejected", "rejected", 0)],
)
def test_the_buttons_decide(
    tmp_path: Path, answer: str, title: str, status: str, sent: int
) -> None:
    async def scenario(world: World) -> None:
        process = world.process()
        approval = await world.held(process)
        response = await post(browser(process), world.links()[0], answer, note="seen\r\nby me")
        await process.workflow.settled()
        assert (response.status_code, f"<h1>{title}</h1>" in response.text) == (200, True)
        assert (await world.status(approval.id), len(world.executor.sent)) == (status, sent)
        (said,) = await world.store.answers.answers(approval.id)
        assert said.note == "seen\nby me"

    play(tmp_path, scenario)


def test_wrong_used_and_expired_links_look_alike_to_the_byte(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        process = world.process()
        client = browser(process)
        await world.held(process, hold("used@example.com"), amount=1)
        await world.held(process, hold("late@example.com"), amount=2)
        used, late = world.links("used@example.com")[0], world.links("late@example.com")[0]
        await post(client, used)
        paths = [used, mint(), "x", "%00", "é", "a" * 5_000]
        closed = [await client.get(f"/approve/{path}") for path in paths]
        world.clock.time += 1800
        closed.append(await client.get(f"/approve/{late}"))
        assert {answer.status_code for answer in closed} == {404}
        assert len({answer.content for answer in closed}) == 1
        assert len({tuple(answer.headers.items()) for answer in closed}) == 1

    play(tmp_path, scenario)


def test_a_wrong_form_token_says_the_same_for_every_link(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        process = world.process()
        approval = await world.held(process)
        client = browser(process)
        tokens = ["", "0" * 64, form_token(KEY, mint()), form_token(b"other", world.links()[0])]
        links = [world.links()[0], mint()]
        refused = [await post(client, link, token=token) for link in links for token in tokens]
        assert {answer.status_code for answer in refused} == {403}
        assert len({answer.content for answer in refused}) == 1
        assert await world.status(approval.id) == "pending"

    play(tmp_path, scenario)


def test_a_form_posted_from_another_site_decides_nothing(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        process = world.process()
        approval = await world.held(process)
        (link,) = world.links()
        fields = {"token": form_token(KEY, link), "answer": "approve", "note": ""}
        foreign = ({"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"})
        for headers in foreign:
            answer = await browser(process).post(f"/approve/{link}", data=fields, headers=headers)
            assert answer.status_code == 403
        assert await world.status(approval.id) == "pending"

    play(tmp_path, scenario)


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"", "application/x-www-form-urlencoded"),
        (b"token={token}&answer=maybe", "application/x-www-form-urlencoded"),
        (b"token={token}&answer=approve&answer=reject", "application/x-www-form-urlencoded"),
        (b"token={token}&answer=approve&note=" + b"x" * 501, "application/x-www-form-urlencoded"),
        (
            b"token={token}&answer=approve&note=" + b"x" * 20_000,
            "application/x-www-form-urlencoded",
        ),
        (b"token={token}&answer=approve" + b"&a=1" * 20, "application/x-www-form-urlencoded"),
        (b"token={token}&answer=approve\xff", "application/x-www-form-urlencoded"),
        (b"token={token}&answer=approve", "text/plain"),
        (b'{"token":"{token}","answer":"approve"}', "application/json"),
    ],
)
def test_a_form_that_is_not_ours_decides_nothing(tmp_path: Path, body: bytes, kind: str) -> None:
    async def scenario(world: World) -> None:
        process = world.process()
        approval = await world.held(process)
        (link,) = world.links()
        content = body.replace(b"{token}", form_token(KEY, link).encode())
        answer = await browser(process).post(
            f"/approve/{link}", content=content, headers={"Content-Type": kind}
        )
        assert answer.status_code == 400
        assert await world.status(approval.id) == "pending"

    play(tmp_path, scenario)


def test_the_second_of_two_approvers_learns_the_outcome(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        process = world.process()
        await world.held(process, hold("a@example.com", "b@example.com"))
        client = browser(process)
        await post(client, world.links("a@example.com")[0], "reject")
        shown = await client.get(f"/approve/{world.links('b@example.com')[0]}")
        late = await post(client, world.links("b@example.com")[0], "approve")
        for answer, status in ((shown, 200), (late, 409)):
            assert answer.status_code == status
            assert "Already decided: rejected" in answer.text
        await process.workflow.settled()
        assert world.executor.sent == []

    play(tmp_path, scenario)


def test_a_quorum_shows_who_answered_already(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        process = world.process()
        await world.held(process, hold("a@example.com", "b@example.com", quorum=2))
        client = browser(process)
        first = await post(client, world.links("a@example.com")[0], note="checked with Ann")
        assert "Your approval is recorded" in first.text
        page = await client.get(f"/approve/{world.links('b@example.com')[0]}")
        for fact in ("1 of 2 approvals given", "a@example.com", "checked with Ann"):
            assert fact in page.text
        await process.workflow.settled()

    play(tmp_path, scenario)


def test_hostile_arguments_are_shown_and_do_nothing(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        process = world.process()
        hostile = {
            "html": "<script>alert(1)</script><img src=x onerror=alert(1)>",
            "attribute": "\"'><form action=//evil>",
            "bidi": "pay \u202e052 eur",
            "invisible": "a\u200bb",
            "escape": "\x1b[2J\x00",
            "mixed": "p\u0430ypal",
            "<b>name</b>": 1,
        }
        await world.held(process, **hostile)
        page = await browser(process).get(f"/approve/{world.links()[0]}")
        assert page.text.count("<form") == 1
        assert "<script" not in page.text
        assert "<img" not in page.text
        assert "<b>name" not in page.text
        assert not set(page.text) & set("\u202e\u200b\x1b\x00")
        for shown in ("\\u{202e}", "\\u{200b}", "\\u{1b}", "\\u{0}"):
            assert shown in page.text
        assert "mixes Cyrillic and Latin letters" in page.text

    play(tmp_path, scenario)


LONG = {"body": "x" * 25_000, "rows": [f"row {number}" for number in range(3_000)], "last": "end"}


def test_a_long_call_is_shown_whole_in_parts_and_only_the_last_has_the_yes(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        process = world.process()
        held = await world.held(process, **LONG)
        client, path = browser(process), f"/approve/{world.links()[0]}"
        first = (await client.get(path)).text
        assert "<b>Part 1 of 4.</b>" in first and "Read on to approve" in first
        assert "characters 20,001 to 25,000 of 25,000" in first
        pages = [(await client.get(f"{path}?part={number}")).text for number in (1, 2, 3, 4)]
        assert pages[0] == first and "".join(pages).count("x" * 1_000) == 25
        assert all(f"&quot;{row}&quot;" in "".join(pages) for row in (*LONG["rows"], "end"))
        assert ['value="approve"' in page for page in pages] == [False, False, False, True]
        assert all('value="reject"' in page for page in pages)
        assert "not shown" not in "".join(pages)
        for odd in ("5", "9999999"):
            assert (await client.get(f"{path}?part={odd}")).text == pages[3]
        for odd in ("0", "-1", "x", "99999999999", ""):
            assert (await client.get(f"{path}?part={odd}")).text == first
        token = re.search('name="token" value="([0-9a-f]+)"', pages[3])
        assert token is not None
        said = {"token": token[1], "answer": "approve", "note": ""}
        assert (await client.post(f"{path}?part=4", data=said)).status_code == 200
        await process.workflow.settled()
        assert await world.status(held.id) == "executed"

    play(tmp_path, scenario)


@pytest.mark.parametrize("expires_at", [START, START + 9e4], ids=["gone", "changed"])
def test_a_call_that_cannot_be_read_cannot_be_decided_blindly(
    tmp_path: Path, expires_at: float
) -> None:
    async def scenario(world: World) -> None:
        process = world.process()
        approval = await world.held(process)
        await world.store.payloads.put(f"{approval.id}/call", b"changed", expires_at)
        page = await browser(process).get(f"/approve/{world.links()[0]}")
        assert page.status_code == 503
        assert "<form" not in page.text

    play(tmp_path, scenario)


class Away:
    """A ledger that is away."""

    async def approval(self, approval_id: str) -> None:
        raise StoreUnavailable


def test_a_store_that_is_away_shows_one_calm_page(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        await world.held(world.process())
        process = world.process(ledger=Away())
        shown = await browser(process).get(f"/approve/{world.links()[0]}")
        answered = await post(browser(process), world.links()[0])
        for answer in (shown, answered):
            assert answer.status_code == 503
            assert "Please try again in a moment" in answer.text
        assert "Opening the link decides nothing." in shown.text
        assert "It is not known whether your answer was kept." in answered.text

    play(tmp_path, scenario)


class Forgetful:
    """A ledger that breaks off after each step it has done."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def __getattr__(self, name: str) -> Any:
        return getattr(self._ledger, name)

    async def advance(self, *arguments: Any, **options: Any) -> bool:
        await self._ledger.advance(*arguments, **options)
        raise StoreUnavailable("its answer was lost")


def test_an_answer_that_may_have_been_kept_is_not_said_to_be_lost(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        approval = await world.held(world.process())
        process = world.process(ledger=Forgetful(world.store.ledger))
        answered = await post(browser(process), world.links()[0], "reject")
        assert "It is not known whether your answer was kept." in answered.text
        assert await world.status(approval.id) == "rejected"
        again = await post(browser(process), world.links()[0], "reject")
        assert "Already decided: rejected" in again.text

    play(tmp_path, scenario)


def pages_with(world: World, workflow: Workflow) -> httpx2.AsyncClient:
    """A browser of pages whose workflow is this one."""
    desk, clock = world.desk(workflow), world.clock
    found = routes(desk, keys=[KEY], base_url=BASE_URL, clock=clock, terms=Terms())
    transport = httpx2.ASGITransport(Starlette(routes=found))
    return httpx2.AsyncClient(transport=transport, base_url=BASE_URL)


def test_an_approval_that_nobody_could_be_told_of_is_kept_and_pressing_again_runs_it(
    tmp_path: Path,
) -> None:
    async def scenario(world: World) -> None:
        process = world.process()
        approval = await world.held(process)
        deaf = Deaf(process.workflow)
        client, (link,) = pages_with(world, deaf), world.links()
        for _ in range(2):
            told = await post(client, link)
            assert told.status_code == 503
            assert "<h1>Approved, not started yet</h1>" in told.text
            assert "The approval is kept." in told.text and "by 18 Nov 2026, 11:11 UTC" in told.text
            assert await world.status(approval.id) == "approved"
        deaf.away = False
        fields = dict(re.findall(r'name="([^"]+)" value="([^"]*)"', told.text))
        pressed = await post(client, link, **fields)
        assert "Already decided: approved" in pressed.text
        await process.workflow.settled()
        assert await world.status(approval.id) == "executed"
        assert len(world.executor.sent) == 1

    play(tmp_path, scenario)


def test_what_ends_or_still_waits_needs_nobody_to_be_told(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        process = world.process()
        await world.held(process)
        rejected = await post(pages_with(world, Deaf(process.workflow)), world.links()[0], "reject")
        assert rejected.status_code == 200 and "<h1>Rejected</h1>" in rejected.text

    play(tmp_path, scenario)
