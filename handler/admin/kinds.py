"""The kinds of text that members of a gateway.json hold, and what is wrong with others.

Must not know which member is which. A member that is not there, or not a text, gives an empty one.
"""

import re
from datetime import datetime
from urllib.parse import urlsplit

from handler.admin.members import Member

ADDRESS = re.compile(r"[^@\s,;<>]+@[^@\s,;<>]+")
ORIGIN = re.compile(r"https?://([a-z0-9.-]+|\[[0-9a-f:]+\])(:[0-9]{1,5})?")
SECRET = re.compile(r"(env|ssm|secretsmanager):\S+")


def url(member: Member) -> str:
    """An absolute address, http or https."""
    text = member.text()
    if text and not _is_endpoint(text):
        member.fault("must be an absolute http or https URL without a user name in it")
    return text


def _is_endpoint(text: str) -> bool:
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        return False
    return (
        parts.scheme in ("http", "https")
        and bool(parts.hostname)
        and "@" not in parts.netloc
        and port != 0
    )


def address(member: Member, default: str) -> str:
    """Of mail."""
    return member.matching(ADDRESS, "must be a mail address") if member.present else default


def addresses(member: Member) -> tuple[str, ...]:
    """A list of mail addresses."""
    return tuple(item.matching(ADDRESS, "must be a mail address") for item in member.items())


def origins(member: Member) -> tuple[str, ...]:
    """A list of web origins."""
    text = "must be an origin as browsers write it, such as `https://inspector.example.com`"
    return tuple(item.matching(ORIGIN, text) for item in member.items())


def moment(member: Member) -> float | None:
    """POSIX seconds, of a time with its zone."""
    if not member.present:
        return None
    try:
        found = datetime.fromisoformat(member.text())
    except ValueError:
        found = None
    if found is None or found.tzinfo is None:
        member.fault("must be a time with its zone, such as `2027-01-31T00:00:00Z`")
        return None
    return found.timestamp()


def secret(member: Member, example: str) -> str:
    """A reference to a secret."""
    return member.matching(
        SECRET, f"must be a reference to a secret, such as `{example}`, not a value"
    )


def references(member: Member, names: re.Pattern[str]) -> dict[str, str]:
    """Names of the author's choosing, each with a reference to a secret."""
    return {each.name: secret(each, "env:STRIPE_KEY") for each in member.entries(names)}
