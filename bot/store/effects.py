"""The effect ledger's rows. Every change is a compare-and-set: of any number of processes, one makes it.

`bot.effects` says when which of these is called, and why that loses nothing and makes nothing twice.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, and_, false, or_, select, update

from bot.acts import Act, Effect, EffectState, Hint, Receipt
from bot.store import drawings, schema
from bot.store.database import Database, chunks, inserting

_T = schema.effect
_PARENT = schema.effect.alias("parent")
_PENDING = _T.c.state == EffectState.PENDING.value


class Effects:
    def __init__(self, database: Database) -> None:
        self._database = database

    # --- planning and reading

    def plan(self, acts: Sequence[Act], *, run_key: str | None = None, theme_id: str | None = None) -> None:
        """Writes down what is to be done; what is known by its key stays as it is. Live notes are drawn from then on.

        `run_key` of a note is whatever names what it tells of.
        """
        with self._database.writing() as connection:
            planned(connection, acts, self._database.now(connection), run_key, theme_id)
            if run_key is not None:
                drawings.kept(connection, (a for a in acts if a.kind in drawings.LIVE), run_key)

    def replan(self, acts: Sequence[Act], *, run_key: str | None = None, theme_id: str | None = None) -> None:
        """Writes down what is to be done as it is meant now: what was refused, or not sent yet, says that, there.

        What is done, cancelled, unsure or under way stays as it is. A person's word, like `retry`. Messages among
        `acts` are drawn anew from now on, as those that a run concludes with.
        """
        waits = or_(unsent(), _T.c.state == EffectState.FAILED.value)
        with self._database.writing() as connection:
            at = self._database.now(connection)
            planned(connection, acts, at, run_key, theme_id)
            if run_key is not None:
                drawings.kept(connection, acts, run_key)
            for act in acts:
                new = {"state": EffectState.PENDING.value, "target": act.target, "payload": act.payload, "error": None}
                changed(connection, act.key, waits, {**new, "next_at": None, "looks": 0, "updated_at": at})

    def get(self, key: str) -> Effect | None:
        return next(iter(self._read(_effects().where(_T.c.key == key))), None)

    def known(self, markers: Iterable[str]) -> frozenset[str]:
        """Those that an act of ours carries."""
        of_ours = select(_T.c.key).where(or_(false(), *(_T.c.key.startswith(m, autoescape=True) for m in markers)))
        with self._database.reading() as connection:
            return frozenset(key[:16] for key in connection.scalars(of_ours))

    def of_run(self, run_key: str) -> list[Effect]:
        return self._read(_effects().where(_T.c.run_key == run_key))

    def of_theme(self, theme_id: str) -> list[Effect]:
        return self._read(_effects().where(_T.c.theme_id == theme_id))

    def named(self, ref: str) -> list[Effect]:
        """Those that made what is called so over there ("BILL-12", "BILL-12#30001" as well), or stands at that address;
        the first planned first."""
        last = ref.rstrip("/").rpartition("/")[2]  # of an address; tools show a thing under more than one
        called = or_(_T.c.ref == last, _T.c.ref.startswith(f"{last}#", autoescape=True), _T.c.url == ref)
        return self._read(_effects().where(called, _T.c.theme_id.is_not(None), _T.c.kind.not_like("slack.%")))

    def in_state(self, state: EffectState) -> list[Effect]:
        return self._read(_effects().where(_T.c.state == state.value))

    def due(self, now: datetime, limit: int = 50) -> list[Effect]:
        """What can be attended to, oldest first; an act that hangs on another knows what came of that one.

        What hangs on nothing goes before: a new issue doesn't wait for the hundred transcripts of an older one.
        """
        waited = or_(_T.c.next_at.is_(None), _T.c.next_at <= now)
        ready = or_(_T.c.after.is_(None), _PARENT.c.state == EffectState.DONE.value)
        query = _effects().order_by(None).order_by(_T.c.after.is_not(None), _T.c.number)
        return self._read(query.where(_PENDING, waited, ready).limit(limit))

    def unverified(self, before: datetime) -> list[Effect]:
        """Done by `before`, and not looked at again since; oldest first."""
        done = (_T.c.state == EffectState.DONE.value, _T.c.updated_at <= before, _T.c.verified_at.is_(None))
        return self._read(_effects().where(*done))

    def _read(self, query: Select[Any]) -> list[Effect]:
        with self._database.reading() as connection:
            return [_effect(row) for row in connection.execute(query)]

    # --- driving

    def begin(
        self, key: str, attempts: int, hint: Hint | None, deadline: datetime, look_at: datetime | None = None
    ) -> bool:
        """From here on it may be on its way; not due again before `look_at`.

        False: somebody else began, or it is not to be sent any more.
        """
        mine = and_(_PENDING, _T.c.attempts == attempts, _T.c.sent.is_(False))
        new = {"attempts": attempts + 1, "sent": True, "send_deadline": deadline, "hint": hint, "looks": 0}
        new["next_at"] = look_at
        return self._set(key, mine, new, drawn=False)

    def done(self, key: str, receipt: Receipt) -> None:
        """It was carried out, and this is what it made. Said twice is said once."""
        open_ = _T.c.state.in_([EffectState.PENDING.value, EffectState.UNSURE.value])
        known = {"ref": receipt.ref, "url": receipt.url, "error": None, "next_at": None, "sent": False}
        self._set(key, open_, {"state": EffectState.DONE.value, **known})

    def look_again(self, key: str, next_at: datetime, why: str) -> None:
        """Looked, and it is still not known what became of it."""
        new = {"looks": _T.c.looks + 1, "next_at": next_at, "error": why}
        self._set(key, and_(_PENDING, _T.c.sent), new)

    def not_sent(self, key: str, attempts: int, next_at: datetime | None, why: str) -> bool:
        """Certain: attempt number `attempts` made nothing. It may be begun again. False: that attempt is over."""
        new = {"sent": False, "next_at": next_at, "error": why, "looks": _T.c.looks + 1}
        return self._set(key, and_(_PENDING, _T.c.attempts == attempts), new, drawn=False)

    def failed(self, key: str, attempts: int, why: str) -> bool:
        """Certain: nothing was made, and won't be until a person acts. False: that attempt is over."""
        new = {"state": EffectState.FAILED.value, "sent": False, "next_at": None, "error": why}
        return self._set(key, and_(_PENDING, _T.c.attempts == attempts), new)

    def unsure(self, key: str, why: str) -> None:
        """It can be neither found nor ruled out: a person must look."""
        self._set(key, _PENDING, {"state": EffectState.UNSURE.value, "next_at": None, "error": why})

    def retry(self, key: str, payload: Mapping[str, Any] | None = None) -> bool:
        """By a person's word: once more, with `payload` where that was planned anew. False: there is nothing to retry.

        `attempts` stays, so that whoever still holds an old number can change nothing.
        """
        over = _T.c.state.in_([EffectState.FAILED.value, EffectState.UNSURE.value])
        new = {"state": EffectState.PENDING.value, "sent": False, "next_at": None, "error": None, "looks": 0}
        return self._set(key, over, new if payload is None else {**new, "payload": payload})

    def cancel(self, key: str) -> bool:
        """Undone before anything was sent. False: it may have been sent, or is over."""
        return self._set(key, unsent(), {"state": EffectState.CANCELLED.value, "next_at": None})

    def verified(self, key: str, at: datetime) -> None:
        """Looked at again; by then it is too late to undo an issue, and what shows its theme is drawn anew."""
        with self._database.writing() as connection:
            looked = update(_T).where(_T.c.key == key).values(verified_at=at).returning(_T.c.theme_id, _T.c.after)
            row = connection.execute(looked).one_or_none()
            if row is not None and row.theme_id and row.after is None and not drawings.shows(connection, key):
                drawings.touched(connection, row.theme_id)

    def _set(self, key: str, when: ColumnElement[bool], new: Mapping[str, Any], *, drawn: bool = True) -> bool:
        with self._database.writing() as connection:
            return changed(connection, key, when, {**new, "updated_at": self._database.now(connection)}, drawn=drawn)


