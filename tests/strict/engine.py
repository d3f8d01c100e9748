"""moto's Step Functions interpreter as a server of its own; run by the interpreter that has moto.

    python tests/strict/engine.py LAMBDA_URL

It is strict where the emulator is lax: time-outs from a path, failures of a function that holds a
task token, retries and catches by name. Functions are called at LAMBDA_URL, whoever answers there.
It prints its port, reads lines such as `{"retries": 500}` and prints each once it holds: how much
faster the machine's seconds pass, by what is waited for. So hours can be tested, and a time-out
comes when a test wants it to; the machine's definition stays as it is.
"""

import json
import os
import sys
import threading
import time
from collections.abc import Callable
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


class Pace:
    """How much faster than others the machine's seconds pass: `timeouts` of tasks, pauses between
    `retries`, and `waits`. A change holds for what is waited for already."""

    def __init__(self) -> None:
        self._news = threading.Condition()
        self._paces: dict[str, float] = {"timeouts": 1, "retries": 1, "waits": 1}

    def change(self, paces: dict[str, float]) -> None:
        with self._news:
            self._paces.update(paces)
            self._news.notify_all()

    def look(self) -> None:
        """What somebody waits for may have come."""
        with self._news:
            self._news.notify_all()

    def wait(self, kind: str, seconds: float, come: Callable[[], bool]) -> bool:
        """Whether it came within so many of the machine's seconds."""
        with self._news:
            while not come() and seconds > 0:
                pace, began = self._paces[kind], time.monotonic()
                self._news.wait(min(seconds / pace, LONGEST_CALL))
                seconds -= (time.monotonic() - began) * pace
            return come()


def go_by(pace: Pace) -> None:
    """All that the interpreter waits for goes by this pace."""
    from moto.stepfunctions.parser.asl.component.common.retry import retrier_decl
    from moto.stepfunctions.parser.asl.component.state.exec import execute_state
    from moto.stepfunctions.parser.asl.component.state.wait.wait_function import wait_function
    from moto.stepfunctions.parser.asl.eval.callback import callback

    class Event(threading.Event):
        """One that is waited for until a task's time is over."""

        def set(self) -> None:
            super().set()
            pace.look()

        def wait(self, timeout: float | None = None) -> bool:
            if timeout is None:
                return super().wait()
            return pace.wait("timeouts", timeout, self.is_set)

    def rest(seconds: float) -> None:
        pace.wait("retries", seconds, lambda: False)

    def wait(self: Any, env: Any, wait_seconds: float) -> None:
        pace.wait("waits", wait_seconds, lambda: not env.is_running())

    execute_state.threading = SimpleNamespace(Event=Event)
    callback.Event = Event
    retrier_decl.time = SimpleNamespace(sleep=rest)
    wait_function.WaitFunction._wait_interval = wait


def tell(line: str) -> None:
    print(line, flush=True)


def main(functions: str) -> None:
    call_functions_at(functions)  # before the parser is imported: it takes the name with it
    pace = Pace()
    go_by(pace)
    default_user_config["stepfunctions"] = {"execute_state_machine": True}
    from moto.moto_server.threaded_moto_server import ThreadedMotoServer

    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    _, port = server.get_host_and_port()
    os.environ["MOTO_PORT"] = str(port)
    tell(str(port))
    for line in sys.stdin:
        pace.change(json.loads(line))
        tell(line.rstrip("\n"))


if __name__ == "__main__":
    main(*sys.argv[1:])
