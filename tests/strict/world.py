"""The AWS world on the strict engine: our three functions under AWS's runtime client, the state
machine in moto's interpreter, DynamoDB, secrets and mail on the emulator, faults in front of both.

One world serves every test of this folder; a test has a grant and arguments of its own.
"""

import asyncio
import io
import json
import re
import secrets
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, closing, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeVar

import aiohttp
import boto3
from aiohttp import web

from handler.admin import grants
from handler.approvals.bell import Bell
from handler.approvals.book import Book
from handler.approvals.desk import Desk, Recorded
from handler.approvals.lifecycle import Status, Terms
from handler.approvals.model import Approval
from handler.approvals.vault import Vault
from handler.approvals.workflow_stepfunctions import StepFunctionsWorkflow
from handler.aws.service import STEP_FUNCTIONS, Account, Service
from handler.aws.signature import Credentials
from handler.clock import SystemClock
from handler.demo.browser import Page, open_page
from handler.gateway.server import Server
from handler.policies.publish import compile_policy
from handler.sealing import Sealer
from handler.stores.dynamodb.store import DynamoStore
from handler.stores.dynamodb.tables import Names
from infra.emulator import REGION
from tests.emulated.faults import Handler, Proxy
from tests.emulated.world import connection, emulator, journal, make_tables
from tests.patience import PATIENCE
from tests.strict.front import Front
from tests.strict.interpreter import USUAL, Interpreter, interpreter
from tests.strict.invoking import Lambda
from tests.strict.runtime import ACCOUNT, Function
from tests.strict.upstream import Upstream, answer

T = TypeVar("T")

ROOT = Path(__file__).parents[2]
DEFINITION = ROOT / "infra" / "approval.asl.json"
AT_ONCE, NEVER = 100_000, 1e-6
"""Paces: hours take less than a second, or a test says when they are over."""

SENDER = "gateway@example.com"
APPROVER = "ops@example.com"
POLICY: dict[str, Any] = {
    "version": "1",
    "default": "deny",
    "tools": {
        "read": {},
        "count": {
            "limits": [{"counter": "counted", "window": 31_622_400, "max": 3, "scope": "grant"}]
        },
        **{
            tool_name: {
                "limits": [
                    {"counter": "refunds", "window": 31_622_400, "max": 9, "scope": "grant"}
                ],
                "approve_if": [
                    {
                        "conditions": [],
                        "reason": "Refunds need a person.",
                        "approvers": [APPROVER],
                        "expires_in": waits,
                    }
                ],
            }
            for tool_name, waits in {"refund": "2h", "refund_soon": "10m"}.items()
        },
    },
}


def client(service: str, url: str) -> Any:
    make: Any = boto3.client  # its stubs know services by name only
    return make(
        service,
        endpoint_url=url,
        region_name=REGION,
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )


