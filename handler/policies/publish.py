"""From policy.json to what is deployed. Operators' side only: it loads the whole compiler, and no
call ever waits for it.
"""

from dataclasses import dataclass

from compiler.artifact import digest_of
from compiler.build import build
from handler.policies.model import Artifact


class PolicyRefused(Exception):
    """The policy does not compile. `diagnostics` says why, drawn for its author."""

    def __init__(self, diagnostics: str) -> None:
        super().__init__(diagnostics)
        self.diagnostics = diagnostics


@dataclass(frozen=True, slots=True)
class Compiled:
    """What a policy became, and what its author should look at again."""

    artifact: Artifact
    warnings: str
    """Drawn as errors are; empty where there are none."""


def compile_policy(source: bytes, name: str, approvers: tuple[str, ...] = ()) -> Artifact:
    """The artifact of one policy.json; see `compile_source`."""
    return compile_source(source, name, approvers).artifact


def compile_source(
    source: bytes, name: str, approvers: tuple[str, ...] = (), *, module: bool = False
) -> Compiled:
    """One policy.json, compiled; with its WASM `module` where a gateway is to decide with that.

    `name` is what diagnostics call the file; `approvers` are asked where the policy names nobody.
    Raises `PolicyRefused`; warnings alone do not refuse.
    """
    built = build(source, name, approvers, module=module)
    if built.artifact is None:
        raise PolicyRefused(built.rendered())
    return Compiled(Artifact(digest_of(built.artifact), built.artifact), built.rendered())
