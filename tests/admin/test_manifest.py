"""gateway.json is read strictly: everything wrong with it is said at once, by name."""

import json
from pathlib import Path
from typing import Any

import pytest

from handler.admin.gateway_json import ManifestError, load, parse
from handler.notify.smtp import Security

SMALLEST: dict[str, Any] = {
    "servers": {"stripe": {"upstream": "https://mcp.example.com/mcp", "policies": {"p": "p.json"}}},
    "grants": {"agent": {"server": "stripe", "policy": "p"}},
}


def faults(document: Any) -> list[str]:
    with pytest.raises(ManifestError) as caught:
        parse(json.dumps(document).encode())
    return [str(fault) for fault in caught.value.faults]


def changed(**members: Any) -> dict[str, Any]:
    return {**SMALLEST, **members}


def test_policy_paths_are_taken_from_the_files_own_folder(tmp_path: Path) -> None:
    (tmp_path / "gateway.json").write_text(json.dumps(SMALLEST))
    manifest = load(tmp_path / "gateway.json")
    assert manifest.servers[0].policies == {"p": tmp_path / "p.json"}


def test_a_slash_at_the_end_of_the_public_url_is_no_part_of_addresses() -> None:
    text = json.dumps(changed(public_url="https://gateway.example/")).encode()
    assert parse(text).public_url == "https://gateway.example"


def test_everything_that_is_wrong_is_said_at_once() -> None:
    document = {
        "servers": {
            "a": {"upstream": "ftp://x", "policies": {"p": ""}, "headers": {"X-Key": "secret"}}
        },
        "grants": {"agent": {"server": "b", "expires_at": "tomorrow"}},
        "mail": {"smtp": {"port": 0, "username": "u"}},
        "aprovals": {},
    }
    assert faults(document) == [
        "`aprovals` is not a member that is known here; did you mean `approvals`?",
        "`servers.a.upstream` must be an absolute http or https URL without a user name in it",
        "`servers.a.policies.p` must be a text that is not empty",
        "`servers.a.headers.X-Key` must be a reference to a secret, such as `env:STRIPE_KEY`, "
        "not a value",
        "`grants.agent.server` is `b`; it must be one of `a`",
        "`grants.agent.expires_at` must be a time with its zone, such as `2027-01-31T00:00:00Z`",
        "`mail.smtp` has `username` without `password`, or the reverse: give both or neither",
        "`mail.smtp.host` is missing",
        "`mail.smtp.port` must be a whole number from 1 to 65535",
    ]


@pytest.mark.parametrize(
    ("document", "fault"),
    [
        ([], "must be an object"),
        ({"servers": {}}, "`grants` is missing"),
        (
            {"servers": {"s": {"upstream": "http://127.0.0.1/", "policies": {}}}, "grants": {}},
            "`servers.s.upstream` must be https; plain http is for a server on this machine",
        ),
        (changed(servers=[]), "`servers` must be an object"),
        (changed(servers={"S": {}}), "`servers.S` is not a name that can be used here"),
        (changed(grants={"g": {"server": "stripe", "policy": "q"}}), "must be one of `p`"),
        (changed(grants={"g": {"server": "stripe", "tags": "a"}}), "must be a list"),
        (changed(approvals={"approvers": ["ops"]}), "`approvals.approvers[0]` must be a mail"),
        (changed(approvals={"approvers": ["a@b\nBcc: c@d"]}), "must be a mail address"),
        (changed(public_url="http://u@h/"), "without a user name"),
        (changed(public_url="http://h:99999/"), "must be an absolute http or https URL"),
        (changed(allowed_origins=["*"]), "`allowed_origins[0]` must be an origin"),
        (changed(allowed_origins=["https://a.example/"]), "must be an origin as browsers write it"),
        (changed(allowed_origins="https://a.example"), "must be a list"),
        (changed(mail={"smtp": {"host": "h", "port": True}}), "must be a whole number"),
        (changed(retention_days=-1), "must be a whole number from 0 to 36500"),
        (changed(retention_days="90"), "must be a whole number from 0 to 36500"),
    ],
)
def test_each_fault_names_its_member(document: Any, fault: str) -> None:
    assert any(fault in each for each in faults(document)), faults(document)


@pytest.mark.parametrize("text", [b"", b"{", b"\xff", b'{"grants": {}, "grants": {}}', b"[" * 9000])
def test_a_text_that_is_not_one_json_document_is_one_fault(text: bytes) -> None:
    with pytest.raises(ManifestError) as caught:
        parse(text)
    assert len(caught.value.faults) == 1
    assert str(caught.value).startswith("gateway.json: not a JSON document: ")


@pytest.mark.parametrize(("document", "days"), [({}, 90), ({"retention_days": 0}, 0)])
def test_history_is_kept_for_ninety_days_unless_the_file_says_otherwise(
    document: dict[str, Any], days: int
) -> None:
    assert parse(json.dumps(changed(**document)).encode()).retention_days == days


def test_a_mail_server_has_safe_defaults() -> None:
    smtp = parse(json.dumps(changed(mail={"smtp": {"host": "h"}})).encode()).smtp
    assert smtp is not None
    assert (smtp.port, smtp.security, smtp.password) == (587, Security.STARTTLS, None)
