"""Which engine a stack's functions decide with: the table, or each policy's WASM module.

Both answer alike. The WASM runtime is loaded only where it was chosen, and is only in a bundle that
was built with it.
"""

from compiler.artifact import ArtifactError, Parts
from handler.failure import CannotRun
from handler.policies.current import Load, PolicyEngine, table_engine

TABLE, WASM = "table", "wasm"


def loader(engine: str) -> Load:
    """What makes engines of artifacts. Raises `CannotRun` where the bundle lacks the runtime."""
    if engine != WASM:
        return table_engine
    try:
        from handler.decision.wasm import ModuleError
        from handler.decision.wasm_engine import WasmEngine
    except ImportError as error:
        raise CannotRun(
            "the parameter Engine is `wasm` and the bundle has no WASM runtime: build it with "
            "HOLDPOINT_WASM=1, or deploy with Engine=table"
        ) from error

    def wasm_engine(parts: Parts) -> PolicyEngine:
        """A policy that was published before the engine was chosen has no module yet."""
        if not parts.module:
            return table_engine(parts)
        try:
            return WasmEngine(parts.module)
        except ModuleError as error:
            raise ArtifactError(str(error)) from error

    return wasm_engine
