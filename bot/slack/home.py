"""The desk of Home: draws a person's view when they open it, and after a click of theirs in it (SURFACES 1.13).

A decision made here is the channel's: the same rights, the same `decide`. Only the word on it differs: it stands in
Home, since whoever clicks there need not be looking at the channel, or be in it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

from bot import current, phrases, tracking
from bot.acts import Finding, Message, Stage, Standing
from bot.decisions import CLOSED_AFTER, standings, stands
from bot.ports import Channel, Checked, Refused, Unavailable
from bot.slack import homepage, rows
from bot.slack.clicks import Decider
from bot.slack.commands import Commands
from bot.slack.elements import HOME, Press, place, pressed
from bot.slack.rights import may
from bot.slack.rows import Offer
from bot.store import Event, Store
from bot.tracker import existing

KIND = "home"  # of what the door stores when somebody opens it
_STALE = timedelta(minutes=1)  # a view that could not be drawn for so long: they have gone, or open it again
_PAST = 10  # themes
_ON_ITS_WAY = (Stage.CREATING, Stage.UNKNOWN)
_BADNESS = ("fail", "warn", "skip", "ok")


@dataclass(frozen=True, slots=True)
class Home:
    """Answers who opens it, and hands what is clicked there to the desk of decisions.

    `onlookers`: person -> the theme whose issue is being made before their eyes, for whom it is drawn once more. It is
    of this process alone: after a restart they see the end when they open it again.
    """

    decider: Decider
    commands: Commands
    onlookers: dict[str, str] = field(default_factory=dict)

    def answer(self, event: Event) -> bool:
        """Raises Unavailable while it can't be drawn, or rights can't be read: the event stays in the inbox."""
        if event.kind == KIND:
            self._opened(event)
            return True
        heard: list[Message] = []
        decider = replace(self.decider, tell=lambda _, said: heard.append(said))
        if not _is_from_home(event) or not decider.answer(event):
            return False
        person = str(event.payload["user"]["id"])
        try:
            self._draw(person, heard[-1] if heard else None)
            self._stays(person, event)
        except (Unavailable, Refused) as lost:  # what was decided stands, and is shown when it is opened next
            self._store.audit.write("groundswell", "home not drawn", event.event_id, {"why": str(lost)})
        return True

    def redraw(self) -> int:
        """Draws it once more for whoever waits there and whose issue has come, or has not."""
        drawn = 0
        for person, theme_id in list(self.onlookers.items()):
            if standings(self._store, [theme_id])[theme_id].stage in _ON_ITS_WAY:
                continue
            del self.onlookers[person]
            try:
                self._draw(person, None)
                drawn += 1
            except (Unavailable, Refused) as lost:
                self._store.audit.write("groundswell", "home not drawn", person, {"why": str(lost)})
        return drawn

    def _stays(self, person: str, event: Event) -> None:
        theme_id = _about(event)
        if theme_id and standings(self._store, [theme_id])[theme_id].stage in _ON_ITS_WAY:
            self.onlookers[person] = theme_id

    @property
    def _store(self) -> Store:
        return self.decider.store

    @property
    def _channel(self) -> Channel:
        return self.decider.channel

    def _opened(self, event: Event) -> None:
        person, outcome = str(event.payload["person"]), "drawn"
        try:
            self._draw(person, None)
        except Unavailable as away:
            if self._store.now() - event.received_at <= _STALE:
                raise
            outcome = str(away)
        except Refused as refused:
            outcome = str(refused)
        if outcome != "drawn":
            self._store.audit.write("groundswell", "home not drawn", person, {"why": outcome})
        self._store.inbox.answered(event.event_id, "drawn" if outcome == "drawn" else "not drawn")

    def _draw(self, person: str, said: Message | None) -> None:
        allowed = may(self._channel, self.decider.approvers, person)
        month = self._month(allowed)
        past = list(self._past(month))
        page = homepage.Page(
            status=self.commands.status(),
            may=allowed,
            month=month,
            past=past,
            facts=self._facts(past, month),
            checks=() if month else list(self._checks()),
            said=said,
        )
        self._channel.publish(person, homepage.blocks(page))

    # --- what it shows

    def _month(self, allowed: bool) -> homepage.Month | None:
        run = self.commands.month()
        digest = current.digest(self._store, run.key) if run else None
        if run is None or digest is None:
            return None
        young = self._store.now() - digest.making.made_at <= CLOSED_AFTER
        now, tracker = stands(self._store, digest), self.decider.sink is not None
        found = tracking.existing(self._store, run.key, digest, now) if tracker else {}
        offer = Offer(decisions=allowed and young, tracker=tracker, at=self._store.now(), existing=found)
        return homepage.Month(digest, run.key, self.commands.board.digest_url(run.key), now, offer)

    def _past(self, month: homepage.Month | None) -> Iterator[tuple[str, Standing]]:
        """The themes that were decided last, but those that stand above."""
        above = {t.id for t in month.waiting} if month else set()
        decided = {d.theme_id: d for d in self._store.decisions.latest(_PAST + len(above))}
        now = standings(self._store, decided)
        themes = {t.id: t.words.name for t in (*month.digest.themes, *month.digest.snoozed_themes)} if month else {}
        shown = [i for i in decided if i not in above and now[i].stage is not Stage.OPEN]
        for theme_id in shown[:_PAST]:
            yield themes.get(theme_id) or str(decided[theme_id].payload.get("name") or theme_id), now[theme_id]

    def _facts(self, past: Sequence[tuple[str, Standing]], month: homepage.Month | None) -> dict[str, str]:
        """Theme id -> how its issue stands, and which tickets of the month it does not know."""
        own = {now.theme_id: now for _, now in past if now.stage is Stage.CREATED and now.receipt}
        issues = self._store.tracked.issues({now.receipt.ref for now in own.values() if now.receipt})
        told = {i: existing.status(issues.get(now.receipt.ref)) for i, now in own.items() if now.receipt}
        shown = [t for t in month.digest.themes if t.id in own] if month else []
        return told | {t.id: rows.fact(t, own[t.id], month.offer) for t in shown if month}

    # --- before the first digest

    def _checks(self) -> Iterator[Finding]:
        """What a digest and an approval need. Slack and Jira are asked; what is known of the help desks is stored.

        Asking takes time in which nobody's click is kept waiting: there is nothing to click on yet.
        """
        yield from self._help_desks()
        yield _worst("Channel", self._channel)
        if self.decider.sink is None:
            mend = "Put a jira stanza into the config; see docs/connect-jira.md."
            yield Finding("Jira", "warn", "No project is configured, so an approval is kept and makes no issue.", mend)
        else:
            yield _worst("Jira", self.decider.sink)

    def _help_desks(self) -> Iterator[Finding]:
        if not self.commands.place.sources:
            yield Finding("Help desk", "fail", "No help desk and no ticket file is named.", "groundswell init asks.")
        for name in sorted(self.commands.parts.desks):
            place, about = self._store.tickets.place(name), phrases.source_name(name)
            if place is not None and place.error:
                yield Finding(about, "fail", place.error, f"groundswell doctor {name} says more.")
            elif place is None or place.high_water is None:
                yield Finding(about, "warn", "Not read yet.", "It is within the hour, or by: groundswell sync")
            else:
                yield Finding(about, "ok", "It is read.")


def _worst(name: str, checked: Checked) -> Finding:
    """What `doctor` found, in one line: the worst of it."""
    found = min(checked.check(), key=lambda f: _BADNESS.index(f.state))
    return replace(found, name=name) if found.state != "ok" else Finding(name, "ok", "Connected.")


def _about(event: Event) -> str:
    """The theme that a click or a window there is about."""
    if event.kind == "click":
        found = pressed(event.payload)
        return found[1].theme if found else ""
    press = Press.read(str((event.payload.get("view") or {}).get("private_metadata") or ""))
    return press.theme if press else ""


def _is_from_home(event: Event) -> bool:
    """A click there, or a window that was opened from there."""
    if event.kind == "click":
        return place(event.payload) == HOME
    view: Mapping[str, Any] = event.payload.get("view") or {} if event.kind == "view" else {}
    press = Press.read(str(view.get("private_metadata") or ""))
    return press is not None and press.at_home
