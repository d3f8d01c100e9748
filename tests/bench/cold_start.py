"""What a cold start costs: `python -m tests.bench.cold_start [rounds] [python]`.

New interpreters, turn by turn: one imports the gateway's Lambda entry and answers a first allowed
call, its store, its keys and its upstream answered by a stub on this machine; the other imports the
packages a gateway would usually be made of, with a DynamoDB client. CPU seconds, so that neighbours
on the machine count less; all `.pyc` files are there after the first round, which is not counted,
and neither is an interpreter's end, which no container comes to. Another Python may be named that
has the pinned packages: the functions run 3.13. Bar: at most 0.6 of the packages. Exits 1 above it.
"""

import asyncio
import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar

from handler.gateway.server import Server
from handler.grants import tokens
from handler.grants.model import Grant, GrantStatus
from handler.policies.publish import compile_policy
from handler.stores.dynamodb.store import DynamoStore
from handler.stores.dynamodb.tables import Names
from infra.emulator import KEYS, REGION
from tests.emulated.world import connection, emulator, journal, make_tables
from tests.strict.world import ROOT, environment

BAR = 0.6

PACKAGES = """
import boto3, mangum, orjson, starlette.applications, starlette.routing
from aws_lambda_powertools import Logger, Metrics
boto3.client("dynamodb", region_name="us-east-1", aws_access_key_id="t", aws_secret_access_key="t")
"""

GATEWAY = """
import json, sys
from handler.entry.gateway import handler
class Context:
    function_name = function_version = invoked_function_arn = aws_request_id = "bench"
    memory_limit_in_mb = 512
answer = handler(json.loads(sys.argv[1]), Context())
assert answer["statusCode"] == 200 and '"isError":false' in answer["body"], answer
"""

NOTHING = ""

POLICY = {"version": "1", "default": "deny", "tools": {"read": {}}}
TOKEN = tokens.mint("g1")
GRANT = Grant("g1", "agent", (), "shop", "main", GrantStatus.ACTIVE, None, (TOKEN.hash,))
RESULT = {"content": [{"type": "text", "text": "here"}], "isError": False}


class Stub(BaseHTTPRequestHandler):
    """DynamoDB, Secrets Manager and the upstream."""

    protocol_version = "HTTP/1.1"
    items: ClassVar[dict[str, dict[str, Any]]] = {}

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        operation = self.headers.get("x-amz-target", "").rpartition(".")[2]
        answers: dict[str, Callable[[], dict[str, Any]]] = {
            "GetItem": lambda: {"Item": self.items[body["Key"]["pk"]["S"]]},
            "GetSecretValue": lambda: {"SecretString": '{"current": "k", "previous": []}'},
            "": lambda: {"jsonrpc": "2.0", "id": 1, "result": RESULT},
        }
        content = json.dumps(answers[operation](), separators=(",", ":")).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *values: object) -> None:
        """Nothing is logged."""


@contextmanager
def stub() -> Iterator[str]:
    """The items are what a store wrote to the emulator, so that their form is the real one."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Stub)
    url = f"http://127.0.0.1:{server.server_address[1]}"
    Stub.items = asyncio.run(items(f"{url}/mcp"))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield url
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


async def items(upstream: str) -> dict[str, dict[str, Any]]:
    direct = emulator().url
    names = await make_tables(direct)
    store = DynamoStore(connection(direct), names, journal())
    artifact = compile_policy(json.dumps(POLICY).encode(), "policy.json")
    shop = Server("shop", upstream, policies={"main": artifact.digest}, private_network=True)
    await store.registry.publish([artifact], [shop])
    await store.ledger.put_grant(GRANT)
    reading = connection(direct)
    scans = [
        await reading.send("Scan", {"TableName": name}) for name in (names.registry, names.ledger)
    ]
    await reading.close()
    await store.close()
    return {item["pk"]["S"]: item for scan in scans for item in scan["Items"]}


def request() -> dict[str, Any]:
    """The event of a tools/call that the policy allows."""
    call = {"name": "read", "arguments": {}}
    return {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": "/mcp/shop",
        "rawQueryString": "",
        "headers": {
            "authorization": f"Bearer {TOKEN.text}",
            "content-type": "application/json",
            "accept": "application/json, text/event-stream",
            "mcp-protocol-version": "2025-11-25",
        },
        "requestContext": {
            "http": {"method": "POST", "path": "/mcp/shop", "sourceIp": "127.0.0.1"},
            "requestId": "bench",
            "stage": "$default",
        },
        "body": json.dumps({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": call}),
        "isBase64Encoded": False,
    }


def spent(python: str, code: str, variables: dict[str, str]) -> float:
    """CPU milliseconds of a new interpreter that runs this code."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    command = [python, "-c", f"{code}\nimport os; os._exit(0)", json.dumps(request())]
    subprocess.run(command, env=variables, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return 1000 * (after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime)


def measure(rounds: int, python: str) -> dict[str, float]:
    """The median milliseconds of each program."""
    programs = {"gateway": GATEWAY, "packages": PACKAGES, "bare Python": NOTHING}
    with stub() as url:
        names = Names("registry", "ledger", "answers", "payloads")
        variables = {**KEYS, "AWS_REGION": REGION, "PATH": "/usr/bin:/bin"}
        variables |= environment(names, url, url, "machine", "keys")
        times: dict[str, list[float]] = {name: [] for name in programs}
        for turn in range(rounds + 1):
            for name, code in programs.items():
                took = spent(python, code, variables)
                if turn:
                    times[name].append(took)
    return {name: statistics.median(each) for name, each in times.items()}


def main() -> int:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 15
    python = sys.argv[2] if len(sys.argv) > 2 else sys.executable
    medians = measure(rounds, python)
    version = subprocess.run([python, "-V"], capture_output=True, text=True, check=True).stdout
    print(f"{platform.platform()}, {os.cpu_count()} cores, {version.strip()}")
    for name, median in medians.items():
        print(f"{name:12}{median:8.0f} ms of CPU")
    share = medians["gateway"] / medians["packages"]
    print(f"the gateway's first answer: {share:.2f} of the packages alone; the bar is {BAR}")
    return 0 if share <= BAR else 1


if __name__ == "__main__":
    sys.exit(main())
