"""Approval links, and the proof that a form came from the page behind one. Pure but for minting.

A link is a capability: 256 random bits, kept only as a SHA-256. It proves possession of a mailbox
and no more.
"""

import hashlib
import hmac
import re
import secrets
from urllib.parse import urlsplit

SHAPE = re.compile(r"[A-Za-z0-9_-]{43}")
"""32 bytes in URL-safe base64 without padding."""


def mint() -> str:
    """A new link secret of 256 bits, safe in a URL's path."""
    return secrets.token_urlsafe(32)


def link_hash(secret: str) -> str:
    """What is kept of a link: hex SHA-256. A text of any other shape has a hash nobody has."""
    if not SHAPE.fullmatch(secret):
        return ""
    return hashlib.sha256(secret.encode("ascii")).hexdigest()


def form_token(key: bytes, secret: str) -> str:
    """The token that the page behind a link puts in its form: an HMAC over the link's hash."""
    text = f"holdpoint approval form 1\n{link_hash(secret)}"
    return hmac.new(key, text.encode("ascii"), hashlib.sha256).hexdigest()


def is_form_token(key: bytes, secret: str, token: str) -> bool:
    """Whether the form's token belongs to the link; compared in constant time."""
    return hmac.compare_digest(form_token(key, secret).encode(), token.encode())


def is_own_origin(origin: str | None, fetch_site: str | None, base_url: str) -> bool:
    """Whether a POST's Origin and Sec-Fetch-Site headers agree with it coming from our own page.

    Pages sent with `Referrer-Policy: no-referrer` make browsers send `Origin: null` on the form's
    POST (Fetch, "append a request Origin header"), so `null` is accepted where the browser says
    that the request stayed on one origin. Browsers send Sec-Fetch-Site to trustworthy addresses
    only (Fetch Metadata, section 2); on plain http it is absent and the form's token stands alone.
    """
    ours = urlsplit(base_url)
    if fetch_site not in (None, "same-origin"):
        return False
    if origin is None:
        return True
    if origin == "null":
        return fetch_site == "same-origin" or ours.scheme == "http"
    return origin == f"{ours.scheme}://{ours.netloc}"
