"""What Groundswell remembers, and every SQL statement it knows. One code for SQLite and PostgreSQL.

Each method is one transaction, named for what the bot does. One database belongs to one workspace. All of them raise
Unavailable when the database can't answer now, and Refused when it never will until somebody acts.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path

from bot.store.ageing import Kept, aged
from bot.store.database import Database
from bot.store.decisions import Decisions
from bot.store.drawings import Drawing, Drawings
from bot.store.effects import Effects
from bot.store.figures import Figure, figures
from bot.store.findings import KnownTheme
from bot.store.flows import Flows, Tied
from bot.store.measured import Measurements
from bot.store.opening import made_at, opened, parsed
from bot.store.records import Answers, Audit, Entry, Event, Inbox
from bot.store.runs import Fenced, Run, Runs, RunState
from bot.store.serving import ServeLock
from bot.store.spikes import Spikes
from bot.store.tickets import Place, Tickets
from bot.store.tracked import Looked, Outcome, Tracked


class Store:
    """A workspace's memory. Safe to share between threads; open it anew in another process."""

    def __init__(self, database: Database, *, url: str, salt: bytes) -> None:
        """Takes an open database; `Store.open` is how to get one."""
        self._database = database
        self._serving: ServeLock | None = None
        self.url = url
        self.salt = salt  # 32 random bytes, the key of the workspace's pseudonyms
        self.tickets = Tickets(database)
        self.runs = Runs(database)
        self.measurements = Measurements(database)
        self.effects = Effects(database)
        self.decisions = Decisions(database)
        self.drawings = Drawings(database)
        self.tracked = Tracked(database)
        self.flows = Flows(database)
        self.spikes = Spikes(database)
        self.inbox = Inbox(database)
        self.answers = Answers(database)
        self.audit = Audit(database)

    @classmethod
    def open(cls, url: str, *, workspace: str, clock: Callable[[], datetime] | None = None) -> Store:
        """The store behind `url` ("sqlite:///file.db", "postgresql://..."), made or brought up to date where needed.

        `clock` None: the machine's on SQLite, the database's on PostgreSQL, where replicas' clocks may differ. Raises
        Refused when it can't be made, is another workspace's or has a newer schema, Unavailable when nobody answers.
        """
        database, salt = opened(url, workspace, clock)
        return cls(database, url=url, salt=salt)

    def now(self) -> datetime:
        return self._database.now()

    @property
    def made_at(self) -> datetime:
        """When this database was made. Raises Unavailable."""
        with self._database.reading() as connection:
            return made_at(connection)

    def probe(self) -> None:
        """Takes the right to write and gives it back. Raises Refused without it, Unavailable while others write."""
        with self._database.writing(patience=2.0):
            pass

    def age(self, kept: Kept) -> Mapping[str, int]:
        """Lets go of what is older than it is to be kept; how many texts, answers, clicks and sent messages."""
        with self._database.writing(texts=True) as connection:
            return aged(connection, self._database.now(connection), kept)

    def figures(self) -> Sequence[Figure]:
        """What an operator watches; those of one name stand together."""
        with self._database.reading() as connection:
            return list(figures(connection, self._database.now(connection)))

    def lock_for_serve(self) -> None:
        """Lets no second `serve` use this database file; held until `close`. PostgreSQL takes any number of replicas.

        Raises Refused when another one is running.
        """
        target = parsed(self.url)
        if target.get_backend_name() == "sqlite" and self._serving is None:
            self._serving = ServeLock(Path(f"{target.database}.serve.lock"))

    def close(self) -> None:
        if self._serving is not None:
            self._serving.release()
            self._serving = None
        self._database.close()

    @property
    def place(self) -> str:
        """Where it is, for people: without the password."""
        return parsed(self.url).render_as_string(hide_password=True)

    def __repr__(self) -> str:
        return f"Store({self.place!r})"


__all__ = [
    "Answers",
    "Audit",
    "Decisions",
    "Drawing",
    "Drawings",
    "Effects",
    "Entry",
    "Event",
    "Fenced",
    "Figure",
    "Flows",
    "Inbox",
    "Kept",
    "KnownTheme",
    "Looked",
    "Outcome",
    "Place",
    "Run",
    "RunState",
    "Runs",
    "Spikes",
    "Store",
    "Tickets",
    "Tied",
    "Tracked",
]
