"""Runs that survive anything: asked for once, carried on by whoever holds the lease, each step committed with its mark.

    asked -> synced -> frozen -> digested

A step's output and the mark that it is done are one transaction, so a run that was killed goes on after its last whole
step, in this process or another. The lease says who works on it, the fence shuts out whoever lost it (RELIABILITY 3).
"""

from __future__ import annotations

import hashlib
import threading
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from types import TracebackType
from typing import Any
from zoneinfo import ZoneInfo

from bot import current, phrases, signals
from bot.acts import Act
from bot.corrections.corrected import corrected
from bot.digest import FIRST, Reading
from bot.domain import Digest, Ticket, Warned, Window
from bot.mirrors import REACH
from bot.months import outcomes, trends, watchlist
from bot.ports import Embedder, Flow, Refused, Source, Spread, Unavailable, in_turn
from bot.runs.pipeline import Mind, compose
from bot.runs.reading import Asked, Collected, Unwatched, Watch, arranged, collect, redact
from bot.runs.regrouping import regrouped
from bot.runs.sync import BACKFILL, UNREAD, Synced, hidden, sync
from bot.runs.watching import Noted
from bot.signals.usage import Usage
from bot.store import Fenced, Place, Run, Store
from bot.synthesis.lineage import Known
from bot.synthesis.rules import Rules

LEASE = 60.0  # seconds; renewed three times as often
MONTHLY = "monthly"  # a run that the schedule asks for
SYNC = "sync"  # a run that only reads the help desks, so that of several replicas one does
RETRY_FAILED = timedelta(minutes=15)  # a month that failed is asked for again so often
RETRY_FOR = timedelta(days=3)  # and for so long
_LAG = timedelta(hours=2)  # how far a help desk may be behind before a digest says so


@dataclass(frozen=True, slots=True)
class Request:
    """What a run is asked to do, with its window fixed, so that a run resumed tomorrow looks at the same days.

    `window` None: all rows of `files`. `files` are paths of ticket files, read beside the help desks (or, when `desks`
    is False, alone). `columns` and `day_first` are what somebody said of them, `headers` what their columns are called,
    so that it holds for the next files with the same ones. `post`: the digest goes to the channel, or to the person
    `to` alone. `by` and `event`: who asked ("slack:U0DANA"), and by which click or command, where that is known. These
    and `headers` are no part of the question.
    """

    window: Window | None
    areas: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    columns: tuple[tuple[str, str], ...] = ()
    desks: bool = True
    post: bool = False
    to: str | None = None
    by: str | None = None
    event: str | None = None
    day_first: bool | None = None
    headers: tuple[str, ...] = ()

    def told(self) -> dict[str, Any]:
        """As JSON, the way a run's row keeps it."""
        w = self.window
        span = w and {
            "start": w.start.isoformat() if w.start else None,
            "end": w.end.isoformat() if w.end else None,
            "timezone": w.timezone,
            "label": w.label,
        }
        return {
            "window": span,
            "areas": list(self.areas),
            "sources": list(self.sources),
            "files": list(self.files),
            "columns": [list(c) for c in self.columns],
            "desks": self.desks,
            "post": self.post,
            **{k: v for k in ("to", "by", "event", "day_first") if (v := getattr(self, k)) is not None},
            **({"headers": list(self.headers)} if self.headers else {}),
        }

    @classmethod
    def of(cls, told: Mapping[str, Any]) -> Request:
        w = told["window"]
        window = w and Window(
            datetime.fromisoformat(w["start"]) if w["start"] else None,
            datetime.fromisoformat(w["end"]) if w["end"] else None,
            w["timezone"],
            w["label"],
        )
        return cls(
            window or None,
            tuple(told["areas"]),
            tuple(told["sources"]),
            tuple(told["files"]),
            tuple((c[0], c[1]) for c in told["columns"]),
            told["desks"],
            told["post"],
            told.get("to"),
            told.get("by"),
            told.get("event"),
            told.get("day_first"),
            tuple(told.get("headers", ())),
        )


