"""Intercom's JSON -> tickets. Pure; a field that is missing or mistyped reads as none, never as a crash.

The SDK checks nothing (VENDORS 3.1), so nothing here may trust a type. Shapes: API description 2.14, "Conversation",
"Ticket", "Conversation part".
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from inscriptis import get_text
from inscriptis.css_profiles import CSS_PROFILES
from inscriptis.model.config import ParserConfig

from bot.domain import AccountHint, Requester, Ticket

Json = dict[str, Any]
SOURCE = "intercom"
PARTS = 500  # "we will return the 500 most recent" (2.14, GET /conversations/{id})
LONGEST = 100_000  # characters of a body; a problem is told long before that, and a page holds 150 of them
_CUSTOMERS = frozenset({"user", "lead", "contact"})
STAFF = frozenset({"admin", "bot", "team", "operator"})
# Bodies as Intercom stores them are whole elements; a customer who types "<p>" in a sentence writes no such thing.
_HTML = re.compile(
    r"\s*<(?:p|div|h[1-6]|ul|ol|table|pre|blockquote|img|b|i|a|br)\b[^<>]*>.*(?:</\w+>|/?>)\s*", re.DOTALL
)
_UNPARSEABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff]")  # lxml refuses them
_AREA = ("product area", "area")
_INTERNAL = frozenset({"back-office", "tracker"})  # tickets of the team's own making (2.14, "Ticket", category)


def word(value: Any) -> str | None:
    """A text or an id; ids come as numbers, too."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        return None
    return str(value).strip() or None


def key(value: Any) -> str | None:
    """An id that may stand in a path and in a link."""
    told = word(value)
    return told if told and re.fullmatch(r"[A-Za-z0-9_-]{1,100}", told) else None


def second(value: Any) -> int | None:
    """Unix seconds; nothing that can't be a time of this age."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < 10**11:
        return None
    return int(value)


def at(value: Any) -> datetime | None:
    told = second(value)
    return datetime.fromtimestamp(told, UTC) if told is not None else None


def thing(value: Any) -> Json:
    return value if isinstance(value, dict) else {}


def things(value: Any, name: str = "data") -> list[Json]:
    """The objects of a list, which Intercom wraps: `{"tags": {"tags": [..]}}`."""
    inner = value.get(name, value.get("data")) if isinstance(value, dict) else value
    return [v for v in inner if isinstance(v, dict)] if isinstance(inner, list) else []


def plain(value: Any) -> str:
    """What a person saw. `display_as=plaintext` leaves nothing to do; tickets and older answers come as HTML."""
    text = value[: 10 * LONGEST] if isinstance(value, str) else ""
    if not _HTML.fullmatch(text):
        return text.strip()
    config = ParserConfig(css=CSS_PROFILES["strict"], display_links=False)
    shown = get_text(_UNPARSEABLE.sub("", text), config)
    return "\n".join(line.strip() for line in shown.split("\n")).strip()


def by_customer(said: Json) -> bool:
    """Written by a customer and not taken back; never a note, an agent's or a bot's words."""
    author = thing(said.get("author"))
    ours = author.get("from_ai_agent") is True or said.get("redacted") is True or said.get("part_type") == "note"
    return author.get("type") in _CUSTOMERS and not ours


def by_staff(said: Json) -> bool:
    return thing(said.get("author")).get("type") in STAFF


def messages(told: Json) -> list[Json]:
    """Everything that was written in a conversation or a ticket, the first message first."""
    source = told.get("source")
    parts = [source] if isinstance(source, dict) else []
    parts += things(told.get("conversation_parts"), "conversation_parts")
    return parts + things(told.get("ticket_parts"), "ticket_parts")


def customers_parts(told: Json) -> list[Json]:
    """The customer's own messages, the first one first."""
    return [part for part in messages(told) if by_customer(part)]


def is_struck(told: Json) -> bool:
    """A message was redacted: what it said must stand nowhere any more."""
    return any(part.get("redacted") is True for part in messages(told))


def contacts(told: Json) -> list[Json]:
    return things(told.get("contacts"), "contacts")


