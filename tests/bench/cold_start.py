"""What a cold start costs: `python -m tests.bench.cold_start [rounds]`.

New interpreters, turn by turn: one imports the gateway's Lambda entry and answers a first allowed
call, its store, its keys and its upstream answered by a stub on this machine; the other imports the
packages a gateway would usually be made of, with a DynamoDB client. CPU seconds, so that neighbours
on the machine count less; all `.pyc` files are there after the first round, which is not counted.
Bar: at most 0.6 of the packages. Exits 1 above it.
"""

import json
import os
import platform
import statistics
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from handler.gateway.server import Server
from handler.grants import tokens
from handler.grants.model import Grant, GrantStatus
from handler.policies.publish import compile_policy
from handler.stores.dynamodb import grant_item, registry
from handler.stores.dynamodb.attributes import encode_item

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

NOTHING = "pass"

POLICY = {"version": "1", "default": "deny", "tools": {"read": {}}}
TOKEN = tokens.mint("g1")
GRANT = Grant("g1", "agent", (), "shop", "main", GrantStatus.ACTIVE, None, (TOKEN.hash,))
RESULT = {"content": [{"type": "text", "text": "here"}], "isError": False}


class Stub(BaseHTTPRequestHandler):
    """DynamoDB, Secrets Manager and the upstream."""

    protocol_version = "HTTP/1.1"
    items: dict[str, dict[str, Any]] = {}  # noqa: RUF012  # filled once, before it serves

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        operation = self.headers.get("x-amz-target", "").rpartition(".")[2]
        answers = {
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
    server = ThreadingHTTPServer(("127.0.0.1", 0), Stub)
    url = f"http://127.0.0.1:{server.server_address[1]}"
    artifact = compile_policy(json.dumps(POLICY).encode(), "policy.json")
    shop = Server("shop", f"{url}/mcp", policies={"main": artifact.digest}, private_network=True)
    items = [
        registry.server_item(shop),
        registry.artifact_item(artifact),
        grant_item.whole(GRANT),
    ]
    Stub.items = {item["pk"]: encode_item(item) for item in items}
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield url
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
