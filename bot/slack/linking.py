"""The window that lists which tickets are told of a theme's issue, and what is done when somebody sends it off.

It is no decision: the theme stays where it stands. What was listed is what is written: where a ticket came or went
since the window was drawn, nothing is, and whoever sent it off looks again.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from bot import phrases
from bot.acts import Message
from bot.linkback import Linkback, Offer
from bot.ports import Channel, Refused, Unavailable
from bot.slack import text
from bot.slack.elements import Press, Words, bullets, context, link, paragraph, place, pressed, rich, words
from bot.slack.rows import LINKBACK
from bot.slack.windows import View, modal
from bot.store import Event
from bot.tracker import linkback as planned

CALLBACK = f"theme.{LINKBACK}"
_MOST = 100  # tickets that a window lists
_UNOPENED = "The window could not be opened, so nothing was done. Please click again."
_NOTHING = "Every ticket of that theme was told already, or it is in no issue. Nothing was done."
_CHANGED = "The theme's tickets or its issue changed since that was listed, so nothing was done. Please click again."
_DENIED = "Only those who may approve may put links on tickets. Nothing was done."


@dataclass(frozen=True, slots=True)
class LinkbackWindow:
    """Opens in the channel of the digests, for whoever may decide, while there is somebody to tell."""

    linkback: Linkback
    may: Callable[[str], bool]
    home: str

    @property
    def callback_id(self) -> str:
        return CALLBACK

    def view(self, payload: Mapping[str, Any]) -> View | None:
        about = pressed(payload)
        if about is None or about[0] != LINKBACK or place(payload) != self.home:
            return None
        if not self.may(str(payload["user"]["id"])):
            return None
        offer = self.linkback.of(about[1].run, about[1].theme)
        return _view(offer, about[1]) if offer is not None and offer.left else None

    def errors(self, view: View) -> Mapping[str, str]:
        return {}


@dataclass(frozen=True, slots=True)
class LinkbackDesk:
    """Answers the window, and the click whose window did not open."""

    linkback: Linkback
    channel: Channel
    may: Callable[[str], bool]
    home: str

    def answer(self, event: Event) -> bool:
        """Raises Unavailable when rights can't be read just now: the event stays in the inbox."""
        person = str((event.payload.get("user") or {}).get("id") or "")
        if event.kind == "click":
            about = pressed(event.payload)
            if about is None or about[0] != LINKBACK:
                return False
            offer = self.linkback.of(about[1].run, about[1].theme)
            self._end(event, person, _UNOPENED if offer and offer.left else _NOTHING, "not opened")
            return True
        if event.kind != "view" or event.payload["view"].get("callback_id") != CALLBACK:
            return False
        self._end(event, person, *self._asked(event.payload["view"], person))
        return True

    def _asked(self, view: View, person: str) -> tuple[str, str]:
        """What the person is told, and what the inbox keeps."""
        listed = _listed(view)
        if not self.may(person):
            return _DENIED, "denied"
        offer = self.linkback.of(listed[0].run, listed[0].theme) if listed else None
        if listed is None or offer is None or not offer.left:
            return _NOTHING, "impossible"
        if _fingerprint(offer) != listed[1]:
            return _CHANGED, "stale"
        left = self.linkback.ask(offer, f"slack:{person}")
        return f"{planned.summary(left)} on their way; the theme's row says what became of them.", "done"

    def _end(self, event: Event, person: str, said: str, result: str) -> None:
        """A word may be lost; what was asked for is kept."""
        shown = Message(text.padded(text.escape(said), "Only you see this."), [rich(paragraph(words(said)))])
        try:
            self.channel.tell(self.home, person, shown)
        except (Unavailable, Refused) as lost:
            self.linkback.store.audit.write("groundswell", "not told", person, {"why": str(lost)})
        self.linkback.store.inbox.answered(event.event_id, result)


def _view(offer: Offer, press: Press) -> View:
    back = json.dumps({"press": press.value, "listed": _fingerprint(offer)}, separators=(",", ":"))
    left, issue = offer.left, offer.now.receipt.ref if offer.now.receipt else ""
    said = [paragraph(words(line)) for line in planned.announced(left, issue)]
    shown = [paragraph(link(str(a.payload["url"]), a.target), *_again(offer, a.key)) for a in left[:_MOST]]
    rest = [context(f"and {phrases.count(len(left) - _MOST, 'more ticket')}: groundswell linkback lists them")]
    note = context(f"Customers don't see it. It says: {phrases.line(planned.text(left))}")
    blocks = [rich(*said), note, rich(bullets(shown)), *(rest if len(left) > _MOST else [])]
    return modal(CALLBACK, "Link back", "Add the link", blocks, back)


def _again(offer: Offer, key: str) -> list[Words]:
    before = offer.before.get(key)
    return [words(f" (refused before: {phrases.clip(phrases.line(before.error or ''), 150)})")] if before else []


def _listed(view: View) -> tuple[Press, str] | None:
    """What a window of ours was about, and what it listed."""
    try:
        told: Any = json.loads(str(view.get("private_metadata") or ""))
        press = Press.read(str(told["press"]))
        return (press, str(told["listed"])) if press else None
    except (ValueError, KeyError, TypeError):
        return None


def _fingerprint(offer: Offer) -> str:
    return sha256("\n".join(act.key for act in offer.left).encode()).hexdigest()[:16]
