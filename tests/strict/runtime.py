"""Lambda for the strict engine: AWS's own runtime client, behind a Runtime API of ours.

Each function is a process that runs `python -m awslambdaric`, so that what it raises gets the name
that AWS gives it. A function has one environment; calls of it wait for each other. Source: "Using
the Lambda runtime API" in the Lambda developer guide.
"""

import asyncio
import json
import sys
import time
import uuid
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiohttp import web

from infra.emulator import KEYS, REGION, tool

ROOT = Path(__file__).parents[2]
RUNTIME = "/2018-06-01/runtime"
LARGEST_ANSWER = 6 * 2**20
ACCOUNT = "123456789012"


@dataclass
class Answer:
    """What a function answered: a JSON text, or an error's."""

    body: bytes
    failed: bool = False


@dataclass
class Job:
    """One event on its way through a function."""

    event: bytes
    seconds: float
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    answer: asyncio.Future[Answer] = field(default_factory=asyncio.Future)
    over: asyncio.Event = field(default_factory=asyncio.Event)
    """Its time is over."""


def failure(kind: str, message: str) -> Answer:
    return Answer(json.dumps({"errorType": kind, "errorMessage": message}).encode(), True)


def timed_out(seconds: float) -> Answer:
    return failure("Sandbox.Timedout", f"Task timed out after {seconds:.2f} seconds")


class Function:
    """A function, whose process is started by its first event and again after its death."""

    def __init__(
        self, handler: str, environment: Mapping[str, str], seconds: float, log: Path
    ) -> None:
        self.name = handler.split(".")[-2]
        self.arn = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{self.name}"
        self.seconds = seconds
        self.events: list[dict[str, object]] = []
        """Every event that reached it."""
        self._handler, self._environment, self._log = handler, environment, log
        self._turn = asyncio.Lock()
        self._jobs: asyncio.Queue[Job] = asyncio.Queue()
        self._current: Job | None = None
        self._began = 0
        self._process: asyncio.subprocess.Process | None = None
        self._port = 0

    @property
    def log(self) -> str:
        """All that its processes wrote."""
        return self._written().decode(errors="replace")

    @property
    def news(self) -> str:
        """What of it was written since the test began."""
        return self._written()[self._began :].decode(errors="replace")

    async def rest(self) -> None:
        """A test begins: what still runs of the one before is ended."""
        while self._turn.locked():
            await self.kill()
            await asyncio.sleep(0.01)
        self._began = len(self._written())

    def _written(self) -> bytes:
        return self._log.read_bytes() if self._log.exists() else b""

    @asynccontextmanager
    async def running(self) -> AsyncIterator["Function"]:
        app = web.Application(client_max_size=64 * 2**20)
        app.router.add_get(f"{RUNTIME}/invocation/next", self._next)
        app.router.add_post(f"{RUNTIME}/invocation/{{id}}/response", self._answered)
        app.router.add_post(f"{RUNTIME}/invocation/{{id}}/error", self._failed)
        app.router.add_post(f"{RUNTIME}/init/error", self._failed)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        self._port = runner.addresses[0][1]
        try:
            yield self
        finally:
            await self.kill()
            await runner.cleanup()

    async def invoke(self, event: bytes) -> Answer:
        """Run one event to its end, its time-out or its process's death."""
        async with self._turn:
            self.events.append(json.loads(event))
            process = await self._alive()
            self._current = job = Job(event, self.seconds)
            self._jobs.put_nowait(job)
            died = asyncio.create_task(process.wait())
            over = asyncio.create_task(job.over.wait())
            ends: tuple[asyncio.Future[Any], ...] = (job.answer, died, over)
            await asyncio.wait(ends, timeout=job.seconds, return_when=asyncio.FIRST_COMPLETED)
            died.cancel()
            over.cancel()
            if job.answer.done():
                return job.answer.result()
            exited = process.returncode
            await self.kill()
            if exited is None:
                return timed_out(self.seconds)
            return failure("Runtime.ExitError", f"Runtime exited with error: {exited}")

    def run_out(self) -> None:
        """The event that it is at has had all its time."""
        assert self._current is not None
        self._current.over.set()

    async def kill(self) -> None:
        """End the process as a crash would."""
        process, self._process = self._process, None
        if process is not None:
            if process.returncode is None:
                process.kill()
            await process.wait()

    async def _alive(self) -> asyncio.subprocess.Process:
        if self._process is None or self._process.returncode is not None:
            self._jobs = asyncio.Queue()  # the process before may still have asked for a job
            with self._log.open("ab") as log:
                self._process = await asyncio.create_subprocess_exec(
                    *(sys.executable, "-m", "awslambdaric", self._handler),
                    cwd=ROOT,
                    env=self._variables(),
                    stdin=asyncio.subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                )
        return self._process

    def _variables(self) -> dict[str, str]:
        library = next((tool("lambda") / "lib").glob("python*/site-packages"))
        return {
            **KEYS,
            "PATH": "/usr/bin:/bin",
            "PYTHONPATH": f"{ROOT}:{library}",
            "PYTHONUNBUFFERED": "1",
            "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{self._port}",
            "AWS_LAMBDA_FUNCTION_NAME": self.name,
            "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "512",
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            **self._environment,
        }

    async def _next(self, request: web.Request) -> web.Response:
        job = await self._jobs.get()
        deadline = int((time.time() + job.seconds) * 1000)
        return web.Response(
            body=job.event,
            content_type="application/json",
            headers={
                "Lambda-Runtime-Aws-Request-Id": job.id,
                "Lambda-Runtime-Deadline-Ms": str(deadline),
                "Lambda-Runtime-Invoked-Function-Arn": self.arn,
            },
        )

    async def _answered(self, request: web.Request) -> web.Response:
        body = await request.read()
        if len(body) > LARGEST_ANSWER:
            text = "Response payload size exceeded maximum allowed payload size (6291556 bytes)."
            return self._end(request, failure("Function.ResponseSizeTooLarge", text))
        return self._end(request, Answer(body))

    async def _failed(self, request: web.Request) -> web.Response:
        return self._end(request, Answer(await request.read(), failed=True))

    def _end(self, request: web.Request, answer: Answer) -> web.Response:
        job = self._current
        if job and not job.answer.done() and request.match_info.get("id", job.id) == job.id:
            job.answer.set_result(answer)
        return web.json_response({"status": "OK"}, status=202)
