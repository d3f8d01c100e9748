"""What the gateway's Lambda path loads: a cold start pays for each of them."""

import subprocess
import sys

# Powertools takes the empty `botocore` along, to name itself in requests; that costs 2 ms.
FORBIDDEN = (
    *(
        "aiohttp",
        "boto3",
        "botocore.session",
        "botocore.client",
        "wasmtime",
        "mcp",
        "uvicorn",
        "sqlite3",
        "smtplib",
    ),
    *("compiler.parse", "compiler.check", "compiler.source", "compiler.lower", "compiler.build"),
    *("compiler.diagnostics", "compiler.format", "compiler.explain", "compiler.meaning"),
    *("compiler.table.write", "compiler.wasm", "handler.admin", "handler.cli", "handler.demo"),
    *("jwt", "handler.oauth.bearer", "handler.oauth.issuer", "handler.oauth.keys"),
    *("handler.notify", "handler.stores.sqlite", "aws_xray_sdk"),
    # What only approvers need, and what only sealing does: no allowed call seals anything.
    *("handler.approvals.desk", "handler.approvals.summary", "handler.approvals.links"),
    *("handler.approvals.pages", "handler.gateway.status", "html", "cryptography"),
    # What only held calls need, what no tool call needs, and what a buffered answer cannot be.
    *("handler.entry.held", "handler.approvals.service", "handler.approvals.vault"),
    *("handler.gateway.holding", "handler.gateway.waiting", "handler.stores.dynamodb.payloads"),
    *("handler.gateway.surface", "handler.gateway.catalog", "handler.oauth.metadata"),
    *("handler.gateway.hearing", "handler.gateway.ear", "handler.gateway.places"),
    *("handler.gateway.events", "handler.gateway.screen", "handler.gateway.listing", "decimal"),
    *("handler.stores.dynamodb.answers", "compiler.regex", "starlette.middleware.errors"),
)

STANDARD = """
import dataclasses
made, make = [], dataclasses._process_class
def noted(cls, init, *options):
    if init and cls.__module__.startswith(("handler", "compiler")):
        made.append(cls.__qualname__)
    return make(cls, init, *options)
dataclasses._process_class = noted
import handler.entry.gateway
print(*made)
"""
"""Our classes that the standard `dataclass` writes methods for while the gateway loads."""


def printed(code: str) -> list[str]:
    """The words that a new interpreter prints."""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return done.stdout.split()


def test_the_gateways_lambda_path_loads_no_parser_no_sdk_and_no_second_http_client() -> None:
    loaded = printed("import sys, handler.entry.gateway; print(*sys.modules)")
    assert "handler.gateway.enforce" in loaded
    assert [
        name
        for name in loaded
        if any(name == each or name.startswith(f"{each}.") for each in FORBIDDEN)
    ] == []


def test_what_the_gateway_loads_leaves_its_classes_methods_to_their_first_use() -> None:
    assert set(printed(STANDARD)) == set()


def test_the_collector_works_again_once_the_gateway_is_loaded() -> None:
    code = "import gc, handler.entry.gateway; print(gc.isenabled(), gc.get_freeze_count() > 1000)"
    assert printed(code) == ["True", "True"]
