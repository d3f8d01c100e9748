"""One AWS service with a JSON protocol: an operation and a body go out, a body comes back.

Must not know any operation. Nothing is sent twice here; whoever calls knows what may be.
"""

import asyncio
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import field
from typing import Any

import orjson

from compiler.frozen import dataclass
from handler.aws.signature import Credentials, Signer
from handler.aws.wire import Wire, WireBroken
from handler.clock import Clock, SystemClock


@dataclass(frozen=True, slots=True)
class Protocol:
    """How a service is spoken to."""

    service: str
    target: str
    """The first part of `X-Amz-Target`."""
    version: str
    """Of the JSON protocol: 1.0 or 1.1."""
    connect_seconds: float = 1.0
    seconds: float = 3.0
    """For one exchange, connecting included."""


AT_ONCE = 64
"""Requests that one client has under way; more wait. Threads are made when needed."""

DYNAMODB = Protocol("dynamodb", "DynamoDB_20120810", "1.0", 0.5, 1.0)
SECRETS_MANAGER = Protocol("secretsmanager", "secretsmanager", "1.1")
PARAMETERS = Protocol("ssm", "AmazonSSM", "1.1")
STEP_FUNCTIONS = Protocol("states", "AWSStepFunctions", "1.0")


SUFFIXES = {"cn": "amazonaws.com.cn", "eusc": "amazonaws.eu"}
"""How endpoints end in the partitions of China and of Europe, by how their Regions begin."""


@dataclass(frozen=True, slots=True)
class Account:
    """Where AWS is and who asks. `credentials` is asked before each request: they may change."""

    region: str
    credentials: Callable[[], Credentials]
    endpoint: str | None = None
    """Another address for every service: an emulator's."""
    endpoints: Mapping[str, str] = field(default_factory=dict)
    """Addresses of single services, where they are not those below."""

    def url(self, service: str) -> str:
        """Where a service of this Region is, as docs of AWS name its endpoint."""
        partition = self.region.partition("-")[0]
        usual = f"https://{service}.{self.region}.{SUFFIXES.get(partition, 'amazonaws.com')}"
        return self.endpoint or self.endpoints.get(service, usual)


@dataclass(frozen=True, slots=True)
class Reply:
    """What a service answered, whatever it was."""

    status: int
    date: str | None
    body: dict[str, Any]

    @property
    def code(self) -> str:
        """The name of a refusal, such as `ThrottlingException`; empty where there is none."""
        return str(self.body.get("__type", "")).rpartition("#")[2]


class Unanswered(Exception):
    """No answer that can be read came. What was asked may or may not have happened."""


class Refused(Exception):
    """The service said no. `code` is its name for why."""

    def __init__(self, operation: str, reply: Reply) -> None:
        message = reply.body.get("message") or reply.body.get("Message") or ""
        super().__init__(f"{operation} was refused: {reply.code} {message}")
        self.code = reply.code


class Service:
    """A client of one service. Close it when done."""

    def __init__(self, account: Account, protocol: Protocol, clock: Clock | None = None) -> None:
        self._protocol = protocol
        self._credentials = account.credentials
        self._clock = clock or SystemClock()
        self._url = account.url(protocol.service)
        content_type = f"application/x-amz-json-{protocol.version}"
        self._signer = Signer(self._url, account.region, protocol.service, content_type)
        self._wire = Wire(self._url, protocol.connect_seconds, protocol.seconds)
        self._threads = ThreadPoolExecutor(AT_ONCE, thread_name_prefix=protocol.service)

    async def ask(self, operation: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """The answer to an operation. Raises Unanswered or Refused."""
        reply = await self.post(operation, orjson.dumps(body))
        if reply.status != 200:
            raise Refused(operation, reply)
        return reply.body

    async def post(self, operation: str, data: bytes) -> Reply:
        """Send once. Raises Unanswered."""
        target = f"{self._protocol.target}.{operation}"
        headers = self._signer.headers(target, data, self._credentials(), self._clock.now())
        loop = asyncio.get_running_loop()
        try:
            answer = await loop.run_in_executor(self._threads, self._wire.post, data, headers)
            body = orjson.loads(answer.body)
        except (WireBroken, orjson.JSONDecodeError) as error:
            raise Unanswered(str(error)) from error
        if not isinstance(body, dict):
            raise Unanswered("its answer is no object")
        return Reply(answer.status, answer.date, body)

    async def close(self) -> None:
        """Requests under way are left to their end; nobody waits for them."""
        self._threads.shutdown(wait=False)
        self._wire.close()
