"""docs/gateway-json.md names every member of gateway.json, and no other."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from handler.admin.gateway_json import ManifestError, load, parse

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "gateway-json.md").read_text()

WITH_UNKNOWN: dict[str, dict[str, Any]] = {
    "The file": {"zzzzzz": 1},
    "`servers.<name>`": {"servers": {"s": {"zzzzzz": 1}}},
    "`grants.<name>`": {"grants": {"g": {"zzzzzz": 1}}},
    "`approvals`": {"approvals": {"zzzzzz": 1}},
    "`mail`": {"mail": {"zzzzzz": 1}},
    "`oauth`": {"oauth": {"zzzzzz": 1}},
    "`oauth.grants[]`": {"oauth": {"grants": [{"zzzzzz": 1}]}},
    "`mail.smtp`": {"mail": {"smtp": {"zzzzzz": 1}}},
}


def known(document: dict[str, Any]) -> set[str]:
    """The members that the reader says it knows where this document has one it does not."""
    with pytest.raises(ManifestError) as caught:
        parse(json.dumps(document).encode())
    (message,) = (f.message for f in caught.value.faults if f.path.endswith("zzzzzz"))
    return set(re.findall(r"`([^`]+)`", message.partition("known are")[2]))


@pytest.mark.parametrize("section", WITH_UNKNOWN)
def test_the_table_of_every_section_has_exactly_the_members_there_are(section: str) -> None:
    text = PAGE.partition(f"\n## {section}\n")[2].partition("\n## ")[0]
    documented = set(re.findall(r"^\| `([^`]+)` \|", text, re.MULTILINE))
    assert documented == known(WITH_UNKNOWN[section])


def test_the_example_can_be_loaded_and_its_policies_are_there() -> None:
    manifest = load(ROOT / "docs" / "examples" / "gateway.json")
    paths = [path for server in manifest.servers for path in server.policies.values()]
    assert paths and all(path.is_file() for path in paths)
