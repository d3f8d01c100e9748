"""What the functions' bundle holds, by what they import."""

import subprocess
import sys
from pathlib import Path

from infra.stage import ENTRIES, ROOT, Target, compile_all, modules, requirements

NOT_STAGED = ("handler/cli", "handler/demo", "handler/admin", "handler/stores/sqlite", "tests")
FRONT = ("compiler/parse", "compiler/check", "compiler/lower.py", "compiler/source/")


def test_only_what_the_functions_import_is_staged() -> None:
    staged = [str(file.relative_to(ROOT)) for file in modules()]
    assert all(f"{entry.replace('.', '/')}.py" in staged for entry in ENTRIES)
    assert not [name for name in staged if name.startswith((*NOT_STAGED, *FRONT))]


def test_the_wasm_engine_is_bundled_only_when_asked_for() -> None:
    plain, wasm = (requirements(Target("3.13", "arm64", chosen)) for chosen in (False, True))
    assert not any(pin.startswith("wasmtime") for pin in plain)
    assert any(pin.startswith("wasmtime") for pin in wasm)
    assert not any(pin.startswith("uvicorn") for pin in plain)


def test_what_is_staged_runs_from_its_compiled_form_and_looks_at_no_source(tmp_path: Path) -> None:
    module = tmp_path / "staged.py"
    module.write_text("print('compiled')")
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    compile_all(tmp_path, Target(version, "arm64", wasm=False))
    module.write_text("print('source')")
    done = subprocess.run(
        [sys.executable, "-c", "import staged"], cwd=tmp_path, capture_output=True, text=True
    )
    assert done.stdout == "compiled\n"
