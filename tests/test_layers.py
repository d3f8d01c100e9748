"""The contracts of import-linter name what they are about: nothing new may stand beside them."""

import ast
import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parent.parent
PURE = re.compile(r"\bPure\b")
BOUNDARY = re.compile(r"\b[Mm]ust not\b")
GENERATED = "compiler/regex/unicode_data.py"

FREE = ("handler.cli", "handler.demo", "handler.entry")
"""Nobody imports these, and they may import everybody."""

WITH_IMPURE_VALUES = (
    "handler.gateway.case",
    "handler.gateway.outcomes",
    "handler.gateway.refusals",
)
"""Pure functions of values whose types stand beside the stores' ports or what asks them."""

WITH_PAGES = ("handler.approvals.pages.outcome", "handler.approvals.pages.question")
"""Pure functions that answer with starlette's responses."""

ELSEWHERE = ("handler.admin", "handler.entry", "handler.stores")
"""Operators' use cases, entries and adapters: what is pure in them is pure of its own accord."""


def sources(contract: str) -> list[str]:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())
    contracts = settings["tool"]["importlinter"]["contracts"]
    (found,) = (each["source_modules"] for each in contracts if each["id"] == contract)
    return list(found)


def is_in(module: str, packages: list[str] | tuple[str, ...]) -> bool:
    return any(module == each or module.startswith(f"{each}.") for each in packages)


def test_what_says_that_it_is_pure_is_held_to_it() -> None:
    heads = {
        ".".join(path.relative_to(ROOT).with_suffix("").parts): ast.get_docstring(
            ast.parse(path.read_text())
        )
        for path in (ROOT / "handler").rglob("*.py")
    }
    pure = {module for module, head in heads.items() if head and PURE.search(head)}
    let = (*sources("pure"), *WITH_IMPURE_VALUES, *WITH_PAGES, *ELSEWHERE)
    assert len(pure) > 40
    assert [module for module in sorted(pure) if not is_in(module, let)] == []


def test_every_part_of_the_handler_is_kept_from_importing_the_entries() -> None:
    parts = {
        f"handler.{path.stem}"
        for path in (ROOT / "handler").iterdir()
        if path.suffix == ".py" or (path / "__init__.py").exists()
    } - {"handler.__init__", *FREE}
    assert len(parts) > 15
    assert sorted(parts - set(sources("entries"))) == []


def test_every_module_of_the_compiler_says_what_it_must_not_know() -> None:
    heads = {
        str(path.relative_to(ROOT)): " ".join(
            (ast.get_docstring(ast.parse(path.read_text())) or "").split()
        )
        for path in (ROOT / "compiler").rglob("*.py")
    }
    assert len(heads) > 100
    silent = [module for module, head in heads.items() if not BOUNDARY.search(head)]
    assert silent == [GENERATED]
