"""The link to a theme's issue on the conversations that it is about, in Intercom: an internal note, or a tag. Opt-in.

A note carries the act's marker, and is found again among the conversation's own parts, which are read by its id and not
from an index. A tag is added beside the others, so that adding it twice is adding it once.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import InitVar, dataclass, field
from datetime import datetime, timedelta
from html import escape

from bot.acts import Absent, Act, Finding, Found, Hint, Receipt, Sighting, Undecided
from bot.ports import Refused, Unavailable, Unknown
from connectors.intercom import reading
from connectors.intercom.pen import Gone, Pen
from connectors.intercom.reading import Json, thing, things
from connectors.intercom.wire import Region

NOTE, TAG = "intercom.note", "intercom.tag"
_NAME = "intercom write"
_LATER = "Try again later; if it lasts, look at Intercom's status page and at the network between."


@dataclass(frozen=True, kw_only=True, eq=False)
class Linkback:
    """A `bot.ports.Linkback`. Making one touches no network; the token stays in its pen and in no repr.

    `timeout`: seconds for one answer. `settle`: seconds after a mark from which on a request is no longer under way, at
    Intercom's end either; `find` proves nothing before.
    """

    token: InitVar[str]
    region: Region = "us"
    base_url: str | None = None
    timeout: float = 10.0
    settle: float = 120.0
    _pen: Pen = field(init=False, repr=False)
    _known: dict[str, str] = field(init=False, repr=False, default_factory=dict)  # our admin, and ids of tags by name

    def __post_init__(self, token: str) -> None:
        object.__setattr__(self, "_pen", Pen(token, self.region, self.base_url, self.timeout))

    def check(self) -> Sequence[Finding]:
        """Intercom tells nobody what a token may write: it is seen when something is written."""
        try:
            name = reading.word(self._pen.me().data.get("name")) or "the token's owner"
            self._admin()
        except Refused as refused:
            return [Finding(_NAME, "fail", str(refused), "Mend that, or set sources.intercom.linkback to off.")]
        except Unavailable as away:
            return [Finding(_NAME, "fail", str(away), _LATER)]
        told = f"links to issues are put on conversations as {name}; whether the token may is seen when it does"
        return [Finding(_NAME, "ok", told)]

    # --- the outlet

    def mark(self, act: Act) -> Hint:
        """The time by Intercom's clock; what is gone is refused here, before anything is sent."""
        return {"at": self._clock(act).isoformat()}

    def do(self, act: Act) -> Receipt:
        """A note is looked for first: a person may have asked to send again what is there."""
        key = _key_of(act)
        if act.kind == TAG:
            self._pen.tag(key, self._admin(), self._tag(str(act.payload["tag"])))
            return _receipt(act)
        if there := self.twins(act):
            return there[0]
        body = "".join(f"<p>{escape(line)}</p>" for line in str(act.payload["body"]).splitlines() if line)
        told = self._pen.note(key, self._admin(), body).data
        made = next((part for part in (told, *reading.messages(dict(told))) if _is_of(dict(part), act)), None)
        if made is None:
            raise Unknown("Intercom answered without the note that it was sent")
        return _receipt(act, dict(made))

    def find(self, act: Act, hint: Hint) -> Sighting:
        """Absent is proven by the conversation itself: each note made since the mark was read, and is another's."""
        try:
            if act.kind == TAG:
                return Found(_receipt(act)) if self.twins(act) else Absent()
            if "at" not in hint:
                return Undecided("no time was taken before it was sent")
            return self._sighting(act, datetime.fromisoformat(str(hint["at"])))
        except Refused as why:
            return Undecided(str(why))

    def twins(self, act: Act) -> Sequence[Receipt]:
        try:
            told = dict(self._pen.request(_key_of(act)).data)
        except Gone:
            return []  # and with the conversation its notes; else no later act could be verified
        if act.kind == TAG:
            named = {name.casefold() for name in reading.tag_names(told)}
            return [_receipt(act)] if str(act.payload["tag"]).casefold() in named else []
        return [_receipt(act, part) for part in _notes(told) if _is_of(part, act)]

    # --- details

    def _clock(self, act: Act) -> datetime:
        at = self._pen.request(_key_of(act)).at
        if at is None:
            raise Unavailable("Intercom's answer has no Date header, by which a later look could be trusted")
        return at

    def _sighting(self, act: Act, since: datetime) -> Sighting:
        now = self._clock(act)  # first: a look after the time is a look that proves
        told = dict(self._pen.request(_key_of(act)).data)
        notes = list(_notes(told))
        if ours := [part for part in notes if _is_of(part, act)]:
            return Found(_receipt(act, ours[0]))
        if not _reaches(told, since):
            return Undecided("it has more messages since then than Intercom shows")
        if any(_since(part, since) and not reading.word(part.get("body")) for part in notes):
            return Undecided("a note that was made since doesn't show whose it is")
        if now < since + timedelta(seconds=self.settle):
            return Undecided("it was sent too recently to be ruled out")
        return Absent()

    def _admin(self) -> str:
        """Who writes: whoever the token belongs to."""
        if "" not in self._known:
            told = self._pen.me().data
            admin = reading.key(told.get("id"))
            if told.get("type") != "admin" or admin is None:
                raise Refused("Intercom's token belongs to no teammate, so nobody can write: use an app's token.")
            self._known[""] = admin
        return self._known[""]

    def _tag(self, name: str) -> str:
        """Its id. Asking twice makes one tag: it is known by its name."""
        if name not in self._known:
            made = reading.key(self._pen.named_tag(name).data.get("id"))
            if made is None:
                raise Unknown("Intercom answered without the id of a tag")
            self._known[name] = made
        return self._known[name]


def _key_of(act: Act) -> str:
    """It becomes a part of an address."""
    key = str(act.payload["ticket"])
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,100}", key):
        raise Refused(f"{key[:40]!r} is not the id of a conversation in Intercom.")
    return key


def _notes(told: Json) -> Iterator[Json]:
    """Internal notes, the first made first."""
    yield from (part for part in reading.messages(told) if part.get("part_type") == "note")


def _is_of(part: Json, act: Act) -> bool:
    return f"groundswell-op-{act.marker}" in (reading.word(part.get("body")) or "")


def _since(part: Json, since: datetime) -> bool:
    """Made in that second or later; without a time that can be read, it may have been."""
    at = reading.second(part.get("created_at"))
    return at is None or at >= int(since.timestamp())


def _reaches(told: Json, since: datetime) -> bool:
    """Whether all that was said since was told: only the newest 500 parts are (2.14, GET /conversations/{id})."""
    parts = thing(told.get("conversation_parts") or told.get("ticket_parts"))
    listed = things(parts, "conversation_parts") or things(parts, "ticket_parts")
    total = parts.get("total_count")
    whole = isinstance(total, int) and total <= len(listed)
    return whole or any(not _since(part, since) for part in listed)


def _receipt(act: Act, part: Json | None = None) -> Receipt:
    number = f"#{reading.key(part.get('id'))}" if part else ""
    return Receipt(f"{_key_of(act)}{number}", act.payload.get("url"))
