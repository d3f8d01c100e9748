"""Checks template.yaml: cfn-lint, `sam validate --lint`, and checkov on the expanded template.

    python infra/check_template.py

Neither checkov nor cfn-lint sees what is inside a SAM resource, so they read what CloudFormation
would get, the state machine's definition in its place. What checkov is told to skip stands here
with the reason. What passed is not checked again until the template, the definition, this module or
a tool changes.
"""

import hashlib
import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).resolve().parent.parent
if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))

from infra.emulator import CACHE, Emulator, install, tool  # noqa: E402  # after the path is set

TEMPLATE = ROOT / "template.yaml"
MACHINE = ROOT / "infra" / "approval.asl.json"
TOOLS = ("ministack", "sam", "checkov")
"""The first has the translator that expands the template."""

SKIPS = {
    "CKV_AWS_28": "payloads must not outlive their day in backups; a test holds the other tables",
    "CKV_AWS_115": "reserved concurrency is a parameter: an account must leave 100 free",
    "CKV_AWS_116": "callers are synchronous; bounces and the clock are tried twice more by Lambda",
    "CKV_AWS_117": "a VPC adds nothing: tables are reached with IAM, upstreams over the internet",
    "CKV_AWS_119": "a key of the customer's is a parameter",
    "CKV_AWS_173": "the variables hold names, no secrets",
}
"""Checkov's checks that do not apply, and why."""

EXPAND = """
import json, sys
from samtranslator.translator.transform import transform
from samtranslator.parser.parser import Parser
from samtranslator.yaml_helper import yaml_parse
document = yaml_parse(open(sys.argv[1]).read())
for resource in document["Resources"].values():
    properties = resource.get("Properties", {})
    for name in ("CodeUri", "DefinitionUri"):
        if name in properties:
            properties[name] = "s3://bucket/key"
for section in document["Globals"].values():
    if "CodeUri" in section:
        section["CodeUri"] = "s3://bucket/key"
class Policies:
    def load(self): return {}
print(json.dumps(transform(document, {}, Policies())))
"""


def expanded() -> str:
    """The template as CloudFormation gets it, in JSON."""
    done = subprocess.run(
        [str(tool("ministack") / "bin" / "python"), "-c", EXPAND, str(TEMPLATE)],
        env={**Emulator.offline_environment()},
        capture_output=True,
        text=True,
    )
    if done.returncode != 0:
        raise RuntimeError(f"the template cannot be expanded:\n{done.stderr[-3000:]}")
    document = json.loads(done.stdout)
    definition = MACHINE.read_text().replace("${Partition}", "aws")
    for resource in document["Resources"].values():
        if resource["Type"] == "AWS::StepFunctions::StateMachine":
            del resource["Properties"]["DefinitionS3Location"]
            resource["Properties"]["Definition"] = json.loads(definition)
    return json.dumps(document)


def faults() -> list[str]:
    """What each tool says against the template."""
    with TemporaryDirectory() as folder:
        target = Path(folder) / "template.json"
        target.write_text(expanded())
        lint = str(Path(sys.executable).with_name("cfn-lint"))
        commands = {
            "cfn-lint": [lint, str(TEMPLATE)],
            "cfn-lint, expanded": [lint, str(target)],
            "sam validate": [
                *(str(tool("sam") / "bin" / "sam"), "validate", "--lint"),
                *("--template", str(TEMPLATE), "--region", "us-east-1"),
            ],
            "checkov": [
                *(str(tool("checkov") / "bin" / "checkov"), "--file", str(target)),
                *("--framework", "cloudformation", "--compact", "--quiet", "--skip-download"),
                *("--skip-check", ",".join(SKIPS)),
            ],
        }
        with ThreadPoolExecutor() as threads:
            answers = threads.map(_said_against, commands.values())
        return [
            f"{name}:\n{text}"
            for name, text in zip(commands, answers, strict=True)
            if text is not None
        ]


def _said_against(command: list[str]) -> str | None:
    done = subprocess.run(
        command, cwd=ROOT, env=Emulator.offline_environment(), capture_output=True, text=True
    )
    return None if done.returncode == 0 else f"{done.stdout}{done.stderr}"


def passed() -> Path:
    """The mark that says that this template passed these checks."""
    digest = hashlib.sha256(b"".join(map(Path.read_bytes, (TEMPLATE, MACHINE, Path(__file__)))))
    for text in (*(tool(name).name for name in TOOLS), version("cfn-lint")):
        digest.update(text.encode())
    return CACHE / f"template-passed-{digest.hexdigest()[:12]}"


def main() -> int:
    """The exit code: 0 where everything passes."""
    if passed().exists():
        return 0
    for needed in TOOLS:
        install(needed)
    found = faults()
    if not found:
        passed().touch()
    print("\n".join(found), end="", file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
