"""What the channel shows, drawn from the store: the digest's posts, their redrawing, and a line for each decision.

Whoever changes what a message shows only says so (`store.drawings.touch`); drawing is done here and nowhere else, from
what is committed, so that two handlers can't erase each other's row.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta

from bot.acts import Act, EffectState, Message, Stage, Standing, effect_key
from bot.decisions import CLOSED_AFTER, standings
from bot.domain import Digest, Theme
from bot.ports import Channel, Refused, Unavailable
from bot.slack import answers, blocks
from bot.slack.rows import Offer
from bot.store import Drawing, Store

_REST = 5.0  # seconds without drawing after Slack did not answer
_TOLD = (Stage.APPROVED, Stage.CREATED, Stage.REJECTED, Stage.REFUSED, Stage.UNSURE, Stage.OPEN)


class Board:
    """One workspace's digests in one channel. `deciders`: somebody is configured who may decide; `tracker`: a tracker
    is, so that an approval makes an issue."""

    def __init__(self, store: Store, channel: Channel, workspace: str, *, deciders: bool, tracker: bool = True) -> None:
        self._store, self._channel, self._workspace = store, channel, workspace
        self._deciders, self._tracker = deciders, tracker
        self._rest_until: datetime | None = None

    def announce(self, digest: Digest, run_key: str) -> list[Act]:
        """The acts that post a digest: one message, and in its thread the evidence of each theme and what is left."""
        now = standings(self._store, [t.id for t in digest.themes])
        key = effect_key("slack.digest", self._workspace, run_key)
        replies = [
            self._reply(key, run_key, t.id, self._evidence_of(digest, t, now[t.id], run_key), t.id)
            for t in digest.themes
        ]
        rest = self._reply(key, run_key, "left-over", blocks.left_over(digest), None)
        return [self._channel.post(key, self._parent(digest, now, run_key)), *replies, rest]

    def redraw(self) -> int:
        """Draws every message anew whose themes changed since. How many; one that Slack refuses for good counts.

        When Slack is away, the rest of the round and the next seconds are left to others: a click must not wait behind
        ten time-outs.
        """
        drawn = 0
        if self._rest_until is not None and self._store.now() < self._rest_until:
            return drawn
        for drawing in self._store.drawings.due():
            digest = self._store.runs.digest(drawing.run_key)
            if digest is None:
                continue
            now = standings(self._store, [t.id for t in digest.themes])
            try:
                self._channel.update(drawing.target, drawing.ref, self._message(drawing, digest, now))
            except Unavailable as away:  # still due: a later round tries again
                self._rest_until = self._store.now() + timedelta(seconds=away.retry_after or _REST)
                return drawn
            except Refused as refused:  # deleted, or the channel archived: nothing to draw any more
                self._store.audit.write("groundswell", "not redrawn", drawing.effect_key, {"why": str(refused)})
            if drawing.theme_id is None:
                self._store.effects.plan(tuple(self._lines(drawing, digest, now)), run_key=drawing.run_key)
            self._store.drawings.drawn(drawing.effect_key, drawing.wanted)
            drawn += 1
        return drawn

    def _message(self, drawing: Drawing, digest: Digest, now: Mapping[str, Standing]) -> Message:
        theme = next((t for t in digest.themes if t.id == drawing.theme_id), None)
        if theme is not None:
            return self._evidence_of(digest, theme, now[theme.id], drawing.run_key)
        return self._parent(digest, now, drawing.run_key)

    def _parent(self, digest: Digest, now: Mapping[str, Standing], run_key: str) -> Message:
        evidence = self._evidence(digest, run_key)
        return blocks.digest(digest, now, run_key=run_key, evidence=evidence, offer=self._offer(digest))

    def _evidence_of(self, digest: Digest, theme: Theme, now: Standing, run_key: str) -> Message:
        return blocks.reply(digest, theme, now, run_key=run_key, offer=self._offer(digest))

    def _offer(self, digest: Digest) -> Offer:
        """What may be clicked on the digest's messages."""
        open_ = self._deciders and self._store.now() - digest.making.made_at <= CLOSED_AFTER
        return Offer(decisions=open_, tracker=self._tracker)

    def _evidence(self, digest: Digest, run_key: str) -> dict[str, str]:
        """Theme id -> where its reply in the thread is, once it is there."""
        posted = (self._store.effects.get(self._reply_key(run_key, t.id)) for t in digest.themes)
        return {
            str(e.act.payload.get("theme_id")): e.receipt.url
            for e in posted
            if e is not None and e.state is EffectState.DONE and e.receipt and e.receipt.url
        }

    def _lines(self, drawing: Drawing, digest: Digest, now: Mapping[str, Standing]) -> Iterator[Act]:
        """One line in the thread for each decision and what became of it; each line once, as its key says."""
        for theme in digest.themes:
            at = now[theme.id]
            if at.number and at.stage in _TOLD and self._was_here(theme, at, drawing.run_key):
                subject = f"{theme.id}|{at.number}|{at.stage}"
                by = self._last_actor(theme.id) if at.stage is Stage.OPEN else None
                message = answers.decided(at, theme, by)
                yield self._reply(drawing.effect_key, drawing.run_key, subject, message, None)

    def _was_here(self, theme: Theme, at: Standing, run_key: str) -> bool:
        """The line goes to the thread of the digest that it was decided on; an undo to the one that it undoes."""
        log = self._store.decisions.of([theme.id])[theme.id]
        return any(d.number == at.number and d.run_key == run_key for d in log)

    def _last_actor(self, theme_id: str) -> str | None:
        log = self._store.decisions.of([theme_id])[theme_id]
        return log[-1].actor if log else None

    def _reply_key(self, run_key: str, subject: str) -> str:
        return effect_key("slack.reply", self._workspace, f"{run_key}|{subject}")

    def _reply(self, after: str, run_key: str, subject: str, message: Message, theme_id: str | None) -> Act:
        return self._channel.reply(self._reply_key(run_key, subject), after, message, theme_id)
