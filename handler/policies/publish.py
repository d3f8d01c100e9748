"""From policy.json to what is deployed. Operators' side only: it loads the whole compiler, and no
call ever waits for it.
"""

from compiler.artifact import digest_of
from compiler.build import build
from handler.policies.model import Artifact


class PolicyRefused(Exception):
    """The policy does not compile. `diagnostics` says why, drawn for its author."""

    def __init__(self, diagnostics: str) -> None:
        super().__init__(diagnostics)
        self.diagnostics = diagnostics


def compile_policy(source: bytes, name: str) -> Artifact:
    """The artifact of one policy.json; `name` is what diagnostics call it.

    Raises `PolicyRefused`; warnings alone do not refuse.
    """
    built = build(source, name)
    if built.artifact is None:
        raise PolicyRefused(built.rendered())
    return Artifact(digest_of(built.artifact), built.artifact)
