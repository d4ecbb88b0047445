"""Where a read stands: what our cursor says, so that another process can go on from there on another day."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Literal

from connectors.zendesk.rows import Row

DAY = 86_400  # seconds
UNKNOWN_CURSOR = frozenset({400, 410, 422})  # how Zendesk answers to a cursor that it does not know (any more)
Seen = tuple[tuple[int, str], ...]  # (ticket id, its updated_at as Zendesk wrote it)


@dataclass(frozen=True, slots=True)
class Place:
    """`after` is Zendesk's own cursor; `high` the second up to which all was handed over, None as long as unknown.

    Within a search, `since` and `began` are its bounds, in seconds, and `seen` what it has handed over of the minutes
    that the next search looks at once more.
    """

    way: Literal["export", "search"] = "export"
    after: str | None = None
    high: int | None = None
    since: int | None = None
    began: int | None = None
    seen: Seen = ()

    def written(self) -> str:
        return json.dumps({k: v for k, v in asdict(self).items() if v not in (None, ())}, separators=(",", ":"))

    @property
    def high_water(self) -> datetime | None:
        return None if self.high is None else datetime.fromtimestamp(self.high, UTC)


@dataclass(frozen=True, slots=True)
class Batch:
    """Rows as Zendesk has them, and the place after them."""

    rows: tuple[Row, ...]
    place: Place


def place_of(cursor: str | None) -> Place:
    """What `Place.written` wrote. Anything else is no place at all: the read starts where it may."""
    try:
        found = json.loads(cursor or "")
        seen = tuple((int(key), str(at)) for key, at in found.get("seen", ()))
        place = Place(**{**found, "seen": seen})
        _ = place.high_water
    except (ValueError, TypeError, AttributeError, OverflowError, OSError):
        return Place()
    whole = all(n is None or type(n) is int for n in (place.high, place.since, place.began))
    return place if whole and place.way in ("export", "search") and isinstance(place.after, str | None) else Place()
