"""What an operator watches, counted from the database: the same whichever replica is asked, and after any restart."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Connection, func, select

from bot.store import schema


@dataclass(frozen=True, slots=True)
class Figure:
    """`name` in Prometheus' way (unit last); `help` in one sentence."""

    name: str
    help: str
    value: float
    labels: Mapping[str, str] = field(default_factory=dict)


def figures(connection: Connection, now: datetime) -> Iterator[Figure]:
    """No ticket's text and no customer is in them."""
    yield from _runs(connection, now)
    yield from _sources(connection, now)
    e, i, a = schema.effect, schema.inbox, schema.audit
    for kind, state, count in connection.execute(
        select(e.c.kind, e.c.state, func.count()).group_by(e.c.kind, e.c.state).order_by(e.c.kind, e.c.state)
    ):
        yield Figure("groundswell_effects", "Writes to the outside.", count, {"kind": kind, "state": state})
    waiting = connection.scalar(select(func.count()).where(i.c.answered_at.is_(None))) or 0
    yield Figure("groundswell_clicks_waiting", "Clicks and commands that wait for an answer.", waiting)
    found = connection.scalar(select(func.count()).where(a.c.action == "duplicate found")) or 0
    yield Figure("groundswell_duplicates_found", "Second issues or messages that were found.", found)
    spent = connection.scalar(select(func.sum(schema.answer.c.cost))) or 0.0
    yield Figure("groundswell_model_cost_usd", "What the kept answers of a language model cost.", spent)


def _runs(connection: Connection, now: datetime) -> Iterator[Figure]:
    r = schema.run
    for kind, state, count in connection.execute(
        select(r.c.kind, r.c.state, func.count()).group_by(r.c.kind, r.c.state).order_by(r.c.kind, r.c.state)
    ):
        yield Figure("groundswell_runs", "Runs by kind and state.", count, {"kind": kind, "state": state})
    newest = select(r.c.kind, func.max(r.c.number).label("number")).where(r.c.state == "DONE").group_by(r.c.kind)
    last = newest.subquery()
    done = select(r.c.kind, r.c.started_at, r.c.finished_at).join(last, last.c.number == r.c.number).order_by(r.c.kind)
    rows = [row for row in connection.execute(done) if row.started_at and row.finished_at]
    for row in rows:
        took = (row.finished_at - row.started_at).total_seconds()
        yield Figure("groundswell_run_seconds", "How long the newest finished run took.", took, {"kind": row.kind})
    for row in rows:
        age = (now - row.finished_at).total_seconds()
        yield Figure("groundswell_run_age_seconds", "Since the newest run was finished.", age, {"kind": row.kind})


def _sources(connection: Connection, now: datetime) -> Iterator[Figure]:
    s = schema.source
    rows = connection.execute(select(s.c.name, s.c.high_water, s.c.error).order_by(s.c.name)).all()
    for row in (row for row in rows if row.high_water is not None):
        lag = (now - row.high_water).total_seconds()
        yield Figure("groundswell_source_lag_seconds", "Since when a help desk is not read.", lag, {"source": row.name})
    for row in rows:
        broken = float(row.error is not None)
        yield Figure("groundswell_source_failed", "1: it could not be read last time.", broken, {"source": row.name})
