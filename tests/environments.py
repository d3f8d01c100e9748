"""Environments apart for programs that tests and benchmarks run beside ours, kept by their pins.

Standard library only. Python packages come from PyPI (Node too, as a wheel), the rest from npm; all
that is written stays in `.cache/`. Lock files are not kept: they would name the registry of one
machine.
"""

import hashlib
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

CACHE = Path(__file__).resolve().parent.parent / ".cache"

PIP_OPTIONS = ("--quiet", "--disable-pip-version-check")
NPM_OPTIONS = ("--package-lock=false", "--ignore-scripts", "--no-audit", "--no-fund", "--quiet")


@dataclass(frozen=True, slots=True)
class Environment:
    """A virtual environment, with npm packages in it where a package.json asks for them."""

    name: str
    requirements: Path
    npm: Path | None = None

    @property
    def home(self) -> Path:
        """Where it stands, for these pins and this Python."""
        pins = [self.requirements] if self.npm is None else [self.requirements, self.npm]
        text = "\n".join([*(file.read_text() for file in pins), sys.version])
        return CACHE / f"{self.name}-{hashlib.sha256(text.encode()).hexdigest()[:12]}"

    @property
    def complete(self) -> bool:
        return (self.home / "complete").exists()

    def make(self) -> bool:
        """Make it unless it is there; whether it is now. What failed is printed."""
        if self.complete:
            return True
        for old in CACHE.glob(f"{self.name}-*"):
            shutil.rmtree(old)
        self.home.mkdir(parents=True)
        path = f"{self.home / 'bin'}{os.pathsep}{os.environ['PATH']}"
        for command in self._commands():
            ran = subprocess.run(
                command, env={**os.environ, "PATH": path}, capture_output=True, text=True
            )
            if ran.returncode:
                print(ran.stdout + ran.stderr, file=sys.stderr)
                print(f"{self.name}: {command[0]} failed (above); try again", file=sys.stderr)
                return False
        (self.home / "complete").touch()
        return True

    def _commands(self) -> list[list[str]]:
        pip, npm = str(self.home / "bin" / "pip"), str(self.home / "bin" / "npm")
        commands = [
            [sys.executable, "-m", "venv", str(self.home)],
            [pip, "install", *PIP_OPTIONS, "--requirement", str(self.requirements)],
        ]
        if self.npm is not None:
            shutil.copy(self.npm, self.home)
            commands.append([npm, "install", *NPM_OPTIONS, "--prefix", str(self.home)])
        return commands
