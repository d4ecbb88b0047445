"""What digests measured of fixes, and fixes that a person told of where no tracker does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy import delete, insert, select, update

from bot.domain import Measured
from bot.store import schema
from bot.store.database import Database


class Measurements:
    def __init__(self, database: Database) -> None:
        self._database = database

    def keep(self, run_key: str, found: Sequence[Measured]) -> None:
        """In place of those kept for the run before. Whoever makes the run's digest finds the same ones."""
        t = schema.run_outcome
        # Whoever erases a ticket need not look here: no word is kept.
        bare = [replace(m, name="", message="", since=()) for m in found]
        rows = [{"run_key": run_key, "number": n, "measured": m} for n, m in enumerate(bare)]
        with self._database.writing() as connection:
            connection.execute(delete(t).where(t.c.run_key == run_key))
            if rows:
                connection.execute(insert(t), rows)

    def earlier(self, run_key: str) -> tuple[Measured, ...]:
        """Of the runs that were asked for before this one and whose window was over when its own ended: the same ones
        whenever it is asked. Oldest first."""
        t, run = schema.run_outcome, schema.run
        mine = select(run.c.asked_at, run.c.window_end).where(run.c.key == run_key)
        query = select(t.c.measured).join(run, run.c.key == t.c.run_key)
        with self._database.reading() as connection:
            asked_at, end = connection.execute(mine).one_or_none() or (None, None)
            if asked_at is None or end is None:
                return ()
            query = query.where(run.c.asked_at < asked_at, run.c.window_end < end)
            return tuple(connection.scalars(query.order_by(run.c.window_end, run.c.number, t.c.number)))

    def take_back(self, theme_id: str, key: str, at: datetime) -> bool:
        """The theme's fix of that name was none; False: there is none. Digests made until now keep what they say."""
        t = schema.outcome
        named = (t.c.theme_id == theme_id, t.c.key == key, t.c.reopened_at.is_(None))
        with self._database.writing() as connection:
            return connection.execute(update(t).where(*named).values(reopened_at=at)).rowcount == 1
