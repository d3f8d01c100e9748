"""One request to a program: under ids of our own there, under the agent's own here.

Must not know the program. Several agents may share one, so a request gets an id and a progress
token that no other has; what comes back gets the agent's again, and stays otherwise as written.
"""

import json
from collections.abc import Callable, Mapping
from typing import Any

from compiler.values import Value
from handler.gateway.revisions import VERSION_KEY
from handler.stdio.feed import Feed
from handler.stdio.lines import with_id


class Exchange(Feed):
    """One request and what comes for it: notifications, then the response."""

    def __init__(
        self,
        number: int,
        body: Mapping[str, Value],
        patience: float | None,
        closed: Callable[["Exchange"], None],
    ) -> None:
        super().__init__(patience)
        self._number, self._closed = number, closed
        self._id = body["id"]
        self._token = meta(body).get("progressToken")
        self.modern = VERSION_KEY in meta(body)

    @property
    def number(self) -> int:
        """Its id, and the progress token, at the program."""
        return self._number

    def is_of(self, id: object) -> bool:
        return type(id) is type(self._id) and id == self._id

    def progress(self, event: dict[str, Any]) -> None:
        """A notification that named our token; the agent's own goes on."""
        if self._token is not None:
            event["params"]["progressToken"] = self._token
            self.notice(json.dumps(event))

    def answer(self, text: str) -> None:
        assert isinstance(self._id, str | int)
        self.ends(with_id(text, self._id))

    def close(self) -> None:
        self._closed(self)


def numbered(body: Mapping[str, Value], number: int) -> dict[str, Value]:
    """The request with our id, and our progress token where it has one."""
    whole: dict[str, Value] = {**body, "id": number}
    if meta(body).get("progressToken") is not None:
        params = body["params"]
        assert isinstance(params, dict)
        whole["params"] = {**params, "_meta": {**meta(body), "progressToken": number}}
    return whole


def meta(message: Mapping[str, Any]) -> Mapping[str, Any]:
    """The `_meta` of a message's parameters."""
    params = message.get("params")
    found = params.get("_meta") if isinstance(params, dict) else None
    return found if isinstance(found, dict) else {}
