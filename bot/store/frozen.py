"""What a run is made from: every ticket it read, with the text of that moment, and the rules it went by."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sqlalchemy import Connection, and_, delete, exists, insert, select

from bot.digest import Reading
from bot.domain import Customer, Window, shown_ids
from bot.store import schema, texts
from bot.synthesis.rules import Rules

_EARLIER = "before the window"  # in the column left_out: read for what copies it, and counted nowhere


@dataclass(frozen=True, slots=True)
class Prepared:
    """The rows of a reading, made before the transaction begins: a click must not wait for ten thousand tickets."""

    frame: Mapping[str, Any]
    customers: Sequence[Mapping[str, Any]]
    tickets: Sequence[Mapping[str, Any]]
    texts: Sequence[Mapping[str, str]]


def prepared(key: str, reading: Reading, rules: Rules, detail: Mapping[str, Any]) -> Prepared:
    told = {"period": reading.window, "rejects": reading.rejects, "warnings": reading.warnings}
    numbers = _numbered(reading)
    versions = [texts.version(t) for t in (*reading.everything, *reading.earlier)]
    return Prepared(
        frame={"run_key": key, "rules": rules, "detail": detail, **told},
        customers=[{"run_key": key, "number": n, "customer": customer} for customer, n in numbers.items()],
        tickets=list(_rows(key, reading, numbers, versions)),
        texts=versions,
    )


def store(connection: Connection, key: str, rows: Prepared) -> None:
    """In place of what was frozen for the run before. The caller holds the run and writes texts alone."""
    for table in (schema.run_ticket, schema.run_customer, schema.run_frame):
        connection.execute(delete(table).where(table.c.run_key == key))
    connection.execute(insert(schema.run_frame).values(**rows.frame))
    if rows.customers:
        connection.execute(insert(schema.run_customer), rows.customers)
    if rows.tickets:
        connection.execute(insert(schema.run_ticket), rows.tickets)
        texts.keep(connection, rows.texts, but=texts.withdrawn_of(connection, key))


def _numbered(reading: Reading) -> dict[Customer, int]:
    numbers: dict[Customer, int] = {}
    for ticket in reading.everything:
        if ticket.id in reading.customers:
            numbers.setdefault(reading.customers[ticket.id], len(numbers))
    return numbers


def _rows(
    key: str, reading: Reading, numbers: Mapping[Customer, int], versions: Sequence[Mapping[str, str]]
) -> Iterable[dict[str, Any]]:
    shown = {**{t.id: t.id for t in reading.earlier}, **shown_ids(reading.everything)}
    reasons = [
        *(None for _ in reading.tickets),
        *(why for _, why in reading.left_out),
        *(_EARLIER for _ in reading.earlier),
    ]
    rows = zip((*reading.everything, *reading.earlier), reasons, versions, strict=True)
    for position, (ticket, why, version) in enumerate(rows):
        customer = reading.customers.get(ticket.id)
        yield {
            "run_key": key,
            "ticket_id": ticket.id,
            "position": position,
            "shown": shown[ticket.id],
            "hash": version["hash"],
            "facts": texts.facts(ticket),
            "left_out": why,
            "customer": None if customer is None else numbers[customer],
        }


def load(connection: Connection, key: str) -> tuple[Reading, Rules, Mapping[str, Any]] | None:
    frame = connection.execute(select(schema.run_frame).where(schema.run_frame.c.run_key == key)).one_or_none()
    if frame is None:
        return None
    c = schema.run_customer
    customers: dict[int, Customer] = {
        row.number: row.customer
        for row in connection.execute(select(c.c.number, c.c.customer).where(c.c.run_key == key))
    }
    rows = _tickets(connection, key)
    read = [(texts.whole(row.facts, row.subject, row.body), row) for row in rows]
    reading = Reading(
        tickets=tuple(ticket for ticket, row in read if row.left_out is None),
        left_out=tuple((ticket, row.left_out) for ticket, row in read if row.left_out not in (None, _EARLIER)),
        rejects=frame.rejects,
        warnings=frame.warnings,
        window=zoned(frame.period),
        customers={ticket.id: customers[row.customer] for ticket, row in read if row.customer is not None},
        earlier=tuple(ticket for ticket, row in read if row.left_out == _EARLIER),
    )
    return reading, frame.rules, frame.detail


def _tickets(connection: Connection, key: str) -> Sequence[Any]:
    t, text = schema.run_ticket, schema.text
    kept = and_(text.c.ticket_id == t.c.ticket_id, text.c.hash == t.c.hash)
    query = select(t.c.facts, t.c.left_out, t.c.customer, text.c.subject, text.c.body)
    return connection.execute(
        query.select_from(t.outerjoin(text, kept)).where(t.c.run_key == key).order_by(t.c.position)
    ).all()


def textless(connection: Connection, key: str) -> frozenset[str]:
    t, text = schema.run_ticket, schema.text
    kept = exists().where(text.c.ticket_id == t.c.ticket_id, text.c.hash == t.c.hash)
    return frozenset(connection.scalars(select(t.c.shown).where(t.c.run_key == key, ~kept)))


def zoned(window: Window) -> Window:
    """The window in its named zone again, where JSON has left the offsets alone.

    Python takes the difference of two times of one zone by the wall clock: a month in which the clocks change has 31
    days in its zone, and an hour more or less between two offsets.
    """
    try:
        zone = ZoneInfo(window.timezone)
    except (ZoneInfoNotFoundError, ValueError):
        return window
    return replace(window, start=_in(zone, window.start), end=_in(zone, window.end))


def _in(zone: ZoneInfo, at: datetime | None) -> datetime | None:
    if at is None:
        return None
    there = at.astimezone(zone)
    return there if there.utcoffset() == at.utcoffset() else at
