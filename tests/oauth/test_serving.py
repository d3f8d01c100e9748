"""`holdpoint serve` with an authorization server in its gateway.json."""

import subprocess
import sys
from pathlib import Path

import httpx2
import pytest

from handler.admin.gateway_json import ManifestError, parse
from tests.clear import CLEAR
from tests.end_to_end.stage import serving, upstream_process, write
from tests.oauth.authority import CLIENT, authorization_server

POLICY = {"version": "1", "default": "deny", "tools": {"list_customers": {}}}
LIST = {"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {}}


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.mark.anyio
async def test_an_access_token_opens_what_its_grant_may_and_an_edit_holds_at_once(
    tmp_path: Path,
) -> None:
    write(tmp_path / "policy.json", POLICY)
    with authorization_server() as issuer:
        async with upstream_process() as upstream:
            server = {
                "upstream": upstream.url,
                "private_network": True,
                "policies": {"main": "policy.json"},
            }
            oauth = {
                "issuer": issuer.issuer,
                "jwks": f"{issuer.issuer}/jwks",
                "private_network": True,
                "grants": [{"claim": "sub", "value": CLIENT, "grant": "agent"}],
            }
            manifest = {
                "servers": {"crm": server},
                "grants": {"agent": {"server": "crm", "policy": "main"}},
                "oauth": oauth,
            }
            path = write(tmp_path / "gateway.json", manifest)
            async with (
                serving(tmp_path / "data", str(path)) as gateway,
                httpx2.AsyncClient(**CLEAR) as http,
            ):
                url = gateway.url("crm")
                for token, status in ((issuer.token(url), 200), (issuer.token(url + "/"), 401)):
                    headers = {"Authorization": f"Bearer {token}"}
                    assert (await http.post(url, json=LIST, headers=headers)).status_code == status
                known = f"{gateway.base}/.well-known/oauth-protected-resource"
                assert (await http.get(known)).json()["resource"] == url
                headers = {"Authorization": f"Bearer {issuer.token(url)}"}
                write(path, {**manifest, "oauth": {**oauth, "issuer": f"{issuer.issuer}/other"}})
                await gateway.child.says(r"reloaded: change server crm: oauth")
                assert "restart" not in gateway.child.text
                assert (await http.post(url, json=LIST, headers=headers)).status_code == 401


def test_an_authorization_server_in_the_clear_and_unknown_grants_are_faults() -> None:
    text = b"""{"servers": {}, "grants": {}, "oauth": {"issuer": "http://as.example",
        "jwks": "ftp://x", "grants": [{"claim": "sub", "value": 7, "grant": "nobody"}]}}"""
    with pytest.raises(ManifestError) as caught:
        parse(text)
    assert {fault.path for fault in caught.value.faults} == {
        "oauth.issuer",
        "oauth.jwks",
        "oauth.grants[0].value",
        "oauth.grants[0].grant",
    }


LOADED = """
import asyncio, pathlib, sys
import handler.entry.gateway
from handler.clock import SystemClock
from handler.gateway.server import Server
from handler.oauth.entrance import Entrance
from handler.oauth.model import Authority, Issuer, Rule
from handler.stores.sqlite import SQLiteStore

async def main():
    store = SQLiteStore(pathlib.Path(sys.argv[1]))
    entrance = Entrance(store.registry, SystemClock(), "https://gateway.example")
    authority = Authority(Issuer("https://login.example"), (Rule("sub", "agent", "g1"),))
    for oauth in (None, authority):
        await store.registry.publish([], [Server("crm", "https://crm.example", oauth=oauth)])
        assert await entrance.claim("a.b.c", "crm") is None
        print(*(name in sys.modules for name in ("jwt", "handler.oauth.keys")))
    await store.close()

asyncio.run(main())
"""


def test_what_checks_signatures_is_loaded_only_where_tokens_are_accepted(tmp_path: Path) -> None:
    command = [sys.executable, "-c", LOADED, str(tmp_path / "store.db")]
    ran = subprocess.run(command, capture_output=True, text=True, check=True)
    assert ran.stdout.splitlines() == ["False False", "True True"]
