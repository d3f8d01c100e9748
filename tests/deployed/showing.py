"""What `make emulated` tells a person about the stack, and how it stays for them."""

import asyncio
import signal
import sys

from handler.entry.welcome import GrantFacts, client_configuration
from infra.emulated_stack import NAME
from infra.emulator import KEYS, REGION
from tests.deployed.stage import Deployed

SHOWN = "shown"
"""The label of the grant that is for the person."""


async def facts(deployed: Deployed) -> str:
    """Where the gateway is, a token for it, and what the command line needs to reach the stack."""
    token = await deployed.token(SHOWN)
    grant = GrantFacts(SHOWN, "shop", deployed.url(), "default", token)
    keys = " ".join(f"{name}={text}" for name, text in KEYS.items())
    return f"""
gateway   {deployed.url()}
token     {token}
upstream  {deployed.upstream.url}
policy    {deployed.folder / "policy.json"}: create_refund is held, send_message limited
emulator  export AWS_ENDPOINT_URL={deployed.emulator.url} AWS_DEFAULT_REGION={REGION} {keys}
          then the commands of docs/cli.md take --stack {NAME}

{client_configuration("mcpServers", grant)}
"""


async def stay(deployed: Deployed) -> None:
    """Show every mail as it comes, until Ctrl-C."""
    loop, stopped = asyncio.get_running_loop(), asyncio.Event()
    loop.add_signal_handler(signal.SIGINT, stopped.set)
    loop.add_signal_handler(signal.SIGTERM, stopped.set)
    print("\nthe stack stays until Ctrl-C; mails are shown here", file=sys.stderr)
    showing = asyncio.create_task(_show_mails(deployed))
    try:
        await stopped.wait()
    finally:
        showing.cancel()
        for ending in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(ending)


async def _show_mails(deployed: Deployed) -> None:
    while True:
        mail = await deployed.mailbox.next()
        body = mail.get_body(("plain",))
        print(f"\nmail to {mail['To']}: {mail['Subject']}\n", file=sys.stderr)
        print(body.get_content() if body else "", file=sys.stderr)
