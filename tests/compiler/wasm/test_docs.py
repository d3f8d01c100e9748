"""docs/wasm.md names all that a host needs, by the numbers the code uses."""

import json
import re
from pathlib import Path

import wasmtime

from compiler.lower import lower
from compiler.wasm import abi
from compiler.wasm.emit import emit
from compiler.wasm.sourcemap import source_map
from tests.corpus import policy_of

PAGE = (Path(__file__).parents[3] / "docs" / "wasm.md").read_text(encoding="utf-8")


def test_every_export_has_its_row() -> None:
    module = wasmtime.Module(wasmtime.Engine(), emit(lower(policy_of("conditions-are-anded"))))
    described = " ".join(re.findall(r"^\| (`.*?) \|", PAGE, re.MULTILINE))
    for export in module.exports:
        assert re.search(rf"`{export.name}[`(]", described), export.name


def test_every_member_of_the_names_has_its_row() -> None:
    names = json.loads(source_map(lower(policy_of("limits-per-shared-scopes"))))
    section = PAGE.split("### Names")[1].split("##")[0]
    assert re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE) == list(names)
    for member in {key for row in (*names["rules"], *names["limits"]) for key in row}:
        assert f"`{member}`" in section, member


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
