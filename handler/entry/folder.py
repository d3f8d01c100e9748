"""The data folder of the embedded world: the database, the keys, for the operator's eyes only.

Must not know what the keys are for or what the database holds.
"""

import hashlib
import os
import pwd
import secrets
from dataclasses import dataclass
from pathlib import Path

from handler.failure import CannotRun

KEY_BYTES = 32


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder that nobody else can read."""

    path: Path

    @classmethod
    def open(cls, path: Path) -> "Folder":
        """The folder, made if it is not there. Raises `CannotRun`."""
        try:
            path.mkdir(mode=0o700, parents=True, exist_ok=True)
            mode = path.stat().st_mode
        except FileExistsError as error:
            raise CannotRun(f"cannot use {path} as the data folder: it is a file") from error
        except OSError as error:
            raise CannotRun(f"cannot use {path} as the data folder: {error.strerror}") from error
        if mode & 0o077:
            raise CannotRun(
                f"the data folder {path} can be read by others; run `chmod 700 {path}`, "
                "or choose another folder with --data"
            )
        return cls(path)

    @property
    def database(self) -> Path:
        return self.path / "holdpoint.sqlite"

    def key(self, name: str) -> bytes:
        """The key of this name, made when first asked for. Processes that race get the same one."""
        file = self.path / f"{name}.key"
        if not file.exists():
            self._make(file)
        key = file.read_bytes()
        if len(key) != KEY_BYTES:
            raise CannotRun(f"the key {file} is damaged; what it sealed can only be opened with it")
        return key

    def _make(self, file: Path) -> None:
        draft = file.with_name(f"{file.name}.{secrets.token_hex(8)}")
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as out:
            out.write(secrets.token_bytes(KEY_BYTES))
            out.flush()
            os.fsync(out.fileno())
        try:
            os.link(draft, file)
        except FileExistsError:
            pass  # another process was first, and its key is the one
        finally:
            draft.unlink()


def derived(key: bytes, purpose: str) -> bytes:
    """A key for one purpose alone, from the deployment's key."""
    return hashlib.blake2b(purpose.encode(), key=key, digest_size=32).digest()


def user() -> str:
    """Who runs this process, by the system's account: there is no other sign-in on this machine."""
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return str(os.getuid())
