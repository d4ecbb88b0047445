"""What the channel shows, drawn from the store: the digest's posts, their redrawing, and a line for each decision.

Whoever changes what a message shows only says so (`store.drawings.touch`); drawing is done here and nowhere else, from
what is committed, so that two handlers can't erase each other's row.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta

from bot import current, tracking
from bot.acts import Act, Decision, EffectState, Message, Stage, Standing, Verdict, effect_key
from bot.decisions import CLOSED_AFTER, stands
from bot.domain import Digest, Theme
from bot.linkback import Linkback
from bot.ports import Channel, Refused, Unavailable
from bot.slack import answers, blocks, leftovers, thread
from bot.slack.rows import Offer
from bot.store import Drawing, Store
from bot.tracker.linkback import Ways

_REST = 5.0  # seconds without drawing after Slack did not answer
_TOLD = frozenset(Stage) - {Stage.CREATING, Stage.UNKNOWN}  # those will be something else in a moment
_BESIDE = (Verdict.RENAME, Verdict.EDIT, Verdict.SPLIT, Verdict.MOVE)  # they leave the theme where it stands
_REST_OF_IT = "left-over"  # in place of a theme's id: the reply with what is in no theme


class Board:
    """One workspace's digests in one channel. `deciders`: somebody is configured who may decide; `tracker`: a tracker
    is, so that an approval makes an issue; `ways`: how its tickets may be told of it."""

    def __init__(
        self,
        store: Store,
        channel: Channel,
        workspace: str,
        *,
        deciders: bool,
        tracker: bool = True,
        ways: Ways | None = None,
    ) -> None:
        self._linkback = Linkback(store, workspace, ways or {})
        self._store, self._channel, self._workspace = store, channel, workspace
        self._deciders, self._tracker = deciders, tracker
        self._rest_until: datetime | None = None

    def _where(self, run_key: str) -> Channel:
        """The channel, or the person to whom alone the run's digest goes."""
        run = self._store.runs.get(run_key)
        to = run.asked.get("to") if run else None
        return self._channel.to(to) if to else self._channel

    def announce(self, digest: Digest, run_key: str) -> list[Act]:
        """The acts that post a digest: one message, and in its thread the evidence of each theme and what is left."""
        now = stands(self._store, digest)
        key = effect_key("slack.digest", self._workspace, run_key)
        replies = [
            self._reply(key, run_key, t.id, self._evidence_of(digest, t, now[t.id], run_key), t.id)
            for t in digest.themes
        ]
        rest = self._reply(key, run_key, _REST_OF_IT, leftovers.left_over(digest), _REST_OF_IT)
        return [self._where(run_key).post(key, self._parent(digest, (), now, run_key)), *replies, rest]

    def redraw(self) -> int:
        """Draws every message anew whose themes changed since. How many; one that Slack refuses for good counts.

        When Slack is away, the rest of the round and the next seconds are left to others: a click must not wait behind
        ten time-outs.
        """
        drawn = 0
        if self._rest_until is not None and self._store.now() < self._rest_until:
            return drawn
        for drawing in self._store.drawings.due():
            found = self._store.runs.digest(drawing.run_key)
            digest = current.digest(self._store, drawing.run_key)
            if found is None or digest is None:
                continue
            now = stands(self._store, digest, [t.id for t in found.themes])
            try:
                self._channel.update(drawing.target, drawing.ref, self._message(drawing, found, digest, now))
            except Unavailable as away:  # still due: a later round tries again
                self._rest_until = self._store.now() + timedelta(seconds=away.retry_after or _REST)
                return drawn
            except Refused as refused:  # deleted, or the channel archived: nothing to draw any more
                self._store.audit.write("groundswell", "not redrawn", drawing.effect_key, {"why": str(refused)})
            if drawing.theme_id is None:
                self._store.effects.plan(tuple(self._lines(drawing, found, digest, now)), run_key=drawing.run_key)
            self._store.drawings.drawn(drawing.effect_key, drawing.wanted)
            drawn += 1
        return drawn

    def _message(self, drawing: Drawing, found: Digest, digest: Digest, now: Mapping[str, Standing]) -> Message:
        """`found`: as the run had it; a theme of it that is shown no more says where it went."""
        if drawing.theme_id is None:
            shown = {t.id for t in (*digest.themes, *digest.snoozed_themes)}
            return self._parent(digest, [t for t in found.themes if t.id not in shown], now, drawing.run_key)
        theme = next((t for t in digest.themes if t.id == drawing.theme_id), None)
        if theme is not None:
            return self._evidence_of(digest, theme, now[theme.id], drawing.run_key)
        gone = next((t for t in found.themes if t.id == drawing.theme_id), None)
        if gone is None:
            return leftovers.left_over(digest)
        offer = self._offer(digest, drawing.run_key, now)
        return thread.elsewhere(digest, gone, now[gone.id], run_key=drawing.run_key, offer=offer)

    def _parent(self, digest: Digest, gone: Sequence[Theme], now: Mapping[str, Standing], run_key: str) -> Message:
        evidence, offer = self._evidence(digest, run_key), self._offer(digest, run_key, now)
        merged = [t for t in gone if now[t.id].stage is Stage.MERGED]
        run = self._store.runs.get(run_key)
        by = str(run.asked.get("by") or "") if run else ""
        return blocks.digest(digest, now, run_key=run_key, evidence=evidence, offer=offer, merged=merged, by=by or None)

    def _evidence_of(self, digest: Digest, theme: Theme, now: Standing, run_key: str) -> Message:
        return thread.reply(digest, theme, now, run_key=run_key, offer=self._offer(digest, run_key, {theme.id: now}))

    def _offer(self, digest: Digest, run_key: str, now: Mapping[str, Standing]) -> Offer:
        """What may be clicked on the digest's messages."""
        why_not = self._closed(digest)
        found = tracking.existing(self._store, run_key, digest, now) if self._tracker else {}
        told = self._linkback.counts(run_key, digest, now)
        return Offer(not why_not, self._tracker, self._store.now(), existing=found, why_not=why_not, linkback=told)

    def _closed(self, digest: Digest) -> str:
        """Why nothing is decided on the digest's messages; empty where it may be."""
        if self._where(digest.making.run_id) is not self._channel:
            return "Only you see this; to decide, run it for the channel."
        if not self._deciders:
            return "Nobody is named who may decide (slack.approvers in the config)."
        late = self._store.now() - digest.making.made_at > CLOSED_AFTER
        return f"It is more than {CLOSED_AFTER.days} days old." if late else ""

    def _evidence(self, digest: Digest, run_key: str) -> dict[str, str]:
        """Theme id -> where its reply in the thread is, once it is there."""
        posted = (self._store.effects.get(self._reply_key(run_key, t.id)) for t in digest.themes)
        return {
            str(e.act.payload.get("theme_id")): e.receipt.url
            for e in posted
            if e is not None and e.state is EffectState.DONE and e.receipt and e.receipt.url
        }

    def _lines(self, drawing: Drawing, found: Digest, digest: Digest, now: Mapping[str, Standing]) -> Iterator[Act]:
        """One line in the thread for each decision and what became of it; each line once, as its key says.

        It goes to the thread of the digest that it was decided on; an undo to the one that it undoes.
        """
        shown = {t.id: t for t in (*found.themes, *digest.themes)}
        logs = self._store.decisions.of(tuple(shown))
        for theme in shown.values():
            here = {d.number: d for d in logs[theme.id] if d.run_key == drawing.run_key}
            for key, message in _told(theme, now[theme.id], here, logs[theme.id], self._made):
                yield self._reply(drawing.effect_key, drawing.run_key, f"{theme.id}|{key}", message, None)

    def _made(self, approved: Decision | None) -> str:
        """The issue that an approval made; empty where it was stopped before, or made none."""
        if approved is None or approved.verdict is not Verdict.APPROVE:
            return ""
        effect = self._store.effects.get(str(approved.payload.get("effect") or ""))
        return effect.receipt.ref if effect and effect.receipt else ""

    def _reply_key(self, run_key: str, subject: str) -> str:
        return effect_key("slack.reply", self._workspace, f"{run_key}|{subject}")

    def _reply(self, after: str, run_key: str, subject: str, message: Message, theme_id: str | None) -> Act:
        return self._where(run_key).reply(self._reply_key(run_key, subject), after, message, theme_id)


def _told(
    theme: Theme,
    now: Standing,
    here: Mapping[int, Decision],
    log: Sequence[Decision],
    made: Callable[[Decision | None], str],
) -> Iterator[tuple[str, Message]]:
    """The lines on one theme; `here`: the decisions made on this digest, by number; `made`: what one brought about."""
    for d in here.values():
        if d.verdict is Verdict.UNDO:
            number = int(d.payload.get("undoes") or d.number - 1)
            undone = next((one for one in log if one.number == number), None)
            yield f"{d.number}|{Stage.OPEN}", answers.changed(d, theme, undone or d, made(undone))
        elif d.verdict in _BESIDE:
            yield f"{d.number}|{d.verdict}", answers.changed(d, theme)
    if now.decision in here and now.stage in _TOLD:
        yield f"{now.decision}|{now.stage}", answers.decided(now, theme)
