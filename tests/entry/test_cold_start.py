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
)


def test_the_gateways_lambda_path_loads_no_parser_no_sdk_and_no_second_http_client() -> None:
    code = "import sys, handler.entry.gateway; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = done.stdout.split()
    assert "handler.gateway.enforce" in loaded
    assert [
        name
        for name in loaded
        if any(name == each or name.startswith(f"{each}.") for each in FORBIDDEN)
    ] == []
