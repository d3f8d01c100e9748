"""Whether the secrets that registrations name can be followed where they are to run. Pure."""

from collections.abc import Iterable, Sequence

from handler.admin.manifest import ServerEntry
from handler.failure import CannotRun


def check(servers: Iterable[ServerEntry], schemes: Sequence[str], world: str) -> None:
    """Raises `CannotRun` naming every header whose reference that world has no way to follow."""
    wrong = [
        f"`servers.{server.name}.headers.{name}` is `{reference}`"
        for server in servers
        for name, reference in server.headers.items()
        if reference.partition(":")[0] not in schemes
    ]
    if wrong:
        known = " or ".join(f"`{scheme}:NAME`" for scheme in schemes)
        raise CannotRun(f"{'; '.join(wrong)}: the gateway of {world} reads {known} only")
