"""A few answers of each kind that is read, as they come: for whoever reports that they differ from what we expect."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from connectors.zendesk.declined import Declined
from connectors.zendesk.rows import Row, key_of, list_of, row
from connectors.zendesk.wire import Line

_FEW = "3"


def samples(line: Line, now: datetime) -> Iterator[tuple[str, Any]]:
    """(name, answer). Raises Declined where not even the token's owner can be read, Unavailable."""
    yield "users-me", line.get("users/me.json", {})
    since = now - timedelta(days=30)
    export = {"start_time": str(int(since.timestamp())), "per_page": _FEW, "include": "users,organizations"}
    tickets: list[Row] = []
    found = yield from _asked(line, "incremental-tickets-cursor", "incremental/tickets/cursor.json", export)
    tickets += map(row, list_of(found, "tickets"))
    query = {
        "query": f"updated>={since.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}",
        "filter[type]": "ticket",
        "page[size]": _FEW,
    }
    found = yield from _asked(line, "search-export", "search/export.json", query)
    tickets += map(row, list_of(found, "results"))
    key = next(filter(None, (key_of(t, "id") for t in tickets)), None)
    if key:
        yield from _asked(line, "ticket-comments", f"tickets/{key}/comments.json", {"page[size]": _FEW})
    yield from _asked(line, "ticket-fields", "ticket_fields.json", {"page[size]": _FEW})
    yield from _asked(line, "brands", "brands.json", {"page[size]": _FEW})


def _asked(line: Line, name: str, path: str, params: dict[str, str]) -> Generator[tuple[str, Any], None, Row]:
    """What is declined is an answer, too: its status is told instead."""
    try:
        found = line.get(path, params)
    except Declined as declined:
        yield name, {"declined": declined.why}
        return {}
    yield name, found
    return found
