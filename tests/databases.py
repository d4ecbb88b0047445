"""Both databases for tests: the fixture `database` (see conftest) gives a fresh, empty one of each kind, `unmade` one
without tables.

    def test_something(database: Fresh) -> None:
        store = database.open()

PostgreSQL is a private server from Debian's package, one for each test process. Where the package is not installed the
tests on it are skipped; with GROUNDSWELL_REQUIRE_POSTGRES=1 they fail instead.
"""

from __future__ import annotations

import multiprocessing
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import threading
import time
import traceback
import warnings
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import count
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import Engine, delete, event, make_url

from bot.store import Store
from bot.store.schema import metadata, workspace

WORKSPACE = "acme"
_NUMBERS = count(1)


@dataclass
class Clock:
    """A clock that stands until it is told to go on."""

    at: datetime = datetime(2026, 10, 5, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.at

    def passes(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)


@dataclass
class Fresh:
    """An empty database. Every store opened here is closed, and seen to hold no connection, when the test ends."""

    url: str
    kind: str
    stores: list[Store] = field(default_factory=list)

    def open(self, *, workspace: str = WORKSPACE, clock: Callable[[], datetime] | None = None) -> Store:
        store = Store.open(self.url, workspace=workspace, clock=clock)
        self.stores.append(store)
        return store

    def close(self) -> None:
        held = [connections_in_use(store) for store in self.stores]
        for store in self.stores:
            store.close()
        assert not any(held), f"connections left open: {held}"


def connections_in_use(store: Store) -> int:
    return int(engine_of(store).pool.checkedout())  # type: ignore[attr-defined]


def engine_of(store: Store) -> Engine:
    return store._database.engine


@pytest.fixture(params=["sqlite", "postgresql"])
def unmade(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Fresh]:
    """Nothing is in it, not even a table: the first `open` migrates."""
    url = f"sqlite:///{tmp_path / 'store.db'}"
    if request.param == "postgresql":
        server: Server = request.getfixturevalue("postgres")
        url = server.fresh()
    fresh = Fresh(url, request.param)
    yield fresh
    fresh.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Fresh]:
    """Its tables are there and empty, and it is no workspace's yet: a copy of one that was migrated once."""
    if request.param == "postgresql":
        server: Server = request.getfixturevalue("postgres")
        url = server.fresh(request.getfixturevalue("_migrated_database"))
    else:
        url = migrated_file(tmp_path)
    fresh = Fresh(url, request.param)
    yield fresh
    fresh.close()


@pytest.fixture(scope="session")
def _migrated_database(postgres: Server) -> str:
    """Its name on that server."""
    url = postgres.fresh()
    _migrated(url)
    return str(make_url(url).database)


def migrated_file(folder: Path) -> str:
    """The URL of the SQLite file "store.db" in that folder; one that is new has empty tables and no workspace."""
    path = folder / "store.db"
    if not path.exists():
        path.touch(0o600)
        path.write_bytes(_migrated_bytes())
    return f"sqlite:///{path}"


@lru_cache(maxsize=1)
def _migrated_bytes() -> bytes:
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "store.db"
        _migrated(f"sqlite:///{path}")
        return path.read_bytes()


def _migrated(url: str) -> None:
    store = Store.open(url, workspace=WORKSPACE)
    with store._database.writing() as connection:
        connection.execute(delete(workspace))
    store.close()


# --- a private PostgreSQL


@dataclass(frozen=True)
class Server:
    """A server on a unix socket in `folder`, which nobody else knows."""

    folder: Path
    process: subprocess.Popen[bytes]
    user: str

    def url(self, name: str) -> str:
        return f"postgresql://{self.user}@/{name}?host={self.folder}"

    def fresh(self, template: str = "template1") -> str:
        """The URL of a new database: a copy of `template`, which is empty."""
        name = f"test_{next(_NUMBERS)}"
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name} TEMPLATE {template}".encode())
        return self.url(name)


@pytest.fixture(scope="session")
def postgres() -> Iterator[Server]:
    programs = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda p: int(p.parts[-3]))
    if not programs:
        why = "PostgreSQL is not installed (apt-get install postgresql)"
        if os.environ.get("GROUNDSWELL_REQUIRE_POSTGRES") == "1":
            pytest.fail(why)
        pytest.skip(why)
    folder = Path(tempfile.mkdtemp(prefix="gs-pg-", dir=_room()))  # short: a socket's path has 107 characters at most
    server = _started(programs[-1].parent, folder)
    try:
        yield server
    finally:
        server.process.send_signal(signal.SIGQUIT)  # immediate: nothing here is worth a checkpoint
        server.process.wait()
        shutil.rmtree(folder, ignore_errors=True)


def _room() -> str:
    """In memory where there is enough of it: a new database is eight times as fast there."""
    memory = Path("/dev/shm")
    return str(memory) if memory.is_dir() and shutil.disk_usage(memory).free > 4 * 2**30 else "/tmp"


