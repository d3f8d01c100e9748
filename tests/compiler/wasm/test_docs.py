"""docs/wasm.md names all that a host needs, by the numbers the code uses."""

import re
from pathlib import Path

import wasmtime

from compiler import wasm
from compiler.lower import lower
from compiler.table.layout import FIXED, OPERATORS, SCOPES, VERSION, Section
from compiler.wasm import abi
from compiler.wasm.emit import emit
from tests.corpus import policy_of

PAGE = (Path(__file__).parents[3] / "docs" / "wasm.md").read_text(encoding="utf-8")
HOST = (Path(wasm.__file__).parent / "host.js").read_text(encoding="utf-8")


def test_every_export_has_its_row() -> None:
    module = wasmtime.Module(wasmtime.Engine(), emit(lower(policy_of("conditions-are-anded"))))
    described = " ".join(re.findall(r"^\| (`.*?) \|", PAGE, re.MULTILINE))
    for export in module.exports:
        assert re.search(rf"`{export.name}[`(]", described), export.name


def test_every_section_of_the_names_has_its_row_and_every_order_is_that_of_the_code() -> None:
    section = PAGE.split("### Names")[1].split("##")[0]
    named = re.findall(r"(\d+) `([A-Z_]+)`", section)
    assert [(int(number), name) for number, name in named] == [(one, one.name) for one in Section]
    assert f"version ({VERSION}) and the number\nof sections ({len(Section)})" in section
    for title, words in (("Scopes", SCOPES), ("Operators", OPERATORS)):
        listed = re.search(rf"{title}, from 0: ([^.]*)\.", section)
        assert listed and re.findall(r"`(\w+)`", listed[1]) == [word.value for word in words]


def test_the_host_library_reads_the_names_by_the_same_numbers() -> None:
    numbers: dict[str, int] = {}
    for names, values in re.findall(
        r"^const \[([A-Z_, ]+)\] = \[([0-9, ]+)\];", HOST, re.MULTILINE
    ):
        numbers |= zip(names.split(", "), map(int, values.split(", ")), strict=True)
    sections = {one.name: one.value for one in Section}
    assert {name: numbers[name] for name in sections if name in numbers} == {
        name: number
        for name, number in sections.items()
        if name not in ("FACTS", "HIDE", "AUTOMATA")  # which the library does not read
    }
    assert f"SECTIONS = {len(Section)};" in HOST and f"TABLE_VERSION = {VERSION};" in HOST
    fixed = re.search(r"const FIXED = {(.*)}", HOST)
    assert fixed and re.findall(r"\[(\w+)\]: (\d+)", fixed[1]) == [
        (section.name, str(width)) for section, width in FIXED.items()
    ]
    for name, words in (("SCOPES", SCOPES), ("OPERATORS", OPERATORS)):
        listed = re.search(rf"const {name} = \[(.*?)\];", HOST, re.DOTALL)
        assert listed and re.findall(r'"(\w+)"', listed[1]) == [word.value for word in words]


def test_the_numbers_are_those_of_the_code() -> None:
    effects = re.findall(r"^\| (-?\d) \| (\w+ ?\w*)", PAGE.split("### The answer")[0], re.MULTILINE)
    assert [(int(number), words.strip()) for number, words in effects] == [
        (abi.ALLOW, "allow"),
        (abi.DENY, "deny"),
        (abi.REQUIRE_APPROVAL, "require approval"),
        (abi.MALFORMED, "malformed"),
        (abi.TOO_LARGE, "too large"),
    ]
    words = {
        "hidden": abi.HIDDEN,
        "default deny": abi.DEFAULT_DENY,
        "`require`": abi.REQUIRE,
        "`deny_if`": abi.DENY_IF,
        "`approve_if`": abi.APPROVE_IF,
        "a limit": abi.LIMIT,
    }
    for word, number in words.items():
        assert f"{number} {word}" in PAGE
    assert f"Version {abi.ABI_VERSION}." in PAGE
