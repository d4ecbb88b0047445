"""From a URL to a database that is there, is ours, and has the newest schema."""

from __future__ import annotations

import os
import secrets
import sqlite3
import threading
import time
from collections.abc import Callable
from contextlib import closing
from datetime import datetime
from importlib.util import find_spec
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import URL, Connection, create_engine, func, inspect, make_url, select
from sqlalchemy.exc import ArgumentError

from bot import extras
from bot.ports import Refused
from bot.store import schema
from bot.store.copying import copied
from bot.store.database import PATIENCE, Database, inserting
from bot.store.encoding import fit

MIGRATIONS = Path(__file__).parents[1] / "migrations"
VERSION_TABLE = "groundswell_schema"  # a name of our own: a PostgreSQL database may be shared with others
_MIGRATING = 0x67726F756E6474  # the advisory lock of who changes the schema
_alone = threading.Lock()  # Alembic keeps its context in module globals: one thread of a process at a time


def opened(
    url: str, workspace: str, clock: Callable[[], datetime] | None = None, migrations: Path = MIGRATIONS
) -> tuple[Database, bytes]:
    """The database behind `url`, made when it is not there, and the salt of its workspace. Raises as Store.open."""
    target = parsed(url)
    with _alone:
        if target.get_backend_name() == "sqlite":
            _made(Path(str(target.database)))
        database = Database(
            create_engine(
                target,
                hide_parameters=True,  # a statement's parameters are tickets' texts and must be in no traceback
                pool_pre_ping=target.get_backend_name() != "sqlite",
                max_overflow=32,
            ),
            clock,
        )
        try:
            if target.get_backend_name() == "sqlite":
                _log_ahead(Path(str(target.database)))
            _migrated(database, target, migrations)
            return database, _salt(database, workspace)
        except BaseException:
            database.close()
            raise


def parsed(url: str) -> URL:
    """Raises Refused, without the URL in it: it may hold a password."""
    try:
        target = make_url(url)
    except (ArgumentError, ValueError):
        raise Refused(
            "storage.database is no database URL: write sqlite:///groundswell.db or postgresql://HOST/NAME"
        ) from None
    backend = target.get_backend_name()
    if backend == "sqlite":
        if target.database in (None, "", ":memory:"):
            raise Refused("storage.database names no file: write sqlite:///groundswell.db")
        return target.set(drivername="sqlite", database=str(Path(str(target.database)).expanduser().absolute()))
    if backend not in ("postgresql", "postgres"):
        raise Refused(f"storage.database: {backend} is not supported; use SQLite or PostgreSQL")
    if find_spec("psycopg") is None:
        raise Refused(f"PostgreSQL needs one more package: {extras.command('postgres')}")
    return target.set(drivername="postgresql+psycopg")


# --- SQLite: the file


def absent(url: str) -> Path | None:
    """The SQLite file of `url` where it is not there (yet). Raises Refused as `parsed`."""
    target = parsed(url)
    path = Path(str(target.database))
    return path if target.get_backend_name() == "sqlite" and not path.exists() else None


def _made(path: Path) -> None:
    """The folder and the file, for this user alone.

    A file that is there is never opened and closed here: that would drop the locks of this process's connections to it
    (SQLite, "How To Corrupt", 2.2).
    """
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not path.exists():
            os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    except OSError as error:
        raise Refused(f"{path} can't be made ({error.strerror}); {_MEND}") from error
    if not path.is_file():
        raise Refused(f"{path} is no file; name one under storage.database")
    if not (os.access(path, os.R_OK | os.W_OK) and os.access(path.parent, os.W_OK)):
        raise Refused(f"{path} can't be written by this user; {_MEND}")


_MEND = "name a place under storage.database that this user may write, or change its owner"


def _log_ahead(path: Path) -> None:
    """Switches the file to WAL, once for ever. Several openers at once get "locked" here, whatever the time-out."""
    until = time.monotonic() + PATIENCE
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        while True:
            try:
                (mode,) = connection.execute("PRAGMA journal_mode=WAL").fetchone()
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > until:
                    raise Refused(f"{path} can't be opened as a database ({error}); {_MEND}") from error
                time.sleep(0.02)
                continue
            except sqlite3.DatabaseError as error:
                raise Refused(
                    f"{path} is not a SQLite database ({error}); name another file under storage.database"
                ) from error
            if mode != "wal":
                raise Refused(f"{path} is on a file system without shared memory (a network drive?); {_MEND}")
            return


# --- the schema


def _migrated(database: Database, target: URL, migrations: Path) -> None:
    """Brings the schema to the newest revision, in one transaction, one process at a time."""
    script = ScriptDirectory(str(migrations))
    head = str(script.get_current_head())
    with database.reading() as connection:
        if _revision(connection, script) == head:
            return
    with database.writing() as connection:  # on SQLite alone from here on
        if target.get_backend_name() != "sqlite":
            connection.execute(select(func.pg_advisory_xact_lock(_MIGRATING)))
        found = _revision(connection, script)
        if found == head:
            return
        if found is None:
            _not_anothers(connection)
        elif target.get_backend_name() == "sqlite":
            path = Path(str(target.database))
            copied(path, path.with_name(f"{path.name}.before-{head}"))  # nobody else can write now
        command.upgrade(_config(connection, migrations), "head")


def _config(connection: Connection, migrations: Path) -> Config:
    config = Config()
    config.set_main_option("script_location", str(migrations).replace("%", "%%"))
    config.attributes["connection"] = connection
    config.attributes["version_table"] = VERSION_TABLE
    return config


def _revision(connection: Connection, script: ScriptDirectory) -> str | None:
    """The revision the database has. Raises Refused when this code doesn't know it."""
    found = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE}).get_current_revision()
    if found is not None and found not in {r.revision for r in script.walk_revisions()}:
        raise Refused(
            f"the database has schema {found}, and this version knows up to {script.get_current_head()}: "
            "it was written by a newer Groundswell; install that one, or restore the copy made before the change"
        )
    return found


def _not_anothers(connection: Connection) -> None:
    taken = sorted(set(inspect(connection).get_table_names()) & set(schema.metadata.tables))
    if taken:
        raise Refused(
            f"the database has tables of another program ({', '.join(taken)}); name another under storage.database"
        )


# --- whose it is


def made_at(connection: Connection) -> datetime:
    """When the workspace was made, with its database."""
    at: datetime = connection.execute(select(schema.workspace.c.created_at)).scalar_one()
    return at


def _salt(database: Database, name: str) -> bytes:
    """The salt of the workspace; made with it. Raises Refused when the database belongs to another one."""
    row = schema.workspace
    with database.reading() as connection:  # opening an old database waits for no writer
        there = connection.execute(select(row.c.name, row.c.salt)).one_or_none()
    if there is None:
        with database.writing() as connection:
            new = {"id": 1, "name": name, "salt": secrets.token_bytes(32), "created_at": database.now(connection)}
            connection.execute(inserting(connection, row).values(new).on_conflict_do_nothing())
            there = connection.execute(select(row.c.name, row.c.salt)).one()
    if there.name != fit(name):
        raise Refused(
            f"the database belongs to the workspace {there.name!r}, not to {name!r}: "
            "name another one under storage.database, or set workspace.name back"
        )
    return bytes(there.salt)