def _started(programs: Path, folder: Path) -> Server:
    who = _unprivileged()
    os.chown(folder, who.pw_uid, who.pw_gid)
    as_who: dict[str, Any] = {"cwd": folder, "env": {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"}}
    if os.getuid() == 0:  # PostgreSQL refuses to run as root
        as_who |= {"user": who.pw_uid, "group": who.pw_gid, "extra_groups": []}
    init = [programs / "initdb", "--pgdata", folder / "data", "--username", "groundswell", "--auth", "trust"]
    subprocess.run([*init, "--encoding", "UTF8", "--no-sync"], check=True, capture_output=True, **as_who)
    settings = {
        "unix_socket_directories": folder,
        "listen_addresses": "",
        "fsync": "off",
        "max_connections": 200,
        "timezone": "Asia/Kathmandu",  # +05:45: who takes the server's zone for UTC is found out
    }
    options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
    with (folder / "log").open("wb") as log:
        run = [programs / "postgres", "-D", folder / "data", *options]
        process = subprocess.Popen(run, stdout=log, stderr=log, **as_who)
    server = Server(folder, process, "groundswell")
    _wait_for(server)
    return server


def _unprivileged() -> pwd.struct_passwd:
    if os.getuid() != 0:
        return pwd.getpwuid(os.getuid())
    names = {p.pw_name: p for p in pwd.getpwall()}
    return names.get("postgres") or names["nobody"]


def _wait_for(server: Server) -> None:
    until = time.monotonic() + 30
    while True:
        try:
            psycopg.connect(server.url("postgres"), connect_timeout=5).close()
            return
        except psycopg.OperationalError:
            if server.process.poll() is not None or time.monotonic() > until:
                raise AssertionError(f"PostgreSQL did not start: {(server.folder / 'log').read_text()}") from None
            time.sleep(0.05)


# --- many at once, and a sudden end


def at_once(n: int, do: Callable[[int], Any]) -> list[Any]:
    """What `do(0)` to `do(n-1)` return, each in a thread, all begun at the same moment."""
    barrier = threading.Barrier(n)

    def one(number: int) -> Any:
        barrier.wait(30)
        return do(number)

    with ThreadPoolExecutor(n) as pool:
        return list(pool.map(one, range(n)))


@contextmanager
def paused(store: Store, before: str) -> Iterator[tuple[threading.Event, threading.Event]]:
    """Holds `store` in its transaction before the first statement that begins with `before`.

    Gives two events: the first is set when it stands there; set the second to let it go on.
    """
    there, go_on = threading.Event(), threading.Event()

    def stop(_: Any, __: Any, statement: str, *___: Any) -> None:
        if statement.startswith(before) and not there.is_set():
            there.set()
            assert go_on.wait(30)

    event.listen(engine_of(store), "before_cursor_execute", stop)
    try:
        yield there, go_on
    finally:
        go_on.set()
        event.remove(engine_of(store), "before_cursor_execute", stop)


def meanwhile(store: Store, before: str, slow: Callable[[], Any], quick: Callable[[], Any]) -> tuple[Any, Any]:
    """What both return, when `quick` (on another store) begins while `slow` stands before that statement."""
    with ThreadPoolExecutor(2) as pool, paused(store, before) as (there, go_on):
        slower = pool.submit(slow)
        assert there.wait(30), f"no statement begins with {before!r}"
        quicker = pool.submit(quick)
        wait([quicker], timeout=0.3)  # long enough to come to its end, if nothing holds it
        go_on.set()
        return slower.result(30), quicker.result(30)


def in_processes(n: int, do: Callable[[int, Callable[[], object]], Any]) -> list[Any]:
    """The same in processes. `do` gets its number, and a function to call when it is ready to race."""
    fork = multiprocessing.get_context("fork")
    barrier, results = fork.Barrier(n), fork.SimpleQueue()

    def one(number: int) -> None:
        try:
            results.put((number, do(number, lambda: barrier.wait(60))))
        except BaseException:  # noqa: BLE001 - told to the parent, which raises it
            results.put((number, AssertionError(traceback.format_exc())))

    processes = [fork.Process(target=one, args=(number,)) for number in range(n)]
    with _forking():
        for process in processes:
            process.start()
    told = dict(results.get() for _ in processes)
    for process in processes:
        process.join()
    for result in told.values():
        if isinstance(result, AssertionError):
            raise result
    return [told[number] for number in range(n)]


def killed_at(statement: int, do: Callable[[], object]) -> bool:
    """Runs `do` in a process that kills itself (SIGKILL) before its `statement`-th SQL statement or commit.

    False: it came to its end before that. `do` opens its own store: a connection does not survive a fork.
    """
    with _forking():
        child = os.fork()
    if child == 0:
        try:
            _arm(statement)
            do()
            os._exit(0)
        except BaseException:  # noqa: BLE001 - a forked child must not go on in the parent's place
            traceback.print_exc()
            os._exit(1)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status) or os.waitstatus_to_exitcode(status) == 0, "the process failed by itself"
    return os.WIFSIGNALED(status)


@contextmanager
def _forking() -> Iterator[None]:
    """Python 3.12 warns of a fork beside threads, whose locks a child inherits; ours open all they need anew."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        yield


def _arm(statement: int) -> None:
    left = [statement]

    def tick(*_: object) -> None:
        left[0] -= 1
        if left[0] == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    event.listen(Engine, "before_cursor_execute", tick)
    event.listen(Engine, "commit", tick)


def every_boundary(do: Callable[[], object], check: Callable[[int], None], most: int = 200) -> int:
    """Kills `do` at its first statement, its second, and so on, with `check` after each; how many there were."""
    for statement in range(1, most):
        if not killed_at(statement, do):
            return statement - 1
        check(statement)
    raise AssertionError(f"more than {most} statements")


def texts_of(store: Store, like: str) -> Sequence[str]:
    """Every cell of every table that holds `like`, as "table.column": where a text still stands."""
    found = []
    with store._database.reading() as connection:
        for table in metadata.tables.values():
            for row in connection.exec_driver_sql(f'SELECT * FROM "{table.name}"').mappings():
                found += [
                    f"{table.name}.{name}" for name, cell in row.items() if isinstance(cell, str) and like in cell
                ]
    return found
