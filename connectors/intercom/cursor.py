"""The cursor of the Intercom source: three places as JSON, good in another process and on another day."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import Any

from connectors.intercom.walk import LAG, Place

_VERSION = 1


@dataclass(frozen=True, slots=True)
class Cursor:
    conversations: Place
    tickets: Place
    deleted: Place

    @classmethod
    def first(cls, since: int, now: int) -> Cursor:
        """Nothing is read yet. What was deleted before now needs no tombstone."""
        return cls(Place(since), Place(since), Place(now - LAG))

    @classmethod
    def read(cls, text: str) -> Cursor | None:
        """None for what this version has not written."""
        try:
            told = json.loads(text)
            if told["version"] != _VERSION:
                return None
            return cls(_place(told["conversations"]), _place(told["tickets"]), _place(told["deleted"]))
        except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
            return None

    def written(self) -> str:
        places = {name: _told(getattr(self, name)) for name in ("conversations", "tickets", "deleted")}
        return json.dumps({"version": _VERSION, **places}, separators=(",", ":"))


def _told(place: Place) -> dict[str, Any]:
    told: dict[str, Any] = {"second": place.second, "done": dict(place.done)}
    if place.mark is None:
        return told
    return {**told, "mark": place.mark, "ahead": dict(place.ahead), "begun": place.begun}


def _place(told: dict[str, Any]) -> Place:
    known = Place(int(told["second"]), _seconds(told["done"]))
    if "mark" not in told:
        return known
    return replace(known, mark=str(told["mark"]), ahead=_seconds(told["ahead"]), begun=int(told["begun"]))


def _seconds(told: dict[str, Any]) -> dict[str, int]:
    return {str(key): int(changed) for key, changed in told.items()}
