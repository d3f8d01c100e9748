"""A thread and a connection for the writes, and one of each for the reads.

Must not know what is asked. Writes that wait are taken into one transaction, each in a savepoint of
its own: one commit (one fsync) keeps them all or none. A question therefore sees all those before
it, and is answered only when its answer is kept: on the disk, unless all that wait can do with
less (`Kept.PROCESS`). SQLite's errors and waits end as `StoreUnavailable` within `LONGEST_WAIT`.
"""

import asyncio
import enum
import logging
import os
import queue
import sqlite3
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock, Thread
from typing import Any, TypeVar

from handler.stores.base import StoreUnavailable
from handler.stores.sqlite.connection import PATIENCE, connect, patiently

T = TypeVar("T")

log = logging.getLogger(__name__)

LONGEST_WAIT = PATIENCE + 0.3
"""Seconds until a caller is answered, even where the disk hangs."""

MOST_TOGETHER = 64
"""Questions in one transaction: enough to share an fsync, few enough to let others in."""


SOON = 0.01
"""Seconds that what nobody waits for may wait for a transaction that others need."""


class Kept(enum.Enum):
    """What an answer survives. In a write-ahead log a commit kept on disk takes with it all
    commits before it, so a step that counts for nothing until the next one needs only `PROCESS`.
    """

    DISK = "FULL"
    """A power cut."""
    PROCESS = "NORMAL"
    """The end of this process, however sudden."""


@dataclass(slots=True)
class Job:
    """A question, and where its answer goes."""

    question: Callable[[sqlite3.Connection], Any]
    kept: Kept = Kept.DISK
    answer: Future[Any] = field(default_factory=Future)
    asked_at: float = field(default_factory=time.monotonic)


Outcome = tuple[Job, Any, Exception | None]
"""A job with its result or its error."""


class Lane:
    """One thread that answers questions in the order asked. How, its children say."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._connection = connect(path)
        self._jobs: deque[Job] = deque()
        self._bell: queue.SimpleQueue[None] = queue.SimpleQueue()
        self._gate = Lock()
        self._closed = False
        self._thread = Thread(target=self._run, name=f"holdpoint {path.name}", daemon=True)
        self._thread.start()

    async def ask(self, question: Callable[[sqlite3.Connection], T], kept: Kept = Kept.DISK) -> T:
        """What the question returns or raises. Raises `StoreUnavailable`."""
        job = self._put(Job(question, kept))
        self._bell.put(None)
        try:
            async with asyncio.timeout(LONGEST_WAIT):
                answer: T = await asyncio.wrap_future(job.answer)
        except TimeoutError:
            raise StoreUnavailable("the store did not answer in time") from None
        return answer

    def tell(self, question: Callable[[sqlite3.Connection], None]) -> None:
        """Ask, and do not wait; a failure is logged. Raises `StoreUnavailable` once closed.

        It is answered with the next question, or `SOON`: waking the thread takes longer than all
        else here.
        """
        self._put(Job(question)).answer.add_done_callback(_log_failure)
        asyncio.get_running_loop().call_later(SOON, self._bell.put, None)

    def _put(self, job: Job) -> Job:
        with self._gate:
            if self._closed:
                raise StoreUnavailable("the store is closed")
            self._jobs.append(job)
        return job

    def close(self) -> None:
        """Answer what was asked before, then stop. Blocks; may be called twice."""
        with self._gate:
            self._closed = True
        self._bell.put(None)
        self._thread.join()

    def _run(self) -> None:
        while jobs := self._take():
            wanted = [job for job in jobs if job.answer.set_running_or_notify_cancel()]
            for job, result, error in self._answer(wanted) if wanted else ():
                if error is None:
                    job.answer.set_result(result)
                else:
                    job.answer.set_exception(error)
        self._connection.close()

    def _take(self) -> list[Job]:
        """Those that wait, once the bell has rung; none once the lane is closed and empty."""
        while not self._jobs and not self._closed:
            self._bell.get()
        return [self._jobs.popleft() for _ in range(min(len(self._jobs), MOST_TOGETHER))]

    def _answer(self, jobs: Sequence[Job]) -> list[Outcome]:
        raise NotImplementedError


class ReadLane(Lane):
    """Each question sees what was committed when it began."""

    def __init__(self, path: Path) -> None:
        self._at_once = connect(path)
        super().__init__(path)

    async def look(self, question: Callable[[sqlite3.Connection], T]) -> T:
        """As `ask`, on the caller's own thread: for one row, which takes less than a handover.

        With a write-ahead log a reader waits for nobody; where it would, the lane answers.
        """
        with self._gate:
            if not self._closed:
                try:
                    return question(self._at_once)
                except sqlite3.Error:
                    pass
        return await self.ask(question)

    def close(self) -> None:
        super().close()
        self._at_once.close()

    def _answer(self, jobs: Sequence[Job]) -> list[Outcome]:
        return [self._read(job) for job in jobs]

    def _read(self, job: Job) -> Outcome:
        deadline = job.asked_at + PATIENCE
        try:
            return job, patiently(lambda: job.question(self._connection), deadline), None
        except sqlite3.Error as error:
            return job, None, _unavailable(error)
        except Exception as error:
            return job, None, error


class WriteLane(Lane):
    """All questions that wait, in one transaction."""

    def __init__(self, path: Path) -> None:
        self._file = _identity(path)
        self._kept = Kept.DISK
        super().__init__(path)

    def _answer(self, jobs: Sequence[Job]) -> list[Outcome]:
        try:
            self._check_file()
            deadline = min(job.asked_at for job in jobs) + PATIENCE
            self._keep(Kept.DISK if any(job.kept is Kept.DISK for job in jobs) else Kept.PROCESS)
            patiently(lambda: self._connection.execute("BEGIN IMMEDIATE"), deadline)
            outcomes = [self._write(job) for job in jobs]
            self._connection.execute("COMMIT")
            return outcomes
        except (sqlite3.Error, OSError) as error:
            self._roll_back()
            return [(job, None, _unavailable(error)) for job in jobs]

    def _write(self, job: Job) -> Outcome:
        """An error of the question's own undoes that question only; SQLite's undo them all."""
        self._connection.execute("SAVEPOINT question")
        try:
            outcome: Outcome = job, job.question(self._connection), None
        except sqlite3.Error:
            raise
        except Exception as error:
            self._connection.execute("ROLLBACK TO question")
            outcome = job, None, error
        self._connection.execute("RELEASE question")
        return outcome

    def _keep(self, kept: Kept) -> None:
        if kept is not self._kept:
            self._connection.execute(f"PRAGMA synchronous={kept.value}")
            self._kept = kept

    def _check_file(self) -> None:
        """A file that was removed or replaced would be counted on by us alone."""
        if _identity(self._path) != self._file:
            raise OSError("the file was replaced while in use")

    def _roll_back(self) -> None:
        """Where this fails too, the next BEGIN does, and its transaction is rolled back here."""
        try:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
        except sqlite3.Error:
            return


def _identity(path: Path) -> tuple[int, int]:
    status = os.stat(path)
    return status.st_dev, status.st_ino


def _log_failure(answer: Future[Any]) -> None:
    error = None if answer.cancelled() else answer.exception()
    if error is not None:
        log.error("what nobody waited for was not written: %s", error)


def _unavailable(error: Exception) -> StoreUnavailable:
    """A new error for each caller: one exception must not be raised in several places."""
    unavailable = StoreUnavailable(f"the store failed: {error}")
    unavailable.__cause__ = error
    return unavailable
