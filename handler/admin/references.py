"""Whether the secrets that registrations name can be followed where they are to run. Pure."""

from collections.abc import Iterable, Mapping

from handler.admin.manifest import ServerEntry
from handler.failure import CannotRun

Readable = Mapping[str, str]
"""The kinds of references that a gateway can follow, each with what the names it may read begin
with; empty where it may read all."""


def check(servers: Iterable[ServerEntry], readable: Readable, world: str) -> None:
    """Raises `CannotRun` naming every header and variable that world has no way to fill.

    A program is started by a gateway on this machine only, where references are to variables.
    """
    servers = tuple(servers)
    wrong = [
        f"`servers.{server.name}.{member}.{name}` is `{reference}`"
        for server in servers
        for member, references in (("headers", server.headers), ("env", server.env))
        for name, reference in references.items()
        if not _can_follow(reference, readable)
    ]
    programs = [server.name for server in servers if server.command]
    if programs and "env" not in readable:
        raise CannotRun(
            f"`servers.{programs[0]}` has a `command`, and {world} starts no programs; "
            "serve it on a machine with `holdpoint serve`"
        )
    if wrong:
        known = " or ".join(f"`{scheme}:{start}NAME`" for scheme, start in readable.items())
        raise CannotRun(f"{'; '.join(wrong)}: the gateway of {world} reads {known} only")


def _can_follow(reference: str, readable: Readable) -> bool:
    """A secret may be named by its ARN, which has its name behind `secret:`."""
    scheme, _, name = reference.partition(":")
    if name.startswith("arn:"):
        name = name.partition(":secret:")[2] or name.partition(":parameter")[2]
    return scheme in readable and name.startswith(readable[scheme])
