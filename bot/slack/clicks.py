"""A click from the inbox -> a decision, and a word to whoever clicked. Acknowledged long before."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

from bot.acts import Message, Stage, Verdict
from bot.decisions import Outcome, Result, Wish, decide, resend, standings
from bot.ports import Channel, Refused, Sink, Unavailable
from bot.slack import answers
from bot.slack.elements import Press
from bot.store import Event, Store

_VERDICTS = {
    "approve": Verdict.APPROVE,
    "retry": Verdict.APPROVE,
    "reject": Verdict.REJECT,
    "undo": Verdict.UNDO,
}


@dataclass(frozen=True, slots=True)
class Click:
    """A button of ours that a person pressed: which, on what, where."""

    action: str
    person: str
    channel: str
    run_key: str
    theme_id: str
    revision: int


def click(payload: Mapping[str, Any]) -> Click | None:
    """None for what is not ours: another action, a value that we did not write."""
    try:
        action = payload["actions"][0]
        press = Press.read(str(action["value"]))
        person, channel = str(payload["user"]["id"]), str(payload["channel"]["id"])
    except (KeyError, IndexError, TypeError):
        return None
    if press is None:
        return None
    return Click(str(action["action_id"]), person, channel, press.run, press.theme, press.revision)


@dataclass(frozen=True, slots=True)
class Decider:
    """Answers the clicks that decide on themes. `approvers`: ids of people (U...) and of user groups (S...)."""

    store: Store
    channel: Channel
    sink: Sink | None
    workspace: str
    home: str  # the configured channel: a click from elsewhere decides nothing
    approvers: Collection[str]

    def answer(self, event: Event) -> bool:
        """Decides, and tells the person where there is something to tell. The row is drawn anew by the board.

        Raises Unavailable when rights can't be read just now: the click stays in the inbox.
        """
        pressed = click(event.payload) if event.kind == "click" else None
        if pressed is None or pressed.action not in _VERDICTS:
            return False
        self._answer(event, pressed)
        return True

    def _answer(self, event: Event, pressed: Click) -> None:
        if pressed.channel != self.home:
            self._tell(pressed, answers.answer("impossible", why="Please decide in the channel of the digest."))
            self.store.inbox.answered(event.event_id, "another channel")
            return
        if not self._may(pressed.person):
            self.store.audit.write(f"slack:{pressed.person}", "denied", pressed.theme_id, {"action": pressed.action})
            self._tell(pressed, answers.answer("denied"))
            self.store.inbox.answered(event.event_id, "denied")
            return
        outcome = self._decided(pressed, event.event_id)
        self._tell_of(pressed, outcome)
        self.store.inbox.answered(event.event_id, outcome.result.value)

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
        return decide(self.store, self.sink, self.workspace, _wish(pressed, event_id))

    def _may(self, person: str) -> bool:
        """Refuses where the groups can't be read: a right that can't be checked is none."""
        people = {a for a in self.approvers if not a.startswith("S")}
        groups = [a for a in self.approvers if a.startswith("S")]
        try:
            return person in people or any(person in self.channel.members(g) for g in groups)
        except Refused:
            return False

    def _tell_of(self, pressed: Click, outcome: Outcome) -> None:
        if outcome.result is Result.ALREADY:
            self._tell(pressed, answers.answer("already", standing=outcome.standing))
        elif outcome.result is Result.STALE:
            self.store.drawings.touch(pressed.theme_id)
            self._tell(pressed, answers.answer("stale", why=outcome.message))
        elif outcome.result is Result.IMPOSSIBLE:
            self._tell(pressed, answers.answer("impossible", why=outcome.message))

    def _tell(self, pressed: Click, message: Message) -> None:
        """Ephemeral words may be lost; what was decided may not, so a fault here changes nothing."""
        try:
            self.channel.tell(pressed.channel, pressed.person, message)
        except (Unavailable, Refused) as lost:
            self.store.audit.write("groundswell", "not told", pressed.person, {"why": str(lost)})


def _wish(pressed: Click, event_id: str) -> Wish:
    return Wish(
        verdict=_VERDICTS[pressed.action],
        theme_id=pressed.theme_id,
        run_key=pressed.run_key,
        actor=f"slack:{pressed.person}",
        revision=pressed.revision,
        event=event_id,
    )


Receive = Callable[[str, str, Mapping[str, Any]], bool]
