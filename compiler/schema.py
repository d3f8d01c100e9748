"""The published JSON Schema (2020-12) of policy.json: for editors, which complete and check by it.

It refuses nothing that the compiler takes. What it cannot say (paths that mean nothing, patterns,
limits that disagree, keys written twice) the compiler finds. Must not know any policy.
"""

from importlib import resources

FILE = "policy.schema.json"


def schema() -> str:
    """The schema's text, as it stands in the package."""
    return resources.files("compiler").joinpath(FILE).read_text(encoding="utf-8")
