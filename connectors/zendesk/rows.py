"""zenpy's objects back as the JSON that they were made of: one shape, wherever a ticket comes from."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from zenpy.lib.api_objects import BaseObject

Row = Mapping[str, Any]  # decoded JSON; every field may be missing or of another type


def row(thing: Any) -> Row:
    """The fields of a zenpy object; anything else that is not a mapping gives none."""
    if isinstance(thing, BaseObject):
        return {k: _plain(v) for k, v in vars(thing).items() if not k.startswith("_") and k != "api"}
    return thing if isinstance(thing, Mapping) else {}


def _plain(value: Any) -> Any:
    return row(value) if isinstance(value, BaseObject) else value


def text_of(found: Row, *names: str) -> str:
    """The first of the fields that holds a text, "" if none does."""
    return next((v for v in (found.get(n) for n in names) if isinstance(v, str) and v), "")


def key_of(found: Row, name: str) -> int | None:
    value = found.get(name)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def list_of(found: Row, name: str) -> list[Any]:
    value = found.get(name)
    return value if isinstance(value, list) else []


def time_of(found: Row, name: str) -> datetime | None:
    """Aware, in UTC; None if the field says nothing. Raises ValueError if it says something that is no time."""
    said = text_of(found, name)
    if not said:
        return None
    at = datetime.fromisoformat(said)
    try:
        return at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)
    except OverflowError as error:
        raise ValueError("a time beyond all times") from error


def seconds_of(found: Row, name: str) -> int:
    """The same in seconds; -1 if it is none."""
    try:
        at = time_of(found, name)
    except ValueError:
        return -1
    return -1 if at is None else int(at.timestamp())