def unsent() -> ColumnElement[bool]:
    return and_(_PENDING, _T.c.sent.is_(False))


def cancelled(connection: Connection, key: str, at: datetime) -> None:
    """The end of an effect and of all that hangs on it: a link to an issue that nobody makes would wait for ever."""
    over = or_(unsent(), _T.c.state == EffectState.FAILED.value)
    new = {"state": EffectState.CANCELLED.value, "next_at": None, "updated_at": at}
    hangs = select(_PARENT.c.key).where(_PARENT.c.after == key)  # a note on a feature that hangs on the issue
    ends = or_(_T.c.key == key, _T.c.after == key, _T.c.after.in_(hangs))
    connection.execute(update(_T).where(ends, over).values(**new))


def ended(connection: Connection, keys: Sequence[str], at: datetime) -> None:
    """Cancelled, those of them that were not sent; what is there, or may be, stays as it is."""
    new = {"state": EffectState.CANCELLED.value, "next_at": None, "updated_at": at}
    for some in chunks(list(keys)):
        connection.execute(update(_T).where(_T.c.key.in_(some), unsent()).values(**new))


def changed(
    connection: Connection, key: str, when: ColumnElement[bool], new: Mapping[str, Any], *, drawn: bool = True
) -> bool:
    """The compare-and-set. `drawn`: people see the difference, so what shows the effect's theme is drawn anew."""
    moved = update(_T).where(_T.c.key == key, when).values(**new).returning(_T.c.theme_id)
    row = connection.execute(moved).one_or_none()
    if row is not None and drawn and row.theme_id is not None:
        if not drawings.shows(connection, key):
            drawings.touched(connection, row.theme_id)
        elif new.get("state") == EffectState.DONE.value:
            drawings.linked(connection, key)
    return row is not None


def planned(
    connection: Connection, acts: Iterable[Act], at: datetime, run_key: str | None, theme_id: str | None
) -> None:
    """Rows for acts that have none; `theme_id` None: the one that an act's own payload names."""
    rows = [
        {
            "key": act.key,
            "kind": act.kind,
            "target": act.target,
            "payload": act.payload,
            "after": act.after,
            "repeatable": act.repeatable,
            "state": EffectState.PENDING.value,
            "run_key": run_key,
            "theme_id": theme_id or act.payload.get("theme_id"),
            "updated_at": at,
        }
        for act in acts
    ]
    if rows:
        connection.execute(inserting(connection, _T).on_conflict_do_nothing(index_elements=[_T.c.key]), rows)


def _effects() -> Select[Any]:
    joined = _T.outerjoin(_PARENT, _PARENT.c.key == _T.c.after)
    return select(_T, _PARENT.c.ref.label("parent_ref")).select_from(joined).order_by(_T.c.number)


def _effect(row: Row[Any]) -> Effect:
    return Effect(
        act=Act(row.key, row.kind, row.target, row.payload, row.after, row.repeatable, row.parent_ref),
        state=EffectState(row.state),
        attempts=row.attempts,
        sent=row.sent,
        looks=row.looks,
        send_deadline=row.send_deadline,
        next_at=row.next_at,
        hint=row.hint,
        receipt=None if row.ref is None else Receipt(row.ref, row.url),
        error=row.error,
        run_key=row.run_key,
        theme_id=row.theme_id,
        updated_at=row.updated_at,
        verified_at=row.verified_at,
    )
