"""What an operator does with a deployed stack, and what an agent gets of it."""

import asyncio
import json
import os
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest.mock import patch

import boto3

from handler.admin import apply, grants
from handler.admin.compiling import policies
from handler.admin.gateway_json import parse
from handler.demo.browser import open_page
from handler.entry.stack import Stack, open_stack
from handler.grants.model import Grant
from infra.emulated_stack import NAME
from infra.emulator import Emulator
from tests.end_to_end.stage import Mailbox, Upstream

POLICY: dict[str, Any] = {
    "version": "1",
    "default": "deny",
    "approvals": {"approvers": ["ops@example.com"]},
    "tools": {
        "list_customers": {},
        "send_message": {
            "limits": [{"counter": "messages", "window": 31_622_400, "max": 3, "scope": "grant"}]
        },
        "create_charge": {
            "limits": [
                {"counter": "charges", "window": 31_622_400, "max": 2, "scope": "grant"},
                {"counter": "all", "window": 31_622_400, "max": 1000, "scope": "server"},
            ]
        },
        "create_refund": {"approve_if": [{"conditions": [], "reason": "Refunds need a person."}]},
    },
}


@dataclass(frozen=True)
class Deployed:
    """A stack, its mails, and the upstream behind it."""

    emulator: Emulator
    stack: Stack
    upstream: Upstream
    mailbox: Mailbox
    folder: Path

    def url(self) -> str:
        return f"{self.stack.gateway_url}/shop"

    async def apply(
        self, policy: dict[str, Any], *labels: str, oauth: dict[str, Any] | None = None
    ) -> None:
        """`holdpoint apply` of a server with one policy and these grants beside those there are."""
        (self.folder / "policy.json").write_text(json.dumps(policy))
        known = await apply.current_grants(self.stack.store.ledger)
        document: dict[str, Any] = {
            "servers": {
                "shop": {
                    "upstream": self.upstream.url,
                    "private_network": True,
                    "policies": {"default": "policy.json"},
                }
            },
            "grants": {
                label: {"server": "shop", "policy": "default"} for label in {*known, *labels}
            },
        }
        if oauth is not None:
            document["oauth"] = oauth
        manifest = parse(json.dumps(document).encode(), self.folder)
        plan = await apply.plan(self.stack.store, manifest, policies(manifest).compiled)
        await apply.carry_out(self.stack.store, plan, "ada", time.time())

    async def token(self, label: str) -> str:
        """A new grant of this label, and its token."""
        await self.apply(POLICY, label)
        return await grants.rotate(self.stack.store.ledger, await self.grant(label))

    async def grant(self, label: str) -> Grant:
        return (await apply.current_grants(self.stack.store.ledger))[label]

    async def change(self, label: str, **fields: Any) -> None:
        """Change a grant, as `pause` and `revoke` do."""
        await self.stack.store.ledger.put_grant(replace(await self.grant(label), **fields))

    def log(self, function: str) -> str:
        """The name of a function's log group."""
        return self.stack.outputs["DecisionLog"].replace("/gateway/", f"/{function}/")

    def logs(self) -> str:
        """The newest lines of the functions, for a test that failed."""
        client = boto3.client("logs")
        lines = []
        for function in ("gateway", "approvals", "workflow"):
            events = client.filter_log_events(logGroupName=self.log(function))["events"][-100:]
            lines += [f"{function}: {event['message']}" for event in events]
        client.close()
        return "\n".join(lines)

    async def press(self, link: str, button: str) -> str:
        """Open a link and press a button; the title of the page that answers."""
        page = await asyncio.to_thread(open_page, link)
        return (await asyncio.to_thread(page.press, button, note="Looked at it.")).title


@asynccontextmanager
async def operators(
    emulator: Emulator, upstream: Upstream, mailbox: Mailbox
) -> AsyncIterator[Deployed]:
    with patch.dict(os.environ, emulator.environment, clear=True):  # no AWS identity but its own
        stack = await asyncio.to_thread(open_stack, NAME)
        with TemporaryDirectory() as folder:
            try:
                yield Deployed(emulator, stack, upstream, mailbox, Path(folder))
            finally:
                await stack.close()
