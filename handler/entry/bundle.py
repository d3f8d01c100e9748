"""Whether a function's bundle runs on the Python and the processor that it was built for.

Looked at before anything else is loaded: elsewhere the first compiled library would fail to load,
and say nothing of the deployment. Must not know what the bundle does.
"""

import os
import sys

MARK = "built-for"
"""The file at the bundle's root that says it; the repository has none."""

ARCHITECTURES = {"aarch64": "arm64", "x86_64": "x86_64"}
"""By what the kernel calls the processor, what the template does."""


class BuiltForAnother(ImportError):
    """The bundle cannot run here. Its text says what to build or to deploy instead."""


def running() -> str:
    """What runs this, such as `python3.13 arm64`."""
    machine = os.uname().machine
    return (
        f"python{sys.version_info[0]}.{sys.version_info[1]} {ARCHITECTURES.get(machine, machine)}"
    )


def check(root: str, here: str) -> None:
    """Raise `BuiltForAnother` where the bundle at `root` is for something else than `here`."""
    try:
        with open(os.path.join(root, MARK), encoding="ascii") as file:
            built = file.read()
    except FileNotFoundError:
        return
    if built != here:
        runtime, architecture = here.split()
        built_runtime, built_architecture = built.split()
        raise BuiltForAnother(
            f"this bundle was built for {built}, and the function runs {here}: build it with "
            f"HOLDPOINT_RUNTIME={runtime} HOLDPOINT_ARCHITECTURE={architecture}, or deploy it with "
            f"Runtime={built_runtime} Architecture={built_architecture}"
        )
