"""A deployed stack as operators reach it: found by its name, with their own AWS identity.

Chooses adapters, as every entry does. IAM decides what the identity may do; nothing here does.
"""

import io
from dataclasses import dataclass
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError

from handler import settings
from handler.approvals.lifecycle import Terms
from handler.approvals.workflow_stepfunctions import StepFunctionsWorkflow
from handler.aws.secrets import SecretsManager
from handler.aws.service import (
    DYNAMODB,
    SECRETS_MANAGER,
    STEP_FUNCTIONS,
    Account,
    Service,
)
from handler.aws.signature import Credentials
from handler.clock import SystemClock
from handler.entry import refusals
from handler.entry.engines import WASM
from handler.entry.keys import Keys
from handler.failure import CannotRun
from handler.sealing import Sealer
from handler.secrets import SecretMissing
from handler.stores.cloudwatch import CloudWatchJournal
from handler.stores.dynamodb.patience import PatientConnection
from handler.stores.dynamodb.store import DynamoStore
from handler.stores.dynamodb.tables import Names

LOG_READING = Config(retries={"mode": "adaptive", "total_max_attempts": 10})
"""CloudWatch Logs refuses what is above a few requests a second: an hour of a busy log is more."""

LOGS = ("DecisionLog", "OutcomeLog")
"""The outputs that name the groups with decision records: how held calls ended is in the second."""
SDK_NAMES = {
    DYNAMODB.service: "dynamodb",
    SECRETS_MANAGER.service: "secretsmanager",
    STEP_FUNCTIONS.service: "stepfunctions",
}
"""The services that are asked without the SDK, and what the SDK calls them."""

MISSING = (
    "`aws cloudformation list-stacks` shows those of this account and region; give --stack as "
    "`sam deploy` was given it, and --region where it is elsewhere"
)
STRANGER = "attach one of the stack's three policies to your identity (docs/deploy.md, People)"


@dataclass(frozen=True, slots=True)
class Stack:
    """What `sam deploy` made."""

    gateway_url: str
    """Where agents point their clients, followed by `/` and a server's name."""
    region: str
    store: DynamoStore
    outputs: dict[str, str]
    account: Account
    session: boto3.Session
    steps: Service
    """The Step Functions."""

    @property
    def modules(self) -> bool:
        """Whether it decides with WASM modules, so that policies are published with theirs."""
        return self.outputs.get("Engine") == WASM

    def operator(self) -> str:
        """The identity that works, as AWS names it. Raises `CannotRun`."""
        with refusals.told_plainly():
            return str(self.session.client("sts").get_caller_identity()["Arn"])

    async def seal(self) -> Sealer:
        """What opens the arguments of held calls. Raises `CannotRun` without the right to it."""
        service = Service(self.account, SECRETS_MANAGER)
        try:
            text = await SecretsManager(service).find(self.outputs["SealingKeysArn"])
        except SecretMissing as error:
            raise CannotRun(
                "your AWS identity may not read what held calls are sealed with: attach the "
                f"stack's admin policy ({self.outputs['AdminPolicyArn']}). {error}"
            ) from None
        finally:
            await service.close()
        if text is None:
            raise CannotRun(f"the secret {self.outputs['SealingKeysArn']} is not there")
        return Sealer(Keys.read(text).seal())

    def workflow(self) -> StepFunctionsWorkflow:
        """Wakes what waits for an answer."""
        return StepFunctionsWorkflow(
            self.steps, clock=SystemClock(), terms=Terms(), tokens=self.store.answers
        )

    async def close(self) -> None:
        await self.store.close()
        await self.steps.close()


def open_stack(name: str, region: str | None = None) -> Stack:
    """The stack of this name. Raises `CannotRun`, saying what to do. Close it when done."""
    if not name:
        raise CannotRun("--stack is empty: give the stack's name, as `sam deploy` was given it")
    with refusals.told_plainly():
        session = boto3.Session(region_name=region or settings.read().region)
    if session.region_name is None:
        raise CannotRun("no AWS region is set: give --region, or set AWS_REGION")
    outputs = _outputs(session, name)
    account = Account(
        session.region_name, lambda: _credentials(session), endpoints=endpoints(session)
    )
    names = Names(
        registry=outputs["RegistryTable"],
        ledger=outputs["LedgerTable"],
        answers=outputs["AnswersTable"],
        payloads=outputs["PayloadsTable"],
    )
    groups = [outputs[name] for name in LOGS if name in outputs]
    journal = CloudWatchJournal(
        io.StringIO(), groups, lambda: session.client("logs", config=LOG_READING)
    )
    store = DynamoStore(PatientConnection(account), names, journal)
    steps = Service(account, STEP_FUNCTIONS)
    return Stack(
        outputs["GatewayUrl"], session.region_name, store, outputs, account, session, steps
    )


def _outputs(session: boto3.Session, name: str) -> dict[str, str]:
    try:
        client = session.client("cloudformation")
        found = client.describe_stacks(StackName=name)["Stacks"][0]
    except (BotoCoreError, ClientError) as error:
        advice = MISSING if _is_missing(error) else refusals.mend(error, STRANGER)
        raise CannotRun(
            f"cannot read the stack `{name}` in {session.region_name}: {refusals.said(error)}; "
            f"{advice}"
        ) from None
    outputs = {output["OutputKey"]: output["OutputValue"] for output in found.get("Outputs", [])}
    if "LedgerTable" not in outputs:
        raise CannotRun(_unfinished(name, str(found["StackStatus"])))
    return outputs


def _is_missing(error: Exception) -> bool:
    return refusals.code(error) == "ValidationError" and "exist" in refusals.said(error)


def _unfinished(name: str, status: str) -> str:
    """A stack whose first deployment failed or goes on has no outputs either."""
    if status.endswith("_IN_PROGRESS") or "ROLLBACK" in status or "FAILED" in status:
        return f"the stack `{name}` has no outputs: it is {status}; see `sam deploy` to its end"
    return f"the stack `{name}` is not one of holdpoint's: it has no LedgerTable output"


def endpoints(session: boto3.Session) -> dict[str, str]:
    """Where the SDK finds the services that are asked without it.

    It reads the profile and the environment for endpoints of the user's own, dual-stack, FIPS.
    """
    make: Any = session.client  # its stubs know services by name only
    return {service: make(name).meta.endpoint_url for service, name in SDK_NAMES.items()}


def _credentials(session: boto3.Session) -> Credentials:
    """Raises `CannotRun`, also where they cannot be renewed while a command runs."""
    with refusals.told_plainly():
        found = session.get_credentials()
        if found is None:
            raise NoCredentialsError
        frozen = found.get_frozen_credentials()
    return Credentials(str(frozen.access_key), str(frozen.secret_key), frozen.token)
