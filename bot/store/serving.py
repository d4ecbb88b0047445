"""One `serve` on a SQLite file: two would be correct (RELIABILITY section 2) and would do all the work twice."""

from __future__ import annotations

import os
from pathlib import Path

from bot.ports import Refused


class ServeLock:
    """The operating system's lock on a file beside the database: it ends with the process, however that ends."""

    def __init__(self, path: Path) -> None:
        """Raises Refused when another process has it."""
        import fcntl  # here: POSIX alone has it, and no other command needs it

        try:
            self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise Refused(f"{path} can't be made ({error.strerror}); make its folder writable for this user") from error
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            os.close(self._file)
            raise Refused("another serve is running on this database; stop that one first") from error

    def release(self) -> None:
        os.close(self._file)
