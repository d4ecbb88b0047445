"""The log of what people decided. (theme, number) is unique: whoever writes the next number first, decided."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, and_, func, select

from bot.acts import Act, Decision, EffectState, Verdict
from bot.store import effects, schema
from bot.store.database import Database, chunks, inserting
from bot.store.drawings import touched
from bot.store.records import noted

_T = schema.decision


class Decisions:
    def __init__(self, database: Database) -> None:
        self._database = database

    def of(self, theme_ids: Sequence[str]) -> dict[str, list[Decision]]:
        """Each theme's log, in order; empty where nothing was decided."""
        logs: dict[str, list[Decision]] = {theme_id: [] for theme_id in theme_ids}
        with self._database.reading() as connection:
            for some in chunks(list(logs)):
                query = select(_T).where(_T.c.theme_id.in_(some)).order_by(_T.c.theme_id, _T.c.number)
                for row in connection.execute(query):
                    logs[row.theme_id].append(_decision(row))
        return logs

    def correcting(self) -> dict[str, list[Decision]]:
        """The whole log of each theme on which somebody said more than approve."""
        with self._database.reading() as connection:
            said = select(_T.c.theme_id).where(_T.c.verdict.not_in([Verdict.APPROVE.value, Verdict.UNDO.value]))
            rows = connection.execute(select(_T).where(_T.c.theme_id.in_(said)).order_by(_T.c.theme_id, _T.c.number))
            logs: dict[str, list[Decision]] = {}
            for row in rows:
                logs.setdefault(row.theme_id, []).append(_decision(row))
        return logs

    def latest(self, limit: int) -> list[Decision]:
        """The last decision on each theme, newest first."""
        last = select(_T.c.theme_id, func.max(_T.c.number).label("number")).group_by(_T.c.theme_id).subquery()
        on = and_(_T.c.theme_id == last.c.theme_id, _T.c.number == last.c.number)
        query = select(_T).join(last, on).order_by(_T.c.at.desc(), _T.c.theme_id).limit(limit)
        with self._database.reading() as connection:
            return [_decision(row) for row in connection.execute(query)]

    def write(
        self,
        decision: Decision,
        acts: Sequence[Act] = (),
        cancel: str | None = None,
        *,
        ends: Sequence[str] = (),
        whole: bool = False,
    ) -> bool:
        """The decision, what is to be done for it, and the end of what it takes back: all or nothing.

        `cancel` names an effect that was not sent, or was refused; what hangs on it ends with it. `ends`: effects
        that end where they were not sent, whether or not. `whole`: every
        message of the digest shows something else now, and not only the theme's own. False, and nothing happened: the
        number was taken, or the effect may have been sent already.
        """
        with self._database.writing() as connection:
            if cancel is not None and not _cancellable(connection, cancel):
                return False
            if not _inserted(connection, decision):
                return False
            at = self._database.now(connection)
            if cancel is not None:
                effects.cancelled(connection, cancel, at)
            effects.ended(connection, ends, at)
            effects.planned(connection, acts, at, decision.run_key, decision.theme_id)
            touched(connection, decision.theme_id, whole=whole)
            told = {
                "number": decision.number,
                "run_key": decision.run_key,
                "note": decision.note,
            }
            noted(
                connection,
                at,
                decision.actor,
                decision.verdict.value,
                decision.theme_id,
                told,
            )
            return True


def _cancellable(connection: Connection, key: str) -> bool:
    """Locked until the end, so that no sender begins it meanwhile."""
    t = schema.effect
    row = connection.execute(select(t.c.state, t.c.sent).where(t.c.key == key).with_for_update()).one_or_none()
    waits = (EffectState.PENDING.value, EffectState.FAILED.value)
    return row is not None and row.state in waits and not row.sent


def _inserted(connection: Connection, d: Decision) -> bool:
    """RETURNING says who won; psycopg's rowcount does not (RELIABILITY section 2, traps)."""
    row = {
        "theme_id": d.theme_id,
        "number": d.number,
        "verdict": d.verdict.value,
        "actor": d.actor,
        "at": d.at,
        "run_key": d.run_key,
        "revision": d.revision,
        "note": d.note,
        "payload": d.payload,
    }
    new = inserting(connection, _T).values(row).on_conflict_do_nothing().returning(_T.c.number)
    return connection.scalars(new).one_or_none() is not None


def _decision(row: Row[Any]) -> Decision:
    return Decision(
        theme_id=row.theme_id,
        number=row.number,
        verdict=Verdict(row.verdict),
        actor=row.actor,
        at=row.at,
        run_key=row.run_key,
        revision=row.revision,
        note=row.note,
        payload=row.payload,
    )
