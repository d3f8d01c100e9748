"""What the table engine keeps, and what it loads."""

import json
import subprocess
import sys
from pathlib import Path

from compiler.lower import lower
from compiler.table.write import encode
from compiler.verdict import Call, Effect
from handler.decision.table import LONGEST_NAME
from tests.decision.engines import NOBODY, both, policy_of


def test_names_too_long_to_be_kept_are_served_all_the_same() -> None:
    document = {"version": "1", "default": "deny", "tools": {"a*": {}}}
    meaning, table = both(document, "table")
    for name in ("a" * LONGEST_NAME, "a" * (LONGEST_NAME + 1), "b" * (LONGEST_NAME + 1)):
        assert table.decide(Call(name), NOBODY, 0) == meaning.decide(Call(name), NOBODY, 0)
    assert table.decide(Call("a" * 10_000), NOBODY, 0).effect is Effect.ALLOW


REQUEST_PATH = """
import json, sys
import handler.decision.table, handler.decision.arguments, handler.policies.current
from compiler.verdict import Call, Subject
table = open(sys.argv[1], "rb").read()
handler.decision.table.TableEngine(table).decide(Call("t", {"x": "a"}), Subject(), 0)
print(json.dumps(sorted(sys.modules)))
"""


def test_the_request_path_loads_no_part_of_the_compiler_that_reads_policies(
    tmp_path: Path,
) -> None:
    rule = {"conditions": [{"path": "args.x", "op": "regex", "value": "^a$"}]}
    document = {"version": "1", "default": "deny", "tools": {"t": {"require": [rule]}}}
    file = tmp_path / "policy.table"
    file.write_bytes(encode(lower(policy_of(document))))
    ran = subprocess.run(
        [sys.executable, "-c", REQUEST_PATH, str(file)], capture_output=True, text=True, check=True
    )
    loaded = {name for name in json.loads(ran.stdout) if name.split(".")[0] in ("compiler",)}
    assert loaded == {
        "compiler",
        "compiler.artifact",
        "compiler.frozen",
        "compiler.globs",
        "compiler.ir",
        "compiler.names",
        "compiler.policy",
        "compiler.regex",
        "compiler.regex.errors",
        "compiler.regex.run",
        "compiler.table",
        "compiler.table.layout",
        "compiler.table.read",
        "compiler.values",
        "compiler.verdict",
    }
    assert not {"boto3", "wasmtime", "starlette"} & set(json.loads(ran.stdout))
