"""Mails that stay on this machine."""

import asyncio
import os
import stat
from pathlib import Path

import httpx2
import pytest
from starlette.applications import Starlette

from handler.approvals.ports import Mail, Undeliverable
from handler.clock import FixedClock
from handler.notify.outbox import Outbox, routes

START = 1_795_000_000.0


def mail(subject: str = "Approve?") -> Mail:
    return Mail("ops@example.com", subject, "the text", '<p>the html</p><script src="x"></script>')


def get(outbox: Outbox, *paths: str) -> list[httpx2.Response]:
    """The answers to GETs of the outbox's pages."""

    async def fetch() -> list[httpx2.Response]:
        transport = httpx2.ASGITransport(Starlette(routes=routes(outbox)))
        async with httpx2.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
            return [await client.get(path) for path in paths]

    return asyncio.run(fetch())


def test_the_newest_mail_comes_first_and_only_so_many_are_kept(tmp_path: Path) -> None:
    clock = FixedClock(START)
    outbox = Outbox(tmp_path / "outbox", clock, most=3)
    for number in range(5):
        clock.time += 1
        asyncio.run(outbox.send(mail(f"mail {number}")))
    assert [kept.subject for kept in outbox.mails()] == ["mail 4", "mail 3", "mail 2"]


def test_mails_of_one_millisecond_stand_in_the_order_they_were_sent(tmp_path: Path) -> None:
    clock = FixedClock(START)
    outbox = Outbox(tmp_path, clock)
    for number in range(8):
        clock.time += 0.000_05
        asyncio.run(outbox.send(mail(f"mail {number}")))
    expected = [f"mail {number}" for number in reversed(range(8))]
    assert [kept.subject for kept in outbox.mails()] == expected


def test_processes_that_start_together_have_one_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    link = os.link

    def after_another(draft: Path, key: Path) -> None:
        monkeypatch.setattr(os, "link", link)
        others.append(Outbox(tmp_path, FixedClock(START)).key)
        link(draft, key)

    others: list[str] = []
    monkeypatch.setattr(os, "link", after_another)
    own = Outbox(tmp_path, FixedClock(START)).key
    assert [own] == others and len(own) == 43
    assert [file.name for file in tmp_path.iterdir()] == ["key"]


def test_files_are_the_owners_alone(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path / "outbox", FixedClock(START))
    asyncio.run(outbox.send(mail()))
    files = list((tmp_path / "outbox").iterdir())
    assert len(files) == 2
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
    assert stat.S_IMODE((tmp_path / "outbox").stat().st_mode) == 0o700


def test_the_key_stays_and_is_its_own_for_each_outbox(tmp_path: Path) -> None:
    clock = FixedClock(START)
    keys = [Outbox(tmp_path / name, clock).key for name in ("a", "a", "b")]
    assert keys[0] == keys[1] != keys[2]
    assert len(keys[0]) == 43


def test_without_the_key_there_is_nothing(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path, FixedClock(START))
    asyncio.run(outbox.send(mail()))
    (kept,) = outbox.mails()
    keys = ["x", outbox.key[:-1], outbox.key + "x", "é"]
    paths = [f"/outbox/{key}{rest}" for key in keys for rest in ("", f"/{kept.name}")]
    answers = get(outbox, *paths, f"/outbox/{outbox.key}/{'0' * 16}-00000000")
    assert {answer.status_code for answer in answers} == {404}
    assert len({answer.content for answer in answers}) == 1


@pytest.mark.parametrize("name", ["key", "..%2fkey", "../key", "x", "%2e%2e"])
def test_nothing_but_mails_is_shown(tmp_path: Path, name: str) -> None:
    outbox = Outbox(tmp_path, FixedClock(START))
    (answer,) = get(outbox, f"/outbox/{outbox.key}/{name}")
    assert answer.status_code == 404
    assert outbox.key not in answer.text


def test_the_pages_list_and_show_mails_and_a_mails_html_can_do_nothing(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path, FixedClock(START))
    asyncio.run(outbox.send(mail("<b>Approve</b>")))
    (kept,) = outbox.mails()
    here = f"/outbox/{outbox.key}"
    listed, shown, frame = get(outbox, here, f"{here}/{kept.name}", f"{here}/{kept.name}/html")
    assert "&lt;b&gt;Approve&lt;/b&gt;" in listed.text
    assert "the text" in shown.text
    assert "<script" not in shown.text
    assert "<p>the html</p>" in frame.text
    policy = frame.headers["content-security-policy"]
    assert policy.startswith("sandbox allow-popups allow-popups-to-escape-sandbox; ")
    assert "allow-scripts" not in policy
    for answer in (listed, shown, frame):
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["cache-control"] == "no-store"


def test_a_broken_header_is_kept_by_nobody(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path, FixedClock(START))
    with pytest.raises(Undeliverable):
        asyncio.run(outbox.send(mail("a\r\nBcc: b@example.com")))
    assert outbox.mails() == []