@dataclass
class World:
    """A deployment, and the places where faults can be put."""

    store: DynamoStore
    """As operators reach it, past the faults."""
    proxy: Proxy
    functions: Lambda
    gateway: Function
    workflow: Function
    approvals: Function
    front: Front
    upstream: Upstream
    engine: Interpreter
    states_client: Any
    machine: str
    http: aiohttp.ClientSession
    folder: Path
    names: Names
    sealing: str
    """The secret with the deployment's keys."""
    variables: dict[str, str]
    """Of the functions."""
    tokens: dict[str, str] = field(default_factory=dict)
    servers: dict[str, str] = field(default_factory=dict)

    @property
    def book(self) -> Book:
        return Book(self.store.ledger, SystemClock(), Bell(), Terms())

    def stop_executions(self) -> None:
        """End what a test before left running: its steps would meet this test's faults."""
        running = self.states_client.list_executions(
            stateMachineArn=self.machine, statusFilter="RUNNING"
        )
        for execution in running["executions"]:
            self.states_client.stop_execution(executionArn=execution["executionArn"])

    async def fresh(self) -> None:
        """As it is when a test begins."""
        await asyncio.to_thread(self.stop_executions)
        self.calm()
        await self.hasten(**USUAL)
        for function in (self.gateway, self.workflow, self.approvals):
            await function.rest()

    def calm(self) -> None:
        """No fault."""
        self.proxy.plan = lambda operation, number: None
        self.functions.refusals.clear()
        self.upstream.behave(answer)

    async def hasten(self, **paces: float) -> None:
        """From here on the machine's seconds pass so much faster where it waits for these."""
        await self.engine.hasten(paces)

    async def try_again(self, label: str) -> None:
        """The mailing that failed is nobody's any more, and the machine calls again at once."""
        await self.note(label, lease_until=None)
        await self.hasten(retries=AT_ONCE)

    async def time_is_over(self, label: str) -> None:
        """The deadline, by the item and by the machine's time-out or wait."""
        await self.note(label, deadline=time.time())
        await self.hasten(timeouts=AT_ONCE, waits=AT_ONCE)

    def dies(
        self, function: Function, operation: str, when: str, nth: int = 1, since: str = ""
    ) -> None:
        """The function's process ends before or after the nth request of this operation is done,
        those counted that come after the first of `since`."""
        left, counting = nth, not since

        async def strike(proxy: Proxy, request: web.Request, body: bytes) -> web.StreamResponse:
            if when == "after":
                await proxy.forward(request, body)
            await function.kill()
            return web.Response(status=500)

        def plan(asked: str, number: int) -> Handler | None:
            nonlocal left, counting
            left -= counting and asked == operation
            struck = counting and asked == operation and left == 0
            counting = counting or asked == since
            return strike if struck else None

        self.proxy.plan = plan

    @asynccontextmanager
    async def another_gateway(self, log: str) -> AsyncIterator[tuple[Function, Front, Proxy]]:
        """One beside the gateway, with a front door and a way to its store of its own."""
        between = Proxy(emulator().url, others={"AWSStepFunctions": self.engine.url})
        async with between.running() as proxy, Front().running() as front:
            variables = {**self.variables, "AWS_ENDPOINT_URL": proxy.url}
            async with function_of("gateway", variables, self.folder / log).running() as function:
                front.routes = {"/mcp/": function}
                yield function, front, proxy

    async def note(self, label: str, **changes: Any) -> None:
        """Move one of the approval's times: the tests' way to let hours pass."""
        while await self.book.note(await self.approval(label), **changes) is None:
            pass

    async def grant(self, server: str = "shop") -> str:
        """A new grant, called by its label."""
        label = f"agent {secrets.token_hex(4)}"
        self.servers[label] = server
        grant = replace(grants.new(label, server), policy="main")
        await self.store.ledger.put_grant(grant)
        self.tokens[label] = await grants.rotate(self.store.ledger, grant)
        return label

    async def call(
        self,
        label: str,
        tool_name: str,
        headers: Mapping[str, str] | None = None,
        at: Front | None = None,
        **arguments: Any,
    ) -> dict[str, Any]:
        """One tools/call by a legacy client, at another front door perhaps; the JSON-RPC answer."""
        body = {
            "jsonrpc": "2.0",
            "id": 1,
            "method": "tools/call",
            "params": {"name": tool_name, "arguments": arguments},
        }
        sent = {
            "Authorization": f"Bearer {self.tokens[label]}",
            "Accept": "application/json, text/event-stream",
            "Content-Type": "application/json",
            "MCP-Protocol-Version": "2025-11-25",
            **(headers or {}),
        }
        url = f"{(at or self.front).url}/mcp/{self.servers[label]}"
        data = io.BytesIO(json.dumps(body).encode())  # aiohttp warns of large bodies in bytes
        async with self.http.post(url, data=data, headers=sent) as answered:
            found: dict[str, Any] = await answered.json()
            return found

    async def held(self, tool_name: str = "refund", server: str = "shop") -> tuple[str, Approval]:
        """A call of a new grant that is held; the grant's label and the approval."""
        label = await self.grant(server)
        await self.call(label, tool_name, id=label)
        return label, await self.approval(label)

    async def approval(self, label: str) -> Approval:
        """The one approval of this grant."""
        (found,) = await self.approvals_of(label)
        return found

    async def approvals_of(self, label: str) -> list[Approval]:
        found = await self.store.ledger.approvals(1000)
        return [each for each in found if each.grant_label == label]

    async def status(self, label: str) -> Status:
        return (await self.approval(label)).status

    async def marked(self, label: str) -> None:
        """Until an approver is known not to be reachable."""

        async def look() -> bool | None:
            return bool((await self.approval(label)).undeliverable) or None

        await until(look)

    async def becomes(self, label: str, status: Status) -> Approval:
        """The approval, once it has come to this status: other processes bring it there."""

        async def look() -> Approval | None:
            approval = await self.approval(label)
            return approval if approval.status is status else None

        return await until(look)

    async def link(self, label: str, mails: int = 1) -> str:
        """The link of the newest mail about this grant's call, once there are so many."""

        async def look() -> str | None:
            about = [mail for mail in await self.mails() if label in mail]
            links = re.findall(r"http://\S+/approve/\S+", about[-1]) if about else []
            return str(links[0]) if links and len(about) >= mails else None

        return await until(look)

    async def mails(self) -> list[str]:
        async with self.http.get(f"{emulator().url}/_ministack/ses/messages") as answered:
            boxes = (await answered.json())["messages"]
        return [mail["BodyText"] for box in boxes.values() for mail in box]

    async def press(self, link: str, button: str) -> str:
        """Answer an approval on its page; the title of what comes then."""
        return await self.pressed(await self.opened(link), button)

    async def opened(self, link: str) -> Page:
        return await asyncio.to_thread(open_page, link)

    async def operator_says(self, held: Approval, *, approved: bool) -> bool:
        """Answer as an operator does, without a link. Whether the machine was told."""
        account = Account(REGION, lambda: Credentials("test", "test"), self.proxy.url)
        service = Service(account, STEP_FUNCTIONS)
        workflow = StepFunctionsWorkflow(
            service, clock=SystemClock(), terms=Terms(), tokens=self.store.answers
        )
        desk = Desk(
            book=self.book,
            answers=self.store.answers,
            vault=Vault(self.store.payloads, Sealer([bytes(32)])),
            workflow=workflow,
            clock=SystemClock(),
        )
        said = await desk.answer_for(held.id, APPROVER, approved, "", "an operator")
        await service.close()
        return isinstance(said, Recorded) and said.told

    async def pressed(self, page: Page, button: str) -> str:
        """Send the form of a page that may have been opened a while ago; the title then."""
        return (await asyncio.to_thread(page.press, button, note="")).title

    async def tally(self, approval: Approval) -> int:
        """What the limit of this grant's calls stands at."""
        (amount,) = await self.store.ledger.tallies(approval.debits)
        return amount // 1_000_000

    async def ended(self, approval: Approval) -> dict[str, Any]:
        """The approval's execution, once it is over."""

        async def look() -> dict[str, Any] | None:
            found = await asyncio.to_thread(self._described, approval)
            return None if found["status"] == "RUNNING" else found

        return await until(look)

    async def history(self, approval: Approval) -> list[dict[str, Any]]:
        """The events of its execution."""

        def read() -> list[dict[str, Any]]:
            pages = self.states_client.get_paginator("get_execution_history").paginate(
                executionArn=self._execution(approval)
            )
            return [event for page in pages for event in page["events"]]

        return await asyncio.to_thread(read)

    async def states(self, approval: Approval) -> list[str]:
        """The states that its execution went through, in order."""
        details = (e.get("stateEnteredEventDetails") for e in await self.history(approval))
        return [detail["name"] for detail in details if detail]

    async def errors(self, approval: Approval) -> list[str]:
        """The names of the errors that its tasks ended with."""
        failures = (
            event.get("taskFailedEventDetails") or event.get("taskTimedOutEventDetails")
            for event in await self.history(approval)
        )
        return [failure["error"] for failure in failures if failure]

    async def errs(self, approval: Approval, error: str) -> None:
        """Until a task of its execution ended with this error."""

        async def look() -> bool | None:
            return error in await self.errors(approval) or None

        await until(look)

    async def enters(self, approval: Approval, state: str, times: int = 1) -> None:
        """Until its execution is in this state, for the so-manieth time."""

        async def look() -> bool | None:
            return (await self.states(approval)).count(state) >= times or None

        await until(look)

    def asked(self, function: Function, approval: Approval) -> list[object]:
        """The steps that the machine asked for."""
        return [e["step"] for e in function.events if e.get("approval") == approval.id]

    def _described(self, approval: Approval) -> dict[str, Any]:
        found: dict[str, Any] = self.states_client.describe_execution(
            executionArn=self._execution(approval)
        )
        return found

    def _execution(self, approval: Approval) -> str:
        return f"{self.machine.replace(':stateMachine:', ':execution:')}:{approval.id}"


