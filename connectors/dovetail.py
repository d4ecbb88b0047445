"""Dovetail as a sink: a doc for an approved theme, and its tickets' masked texts in a channel (VENDORS 8.2, API v1).

Dovetail keeps no key of ours: a doc is found by the marker at the end of its title, a data point by that in its
metadata or in the title of its source. Nothing is ever deleted. A ticket's text is asked for when it is sent, and not
planned: what was withdrawn meanwhile doesn't go out, and is in no effect's payload.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import InitVar, dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from bot import phrases
from bot.acts import Absent, Act, Draft, Finding, Found, Hint, Receipt, Sighting, Undecided, effect_key
from bot.domain import Evidence, Ticket
from bot.ports import Refused, Unavailable, Unknown
from connectors.bearer import Cut, Wire
from connectors.markup import followable, link, listed, text

DOC, TRANSCRIPT, WITHDRAWAL = "dovetail.doc", "dovetail.transcript", "dovetail.withdraw"
WITHDRAWN = "Withdrawn: "
Item = Mapping[str, Any]
Transcripts = Callable[[str, str], Ticket | None]  # (run key, shown id) -> the masked ticket

_TITLE, _SOURCE_TITLE, _SOURCE_URL, _METADATA = 200, 100, 2_000, 100  # characters (Dovetail's reference)
_WARN = timedelta(days=7)
_TOKEN = "GROUNDSWELL_DOVETAIL__TOKEN"  # noqa: S105 - where it stands, not what it is
_LATER = "Try again later; if it lasts, look at dovetail.base_url and at Dovetail's status page."


@dataclass(frozen=True, kw_only=True, eq=False)
class Dovetail:
    """A `bot.ports.Sink`. Making one touches no network.

    `project`: the id of the project that docs are made in; `channel`: that of a channel of support tickets.
    `token_ends`: the day on which the token ends, where Dovetail doesn't tell (they live 30 days). `settle`: seconds
    after a mark from which on what was sent is no longer under way; `find` proves nothing before.
    """

    token: InitVar[str]
    project: str
    channel: str
    transcripts: Transcripts = field(repr=False)
    base_url: str = "https://dovetail.com/api/v1"
    token_ends: date | None = None
    timeout: float = 10.0
    settle: float = 120.0
    _wire: Wire = field(init=False, repr=False)

    def __post_init__(self, token: str) -> None:
        if not all(c.isalnum() or c in "-_" for c in self.channel):  # it becomes a part of an address
            raise ValueError("dovetail.channel is the channel's id, of letters and digits: it stands in its address")
        object.__setattr__(self, "_wire", Wire("Dovetail", self.base_url, token, self.timeout))

    # --- planning

    def plan(self, draft: Draft) -> Sequence[Act]:
        key = _key(DOC, draft)
        content = "".join(_content(draft))
        payload = {"title": f"{_title(draft)} · {key[:16]}", "content": content, "project": self.project}
        return [Act(key, DOC, "Dovetail", payload), *(self._transcript(draft, row) for row in draft.theme.evidence)]

    def _transcript(self, draft: Draft, row: Evidence) -> Act:
        at = row.created_at or draft.approved_at  # Dovetail requires a time
        payload = {
            "ticket": row.ticket_id,
            "run": draft.run_key,
            "at": at.isoformat(),
            "url": row.url if row.url and followable(row.url) and len(row.url) <= _SOURCE_URL else None,
            "theme": draft.theme.id,
            "theme_name": phrases.line(draft.theme.words.name)[:_METADATA],
            "source": row.source[:_METADATA],
        }
        key = _key(TRANSCRIPT, draft, f"{row.source}:{row.ticket_id}")
        return Act(key, TRANSCRIPT, "Dovetail", payload, after=_key(DOC, draft))

    def withdrawal(self, draft: Draft, made: Receipt) -> Sequence[Act]:
        """The doc's title says it; the transcripts are what customers wrote, and stay."""
        key, doc = _key(WITHDRAWAL, draft), _key(DOC, draft)
        return [Act(key, WITHDRAWAL, "Dovetail", {}, after=doc, repeatable=True, parent=made.ref)]

    # --- looking at it

    def check(self) -> Sequence[Finding]:
        try:
            reply = self._wire.read("token/info")
            self._wire.read("docs", {"page[limit]": 1})
            self._wire.read(f"channels/{self.channel}/data", {"page[limit]": 1})
        except Refused as refused:
            mend = f"Put a valid token into {_TOKEN}; look at dovetail.project and dovetail.channel."
            return [Finding("dovetail", "fail", str(refused), mend)]
        except Unavailable as away:
            return [Finding("dovetail", "fail", str(away), _LATER)]
        return [Finding("dovetail", "ok", "docs and the channel can be read"), *self._ending(reply.data, reply.at)]

    def _ending(self, told: Item, now: datetime | None) -> Iterator[Finding]:
        """A token that is about to end is warned of: Dovetail's live 30 days."""
        end = _end(told) or self.token_ends
        if end is None or now is None:
            yield Finding("dovetail token", "ok", "its end is not told; Dovetail's tokens live 30 days")
            return
        left = (end - now.date()).days
        state = "ends today" if left == 0 else f"ends in {phrases.count(left, 'day')}" if left > 0 else "has ended"
        if left > _WARN.days:
            yield Finding("dovetail token", "ok", f"the token {state}")
        else:
            mend = f"Make a new one in Dovetail's settings (Personal API keys) and put it into {_TOKEN}."
            yield Finding("dovetail token", "warn", f"the token {state} ({end.isoformat()})", mend)

    # --- the outlet

    def mark(self, act: Act) -> Hint:
        return {"at": self._wire.clock("token/info").isoformat()}

    def do(self, act: Act) -> Receipt:
        ways: dict[str, Callable[[Act], Receipt]] = {
            DOC: self._doc,
            TRANSCRIPT: self._data_point,
            WITHDRAWAL: self._withdraw,
        }
        return ways[act.kind](act)

    def find(self, act: Act, hint: Hint) -> Sighting:
        """Absent is proven by the whole list: every item that was made since shows that it is another's."""
        try:
            if act.kind == WITHDRAWAL:
                return Found(_doc_receipt(act.parent)) if self._title(act).startswith(WITHDRAWN) else Absent()
            return self._sighting(act, hint)
        except (Refused, Cut) as why:
            return Undecided(str(why))

    def twins(self, act: Act) -> Sequence[Receipt]:
        if act.kind == WITHDRAWAL:
            self._title(act)
            return [_doc_receipt(act.parent)]
        try:
            return self._made(act)
        except Cut as cut:
            raise Unavailable(str(cut)) from None

    # --- writing

    def _doc(self, act: Act) -> Receipt:
        told = act.payload
        body = {"project_id": told["project"], "title": told["title"], "content": told["content"]}
        return _doc_receipt(self._create("docs", {**body, "content_type": "html"}))

    def _data_point(self, act: Act) -> Receipt:
        """Looks first: a person may have asked to send again what is there."""
        there = self._made(act)
        return there[0] if there else Receipt(self._create("channels/data", self._point(act)))

    def _point(self, act: Act) -> Mapping[str, Any]:
        told = act.payload
        ticket = self.transcripts(str(told["run"]), str(told["ticket"]))
        said = "\n\n".join(part for part in (ticket.subject, ticket.body) if part.strip()) if ticket else ""
        if not said:
            raise Refused(f"The text of {told['ticket']} is not kept any more, so nothing was sent.")
        ours = {name: told[name] for name in ("theme", "theme_name", "source", "ticket")}
        return {
            "channel_id": self.channel,
            "text": phrases.visible(said),
            "timestamp": told["at"],
            "source_title": f"{phrases.clip(phrases.line(str(told['ticket'])), 70)} · {act.marker}"[:_SOURCE_TITLE],
            "metadata": {**{k: str(v)[:_METADATA] for k, v in ours.items()}, "groundswell": act.marker},
            **({"source_url": told["url"]} if told["url"] else {}),
        }

    def _create(self, path: str, body: Mapping[str, Any]) -> str:
        """The id of what was made: all that Dovetail's answer is sure to hold."""
        made = self._wire.write("POST", path, body).get("data")
        if not isinstance(made, dict) or not made.get("id"):
            raise Unknown("Dovetail answered without the id of what it made")
        return str(made["id"])

    def _withdraw(self, act: Act) -> Receipt:
        """Puts a word before the doc's title, whatever that is by now."""
        title = self._title(act)
        if not title.startswith(WITHDRAWN):
            self._wire.write("PATCH", f"docs/{act.parent}", {"title": f"{WITHDRAWN}{title}"})
        return _doc_receipt(act.parent)

    # --- reading

    def _title(self, act: Act) -> str:
        item = self._wire.read(f"docs/{act.parent}").data.get("data")
        if not isinstance(item, dict) or not item.get("id"):
            raise Unavailable("Dovetail's answer is not a doc")
        return str(item.get("title") or "")

    def _made(self, act: Act) -> list[Receipt]:
        found = [item for item in self._list(act) if _is_of(item, act)]
        return [_receipt(act, item) for item in sorted(found, key=lambda i: str(i.get("created_at")))]

    def _sighting(self, act: Act, hint: Hint) -> Sighting:
        early = self._too_early(hint)  # the clock first: a look after the time is a look that proves
        since = datetime.fromisoformat(str(hint["at"])) if "at" in hint else None
        for item in self._list(act):
            if _is_of(item, act):
                return Found(_receipt(act, item))
            if since and _since(item, since) and not _tells(item, act):
                early = early or Undecided("something that was made since doesn't show whose it is")
        return early or Absent()

    def _too_early(self, hint: Hint) -> Undecided | None:
        if "at" not in hint:
            return Undecided("no time was taken before it was sent")
        due = datetime.fromisoformat(str(hint["at"])) + timedelta(seconds=self.settle)
        early = self._wire.clock("token/info") < due
        return Undecided("it was sent too recently to be ruled out") if early else None

    def _list(self, act: Act) -> Iterator[Item]:
        path = "docs" if act.kind == DOC else f"channels/{self.channel}/data"
        for reply in self._wire.pages(path, {"page[limit]": 100}, "page[start_cursor]"):
            items = reply.data.get("data")
            if not isinstance(items, list):
                raise Unavailable("Dovetail's answer is not a list")
            yield from (item for item in items if isinstance(item, dict) and item.get("id"))


