"""moto's Step Functions interpreter as a server of its own; run by the interpreter that has moto.

    python tests/strict/engine.py PORT LAMBDA_URL PACE_FILE

It is strict where the emulator is lax: time-outs from a path, failures of a function that holds a
task token, retries and catches by name. Functions are called at LAMBDA_URL, whoever answers there.
The machine's seconds pass as much faster than others as the file's number says, so that an hour of
retries can be tested; its definition stays as it is.
"""

import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import boto3
import moto.stepfunctions.parser.asl.utils.boto_client as outgoing
from botocore.config import Config
from moto.core.config import default_user_config

LONGEST_CALL = 900


def call_functions_at(url: str) -> None:
    """Every call that a state machine makes goes to one address, and is made once."""

    def client_for(region: str, service: str, state_credentials: Any = None) -> Any:
        return boto3.client(  # type: ignore[call-overload]  # a service by its name
            service,
            region_name=region,
            endpoint_url=url,
            aws_access_key_id="test",
            aws_secret_access_key="test",
            config=Config(
                parameter_validation=False,
                retries={"total_max_attempts": 1},
                read_timeout=LONGEST_CALL,
            ),
        )

    outgoing.boto_client_for = client_for


def hasten(pace: Callable[[], float]) -> None:
    """Waits, time-outs and pauses between retries take a fraction of their time."""
    from moto.stepfunctions.parser.asl.component.common.retry import retrier_decl
    from moto.stepfunctions.parser.asl.component.common.timeouts.timeout import TimeoutSecondsPath
    from moto.stepfunctions.parser.asl.component.state.wait.wait_function import wait_function

    retrier_decl.time = SimpleNamespace(sleep=lambda seconds: time.sleep(seconds / pace()))
    seconds_of = TimeoutSecondsPath._eval_seconds

    def wait(self: Any, env: Any, wait_seconds: float) -> None:
        env.program_state_event.wait(wait_seconds / pace())

    wait_function.WaitFunction._wait_interval = wait
    TimeoutSecondsPath._eval_seconds = lambda self, env: seconds_of(self, env) / pace()


def main(port: str, functions: str, pace_file: str) -> None:
    call_functions_at(functions)  # before the parser is imported: it takes the name with it
    hasten(lambda: float(Path(pace_file).read_text()))
    default_user_config["stepfunctions"] = {"execute_state_machine": True}
    from moto.server import main as serve

    serve(["-H", "127.0.0.1", "-p", port])


if __name__ == "__main__":
    main(*sys.argv[1:])
