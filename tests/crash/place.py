"""Where a run's store is: a database that can be put back, at once, to how it was at a moment that was kept."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from itertools import count
from pathlib import Path
from typing import Protocol

import psycopg

_NUMBERS = count(1)


class Place(Protocol):
    """`url` is the same all the time. Whoever keeps or puts has closed it, or is dead."""

    url: str

    def keep(self, name: str) -> None:
        """Remembers it as it is now."""

    def put(self, name: str) -> None:
        """Makes it what it was when it was kept under that name; "": not even made."""


class File:
    """SQLite, in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.url = f"sqlite:///{folder / 'store.db'}"

    def keep(self, name: str) -> None:
        with (
            closing(sqlite3.connect(self._folder / "store.db")) as source,
            closing(sqlite3.connect(self._folder / f"{name}.kept")) as into,
        ):
            source.backup(into)

    def put(self, name: str) -> None:
        for old in self._folder.glob("store.db*"):
            old.unlink()
        if name:
            (self._folder / "store.db").write_bytes((self._folder / f"{name}.kept").read_bytes())


class Database:
    """PostgreSQL: a database of its own on a server, copied from one that is kept (CREATE DATABASE, TEMPLATE)."""

    def __init__(self, server: str) -> None:
        """`server`: the URL of its database `postgres`."""
        self._server = server
        self._name = f"crash_{os.getpid()}_{next(_NUMBERS)}"
        self.url = server.replace("/postgres?", f"/{self._name}?")

    def keep(self, name: str) -> None:
        self._do([f"CREATE DATABASE {self._name}_{name} TEMPLATE {self._name}"])

    def put(self, name: str) -> None:
        """FORCE: a killed process's backend may not have noticed yet."""
        made = f"CREATE DATABASE {self._name}" + (f" TEMPLATE {self._name}_{name}" if name else "")
        self._do([f"DROP DATABASE IF EXISTS {self._name} WITH (FORCE)", made])

    def _do(self, statements: Sequence[str]) -> None:
        with psycopg.connect(self._server, autocommit=True) as connection:
            for statement in statements:
                connection.execute(statement.encode())
