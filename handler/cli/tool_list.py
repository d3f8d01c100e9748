"""A file that lists a server's tools: what `tools/list` answered, or the names alone.

Must not know policies.
"""

import json
from pathlib import Path
from typing import Any

from handler.failure import CannotRun


def listed(path: Path) -> list[str]:
    """The names in the file. Raises `CannotRun`."""
    try:
        document = json.loads(path.read_bytes())
    except OSError as error:
        raise CannotRun(f"cannot read {path}: {error.strerror}") from None
    except (ValueError, RecursionError):
        raise CannotRun(f"{path} is not JSON") from None
    tools = _tools(document)
    found = [tool.get("name") if isinstance(tool, dict) else tool for tool in tools or ()]
    names = [name for name in found if isinstance(name, str)]
    if tools is None or len(names) < len(found):
        raise CannotRun(f"{path} must be the result of tools/list, or a JSON list of names")
    return names


def _tools(document: Any) -> list[Any] | None:
    """The list inside an answer, its result, or by itself."""
    for member in ("result", "tools"):
        if isinstance(document, dict) and member in document:
            document = document[member]
    return document if isinstance(document, list) else None
