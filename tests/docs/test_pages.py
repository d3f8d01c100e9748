"""The documents hold together: links lead somewhere, and the policies in them compile."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from compiler.build import build
from compiler.diagnostics import Severity

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])


def links(page: Path) -> Iterator[tuple[Path, str]]:
    """The page's links to files of ours: the file, and the heading in it, which may be empty."""
    prose = re.sub(r"```.*?```", "", page.read_text(), flags=re.DOTALL)
    for target in re.findall(r"\]\(([^)\s]+)\)", prose):
        path, _, heading = target.partition("#")
        if "://" not in target:
            yield (page.parent / path if path else page), heading


def headings(page: Path) -> set[str]:
    """The page's headings as links name them."""
    found = re.findall(r"^#+ (.*)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-") for heading in found}


def policies(page: Path) -> Iterator[str]:
    """Every whole policy in the page: JSON with a version, fenced, or written by a shell."""
    text = page.read_text()
    blocks = re.findall(r"```json\n(.*?)```", text, re.DOTALL)
    blocks += re.findall(r"<<'JSON'\n(.*?)\nJSON\n", text, re.DOTALL)
    yield from (block for block in blocks if '"version"' in block)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_to_a_file_and_to_a_heading_in_it(page: Path) -> None:
    assert [
        (str(path), heading)
        for path, heading in links(page)
        if not path.exists() or (heading and heading not in headings(path))
    ] == []


def test_every_module_that_the_map_of_the_code_names_is_there() -> None:
    text = (ROOT / "docs" / "architecture.md").read_text()
    known = {path.name for part in ("compiler", "handler") for path in (ROOT / part).rglob("*.py")}
    named = re.findall(r"`([\w/]+(?:/|\.py|\.json|\.yaml|\.toml))`", text)
    assert len(named) > 40
    beside = [ROOT, ROOT / "compiler"]
    assert [
        name
        for name in named
        if not any((folder / name).exists() for folder in beside)
        and not ("/" not in name and name in known)
        and not (ROOT / "tests" / "gateway" / name).exists()
    ] == []


@pytest.mark.parametrize("name", ["README.md", "docs/quick-start.md"])
def test_the_policies_a_newcomer_copies_have_no_errors_and_no_warnings(name: str) -> None:
    found = list(policies(ROOT / name))
    assert found
    for source in found:
        assert build(source.encode(), name).rendered() == ""


@pytest.mark.parametrize("name", ["seed-limit", "stripe"])
def test_the_examples_have_no_errors_and_no_warnings(name: str) -> None:
    path = ROOT / "docs" / "examples" / f"{name}.json"
    assert build(path.read_bytes(), path.name).rendered() == ""


def test_every_example_policy_compiles() -> None:
    examples = sorted((ROOT / "docs" / "examples").glob("*.json"))
    sources = [path for path in examples if "version" in json.loads(path.read_text())]
    assert len(sources) >= 3
    for path in sources:
        found = build(path.read_bytes(), path.name).diagnostics
        assert not [one for one in found if one.severity is Severity.ERROR], path
