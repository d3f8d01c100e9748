"""The operators' commands on a data folder: what they print, refuse, and leave alone."""

import asyncio
import json
import os
import pty
import sqlite3
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from compiler.values import Value
from handler.approvals.vault import Vault
from handler.cli import main as command_line
from handler.cli.printing import cell
from handler.cli.times import ago
from handler.entry.folder import Folder, derived
from handler.failure import CannotRun
from handler.gateway import definitions
from handler.sealing import Sealer
from handler.stores.base import Store
from handler.stores.ledger import Held
from handler.stores.sqlite import SQLiteStore
from tests.stores import samples

THEN = time.time() // 60 * 60 - 3600
"""An hour ago by the machine's clock, which is the commands' own; and a whole minute."""

OPEN = {"version": "1", "default": "deny", "tools": {"send": {}}}
CLOSED = {"version": "1", "default": "deny", "tools": {"list": {}}}


class Desk:
    """An operator at a data folder, and what the last command printed."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder, self.data, self._capsys = folder, folder / "data", capsys
        self.out = self.err = ""

    def run(self, *arguments: str) -> int:
        code = command_line.main([*arguments, "--data", str(self.data)])
        self.out, self.err = self._capsys.readouterr()
        return code

    def reads(self, *arguments: str) -> Any:
        assert self.run(*arguments, "--format", "json") == 0, self.err
        return json.loads(self.out)

    def manifest(self, policy: Any = OPEN, **server: Any) -> str:
        (self.folder / "p.json").write_text(json.dumps(policy, indent=1))
        entry = {"upstream": "https://shop.example/mcp", "policies": {"p": "p.json"}, **server}
        document = {
            "servers": {"shop": entry},
            "grants": {"agent": {"server": "shop", "policy": "p"}},
        }
        file = self.folder / "gateway.json"
        file.write_text(json.dumps(document))
        return str(file)

    def in_store(self, act: Callable[[Store], Awaitable[None]]) -> None:
        async def whole() -> None:
            self.data.mkdir(mode=0o700, exist_ok=True)
            store = SQLiteStore(self.data / "holdpoint.sqlite")
            try:
                await act(store)
            finally:
                await store.close()

        asyncio.run(whole())


@pytest.fixture
def desk(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Desk:
    return Desk(tmp_path, capsys)


@pytest.fixture
def applied(desk: Desk) -> Desk:
    assert desk.run("apply", desk.manifest(), "--yes") == 0, desk.err
    return desk


def on_a_terminal(typed: str, *arguments: str) -> tuple[int, str]:
    """The exit code and everything that is shown where all of it is a terminal."""
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "handler.cli.main", *arguments],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
    ) as process:
        os.close(theirs)
        os.write(ours, typed.encode())
        shown = b""
        while True:
            try:
                part = os.read(ours, 4096)
            except OSError:  # the other side was closed
                break
            if not part:
                break
            shown += part
    os.close(ours)
    return process.returncode, shown.decode()


def test_nobody_to_ask_means_that_nothing_is_applied(desk: Desk) -> None:
    assert desk.run("apply", desk.manifest()) == 2
    assert "give --yes to apply, or --dry-run to look" in desk.err
    assert not desk.data.exists()


def test_a_dry_run_shows_everything_and_changes_nothing(desk: Desk) -> None:
    assert desk.run("apply", desk.manifest(), "--dry-run") == 1
    assert "create server shop" in desk.out and "create grant agent" in desk.out
    assert not desk.data.exists()


def test_applying_again_says_that_there_is_nothing_to_do(applied: Desk) -> None:
    assert "holdpoint grant token" in applied.err
    assert applied.run("apply", applied.manifest(), "--yes") == 0
    assert applied.out.splitlines()[0] == "nothing to change"
    assert applied.out.splitlines()[-1] == "left as it is: server shop, grant agent"
    assert applied.run("apply", applied.manifest(), "--dry-run") == 0


def test_a_plan_shows_how_a_policy_differs_by_revision_and_text(applied: Desk) -> None:
    assert applied.run("apply", applied.manifest(CLOSED), "--dry-run") == 1
    assert "policy p of server shop, " in applied.out and " -> " in applied.out
    assert " differs from " in applied.out and "wider: `list`: denied" in applied.out
    assert '  -  "send": {}' in applied.out and '  +  "list": {}' in applied.out
    assert applied.run("apply", applied.manifest(CLOSED), "--dry-run", "--format", "json") == 1
    plan = json.loads(applied.out)
    assert [step["change"] for step in plan["steps"]] == ["change"]
    (policy,) = plan["policies"]
    assert len(policy["before"]) == len(policy["after"]) == 64
    assert policy["answers"]["relation"] == "different"


def test_putting_a_policy_says_whether_it_is_wider_or_narrower(applied: Desk) -> None:
    file = applied.folder / "q.json"
    file.write_text(json.dumps({**OPEN, "tools": {"send": {}, "pay": {}}}))
    assert applied.run("policy", "put", "shop", "p", str(file)) == 0
    assert " is wider than " in applied.out and '"tool": "pay"' in applied.out
    assert applied.run("policy", "rollback", "shop", "p") == 0
    assert " is narrower than " in applied.out


@pytest.mark.parametrize(("typed", "code"), [("n\n", 1), ("\n", 1), ("y\n", 0)])
def test_who_is_asked_decides(desk: Desk, typed: str, code: int) -> None:
    ended, shown = on_a_terminal(typed, "apply", desk.manifest(), "--data", str(desk.data))
    assert ended == code and "create server shop" in shown and "[y/N]" in shown
    assert len(desk.reads("grant", "list")) == (1 if code == 0 else 0)


def test_a_policy_that_does_not_compile_applies_nothing(applied: Desk) -> None:
    assert applied.run("apply", applied.manifest({"version": "2"}), "--yes") == 2
    assert "does not compile" in applied.err
    assert applied.run("apply", applied.manifest(), "--dry-run") == 0


def test_a_reference_that_this_world_cannot_follow_is_refused(desk: Desk) -> None:
    file = desk.manifest(headers={"Authorization": "ssm:/holdpoint/x/shop"})
    assert desk.run("apply", file, "--yes") == 2
    assert "`servers.shop.headers.Authorization` is `ssm:/holdpoint/x/shop`" in desk.err
    assert "reads `env:NAME` only" in desk.err


def test_a_token_is_shown_once_on_a_terminal_and_nowhere_else(applied: Desk) -> None:
    assert applied.run("grant", "token", "agent") == 2
    assert "is not a terminal" in applied.err
    assert applied.reads("grant", "show", "agent")["tokens"] == 0
    code, shown = on_a_terminal("", "grant", "token", "agent", "--data", str(applied.data))
    (token,) = (line for line in shown.splitlines() if line.startswith("hp_"))
    assert code == 0 and shown.count(token) == 1
    assert applied.reads("grant", "show", "agent")["tokens"] == 1
    assert token.encode() not in (applied.data / "holdpoint.sqlite").read_bytes()


def test_a_token_goes_into_a_new_file_of_its_owner_alone(applied: Desk) -> None:
    out = applied.folder / "token"
    assert applied.run("grant", "token", "agent", "--out", str(out)) == 0
    assert out.read_text().startswith("hp_") and out.stat().st_mode & 0o777 == 0o600
    before = out.read_text()
    assert applied.run("grant", "token", "agent", "--out", str(out)) == 2
    assert "is there already" in applied.err and out.read_text() == before
    assert applied.reads("grant", "show", "agent")["tokens"] == 1


def test_no_file_is_left_where_no_token_was_made(applied: Desk) -> None:
    (grant,) = applied.reads("grant", "list")
    applied.run("grant", "revoke", "agent")
    out = applied.folder / "token"
    assert applied.run("grant", "token", grant["id"], "--out", str(out)) == 2
    assert "revoked, which is final" in applied.err and not out.exists()


READERS = [
    ("grant", "list"),
    ("server", "list"),
    ("policy", "history", "shop", "p"),
    ("approvals", "list"),
    ("log", "tail"),
    ("pause", "--all"),
    ("grant", "revoke", "agent"),
]


@pytest.mark.parametrize("command", READERS, ids=" ".join)
def test_a_data_folder_that_is_not_there_is_said_and_not_made(
    desk: Desk, command: Sequence[str]
) -> None:
    assert desk.run(*command) == 2
    assert "there is no gateway in the data folder" in desk.err
    assert not desk.data.exists()


def test_a_server_is_added_with_its_policy_and_listed_in_columns(desk: Desk) -> None:
    desk.manifest()
    policy = f"main={desk.folder / 'p.json'}"
    upstream = ("--upstream", "https://bank.example/mcp")
    assert desk.run("server", "add", "bank", *upstream, "--policy", policy) == 0, desk.err
    assert desk.run("server", "list") == 0
    heading, row = desk.out.splitlines()
    assert heading.index("UPSTREAM") == row.index("https://bank.example/mcp")
    assert heading.index("POLICIES") == row.index("main ")
    assert desk.run("server", "add", "x", "--upstream", "http://bank.example/mcp") == 2
    assert "must be https" in desk.err
    assert desk.run("server", "add", "x", *upstream, "--header", "nothing") == 2
    assert "must have the form NAME=VALUE" in desk.err
    assert desk.run("grant", "create", "teller", "--server", "bank", "--policy", "main") == 0
    assert desk.reads("server", "show", "bank")["grants"] == ["teller"]


def test_a_server_is_added_with_narrowed_schemas_only_where_asked(desk: Desk) -> None:
    desk.manifest()
    of = ("--upstream", "https://bank.example/mcp", "--policy", f"main={desk.folder / 'p.json'}")
    assert desk.run("server", "add", "bank", *of, "--narrow") == 0, desk.err
    assert desk.run("server", "add", "shop", *of) == 0, desk.err
    assert [each["narrow"] for each in desk.reads("server", "list")] == [True, False]
    assert desk.run("server", "list") == 0 and "NARROW" in desk.out


def test_the_source_of_a_policy_comes_back_byte_for_byte(applied: Desk) -> None:
    source = applied.folder / "odd.json"
    source.write_bytes('{"version":"1",\r\n "default": "deny", "hide": ["é"]}\n'.encode())
    assert applied.run("policy", "put", "shop", "p", str(source)) == 0
    assert applied.run("policy", "show", "shop", "p") == 0
    assert applied.out.encode() == source.read_bytes()
    first = applied.reads("policy", "history", "shop", "p")[0]["revision"]
    assert applied.run("policy", "show", "shop", "p", "--revision", first[:8]) == 0
    assert json.loads(applied.out) == OPEN


def test_an_approval_past_its_deadline_is_shown_as_expired_though_nobody_wrote_it(
    desk: Desk,
) -> None:
    old = replace(samples.approval(), created_at=THEN, deadline=THEN + 1800, changed_at=THEN)

    async def hold(store: Store) -> None:
        await store.ledger.put_grant(replace(samples.grant(), expires_at=None))
        assert await store.ledger.hold(samples.claim(), old, THEN, 5) == Held(old)

    desk.in_store(hold)
    assert desk.reads("approvals", "list") == []
    (one,) = desk.reads("approvals", "list", "--all")
    assert (one["id"], one["status"]) == ("a1", "expired")
    assert desk.run("approvals", "approve", "a1", "--as", "ops@example.com") == 2
    assert "it is expired" in desk.err
    assert desk.run("approvals", "show", "nothing") == 2
    assert "there is no held call `nothing`" in desk.err


def test_no_line_of_a_value_passes_for_another_argument_on_a_terminal(desk: Desk) -> None:
    arguments: dict[str, Value] = {"memo": '"\n  amount  5', "amount": 9_000, "to": "p\u0430ypal"}
    desk.data.mkdir(mode=0o700)
    sealer = Sealer([derived(Folder.open(desk.data).key("deployment"), "seal")])

    async def hold(store: Store) -> None:
        await store.ledger.put_grant(samples.grant())
        await store.ledger.hold(samples.claim(), samples.approval(), samples.NOW, 5)
        await Vault(store.payloads, sealer).keep_arguments("a1", arguments, 1e12)

    desk.in_store(hold)
    assert desk.run("approvals", "show", "a1") == 0, desk.err
    lines = desk.out.partition("\narguments\n")[2].splitlines()
    assert [line for line in lines if line.startswith("  amount")] == ["  amount  9000"]
    assert "look closely: “p\\u{430}ypal” mixes" in desk.out


def at(seconds: float) -> str:
    """So long after `THEN`."""
    return f"{datetime.fromtimestamp(THEN + seconds, UTC):%Y-%m-%dT%H:%M:%SZ}"


def decided(call: str, **facts: Any) -> dict[str, Any]:
    return {
        "record": "decided",
        "call": call,
        "at": THEN,
        "grant": "g1",
        "label": "agent",
        "server": "shop",
        "tool": "send",
        "arguments": ["to"],
        "revision": None,
        "effect": "allow",
        "place": None,
        "charges": [],
        **facts,
    }


def ended(call: str) -> dict[str, Any]:
    return {
        "record": "ended", "call": call, "at": THEN + 1, "outcome": "answered",
        "detail": "", "refunded": False,
    }  # fmt: skip


RULE = {"rule": "/tools/send/deny_if/args.to-eq", "index": 0, "line": 7}
RECORDS = [
    decided("one"),
    decided("two", effect="deny", place=RULE),
    decided("three", label="other", grant="g2", tool="pay\x1b[2J", server="bank"),
    ended("one"),
    decided("four", at=THEN + 60, trace="0af7"),
]
FILTERS: dict[str, tuple[Sequence[str], set[str]]] = {
    "nothing": ((), {"one", "two", "three", "four"}),
    "a grant's name": (("--grant", "other"), {"three"}),
    "a grant's id": (("--grant", "g1"), {"one", "two", "four"}),
    "a server": (("--server", "bank"), {"three"}),
    "a tool": (("--tool", "pa*"), {"three"}),
    "an effect": (("--effect", "deny"), {"two"}),
    "a rule": (("--rule", "*/deny_if/*"), {"two"}),
    "a call": (("--call", "one"), {"one"}),
    "a trace": (("--trace", "0af7"), {"four"}),
    "a time": (("--until", at(30)), {"one", "two", "three"}),
    "two together": (("--grant", "agent", "--effect", "deny"), {"two"}),
}


async def tell(store: Store) -> None:
    for record in RECORDS:
        await store.journal.append(record)


@pytest.mark.parametrize(("options", "calls"), FILTERS.values(), ids=FILTERS)
def test_the_log_is_searched_by(desk: Desk, options: Sequence[str], calls: set[str]) -> None:
    desk.in_store(tell)
    since = ("--since", at(-3600))
    assert desk.run("log", "search", *since, *options, "--format", "json") == 0, desk.err
    found = [json.loads(line) for line in desk.out.splitlines()]
    assert {record["call"] for record in found} == calls
    ends = [record["call"] for record in found if record["record"] == "ended"]
    assert ends == (["one"] if "one" in calls else [])


def test_the_newest_records_are_shown_for_people_and_no_terminal_obeys_them(desk: Desk) -> None:
    desk.in_store(tell)
    assert desk.run("log", "tail", "--lines", "4") == 0
    lines = desk.out.splitlines()
    assert lines[0] == (
        f"{at(0)}  two  deny  agent  shop/send(to)  /tools/send/deny_if/args.to-eq line 7"
    )
    assert lines[1].endswith("other  bank/pay\\u{1b}[2J(to)  -")
    assert lines[2] == f"{at(1)}  one  ended  answered"


def test_text_of_agents_is_shown_without_what_a_terminal_would_obey() -> None:
    assert cell("tool", ["a\x1b[31m", "b\u202e"]) == "a\\u{1b}[31m, b\\u{202e}"


def test_times_are_spans_that_went_by_or_moments_with_a_zone() -> None:
    assert ago("90s", 1000.0) == 910.0
    assert ago("2h", 10_000.0) == 2_800.0
    assert ago("2020-01-01T13:00:00+01:00", 0.0) == 1_577_880_000
    for wrong in ("2020-01-01T12:00:00", "h", "-1h", ""):
        with pytest.raises(CannotRun, match="is not a time"):
            ago(wrong, 0.0)


def test_drift_is_listed_with_what_it_breaks_and_accepted(desk: Desk) -> None:
    rule = {"conditions": [{"path": "args.amount", "op": "gt", "value": 5}]}
    policy = {"version": "1", "default": "deny", "tools": {"pay": {"deny_if": [rule]}}}
    assert desk.run("apply", desk.manifest(policy, drift="hold"), "--yes") == 0, desk.err
    assert desk.run("drift", "list") == 0 and "as it was accepted" in desk.out
    before = '{"inputSchema":{"properties":{"amount":{"type":"number"}}},"name":"pay"}'
    after = '{"description":"\\u202e","inputSchema":{"properties":{}},"name":"pay"}'

    async def seen(store: Store) -> None:
        first = definitions.first("shop", {"pay": before}, THEN)
        now = definitions.noted(first, {"pay": after}, whole=True, now=THEN)
        assert await store.definitions.replace(None, first)
        assert await store.definitions.replace(first, now)

    desk.in_store(seen)
    assert desk.run("drift", "list", "shop") == 1
    assert "shop: pay is changed" in desk.out and "(drift: hold)" in desk.out
    assert "args.amount is gone" in desk.out and "line " in desk.out
    assert "\u202e" not in desk.out and "u{202e}" in desk.out
    assert desk.run("drift", "list", "--format", "json") == 1
    (fact,) = json.loads(desk.out)
    assert fact["lost"][0]["why"] == "is gone" and fact["standing"] == "changed"
    assert desk.run("drift", "accept", "shop", "pya") == 2 and "pay" in desk.err
    assert desk.run("drift", "accept", "shop", "pay") == 0 and "accepted pay" in desk.err
    assert desk.run("drift", "list") == 0
    assert desk.run("drift", "accept", "nowhere") == 2


def test_applying_lists_what_was_made_by_hand_and_leaves_it(desk: Desk) -> None:
    desk.run("apply", desk.manifest(), "--yes")
    assert desk.run("grant", "create", "trial", "--server", "shop", "--policy", "p") == 0
    assert desk.run("apply", desk.manifest(), "--yes") == 0
    assert "made by hand, so it stays: grant trial" in desk.out
    assert desk.reads("apply", desk.manifest(), "--yes")["by_hand"] == ["grant trial"]
    made = {grant["name"]: grant["made_by"] for grant in desk.reads("grant", "list")}
    assert made == {"agent": "file", "trial": "hand"}
    assert desk.reads("server", "show", "shop")["made_by"] == "file"


def test_applying_that_is_stopped_on_the_way_says_so_and_goes_on_when_it_is_run_again(
    desk: Desk,
) -> None:
    """The store takes the server and then nothing more, as where a disk fills up."""
    assert desk.run("apply", desk.manifest(), "--yes") == 0
    assert desk.run("apply", desk.manifest(policy=CLOSED), "--dry-run") == 1
    file = Path(desk.manifest(policy=CLOSED))
    document = json.loads(file.read_text())
    document["grants"]["second"] = {"server": "shop", "policy": "p"}
    file.write_text(json.dumps(document))
    with closing(sqlite3.connect(desk.data / "holdpoint.sqlite")) as database:
        full = "CREATE TRIGGER full BEFORE INSERT ON grants BEGIN SELECT RAISE(ABORT, 'full'); END"
        database.execute(full)
        assert desk.run("apply", str(file), "--yes") == 2
        assert "stopped on the way" in desk.err and "run it again" in desk.err
        assert desk.reads("grant", "list")[0]["name"] == "agent"
        database.execute("DROP TRIGGER full")
    assert desk.run("apply", str(file), "--yes") == 0, desk.err
    assert desk.out.splitlines()[0].startswith("create grant second")
    assert "server shop" in desk.out.partition("left as it is")[2]


def test_a_grant_that_is_revoked_twice_is_said_to_be_revoked(applied: Desk) -> None:
    assert applied.run("grant", "revoke", "agent") == 0
    assert applied.run("grant", "revoke", "agent") == 2
    assert "the grant `agent` is revoked, which is final" in applied.err


def test_a_command_that_is_suggested_is_for_the_same_gateway(applied: Desk) -> None:
    assert applied.run("grant", "create", "other", "--server", "shop") == 0
    assert f"`holdpoint grant token other --data {applied.data}`" in applied.err
