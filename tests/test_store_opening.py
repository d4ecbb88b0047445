"""A store is opened, made, brought up to date, or refused with the mend."""

from __future__ import annotations

import os
import shutil
import sqlite3
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import text

from bot.domain import Page
from bot.ports import Refused, Unavailable
from bot.store import Store
from bot.store.opening import MIGRATIONS, VERSION_TABLE, _log_ahead, opened
from bot.store.schema import metadata
from tests.databases import Clock, Fresh, Server, at_once, connections_in_use, engine_of, in_processes
from tests.tickets import ticket

_SECOND = '''
"""A later schema, for tests."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table("later", sa.Column("id", sa.Integer, primary_key=True))
    op.add_column("audit", sa.Column("later", sa.Text))
'''


@pytest.fixture
def later(tmp_path: Path) -> Path:
    """The migrations of a newer Groundswell."""
    folder = tmp_path / "migrations"
    shutil.copytree(MIGRATIONS, folder, ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "versions" / "r0004_later.py").write_text(_SECOND)
    return folder


# --- made


@pytest.fixture
def database(unmade: Fresh) -> Fresh:
    """What is tested here is how tables come into being."""
    return unmade


def test_a_new_store_is_empty_and_keeps_its_salt(database: Fresh) -> None:
    first = database.open()
    assert len(first.salt) == 32
    assert first.runs.recent() == [] and first.audit.recent() == []
    assert database.open().salt == first.salt


def test_the_migrated_schema_is_the_one_the_code_uses(database: Fresh) -> None:
    store = database.open()
    with engine_of(store).connect() as connection:
        context = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE, "compare_type": True})
        assert compare_metadata(context, metadata) == []


def test_twenty_threads_and_six_processes_open_a_new_database_at_once(database: Fresh) -> None:
    def in_process(_: int, ready: Callable[[], object]) -> bytes:
        ready()
        store = Store.open(database.url, workspace="acme")
        store.audit.write("me", "opened", "it", {})
        store.close()
        return store.salt

    salts = set(in_processes(6, in_process))
    salts |= {store.salt for store in at_once(20, lambda _: database.open())}
    assert len(salts) == 1
    assert len(database.open().audit.recent()) == 6


def test_processes_that_switch_a_new_file_to_a_log_at_once_all_can(tmp_path: Path) -> None:
    """SQLite tells some of them at once that it is locked, whatever the time-out: 7 of 120 without trying again."""

    def switch(_: int, ready: Callable[[], object]) -> None:
        for n in range(60):
            ready()
            _log_ahead(tmp_path / f"{n}.db")

    assert in_processes(8, switch) == [None] * 8


def test_a_sqlite_file_and_its_new_folder_are_for_this_user_alone(tmp_path: Path) -> None:
    store = Store.open(f"sqlite:///{tmp_path}/new/deep/store.db", workspace="acme")
    store.audit.write("me", "wrote", "it", {})
    for path in (tmp_path / "new").rglob("*"):
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path
    store.close()


def test_sqlite_is_safe_against_power_cuts(tmp_path: Path) -> None:
    store = Store.open(f"sqlite:///{tmp_path}/store.db", workspace="acme")
    with engine_of(store).connect() as connection:
        told = {
            name: connection.scalar(text(f"PRAGMA {name}")) for name in ("journal_mode", "synchronous", "foreign_keys")
        }
    assert told == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}
    store.close()


def test_a_home_folder_and_a_relative_path_are_understood(tmp_path: Path) -> None:
    code = "from bot.store import Store; [Store.open(u, workspace='a').close() for u in ('sqlite:///~/h.db', 'sqlite:///r.db')]"
    env = {**os.environ, "HOME": str(tmp_path / "home"), "PYTHONPATH": str(MIGRATIONS.parents[1])}
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env=env, check=True)
    assert (tmp_path / "home" / "h.db").is_file() and (tmp_path / "r.db").is_file()


# --- whose it is


def test_another_workspaces_database_is_refused(database: Fresh) -> None:
    database.open(workspace="acme")
    with pytest.raises(Refused, match="belongs to the workspace 'acme', not to 'globex'"):
        database.open(workspace="globex")


def test_another_programs_tables_are_left_alone(database: Fresh) -> None:
    statement = "CREATE TABLE ticket (theirs INTEGER)"
    if database.kind == "sqlite":
        with closing(sqlite3.connect(database.url.removeprefix("sqlite:///"))) as connection:
            connection.execute(statement)
    else:
        with psycopg.connect(database.url) as theirs:
            theirs.execute(statement)
    with pytest.raises(Refused, match=r"tables of another program \(ticket\)"):
        database.open()


# --- the schema


