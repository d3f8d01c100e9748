"""Opening the file: its rights, its pragmas, its schema.

WAL with synchronous=FULL: a commit that returned survives a power cut (lanes.py says where less is
enough), and readers never wait for a writer. See sqlite.org/wal.html and
sqlite.org/pragma.html#pragma_synchronous.
"""

import os
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from handler.stores.sqlite.schema import APPLICATION, STEPS, VERSION

T = TypeVar("T")

PATIENCE = 3.0
"""Seconds to wait for another process's lock."""

SHORTEST_PAUSE, LONGEST_PAUSE = 0.000_2, 0.002
"""Seconds between two tries. SQLite's own waiting grows to 0.1 s, in which eight busy processes
starve each other; a write takes a fraction of a millisecond."""


class StoreUnusable(Exception):
    """The file cannot be a store: missing, damaged, another program's, or a newer version's."""


def create(path: Path) -> None:
    """Make sure that the file exists, that only its owner may read it, and that it is a store.

    Raises `StoreUnusable`, with a sentence for the operator.
    """
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
        path.chmod(0o600)
    except OSError as error:
        raise StoreUnusable(f"cannot open the store {path}: {error.strerror}") from error
    try:
        connection = connect(path)
        try:
            _write_ahead(connection, path)
            _migrate(connection, path)
        finally:
            connection.close()
    except sqlite3.Error as error:
        raise StoreUnusable(f"cannot use the store {path}: {error}") from error


def connect(path: Path) -> sqlite3.Connection:
    """A connection to a file that exists. Transactions are begun and ended by hand."""
    connection = sqlite3.connect(
        f"{path.absolute().as_uri()}?mode=rw",
        uri=True,
        isolation_level=None,
        check_same_thread=False,
        timeout=0,
    )
    patiently(lambda: connection.execute("PRAGMA synchronous=FULL"), _deadline())
    return connection


def patiently(ask: Callable[[], T], deadline: float) -> T:
    """Ask again while another process holds the lock, until `deadline` (monotonic seconds)."""
    pause = SHORTEST_PAUSE
    while True:
        try:
            return ask()
        except sqlite3.OperationalError as error:
            busy = error.sqlite_errorcode & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
            if not busy or time.monotonic() >= deadline:
                raise
        time.sleep(pause)
        pause = min(2 * pause, LONGEST_PAUSE)


def _write_ahead(connection: sqlite3.Connection, path: Path) -> None:
    (mode,) = patiently(
        lambda: connection.execute("PRAGMA journal_mode=WAL").fetchone(), _deadline()
    )
    if mode != "wal":
        raise StoreUnusable(
            f"the file system of the store {path} cannot share memory: use a local disk"
        )


def _migrate(connection: sqlite3.Connection, path: Path) -> None:
    """Bring the schema to this version, in one transaction; the first process does it for all."""
    patiently(lambda: connection.execute("BEGIN IMMEDIATE"), _deadline())
    version = _version(connection, path)
    for step in STEPS[version:]:
        for statement in filter(str.strip, step.split(";")):
            connection.execute(statement)
    if version < VERSION:
        connection.execute(f"PRAGMA application_id={APPLICATION}")
        connection.execute(f"PRAGMA user_version={VERSION}")
    connection.execute("COMMIT")


def _version(connection: sqlite3.Connection, path: Path) -> int:
    """The schema's version; 0 where the file is new."""
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
    if application != APPLICATION and (tables or version or application):
        raise StoreUnusable(f"{path} is a database of another program: give another path")
    if version > VERSION:
        raise StoreUnusable(
            f"the store {path} was written by a newer holdpoint (schema {version}, this one knows "
            f"{VERSION}): upgrade holdpoint"
        )
    return int(version)


def _deadline() -> float:
    return time.monotonic() + PATIENCE