def is_cut(told: Json, body: str) -> bool:
    """Not all of it could be read: Intercom's limit of parts, or ours of characters."""
    count = thing(told.get("conversation_parts")).get("total_count")
    return len(body) >= LONGEST or (isinstance(count, int) and count > PARTS)


def tag_names(told: Json) -> tuple[str, ...]:
    names = (word(tag.get("name")) for tag in things(told.get("tags"), "tags"))
    return tuple(dict.fromkeys(name for name in names if name))


def _merged(told: Json) -> tuple[str, ...]:
    """Of a conversation that was merged into another one; what remains is closed, and its text stands there, too.

    The description doesn't list the part, Intercom sends it: on the one that survives it is called merged_primary_...
    """
    parts = things(told.get("conversation_parts"), "conversation_parts")
    merged = any(part.get("part_type") == "merged_secondary_conversation" for part in parts)
    return ("closed_by_merge",) if merged else ()


def is_excluded(told: Json, teams: frozenset[str], tags: frozenset[str]) -> bool:
    """`teams` are ids, `tags` names or ids, casefolded."""
    team = word(told.get("team_assignee_id"))
    named = {n.casefold() for tag in things(told.get("tags"), "tags") for n in _names(tag)}
    return (team is not None and team.casefold() in teams) or not tags.isdisjoint(named)


def _names(tag: Json) -> Iterator[str]:
    yield from filter(None, (word(tag.get("name")), word(tag.get("id"))))


def conversation(told: Json, id_: str, who: Requester, account: AccountHint, url: str | None) -> Ticket:
    """`told` is what GET /conversations/{id} answers. A subject that our side wrote is not the customer's."""
    source = thing(told.get("source"))
    subject = plain(told.get("title")) or plain(source.get("subject"))
    priority = word(told.get("priority"))
    return Ticket(
        source=SOURCE,
        key=id_,
        subject="" if by_staff(source) or source.get("redacted") is True else subject,
        body=_body(customers_parts(told)),
        requester=who,
        account=account,
        created_at=at(told.get("created_at")),
        updated_at=at(told.get("updated_at")),
        url=url,
        status=word(told.get("state")),
        priority=None if priority == "not_priority" else priority,
        tags=(*tag_names(told), *_merged(told)),
        area=_area(told.get("custom_attributes")),
    )


def ticket(told: Json, id_: str, who: Requester, account: AccountHint, url: str | None) -> Ticket:
    """`told` is one of tickets/search: title and description are attributes, and its parts come with it."""
    attributes = thing(told.get("ticket_attributes"))
    described = plain(attributes.get("_default_description_"))
    state = thing(told.get("ticket_state"))
    return Ticket(
        source=SOURCE,
        key=f"ticket-{id_}",
        subject=plain(attributes.get("_default_title_")),
        body=_joined([described, _body(customers_parts(told))]),
        requester=who,
        account=account,
        created_at=at(told.get("created_at")),
        updated_at=at(told.get("updated_at")),
        url=url,
        status=word(state.get("category")) or word(told.get("ticket_state")),
        tags=tag_names(told),
        area=_area(attributes),
    )


def is_internal(told: Json) -> bool:
    kind = word(told.get("category")) or word(thing(told.get("ticket_type")).get("category")) or ""
    return kind.casefold() in _INTERNAL


def conversation_behind(told: Json) -> str | None:
    """The conversation that a ticket was made of: it carries the customer's words, and the two are one request."""
    linked = (o for o in things(told.get("linked_objects")) if o.get("type") == "conversation")
    return next(filter(None, (key(o.get("id")) for o in linked)), None)


def _body(parts: list[Json]) -> str:
    return _joined([plain(part.get("body")) for part in parts])


def _joined(texts: list[str]) -> str:
    return "\n\n".join(text for text in texts if text)[:LONGEST]


def _area(attributes: Any) -> str | None:
    folded: Mapping[str, Any] = {str(k).casefold(): v for k, v in thing(attributes).items()}
    return next(filter(None, (word(folded.get(name)) for name in _AREA)), None)
