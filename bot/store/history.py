"""What earlier digests counted, for trends, theme pages and sums over a quarter."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, and_, delete, insert, select

from bot.domain import Customer, Window
from bot.months import trends
from bot.months.trends import Little, Past, Was
from bot.store import schema
from bot.store.findings import digest_of, packed, unpacked
from bot.store.frozen import zoned

_RUN, _THEME, _FRAME = schema.run, schema.run_theme, schema.run_frame
_SAME = ("areas", "sources", "desks")  # of what was asked: another choice of tickets is another count
MONTHLY, _COMPARED = "monthly", ("monthly", "manual")


def before(connection: Connection, key: str) -> tuple[Past, ...]:
    """The digests that a trend of this run's looks at: asked for before it, their windows over when its own begins."""
    row = connection.execute(
        select(_RUN.c.asked, _RUN.c.asked_at, _FRAME.c.period)
        .join(_FRAME, _FRAME.c.run_key == _RUN.c.key)
        .where(_RUN.c.key == key)
    ).one_or_none()
    if row is None or row.period.start is None:
        return ()
    rows = [r for r in _ended(connection, row.period.start, row.asked_at) if _scope(r.asked) == _scope(row.asked)]
    chosen = trends.apart([(r.kind == MONTHLY, r.period) for r in rows])
    return tuple(_past(connection, rows[n]) for n in chosen)


def of_windows(connection: Connection, windows: Sequence[Window], asked: Mapping[str, Any]) -> list[str | None]:
    """The key of a digest of each window, of the same areas and sources: the monthly one, else the first."""
    rows = [r for r in _ended(connection, None, None) if _scope(r.asked) == _scope(asked)]
    rows.sort(key=lambda r: r.kind == MONTHLY, reverse=True)  # what was asked for first stays first
    keys: dict[tuple[datetime | None, datetime | None], str] = {}
    for r in rows:
        keys.setdefault((r.period.start, r.period.end), r.key)
    return [keys.get((w.start, w.end)) for w in windows]


def of_theme(connection: Connection, theme_id: str) -> list[tuple[str, Window, int, int]]:
    """(run key, window, tickets, customers) of each digest that has the theme, the oldest window first."""
    t = _THEME.c
    query = select(t.run_key, _FRAME.c.period, t.tickets, t.customers).join(_FRAME, _FRAME.c.run_key == t.run_key)
    query = query.join(_RUN, _RUN.c.key == t.run_key).where(t.theme_id == theme_id)
    rows = connection.execute(query.order_by(_RUN.c.window_end.asc().nulls_first(), _RUN.c.number))
    return [(r.run_key, zoned(r.period), r.tickets, r.customers) for r in rows]


def keep(connection: Connection, key: str, anecdotes: Sequence[Little]) -> None:
    t = schema.run_anecdote
    connection.execute(delete(t).where(t.c.run_key == key))
    rows = [
        {"run_key": key, "number": n, "tickets": a.tickets, "customers": a.customers, "centroid": packed(a.centre)}
        for n, a in enumerate(anecdotes)
    ]
    if rows:
        connection.execute(insert(t), rows)


def _scope(asked: Mapping[str, Any]) -> tuple[Any, ...]:
    return (*(asked.get(name) for name in _SAME), bool(asked.get("files")))


def _ended(connection: Connection, by: datetime | None, asked_before: datetime | None) -> list[Any]:
    """First asked first. The digest itself is read only of those that are looked at."""
    told = select(_RUN.c.key, _RUN.c.kind, _RUN.c.asked, _FRAME.c.period)
    query = told.join(_FRAME, _FRAME.c.run_key == _RUN.c.key).join(schema.digest, schema.digest.c.run_key == _RUN.c.key)
    query = query.where(_RUN.c.kind.in_(_COMPARED))
    if by is not None:
        query = query.where(_RUN.c.window_end <= by)
    if asked_before is not None:
        query = query.where(_RUN.c.asked_at < asked_before)
    return list(connection.execute(query.order_by(_RUN.c.number)))


def _past(connection: Connection, row: Any) -> Past:
    digest = digest_of(connection, row.key)
    assert digest is not None, f"run {row.key!r} was joined with its digest"  # noqa: S101
    who = _customers(connection, row.key)
    t = _THEME.c
    found = connection.execute(select(t.theme_id, t.name, t.tickets).where(t.run_key == row.key))
    themes = {r.theme_id: Was(r.name, r.tickets, frozenset(who[r.theme_id])) for r in found}
    kept = select(schema.run_anecdote).where(schema.run_anecdote.c.run_key == row.key)
    small = connection.execute(kept.order_by(schema.run_anecdote.c.number))
    anecdotes = tuple(Little(r.tickets, r.customers, unpacked(r.centroid)) for r in small)
    looked_at = digest.totals.tickets_read - digest.totals.removed
    whole = trends.sure(digest.warnings)
    return Past(row.key, row.kind == MONTHLY, zoned(row.period), themes, whole, anecdotes, looked_at)


def _customers(connection: Connection, key: str) -> Mapping[str, set[str]]:
    found: defaultdict[str, set[str]] = defaultdict(set)
    for theme_id, customer in _pairs(connection, key):
        if customer.identified:
            found[theme_id].add(customer.id)
    return found


def _pairs(connection: Connection, key: str) -> Iterator[tuple[str, Customer]]:
    t, c = schema.run_ticket, schema.run_customer
    theirs = and_(c.c.run_key == t.c.run_key, c.c.number == t.c.customer)
    query = select(t.c.theme_id, c.c.customer).join(c, theirs).where(t.c.run_key == key, t.c.theme_id.is_not(None))
    return ((row.theme_id, row.customer) for row in connection.execute(query))
