"""Whole copies of a SQLite database, taken and put back while others read and write (SQLite's online backup).

PostgreSQL has tools of its own for this: docs/operate.md.
"""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path

from sqlalchemy import URL

from bot.ports import Refused
from bot.store.serving import ServeLock


def backup(target: URL, into: Path) -> None:
    """Raises Refused when there is nothing to copy, no room, or something else in its place."""
    source = _file(target)
    if into.exists():
        raise Refused(f"{into} is there already: name another file")
    copied(source, into)


def restore(target: URL, copy: Path) -> Path:
    """Puts `copy` in the place of the database; where what was there is kept now. Raises Refused, and nothing changes.

    No `serve` may run meanwhile; a command that does waits, and reads what was put back.
    """
    place = _file(target)
    _ours(copy)
    lock = ServeLock(Path(f"{place}.serve.lock"))
    try:
        kept = place.with_name(f"{place.name}.before-restore")
        copied(place, kept)
        with closing(sqlite3.connect(copy)) as source, closing(sqlite3.connect(place)) as into:
            source.backup(into)
        return kept
    except (OSError, sqlite3.Error) as error:
        raise Refused(f"{copy} can't be put back ({error}); what was there is there") from error
    finally:
        lock.release()


def copied(source: Path, into: Path) -> None:
    """A copy for this user alone, whole or not at all. Raises Refused."""
    partial = into.with_name(f"{into.name}.part")
    try:
        os.close(os.open(partial, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600))
        with closing(sqlite3.connect(source)) as open_, closing(sqlite3.connect(partial)) as copy:
            open_.backup(copy)
        partial.replace(into)
    except (OSError, sqlite3.Error) as error:
        partial.unlink(missing_ok=True)
        raise Refused(f"no copy could be made at {into} ({error}); make room there, or name another place") from error


def _file(target: URL) -> Path:
    if target.get_backend_name() != "sqlite":
        raise Refused("storage.database is PostgreSQL: use pg_dump and pg_restore, see docs/operate.md")
    path = Path(str(target.database))
    if not path.is_file():
        raise Refused(f"there is no database at {path} yet")
    return path


def _ours(copy: Path) -> None:
    try:
        with closing(sqlite3.connect(f"file:{copy.absolute()}?mode=ro", uri=True)) as source:
            source.execute("SELECT name FROM workspace").fetchone()
            (whole,) = source.execute("PRAGMA quick_check(1)").fetchone()
    except sqlite3.Error as error:
        raise Refused(f"{copy} is no copy of a Groundswell database ({error})") from None
    if whole != "ok":
        raise Refused(f"{copy} is damaged: take another copy")
