"""What the functions' bundle holds, by what they import."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from handler.entry.bundle import running
from infra.stage import (
    ENTRIES,
    MACHINES,
    MARK,
    MOST_BYTES,
    ROOT,
    Target,
    compile_all,
    interpreter,
    keep,
    modules,
    platforms,
    requirements,
    size,
)
from tests.emulated.template import template

AARCH64 = 183
"""Of the ELF header's `e_machine`."""

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


def test_our_own_part_of_the_engine_is_staged_so_that_the_runtime_has_a_use() -> None:
    staged = [str(file.relative_to(ROOT)) for file in modules()]
    assert {"handler/decision/wasm.py", "handler/decision/wasm_engine.py"} <= set(staged)


OF_RUNTIMES = {"3.11": 26, "3.12": 34, "3.13": 34}
"""The C library 2.N that each runtime of the template is on: Amazon Linux 2, and 2023."""


@pytest.mark.parametrize("architecture", MACHINES)
@pytest.mark.parametrize("version", OF_RUNTIMES)
def test_no_wheel_is_taken_that_the_runtimes_c_library_is_too_old_for(
    version: str, architecture: str
) -> None:
    names = platforms(Target(version, architecture, wasm=False))
    newest = [int(name.split("_")[2]) for name in names if name.startswith("manylinux_2_")]
    assert max(newest) <= OF_RUNTIMES[version]
    assert f"manylinux2014_{MACHINES[architecture]}" in names


def test_every_runtime_that_can_be_chosen_has_its_c_library() -> None:
    chosen = template()["Parameters"]["Runtime"]["AllowedValues"]
    assert {name.removeprefix("python") for name in chosen} == set(OF_RUNTIMES)


def test_of_builds_side_by_side_the_first_one_stays(tmp_path: Path) -> None:
    for name in ("kept", "late"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "module.py").write_text(name)
    keep(tmp_path / "late", tmp_path / "kept")
    assert [file.name for file in tmp_path.iterdir()] == ["kept"]
    assert (tmp_path / "kept" / "module.py").read_text() == "kept"


@pytest.mark.full
def test_the_production_bundle_is_for_its_platform_and_small_enough(tmp_path: Path) -> None:
    """For python3.13 on arm64, as the template's defaults are. It downloads, and takes a minute."""
    plain = {name: text for name, text in os.environ.items() if not name.startswith("HOLDPOINT_")}
    command = [sys.executable, "infra/stage.py", str(tmp_path)]
    subprocess.run(command, cwd=ROOT, env=plain, check=True)
    assert size(tmp_path) < MOST_BYTES == 60_000_000
    libraries = list(tmp_path.rglob("*.so"))
    assert libraries and not (tmp_path / "wasmtime").exists()
    for library in libraries:
        head = library.read_bytes()[:20]
        assert head[:4] == b"\x7fELF" and int.from_bytes(head[18:20], "little") == AARCH64
        assert "cp313" in library.name or "313-aarch64" in library.name or "abi3" in library.name
    compiled = bool(list((tmp_path / "handler").rglob("*.cpython-313.pyc")))
    assert compiled is (interpreter("3.13") is not None)


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


def _started(root: Path, built: str) -> subprocess.CompletedProcess[str]:
    """Python at the root of a bundle with this mark and no library, once it loads the entries."""
    for name in ("handler/__init__.py", "handler/entry/__init__.py", "handler/entry/bundle.py"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / name, root / name)
    (root / MARK).write_text(built)
    command = [sys.executable, "-c", "import handler.entry; print('started')"]
    return subprocess.run(command, cwd=root, capture_output=True, text=True)


def test_a_bundle_starts_on_what_it_was_built_for(tmp_path: Path) -> None:
    runtime, architecture = running().split()
    target = Target(runtime.removeprefix("python"), architecture, wasm=False)
    assert _started(tmp_path, str(target)).stdout == "started\n"


@pytest.mark.parametrize("built", ["python3.9 arm64", "python3.9 x86_64"])
def test_a_bundle_built_for_another_runtime_says_what_to_build_or_deploy(
    tmp_path: Path, built: str
) -> None:
    done = _started(tmp_path, built)
    runtime, architecture = running().split()
    assert done.returncode == 1 and not done.stdout
    assert f"built for {built}, and the function runs {runtime} {architecture}" in done.stderr
    assert f"HOLDPOINT_RUNTIME={runtime} HOLDPOINT_ARCHITECTURE={architecture}" in done.stderr
    assert f"Runtime=python3.9 Architecture={built.split()[1]}" in done.stderr
