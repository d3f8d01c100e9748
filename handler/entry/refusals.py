"""What operators are told where AWS did not do what was asked, and what they can do about it.

Knows the SDK's errors; must not know what was asked.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from botocore import exceptions as sdk
from botocore.exceptions import BotoCoreError, ClientError

from handler.failure import CannotRun

SIGN_IN = "sign in again: your AWS credentials are not valid, or no longer"
CONNECT = "run it again; if it stays, look at the network and whether there is such a region"

CODES = {
    **dict.fromkeys(
        ("ExpiredToken", "ExpiredTokenException", "InvalidClientTokenId", "RequestExpired"), SIGN_IN
    ),
    **dict.fromkeys(("SignatureDoesNotMatch", "UnrecognizedClientException"), SIGN_IN),
    "OptInRequired": "turn the region on for your account, or give --region",
}
"""What to do, by the name of a service's refusal."""

KINDS: tuple[tuple[type[Exception] | tuple[type[Exception], ...], str], ...] = (
    (sdk.NoCredentialsError, "run `aws configure sso`, or set AWS_PROFILE"),
    (sdk.PartialCredentialsError, "set both AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"),
    (sdk.ProfileNotFound, "`aws configure list-profiles` shows all; AWS_PROFILE names one"),
    ((sdk.SSOError, sdk.TokenRetrievalError, sdk.LoginError), SIGN_IN),
    (sdk.CredentialRetrievalError, SIGN_IN),
    (sdk.InvalidRegionError, "give --region as AWS writes it, such as eu-central-1"),
    ((sdk.ConnectionError, sdk.HTTPClientError), CONNECT),
)
"""What to do, by the SDK's own error; the first that fits."""

AGAIN = "run it again; if it stays, look at AWS Health"


def code(error: Exception) -> str:
    """The name of a service's refusal; empty where no service refused."""
    return str(error.response["Error"]["Code"]) if isinstance(error, ClientError) else ""


def said(error: Exception) -> str:
    """The complaint in one line, without the SDK's own words around it."""
    if isinstance(error, ClientError):
        found = error.response["Error"]
        return str(found.get("Message") or found["Code"]).rstrip(".")
    return str(error).rstrip(".")


def is_denied(error: Exception) -> bool:
    """Whether the identity lacks a right."""
    return code(error).startswith(("AccessDenied", "UnauthorizedOperation"))


def mend(error: Exception, denied: str) -> str:
    """What can be done; `denied` where a right is missing."""
    if is_denied(error):
        return denied
    kinds = (text for kind, text in KINDS if isinstance(error, kind))
    return CODES.get(code(error)) or next(kinds, AGAIN)


@contextmanager
def told_plainly() -> Iterator[None]:
    """What the SDK complains of in the block becomes one sentence. Raises `CannotRun`."""
    try:
        yield
    except (BotoCoreError, ClientError) as error:
        advice = mend(error, "ask for that right, or attach the stack's admin policy")
        raise CannotRun(f"AWS did not do what was asked: {said(error)}; {advice}") from error