@dataclass(frozen=True, slots=True)
class Parts:
    """What stands behind the ports while a run is carried on. `files` makes the sources of a request's ticket files;
    `announce` makes the acts that post a digest (none, where no channel is configured)."""

    store: Store
    desks: Mapping[str, Source]
    files: Callable[[Request], Sequence[Source]]
    embedder: Embedder
    rules: Rules
    internal_domains: Sequence[str] = ()
    config_hash: str = ""
    announce: Callable[[Digest, str], Sequence[Act]] | None = None
    mind: Mind | None = None  # a language model that reads, where one is used
    standby: Embedder | None = None  # where the embedder is an endpoint, that may fail
    usage: Usage | None = None  # product analytics, where it is configured
    spread: Spread = in_turn  # where what can be done side by side is done

    @property
    def flows(self) -> tuple[Flow, ...]:
        """Those tied to themes at this moment, by the config and by people."""
        return self.usage.flows if self.usage else ()

    def shaping(self, flows: Sequence[Flow]) -> str:
        """12 hex of all settings that shape a digest: what people tied to themes is as much of them as the config."""
        if not flows:
            return self.config_hash
        return hashlib.sha256(f"{self.config_hash}\x1f{list(flows)!r}".encode()).hexdigest()[:12]


def monthly_key(first: datetime) -> str:
    return f"monthly:{first:%Y-%m}"


def manual_key(request: Request, parts: Parts, contents: bytes = b"") -> str:
    """Named by window, filters, settings and (for files) what is in them: the same question at once is one run."""
    told = {**replace(request, by=None, event=None, headers=()).told(), "post": False}
    made_of = f"{sorted(told.items())}\x1f{parts.shaping(parts.flows)}\x1f{parts.embedder.id}\x1f{parts.rules}".encode()
    return f"manual:{hashlib.sha256(made_of + contents).hexdigest()[:12]}"


def another(store: Store, key: str) -> str:
    """The key of the same question asked once more: the first with a number that is not taken by a finished run."""
    number = 2
    while (run := store.runs.get(f"{key}.{number}")) is not None and run.state == "DONE":
        number += 1
    return f"{key}.{number}"


def ask(store: Store, key: str, kind: str, request: Request) -> Run:
    """The run of that key: a new one, or the one that somebody asked for before."""
    run, _ = store.runs.ask(key, kind, request.told())
    return run


def carry_on(parts: Parts, key: str, owner: str, watch: Watch | None = None, *, lease: float = LEASE) -> Digest | None:
    """Takes the run from its last whole step to its end. None: somebody else is at it, or took it over meanwhile.

    `lease` in seconds: for so long the run waits for this process when it dies.

    Raises Refused or Unavailable when nothing at all could be read; the run is FAILED then, and says why.
    """
    fence = parts.store.runs.lease(key, owner, lease)
    if fence is None:
        return None
    with _Kept(parts.store, key, fence, lease):
        try:
            _Step(parts, key, fence, Noted(parts.store, key, fence, watch or Unwatched())).run_all()
            parts.store.runs.finish(key, fence)
        except Fenced:
            return None
        except (Refused, Unavailable) as fault:
            parts.store.runs.fail(key, fence, str(fault))
            raise
    return current.digest(parts.store, key)


class _Kept:
    """Renews the lease while the run goes on, and gives it back when the run stops in the middle."""

    def __init__(self, store: Store, key: str, fence: int, lease: float) -> None:
        self._store, self._key, self._fence, self._lease = store, key, fence, lease
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._renew, name=f"lease of {key}", daemon=True)

    def __enter__(self) -> _Kept:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join()
        self._store.runs.release(self._key, self._fence)

    def _renew(self) -> None:
        while not self._over.wait(self._lease / 3):
            try:
                if not self._store.runs.renew(self._key, self._fence, self._lease):
                    return  # lost: the next write of this run is fenced off
            except Unavailable:
                continue  # the database is busy; there are two more times before the lease is over


