"""Our signatures are those that botocore makes."""

from datetime import UTC, datetime

import pytest
from botocore import auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as BotocoreCredentials

from handler.aws.signature import Credentials, Signer

NOW = datetime(2026, 11, 20, 12, 30, 5, tzinfo=UTC)


@pytest.mark.parametrize("token", [None, "a session's token/with+signs="])
@pytest.mark.parametrize("body", [b"{}", '{"Key":{"pk":{"S":"é"}}}'.encode()])
@pytest.mark.parametrize("url", ["https://dynamodb.eu-west-1.amazonaws.com", "http://127.0.0.1:1"])
def test_a_request_is_signed_as_botocore_signs_it(
    monkeypatch: pytest.MonkeyPatch, token: str | None, body: bytes, url: str
) -> None:
    ours = Signer(url, "eu-west-1", "dynamodb", "application/x-amz-json-1.0").headers(
        "DynamoDB_20120810.GetItem", body, Credentials("AKID", "secret", token), NOW.timestamp()
    )
    monkeypatch.setattr(auth, "get_current_datetime", lambda: NOW.replace(tzinfo=None))
    unsigned = ("content-type", "x-amz-target")
    request = AWSRequest("POST", url, headers={name: ours[name] for name in unsigned}, data=body)
    identity = BotocoreCredentials("AKID", "secret", token)
    auth.SigV4Auth(identity, "dynamodb", "eu-west-1").add_auth(request)
    assert ours["authorization"] == request.headers["Authorization"]
    assert ours["x-amz-date"] == request.headers["X-Amz-Date"]


def test_credentials_do_not_show_their_secret() -> None:
    assert "secret" not in repr(Credentials("AKID", "secret", "secret token"))
