"""What came of a run: its digest, its themes, where each ticket belongs, and what is to be sent."""

from __future__ import annotations

import struct
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, delete, insert, select, update

from bot.acts import Act
from bot.domain import Digest, Theme
from bot.store import drawings, effects, schema
from bot.store.encoding import fit
from bot.store.frozen import textless, zoned
from bot.store.withdrawal import scrubbed, without


@dataclass(frozen=True, slots=True)
class KnownTheme:
    """A theme as a run found it. `members` are tickets' ids ("zendesk:42"); `centroid` is empty where none is known."""

    theme_id: str
    run_key: str
    window_end: datetime | None
    name: str
    members: frozenset[str]
    centroid: tuple[float, ...]


def forget(connection: Connection, key: str) -> None:
    """What was found from an earlier freeze of the run. What was planned stays: it may have been sent."""
    for table in (schema.run_theme, schema.digest):
        connection.execute(delete(table).where(table.c.run_key == key))


def store(
    connection: Connection,
    key: str,
    digest: Digest,
    centroids: Mapping[str, Sequence[float]],
    acts: Sequence[Act],
    at: datetime,
) -> None:
    """In place of what was found for the run before. The caller holds the run and writes texts alone."""
    ids = _ids(connection, key)
    digest, pieces = without(digest, textless(connection, key))  # withdrawn or struck out since it was frozen
    acts = [replace(act, payload=scrubbed(act.payload, pieces)) for act in acts]
    forget(connection, key)
    connection.execute(insert(schema.digest).values(run_key=key, digest=digest))
    themes = (*digest.themes, *digest.further_themes)
    rows = [_row(key, theme, centroids.get(theme.id, ())) for theme in themes]
    if rows:
        connection.execute(insert(schema.run_theme), rows)
    _place(connection, key, themes, ids)
    effects.planned(connection, acts, at, key, None)
    drawings.kept(connection, acts, key)


def _ids(connection: Connection, key: str) -> dict[str, str]:
    """The id that a digest uses for a ticket -> the ticket's own."""
    t = schema.run_ticket
    return {
        row.shown: row.ticket_id
        for row in connection.execute(select(t.c.shown, t.c.ticket_id).where(t.c.run_key == key))
    }


def _row(key: str, theme: Theme, centroid: Sequence[float]) -> dict[str, Any]:
    return {
        "run_key": key,
        "theme_id": theme.id,
        "rank": theme.rank,
        "name": theme.words.name,
        "tickets": theme.counts.tickets,
        "customers": theme.counts.customers,
        "centroid": packed(centroid),
    }


def _place(connection: Connection, key: str, themes: Iterable[Theme], ids: Mapping[str, str]) -> None:
    t = schema.run_ticket
    connection.execute(update(t).where(t.c.run_key == key).values(theme_id=None, place=None))
    rows = [
        {"its_id": ids[fit(shown)], "its_theme": theme.id, "its_place": place}
        for theme in themes
        for place, shown in enumerate(theme.members)
        if fit(shown) in ids
    ]
    if rows:
        here = update(t).where(t.c.run_key == key, t.c.ticket_id == bindparam("its_id"))
        connection.execute(here.values(theme_id=bindparam("its_theme"), place=bindparam("its_place")), rows)


def digest_of(connection: Connection, key: str) -> Digest | None:
    t = schema.digest
    found: Digest | None = connection.scalars(select(t.c.digest).where(t.c.run_key == key)).one_or_none()
    return None if found is None else replace(found, window=zoned(found.window))


def holding(connection: Connection, theme_id: str) -> list[str]:
    t, run = schema.run_theme, schema.run
    query = select(t.c.run_key).join(run, run.c.key == t.c.run_key).where(t.c.theme_id == theme_id)
    return list(connection.scalars(query.order_by(run.c.window_end.asc().nulls_first(), run.c.number)))


def lineage(
    connection: Connection, not_key: str, before: datetime | None, asked_before: datetime | None
) -> list[KnownTheme]:
    t, run = schema.run_theme, schema.run
    query = select(t.c.theme_id, t.c.run_key, run.c.window_end, t.c.name, t.c.centroid)
    query = query.join(run, run.c.key == t.c.run_key).where(run.c.key != not_key)
    if before is not None:
        query = query.where(run.c.window_end <= before)
    if asked_before is not None:
        query = query.where(run.c.asked_at < asked_before)
    newest_first = (run.c.window_end.desc().nulls_last(), run.c.number.desc(), t.c.rank)
    rows = connection.execute(query.order_by(*newest_first)).all()
    members = _members(connection, dict.fromkeys(row.run_key for row in rows))
    return [
        KnownTheme(
            row.theme_id,
            row.run_key,
            row.window_end,
            row.name,
            frozenset(members[row.run_key, row.theme_id]),
            unpacked(row.centroid),
        )
        for row in rows
    ]


def _members(connection: Connection, keys: Iterable[str]) -> Mapping[tuple[str, str], list[str]]:
    t = schema.run_ticket
    members: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
    for key in keys:
        query = select(t.c.theme_id, t.c.ticket_id).where(t.c.run_key == key, t.c.theme_id.is_not(None))
        for row in connection.execute(query):
            members[key, row.theme_id].append(row.ticket_id)
    return members


def packed(centroid: Sequence[float]) -> bytes:
    """Doubles, so that what comes back is what was given; little-endian, so that any machine reads them."""
    return struct.pack(f"<{len(centroid)}d", *centroid)


def unpacked(packed: bytes) -> tuple[float, ...]:
    return tuple(struct.unpack(f"<{len(packed) // 8}d", packed))
