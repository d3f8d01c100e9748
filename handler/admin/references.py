"""Whether the secrets that registrations name can be followed where they are to run. Pure."""

from collections.abc import Iterable, Sequence

from handler.admin.manifest import ServerEntry
from handler.failure import CannotRun


def check(servers: Iterable[ServerEntry], schemes: Sequence[str], world: str) -> None:
    """Raises `CannotRun` naming every header and variable that world has no way to fill.

    A program is started by a gateway on this machine only, where references are to variables.
    """
    servers = tuple(servers)
    wrong = [
        f"`servers.{server.name}.{member}.{name}` is `{reference}`"
        for server in servers
        for member, references in (("headers", server.headers), ("env", server.env))
        for name, reference in references.items()
        if reference.partition(":")[0] not in schemes
    ]
    programs = [server.name for server in servers if server.command]
    if programs and "env" not in schemes:
        raise CannotRun(
            f"`servers.{programs[0]}` has a `command`, and {world} starts no programs; "
            "serve it on a machine with `holdpoint serve`"
        )
    if wrong:
        known = " or ".join(f"`{scheme}:NAME`" for scheme in schemes)
        raise CannotRun(f"{'; '.join(wrong)}: the gateway of {world} reads {known} only")
