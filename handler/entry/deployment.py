"""What the template tells its functions, and the parts that all three of them need.

Chooses adapters, as every entry does. Must not import the SDK: the gateway's cold start pays for
what is loaded here.
"""

import sys
from collections.abc import Callable, Mapping
from functools import cache
from typing import TypeVar

from compiler.frozen import dataclass
from handler import settings
from handler.approvals.lifecycle import Terms
from handler.audit.measured import MeasuredJournal
from handler.aws.secrets import ParameterStore, SecretsManager
from handler.aws.service import (
    PARAMETERS,
    SECRETS_MANAGER,
    Account,
    Service,
)
from handler.aws.signature import Credentials
from handler.clock import Clock, SystemClock
from handler.entry.keyring import Keyring, Made
from handler.entry.keys import Keys
from handler.secrets import Secrets
from handler.stores.cloudwatch import CloudWatchJournal
from handler.stores.dynamodb.connection import Connection
from handler.stores.dynamodb.store import DynamoStore
from handler.stores.dynamodb.tables import Names

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Deployment:
    """A stack as its functions see it. The variables are set by template.yaml."""

    region: str
    endpoint: str | None
    """AWS_ENDPOINT_URL: an emulator's address in place of AWS's."""
    names: Names
    sealing: str
    """The reference of the sealing keys."""
    base_url: str
    machine: str
    most_pending: int
    hold_seconds: float
    origins: frozenset[str]
    sender: str
    configuration_set: str
    engine: str
    """See `engines`."""

    @classmethod
    def read(cls, variables: Mapping[str, str]) -> "Deployment":
        """Raises KeyError for a variable that every function has and this one lacks."""
        return cls(
            region=variables["AWS_REGION"],
            endpoint=variables.get("AWS_ENDPOINT_URL"),
            names=Names(
                registry=variables["HOLDPOINT_REGISTRY"],
                ledger=variables["HOLDPOINT_LEDGER"],
                answers=variables["HOLDPOINT_ANSWERS"],
                payloads=variables["HOLDPOINT_PAYLOADS"],
            ),
            sealing=variables["HOLDPOINT_SEALING"],
            base_url=variables["HOLDPOINT_URL"],
            machine=variables.get("HOLDPOINT_STATE_MACHINE", ""),
            most_pending=int(variables["HOLDPOINT_MOST_PENDING"]),
            hold_seconds=float(variables.get("HOLDPOINT_HOLD_SECONDS", "0")),
            origins=frozenset(
                filter(None, variables.get("HOLDPOINT_ALLOWED_ORIGINS", "").split(","))
            ),
            sender=variables.get("HOLDPOINT_SENDER", ""),
            configuration_set=variables.get("HOLDPOINT_CONFIGURATION_SET", ""),
            engine=variables["HOLDPOINT_ENGINE"],
        )


class Parts:
    """What every function is made of. Made once for each container."""

    def __init__(self, deployment: Deployment, variables: Mapping[str, str]) -> None:
        self.deployment = deployment
        self.clock: Clock = SystemClock()
        self.terms = Terms()
        self.account = Account(
            deployment.region, lambda: _credentials(variables), deployment.endpoint
        )
        self.store = DynamoStore(
            Connection(self.account, self.clock),
            deployment.names,
            MeasuredJournal(CloudWatchJournal(sys.stdout, (), _no_client)),
        )
        self.secrets = Secrets(
            {
                "ssm": ParameterStore(Service(self.account, PARAMETERS)),
                "secretsmanager": SecretsManager(Service(self.account, SECRETS_MANAGER)),
            }
        )
        self.keyring = Keyring(
            lambda: self.secrets.reveal(deployment.sealing, anew=True), self.clock
        )


@cache
def parts() -> Parts:
    """This container's parts."""
    variables = settings.variables()
    return Parts(Deployment.read(variables), variables)


def made(make: Callable[[Keys], T]) -> Made[T]:
    """What this container makes of the deployment's keys."""
    return Made(lambda: parts().keyring, make)


def _credentials(variables: Mapping[str, str]) -> Credentials:
    """Those of the function's role: Lambda sets them for as long as the container lives."""
    return Credentials(
        variables["AWS_ACCESS_KEY_ID"],
        variables["AWS_SECRET_ACCESS_KEY"],
        variables.get("AWS_SESSION_TOKEN"),
    )


def _no_client() -> None:
    """Functions write records; reading them is the operators'."""
    raise PermissionError("a function may not read the log")
