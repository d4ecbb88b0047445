"""The tickets as their sources have them now, and how far each source was read."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Text, and_, func, or_, select, type_coerce, update

from bot.domain import Page, Requester, Ticket, Warned
from bot.store import recalled, schema, texts
from bot.store.database import Database, chunks, inserting
from bot.store.encoding import fit
from bot.store.withdrawal import scrub


@dataclass(frozen=True, slots=True)
class Place:
    """How far a source was read. `since`: all that changed after it was asked for; `updated_at`: when it last worked.

    `error` says why the last reading stopped; None when it ended well. `warnings`: the source's own remarks since.
    """

    cursor: str | None
    high_water: datetime | None
    updated_at: datetime
    error: str | None
    since: datetime | None = None
    warnings: tuple[Warned, ...] = ()


class Tickets:
    def __init__(self, database: Database) -> None:
        self._database = database

    def place(self, source: str) -> Place | None:
        """None: it was never read."""
        with self._database.reading() as connection:
            return _place(connection, source)

    def take(self, source: str, page: Page, since: datetime | None = None) -> None:
        """Stores a page and the place after it, together or not at all.

        An older version of a ticket never replaces a newer one, and neither does a version without a time replace one
        with a time. What `page.tombstones` names loses its text everywhere, and what `page.struck` names the versions
        that hold more than this one. `high_water` and `since` (what this
        reading began with) only widen; a page without a cursor leaves the last one. Its warnings join those that stand
        until `settle`, so that none is missing from a digest that is made in the middle of a reading.
        """
        offered = {fit(t.id): _rows(t) for t in page.tickets}
        with self._database.writing(texts=True) as connection:
            now = self._database.now(connection)
            _strike(connection, [offered[fit(i)] for i in page.struck if fit(i) in offered])
            _store(connection, offered, but=_deleted(connection, page.tickets))
            _bury(connection, page.tombstones, now)
            _move(connection, source, page, since, now)

    def settle(self, source: str, warnings: Sequence[Warned]) -> None:
        """A reading of the source ended well, and these are all of its warnings: earlier ones are over."""
        table = schema.source
        with self._database.writing() as connection:
            connection.execute(update(table).where(table.c.name == source).values(warnings=tuple(warnings)))

    def fault(self, source: str, error: str) -> None:
        """Remembers why the source could not be read; the place where it stopped stays."""
        table = schema.source
        with self._database.writing() as connection:
            row = {"name": source, "error": error, "updated_at": self._database.now(connection)}
            new = inserting(connection, table).values(row)
            connection.execute(new.on_conflict_do_update(index_elements=[table.c.name], set_={"error": error}))

    def between(self, start: datetime | None, end: datetime | None) -> list[Ticket]:
        """Those created from `start` until before `end` that exist, by id. Without text where it was withdrawn.

        None: from the first, until the last; with neither, also those of which it is not known when they were created.
        """
        ticket, text = schema.ticket, schema.text
        kept = and_(text.c.ticket_id == ticket.c.id, text.c.hash == ticket.c.hash)
        query = select(ticket.c.facts, text.c.subject, text.c.body).select_from(ticket.outerjoin(text, kept))
        query = query.where(ticket.c.deleted_at.is_(None))
        if start is not None:
            query = query.where(ticket.c.created_at >= start)
        if end is not None:
            query = query.where(ticket.c.created_at < end)
        with self._database.reading() as connection:
            rows = connection.execute(query).all()
        return sorted((texts.whole(*row) for row in rows), key=lambda t: t.id)  # databases sort by their own locale

    def erase(self, ids: Sequence[str]) -> int:
        """Takes the text of these tickets out of everything, for ever; no sync brings it back. Counts stay.

        Gone are the versions of the text, the quotes in stored digests and in what was planned from them, and their
        words in a model's answers and in clicks that wait; what shows them is drawn anew. Returns how many of the
        tickets had text here.
        """
        ids = sorted(set(ids))
        with self._database.writing(texts=True) as connection:
            texts.withdraw(connection, ids, self._database.now(connection))
            return _without_text(connection, ids)

    def of_requester(self, key: str) -> list[str]:
        """The ids of the tickets, also of those that are in runs alone, whose requester has the pseudonym `key`.

        Reads them all: for a request to forget somebody, not for every day.
        """
        found: set[str] = set()
        with self._database.reading() as connection:
            for ticket_id, facts in (
                (schema.ticket.c.id, schema.ticket.c.facts),
                (schema.run_ticket.c.ticket_id, schema.run_ticket.c.facts),
            ):
                rows = connection.execute(select(ticket_id, facts).where(type_coerce(facts, Text).contains(key)))
                found.update(told[0] for told in rows if _names(told[1].requester, key))
        return sorted(found)

    def created(self, start: datetime | None, end: datetime | None, sources: Sequence[str] = ()) -> int:
        """How many there are of that time, as `between` has them; of all sources where none is named."""
        t = schema.ticket
        query = select(func.count()).select_from(t).where(t.c.deleted_at.is_(None))
        query = query if start is None else query.where(t.c.created_at >= start)
        query = query if end is None else query.where(t.c.created_at < end)
        with self._database.reading() as connection:
            found: int = connection.execute(query.where(t.c.source.in_(sources)) if sources else query).scalar_one()
            return found

    def count(self, source: str) -> int:
        """How many tickets of the source there are, those deleted over there left out."""
        t = schema.ticket
        query = select(func.count()).select_from(t).where(t.c.source == source, t.c.deleted_at.is_(None))
        with self._database.reading() as connection:
            return connection.execute(query).scalar_one()


def _names(who: Requester, key: str) -> bool:
    """A pseudonym stands as <key>, ~<key> or <key>@<host> (bot.pseudonyms)."""
    return any((part or "").removeprefix("~").partition("@")[0] == key for part in (who.id, who.email, who.name))


def _place(connection: Connection, source: str) -> Place | None:
    t = schema.source
    columns = (t.c.cursor, t.c.high_water, t.c.updated_at, t.c.error, t.c.since, t.c.warnings)
    row = connection.execute(select(*columns).where(t.c.name == source)).one_or_none()
    return Place(*row[:-1], row.warnings or ()) if row else None


_PARTS = ("subject", "body")
_Offered = Mapping[str, tuple[Mapping[str, Any], Mapping[str, str]]]  # id -> row of the ticket, row of its text


def _store(connection: Connection, offered: _Offered, but: Collection[str]) -> None:
    rows = {ticket_id: row for ticket_id, row in offered.items() if ticket_id not in but}
    if rows:
        _upsert(connection, [ticket for ticket, _ in rows.values()])
        texts.keep(connection, [text for _, text in rows.values()], but=texts.withdrawn(connection, list(rows)))
        texts.drop_unused(connection, list(rows))


def _strike(connection: Connection, rows: Sequence[tuple[Mapping[str, Any], Mapping[str, str]]]) -> None:
    """What stands in an earlier version alone was struck out; an older version than ours strikes nothing out of it."""
    t = schema.ticket
    query = select(t.c.id, t.c.updated_at).where(t.c.id.in_([ticket["id"] for ticket, _ in rows]))
    known = {row.id: row.updated_at for row in connection.execute(query)} if rows else {}
    newer = [text for ticket, text in rows if not _is_later(known.get(ticket["id"]), ticket["updated_at"])]
    told = recalled.runs_of(connection, [text["ticket_id"] for text in newer])
    struck = texts.drop_beyond(connection, newer)
    scrub(connection, struck)
    stays = recalled.runs_of(connection, struck) | recalled.runs_in(text[part] for text in newer for part in _PARTS)
    recalled.forget(connection, told - stays if struck else frozenset())


def _deleted(connection: Connection, tickets: Sequence[Ticket]) -> set[str]:
    """Those that were deleted over there, except where they changed since: that is how restoring shows.

    A page that was read before the deletion, and comes after it, brings nothing back.
    """
    t = schema.ticket
    known: dict[str, datetime | None] = {}
    for ids in chunks([t.id for t in tickets]):
        query = select(t.c.id, t.c.updated_at).where(t.c.id.in_(ids), t.c.deleted_at.is_not(None))
        known.update((row.id, row.updated_at) for row in connection.execute(query))
    return {key for t in tickets if (key := fit(t.id)) in known and not _is_later(t.updated_at, known[key])}


def _is_later(offered: datetime | None, known: datetime | None) -> bool:
    return offered is not None and (known is None or offered > known)


def _upsert(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    table = schema.ticket
    new = inserting(connection, table)
    known, offered = table.c.updated_at, new.excluded.updated_at
    given = {name: new.excluded[name] for name in ("source", "created_at", "updated_at", "hash", "facts", "deleted_at")}
    not_older = or_(known.is_(None), and_(offered.is_not(None), offered >= known))
    connection.execute(new.on_conflict_do_update(index_elements=[table.c.id], set_=given, where=not_older), list(rows))


def _rows(ticket: Ticket) -> tuple[Mapping[str, Any], Mapping[str, str]]:
    version = texts.version(ticket)
    row = {
        "id": ticket.id,
        "source": ticket.source,
        "created_at": ticket.created_at,
        "updated_at": ticket.updated_at,
        "hash": version["hash"],
        "facts": texts.facts(ticket),
        "deleted_at": None,
    }
    return row, version


def _bury(connection: Connection, ids: Sequence[str], at: datetime) -> None:
    ids = sorted(set(ids))
    _without_text(connection, ids)
    for some in chunks(ids):
        connection.execute(update(schema.ticket).where(schema.ticket.c.id.in_(some)).values(deleted_at=at))


def _without_text(connection: Connection, ids: Sequence[str]) -> int:
    """How many of the tickets had text."""
    gone = recalled.runs_of(connection, ids)
    had = texts.drop(connection, ids)
    scrub(connection, ids)
    recalled.forget(connection, gone)
    return had


def _move(connection: Connection, source: str, page: Page, since: datetime | None, now: datetime) -> None:
    table, was = schema.source, _place(connection, source)
    cursor = page.cursor if page.cursor is not None or was is None else was.cursor
    marks = [at for at in (page.high_water, was.high_water if was else None) if at is not None]
    begins = [at for at in (since, was.since if was else None) if at is not None]
    row = {
        "name": source,
        "cursor": cursor,
        "since": min(begins, default=None),
        "high_water": max(marks, default=None),
        "updated_at": now,
        "error": None,
        "warnings": tuple(dict.fromkeys((*(was.warnings if was else ()), *page.warnings))),
    }
    new = inserting(connection, table).values(row)
    connection.execute(new.on_conflict_do_update(index_elements=[table.c.name], set_=row))