async def until(look: Callable[[], Awaitable[T | None]], seconds: float = PATIENCE) -> T:
    """What `look` finds. Other processes do the work, so there is no event to wait for."""
    async with asyncio.timeout(seconds):
        while (found := await look()) is None:
            await asyncio.sleep(0.05)
    return found


@asynccontextmanager
async def world(folder: Path) -> AsyncIterator[World]:
    """Everything, started; `folder` takes the functions' logs."""
    direct = emulator().url
    names = await make_tables(direct)
    store = DynamoStore(connection(direct), names, journal())
    async with AsyncExitStack() as stack:
        stack.push_async_callback(store.close)
        http = await stack.enter_async_context(aiohttp.ClientSession())
        functions = await stack.enter_async_context(Lambda().running())
        engine = await stack.enter_async_context(interpreter(functions.url, folder / "engine.log"))
        proxy = Proxy(direct, others={"AWSStepFunctions": engine.url})
        await stack.enter_async_context(proxy.running())
        front = await stack.enter_async_context(Front().running())
        upstream = await stack.enter_async_context(Upstream().running())
        sealing = await asyncio.to_thread(prepare_mail_and_keys, direct)
        made: dict[str, Function] = {}
        states_client = stack.enter_context(closing(client("stepfunctions", engine.url)))
        machine = await asyncio.to_thread(make_machine, states_client)
        variables = environment(names, proxy.url, front.url, machine, sealing)
        for entry in SECONDS:
            made[entry] = await functions.add(
                function_of(entry, variables, folder / f"{entry}.log")
            )
        front.routes = {"/mcp/": made["gateway"], "/approve/": made["approvals"]}
        await publish(store, upstream.url, stack.enter_context(nobody_listens()))
        yield World(
            store,
            proxy,
            functions,
            made["gateway"],
            made["workflow"],
            made["approvals"],
            front,
            upstream,
            engine,
            states_client,
            machine,
            http,
            folder,
            names,
            sealing,
            variables,
        )


