"""The JavaScript hosts that the tests run modules in: Node, a browser, a Workers runtime.

A host is given a folder that holds the host library, `requests.json` and the modules it names, and
answers with the JSON of the verdicts.
"""

import json
import os
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx2

from tests.browser.chromium import chromium
from tests.clients import tools

Host = Callable[[Path], str]

WORKERD = "workerd/bin/workerd"

CONFIG = """using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [(name = "main", worker = (compatibilityDate = "2024-01-01", modules = [
    {modules}
  ]))],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "main")],
);
"""
"""One Worker on a port of its own on loopback. The first module is the one that serves."""

KINDS = {".mjs": "esModule", ".js": "esModule", ".json": "json", ".wasm": "wasm"}


@contextmanager
def node() -> Iterator[Host]:
    def ask(folder: Path) -> str:
        command = [tools.node(), str(folder / "node.mjs")]
        return subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout

    yield ask


@contextmanager
def browser() -> Iterator[Host]:
    """One Chromium for all folders; each is served to it on a port of its own."""
    with chromium() as window:

        def ask(folder: Path) -> str:
            with served(folder) as url:
                window.get(f"{url}/page.html")
                found: str = window.execute_script("return window.verdicts()")
                return found

        yield ask


@contextmanager
def worker() -> Iterator[Host]:
    def ask(folder: Path) -> str:
        (folder / "config.capnp").write_text(config(folder))
        command = [tools.node(), tools.package(WORKERD), "serve", "config.capnp", "--control-fd=1"]
        with subprocess.Popen(
            command, cwd=folder, stdout=subprocess.PIPE, start_new_session=True
        ) as process:
            assert process.stdout is not None
            try:
                port = json.loads(process.stdout.readline())["port"]
                return httpx2.get(f"http://127.0.0.1:{port}/", timeout=30).text
            finally:
                os.killpg(process.pid, signal.SIGTERM)  # node's child is the one that serves

    yield ask


HOSTS = {"node": node, "browser": browser, "worker": worker}


def config(folder: Path) -> str:
    """The runtime's configuration: all that a Worker may import, by name."""
    names = ["worker.mjs", "host.js", "verdicts.mjs", "requests.json"]
    names += sorted(path.name for path in folder.glob("*.wasm"))
    modules = (f'(name = "{name}", {KINDS[Path(name).suffix]} = embed "{name}"),' for name in names)
    return CONFIG.replace("{modules}", "\n    ".join(modules))


class Handler(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        """Nothing: a test's output is for what failed."""


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """The folder's files over HTTP on loopback."""
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=folder)) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()
