"""Puts together what the functions run: our modules that they import, and wheels for Lambda.

    python infra/stage.py FOLDER

Standard library and pip only. The staging is kept under .cache by what went into it, so that the
second and third function of a build only copy.
"""

import hashlib
import os
import shutil
import subprocess
import sys

if sys.version_info < (3, 11):  # noqa: UP036  # `sam build` takes whatever python3 there is
    sys.exit(
        f"this is Python {sys.version_info[0]}.{sys.version_info[1]}, too old to build with: "
        "give 3.11 or newer, such as `PYTHON=python3.13 sam build`"
    )

import tomllib
from dataclasses import dataclass
from modulefinder import ModuleFinder
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ENTRIES = ("handler.entry.gateway", "handler.entry.approvals", "handler.entry.workflow")
OURS = ("handler", "compiler")
NOT_IN_LAMBDA = ("uvicorn", "httptools")
"""What pyproject asks for and only `holdpoint serve` runs."""

SDK_SERVICES = ("sesv2",)
"""The services whose descriptions the SDK needs: all of them take 28 MB."""

MACHINES = {"arm64": "aarch64", "x86_64": "x86_64"}
"""What wheels call an architecture."""

AMAZON_LINUX_2 = frozenset({"3.11"})
"""The versions of Python that Lambda runs there ("Lambda runtimes"): its C library is 2.26, and a
wheel for a newer one does not load. The others are on Amazon Linux 2023, with 2.34."""

MARK = "built-for"
"""The file in which the bundle says what it runs on."""

MOST_BYTES = 60_000_000
"""Unzipped, without the WASM engine."""


@dataclass(frozen=True)
class Target:
    """Where the staging is to run."""

    version: str
    """Of Python, such as 3.13."""
    architecture: str
    wasm: bool

    def __str__(self) -> str:
        """As the bundle's own mark says it, which `handler.entry.bundle` reads."""
        return f"python{self.version} {self.architecture}"

    @classmethod
    def read(cls) -> "Target":
        runtime = os.environ.get("HOLDPOINT_RUNTIME", "python3.13")
        return cls(
            version=runtime.removeprefix("python"),
            architecture=os.environ.get("HOLDPOINT_ARCHITECTURE", "arm64"),
            wasm=os.environ.get("HOLDPOINT_WASM", "") == "1",
        )


def requirements(target: Target) -> list[str]:
    """The pins of pyproject.toml that a function needs."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    pins = [pin for pin in project["dependencies"] if pin.split("==")[0] not in NOT_IN_LAMBDA]
    return pins + (project["optional-dependencies"]["wasm"] if target.wasm else [])


def modules() -> list[Path]:
    """Our files that the entries import, found without running them."""
    finder = ModuleFinder(path=[str(ROOT)])
    for entry in ENTRIES:
        finder.import_hook(entry, fromlist=["*"])
    files = {name: module.__file__ for name, module in finder.modules.items()}  # type: ignore[attr-defined]  # typeshed takes it for a module
    return sorted(Path(file) for name, file in files.items() if file and name.split(".")[0] in OURS)


def staging(target: Target) -> Path:
    """The folder of this target's staging, made if it is not there."""
    files = modules()
    compiles = interpreter(target.version) is not None
    text = repr((target, requirements(target), compiles, Path(__file__).read_bytes()))
    digest = hashlib.sha256(text.encode())
    for file in files:
        digest.update(str(file.relative_to(ROOT)).encode() + file.read_bytes())
    folder = ROOT / ".cache" / f"stage-{digest.hexdigest()[:12]}"
    if not folder.exists():
        draft = folder.with_suffix(f".{os.getpid()}")
        shutil.rmtree(draft, ignore_errors=True)
        shutil.copytree(wheels(target), draft)
        for file in files:
            goal = draft / file.relative_to(ROOT)
            goal.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, goal)
        (draft / MARK).write_text(str(target))
        compile_all(draft, target)
        keep(draft, folder)
    return folder


