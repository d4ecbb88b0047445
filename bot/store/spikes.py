"""Tickets counted by the hour, and the alerts that were made of the counts, with what people said of each."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import fields
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    ColumnElement,
    Connection,
    and_,
    cast,
    func,
    insert,
    or_,
    select,
    type_coerce,
    update,
)

from bot.acts import Act
from bot.spikes import DAY, Alert
from bot.store import drawings, effects, schema
from bot.store.database import Database
from bot.store.encoding import Instant, Said
from bot.store.findings import unpacked
from bot.store.records import noted

POSTED = "posted"  # of an alert's run: its digest is in the channel, and nothing more is to be told
_T = schema.spike
_HOUR = 3_600_000_000  # microseconds, as an Instant stands in its column


class Spikes:
    def __init__(self, database: Database) -> None:
        self._database = database

    # --- counts

    def counted(self, sources: Collection[str], start: datetime, end: datetime) -> dict[str, dict[datetime, int]]:
        """Area ("" for none) -> whole hour, UTC -> tickets of these sources created in it from `start` until `end`.

        Tickets by staff, and those deleted over there, are not counted. All others are: to tell noise, their text is
        needed.
        """
        t = schema.ticket
        hour = (type_coerce(t.c.created_at, BigInteger) // _HOUR).label("hour")
        with self._database.reading() as connection:
            facts = _json(connection, t.c.facts)
            area = facts["area"].as_string().label("area")
            where = and_(t.c.created_at >= start, t.c.created_at < end, t.c.deleted_at.is_(None))
            theirs = facts[("requester", "staff")].as_boolean().is_not(True)
            query = select(hour, area, func.count()).where(where, t.c.source.in_(sources), theirs).group_by(hour, area)
            counts: dict[str, dict[datetime, int]] = {}
            for number, name, tickets in connection.execute(query):
                at = Instant().process_result_value(number * _HOUR, connection.dialect)
                assert at is not None  # noqa: S101 - the window has no tickets without a time
                counts.setdefault(name or "", {})[at] = tickets
        return counts

    def centres(self, most: int = 200) -> list[tuple[str, str, tuple[float, ...]]]:
        """(theme id, name, centre) of the themes that are known, as the run with the latest window has them."""
        t, run = schema.run_theme, schema.run
        query = select(t.c.theme_id, t.c.name, t.c.centroid).join(run, run.c.key == t.c.run_key)
        newest = query.order_by(run.c.window_end.desc().nulls_last(), run.c.number.desc(), t.c.rank).limit(10 * most)
        found: dict[str, tuple[str, str, tuple[float, ...]]] = {}
        with self._database.reading() as connection:
            for theme_id, name, centroid in connection.execute(newest):
                if centroid:
                    found.setdefault(theme_id, (theme_id, name, unpacked(centroid)))
        return list(found.values())[:most]

    # --- alerts

    def get(self, key: str) -> Alert | None:
        return next(iter(self._read(_T.c.key == key)), None)

    def latest(self, now: datetime) -> dict[str, Alert]:
        """Area -> its last alert, where that is open, younger than a day, or keeps the area quiet."""
        lasting = or_(_T.c.closed_at.is_(None), _T.c.opened_at > now - DAY, _T.c.muted_until > now)
        return {alert.place: alert for alert in self._read(lasting)}

    def running(self) -> list[tuple[Alert, str]]:
        """Those whose run has not got as far as their message can tell, with what it tells; a week old at most."""
        with self._database.reading() as connection:
            since = self._database.now(connection) - 7 * DAY
            going = and_(_T.c.run_key.is_not(None), _T.c.run_told.is_distinct_from(POSTED), _T.c.updated_at > since)
            rows = connection.execute(select(*_columns(), _T.c.run_told).where(going).order_by(_T.c.number))
            return [(Alert(*row[:-1]), row.run_told or "") for row in rows]

    def keep(self, alert: Alert, act: Act) -> bool:
        """The alert as a check left it: a new one with the act that posts it, a known one to be drawn anew.

        Of two checks that find a spike at once one posts it, and the other gets False. What people said stays.
        """
        with self._database.writing() as connection:
            connection.execute(select(schema.workspace.c.id).with_for_update())  # one check at a time (PostgreSQL)
            at = self._database.now(connection)
            known = connection.scalars(select(_T.c.key).where(_T.c.key == alert.key)).one_or_none()
            if known is not None:
                _set(connection, alert.key, at, **_found(alert))
            elif _rival(connection, alert):
                return False
            else:
                connection.execute(insert(_T).values(key=alert.key, area=alert.place, updated_at=at, **_found(alert)))
                effects.planned(connection, [act], at, alert.key, None)
                drawings.kept(connection, [act], alert.key)
            return True

    def dismiss(self, key: str, actor: str) -> bool:
        """ "That was expected." False: somebody dismissed it before, or started a run."""
        open_ = and_(_T.c.dismissed_by.is_(None), _T.c.run_key.is_(None))
        return self._say(key, actor, "spike dismissed", open_, dismissed_by=actor)

    def mute(self, key: str, actor: str, lasts: timedelta) -> bool:
        """The alert's area is not told of for so long. False: it is muted already."""
        with self._database.reading() as connection:
            now = self._database.now(connection)
        loud = or_(_T.c.muted_until.is_(None), _T.c.muted_until <= now)
        return self._say(key, actor, "spike muted", loud, muted_by=actor, muted_until=now + lasts)

    def unmute(self, key: str, actor: str) -> bool:
        muted = _T.c.muted_until.is_not(None)
        return self._say(key, actor, "spike unmuted", muted, muted_by=None, muted_until=None)

    def started(self, key: str, actor: str, run_key: str) -> bool:
        """A run was asked for. False: one was before; a run that failed is asked for again under its own key."""
        return self._say(key, actor, "spike run", _T.c.run_key.is_(None), run_by=actor, run_key=run_key)

    def told(self, key: str, of_run: str) -> None:
        """How far the run is, in a word, as the message has to say it from now on."""
        with self._database.writing() as connection:
            moved = update(_T).where(_T.c.key == key, _T.c.run_told.is_distinct_from(of_run))
            if connection.execute(moved.values(run_told=of_run)).rowcount:
                _outdated(connection, key)

    def _say(self, key: str, actor: str, action: str, when: ColumnElement[bool], **new: Any) -> bool:
        with self._database.writing() as connection:
            at = self._database.now(connection)
            done = connection.execute(update(_T).where(_T.c.key == key, when).values(**new)).rowcount == 1
            if done:
                noted(connection, at, actor, action, key, {})
                _outdated(connection, key)
            return done

    def _read(self, where: ColumnElement[bool]) -> list[Alert]:
        with self._database.reading() as connection:
            rows = connection.execute(select(*_columns()).where(where).order_by(_T.c.number))
            return [Alert(*row) for row in rows]


