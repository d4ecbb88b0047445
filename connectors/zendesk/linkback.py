"""The link to a theme's issue on the tickets that it is about, in Zendesk: an internal note, or a tag. Opt-in.

A note is a comment with `public: false`, which customers never see. It carries the act's marker, and is found again in
the ticket's own comments, which are read by the ticket's id and not from an index. A tag is added beside the others, so
that adding it twice is adding it once.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import InitVar, dataclass, field
from datetime import datetime, timedelta

from bot.acts import Absent, Act, Finding, Found, Hint, Receipt, Sighting, Undecided
from bot.ports import Refused, Unavailable, Unknown
from connectors.zendesk.account import Account
from connectors.zendesk.pen import CLOSED, Gone, Pen
from connectors.zendesk.rows import Row, key_of, list_of, row, text_of, time_of

NOTE, TAG = "zendesk.note", "zendesk.tag"
_PAGE, _PAGES = 100, 50  # Zendesk takes at most 5,000 comments on a ticket (its page "Ticket limits")
_NAME = "zendesk write"
_LATER = "Try again; see Zendesk's status page and your network."


@dataclass(frozen=True, kw_only=True, eq=False)
class Linkback:
    """A `bot.ports.Linkback`. Making one touches no network; the token stays in its session and in no repr.

    `timeout`: seconds for one answer. `settle`: seconds after a mark from which on a request is no longer under way, at
    Zendesk's end either; `find` proves nothing before.
    """

    subdomain: str
    token: InitVar[str]
    email: str | None = field(default=None, repr=False)
    base_url: str | None = None
    timeout: float = 10.0
    settle: float = 120.0
    _pen: Pen = field(init=False, repr=False)
    _account: Account = field(init=False, repr=False)

    def __post_init__(self, token: str) -> None:
        account = Account(self.subdomain, token, self.email, self.base_url)
        object.__setattr__(self, "_account", account)
        object.__setattr__(self, "_pen", Pen(account, self.timeout))

    def check(self) -> Sequence[Finding]:
        """Whether the token may write: its owner's role, and of an OAuth token the scopes."""
        try:
            return [self._owner(), *([] if self.email else [self._scopes()])]
        except Refused as refused:
            return [Finding(_NAME, "fail", str(refused), "Mend that, or set sources.zendesk.linkback to off.")]
        except Unavailable as away:
            return [Finding(_NAME, "fail", str(away), _LATER)]

    # --- the outlet

    def mark(self, act: Act) -> Hint:
        """The time by Zendesk's clock. What can't be changed any more is refused here, before anything is sent."""
        ticket = _ticket_of(act)
        reply = self._pen.read(f"tickets/{ticket}")
        status = text_of(row(reply.data.get("ticket")), "status")
        if status in ("closed", "deleted"):
            raise Refused(f"Ticket {ticket}: {CLOSED if status == 'closed' else 'it was deleted in Zendesk'}.")
        return {"at": _known(reply.at).isoformat()}

    def do(self, act: Act) -> Receipt:
        """A note is looked for first: a person may have asked to send again what is there."""
        ticket = _ticket_of(act)
        if act.kind == TAG:
            self._pen.tag(ticket, str(act.payload["tag"]))
            return self._receipt(ticket)
        if there := self.twins(act):
            return there[0]
        made = self._pen.note(ticket, str(act.payload["body"]))
        if made is None:
            raise Unknown("Zendesk answered without the id of the note")
        return self._receipt(ticket, made)

    def find(self, act: Act, hint: Hint) -> Sighting:
        """Absent is proven by the ticket itself: each comment made since the mark was read, and is another's."""
        ticket = _ticket_of(act)
        try:
            if act.kind == TAG:
                return Found(self._receipt(ticket)) if self.twins(act) else Absent()
            since = datetime.fromisoformat(str(hint["at"])) if "at" in hint else None
            now = _known(self._pen.read(f"tickets/{ticket}").at)
            return self._sighting(act, since, now)
        except Refused as why:
            return Undecided(str(why))

    def twins(self, act: Act) -> Sequence[Receipt]:
        ticket = _ticket_of(act)
        try:
            if act.kind == TAG:
                tags = list_of(row(self._pen.read(f"tickets/{ticket}").data.get("ticket")), "tags")
                return [self._receipt(ticket)] if str(act.payload["tag"]) in tags else []
            made = [key_of(c, "id") for c in self._comments(ticket) if _is_of(c, act)]
        except Gone:
            return []  # and with the ticket its comments; else no later act could be verified
        return [self._receipt(ticket, number) for number in sorted(n for n in made if n is not None)]

    # --- details

    def _sighting(self, act: Act, since: datetime | None, now: datetime) -> Sighting:
        if since is None:
            return Undecided("no time was taken before it was sent")
        for comment in self._comments(_ticket_of(act)):  # the newest first
            if _is_of(comment, act):
                return Found(self._receipt(_ticket_of(act), key_of(comment, "id")))
            if _before(comment, since):
                break
            if not text_of(comment, "body", "plain_body"):
                return Undecided("a comment that was made since doesn't show whose it is")
        if now < since + timedelta(seconds=self.settle):
            return Undecided("it was sent too recently to be ruled out")
        return Absent()

    def _comments(self, ticket: int) -> Iterator[Row]:
        """All of them, the newest first. Raises Unavailable, Refused, Gone."""
        asked = {"page[size]": str(_PAGE), "sort": "-created_at"}
        for _ in range(_PAGES):
            told = self._pen.read(f"tickets/{ticket}/comments", asked).data
            listed = told.get("comments")
            if not isinstance(listed, list):
                raise Unavailable("Zendesk's answer is not a list of comments")
            yield from map(row, listed)
            meta = row(told.get("meta"))
            if not meta.get("has_more"):
                return
            asked["page[after]"] = text_of(meta, "after_cursor")
        raise Refused(f"Ticket {ticket} has more comments than can be read.")

    def _owner(self) -> Finding:
        who = row(self._pen.read("users/me").data.get("user"))
        if text_of(who, "role") not in ("agent", "admin"):
            mend = "Use a token of an agent or admin (sources.zendesk.token), or set sources.zendesk.linkback to off."
            return Finding(_NAME, "fail", "The Zendesk token's owner may not write on tickets.", mend)
        shown = text_of(who, "email", "name")
        return Finding(_NAME, "ok", f"links to issues are put on tickets as {shown}, {text_of(who, 'role')}")

    def _scopes(self) -> Finding:
        """developer.zendesk.com, "OAuth Tokens", Show Current Token."""
        scopes = list_of(row(self._pen.read("oauth/tokens/current").data.get("token")), "scopes")
        if {"write", "tickets:write"}.isdisjoint(map(str, scopes)):
            mend = "Make an OAuth token with the scopes read and write, or set sources.zendesk.linkback to off."
            return Finding(_NAME, "fail", "The Zendesk token's scopes allow no writing on tickets.", mend)
        return Finding(_NAME, "ok", "the token's scopes allow writing on tickets")

    def _receipt(self, ticket: int, comment: int | None = None) -> Receipt:
        number = "" if comment is None else f"#{comment}"
        return Receipt(f"{ticket}{number}", self._account.page_of(str(ticket)))


def _ticket_of(act: Act) -> int:
    """It becomes a part of an address, so it must be a number."""
    ticket = str(act.payload["ticket"])
    if not ticket.isascii() or not ticket.isdecimal():
        raise Refused(f"{ticket[:40]!r} is not the id of a ticket in Zendesk.")
    return int(ticket)


def _is_of(comment: Row, act: Act) -> bool:
    return f"groundswell-op-{act.marker}" in text_of(comment, "plain_body", "body")


def _before(comment: Row, since: datetime) -> bool:
    """Made before that second; without a time that can be read, it may have been made since."""
    try:
        at = time_of(comment, "created_at")
    except ValueError:
        return False
    return at is not None and at < since.replace(microsecond=0)


def _known(at: datetime | None) -> datetime:
    if at is None:
        raise Unavailable("Zendesk's answer has no Date header, by which a later look could be trusted")
    return at
