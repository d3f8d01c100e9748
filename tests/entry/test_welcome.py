"""What `serve` prints is complete, and a token is shown only when it was made just now."""

import json
from dataclasses import replace

from handler.entry.welcome import Facts, GrantFacts, ServerFacts, client_configuration, welcome

SERVER = ServerFacts("s", "http://h/mcp/s", "https://up.example/mcp", None, ("p.json",))
GRANT = GrantFacts("agent", "s", "http://h/mcp/s", "p", "hp_id_secret")
FACTS = Facts((SERVER,), (GRANT,), "http://h/outbox/key", None, ".holdpoint")


def test_a_client_configuration_is_json_with_the_url_and_the_token() -> None:
    document = json.loads(client_configuration("mcpServers", GRANT))
    assert document == {
        "mcpServers": {
            "s": {
                "type": "http",
                "url": "http://h/mcp/s",
                "headers": {"Authorization": "Bearer hp_id_secret"},
            }
        }
    }


def test_a_token_made_before_is_not_shown() -> None:
    printed = welcome(replace(FACTS, grants=(replace(GRANT, token=None),)))
    assert "Bearer" not in printed and "as before" in printed


def test_an_unreachable_upstream_stands_out() -> None:
    away = replace(SERVER, unreachable="it does not accept connections")
    assert "NOT REACHABLE: it does not accept connections" in welcome(
        replace(FACTS, servers=(away,))
    )
    assert "NOT REACHABLE" not in welcome(FACTS)


def test_with_a_mail_server_no_outbox_is_named() -> None:
    printed = welcome(replace(FACTS, outbox=None, mail_server="mail.example.com"))
    assert "mail.example.com" in printed and "outbox" not in printed


def test_a_grant_without_a_policy_says_that_it_can_do_nothing() -> None:
    assert "every call is denied" in welcome(replace(FACTS, grants=(replace(GRANT, policy=None),)))
