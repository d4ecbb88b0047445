"""Tickets' texts, apart from tickets: stored once per version, and gone everywhere at once.

Everything here runs inside a transaction that writes `texts` alone (Database.writing), so that no version is thrown
away while a run freezes it, and none comes back that is being withdrawn.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha256

from sqlalchemy import Connection, delete, exists, select

from bot.domain import Ticket
from bot.store import schema
from bot.store.database import chunks, inserting
from bot.store.encoding import fit


def facts(ticket: Ticket) -> Ticket:
    """All of a ticket but its text, with times that JSON can say."""
    return replace(
        ticket, subject="", body="", created_at=_sayable(ticket.created_at), updated_at=_sayable(ticket.updated_at)
    )


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


def digest_of(ticket: Ticket) -> str:
    """Names one version of a ticket's text."""
    return sha256(fit(f"{ticket.subject}\x1f{ticket.body}").encode()).hexdigest()


def keep(connection: Connection, tickets: Iterable[Ticket]) -> None:
    """Stores what is not stored yet, except what was withdrawn."""
    tickets = list(tickets)
    gone = withdrawn(connection, [t.id for t in tickets])
    rows = [
        {"ticket_id": t.id, "hash": digest_of(t), "subject": t.subject, "body": t.body}
        for t in tickets
        if fit(t.id) not in gone
    ]
    if rows:
        connection.execute(inserting(connection, schema.text).on_conflict_do_nothing(), rows)


def drop_unused(connection: Connection, ids: Sequence[str]) -> None:
    """Versions that neither the ticket itself nor any run refers to."""
    text, ticket, frozen = schema.text, schema.ticket, schema.run_ticket
    now = exists().where(ticket.c.id == text.c.ticket_id, ticket.c.hash == text.c.hash)
    then = exists().where(frozen.c.ticket_id == text.c.ticket_id, frozen.c.hash == text.c.hash)
    for some in chunks(ids):
        connection.execute(delete(text).where(text.c.ticket_id.in_(some), ~now, ~then))


def withdrawn(connection: Connection, ids: Sequence[str]) -> set[str]:
    """Those of `ids` whose text must not be stored: withdrawn on request, or deleted at their source."""
    asked, ticket = schema.withdrawn, schema.ticket
    found: set[str] = set()
    for some in chunks(ids):
        found.update(connection.scalars(select(asked.c.ticket_id).where(asked.c.ticket_id.in_(some))))
        deleted = select(ticket.c.id).where(ticket.c.id.in_(some), ticket.c.deleted_at.is_not(None))
        found.update(connection.scalars(deleted))
    return found


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
