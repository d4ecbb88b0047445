"""An engine with its clock, its two kinds of transaction, and what its faults mean to us.

SQLite takes one writer at a time. A transaction that begins by reading and then writes can't wait for another writer,
it can only fail; so a writer says so when it begins (BEGIN IMMEDIATE), and readers never wait for anybody (WAL).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Engine, Table, event, func, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as NoneFree

from bot.ports import Refused, Unavailable

PATIENCE = 10.0  # seconds that a writer waits for another one
_WRITES, _PATIENCE = "groundswell_writes", "groundswell_patience"
_TEXTS = 0x67726F756E6473  # the advisory lock of who writes tickets' texts; "grounds" in ASCII
_CHUNK = 500

Insert = sqlite.Insert | postgresql.Insert


class Database:
    """Hands out transactions. A fault of the database leaves them as Unavailable or Refused, never with a value."""

    def __init__(self, engine: Engine, clock: Callable[[], datetime] | None = None) -> None:
        self.engine = engine
        self._clock = clock
        self._is_sqlite = engine.dialect.name == "sqlite"
        if self._is_sqlite:
            event.listen(engine, "connect", _prepare)
            event.listen(engine, "begin", _begin)

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """All that is read inside is of one moment, and nobody is kept waiting."""
        options: dict[str, Any] = {_WRITES: False}
        if not self._is_sqlite:
            options |= {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
        with _faults_told(), self.engine.connect().execution_options(**options) as connection, connection.begin():
            yield connection

    @contextmanager
    def writing(self, *, patience: float = PATIENCE, texts: bool = False) -> Iterator[Connection]:
        """All that is written inside is there at the end, or nothing is.

        Waits at most `patience` seconds for other writers. `texts`: alone among those who write tickets' texts.
        """
        options = {_WRITES: True, _PATIENCE: patience}
        with _faults_told(), self.engine.connect().execution_options(**options) as connection, connection.begin():
            if not self._is_sqlite:
                connection.exec_driver_sql(f"SET LOCAL lock_timeout = {int(patience * 1000)}")
                if texts:
                    connection.execute(select(func.pg_advisory_xact_lock(_TEXTS)))
            yield connection

    def now(self, connection: Connection | None = None) -> datetime:
        """The time by which leases, deadlines and the like are judged; replicas' own clocks may differ."""
        if self._clock is not None:
            return self._clock()
        if self._is_sqlite:
            return datetime.now(UTC)
        if connection is None:
            with self.reading() as connection:
                return self.now(connection)
        told: datetime = connection.execute(select(func.clock_timestamp())).scalar_one()
        return told.astimezone(UTC)

    def close(self) -> None:
        self.engine.dispose()


def inserting(connection: Connection, table: Table) -> Insert:
    """An INSERT that knows ON CONFLICT in this database's way."""
    return sqlite.insert(table) if connection.dialect.name == "sqlite" else postgresql.insert(table)


def chunks(items: Sequence[str]) -> Iterator[Sequence[str]]:
    """Pieces that fit into one IN (...): databases limit the parameters of a statement."""
    for start in range(0, len(items), _CHUNK):
        yield items[start : start + _CHUNK]


def _prepare(connection: sqlite3.Connection, _record: object) -> None:
    """Every new connection to SQLite. No autocommit of the driver's own: SQLAlchemy's documented way to real BEGINs."""
    connection.isolation_level = None
    for pragma in ("synchronous=FULL", "foreign_keys=ON", f"busy_timeout={int(PATIENCE * 1000)}"):
        connection.execute(f"PRAGMA {pragma}")


def _begin(connection: Connection) -> None:
    options = connection.get_execution_options()
    if options.get(_WRITES):
        connection.exec_driver_sql(f"PRAGMA busy_timeout={int(options[_PATIENCE] * 1000)}")
        connection.exec_driver_sql("BEGIN IMMEDIATE")
    else:
        connection.exec_driver_sql("BEGIN")


# --- faults

_SQLITE_AWAY = {
    sqlite3.SQLITE_BUSY: "the database is locked by another process; try again in a moment",
    sqlite3.SQLITE_LOCKED: "the database is locked; try again in a moment",
    sqlite3.SQLITE_FULL: "the disk is full, so nothing can be stored; make room",
    sqlite3.SQLITE_IOERR: "the disk can't be read or written; look at the machine's log",
    sqlite3.SQLITE_CANTOPEN: "the database file can't be opened; look whether it, and its folder, are still there",
}
_SQLITE_REFUSED = {
    sqlite3.SQLITE_READONLY: "the database file can't be written; make it and its folder writable for this user",
    sqlite3.SQLITE_PERM: "the database file may not be used by this user",
    sqlite3.SQLITE_NOTADB: "the database file is not a SQLite database; name another one under storage.database",
    sqlite3.SQLITE_CORRUPT: "the database file is damaged; restore it from a backup",
}
# PostgreSQL, appendix A: connection, resources, operator (restart), rollbacks, and "not in this state"/lock time-outs.
_POSTGRES_AWAY = ("08", "53", "57", "40", "55")
_POSTGRES_REFUSED = ("28", "3D", "42501", "25006")


@contextmanager
def _faults_told() -> Iterator[None]:
    """Turns what the database can't do now, or ever, into the two words that everybody here knows.

    Anything else (a wrong statement, a broken constraint) is a bug of ours and surfaces as it is.
    """
    try:
        yield
    except NoneFree:
        raise Unavailable("all connections to the database are in use; try again in a moment") from None
    except DBAPIError as error:
        told = _sqlite_fault(error) if isinstance(error.orig, sqlite3.Error) else _postgres_fault(error)
        if told is None:
            raise
        raise told from error


def _sqlite_fault(error: DBAPIError) -> Unavailable | Refused | None:
    code = getattr(error.orig, "sqlite_errorcode", 0) & 0xFF  # the low byte is the kind, the rest says more
    if code in _SQLITE_AWAY:
        return Unavailable(_SQLITE_AWAY[code])
    return Refused(_SQLITE_REFUSED[code]) if code in _SQLITE_REFUSED else None


def _postgres_fault(error: DBAPIError) -> Unavailable | Refused | None:
    state = getattr(error.orig, "sqlstate", None)
    if state is None:  # never got as far as a statement, or the connection is gone
        return _not_connected(error) if isinstance(error, OperationalError | InterfaceError) else None
    if state.startswith(_POSTGRES_REFUSED):
        return Refused(f"PostgreSQL refused it (code {state}); check the user's rights on storage.database")
    if state.startswith(_POSTGRES_AWAY):
        return Unavailable(f"PostgreSQL can't do it now (code {state}); try again in a moment")
    return None


def _not_connected(error: DBAPIError) -> Unavailable | Refused:
    """libpq tells a refused login from an absent server in words alone, and its words may hold names of hosts."""
    words = str(error.orig)
    if "authentication failed" in words or "no password supplied" in words or "does not exist" in words:
        return Refused("PostgreSQL refused the login; check user, password and database name in storage.database")
    return Unavailable("PostgreSQL can't be reached: it isn't running, or storage.database names another place")
