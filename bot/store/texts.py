"""Tickets' texts, apart from tickets: stored once per version, and gone everywhere at once.

Everything here runs inside a transaction that writes `texts` alone (Database.writing), so that no version is thrown
away while a run freezes it, and none comes back that is being withdrawn.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha256

from sqlalchemy import Connection, Select, delete, exists, select

from bot.domain import Ticket
from bot.store import schema
from bot.store.database import chunks, inserting
from bot.store.encoding import Encoded, encoded, fit


def facts(ticket: Ticket) -> Encoded:
    """All of a ticket but its text, with times that JSON can say."""
    told = replace(
        ticket, subject="", body="", created_at=_sayable(ticket.created_at), updated_at=_sayable(ticket.updated_at)
    )
    return encoded(Ticket, told)


def _sayable(at: datetime | None) -> datetime | None:
    """ISO 8601 has no seconds in an offset, as local mean times before about 1900 have them: those go to UTC."""
    offset = at.utcoffset() if at is not None else None
    if at is None or offset is None or offset.total_seconds() % 60 == 0:
        return at
    try:
        return at.astimezone(UTC)
    except OverflowError:  # the first day of the calendar
        return at.replace(tzinfo=UTC)


def whole(told: Ticket, subject: str | None, body: str | None) -> Ticket:
    """The ticket again; without text where that was withdrawn."""
    return replace(told, subject=subject or "", body=body or "")


def version(ticket: Ticket) -> dict[str, str]:
    """The row of this version of a ticket's text; `hash` names it."""
    subject, body = fit(ticket.subject), fit(ticket.body)
    named = sha256(f"{subject}\x1f{body}".encode()).hexdigest()
    return {"ticket_id": fit(ticket.id), "hash": named, "subject": subject, "body": body}


def keep(connection: Connection, versions: Iterable[Mapping[str, str]], but: Collection[str]) -> None:
    """Stores the versions that are not stored yet, except those of the tickets `but`."""
    rows = [row for row in versions if row["ticket_id"] not in but]
    if rows:
        connection.execute(inserting(connection, schema.text).on_conflict_do_nothing(), rows)


def drop_unused(connection: Connection, ids: Sequence[str]) -> None:
    """Versions that neither the ticket itself nor any run refers to."""
    text, ticket, frozen = schema.text, schema.ticket, schema.run_ticket
    now = exists().where(ticket.c.id == text.c.ticket_id, ticket.c.hash == text.c.hash)
    then = exists().where(frozen.c.ticket_id == text.c.ticket_id, frozen.c.hash == text.c.hash)
    for some in chunks(ids):
        connection.execute(delete(text).where(text.c.ticket_id.in_(some), ~now, ~then))


def drop_beyond(connection: Connection, versions: Sequence[Mapping[str, str]]) -> list[str]:
    """Deletes every stored version of these tickets' texts with a subject or body that the given one does not hold.

    Returns the ids of those that had any.
    """
    text, had = schema.text, list[str]()
    for now in versions:
        ours = text.c.ticket_id == now["ticket_id"]
        for row in connection.execute(select(text.c.hash, text.c.subject, text.c.body).where(ours)).all():
            if row.subject not in now["subject"] or row.body not in now["body"]:
                connection.execute(delete(text).where(ours, text.c.hash == row.hash))
                had.append(now["ticket_id"])
    return list(dict.fromkeys(had))


def withdrawn(connection: Connection, ids: Sequence[str]) -> set[str]:
    """Those of `ids` whose text must not be stored: withdrawn on request, or deleted at their source."""
    return {ticket_id for some in chunks(ids) for ticket_id in _withdrawn(connection, some)}


def withdrawn_of(connection: Connection, run_key: str) -> set[str]:
    """Likewise, of the tickets of a run."""
    t = schema.run_ticket
    return _withdrawn(connection, select(t.c.ticket_id).where(t.c.run_key == run_key))


def _withdrawn(connection: Connection, ids: Sequence[str] | Select[tuple[str]]) -> set[str]:
    asked, ticket = schema.withdrawn, schema.ticket
    on_request = select(asked.c.ticket_id).where(asked.c.ticket_id.in_(ids))
    deleted = select(ticket.c.id).where(ticket.c.id.in_(ids), ticket.c.deleted_at.is_not(None))
    return {*connection.scalars(on_request), *connection.scalars(deleted)}


def withdraw(connection: Connection, ids: Sequence[str], at: datetime) -> None:
    """No text of `ids` is ever stored again."""
    if ids:
        rows = [{"ticket_id": ticket_id, "at": at} for ticket_id in ids]
        connection.execute(inserting(connection, schema.withdrawn).on_conflict_do_nothing(), rows)


def drop(connection: Connection, ids: Sequence[str]) -> int:
    """Deletes every version of the text of `ids`. How many tickets had any."""
    had: set[str] = set()
    for some in chunks(ids):
        gone = delete(schema.text).where(schema.text.c.ticket_id.in_(some)).returning(schema.text.c.ticket_id)
        had.update(connection.scalars(gone))
    return len(had)