# --- words


def _key(kind: str, draft: Draft, *more: str) -> str:
    return effect_key(kind, draft.workspace, ":".join((draft.theme.id, str(draft.generation), *more)))


def _title(draft: Draft) -> str:
    words = draft.theme.words
    return phrases.clip(phrases.line(words.title) or phrases.line(words.name) or draft.theme.id, _TITLE - 30)


def _content(draft: Draft) -> Iterator[str]:
    theme, words = draft.theme, draft.theme.words
    yield f"<p>{text(words.problem)}</p><p>{text(words.user_story)}</p>"
    yield f"<p>{text(phrases.size(theme))}, {text(phrases.window_days(draft.window))}. "
    yield f"Severity {draft.item.severity.value} ({text(phrases.why(draft.item))}).</p>"
    yield listed([f"“{text(quote.text)}” {text(quote.ticket_id)}" for quote in theme.quotes])
    yield f"<h3>{phrases.count(len(theme.evidence), 'ticket')}</h3>"
    yield listed([link(row) for row in theme.evidence])
    yield f"<p>Drafted by Groundswell from support tickets, theme {text(theme.id)}.</p>"


# --- answers


def _end(told: Item) -> date | None:
    """The day on which the token ends, as `token/info` may tell it."""
    data = told.get("data", told)
    for name in ("expires_at", "expiresAt", "expiry"):
        said = data.get(name) if isinstance(data, dict) else None
        try:
            return datetime.fromisoformat(str(said)).date() if said else None
        except ValueError:
            continue
    return None


def _marks(item: Item) -> str:
    metadata = item.get("metadata")
    ours = metadata.get("groundswell") if isinstance(metadata, dict) else None
    return f"{ours or ''} {item.get('source_title') or ''}".strip()


def _is_of(item: Item, act: Act) -> bool:
    return act.marker in (str(item.get("title") or "") if act.kind == DOC else _marks(item))


def _tells(item: Item, act: Act) -> bool:
    """Whether it would show that it is ours, if it were: a doc by its title, a data point by its source or metadata."""
    return bool(item.get("title")) if act.kind == DOC else bool(_marks(item) or item.get("metadata"))


def _since(item: Item, at: datetime) -> bool:
    """Made at that time or later; without a time that can be read, it may have been."""
    try:
        return datetime.fromisoformat(str(item.get("created_at"))) >= at
    except (ValueError, TypeError):
        return True


def _receipt(act: Act, item: Item) -> Receipt:
    return _doc_receipt(str(item["id"])) if act.kind == DOC else Receipt(str(item["id"]))


def _doc_receipt(number: str | None) -> Receipt:
    return Receipt(str(number), f"https://dovetail.com/docs/{number}")
