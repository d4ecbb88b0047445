"""A click or a window from the inbox -> a decision, and a word to whoever it came from. Acknowledged long before."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any

from bot.acts import Message, Stage, Verdict
from bot.corrections.correcting import UNCHANGED
from bot.decisions import Outcome, Result, Wish, already, decide, resend, standings
from bot.ports import Channel, Refused, Sink, Unavailable
from bot.slack import answers
from bot.slack.choices import VERDICTS as WINDOWS
from bot.slack.choices import Sent, sent
from bot.slack.elements import HOME, place, pressed
from bot.slack.rights import may
from bot.slack.rows import COPY
from bot.store import Event, Store

_VERDICTS = {
    "approve": Verdict.APPROVE,
    "retry": Verdict.APPROVE,
    "attach": Verdict.ATTACH,
    "reject": Verdict.REJECT,
    "undo": Verdict.UNDO,
}
_UNOPENED = "The window could not be opened, so nothing was done. Please click again."


@dataclass(frozen=True, slots=True)
class Click:
    """A button or menu of ours that a person used, or a window of ours that they sent off: which, on what, where."""

    action: str
    person: str
    channel: str  # its id, or HOME
    run_key: str
    theme_id: str
    revision: int
    name: str = ""  # of the person, as Slack has it beside the id
    sent: Sent | None = None
    issue: str = ""


def click(payload: Mapping[str, Any]) -> Click | None:
    """None for what is not ours: another action, a value that we did not write."""
    about = pressed(payload)
    try:
        person, channel = str(payload["user"]["id"]), place(payload)
    except (KeyError, TypeError):
        return None
    if about is None or not channel:
        return None
    action, press = about
    name = _name(payload)
    return Click(action, person, channel, press.run, press.theme, press.revision, name, issue=press.issue)


@dataclass(frozen=True, slots=True)
class Decider:
    """Answers the clicks that decide on themes. `approvers`: ids of people (U...) and of user groups (S...).

    `tell`: says a word to whoever clicked, where that is not done under the channel's messages.
    """

    store: Store
    channel: Channel
    sink: Sink | None
    workspace: str
    home: str  # the configured channel: a click from elsewhere decides nothing
    approvers: Collection[str]
    timezone: str = "UTC"  # of the dates that people choose
    tell: Callable[[str, Message], None] | None = None

    def answer(self, event: Event) -> bool:
        """Decides, and tells the person where there is something to tell. The row is drawn anew by the board.

        Raises Unavailable when rights can't be read just now: the click stays in the inbox.
        """
        asked = click(event.payload) if event.kind == "click" else self._sent(event)
        if asked is None or not (asked.sent or asked.action in (*_VERDICTS, *WINDOWS, COPY)):
            return False
        self._answer(event, asked)
        return True

    def _sent(self, event: Event) -> Click | None:
        """A window opens from the configured channel, and from Home, which it says; there its answer belongs."""
        if event.kind != "view":
            return None
        filled = sent(event.payload["view"], event.received_at, self.timezone)
        if filled is None:
            return None
        press, person = filled.press, str(event.payload["user"]["id"])
        where = HOME if press.at_home else self.home
        name = _name(event.payload)
        return Click("sent", person, where, press.run, press.theme, press.revision, name, filled)

    def _answer(self, event: Event, asked: Click) -> None:
        if asked.channel not in (self.home, HOME):
            self._tell(asked, answers.answer("impossible", why="Please decide in the channel of the digest."))
            self.store.inbox.answered(event.event_id, "another channel")
            return
        if asked.action == COPY:  # to be read by anybody, as the digest is
            self._tell(asked, answers.answer("impossible", why=_UNOPENED))
            self.store.inbox.answered(event.event_id, "not opened")
            return
        if not may(self.channel, self.approvers, asked.person):
            self.store.audit.write(f"slack:{asked.person}", "denied", asked.theme_id, {"action": asked.action})
            self._tell(asked, answers.denied(self.approvers))
            self.store.inbox.answered(event.event_id, "denied")
            return
        outcome = self._not_opened(asked) if asked.action in WINDOWS else self._decided(asked, event.event_id)
        self._tell_of(asked, outcome)
        self.store.inbox.answered(event.event_id, outcome.result.value)

    def _not_opened(self, asked: Click) -> Outcome:
        """The click came here, so its window did not open: the row was old, was decided, or Slack took too long."""
        now = standings(self.store, [asked.theme_id])[asked.theme_id]
        if now.stage not in (Stage.OPEN, Stage.REFUSED):
            return Outcome(Result.ALREADY, now, already(now))
        self.store.drawings.touch(asked.theme_id)
        return Outcome(Result.IMPOSSIBLE, now, _UNOPENED)

    def _decided(self, pressed: Click, event_id: str) -> Outcome:
        """ "I checked, create it" is no decision on the theme: it says what a person saw in the tracker.

        That holds for what they saw then, so the click is over before it does anything: answered anew after a crash, it
        could send what was sent meanwhile and is unsure again. Lost in between, it is clicked again.
        """
        if pressed.action == "retry":
            now = standings(self.store, [pressed.theme_id])[pressed.theme_id]
            if now.stage is Stage.UNSURE and not self.store.inbox.answered(event_id, "resent"):
                return Outcome(Result.DONE, now, "Done before.", now.effect_key)
            looked = resend(self.store, pressed.theme_id, f"slack:{pressed.person}")
            if looked is not None:
                return looked
        outcome = decide(self.store, self.sink, self.workspace, _wish(pressed, event_id))
        if pressed.sent is not None and pressed.sent.approve and _may_go_on(outcome):
            return self._approved(pressed, event_id)
        return outcome

    def _approved(self, pressed: Click, event_id: str) -> Outcome:
        """Saved and approved in one window: two decisions, each of them once however often it is answered."""
        event = f"{event_id}:approve"
        wish = replace(_wish(pressed, event), verdict=Verdict.APPROVE, revision=None, note="", payload={})
        return decide(self.store, self.sink, self.workspace, wish)

    def _tell_of(self, pressed: Click, outcome: Outcome) -> None:
        wish = _wish(pressed, "")
        if outcome.result is Result.ALREADY:
            self._tell(pressed, answers.already(outcome.standing, wish.verdict, wish.actor))
        elif outcome.result is Result.STALE:
            self.store.drawings.touch(pressed.theme_id)
            self._tell(pressed, answers.answer("stale", why=f"{outcome.message}{_kept(pressed)}"))
        elif outcome.result is Result.IMPOSSIBLE:
            self._tell(pressed, answers.answer("impossible", why=outcome.message))

    def _tell(self, pressed: Click, message: Message) -> None:
        """Ephemeral words may be lost; what was decided may not, so a fault here changes nothing."""
        if self.tell is not None:
            self.tell(pressed.person, message)
            return
        try:
            self.channel.tell(pressed.channel, pressed.person, message)
        except (Unavailable, Refused) as lost:
            self.store.audit.write("groundswell", "not told", pressed.person, {"why": str(lost)})


def _wish(pressed: Click, event_id: str) -> Wish:
    filled = pressed.sent
    return Wish(
        verdict=filled.verdict if filled else (_VERDICTS.get(pressed.action) or WINDOWS[pressed.action]),
        theme_id=pressed.theme_id,
        run_key=pressed.run_key,
        actor=f"slack:{pressed.person}",
        name=pressed.name,
        revision=pressed.revision or None,  # a row without a draft (merged away, asleep) shows none
        note=filled.note if filled else "",
        event=event_id,
        payload=filled.payload if filled else {"issue": pressed.issue} if pressed.issue else {},
    )


def _name(payload: Mapping[str, Any]) -> str:
    user = payload["user"]
    return str(user.get("name") or user.get("username") or "")


def _kept(pressed: Click) -> str:
    """Whoever edited in vain gets back what they wrote."""
    told = pressed.sent.payload if pressed.sent else {}
    written = " / ".join(str(told[k]) for k in ("title", "user_story") if told.get(k))
    return f" You had written: {written}" if written else ""


def _may_go_on(outcome: Outcome) -> bool:
    """The words were saved, or were as they should be already."""
    return outcome.result is Result.DONE or outcome.message == UNCHANGED


Receive = Callable[[str, str, Mapping[str, Any]], bool]
