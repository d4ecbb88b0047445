"""The alerts in the channel: drawn from the store, and what people click on them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from bot.acts import Act, EffectState, Message, effect_key
from bot.ports import Channel, Refused, Unavailable
from bot.runs import Parts
from bot.runs.lookout import run_from
from bot.slack import alerts, answers
from bot.slack.alerts import RunOf
from bot.slack.rights import may
from bot.spikes import Alert
from bot.store import Event, RunState, Store
from bot.store.spikes import POSTED

_REST = 5.0  # seconds without drawing after Slack did not answer
_KIND = "slack.alert"


class AlertBoard:
    """One workspace's alerts in one channel. `zone`: of the workspace; `deciders`: somebody may click."""

    def __init__(self, store: Store, channel: Channel, workspace: str, zone: str, *, deciders: bool) -> None:
        self._store, self._channel, self._workspace = store, channel, workspace
        self._zone, self._deciders = zone, deciders
        self._rest_until = store.now() - timedelta(seconds=1)

    def act(self, alert: Alert) -> Act:
        """What posts the alert, once: its key names it for ever."""
        key = effect_key(_KIND, self._workspace, alert.key)
        return self._channel.note(key, "alert", self._message(alert, RunOf()))

    def redraw(self) -> int:
        """Draws every alert anew that changed, or whose run got further. How many."""
        for alert, told in self._store.spikes.running():
            if (now := self._run(alert).state) != told:
                self._store.spikes.told(alert.key, now)
        drawn = 0
        if self._store.now() < self._rest_until:
            return drawn
        for drawing in self._store.drawings.due(_KIND):
            shown = self._store.spikes.get(drawing.run_key)
            if shown is None:
                continue
            try:
                self._channel.update(drawing.target, drawing.ref, self._message(shown, self._run(shown)))
            except Unavailable as away:  # still due: a later round tries again
                self._rest_until = self._store.now() + timedelta(seconds=away.retry_after or _REST)
                return drawn
            except Refused as refused:  # deleted, or the channel archived: nothing to draw any more
                self._store.audit.write("groundswell", "not redrawn", drawing.effect_key, {"why": str(refused)})
            self._store.drawings.drawn(drawing.effect_key, drawing.wanted)
            drawn += 1
        return drawn

    def _message(self, alert: Alert, run: RunOf) -> Message:
        return alerts.alert(alert, run, self._zone, deciders=self._deciders)

    def _run(self, alert: Alert) -> RunOf:
        """How far the run is that was started from the alert."""
        run = self._store.runs.get(alert.run_key) if alert.run_key else None
        if run is None:
            return RunOf()
        if run.state in (RunState.FAILED, RunState.CANCELLED):
            return RunOf("failed", why=run.error or "it was stopped.")
        post = self._store.effects.get(effect_key("slack.digest", self._workspace, run.key))
        if run.state is RunState.DONE and post is not None and post.state is EffectState.FAILED:
            return RunOf("failed", why=post.error or "Slack did not take its digest.")
        return RunOf(POSTED, post.receipt.url) if post is not None and post.receipt else RunOf("running")


@dataclass(frozen=True, slots=True)
class AlertDesk:
    """Answers the clicks on alerts, in the configured channel `home` alone.

    `approvers`: ids of the people and groups who may dismiss and mute; `runners`: of those who may start a run.
    """

    parts: Parts
    channel: Channel
    home: str
    approvers: Collection[str]
    runners: Collection[str]

    def answer(self, event: Event) -> bool:
        """Raises Unavailable when rights can't be read just now: the click stays in the inbox."""
        pressed = _pressed(event.payload) if event.kind == "click" else None
        if pressed is None:
            return False
        self.parts.store.inbox.answered(event.event_id, self._answered(pressed))
        return True

    def _answered(self, pressed: _Pressed) -> str:
        store = self.parts.store
        alert = store.spikes.get(pressed.key) if pressed.channel == self.home else None
        if alert is None:
            self._tell(pressed, "That alert is not of this channel, so nothing was done.")
            return "impossible"
        if not may(self.channel, self._people(pressed), pressed.person):
            store.audit.write(f"slack:{pressed.person}", "denied", pressed.key, {"action": pressed.action})
            key = "slack.runners" if pressed.action == alerts.RUN else "slack.approvers"
            self._say(pressed, answers.denied(self._people(pressed), what="answering alerts", key=key))
            return "denied"
        if not self._done(pressed, alert):
            self._tell(pressed, "Somebody answered this alert before, so nothing was done a second time.")
            return "already"
        return "done"

    def _done(self, pressed: _Pressed, alert: Alert) -> bool:
        """False: somebody else decided it before. A click that is answered anew after a crash is the same decision."""
        spikes, actor = self.parts.store.spikes, f"slack:{pressed.person}"
        if pressed.action == alerts.DISMISS:
            return spikes.dismiss(alert.key, actor) or alert.dismissed_by == actor
        if pressed.action == alerts.MUTE:
            return spikes.mute(alert.key, actor, alerts.MUTED_FOR) or alert.muted_by == actor
        if pressed.action == alerts.UNMUTE:
            return spikes.unmute(alert.key, actor)
        before = self.parts.store.runs.get(alert.run_key) if alert.run_key else None
        open_ = alert.dismissed_by is None and (before is None or before.state is RunState.FAILED)
        if open_:
            run_from(self.parts, alert, actor)
        return open_ or alert.run_by == actor

    def _people(self, pressed: _Pressed) -> Collection[str]:
        return self.runners if pressed.action == alerts.RUN else self.approvers

    def _tell(self, pressed: _Pressed, why: str) -> None:
        self._say(pressed, answers.answer("impossible", why=why))

    def _say(self, pressed: _Pressed, said: Message) -> None:
        """Ephemeral words may be lost; what was decided may not, so a fault here changes nothing."""
        try:
            self.channel.tell(pressed.channel, pressed.person, said)
        except (Unavailable, Refused) as lost:
            self.parts.store.audit.write("groundswell", "not told", pressed.person, {"why": str(lost)})


@dataclass(frozen=True, slots=True)
class _Pressed:
    """A button of an alert that a person pressed."""

    action: str
    key: str
    person: str
    channel: str


def _pressed(payload: Mapping[str, Any]) -> _Pressed | None:
    """None for what is not ours: another action, a value that we did not write."""
    try:
        action = payload["actions"][0]
        name, key = str(action["action_id"]), alerts.read(str(action["value"]))
        person, channel = str(payload["user"]["id"]), str(payload["channel"]["id"])
    except (KeyError, IndexError, TypeError):
        return None
    if key is None or name not in (alerts.RUN, alerts.DISMISS, alerts.MUTE, alerts.UNMUTE):
        return None
    return _Pressed(name, key, person, channel)