@dataclass(frozen=True, slots=True)
class _Step:
    """One run under one fence."""

    parts: Parts
    key: str
    fence: int
    watch: Watch

    def run_all(self) -> None:
        run = self.parts.store.runs.get(self.key)
        assert run is not None, f"run {self.key!r} has a lease and no row"  # noqa: S101 - the store just leased it
        request, done = Request.of(run.asked), run.step
        if done == "":
            self._sync(request)
        if run.kind == SYNC:
            return
        if done in ("", "synced"):
            self._freeze(request, run.asked_at)
        if done in ("", "synced", "frozen"):
            self._digest(request)

    def _sync(self, request: Request) -> None:
        """Help desks are read up to now. A source that can't be read is said in the digest; none at all is a fault."""
        store = self.parts.store
        wanted = self._wanted(request)
        start = request.window.start if request.window else None
        # Never less than the backfill: what reads it later would have to begin anew.
        since = min(filter(None, (start, store.now() - BACKFILL)))
        faults: list[Synced] = []
        for name, source in wanted.items():
            told = f"Read {name}"
            came = sync(store, name, source, since, self.watch.step(told))
            self.watch.done(told, UNREAD if came.fault else f"{came.tickets:,} new or changed", well=not came.fault)
            faults += [came] if came.fault else []
        if wanted and len(faults) == len(wanted) and not request.files:
            said = f"No source could be read, so there is no digest. {' '.join(_sentence(f.fault) for f in faults)}"
            raise Refused(said) if all(f.refused for f in faults) else Unavailable(said)
        store.runs.advance(self.key, self.fence, "synced")

    def _freeze(self, request: Request, asked_at: datetime) -> None:
        store, rules = self.parts.store, self.parts.rules
        collected = self._collected(request)
        reading = arranged(collected, self._asked(request), rules, request.window)
        reading = replace(reading, warnings=(*self._missing(request, reading), *reading.warnings))
        known = store.runs.lineage(self.key, asked_before=asked_at)
        detail = {"known": [[k.theme_id, k.run_key] for k in known]}
        store.runs.freeze(self.key, self.fence, reading, rules, detail)

    def _collected(self, request: Request) -> Collected:
        """Stored tickets of the window, and those of the files, which are hidden like all that is stored. Beside them,
        what came just before: a copy in the window may be of one of these.

        What a help desk left behind that is not configured any more is nobody's news.
        """
        store, window = self.parts.store, request.window
        stored = self._stored(window.start, window.end) if request.desks and window else []
        before = self._stored(window.start - REACH, window.start) if stored and window and window.start else []
        files = self.parts.files(request)
        fresh = Collected(())
        if files:
            fresh = collect(files, self.watch)
            self.watch.done("Read tickets", f"{len(fresh.tickets):,}")
            for said in fresh.understood:
                self.watch.done("Columns", said)
            fresh = redact(fresh, lambda t: hidden(t, store.salt), self.watch)
        tickets = {t.id: t for t in (*stored, *fresh.tickets)}
        return replace(fresh, tickets=tuple(tickets[i] for i in sorted(tickets)), earlier=tuple(before))

    def _stored(self, start: datetime | None, end: datetime | None) -> list[Ticket]:
        return [t for t in self.parts.store.tickets.between(start, end) if t.source in self.parts.desks]

    def _digest(self, request: Request) -> None:
        store, flows = self.parts.store, self.parts.flows
        frozen = store.runs.frozen(self.key)
        if frozen is None:
            raise Refused(f"what {self.key} had read is gone; ask for the run again")
        reading, rules, detail = frozen
        made = compose(
            reading,
            self.parts.embedder,
            rules,
            self._asked(request, flows),
            store.now(),
            self.watch,
            known=self._known(detail, reading.window),
            run_id=self.key,
            mind=self.parts.mind,
            standby=self.parts.standby,
            spread=self.parts.spread,
        )
        history = current.history(store, self.key)
        digest = trends.trended(self._with_silent(made.digest, request), history)
        digest = watchlist.watched(digest, made.anecdotes, history)
        digest = outcomes.told(digest, history, rules.min_tickets)
        digest = self.parts.usage.told(digest, flows) if self.parts.usage else digest
        corrections = current.corrections(store)
        bound = trends.bound(history, corrections)
        seen = trends.trended(corrected(digest, reading, corrections, rules), bound)
        seen = signals.carried(outcomes.told(seen, bound, rules.min_tickets), digest, current.merged(corrections))
        acts = self.parts.announce(seen, self.key) if request.post and self.parts.announce else ()
        store.runs.keep_anecdotes(self.key, self.fence, made.anecdotes)
        store.measurements.keep(self.key, digest.outcomes)
        store.runs.conclude(self.key, self.fence, digest, made.centres, acts)

    def _with_silent(self, digest: Digest, request: Request) -> Digest:
        """The digest with the sources that answered and had nothing: their silence is news, too."""
        places = {name: self.parts.store.tickets.place(name) for name in self._wanted(request)}
        silent = {name: 0 for name, place in places.items() if place and place.error is None}
        sources = tuple(sorted({**silent, **dict(digest.making.sources)}.items()))
        return replace(digest, making=replace(digest.making, sources=sources))

    def _known(self, detail: Mapping[str, Any], window: Window) -> list[Known]:
        """The themes that this run saw when it froze its tickets: the same ones when it is resumed a week later.

        Those of the days before its own may shape its groups; so a month that is run again groups as it did before.
        """
        wanted = {(theme_id, run_key) for theme_id, run_key in detail["known"]}
        rows = [k for k in self.parts.store.runs.lineage(self.key) if (k.theme_id, k.run_key) in wanted]
        known = {
            (k.run_key, k.theme_id): Known(
                k.theme_id, k.members, tuple(k.centroid), _is_past(k.window_end, window), name=k.name
            )
            for k in rows
        }
        return list(regrouped(self.parts.store, self.parts.embedder, known).values())

    def _asked(self, request: Request, flows: Sequence[Flow] = ()) -> Asked:
        return Asked(
            window=request.window.label if request.window else None,
            areas=request.areas,
            sources=request.sources,
            internal_domains=tuple(self.parts.internal_domains),
            config_hash=self.parts.shaping(flows),
        )

    def _wanted(self, request: Request) -> dict[str, Source]:
        named = {s.casefold() for s in request.sources}
        return {n: s for n, s in self.parts.desks.items() if request.desks and (not named or n.casefold() in named)}

    def _missing(self, request: Request, reading: Reading) -> list[Warned]:
        """A source that is behind the window's end is said first, so that nobody takes a part for the whole; and what
        each source said of itself when it was last read."""
        places = {name: self.parts.store.tickets.place(name) for name in self._wanted(request)}
        behind = {name: place for name, place in places.items() if self._is_behind(place, request.window)}
        counted = Counter(t.source for t in reading.tickets)
        others = [phrases.source_name(name) for name in sorted(counted) if name not in behind]
        zone = ZoneInfo(self.parts.rules.timezone)
        late = [_behind(name, place, counted[name], others, zone) for name, place in behind.items()]
        return [*late, *(_remark(name, w) for name, place in places.items() if place for w in place.warnings)]

    def _is_behind(self, place: Place | None, window: Window | None) -> bool:
        if place is None or place.error is not None:
            return True
        due = min(window.end, self.parts.store.now() - _LAG) if window and window.end else None
        return due is not None and place.high_water is not None and place.high_water < due


