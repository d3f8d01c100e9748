"""A program that behaves as told by its argument, for what good servers do not do.

It writes its process id into the file it is given, then reads requests and answers them oddly.
"""

import fcntl
import json
import os
import signal
import sys
import time
from pathlib import Path


def say(value: object) -> None:
    sys.stdout.write((value if isinstance(value, str) else json.dumps(value)) + "\n")
    sys.stdout.flush()


def answer(manner: str, request: dict[str, object]) -> None:
    """One request, answered in this manner."""
    result = {"jsonrpc": "2.0", "id": request["id"], "result": {"big": 0}}
    if manner == "dies":
        sys.exit(3)
    if manner == "closes its output":
        os.close(1)
        time.sleep(60)
    if manner == "long":
        say("x" * 3_000_000)
    if manner == "gushing":
        fcntl.fcntl(sys.stdout, fcntl.F_SETPIPE_SZ, 1_000_000)  # more than its reader takes at once
        os.write(1, b"x" * 1_000_000)
    if manner == "noisy":
        say("this is not JSON")
        say([1, 2])
        say({"jsonrpc": "2.0", "id": 99_999, "result": {}})
        say({"jsonrpc": "2.0", "method": "notifications/message", "params": {"data": "unasked"}})
        say({"jsonrpc": "2.0", "id": "s1", "method": "sampling/createMessage", "params": {}})
    text = json.dumps(result).replace('"big": 0', '"big": 1.00000000000000000000001, "big2": 1e400')
    say(text)


def main() -> None:
    manner, file = sys.argv[1], Path(sys.argv[2])
    with file.open("a") as pids:
        pids.write(f"{os.getpid()}\n")
    if manner == "stubborn":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    for line in sys.stdin:
        request = json.loads(line)
        if "method" in request and "id" in request:
            answer(manner, request)
    while manner == "stubborn":
        time.sleep(1)


if __name__ == "__main__":
    main()
