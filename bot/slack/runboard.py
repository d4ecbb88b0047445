"""What the channel shows of runs: one message each, drawn from the store until its run is over, and what failed.

The message is planned like any other effect, so it is there once; that it must be drawn anew stands in the store until
its last version is drawn, so a crash in between delays it and loses nothing.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta

from bot import current
from bot.acts import EffectState, Message, effect_key
from bot.ports import Channel, Refused, Unavailable
from bot.runs import RETRY_FAILED, RETRY_FOR, SYNC, Request
from bot.slack import progress
from bot.slack.progress import Failure, Going
from bot.store import Drawing, Run, RunState, Store

_KIND = "slack.progress"
_MONTHLY = "monthly"
_EVERY = timedelta(seconds=3)  # between two drawings of one message (SURFACES 1.11)
_REST = 5.0  # seconds without drawing after Slack did not answer
_STEPS = {"": 1, "synced": 2, "frozen": 3}
_LATELY = 5  # runs among which a month that failed is found


class RunBoard:
    """One workspace's runs in one channel. `sources`: the help desks that are configured."""

    def __init__(self, store: Store, channel: Channel, workspace: str, sources: Collection[str]) -> None:
        self._store, self._channel, self._workspace, self._sources = store, channel, workspace, sources
        self._shown: dict[str, tuple[datetime, Message]] = {}
        self._rest_until: datetime | None = None

    def follow(self, run_key: str) -> None:
        """Posts the run's message, once however often it is said; one that is there is drawn again from now on."""
        run = self._store.runs.get(run_key)
        if run is None:
            return
        to, key = run.asked.get("to"), self._key(run_key)
        place = self._channel.to(to) if to else self._channel
        message = self._failed(run) if run.state is RunState.FAILED else progress.going(self.going(run))
        self._store.effects.plan([place.note(key, "progress", message)], run_key=run_key)
        self._store.drawings.want(key)

    def redraw(self) -> int:
        """Draws what changed, each message at most every three seconds. How many were drawn."""
        if self._rest_until is not None and self._store.now() < self._rest_until:
            return 0
        drawn = self._follow_failed_months()
        for drawing in self._store.drawings.due(_KIND):
            run = self._store.runs.get(drawing.run_key)
            try:
                drawn += self._draw(drawing, run) if run else 0
            except Unavailable as away:  # still due: a later round tries again
                self._rest_until = self._store.now() + timedelta(seconds=away.retry_after or _REST)
                break
        return drawn

    def going(self, run: Run) -> Going:
        """The run as it is told of."""
        request, now = Request.of(run.asked), self._store.now()
        waits = "it waits for the run before it" if run.state is RunState.WAITING else run.waits
        return Going(
            key=run.key,
            label=request.window.label if request.window else "all tickets",
            by=request.by or (None if run.kind == _MONTHLY else "the command line"),
            asked_at=run.asked_at,
            step=_STEPS.get(run.step, 4),
            doing=run.doing,
            waits=waits,
            silent=(now - (run.moved_at or run.asked_at)).total_seconds(),
            attempt=run.attempt,
            private=request.to is not None,
        )

    def digest_url(self, run_key: str) -> str | None:
        """Where the run's digest is, once it is there."""
        post = self._store.effects.get(effect_key("slack.digest", self._workspace, run_key))
        return post.receipt.url if post and post.receipt else None

    # --- details

    def _key(self, run_key: str) -> str:
        return effect_key(_KIND, self._workspace, run_key)

    def _follow_failed_months(self) -> int:
        """The schedule's runs are silent while all is well (SURFACES 1.11): their message begins with a failure."""
        begun = 0
        for run in self._store.runs.recent(_LATELY, but=SYNC):
            failed = run.kind == _MONTHLY and run.state is RunState.FAILED
            fresh = run.finished_at is not None and self._store.now() - run.finished_at <= RETRY_FOR
            if failed and fresh and self._store.effects.get(self._key(run.key)) is None:
                self.follow(run.key)
                begun += 1
        return begun

    def _draw(self, drawing: Drawing, run: Run) -> int:
        message, last = self._message(run)
        at, shown = self._shown.get(drawing.effect_key, (None, None))
        now = self._store.now()
        if message is None or (not last and at is not None and timedelta(0) <= now - at < _EVERY):
            return 0
        if message != shown:
            try:
                self._channel.update(drawing.target, drawing.ref, message)
            except Refused as refused:  # deleted, or the channel archived: nothing to draw any more
                self._store.audit.write("groundswell", "not redrawn", drawing.effect_key, {"why": str(refused)})
                last = True
            self._shown[drawing.effect_key] = (now, message)
        if last:
            self._store.drawings.drawn(drawing.effect_key, drawing.wanted)
            self._shown.pop(drawing.effect_key, None)
        return int(message != shown)

    def _message(self, run: Run) -> tuple[Message | None, bool]:
        """What to show, and whether it is the last that there is to show; None: what stands there may stay."""
        if run.state in (RunState.WAITING, RunState.RUNNING):
            return (None if run.kind == _MONTHLY else progress.going(self.going(run))), False
        if run.state is RunState.FAILED:
            return self._failed(run), self._again_at(run) is None
        if run.state is RunState.CANCELLED:
            return progress.failed(self.going(run), Failure("It was cancelled."), buttons=False), True
        return self._done(run)

    def _done(self, run: Run) -> tuple[Message, bool]:
        going, digest = self.going(run), current.digest(self._store, run.key)
        themes = len(digest.themes) if digest else 0
        found = (digest.totals.tickets_read if digest else 0, themes)
        post = self._store.effects.get(effect_key("slack.digest", self._workspace, run.key))
        if post is None:
            return progress.finished(going, found, None, "it was not asked for there."), True
        if post.state is EffectState.PENDING:
            return progress.posting(going, themes), False
        url = post.receipt.url if post.receipt else None
        trouble = "" if post.state is EffectState.DONE else post.error or "Slack did not take it."
        return progress.finished(going, found, url, trouble), True

    def _failed(self, run: Run) -> Message:
        wanted = {s.casefold() for s in Request.of(run.asked).sources}
        places = {name: self._store.tickets.place(name) for name in sorted(self._sources)}
        faulty = [n for n, p in places.items() if p and p.error and (not wanted or n.casefold() in wanted)]
        failure = Failure(run.error or "", self._again_at(run), faulty, len(faulty) < len(places))
        return progress.failed(self.going(run), failure)

    def _again_at(self, run: Run) -> datetime | None:
        """When a month that failed is tried again; None: not by itself."""
        if run.kind != _MONTHLY or run.finished_at is None or self._store.now() - run.asked_at > RETRY_FOR:
            return None
        return run.finished_at + RETRY_FAILED