def _is_past(end: datetime | None, window: Window) -> bool:
    return end is not None and window.start is not None and end <= window.start


def _behind(name: str, place: Place | None, counted: int, others: Sequence[str], zone: ZoneInfo) -> Warned:
    """ "Zendesk is missing since Tuesday, 3 November, 12:00 UTC; counts are of Intercom only. It did not answer." """
    at = place.high_water.astimezone(zone) if place and place.high_water else None
    since = f" since {at:%A}, {at.day} {at:%B, %H:%M %Z}" if at else ""
    told = f"counts are of {' and '.join(others)} only" if others else "nothing of it is counted"
    if counted:
        told = f"of its tickets the {counted:,} read before that are counted"
    why = f" {_sentence(place.error)}" if place and place.error else ""
    return Warned(FIRST, f"{phrases.source_name(name)} is missing{since}; {told}.{why}")


def _remark(name: str, said: Warned) -> Warned:
    """A source's own warning, with its name; one that tells of a missing part stands where a missing source does."""
    shown = phrases.source_name(name)
    told = _sentence(said.message)
    return Warned(FIRST if said.partial else said.code, told if shown in told else f"{shown}: {told}")


def _sentence(said: str | None) -> str:
    said = (said or "").strip()
    return said if said.endswith((".", "!", "?")) else f"{said}."
