"""An access token: a JWT that is checked before anything in it is believed (RFC 9068, RFC 8725).

Must not know grants. The algorithm is one of two whatever the token says; issuer and audience are
compared letter for letter, and the audience must be this one resource and no other.
"""

from collections.abc import Mapping
from typing import Any

import jwt

from handler.oauth.keys import KINDS, Keys

LONGEST = 8_192
"""Characters of a token."""

SKEW_SECONDS = 30.0
"""How far ahead the authorization server's clock may be."""

UNCHECKED = dict.fromkeys(
    ("verify_exp", "verify_nbf", "verify_iat", "verify_aud", "verify_iss", "verify_sub"), False
)
"""What the library need not check: it would ask another clock and take more audiences than one."""

TYPES = (None, "jwt", "at+jwt", "application/at+jwt")


async def claims(
    token: str, keys: Keys, *, issuer: str, resource: str, now: float
) -> Mapping[str, Any] | None:
    """What a good token says, None for any other. Raises `KeysUnavailable`."""
    if len(token) > LONGEST or token.count(".") != 2:
        return None
    try:
        header = jwt.get_unverified_header(token)
        algorithm, id, kind = header.get("alg"), header.get("kid"), header.get("typ")
        if algorithm not in KINDS or not isinstance(id, str | None):
            return None
        if (kind.lower() if isinstance(kind, str) else kind) not in TYPES:
            return None
        key = await keys.key(id, str(algorithm))
        if key is None:
            return None
        found = jwt.decode(token, key, algorithms=[str(algorithm)], options=UNCHECKED)  # type: ignore[arg-type]  # a TypedDict
    except (jwt.PyJWTError, ValueError, TypeError, RecursionError):
        return None
    good = found.get("iss") == issuer and found.get("aud") in (resource, [resource])
    return found if good and _in_time(found, now) else None


def _in_time(found: Mapping[str, Any], now: float) -> bool:
    """Not expired, which every token must be some day, and not for later."""
    if not _is_number(found.get("exp")) or now >= found["exp"]:
        return False
    begins = [found[name] for name in ("nbf", "iat") if name in found]
    return all(_is_number(each) and each <= now + SKEW_SECONDS for each in begins)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
