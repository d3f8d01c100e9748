"""What the functions' bundle holds, by what they import."""

from infra.stage import ENTRIES, ROOT, Target, modules, requirements

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
