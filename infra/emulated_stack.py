"""Builds template.yaml with the SAM CLI and deploys it to the emulator.

The emulator runs functions with its own interpreter, so the stack is built for that one; the
production bundle (python3.13, arm64) is built and inspected by tests/infra.
"""

import platform
import subprocess
import sys

from infra.emulator import CACHE, ROOT, Emulator, tool

NAME = "holdpoint"
SENDER = "gateway@example.com"
RUNTIME = f"python{sys.version_info.major}.{sys.version_info.minor}"
ARCHITECTURE = "arm64" if platform.machine() in ("arm64", "aarch64") else "x86_64"
BUILD = CACHE / "sam-build"


def build() -> None:
    """`sam build`, for the interpreter that runs this."""
    environment = {
        **Emulator.offline_environment(),
        "HOLDPOINT_RUNTIME": RUNTIME,
        "HOLDPOINT_ARCHITECTURE": ARCHITECTURE,
        "PYTHON": sys.executable,
    }
    _sam(["build", "--build-dir", str(BUILD)], environment)


def deploy(emulator: Emulator, name: str = NAME, **others: str) -> None:
    """`sam deploy` of what was built; `others` are parameters that are not as here."""
    parameters = {
        "SenderEmail": SENDER,
        "CreateSenderIdentity": "true",
        "Runtime": RUNTIME,
        "Architecture": ARCHITECTURE,
        "EmulatorUrl": emulator.url,
        "HoldSeconds": "1",
        **others,
    }
    given = [f"{parameter}={value}" for parameter, value in parameters.items()]
    arguments = ["deploy", "--template-file", str(BUILD / "template.yaml"), "--stack-name", name]
    arguments += ["--resolve-s3", "--capabilities", "CAPABILITY_IAM", "--no-confirm-changeset"]
    arguments += ["--no-progressbar", "--region", "us-east-1", "--parameter-overrides", *given]
    _sam(arguments, emulator.environment)


def delete(emulator: Emulator, name: str) -> None:
    """`sam delete` of a stack."""
    arguments = ["delete", "--stack-name", name, "--no-prompts", "--region", "us-east-1"]
    _sam(arguments, emulator.environment)


def _sam(arguments: list[str], environment: dict[str, str]) -> None:
    done = subprocess.run(
        [str(tool("sam") / "bin" / "sam"), *arguments],
        cwd=ROOT,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )
    if done.returncode != 0:
        raise RuntimeError(
            f"sam {arguments[0]} failed:\n{done.stdout[-4000:]}{done.stderr[-4000:]}"
        )
