"""The grant token in an Authorization header, taken apart. Pure."""

import hashlib
import re

from handler.grants.model import Claim

_TOKEN = re.compile(r"hp_([A-Za-z0-9]{1,64})_([A-Za-z0-9_-]{16,128})")


def claim(authorization: str | None, server: str) -> Claim | None:
    """What the header claims for this server; None where it holds no token of ours."""
    scheme, _, token = (authorization or "").partition(" ")
    found = _TOKEN.fullmatch(token.strip())
    if scheme.lower() != "bearer" or found is None:
        return None
    return Claim(found[1], hashlib.sha256(token.strip().encode()).hexdigest(), server)
