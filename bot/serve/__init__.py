"""What `serve` does, over and over: clicks into decisions, due effects out, rows drawn anew, runs carried on.

Everything is in the store; a round takes what is due and moves it one step, so it doesn't matter which process does a
round, or how often, or whether the last one was killed in the middle. The few loops that must outlive one failure are
here, and each records it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Protocol

import structlog

from bot.domain import Window
from bot.effects import Duplicate, Ledger
from bot.ports import Refused, Unavailable
from bot.runs import LEASE, MONTHLY, RETRY_FAILED, RETRY_FOR, SYNC, Parts, Request, ask, carry_on, monthly_key
from bot.runs.lookout import Lookout
from bot.runs.sync import BACKFILL
from bot.serve import scheduler
from bot.serve.pulse import Pulse, Silent
from bot.store import Event, Kept, Run, Store
from bot.tracking import Tracking

_IDLE = 0.5  # seconds between two rounds when nobody wakes the worker
_GIVE_UP = 5  # attempts at a run that ends in an error of ours
_VERIFY_EVERY = timedelta(minutes=1)
_FAREWELL = 3.0  # seconds that a run in the middle of a step has when the process is told to end
_HELD = 50  # runs among which those that this process holds are found; it holds one
_AGE_EVERY = timedelta(days=1)
_STALE = timedelta(minutes=3)  # the scheduler ticks twice a minute

_log = structlog.get_logger("groundswell")


@dataclass(frozen=True, slots=True)
class Times:
    """When the month's digest is due, in which zone, how often the help desks are read, how long a run is held.

    `catch_up` False: a month that was due before the database was made is left alone.
    """

    monthly: str
    timezone: str
    sync_minutes: int
    lease: float = LEASE  # seconds
    catch_up: bool = True


class Desk(Protocol):
    """Whoever answers some of what people click, type and send in Slack."""

    def answer(self, event: Event) -> bool:
        """False, and nothing was done: it is for another desk. Else it is done with: `store.inbox.answered` was called.

        Raises Unavailable when it can't be answered just now; it stays in the inbox then.
        """
        ...


class Draws(Protocol):
    """Whoever shows something in the channel that changes: the digests, the runs, the alerts."""

    def redraw(self) -> int:
        """Draws anew, from the store, what is out of date; how many messages. A Slack that is away is no fault."""
        ...


class Service:
    """One process of `serve`. Any number may run on one PostgreSQL; on SQLite there is one."""

    def __init__(
        self,
        parts: Parts,
        ledger: Ledger,
        times: Times,
        owner: str,
        boards: Sequence[Draws] = (),
        desks: Sequence[Desk] = (),
    ) -> None:
        """`owner` names this process in leases. Without boards and desks (no Slack) runs and effects go on alone."""
        self._parts, self._ledger, self._times, self._owner = parts, ledger, times, owner
        self._boards, self._desks = boards, desks
        self._store: Store = parts.store
        self._awake, self._over = threading.Event(), threading.Event()
        self._verified_at: datetime | None = None
        self._looked_at: datetime | None = None
        self._beat: datetime | None = None
        self._aged_at: datetime | None = None

    # --- one round each; public, so that tests and state machines drive them by hand

    def answer_clicks(self) -> int:
        """Every click in the inbox becomes a decision, or stays there until it can. How many were answered.

        One that can't be answered, be it for a fault of ours, keeps no other waiting.
        """
        if not self._desks:
            return 0
        answered = 0
        for event in self._store.inbox.waiting():
            try:
                if not any(desk.answer(event) for desk in self._desks):
                    self._store.inbox.answered(event.event_id, "not ours")
                answered += 1
            except Unavailable as away:
                _log.warning("click waits", click=event.event_id[:8], why=str(away))
            except Exception:  # noqa: BLE001 - recorded; it stays in the inbox, and the others go on
                _log.exception("click failed", click=event.event_id[:8])
        return answered

    def send_due(self) -> int:
        """One step for every effect that is due, then a look for duplicates."""
        sent = self._ledger.attend_due()
        now = self._store.now()
        if self._verified_at is None or abs(now - self._verified_at) >= _VERIFY_EVERY:
            self._verified_at = now
            for duplicate in self._ledger.verify():
                self._report(duplicate)
        return sent

    def redraw(self) -> int:
        return sum(board.redraw() for board in self._boards)

    def carry_on_one(self) -> bool:
        """One waiting run from its last step to its end; False when none waits, or another process has it."""
        for run in self._store.runs.waiting():
            if run.attempt >= _GIVE_UP:
                self._give_up(run)
            elif self._carried(run):
                if run.kind == SYNC:
                    self._guarded(self.look_out)()
                return True
        return False

    def tick(self) -> None:
        """Asks for the months that are due, and again for those that failed because a vendor was away."""
        self._beat = self._store.now()
        self._age()
        for key, window in self._lacking(self._since).items():
            ask(self._store, key, MONTHLY, Request(window, files=self.files, post=True))
        self._awake.set()

    def due(self) -> list[Window]:
        """The closed months that the next tick asks for: on a first start that is last month."""
        return list(self._lacking(self._since).values())

    def next_due(self) -> datetime | None:
        """When the next month is asked for, in the workspace's zone; None: never."""
        return scheduler.next_post(self._times.monthly, self._store.now(), self._times.timezone)

    def passed_over(self) -> list[Window]:
        """What was due before the database was made, where that is not caught up with, and nobody has run since."""
        due = self.due()
        passed = [w for w in self._lacking(None).values() if w not in due]
        runs = self._store.runs.of_windows(passed, Request(None).told())
        return [w for w, run in zip(passed, runs, strict=True) if run is None]

    def sync(self) -> None:
        """Asks for a reading of the help desks, one for each slot of time, whichever replica does it."""
        if self._parts.desks:
            now, minutes = self._store.now(), self._times.sync_minutes
            slot = int(now.timestamp()) // (60 * minutes)
            window = Window(now - BACKFILL, now, self._times.timezone, "the last nine weeks")
            ask(self._store, f"{SYNC}:{slot}", SYNC, Request(window))

    def look_out(self) -> None:
        """The check for spikes, after a reading: once for each whole hour."""
        now = self._store.now().replace(minute=0, second=0, microsecond=0)
        if self.lookout is not None and now != self._looked_at:
            sight = self.lookout.look()
            for remark in sight.remarks:
                _log.warning("spikes seen in part", why=remark)
            self.lookout.keep(sight)
            self._looked_at = now
            self._awake.set()

    def follow(self) -> None:
        """Reads back from the tracker what became of the issues of themes."""
        if self.tracking is not None:
            self.tracking.follow()
            self._awake.set()

    def reconcile(self) -> None:
        """Looks in the tracker for the themes of runs that ended. Not the digest waits for it, but the other way."""
        if self.tracking is not None and self.tracking.reconcile_due():
            self._awake.set()

    tracking: Tracking | None = None  # who looks into the tracker, where there is one that can be asked
    lookout: Lookout | None = None  # who looks for spikes, where somebody is told of them
    kept: Kept | None = None  # for how long what is kept; None: for good
    files: tuple[str, ...] = ()  # configured ticket files, read beside the help desks
    pulse: Pulse = Silent()  # who is told how the month's runs and the readings go

    # --- for as long as the process lives

    def serve(self, over: threading.Event, doors: Sequence[Callable[[], None]] = ()) -> None:
        """Until `over` is set: the scheduler ticks, runs go on in a thread of their own, clicks and effects in this.

        `doors` are closed at the end. A step that has begun is finished; what is not done stays in the store.
        """
        self._over = over
        ticker = scheduler.ticking(
            self._guarded(self.tick), self._guarded(self.sync), self._times.sync_minutes, self._guarded(self.follow)
        )
        runner = threading.Thread(target=self._runs, name="runs", daemon=True)
        runner.start()
        try:
            while not over.is_set():
                if not self._round():
                    self._awake.wait(_IDLE)
                self._awake.clear()
        finally:
            ticker.shutdown(wait=False)
            for close in doors:
                close()
            runner.join(_FAREWELL)
            if runner.is_alive():
                self._let_go()

    def ready(self) -> dict[str, bool]:
        """Whether this process does its work: the store answers, and the scheduler has ticked lately."""
        try:
            now = self._store.now()
            self._store.runs.recent(1)
        except (Unavailable, Refused):
            return {"database": False, "scheduler": False}
        return {"database": True, "scheduler": self._beat is not None and now - self._beat < _STALE}

    def hear(self, what: str) -> None:
        """A help desk lets us wait: kept with the run that this process holds, for whoever asks how far it is."""
        try:
            self._store.runs.waits(self._owner, what)
        except Unavailable:
            _log.warning("note lost", what=what)

    def wake(self) -> None:
        """Something is due: don't wait for the next round."""
        self._awake.set()

    def _round(self) -> bool:
        done = 0
        for step in (self.answer_clicks, self.send_due, self.redraw):
            try:
                done += step()
            except Unavailable as away:  # the database is busy
                _log.warning("round waits", step=step.__name__, why=str(away))
            except Exception:  # noqa: BLE001 - the loop must outlive one bad row; it is recorded, and tried again
                _log.exception("round failed", step=step.__name__)
        return done > 0

    def _guarded(self, job: Callable[[], None]) -> Callable[[], None]:
        """A job of the scheduler's, whose faults are told as ours are: it comes again by itself."""

        def guarded() -> None:
            try:
                job()
            except Unavailable as away:
                _log.warning("job waits", job=job.__name__, why=str(away))
            except Exception:  # noqa: BLE001 - recorded; the next tick asks for the same
                _log.exception("job failed", job=job.__name__)

        return guarded

    def _runs(self) -> None:
        while not self._over.wait(_IDLE):
            try:
                while not self._over.is_set() and self.carry_on_one():
                    self._awake.set()
                self.reconcile()
            except Exception:  # noqa: BLE001 - the next run must not suffer; the lease is over, the attempt counted
                _log.exception("run failed")

    # --- details

    @property
    def _since(self) -> datetime | None:
        return None if self._times.catch_up else self._store.made_at

    def _lacking(self, since: datetime | None) -> dict[str, Window]:
        """Months that are due and have no run, or one that failed and is worth another; by the key of their run."""
        if not self._parts.desks and not self.files:
            return {}  # nothing to read is no reason to post that nothing came
        times, found = self._times, {}
        for window in scheduler.due_months(times.monthly, self._store.now(), times.timezone, self._started(), since):
            assert window.start is not None  # noqa: S101 - a month has a first day
            key = monthly_key(window.start)
            run = self._store.runs.get(key)
            if run is None or self._worth_another(run):
                found[key] = window
        return found

    def _age(self) -> None:
        """Once a day, and at the start: lets go of what is kept only for a time. Twice by two replicas is once."""
        now = self._store.now()
        if self.kept is None or (self._aged_at is not None and now - self._aged_at < _AGE_EVERY):
            return
        self._aged_at = now
        gone = self._store.age(self.kept)
        if any(gone.values()):
            _log.info("let go of what is old", **gone)

    def _let_go(self) -> None:
        """Gives back what this process holds, so that whoever comes next need not wait for the lease to end.

        The thread that may still be at it is fenced off by that: it can write no more.
        """
        for run in self._store.runs.recent(_HELD):
            if run.state == "RUNNING" and run.owner == self._owner:
                self._store.runs.release(run.key, run.fence)

    def _carried(self, run: Run) -> bool:
        if run.kind == MONTHLY:
            self.pulse.start()
        log, began = _log.bind(run=run.key, kind=run.kind), self._store.now()
        log.info("run goes on", step=run.step or "begin", attempt=run.attempt + 1)
        try:
            done = carry_on(self._parts, run.key, self._owner, lease=self._times.lease)
        except (Refused, Unavailable) as fault:
            self._failed(run)
            log.error("run failed", step=self._step(run.key), why=str(fault))
            return True
        except BaseException:
            self._failed(run)
            raise
        took = round((self._store.now() - began).total_seconds(), 1)
        log.info("run ended" if done is not None or run.kind == SYNC else "run is another's", seconds=took)
        if run.kind == SYNC or (run.kind == MONTHLY and done is not None):
            self.pulse.success()
        return done is not None or run.kind == SYNC

    def _step(self, key: str) -> str:
        run = self._store.runs.get(key)
        return run.step or "begin" if run else ""

    def _failed(self, run: Run) -> None:
        """A run that somebody asked for by hand has an answer of its own, and is no sign of life."""
        if run.kind in (MONTHLY, SYNC):
            self.pulse.fail()

    def _give_up(self, run: Run) -> None:
        fence = self._store.runs.lease(run.key, self._owner, 5.0)
        if fence is not None:
            why = f"given up after {run.attempt} attempts; the log says why. Ask again with: groundswell run"
            self._store.runs.fail(run.key, fence, why)
            self._failed(run)

    def _worth_another(self, run: Run) -> bool:
        """A month that failed is tried again for three days, every quarter of an hour."""
        if run.state != "FAILED" or run.finished_at is None:
            return False
        now = self._store.now()
        return now - run.finished_at >= RETRY_FAILED and now - run.asked_at <= RETRY_FOR

    def _started(self) -> date | None:
        first = self._store.runs.first(MONTHLY)
        return date.fromisoformat(f"{first.key.partition(':')[2]}-01") if first else None

    def _report(self, duplicate: Duplicate) -> None:
        made = [r.ref for r in duplicate.made]
        _log.error("duplicate found", effect=duplicate.effect.act.marker, made=made)
        self._store.audit.write("groundswell", "duplicate found", duplicate.effect.act.key, {"made": made})
