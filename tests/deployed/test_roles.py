"""The three policies of the deployed stack, attached to IAM users: what each may, and may not.

The emulator judges users by actions and resources. It gives a request no `dynamodb:LeadingKeys`, so
it refuses the writes that a policy manager may make under that condition. Those are judged here by
the emulator's evaluator with the conditions' keys handed in, and by tests/infra/test_people.py.
"""

import io
import json
import subprocess
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from handler.aws.signature import Credentials
from handler.stores.base import NotAllowed
from handler.stores.cloudwatch import CloudWatchJournal
from handler.stores.dynamodb.store import DynamoStore
from handler.stores.dynamodb.tables import Names
from infra.emulated_stack import NAME, SENDER
from infra.emulator import ACCOUNT, REGION, tool
from tests.deployed.stage import Deployed
from tests.emulated.world import journal
from tests.infra.acts import ACTS, NEW, ROLES, SERVER, Recorded, prepare
from tests.infra.iam import Asked

pytestmark = pytest.mark.anyio

CONDITIONED = {"put a policy on a server", "attach a policy to a grant"}
"""What a policy manager may under conditions that the emulator does not know."""

Outputs = dict[str, str]
Ask = Callable[[Any, Outputs], object]
ALL, ADMIN, NOBODY = set(ROLES), {"Admin"}, set[str]()


def _put(tables: Any, name: str) -> object:
    return tables.put_item(TableName=name, Item={"pk": {"S": "people"}})


def _mail(ses: Any) -> object:
    text = {"Data": "hello"}
    return ses.send_email(
        FromEmailAddress=SENDER,
        Destination={"ToAddresses": [SENDER]},
        Content={"Simple": {"Subject": text, "Body": {"Text": text}}},
    )


ASKS: dict[str, tuple[str, Ask, set[str]]] = {
    "find the stack": (
        *("cloudformation", lambda client, o: client.describe_stacks(StackName=NAME)),
        ALL,
    ),
    "read the decision log": (
        *("logs", lambda client, o: client.filter_log_events(logGroupName=o["DecisionLog"])),
        ALL,
    ),
    "read how held calls ended": (
        *("logs", lambda client, o: client.filter_log_events(logGroupName=o["OutcomeLog"])),
        ALL,
    ),
    "read another function's log": (
        "logs",
        lambda client, o: client.filter_log_events(
            logGroupName=o["DecisionLog"].replace("/gateway/", "/approvals/")
        ),
        NOBODY,
    ),
    "read the sealing keys": (
        "secretsmanager",
        lambda client, o: client.get_secret_value(SecretId=o["SealingKeysArn"]),
        ADMIN,
    ),
    "change the sealing keys": (
        "secretsmanager",
        lambda client, o: client.put_secret_value(SecretId=o["SealingKeysArn"], SecretString="{}"),
        NOBODY,
    ),
    "read an upstream's credential": (
        "secretsmanager",
        lambda client, o: client.get_secret_value(SecretId=f"holdpoint/{NAME}/x"),
        NOBODY,
    ),
    "wake an approval": (
        "stepfunctions",
        lambda client, o: client.send_task_success(taskToken="none", output="{}"),
        ADMIN,
    ),
    "start an approval's workflow": (
        "stepfunctions",
        lambda client, o: client.start_execution(
            stateMachineArn=o["ApprovalMachineArn"], input="{}"
        ),
        NOBODY,
    ),
    "call a function": (
        *("lambda", lambda client, o: client.invoke(FunctionName=f"{NAME}-WorkflowFunction")),
        NOBODY,
    ),
    "read a whole table": (
        *("dynamodb", lambda client, o: client.scan(TableName=o["LedgerTable"])),
        NOBODY,
    ),
    "write an answer": ("dynamodb", lambda client, o: _put(client, o["AnswersTable"]), ADMIN),
    "write a held call's arguments": (
        *("dynamodb", lambda client, o: _put(client, o["PayloadsTable"])),
        NOBODY,
    ),
    "drop a table": (
        *("dynamodb", lambda client, o: client.delete_table(TableName=o["PayloadsTable"])),
        NOBODY,
    ),
    "mail as the gateway": ("sesv2", lambda client, o: _mail(client), NOBODY),
    "take more rights": (
        "iam",
        lambda client, o: client.attach_user_policy(
            UserName="Viewer", PolicyArn=o["AdminPolicyArn"]
        ),
        NOBODY,
    ),
    "make another's keys": (
        *("iam", lambda client, o: client.create_access_key(UserName="Admin")),
        NOBODY,
    ),
}
"""What lies beside the tables, and who may."""


@dataclass(frozen=True)
class People:
    """One IAM user for each role, with that policy of the stack's and nothing else."""

    keys: dict[str, Credentials]
    documents: dict[str, Any]
    """The policies, as the stack has them."""
    session: Any
    """Without keys of its own; it reads each service's description once."""

    def client(self, role: str, service: str) -> Any:
        keys = self.keys[role]
        return self.session.client(
            service, aws_access_key_id=keys.access_key, aws_secret_access_key=keys.secret_key
        )


