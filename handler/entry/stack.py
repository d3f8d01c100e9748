"""A deployed stack as operators reach it: found by its name, with their own AWS identity.

Chooses adapters, as every entry does. IAM decides what the identity may do; nothing here does.
"""

import io
from dataclasses import dataclass
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from handler.aws.service import Account
from handler.aws.signature import Credentials
from handler.failure import CannotRun
from handler.stores.cloudwatch import CloudWatchJournal
from handler.stores.dynamodb.connection import Connection
from handler.stores.dynamodb.store import DynamoStore
from handler.stores.dynamodb.tables import Names


@dataclass(frozen=True, slots=True)
class Stack:
    """What `sam deploy` made."""

    gateway_url: str
    """Where agents point their clients, followed by `/` and a server's name."""
    region: str
    store: DynamoStore
    outputs: dict[str, str]


def open_stack(name: str, region: str | None = None) -> Stack:
    """The stack of this name. Raises `CannotRun`, saying what to do. Close its store when done."""
    session = boto3.Session(region_name=region)
    if session.region_name is None:
        raise CannotRun("no AWS region is set: give --region, or set AWS_REGION")
    outputs = _outputs(session, name)
    formation = session.client("cloudformation")
    account = Account(session.region_name, lambda: _credentials(session), _endpoint(formation))
    names = Names(
        registry=outputs["RegistryTable"],
        ledger=outputs["LedgerTable"],
        answers=outputs["AnswersTable"],
        payloads=outputs["PayloadsTable"],
    )
    journal = CloudWatchJournal(
        io.StringIO(), outputs["DecisionLog"], lambda: session.client("logs")
    )
    store = DynamoStore(Connection(account), names, journal)
    return Stack(outputs["GatewayUrl"], session.region_name, store, outputs)


def _outputs(session: boto3.Session, name: str) -> dict[str, str]:
    try:
        found = session.client("cloudformation").describe_stacks(StackName=name)["Stacks"][0]
    except (BotoCoreError, ClientError) as error:
        raise CannotRun(
            f"cannot read the stack `{name}` in {session.region_name}: {error}"
        ) from None
    outputs = {output["OutputKey"]: output["OutputValue"] for output in found.get("Outputs", [])}
    if "LedgerTable" not in outputs:
        raise CannotRun(
            f"the stack `{name}` is not one of holdpoint's: it has no LedgerTable output"
        )
    return outputs


def _endpoint(client: Any) -> str | None:
    """Where AWS_ENDPOINT_URL leads, if it is set: the SDK read it."""
    url: str = client.meta.endpoint_url
    return None if ".amazonaws.com" in url else url


def _credentials(session: boto3.Session) -> Credentials:
    found = session.get_credentials()
    if found is None:
        raise CannotRun("no AWS credentials were found: run `aws configure sso` or set a profile")
    frozen = found.get_frozen_credentials()
    return Credentials(str(frozen.access_key), str(frozen.secret_key), frozen.token)
