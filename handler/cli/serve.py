"""`holdpoint serve`: a gateway on this machine, from a gateway.json or from a policy and a URL.

Turns the short form into the same manifest that a file gives, so that both are read by one parser
and refused with one set of sentences.
"""

import argparse
import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from handler import settings
from handler.failure import CannotRun

if TYPE_CHECKING:
    from handler.admin.manifest import Manifest

LOOPBACK = ("localhost", "127.0.0.1", "::1")

Group = argparse._ArgumentGroup
"""Options that stand together in a command's help."""

OPTIONS = {
    "servers.upstream.upstream": "--upstream",
    "approvals.approvers": "--approver",
    "mail.from": "--mail-from",
    "mail.smtp.password": "--smtp-password",
    "mail.smtp": "--smtp",
    "public_url": "--public-url",
    "retention_days": "--retention-days",
}
"""The member each option of the short form becomes; the first that fits names a fault."""

SHORT_FORM: dict[str, Any] = {
    "private_network": False,
    "approver": [],
    **dict.fromkeys(("policy", "upstream", "smtp", "smtp_username", "smtp_password", "mail_from")),
    **dict.fromkeys(("public_url", "retention_days")),
}
"""The options that stand in for a gateway.json, and what each is where it was not given."""


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = subparsers.add_parser(
        "serve",
        help="run a gateway on this machine",
        description="Run a gateway on this machine: for one server with --policy and --upstream, "
        "or for everything a gateway.json names.",
    )
    parser.add_argument(
        "manifest", nargs="?", type=Path, metavar="gateway.json", help="servers, policies, grants"
    )
    one = parser.add_argument_group("one server, without a gateway.json")
    one.add_argument("--policy", type=Path, metavar="FILE", help="the policy of every call")
    one.add_argument("--upstream", metavar="URL", help="the MCP server behind the gateway")
    one.add_argument(
        "--private-network",
        action="store_true",
        help="let the upstream be on a private address; this machine itself needs no leave",
    )
    add_mail_options(one)
    add_place_options(parser.add_argument_group("where"), port=8787)


def add_mail_options(group: Group) -> None:
    """Declare who is asked and how, where no gateway.json says so."""
    group.add_argument(
        "--approver",
        action="append",
        default=[],
        metavar="ADDRESS",
        help="who is asked where the policy names nobody; may be given more than once",
    )
    group.add_argument(
        "--smtp",
        metavar="URL",
        help="the mail server: smtp://host:port (with STARTTLS, except on this machine) or "
        "smtps://host:port; without one, mails are shown on a local page",
    )
    group.add_argument("--smtp-username", metavar="NAME", help="the account at the mail server")
    group.add_argument(
        "--smtp-password", metavar="REFERENCE", help="where its password is: env:SMTP_PASSWORD"
    )
    group.add_argument("--mail-from", metavar="ADDRESS", help="the sender (holdpoint@localhost)")
    group.add_argument(
        "--public-url",
        metavar="URL",
        help="where approvers reach this gateway, if not at the address it listens on",
    )


def add_place_options(group: Group, port: int) -> None:
    """Declare where things are kept and where to listen; `port` is the default."""
    group.add_argument(
        "--data",
        type=Path,
        default=settings.read().data,
        metavar="FOLDER",
        help="grants, tallies and approvals are kept here (HOLDPOINT_DATA, or .holdpoint)",
    )
    group.add_argument(
        "--retention-days",
        type=int,
        metavar="DAYS",
        help="how long records and finished approvals are kept, 0: for ever (90)",
    )
    group.add_argument("--host", default="127.0.0.1", help="listen on this address (%(default)s)")
    group.add_argument(
        "--port", type=int, default=port, help="listen on this port, 0: any free one (%(default)s)"
    )


def run(arguments: argparse.Namespace) -> int:
    from handler.entry import local

    return local.run(
        read=manifest_source(arguments),
        files=(arguments.manifest,) if arguments.manifest else (),
        place=local.Site(arguments.data, arguments.host, arguments.port),
        rotate=arguments.manifest is None,
    )


