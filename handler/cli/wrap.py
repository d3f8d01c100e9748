"""`holdpoint wrap`: a policy in front of a server that an MCP client starts as a program.

The client starts this command in the server's place, and this command starts the server.
"""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from handler import settings
from handler.cli import serve
from handler.failure import CannotRun

if TYPE_CHECKING:
    from handler.admin.manifest import Manifest

OWN = "HOLDPOINT_"
"""Variables that start like this are ours and not the program's."""


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = subparsers.add_parser(
        "wrap",
        help="enforce a policy in front of a program that speaks MCP",
        description="Run a program that speaks MCP over its standard streams, and decide on every "
        "tool call before it sees it. Put this command where a client has the program.",
        epilog="example: holdpoint wrap --policy policy.json -- npx -y some-mcp-server",
    )
    parser.add_argument(
        "--policy", type=Path, required=True, metavar="FILE", help="the policy of every call"
    )
    parser.add_argument(
        "--name", default="server", help="what approvers see the server called (%(default)s)"
    )
    parser.add_argument(
        "--allow",
        action="append",
        default=[],
        metavar="FAMILY",
        help="what passes beside tools, such as resources; may be given more than once",
    )
    serve.add_mail_options(parser.add_argument_group("approvals"))
    serve.add_place_options(parser.add_argument_group("where"), port=0)
    parser.add_argument(
        "program",
        nargs=argparse.REMAINDER,
        metavar="program",
        help="after --: the program and its arguments",
    )


def run(arguments: argparse.Namespace) -> int:
    from handler.entry import local, wrap

    return wrap.run(
        _manifest(arguments),
        local.Site(arguments.data, arguments.host, arguments.port),
        _variables(arguments.smtp_password),
    )


def _manifest(arguments: argparse.Namespace) -> "Manifest":
    """The gateway.json that the options stand for. Raises `CannotRun`."""
    program = arguments.program[1:] if arguments.program[:1] == ["--"] else arguments.program
    if not program:
        raise CannotRun("nothing to wrap: give the program and its arguments after `--`")
    server: dict[str, Any] = {
        "command": program,
        "policies": {"policy": str(arguments.policy)},
        "allow": arguments.allow,
    }
    return serve.manifest_of(serve.document(arguments, arguments.name, server))


def _variables(password: str | None) -> dict[str, str]:
    """What the program inherits: all that the client gave, but what is for us alone."""
    ours = (password or "").removeprefix("env:")
    return {
        name: value
        for name, value in settings.variables().items()
        if not name.startswith(OWN) and name != ours
    }
