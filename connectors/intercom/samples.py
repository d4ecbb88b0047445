"""A few answers of each kind that is read, as they come: for whoever reports that they differ from what we expect."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from datetime import datetime, timedelta
from functools import partial

from bot.ports import Refused
from connectors.intercom import reading
from connectors.intercom.wire import Gone, Json, Unfit, Wire

_FEW = 3

_Named = tuple[str, Json]


def samples(wire: Wire, now: datetime) -> Iterator[_Named]:
    """(name, answer). Raises Denied where not even the workspace can be read, Unavailable."""
    yield "me", wire.me()
    since = int((now - timedelta(days=30)).timestamp())
    found = yield from _asked("conversations-search", lambda: wire.search("conversations", since, None, _FEW))
    conversations = reading.things(found, "conversations")
    for number, key in enumerate(filter(None, (reading.key(c.get("id")) for c in conversations)), 1):
        yield from _asked(f"conversation-{number}", partial(wire.conversation, key))
    people = [c for told in conversations for c in reading.contacts(told)]
    contact = next(filter(None, (reading.key(c.get("id")) for c in people)), None)
    if contact:
        yield from _asked("contact", lambda: wire.contact(contact))
        yield from _asked("contact-companies", lambda: wire.companies_of(contact))
    yield from _asked("tickets-search", lambda: wire.search("tickets", since, None, _FEW))
    yield from _asked("conversations-deleted", lambda: wire.deleted(1))


def _asked(name: str, ask: Callable[[], Json]) -> Generator[_Named, None, Json]:
    """What is refused is an answer, too: it is told instead."""
    try:
        found = ask()
    except (Refused, Gone, Unfit) as declined:
        yield name, {"declined": str(declined) or "not found"}
        return {}
    yield name, found
    return found
