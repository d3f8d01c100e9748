"""The policies that a manifest names, read and compiled. All that are wrong are said at once."""

from dataclasses import dataclass

from handler.admin.apply import Compiled
from handler.admin.manifest import Manifest
from handler.failure import CannotRun
from handler.policies.model import Artifact
from handler.policies.publish import PolicyRefused, compile_source


@dataclass(frozen=True, slots=True)
class Policies:
    """Everything compiled, and the warnings about it as one text."""

    compiled: Compiled
    warnings: str


def policies(manifest: Manifest, *, modules: bool = False) -> Policies:
    """Compile every policy of the manifest, with their WASM `modules` where they are needed.

    Raises `CannotRun` with all that is wrong.
    """
    compiled: dict[str, dict[str, Artifact]] = {}
    refusals: list[str] = []
    warnings: list[str] = []
    for server in manifest.servers:
        compiled[server.name] = {}
        for name, path in server.policies.items():
            try:
                text = path.read_bytes()
                made = compile_source(text, str(path), manifest.approvers, module=modules)
            except OSError as error:
                refusals.append(f"cannot read the policy {path}: {error.strerror}")
            except PolicyRefused as refusal:
                refusals.append(
                    f"the policy {path} does not compile\n{refusal.diagnostics.strip()}"
                )
            else:
                compiled[server.name][name] = made.artifact
                warnings.append(made.warnings.strip())
    if refusals:
        raise CannotRun("\n\n".join(refusals))
    return Policies(compiled, "\n".join(filter(None, dict.fromkeys(warnings))))
