"""Examines the authorities that servers name: whether their tokens can be good.

Must not know HTTP; the door and the look at an issuer's keys are handed in. The keys are looked for
from this machine, and by a forged token from the gateway's own place.
"""

import json
from base64 import urlsafe_b64encode
from collections.abc import Awaitable, Callable, Iterable

from handler.admin.door import Answered, Door, DoorClosed
from handler.admin.findings import Finding, State
from handler.admin.manifest import Manifest
from handler.gateway.server import Server
from handler.oauth.issuer import IssuerFailed
from handler.oauth.model import Authority, Issuer

CountKeys = Callable[[Issuer], Awaitable[int]]
"""How many of an issuer's keys can be used. Raises `IssuerFailed`."""

ISSUER, TOKENS = "issuer", "access tokens"

LETTERS = (
    "give `oauth.issuer` letter for letter as the issuer's metadata has it, or `oauth.jwks` where "
    "it has none"
)


async def examine(
    servers: Iterable[Server], door: Door, keys: CountKeys, gateway_url: str
) -> list[Finding]:
    """A finding for each issuer and for each server that names one; none where no server does."""
    named = [(server, server.oauth) for server in servers if server.oauth is not None]
    issuers = dict.fromkeys(authority.issuer for _, authority in named)
    findings = [await _issuer(issuer, keys) for issuer in issuers]
    for server, authority in named:
        url = f"{gateway_url}/{server.name}"
        try:
            findings.append(await _tokens(server.name, authority, door, url))
        except DoorClosed as closed:
            mend = "look at the stack's GatewayUrl output"
            findings.append(Finding(TOKENS, State.WRONG, f"{url} does not answer: {closed}", mend))
    return findings


async def _issuer(issuer: Issuer, keys: CountKeys) -> Finding:
    try:
        count = await keys(issuer)
    except IssuerFailed as error:
        return Finding(ISSUER, State.WRONG, f"no keys of {issuer.url}: {error}", LETTERS)
    if count:
        return Finding(ISSUER, State.FINE, f"{issuer.url} has {count} keys that can be used")
    mend = "have it sign with RS256 (2048 bits at least) or ES256"
    return Finding(ISSUER, State.WRONG, f"{issuer.url} has no key that can be used", mend)


async def _tokens(server: str, authority: Authority, door: Door, url: str) -> Finding:
    told = await door.metadata(server)
    audience = told.body.get("resource")
    if told.status != 200:
        mend = "read the log group of the gateway function"
        return Finding(TOKENS, State.WRONG, f"{url} has no metadata: HTTP {told.status}", mend)
    if audience != url:
        mend = "set the stack's PublicUrl to the address that clients use, and deploy"
        return Finding(TOKENS, State.WRONG, f"{url} wants the audience {audience}", mend)
    return _turned_away(await door.call(server, forged(authority), "any", {}), url)


def _turned_away(answered: Answered, url: str) -> Finding:
    if answered.status == 401:
        told = f"those for {url} are checked, and a forged one was turned away"
        return Finding(TOKENS, State.FINE, told)
    if "error" in answered.body and "result" not in answered.body:
        mend = "the issuer must be open to the gateway function, which has no private network"
        told = f"{url} cannot check any: it cannot have the issuer's keys"
        return Finding(TOKENS, State.WRONG, told, mend)
    mend = "pause everything, then read the gateway's log: this must never happen"
    return Finding(TOKENS, State.WRONG, f"{url} let a forged one in: {answered.said}", mend)


def forged(authority: Authority) -> str:
    """A token that nobody signed, of a key that is not there: who checks it looks for the keys."""
    header = {"alg": "RS256", "typ": "at+jwt", "kid": "holdpoint-doctor"}
    parts = (json.dumps(part).encode() for part in (header, {"iss": authority.issuer.url}))
    return ".".join(urlsafe_b64encode(part).decode().rstrip("=") for part in (*parts, b"unsigned"))


def misled(manifest: Manifest, gateway_url: str | None) -> str | None:
    """A warning where the file gives another address than the one that tokens must be for."""
    if manifest.oauth is None or manifest.public_url is None or gateway_url is None:
        return None
    if f"{manifest.public_url}/mcp" == gateway_url:
        return None
    return (
        f"warning: access tokens must be for {gateway_url}/NAME; for {manifest.public_url}, the "
        "file's `public_url`, set the stack's PublicUrl parameter"
    )
