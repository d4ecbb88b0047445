"""One ticket, followed: what it said in a run, and which runs it was in."""

from __future__ import annotations

from sqlalchemy import Connection, and_, or_, select

from bot.domain import Ticket
from bot.store import schema, texts


def ticket(connection: Connection, run_key: str, shown: str) -> Ticket | None:
    """The ticket as the run read it, masked; without text where that is not kept any more, None where it has none."""
    t, text = schema.run_ticket, schema.text
    kept = and_(text.c.ticket_id == t.c.ticket_id, text.c.hash == t.c.hash)
    query = select(t.c.facts, text.c.subject, text.c.body).select_from(t.outerjoin(text, kept))
    row = connection.execute(query.where(t.c.run_key == run_key, t.c.shown == shown)).first()
    return texts.whole(row.facts, row.subject, row.body) if row is not None else None


def runs_of(connection: Connection, named: str, limit: int) -> list[tuple[str, str]]:
    """(run key, the id that its digest shows) of the runs that read the ticket and counted it, the newest first.

    `named`: its id ("zendesk:42"), or what a digest shows of it.
    """
    t, run = schema.run_ticket, schema.run
    mine = and_(or_(t.c.ticket_id == named, t.c.shown == named), t.c.left_out.is_(None))
    query = select(t.c.run_key, t.c.shown).join(run, run.c.key == t.c.run_key).where(mine)
    return [(r.run_key, r.shown) for r in connection.execute(query.order_by(run.c.number.desc()).limit(limit))]
