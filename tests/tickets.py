"""Tickets and customers for tests, made in one line."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from bot.domain import AccountHint, Customer, Requester, Ticket

NOON = datetime(2026, 10, 5, 12, tzinfo=UTC)


def ticket(key: str | int, body: str = "", *, subject: str = "", customer: str | None = None, **more: Any) -> Ticket:
    """A ticket of `customer` (an account's name); `more` are fields of Ticket."""
    fields: dict[str, Any] = {
        "source": "file",
        "created_at": NOON,
        "account": AccountHint(name=customer),
        "requester": Requester(),
    }
    return Ticket(key=str(key), subject=subject, body=body, **{**fields, **more})


def known(**who: str) -> dict[str, Customer]:
    """ticket id -> identified customer, from key=name pairs; a name that begins with "?" is nobody known."""
    return {
        f"file:{key}": Customer(f"c:{name}", name, identified=not name.startswith("?")) for key, name in who.items()
    }
