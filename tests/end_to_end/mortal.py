"""The command line in a process that kills itself (SIGKILL) at one call of one port.

`python -m tests.end_to_end.mortal LEASE START PORT.METHOD before|after NTH serve …`, without the
three in the middle where it is to live. `LEASE` are the seconds that an attempt has, `START` those
from a yes to its start: so few that a test can see them end.
"""

import os
import signal
import sys
from functools import partial
from typing import Any

from handler.approvals import notice
from handler.approvals.embedded import Settings
from handler.approvals.lifecycle import Terms
from handler.cli.main import main
from handler.entry import embedded
from handler.gateway.execute import UpstreamExecutor
from handler.notify.smtp import SmtpMailer
from handler.stores.sqlite.ledger import SQLiteLedger
from handler.stores.sqlite.payloads import SQLitePayloads

PORTS: dict[str, Any] = {
    "executor": UpstreamExecutor,
    "ledger": SQLiteLedger,
    "mailer": SmtpMailer,
    "payloads": SQLitePayloads,
}


def doom(call: str, when: str, nth: int) -> None:
    """Let the process die before or after the nth call."""
    port, method = call.split(".")
    asked, calls = getattr(PORTS[port], method), 0

    async def mortal(*args: Any, **kwargs: Any) -> Any:
        nonlocal calls
        calls += 1
        last = calls == nth
        if last and when == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        answer = await asked(*args, **kwargs)
        if last:
            os.kill(os.getpid(), signal.SIGKILL)
        return answer

    setattr(PORTS[port], method, mortal)


async def _told(self: notice.Notices, *args: Any) -> None:
    """An answer given while the mailing goes on would move the calls that are counted."""
    await _hand_back(self, *args)
    print("mailed", flush=True)


_hand_back = notice.Notices._hand_back
notice.Notices._hand_back = _told  # type: ignore[method-assign, assignment]  # tells of it

lease, start_within, *rest = sys.argv[1:]
# The next life waits for what this one had claimed; a mail itself has half a minute.
notice.MAILING, notice.MARGIN, notice.RETRY = 1.0, -30.0, 0.5
terms = Terms(lease=float(lease), start_within=float(start_within))
vars(embedded)["Settings"] = partial(Settings, terms=terms)
if rest[0] != "serve":
    doom(rest[0], rest[1], int(rest[2]))
    rest = rest[3:]

sys.exit(main(rest))
