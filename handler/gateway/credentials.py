"""The headers by which an upstream knows us, as its registration refers to them.

Must not keep a value.
"""

from handler.gateway.server import Server
from handler.secrets import SecretMissing, Secrets


async def credentials(server: Server, secrets: Secrets) -> dict[str, str]:
    """Header names and values. Raises `SecretMissing`, also for a value that no header carries."""
    found = {}
    for name, reference in server.headers.items():
        found[name] = await secrets.reveal(reference)
        if not found[name].isprintable():
            raise SecretMissing(f"the secret `{reference}` holds a line break or the like")
    return found