def test_an_older_schema_is_brought_up_to_date_with_a_copy_beside_it(database: Fresh, later: Path) -> None:
    older = database.open()
    older.audit.write("me", "wrote", "it", {})
    kept = older.salt
    newer, salt = opened(database.url, "acme", migrations=later)
    with newer.reading() as connection:
        assert connection.scalar(text("SELECT count(*) FROM later")) == 0
        assert connection.scalar(text("SELECT action FROM audit")) == "wrote"
    newer.close()
    assert salt == kept
    if database.kind == "sqlite":
        copy = Path(database.url.removeprefix("sqlite:///") + ".before-0004")
        assert stat.S_IMODE(copy.stat().st_mode) == 0o600
        before = Store.open(f"sqlite:///{copy}", workspace="acme")
        assert [entry.action for entry in before.audit.recent()] == ["wrote"]
        before.close()


def test_a_newer_schema_is_refused_and_left_as_it_is(database: Fresh, later: Path) -> None:
    newer, _ = opened(database.url, "acme", migrations=later)
    newer.close()
    with pytest.raises(Refused, match=r"schema 0004, and this version knows up to 0003.*newer Groundswell"):
        database.open()
    again, _ = opened(database.url, "acme", migrations=later)
    again.close()


def test_a_change_of_schema_that_fails_leaves_nothing_behind(database: Fresh, later: Path) -> None:
    store = database.open()
    broken = _SECOND + "    raise RuntimeError('half way')\n"
    (later / "versions" / "r0004_later.py").write_text(broken)
    with pytest.raises(RuntimeError, match="half way"):
        opened(database.url, "acme", migrations=later)
    with engine_of(store).connect() as connection:
        context = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE})
        assert context.get_current_revision() == "0003"
        assert compare_metadata(context, metadata) == []


def test_processes_that_bring_an_old_schema_up_to_date_at_once_do_it_once(database: Fresh, later: Path) -> None:
    database.open()

    def in_process(_: int, ready: Callable[[], object]) -> bytes:
        ready()
        newer, salt = opened(database.url, "acme", migrations=later)
        newer.close()
        return salt

    assert len(set(in_processes(5, in_process))) == 1


# --- URLs and places that can't be


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("nonsense", "is no database URL"),
        ("", "is no database URL"),
        ("postgresql://u:geheim@host:notaport/db", "is no database URL"),
        ("mysql://u:geheim@host/db", "mysql is not supported"),
        ("sqlite://", "names no file"),
        ("sqlite:///:memory:", "names no file"),
    ],
)
def test_a_wrong_url_is_refused_without_saying_its_password(url: str, why: str) -> None:
    with pytest.raises(Refused, match=why) as refused:
        Store.open(url, workspace="acme")
    assert "geheim" not in str(refused.value)


@pytest.mark.parametrize("url", ["postgresql://bob:geheim@127.0.0.1:1/x", "postgres://bob:geheim@127.0.0.1:1/x"])
def test_an_absent_server_is_unavailable(url: str) -> None:
    with pytest.raises(Unavailable, match="can't be reached") as away:
        Store.open(url, workspace="acme")
    assert "geheim" not in str(away.value)


def test_an_absent_database_is_refused_with_the_mend(postgres: Server) -> None:
    with pytest.raises(Refused, match="check user, password and database name"):
        Store.open(postgres.url("nowhere"), workspace="acme")


def test_a_user_without_rights_is_refused_with_the_mend(postgres: Server) -> None:
    url = postgres.fresh()
    with psycopg.connect(url, autocommit=True) as owner:
        owner.execute("DROP ROLE IF EXISTS guest")
        owner.execute("CREATE ROLE guest LOGIN")
        owner.execute("REVOKE CREATE ON SCHEMA public FROM PUBLIC")
    with pytest.raises(Refused, match="check the user's rights"):
        Store.open(url.replace("groundswell@", "guest@"), workspace="acme")


def test_a_password_is_not_shown(postgres: Server) -> None:
    url = postgres.fresh().replace("groundswell@", "groundswell:geheim@")
    store = Store.open(url, workspace="acme")
    assert "geheim" not in repr(store) and "geheim" in store.url
    store.close()


def test_a_folder_in_place_of_the_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="is no file"):
        Store.open(f"sqlite:///{tmp_path}", workspace="acme")


def test_a_file_in_place_of_the_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(Refused, match=r"can't be made .*storage\.database"):
        Store.open(f"sqlite:///{tmp_path}/file/store.db", workspace="acme")


def test_what_is_no_database_is_refused_and_kept(tmp_path: Path) -> None:
    letter = tmp_path / "letter.txt"
    letter.write_text("Dear Sir or Madam, " * 100)
    with pytest.raises(Refused, match="not a SQLite database"):
        Store.open(f"sqlite:///{letter}", workspace="acme")
    assert letter.read_text().startswith("Dear Sir")


