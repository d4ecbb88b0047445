"""What is kept only for a time: texts, a model's answers, clicks that were answered, the payload of what was sent.

Counts, memberships, decisions and what was made of them stay for good, and `verify` goes on counting.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, exists, func, or_, select, update

from bot.acts import EffectState
from bot.store import schema

_OVER = tuple(s.value for s in (EffectState.DONE, EffectState.FAILED, EffectState.CANCELLED))


@dataclass(frozen=True, slots=True)
class Kept:
    """For how many days; the youngest thing that something is part of counts."""

    texts: int = 180
    answers: int = 90
    clicks: int = 7
    sent: int = 395


def aged(connection: Connection, now: datetime, kept: Kept) -> Mapping[str, int]:
    """Lets go of what is older, in a transaction that writes `texts`; how many of each."""

    def before(days: int) -> datetime:
        return now - timedelta(days=days)

    return {
        "texts": _texts(connection, before(kept.texts)),
        "answers": connection.execute(delete(schema.answer).where(schema.answer.c.at < before(kept.answers))).rowcount,
        "clicks": connection.execute(
            delete(schema.inbox).where(schema.inbox.c.answered_at < before(kept.clicks))
        ).rowcount,
        "sent": _sent(connection, before(kept.sent)),
    }


def _texts(connection: Connection, cutoff: datetime) -> int:
    """Versions of tickets that neither changed since, nor are in a run that was asked for since or isn't over."""
    text, ticket, part, run = schema.text, schema.ticket, schema.run_ticket, schema.run
    young = exists().where(
        ticket.c.id == text.c.ticket_id, func.coalesce(ticket.c.updated_at, ticket.c.created_at) >= cutoff
    )
    read = exists().where(
        part.c.ticket_id == text.c.ticket_id,
        run.c.key == part.c.run_key,
        or_(run.c.finished_at.is_(None), run.c.asked_at >= cutoff),
    )
    return connection.execute(delete(text).where(~young, ~read)).rowcount


def _sent(connection: Connection, cutoff: datetime) -> int:
    """The words of what is over, quotes among them; that it was done, and what came of it, stays."""
    t = schema.effect
    old = select(t.c.key, t.c.payload).where(t.c.state.in_(_OVER), t.c.updated_at < cutoff)
    full = [row.key for row in connection.execute(old) if row.payload]
    for key in full:
        connection.execute(update(t).where(t.c.key == key).values(payload={}))
    return len(full)
