"""AWS Signature Version 4 for one POST with a JSON body. Pure: time is an argument.

Botocore has a signer, but importing it takes longer than all of our own cold start and signing with
it takes three times as long; the tests hold this one to it. Source: "Create a signed AWS API
request" in the IAM User Guide.
"""

import hashlib
import hmac
from datetime import UTC, datetime
from functools import lru_cache
from urllib.parse import urlsplit

from compiler.frozen import dataclass

ALGORITHM = "AWS4-HMAC-SHA256"


@dataclass(frozen=True, slots=True)
class Credentials:
    """An AWS identity. `token` is there for temporary ones: a Lambda function's role, say."""

    access_key: str
    secret_key: str
    token: str | None = None

    def __repr__(self) -> str:
        return f"Credentials({self.access_key!r})"


@dataclass(frozen=True, slots=True)
class Signer:
    """Signs requests to one service at one address."""

    endpoint: str
    region: str
    service: str
    content_type: str

    def headers(
        self, target: str, body: bytes, credentials: Credentials, now: float
    ) -> dict[str, str]:
        """All headers of a request to operation `target`, its signature included."""
        stamp = datetime.fromtimestamp(now, UTC).strftime("%Y%m%dT%H%M%SZ")
        signed = {
            "content-type": self.content_type,
            "host": urlsplit(self.endpoint).netloc,
            "x-amz-date": stamp,
            "x-amz-target": target,
        }
        if credentials.token:
            signed["x-amz-security-token"] = credentials.token
        names = ";".join(sorted(signed))
        lines = "".join(f"{name}:{signed[name]}\n" for name in sorted(signed))
        canonical = f"POST\n/\n\n{lines}\n{names}\n{hashlib.sha256(body).hexdigest()}"
        scope = f"{stamp[:8]}/{self.region}/{self.service}/aws4_request"
        digest = hashlib.sha256(canonical.encode()).hexdigest()
        key = _key(credentials.secret_key, stamp[:8], self.region, self.service)
        proof = hmac.digest(key, f"{ALGORITHM}\n{stamp}\n{scope}\n{digest}".encode(), "sha256")
        signed["authorization"] = (
            f"{ALGORITHM} Credential={credentials.access_key}/{scope}, "
            f"SignedHeaders={names}, Signature={proof.hex()}"
        )
        return signed


@lru_cache(maxsize=8)
def _key(secret: str, day: str, region: str, service: str) -> bytes:
    key = f"AWS4{secret}".encode()
    for part in (day, region, service, "aws4_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    return key
