"""A gateway.json named on the command line, read."""

from pathlib import Path

from handler.admin.gateway_json import ManifestError, load
from handler.admin.manifest import Manifest
from handler.failure import CannotRun


def loaded(path: Path) -> Manifest:
    """The manifest in this file. Raises `CannotRun` with everything that is wrong with it."""
    try:
        return load(path)
    except OSError as error:
        raise CannotRun(f"cannot read {path}: {error.strerror}") from error
    except ManifestError as error:
        raise CannotRun(f"{path} cannot be used\n{error}") from error
