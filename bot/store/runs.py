"""Runs: who works on one, how far it is, and what came of it. What it was made from is in `bot.store.frozen`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, or_, select, update

from bot.acts import Act
from bot.digest import Reading
from bot.domain import Digest, Ticket, Window
from bot.months.trends import Little, Past
from bot.store import findings, followed, frozen, history, schema
from bot.store.database import Database, inserting
from bot.store.findings import KnownTheme
from bot.synthesis.rules import Rules

_T = schema.run


class RunState(StrEnum):
    """WAITING for somebody to take it; the last three are final, and a FAILED run can be asked for again."""

    WAITING = "WAITING"
    RUNNING = "RUNNING"
    DONE = "DONE"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"


class Fenced(Exception):
    """Somebody else has the run now: whoever gets this must write nothing more for it."""


@dataclass(frozen=True, slots=True)
class Run:
    """`step` is the last one that is wholly stored: "", "synced", "frozen", "digested" or "posted".

    `fence` counts the leases: who holds the newest one may write. `attempt` counts how often it was begun since it was
    last asked for. `doing` and `waits`, in words for people: what it is at, and what it waits for, if anything;
    `moved_at`: when it last got on, by a step or within one.
    """

    key: str
    kind: str
    asked: Mapping[str, Any]
    state: RunState
    step: str
    owner: str | None
    fence: int
    lease_until: datetime | None
    attempt: int
    error: str | None
    asked_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    doing: str | None = None
    waits: str | None = None
    moved_at: datetime | None = None


class Runs:
    def __init__(self, database: Database) -> None:
        self._database = database

    # --- asking and looking

    def ask(self, key: str, kind: str, asked: Mapping[str, Any]) -> tuple[Run, bool]:
        """The run of that key, and whether it is new. One that FAILED waits again; the steps it has done stay done."""
        with self._database.writing() as connection:
            asked_at = self._database.now(connection)
            row = {"key": key, "kind": kind, "asked": asked, "state": RunState.WAITING.value, "asked_at": asked_at}
            new = inserting(connection, _T).values(row).on_conflict_do_nothing(index_elements=[_T.c.key])
            is_new = connection.scalars(new.returning(_T.c.number)).one_or_none() is not None
            again = {"state": RunState.WAITING.value, "error": None, "finished_at": None, "attempt": 0}
            connection.execute(update(_T).where(_T.c.key == key, _T.c.state == RunState.FAILED.value).values(**again))
            return _runs(connection, _T.c.key == key)[0], is_new

    def get(self, key: str) -> Run | None:
        with self._database.reading() as connection:
            return next(iter(_runs(connection, _T.c.key == key)), None)

    def recent(self, limit: int = 20, *, but: str | None = None) -> list[Run]:
        """The last ones that were asked for, newest first; those of the kind `but` are passed over."""
        with self._database.reading() as connection:
            return _runs(connection, None if but is None else _T.c.kind != but, limit=limit, newest=True)

    def latest(self, kind: str | None = None, *, but: str | None = None) -> Run | None:
        """The newest one that is DONE; of the kind `kind`, and not of the kind `but`."""
        wanted = [_T.c.state == RunState.DONE.value]
        wanted += [_T.c.kind == kind] if kind is not None else []
        wanted += [_T.c.kind != but] if but is not None else []
        with self._database.reading() as connection:
            found = _runs(connection, and_(*wanted), limit=1, newest=True)
        return next(iter(found), None)

    def first(self, kind: str) -> Run | None:
        """The oldest one of its kind, whatever became of it."""
        with self._database.reading() as connection:
            return next(iter(_runs(connection, _T.c.kind == kind, limit=1)), None)

    def waiting(self) -> list[Run]:
        """What somebody should take, first asked first: also what a dead process left behind."""
        with self._database.reading() as connection:
            return _runs(connection, _free(self._database.now(connection)))

    # --- holding

    def lease(self, key: str, owner: str, seconds: float) -> int | None:
        """The fence that all writes of this holder must name. None: it is held, or finished, or there is none."""
        with self._database.writing() as connection:
            now = self._database.now(connection)
            # PostgreSQL judges the condition anew after waiting for a rival's commit: one of any number gets the row.
            taken = (
                update(_T)
                .where(_T.c.key == key, _free(now))
                .values(
                    state=RunState.RUNNING.value,
                    owner=owner,
                    fence=_T.c.fence + 1,
                    attempt=_T.c.attempt + 1,
                    lease_until=now + timedelta(seconds=seconds),
                    started_at=now,
                    moved_at=now,
                    doing=None,
                    waits=None,
                    error=None,
                )
                .returning(_T.c.fence)
            )
            return connection.scalars(taken).one_or_none()

    def renew(self, key: str, fence: int, seconds: float) -> bool:
        """False: somebody else has it by now, or it is over."""
        with self._database.writing() as connection:
            until = self._database.now(connection) + timedelta(seconds=seconds)
            return _moved(connection, key, fence, lease_until=until)

    def release(self, key: str, fence: int) -> None:
        """Gives an unfinished run back, to be taken at once. Nothing happens when it is not ours any more."""
        with self._database.writing() as connection:
            _moved(connection, key, fence, state=RunState.WAITING.value, lease_until=None, owner=None)

    def advance(self, key: str, fence: int, step: str) -> None:
        """The step is done. Raises Fenced."""
        with self._database.writing() as connection:
            _held(connection, key, fence, step=step, waits=None, moved_at=self._database.now(connection))

    def moves(self, key: str, fence: int, doing: str) -> None:
        """It gets on, and is doing that. Nothing happens when it is not ours any more: the next step will say so."""
        with self._database.writing() as connection:
            at = self._database.now(connection)
            _moved(connection, key, fence, doing=doing, waits=None, moved_at=at)

    def waits(self, owner: str, what: str) -> None:
        """What the run that `owner` holds waits for, until it moves."""
        held = update(_T).where(_T.c.owner == owner, _T.c.state == RunState.RUNNING.value)
        with self._database.writing() as connection:
            connection.execute(held.values(waits=what))

    def finish(self, key: str, fence: int) -> None:
        """Raises Fenced."""
        with self._database.writing() as connection:
            self._over(connection, key, fence, RunState.DONE, None)

    def fail(self, key: str, fence: int, error: str) -> None:
        """`error` in one sentence, for people. Raises Fenced."""
        with self._database.writing() as connection:
            self._over(connection, key, fence, RunState.FAILED, error)

    def _over(self, connection: Connection, key: str, fence: int, state: RunState, error: str | None) -> None:
        at = self._database.now(connection)
        _held(connection, key, fence, state=state.value, error=error, finished_at=at, lease_until=None)

    # --- what it is made from, and what came of it

    def freeze(self, key: str, fence: int, reading: Reading, rules: Rules, detail: Mapping[str, Any]) -> None:
        """Stores what the run is made from; what happens to the tickets later changes nothing of it.

        Replaces what was frozen and found before. Of `reading.customers`, those of its tickets are kept. Raises Fenced.
        """
        rows = frozen.prepared(key, reading, rules, detail)
        with self._database.writing(texts=True) as connection:
            moved = self._database.now(connection)
            _held(connection, key, fence, step="frozen", window_end=reading.window.end, moved_at=moved)
            findings.forget(connection, key)
            frozen.store(connection, key, rows)

    def frozen(self, key: str) -> tuple[Reading, Rules, Mapping[str, Any]] | None:
        """What `freeze` stored, in the same order. A ticket has no text where it was withdrawn since."""
        with self._database.reading() as connection:
            return frozen.load(connection, key)

    def textless(self, key: str) -> frozenset[str]:
        """The shown ids of the run's tickets whose text was withdrawn, or is not kept any more."""
        with self._database.reading() as connection:
            return frozen.textless(connection, key)

    def conclude(
        self, key: str, fence: int, digest: Digest, centroids: Mapping[str, Sequence[float]], acts: Sequence[Act]
    ) -> None:
        """Stores what was found, where each ticket belongs, and what is to be sent: all or nothing.

        `centroids` by theme id; a theme without one has an empty one. What was withdrawn since the run was frozen is
        not in what is stored. Raises Fenced.
        """
        with self._database.writing(texts=True) as connection:
            _held(connection, key, fence, step="digested")
            findings.store(connection, key, digest, centroids, acts, self._database.now(connection))

    def keep_anecdotes(self, key: str, fence: int, anecdotes: Sequence[Little]) -> None:
        """In place of those kept for the run before; without their names and tickets. Raises Fenced."""
        with self._database.writing() as connection:
            _held(connection, key, fence, moved_at=self._database.now(connection))
            history.keep(connection, key, anecdotes)

    def digest(self, key: str) -> Digest | None:
        with self._database.reading() as connection:
            return findings.digest_of(connection, key)

    def holding(self, theme_id: str) -> list[str]:
        """The keys of the runs whose digest has the theme, the newest window last."""
        with self._database.reading() as connection:
            return findings.holding(connection, theme_id)

    def ticket(self, key: str, shown: str) -> Ticket | None:
        """The ticket as the run read it, masked; without text where that is not kept any more."""
        with self._database.reading() as connection:
            return followed.ticket(connection, key, shown)

    def reading(self, named: str, limit: int = 24) -> list[tuple[str, str]]:
        """(run key, shown id) of the runs that counted the ticket, by its id or what is shown of it; newest first."""
        with self._database.reading() as connection:
            return followed.runs_of(connection, named, limit)

    def before(self, key: str) -> tuple[Past, ...]:
        """The digests that a trend looks at: of the same areas and sources, asked for before the run, and over by then.

        The newest at most five, oldest first, none over the days of another; the same ones whenever it is asked.
        """
        with self._database.reading() as connection:
            return history.before(connection, key)

    def of_windows(self, windows: Sequence[Window], asked: Mapping[str, Any]) -> list[str | None]:
        """For each window the key of a digest of exactly its days, with the areas and sources that are `asked` for (as
        `Run.asked`): the month's own before one by hand; None where there is none."""
        with self._database.reading() as connection:
            return history.of_windows(connection, windows, asked)

    def history(self, theme_id: str) -> list[tuple[str, Window, int, int]]:
        """(run key, window, tickets, customers) of each digest that has the theme, the oldest window first."""
        with self._database.reading() as connection:
            return history.of_theme(connection, theme_id)

    def lineage(
        self, not_key: str, before: datetime | None = None, *, asked_before: datetime | None = None
    ) -> list[KnownTheme]:
        """The themes of all digested runs but `not_key`, newest window first. `before`: of windows that ended by then.

        Windows without dates come last, and not at all with `before`. `asked_before`: of runs asked for before then.
        """
        with self._database.reading() as connection:
            return findings.lineage(connection, not_key, before, asked_before)