def _columns() -> list[ColumnElement[Any]]:
    """In the order of Alert's fields; what it calls a place is the column `area`."""
    return [_T.c["area" if f.name == "place" else f.name] for f in fields(Alert)]


_FOUND = ("opened_at", "since", "seen_at", "closed_at", "spikes", "timeline")


def _found(alert: Alert) -> dict[str, Any]:
    """What a check knows of it; the rest is people's."""
    return {name: getattr(alert, name) for name in _FOUND}


def _set(connection: Connection, key: str, at: datetime, **new: Any) -> None:
    connection.execute(update(_T).where(_T.c.key == key).values(updated_at=at, **new))
    _outdated(connection, key)


def _outdated(connection: Connection, key: str) -> None:
    drawings.outdated(connection, schema.drawing.c.run_key == key)


def _rival(connection: Connection, alert: Alert) -> bool:
    """Another check was quicker: one alert for an area in 24 hours (SURFACES 1.9)."""
    lasting = or_(_T.c.closed_at.is_(None), _T.c.opened_at > alert.opened_at - DAY)
    return bool(connection.scalars(select(_T.c.key).where(_T.c.area == alert.place, lasting)).all())


def _json(connection: Connection, column: ColumnElement[Any]) -> Any:
    """The column's text as JSON. A cast would make a number of it in SQLite; PostgreSQL needs one."""
    plain = type_coerce(column, Said())
    return type_coerce(plain, JSON) if connection.dialect.name == "sqlite" else cast(plain, JSON)
