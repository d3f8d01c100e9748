"""What a gateway at work has loaded, seen in an interpreter of its own."""

import json
import subprocess
import sys
from pathlib import Path

from tests.gateway.world import UpstreamProcess

SERVE = """
import json, sys
from pathlib import Path
from tests.gateway.world import gateway
with gateway(Path(sys.argv[1]), sys.argv[2]) as door:
    answer = door.call("read_customer", {"id": "7"})
    print(json.dumps([answer.json(), sorted(sys.modules)]))
"""


def test_a_gateway_that_served_a_call_has_not_loaded_the_wasm_runtime(
    tmp_path: Path, upstream: UpstreamProcess
) -> None:
    command = [sys.executable, "-c", SERVE, str(tmp_path), upstream.url]
    ran = subprocess.run(command, capture_output=True, text=True, check=True)
    answer, loaded = json.loads(ran.stdout)
    assert answer["result"]["content"][0]["text"] == "customer 7"
    assert "handler.decision.table" in loaded
    assert not {"wasmtime", "handler.decision.wasm"} & set(loaded)
