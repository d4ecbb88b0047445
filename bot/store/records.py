"""What comes in, what was paid for, and what was done: three plain records."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, insert, select, update

from bot.store import schema
from bot.store.database import Database, inserting

CLICK = 0.8  # seconds: Slack wants its answer within 3, and the goal for ours is 1 (DESIGN section 10)


@dataclass(frozen=True, slots=True)
class Event:
    """Something that came in and waits to be worked on."""

    event_id: str
    kind: str
    payload: Mapping[str, Any]
    received_at: datetime


class Inbox:
    """Events and clicks, stored before they are acknowledged: what was acknowledged is never lost."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def receive(self, event_id: str, kind: str, payload: Mapping[str, Any]) -> bool:
        """True: it is new. Raises Unavailable within a second when the database is busy; then don't acknowledge."""
        t = schema.inbox
        with self._database.writing(patience=CLICK) as connection:
            row = {
                "event_id": event_id,
                "kind": kind,
                "payload": payload,
                "received_at": self._database.now(connection),
            }
            new = inserting(connection, t).values(row).on_conflict_do_nothing().returning(t.c.number)
            return connection.scalars(new).one_or_none() is not None

    def waiting(self, limit: int = 50) -> list[Event]:
        """What was not answered yet, oldest first."""
        t = schema.inbox
        query = select(t.c.event_id, t.c.kind, t.c.payload, t.c.received_at).where(t.c.answered_at.is_(None))
        with self._database.reading() as connection:
            return [Event(*row) for row in connection.execute(query.order_by(t.c.number).limit(limit))]

    def answered(self, event_id: str, outcome: str) -> bool:
        """It was worked on; False: it was before. Its payload (Slack sends the whole message along) goes."""
        t = schema.inbox
        with self._database.writing() as connection:
            new = {"outcome": outcome, "answered_at": self._database.now(connection), "payload": {}}
            waiting = update(t).where(t.c.event_id == event_id, t.c.answered_at.is_(None))
            return connection.execute(waiting.values(**new)).rowcount == 1


class Answers:
    """Finished calls to a language model, by their content: none is paid for twice."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def get(self, key: str) -> str | None:
        t = schema.answer
        with self._database.reading() as connection:
            return connection.scalars(select(t.c.response).where(t.c.key == key)).one_or_none()

    def keep(self, key: str, model: str, response: str, tokens_in: int, tokens_out: int, cost: float) -> None:
        """`cost` in the currency of the budget. The first answer stays: what was read once is read again, unless it was
        emptied since (a ticket in it was erased)."""
        t = schema.answer
        row = {"key": key, "model": model, "response": response, "cost": cost}
        with self._database.writing() as connection:
            row |= {"tokens_in": tokens_in, "tokens_out": tokens_out, "at": self._database.now(connection)}
            again = {"response": response, "cost": t.c.cost + cost, "at": row["at"]}
            new = inserting(connection, t).values(row)
            connection.execute(
                new.on_conflict_do_update(index_elements=[t.c.key], set_=again, where=t.c.response == "")
            )

    def spent(self, since: datetime) -> float:
        t = schema.answer
        with self._database.reading() as connection:
            return float(connection.scalar(select(func.coalesce(func.sum(t.c.cost), 0.0)).where(t.c.at >= since)) or 0)


@dataclass(frozen=True, slots=True)
class Entry:
    """Who did what to what, and when. `actor` as in Decision."""

    at: datetime
    actor: str
    action: str
    object: str
    detail: Mapping[str, Any]


class Audit:
    """Append only."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def write(self, actor: str, action: str, object: str, detail: Mapping[str, Any]) -> None:  # noqa: A002
        with self._database.writing() as connection:
            noted(connection, self._database.now(connection), actor, action, object, detail)

    def has(self, action: str) -> bool:
        """Whether it was ever done."""
        query = select(schema.audit.c.number).where(schema.audit.c.action == action).limit(1)
        with self._database.reading() as connection:
            return connection.execute(query).first() is not None

    def recent(self, limit: int = 50) -> list[Entry]:
        """Newest first."""
        t = schema.audit
        query = select(t.c.at, t.c.actor, t.c.action, t.c.object, t.c.detail).order_by(t.c.number.desc()).limit(limit)
        with self._database.reading() as connection:
            return [Entry(*row) for row in connection.execute(query)]


def noted(connection: Connection, at: datetime, actor: str, action: str, on: str, detail: Mapping[str, Any]) -> None:
    row = {"at": at, "actor": actor, "action": action, "object": on, "detail": detail}
    connection.execute(insert(schema.audit).values(row))
