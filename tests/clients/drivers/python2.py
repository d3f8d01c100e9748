"""The official Python client 2.x over HTTP: URL TOKEN MODE.

MODE is auto, legacy or a revision; `tasks` declares the tasks extension, `url` opens addresses.
"""

import logging
import sys
import warnings
from typing import Any, Literal

import anyio
import checks
import httpx2
from mcp import Client, types
from mcp.client.extension import ClientExtension, ResultClaim
from mcp.client.streamable_http import streamable_http_client


class CreatedTask(types.Result):
    result_type: Literal["task"]
    task_id: str
    status: str
    poll_interval_ms: int | None = None


class TaskParams(types.RequestParams):
    task_id: str


class GetTask(types.Request[TaskParams, Literal["tasks/get"]]):
    method: Literal["tasks/get"] = "tasks/get"
    params: TaskParams
    name_param = "taskId"


class Task(types.Result):
    task_id: str
    status: str
    result: dict[str, Any] | None = None


class Tasks(ClientExtension):
    """Polls a task until it is done; the client itself has no such thing yet."""

    identifier = "io.modelcontextprotocol/tasks"

    def claims(self):
        return [ResultClaim(result_type="task", model=CreatedTask, resolve=self.resolve)]

    async def resolve(self, created, ctx):
        checks.tell("task", created.model_dump(mode="json", by_alias=True, exclude_none=True))
        while True:
            await anyio.sleep(min((created.poll_interval_ms or 1000) / 1000, 0.3))
            asked = GetTask(params=TaskParams(task_id=created.task_id))
            task = await ctx.session.send_request(asked, Task)
            if task.status != "working":
                return types.CallToolResult.model_validate(task.result)


async def opened(ctx, params):
    """A person is shown the address, opens it, and nothing more."""
    async with httpx2.AsyncClient() as browser:
        page = await browser.get(params.url)
    checks.tell("page", {"url": params.url, "status": page.status_code, "html": page.text})
    return types.ElicitResult(action="accept")


OPTIONS = {
    "tasks": {"mode": "auto", "extensions": [Tasks()]},
    "url": {"mode": "auto", "elicitation_callback": opened},
}


async def main(url, token, mode):
    told = anyio.Event()

    async def notified(message):
        if "tools/list_changed" in repr(message):
            told.set()

    async with httpx2.AsyncClient(headers={"Authorization": f"Bearer {token}"}, timeout=90) as http:
        transport = streamable_http_client(url, http_client=http)
        async with Client(
            transport, message_handler=notified, **OPTIONS.get(mode, {"mode": mode})
        ) as client:
            checks.tell("version", client.protocol_version)

            async def names():
                return [tool.name for tool in (await client.list_tools()).tools]

            async def call(tool, arguments, progress):
                return await client.call_tool(tool, arguments, progress_callback=progress)

            async def read(uri):
                return (await client.read_resource(uri)).contents[0].text

            async def heard(announce):
                with anyio.move_on_after(60):
                    if mode == "legacy":
                        await announce(True)
                        await told.wait()
                        return True
                    async with client.listen(tools_list_changed=True) as events:
                        await announce(False)
                        await anext(events)
                        return True
                return False

            await checks.run(names, call, read, heard)


if __name__ == "__main__":
    logging.disable(logging.CRITICAL)
    warnings.simplefilter("ignore")
    anyio.run(main, *sys.argv[1:])