SECONDS = {"gateway": 29.0, "approvals": 29.0, "workflow": 110.0}
"""What each function may take for one event."""


def function_of(entry: str, variables: Mapping[str, str], log: Path) -> Function:
    return Function(f"handler.entry.{entry}.handler", variables, SECONDS[entry], log)


def environment(
    names: Names, endpoint: str, base_url: str, machine: str, sealing: str
) -> dict[str, str]:
    """The variables that template.yaml gives the functions."""
    return {
        "AWS_ENDPOINT_URL": endpoint,
        "HOLDPOINT_STACK": "strict",
        "HOLDPOINT_REGISTRY": names.registry,
        "HOLDPOINT_LEDGER": names.ledger,
        "HOLDPOINT_ANSWERS": names.answers,
        "HOLDPOINT_PAYLOADS": names.payloads,
        "HOLDPOINT_SEALING": f"secretsmanager:{sealing}",
        "HOLDPOINT_URL": base_url,
        "HOLDPOINT_STATE_MACHINE": machine,
        "HOLDPOINT_MOST_PENDING": "20",
        "HOLDPOINT_ENGINE": "table",
        "HOLDPOINT_HOLD_SECONDS": "0",
        "HOLDPOINT_SENDER": SENDER,
        "HOLDPOINT_CONFIGURATION_SET": "holdpoint",
        "POWERTOOLS_SERVICE_NAME": "holdpoint",
        "POWERTOOLS_METRICS_NAMESPACE": "Holdpoint/strict",
    }


CREDENTIAL = "canary-upstream-credential"
SEALING_TEXT = "canary-sealing-key"


def prepare_mail_and_keys(url: str) -> str:
    """A sender that SES knows, the upstream's credential, and the sealing key; its name."""
    name = f"strict/{secrets.token_hex(4)}"
    with closing(client("sesv2", url)) as ses, closing(client("secretsmanager", url)) as keys:
        if SENDER not in {
            e["IdentityName"] for e in ses.list_email_identities()["EmailIdentities"]
        }:
            ses.create_email_identity(EmailIdentity=SENDER)
            ses.create_configuration_set(ConfigurationSetName="holdpoint")
        text = json.dumps({"current": SEALING_TEXT, "previous": []})
        keys.create_secret(Name=name, SecretString=text)
        keys.create_secret(Name="holdpoint/strict/upstream", SecretString=CREDENTIAL)
    return name


def make_machine(states: Any) -> str:
    """The machine of infra/approval.asl.json; its ARN."""
    definition = DEFINITION.read_text().replace("${Partition}", "aws")
    arn = f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:workflow"
    made = states.create_state_machine(
        name="approvals",
        definition=definition.replace("${WorkflowFunctionArn}", arn),
        roleArn=f"arn:aws:iam::{ACCOUNT}:role/machine",
    )
    return str(made["stateMachineArn"])


@contextmanager
def nobody_listens() -> Iterator[str]:
    """The URL of a server that is not there; the port is kept, so that nobody else gets it."""
    with socket.socket() as kept:
        kept.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{kept.getsockname()[1]}/mcp"


async def publish(store: DynamoStore, upstream: str, nobody: str) -> None:
    """A server that is there, one that nobody listens for, and one whose credential is missing."""
    artifact = compile_policy(json.dumps(POLICY).encode(), "policy.json")
    key = "secretsmanager:holdpoint/strict/upstream"
    places = {"shop": (upstream, key), "gone": (nobody, key), "locked": (upstream, f"{key}-no")}
    servers = [
        Server(
            name,
            url,
            headers={"X-Upstream-Key": reference},
            policies={"main": artifact.digest},
            private_network=True,
        )
        for name, (url, reference) in places.items()
    ]
    await store.registry.publish([artifact], servers)