def _free(now: datetime) -> ColumnElement[bool]:
    abandoned = and_(_T.c.state == RunState.RUNNING.value, _T.c.lease_until <= now)
    return or_(_T.c.state == RunState.WAITING.value, abandoned)


def _moved(connection: Connection, key: str, fence: int, **new: Any) -> bool:
    """Locks the run's row until the end, so nobody can take it in the middle of what we write."""
    ours = update(_T).where(_T.c.key == key, _T.c.fence == fence, _T.c.state == RunState.RUNNING.value)
    return connection.execute(ours.values(**new)).rowcount == 1


def _held(connection: Connection, key: str, fence: int, **new: Any) -> None:
    if not _moved(connection, key, fence, **new):
        raise Fenced(f"run {key} is held by somebody else, or over")


def _runs(
    connection: Connection, where: ColumnElement[bool] | None = None, *, limit: int | None = None, newest: bool = False
) -> list[Run]:
    told = (getattr(_T.c, name) for name in Run.__dataclass_fields__)
    query = select(*told).order_by(_T.c.number.desc() if newest else _T.c.number).limit(limit)
    rows = connection.execute(query if where is None else query.where(where))
    return [_run(row._asdict()) for row in rows]


def _run(row: Mapping[str, Any]) -> Run:
    return Run(**{**row, "state": RunState(row["state"])})
