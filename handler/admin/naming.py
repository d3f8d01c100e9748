"""What is said when something of a name is not there. Pure."""

import difflib
from collections.abc import Iterable


def not_there(what: str, name: str, known: Iterable[str], where: str) -> str:
    """One sentence: that there is none, which one was perhaps meant, and where all are shown."""
    near = difflib.get_close_matches(name, tuple(known), n=1)
    meant = f" (did you mean `{near[0]}`?)" if near else ""
    return f"there is no {what} `{name}`{meant}; `{where}` shows all"
