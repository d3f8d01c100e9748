"""The command line as a whole: quick, one clear message per failure, and documented completely."""

import argparse
import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from handler.cli import main as command_line
from handler.failure import CannotRun

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "cli.md").read_text()


def commands() -> dict[str, argparse.ArgumentParser]:
    """Every command by its words: `serve`, `grant create`."""
    return dict(leaves("", command_line.parser()))


def leaves(
    words: str, parser: argparse.ArgumentParser
) -> Iterator[tuple[str, argparse.ArgumentParser]]:
    below = [a for a in parser._actions if isinstance(a, argparse._SubParsersAction)]
    if not below:
        yield words, parser
    for action in below:
        for name, child in action.choices.items():
            yield from leaves(f"{words} {name}".strip(), child)


COMMANDS = commands()


def arguments(parser: argparse.ArgumentParser) -> set[str]:
    """Every option in its long form, and every positional as its help shows it."""
    actions = [action for action in parser._actions if action.dest != "help"]
    return {
        action.option_strings[-1] if action.option_strings else str(action.metavar or action.dest)
        for action in actions
    }


def rows(heading: str) -> set[str]:
    """The first column of the table in a section."""
    section = PAGE.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    assert section, f"docs/cli.md has no section {heading}"
    return set(re.findall(r"^\| `([^`]+)` \|", section, re.MULTILINE))


SHARED = rows("Which gateway")
"""Options of every operators' command, described once."""


@pytest.mark.parametrize("command", COMMANDS)
def test_every_argument_of_every_command_is_documented_and_nothing_else_is(command: str) -> None:
    taken = arguments(COMMANDS[command])
    shared = SHARED if taken > SHARED else set()
    assert rows(f"`holdpoint {command}`") == taken - shared


def test_the_options_that_say_which_gateway_are_those_of_a_command() -> None:
    assert arguments(COMMANDS["pause"]) > SHARED


def test_every_documented_command_exists() -> None:
    assert set(re.findall(r"^## `holdpoint (.+)`$", PAGE, re.MULTILINE)) == set(COMMANDS)


def test_every_module_that_declares_a_command_is_one() -> None:
    modules = Path(command_line.__file__).parent.glob("*.py")
    declaring = {file.stem for file in modules if "\ndef add_parser(" in file.read_text()}
    assert declaring == set(command_line.COMMANDS)


def test_help_says_what_each_command_is_for(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "100")  # where a summary is broken into lines
    with pytest.raises(SystemExit, match="0"):
        command_line.main(["--help"])
    printed = capsys.readouterr().out
    assert all(summary in printed for summary in command_line.COMMANDS.values())


def test_help_loads_neither_the_compiler_nor_the_gateway() -> None:
    script = (
        "import sys, handler.cli.main as m\n"
        "try: m.main(['--help'])\n"
        "except SystemExit: print(*sorted(sys.modules), sep='\\n', file=sys.stderr)"
    )
    ran = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True
    )
    loaded = set(ran.stderr.split())
    assert "handler.cli.main" in loaded
    heavy = {"starlette", "aiohttp", "uvicorn", "mcp", "compiler", "handler.gateway", "asyncio"}
    assert not loaded & heavy


@pytest.mark.parametrize("argv", [[], ["sever"], ["serve", "--nonsense"]])
def test_a_command_line_that_cannot_be_read_ends_with_2(argv: list[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        command_line.main(argv)


def failing(monkeypatch: pytest.MonkeyPatch, error: Exception) -> int:
    from handler.cli import demo

    def fail(_: argparse.Namespace) -> int:
        raise error

    monkeypatch.setattr(demo, "run", fail)
    return command_line.main(["demo"])


def test_a_failure_that_was_foreseen_is_one_message(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert failing(monkeypatch, CannotRun("port 1 is in use; choose another")) == 2
    assert capsys.readouterr().err == "holdpoint: port 1 is in use; choose another\n"


def test_a_failure_that_was_not_foreseen_is_one_line_unless_more_is_asked_for(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("HOLDPOINT_DEBUG", raising=False)
    assert failing(monkeypatch, KeyError("lost")) == 2
    assert capsys.readouterr().err.count("\n") == 1
    monkeypatch.setenv("HOLDPOINT_DEBUG", "1")
    assert failing(monkeypatch, KeyError("lost")) == 2
    assert "Traceback" in capsys.readouterr().err


def sources() -> Iterator[Path]:
    for package in ("compiler", "handler"):
        yield from (ROOT / package).rglob("*.py")


def reads(tree: ast.AST, module: str, names: set[str]) -> bool:
    """Whether the code reaches one of these names of a module, by whichever form of import."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module == module:
            if names & {alias.name for alias in node.names}:
                return True
        elif (
            isinstance(node, ast.Attribute)
            and node.attr in names
            and isinstance(node.value, ast.Name)
            and node.value.id == module
        ):
            return True
    return False


@pytest.mark.parametrize(
    ("module", "names", "owner"),
    [
        ("os", {"environ", "environb", "getenv"}, "handler/settings.py"),
        ("time", {"time", "time_ns"}, "handler/clock.py"),
        ("datetime", {"now", "utcnow", "today"}, "handler/clock.py"),
    ],
)
def test_the_environment_and_the_clock_are_read_in_one_place(
    module: str, names: set[str], owner: str
) -> None:
    found = [
        str(path.relative_to(ROOT))
        for path in sources()
        if reads(ast.parse(path.read_text()), module, names)
    ]
    assert set(found) <= {owner}