@pytest.fixture(scope="module")
async def people(deployed: Deployed) -> AsyncIterator[People]:
    keys, documents = {}, {}
    with closing(boto3.client("iam")) as iam:
        for role in ROLES:
            arn = deployed.stack.outputs[f"{role}PolicyArn"]
            iam.create_user(UserName=role)
            iam.attach_user_policy(UserName=role, PolicyArn=arn)
            made = iam.create_access_key(UserName=role)["AccessKey"]
            keys[role] = Credentials(made["AccessKeyId"], made["SecretAccessKey"])
            version = iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
            found = iam.get_policy_version(PolicyArn=arn, VersionId=version)
            documents[role] = found["PolicyVersion"]["Document"]
    yield People(keys, documents, boto3.Session(region_name=REGION))
    await deployed.stack.store.registry.remove_server(SERVER.name)
    await deployed.stack.store.registry.remove_server(NEW)
    with closing(boto3.client("dynamodb")) as tables:
        for grant in ("people-1", "people-2"):
            tables.delete_item(
                TableName=deployed.stack.outputs["LedgerTable"], Key={"pk": {"S": f"grant#{grant}"}}
            )


def names(outputs: Outputs) -> Names:
    return Names(*(outputs[f"{each.title()}Table"] for each in Names.__slots__))


@contextmanager
def denied(found: list[bool]) -> Iterator[None]:
    """Notes whether IAM refused; what goes wrong after that was not refused by IAM."""
    try:
        yield
    except NotAllowed:
        found.append(True)
    except ClientError as error:
        if error.response["Error"]["Code"].startswith("AccessDenied"):
            found.append(True)


@pytest.mark.parametrize("act", ACTS)
async def test_only_these_roles_may_work_on_the_stacks_tables(
    deployed: Deployed, people: People, act: str
) -> None:
    do, wanted = ACTS[act]
    may = set()
    for role in ROLES:
        await prepare(deployed.stack.store)
        tables = names(deployed.stack.outputs)
        store = DynamoStore(
            Recorded(deployed.emulator.url, tables, people.keys[role]), tables, journal()
        )
        refusals: list[bool] = []
        with denied(refusals):
            await do(store)
        await store.close()
        may |= set() if refusals else {role}
    assert may == wanted - ({"PolicyManager"} if act in CONDITIONED else set())


@pytest.mark.parametrize("ask", ASKS)
async def test_only_these_roles_may_ask_what_lies_beside_the_tables(
    deployed: Deployed, people: People, ask: str
) -> None:
    service, do, wanted = ASKS[ask]
    may = set()
    for role in ROLES:
        refusals: list[bool] = []
        with denied(refusals), closing(people.client(role, service)) as client:
            do(client, deployed.stack.outputs)
        may |= set() if refusals else {role}
    assert may == wanted


async def test_a_log_that_a_role_may_not_read_is_told_as_a_missing_right(
    deployed: Deployed, people: People
) -> None:
    with closing(people.client("Viewer", "logs")) as client:
        log = CloudWatchJournal(io.StringIO(), [deployed.log("approvals")], lambda: client)
        with pytest.raises(NotAllowed, match="no right to it"):
            await log.recent(1)


EVALUATE = """
import json, sys
from ministack.core.iam_evaluator import EvalContext, evaluate, parse_policy_document
documents, requests = json.load(sys.stdin)
def allows(document, asked):
    conditions = {
        "dynamodb:leadingkeys": asked["keys"], "dynamodb:attributes": asked["attributes"]
    }
    context = EvalContext(
        principal_arn="arn:aws:iam::000000000000:user/somebody", principal_type="User",
        principal_account="000000000000", action=asked["action"], resource_arn=asked["table"],
        region="us-east-1", service_context={k: v for k, v in conditions.items() if v},
    )
    return evaluate(context, [parse_policy_document(document)]).decision == "Allow"
json.dump([
    [role for role, document in documents.items() if all(allows(document, a) for a in each)]
    for each in requests
], sys.stdout)
"""
"""The emulator's evaluator of policies by itself: documents and requests in, who may out."""


async def test_the_stacks_policies_allow_each_role_these_writes_and_no_others(
    deployed: Deployed, people: People
) -> None:
    outputs, tables = deployed.stack.outputs, names(deployed.stack.outputs)
    requests = []
    for do, _ in ACTS.values():
        await prepare(deployed.stack.store)
        connection = Recorded(deployed.emulator.url, tables)
        store = DynamoStore(connection, tables, journal())
        await do(store)
        await store.close()
        requests.append([_real(asked, outputs) for asked in connection.asked])
    done = subprocess.run(
        [str(tool("ministack") / "bin" / "python"), "-c", EVALUATE],
        input=json.dumps([people.documents, requests]),
        capture_output=True,
        text=True,
        check=True,
    )
    may = {act: set(found) for act, found in zip(ACTS, json.loads(done.stdout), strict=True)}
    assert may == {act: wanted for act, (_, wanted) in ACTS.items()}


def _real(asked: Asked, outputs: Outputs) -> dict[str, Any]:
    """A request with the ARN of the table or index that it goes to."""
    table, _, index = asked.table.partition("/")
    arn = f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{outputs[f'{table}Table']}"
    return {
        **asdict(asked),
        "table": f"{arn}/index/listing" if index else arn,
        "keys": sorted(asked.keys),
        "attributes": sorted(asked.attributes),
    }