def manifest_source(arguments: argparse.Namespace) -> "Callable[[], Manifest]":
    """Reads the manifest, now and at every reload. Raises `CannotRun` with what is wrong."""
    if arguments.manifest is not None:
        _refuse_short_form(arguments)
        from handler.cli.manifest_file import loaded

        return lambda: loaded(arguments.manifest)
    if not (arguments.policy and arguments.upstream):
        raise CannotRun(
            "nothing to serve: give --policy FILE and --upstream URL, or the path of a gateway.json"
        )
    return lambda: manifest_of(_document(arguments))


def _refuse_short_form(arguments: argparse.Namespace) -> None:
    """An option that nobody reads would be a setting that does not hold."""
    given = [name for name, unset in SHORT_FORM.items() if getattr(arguments, name) != unset]
    if given:
        options = ", ".join(f"--{name.replace('_', '-')}" for name in given)
        raise CannotRun(f"with a gateway.json, what {options} would say goes into the file")


def manifest_of(document: dict[str, Any]) -> "Manifest":
    """The manifest that options stand for. Raises `CannotRun`, which names the options."""
    from handler.admin.gateway_json import ManifestError, parse

    try:
        return parse(json.dumps(document).encode(), folder=Path())
    except ManifestError as error:
        faults = "; ".join(f"{_option(fault.path)} {fault.message}" for fault in error.faults)
        raise CannotRun(faults.replace("`private_network: true`", "--private-network")) from error


def _document(arguments: argparse.Namespace) -> dict[str, Any]:
    server = {
        "upstream": arguments.upstream,
        "policies": {"policy": str(arguments.policy)},
        "private_network": arguments.private_network or _is_here(arguments.upstream),
    }
    return document(arguments, "upstream", server)


def _is_here(url: str) -> bool:
    """Whether the URL is of this machine. What is no URL is refused where the manifest is read."""
    try:
        return urlsplit(url).hostname in LOOPBACK
    except ValueError:
        return False


def document(arguments: argparse.Namespace, name: str, server: dict[str, Any]) -> dict[str, Any]:
    """The gateway.json that options stand for: one server, its policy `policy`, one grant."""
    mail: dict[str, Any] = {}
    if arguments.mail_from:
        mail["from"] = arguments.mail_from
    if arguments.smtp:
        mail["smtp"] = _smtp(arguments)
    whole: dict[str, Any] = {
        "servers": {name: server},
        "grants": {"agent": {"server": name, "policy": "policy"}},
        "approvals": {"approvers": arguments.approver},
        "mail": mail,
    }
    if arguments.public_url:
        whole["public_url"] = arguments.public_url
    if arguments.retention_days is not None:
        whole["retention_days"] = arguments.retention_days
    return whole


def _smtp(arguments: argparse.Namespace) -> dict[str, Any]:
    try:
        url = urlsplit(arguments.smtp)
        port = url.port
    except ValueError as error:
        raise CannotRun(f"--smtp `{arguments.smtp}` cannot be read: {error}") from error
    if url.scheme not in ("smtp", "smtps") or not url.hostname or "@" in url.netloc:
        raise CannotRun(
            "--smtp must be smtp://host:port or smtps://host:port; the account goes into "
            "--smtp-username and --smtp-password"
        )
    plain = "none" if url.hostname in LOOPBACK else "starttls"
    server: dict[str, Any] = {
        "host": url.hostname,
        "security": "tls" if url.scheme == "smtps" else plain,
    }
    if port is not None:
        server["port"] = port
    if arguments.smtp_username:
        server["username"] = arguments.smtp_username
    if arguments.smtp_password:
        server["password"] = arguments.smtp_password
    return server


def _option(path: str) -> str:
    return next((option for member, option in OPTIONS.items() if path.startswith(member)), path)
