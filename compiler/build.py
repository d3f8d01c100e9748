"""The whole pipeline: policy.json in, an artifact out, or every reason why not.

Must not know files, nor what any stage does.
"""

from dataclasses import dataclass

from compiler import artifact
from compiler.approvers import fill
from compiler.check import check
from compiler.diagnostics import Diagnostic, has_errors, ordered, render
from compiler.ir import Program
from compiler.lower import lower
from compiler.parse import parse
from compiler.policy import Policy
from compiler.source import uncollected
from compiler.table.write import encode


@dataclass(frozen=True, slots=True)
class Built:
    """What became of one policy.json.

    All from `policy` on are None where the diagnostics hold an error; warnings may stand beside
    them.
    """

    name: str
    """What the diagnostics call the file."""
    text: str
    diagnostics: tuple[Diagnostic, ...]
    policy: Policy | None = None
    program: Program | None = None
    table: bytes | None = None
    artifact: bytes | None = None

    def rendered(self) -> str:
        """The diagnostics as their author reads them; empty where there are none."""
        return render(self.diagnostics, self.text, self.name)


def build(
    source: bytes, name: str, approvers: tuple[str, ...] = (), *, module: bool = False
) -> Built:
    """Compile one policy; `approvers` are asked where it names nobody.

    Equal sources and approvers give equal artifacts, whatever the name. With `module` the artifact
    holds the policy's WASM module too.
    """
    with uncollected():
        return _built(source, name, approvers, module)


def _built(source: bytes, name: str, approvers: tuple[str, ...], module: bool) -> Built:
    parsed = parse(source)
    if parsed.policy is None:
        return Built(name, parsed.text, parsed.diagnostics)
    policy = fill(parsed.policy, approvers)
    diagnostics = tuple(ordered((*parsed.diagnostics, *check(policy))))
    if has_errors(diagnostics):
        return Built(name, parsed.text, diagnostics)
    program = lower(policy)
    table = encode(program)
    data = artifact.pack(artifact.Parts(table, source, _module(program, module)))
    return Built(name, parsed.text, diagnostics, policy, program, table, data)


def _module(program: Program, wanted: bool) -> bytes:
    if not wanted:
        return b""
    from compiler.wasm.emit import emit  # it translates the runtime when it is loaded

    return emit(program)