@pytest.mark.parametrize("what", ["folder", "file"])
def test_a_place_that_may_not_be_written_is_refused_with_the_mend(what: str) -> None:
    """As another user where the tests run as root, who may write everywhere."""
    with tempfile.TemporaryDirectory(dir="/tmp") as shut:
        folder, path = Path(shut), Path(shut) / "store.db"
        if what == "file":
            Store.open(f"sqlite:///{path}", workspace="acme").close()
            path.chmod(0o444)
        folder.chmod(0o755 if os.getuid() == 0 else 0o555)

        def try_it(_: int, __: Callable[[], object]) -> str:
            if os.getuid() == 0:
                os.setgid(65534)
                os.setuid(65534)
            try:
                Store.open(f"sqlite:///{path}", workspace="acme")
            except Refused as refused:
                return str(refused)
            return "opened"

        (told,) = in_processes(1, try_it)
        folder.chmod(0o755)
    assert "store.db can't be" in told and "under storage.database" in told


# --- faults while it runs


def test_a_full_disk_is_said_and_work_goes_on_after_it(tmp_path: Path) -> None:
    store = Store.open(f"sqlite:///{tmp_path}/store.db", workspace="acme")
    page = Page(tuple(ticket(n, "x" * 10_000) for n in range(100)), cursor="after")
    engine = engine_of(store)
    with engine.connect() as connection:
        pages = connection.scalar(text("PRAGMA page_count"))
        connection.exec_driver_sql(f"PRAGMA max_page_count = {pages + 20}")  # holds for this pooled connection
    with pytest.raises(Unavailable, match="disk is full"):
        store.tickets.take("file", page)
    assert store.tickets.place("file") is None and store.tickets.count("file") == 0
    with engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA max_page_count = 1000000")
    store.tickets.take("file", page)
    assert store.tickets.count("file") == 100
    store.close()


def test_no_ticket_text_stands_in_the_message_of_a_fault(database: Fresh) -> None:
    store = database.open()
    with engine_of(store).begin() as connection:
        connection.exec_driver_sql("DROP TABLE text")
    with pytest.raises(Exception, match="text") as broken:
        store.tickets.take("file", Page((ticket(1, "my secret sorrow"),)))
    assert not isinstance(broken.value, Unavailable | Refused)
    assert "sorrow" not in str(broken.value)


def test_a_click_gives_up_within_a_second_while_the_database_is_locked(database: Fresh) -> None:
    store = database.open()
    with engine_of(store).connect() as other:
        if database.kind == "sqlite":
            other.exec_driver_sql("ROLLBACK")
            other.exec_driver_sql("BEGIN EXCLUSIVE")
        else:
            other.exec_driver_sql("LOCK TABLE inbox")
        began = time.monotonic()
        with pytest.raises(Unavailable):
            store.inbox.receive("e1", "click", {})
        took = time.monotonic() - began
        other.rollback()
    assert took < 1.0
    assert store.inbox.receive("e1", "click", {})


_CUT = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> %s"


def test_a_restarted_server_is_found_again(postgres: Server) -> None:
    url = postgres.fresh()
    store = Store.open(url, workspace="acme")
    with psycopg.connect(url, autocommit=True) as other:
        other.execute(_CUT, [other.info.backend_pid])
    store.audit.write("me", "wrote", "it", {})
    assert len(store.audit.recent()) == 1
    store.close()


def test_a_connection_cut_in_mid_transaction_is_unavailable_and_leaves_nothing(postgres: Server) -> None:
    url = postgres.fresh()
    store = Store.open(url, workspace="acme")
    with pytest.raises(Unavailable, match="can't"), store._database.writing() as connection:
        connection.execute(text("INSERT INTO withdrawn VALUES ('x', 1)"))
        with psycopg.connect(url, autocommit=True) as other:
            other.execute(_CUT, [other.info.backend_pid])
        connection.execute(text("SELECT 1"))
    with engine_of(store).connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM withdrawn")) == 0
    assert connections_in_use(store) == 0
    store.close()


# --- time


def test_a_given_clock_is_the_time(database: Fresh) -> None:
    clock = Clock()
    assert database.open(clock=clock).now() == clock.at


def test_without_a_clock_it_is_now_in_utc(database: Fresh) -> None:
    now = database.open().now()
    assert now.utcoffset() == timedelta(0)
    assert abs(now - datetime.now(UTC)) < timedelta(seconds=5)


# --- one serve


def test_a_second_serve_on_a_file_is_refused_until_the_first_is_gone(database: Fresh) -> None:
    first, second = database.open(), database.open()
    first.lock_for_serve()
    first.lock_for_serve()  # once is enough
    if database.kind == "postgresql":
        second.lock_for_serve()  # replicas are allowed
        return
    with pytest.raises(Refused, match="another serve is running"):
        second.lock_for_serve()
    first.close()
    second.lock_for_serve()


def test_the_serve_lock_ends_with_its_process_however_that_ends(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/store.db"
    store = Store.open(url, workspace="acme")

    code = (
        "import sys, time; from bot.store import Store; store = Store.open(sys.argv[1], workspace='acme'); "
        "store.lock_for_serve(); print('held', flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", code, url], stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout.readline() == "held\n"
        with pytest.raises(Refused):
            store.lock_for_serve()
        other.kill()
    store.lock_for_serve()
    store.close()
