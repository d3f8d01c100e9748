"""The adapters of other services, on the emulator."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from contextlib import closing
from functools import cache
from typing import Any

import boto3
import pytest

from handler.approvals.lifecycle import Terms
from handler.approvals.workflow_stepfunctions import StepFunctionsWorkflow
from handler.aws.secrets import ParameterStore, SecretsManager
from handler.aws.service import (
    PARAMETERS,
    SECRETS_MANAGER,
    STEP_FUNCTIONS,
    Account,
    Protocol,
    Service,
)
from handler.aws.signature import Credentials
from handler.clock import FixedClock
from handler.secrets import SecretMissing
from handler.stores.base import StoreUnavailable
from infra.emulator import REGION
from tests.emulated.faults import Fault, Proxy
from tests.emulated.samples import approval
from tests.emulated.world import emulator, needs_emulator

pytestmark = needs_emulator

NOW = 1_795_176_000.0


def client(service: str) -> Any:
    make: Any = boto3.client  # its stubs know services by name only
    return make(
        service,
        endpoint_url=emulator().url,
        region_name=REGION,
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )


def using(protocol: Protocol, test: Callable[[Service, Proxy], Awaitable[None]]) -> None:
    """Run a test with a service behind the proxy."""

    async def run() -> None:
        async with Proxy(emulator().url).running() as proxy:
            account = Account(REGION, lambda: Credentials("test", "test"), proxy.url)
            service = Service(account, protocol)
            try:
                await test(service, proxy)
            finally:
                await service.close()

    asyncio.run(run())


def test_a_parameter_is_read_decrypted_and_one_that_is_not_there_is_nothing() -> None:
    with closing(client("ssm")) as ssm:
        ssm.put_parameter(Name="/holdpoint/t/key", Value="s3cret", Type="SecureString")

    async def scenario(service: Service, proxy: Proxy) -> None:
        assert await ParameterStore(service).find("/holdpoint/t/key") == "s3cret"
        assert await ParameterStore(service).find("/holdpoint/t/none") is None

    using(PARAMETERS, scenario)


def test_a_secret_is_read_and_one_that_is_not_there_is_nothing() -> None:
    with closing(client("secretsmanager")) as secrets:
        secrets.create_secret(Name="holdpoint/t/key", SecretString="s3cret")

    async def scenario(service: Service, proxy: Proxy) -> None:
        assert await SecretsManager(service).find("holdpoint/t/key") == "s3cret"
        assert await SecretsManager(service).find("holdpoint/t/none") is None

    using(SECRETS_MANAGER, scenario)


def test_a_secret_is_asked_for_again_where_many_ask_at_once() -> None:
    with closing(client("ssm")) as ssm:
        ssm.put_parameter(Name="/holdpoint/t/many", Value="s3cret", Type="SecureString")

    async def scenario(service: Service, proxy: Proxy) -> None:
        proxy.fail_once(Fault.THROTTLED, "GetParameter")
        assert await ParameterStore(service).find("/holdpoint/t/many") == "s3cret"
        assert proxy.counts["GetParameter"] == 2

    using(PARAMETERS, scenario)


def test_a_secret_that_cannot_be_read_says_so_by_name_only() -> None:
    async def scenario(service: Service, proxy: Proxy) -> None:
        proxy.fail_always(Fault.BROKEN)
        with pytest.raises(SecretMissing, match="`holdpoint/t/key` may not be read"):
            await SecretsManager(service).find("holdpoint/t/key")

    using(SECRETS_MANAGER, scenario)


@cache
def machine() -> str:
    """A state machine whose executions only wait."""
    wait = {"Type": "Wait", "Seconds": 60, "End": True}
    trust = {"Version": "2012-10-17", "Statement": []}
    with closing(client("iam")) as iam, closing(client("stepfunctions")) as states:
        role = iam.create_role(RoleName="waits", AssumeRolePolicyDocument=json.dumps(trust))
        made = states.create_state_machine(
            name="waits",
            definition=json.dumps({"StartAt": "Wait", "States": {"Wait": wait}}),
            roleArn=role["Role"]["Arn"],
        )
    return str(made["stateMachineArn"])


def workflow(service: Service) -> StepFunctionsWorkflow:
    return StepFunctionsWorkflow(service, clock=FixedClock(NOW), terms=Terms(), machine=machine())


def test_starting_an_approvals_execution_twice_is_starting_it_once() -> None:
    held = approval(NOW)

    async def scenario(service: Service, proxy: Proxy) -> None:
        await workflow(service).start(held)
        await workflow(service).start(held)

    using(STEP_FUNCTIONS, scenario)
    with closing(client("stepfunctions")) as states:
        names = [e["name"] for e in states.list_executions(stateMachineArn=machine())["executions"]]
        assert names.count(held.id) == 1
        arn = f"{machine().replace(':stateMachine:', ':execution:')}:{held.id}"
        given = json.loads(states.describe_execution(executionArn=arn)["input"])
    assert given == {"approval": held.id, "wait_seconds": 120, "lease_seconds": 121}


@pytest.mark.parametrize("fault", [Fault.LOST_ANSWER, Fault.LOST_REQUEST, Fault.THROTTLED])
def test_a_start_whose_answer_was_lost_is_insisted_on(fault: Fault) -> None:
    async def scenario(service: Service, proxy: Proxy) -> None:
        proxy.fail_once(fault, "StartExecution")
        await workflow(service).start(approval(NOW))
        assert proxy.counts["StartExecution"] == 2

    using(STEP_FUNCTIONS, scenario)


def test_a_workflow_that_cannot_be_started_is_a_store_that_is_away() -> None:
    async def scenario(service: Service, proxy: Proxy) -> None:
        proxy.fail_always(Fault.BROKEN)
        with pytest.raises(StoreUnavailable):
            await workflow(service).start(approval(NOW))

    using(STEP_FUNCTIONS, scenario)


def test_waking_a_task_that_is_over_is_no_error() -> None:
    class Tokens:
        async def task_token(self, approval_id: str) -> str | None:
            return "no such token"

    async def scenario(service: Service, proxy: Proxy) -> None:
        waking = StepFunctionsWorkflow(
            service, clock=FixedClock(NOW), terms=Terms(), tokens=Tokens()
        )
        await waking.wake("a1")
        assert proxy.counts["SendTaskSuccess"] == 1

    using(STEP_FUNCTIONS, scenario)


def test_a_role_without_tokens_never_asks_to_wake() -> None:
    async def scenario(service: Service, proxy: Proxy) -> None:
        await workflow(service).wake("a1")
        assert proxy.counts["SendTaskSuccess"] == 0

    using(STEP_FUNCTIONS, scenario)