def platforms(target: Target) -> list[str]:
    """What wheels may be built for, the best first: pip takes those that are named, no others."""
    minors = (17,) if target.version in AMAZON_LINUX_2 else (28, 17)
    names = [*(f"manylinux_2_{minor}" for minor in minors), "manylinux2014"]
    return [f"{name}_{MACHINES[target.architecture]}" for name in names]


def wheels(target: Target) -> Path:
    """The folder of the installed requirements, pruned; made if it is not there."""
    pins, names = requirements(target), platforms(target)
    key = hashlib.sha256(repr((target, pins, names, SDK_SERVICES)).encode()).hexdigest()[:12]
    folder = ROOT / ".cache" / f"wheels-{key}"
    if not folder.exists():
        draft = folder.with_suffix(f".{os.getpid()}")
        shutil.rmtree(draft, ignore_errors=True)
        done = subprocess.run(
            [
                *(sys.executable, "-m", "pip", "install", "--quiet", "--no-compile"),
                *("--disable-pip-version-check", "--only-binary=:all:", "--implementation=cp"),
                *("--target", str(draft), f"--python-version={target.version}"),
                *(*(f"--platform={name}" for name in names), *pins),
            ],
            capture_output=True,
            text=True,
        )
        if done.returncode:
            print(done.stdout + done.stderr, file=sys.stderr)
            sys.exit("pip could not download the bundle's packages (above)")
        prune(draft)
        keep(draft, folder)
    return folder


def keep(draft: Path, folder: Path) -> None:
    """Give a finished draft its name. Another build may have been first: `sam build --parallel`."""
    try:
        draft.rename(folder)
    except OSError:
        if not folder.is_dir():
            raise
        shutil.rmtree(draft)


def prune(folder: Path) -> None:
    """Remove what no function reads: descriptions of other services, scripts, tests."""
    for data in (folder / "botocore" / "data").iterdir():
        if data.is_dir() and data.name not in SDK_SERVICES:
            shutil.rmtree(data)
    shutil.rmtree(folder / "boto3" / "examples", ignore_errors=True)
    shutil.rmtree(folder / "boto3" / "data", ignore_errors=True)
    shutil.rmtree(folder / "bin", ignore_errors=True)


def compile_all(folder: Path, target: Target) -> None:
    """Write .pyc files, more than half of a cold start, where that very Python is at hand."""
    python = interpreter(target.version)
    if python is None:
        print(
            f"warning: no python{target.version} here, so cold starts will compile: "
            "install it and build again",
            file=sys.stderr,
        )
        return
    subprocess.run(
        [
            *(python, "-m", "compileall", "-q", "-j0", "--invalidation-mode=unchecked-hash"),
            *("-s", str(folder), "-p", "/var/task", str(folder)),
        ],
        check=False,
        stdout=subprocess.DEVNULL,
    )


def interpreter(version: str) -> str | None:
    """A Python of this minor version that runs, or None."""
    candidates = (sys.executable, shutil.which(f"python{version}"))
    for candidate in filter(None, candidates):
        shown = subprocess.run(
            [candidate, "-c", "import sys; print('%d.%d' % sys.version_info[:2])"],
            capture_output=True,
            text=True,
        )
        if shown.stdout.strip() == version:
            return candidate
    return None


def size(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())


def main(goal: Path) -> None:
    target = Target.read()
    if target.architecture not in MACHINES:
        sys.exit(f"HOLDPOINT_ARCHITECTURE must be one of {', '.join(MACHINES)}")
    folder = staging(target)
    shutil.copytree(folder, goal, dirs_exist_ok=True)
    if not target.wasm and size(goal) > MOST_BYTES:
        sys.exit(f"the bundle has {size(goal):,} bytes, more than {MOST_BYTES:,}")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python infra/stage.py FOLDER")
    main(Path(sys.argv[1]))
