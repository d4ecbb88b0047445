"""Intercom's search as a walk needs it: pages of items, marks, and what can't be read said instead of left out."""

from __future__ import annotations

from bot.domain import Reject
from bot.ports import Unavailable
from connectors.intercom import reading
from connectors.intercom.walk import Item, Results
from connectors.intercom.wire import Denied, Gone, Json, Kind, Unfit, Wire


class Searching:
    """What changed among the conversations, or among the tickets of a workspace that has them.

    `unread`: why nothing of it could be read, in a sentence. `rejects`: results that nothing can be made of.
    """

    def __init__(self, wire: Wire, what: Kind) -> None:
        self._wire = wire
        self._what = what
        self._nameless = False
        self.unread: str | None = None

    def __call__(self, since: int, mark: str | None) -> Results:
        try:
            return self._page(self._wire.search(self._what, since, mark))
        except Gone as gone:
            if self._what == "conversations":
                raise Denied("this address has no conversations to search", "check sources.intercom.region.") from gone
        except Denied as denied:
            if self._what == "conversations":
                raise
            self.unread = str(denied)
        return Results(())

    def latest(self, since: int) -> int | None:
        try:
            items = self._page(self._wire.latest(self._what, since)).items
        except Unfit:
            return None
        return items[0].changed if items else None

    @property
    def rejects(self) -> tuple[Reject, ...]:
        where = f"Intercom, search for {self._what}"
        return (Reject(where, "a result has no id that can be read"),) if self._nameless else ()

    def _page(self, told: Json) -> Results:
        listed = told.get(self._what, told.get("data"))
        following = reading.thing(told.get("pages")).get("next")
        if not isinstance(listed, list) or not isinstance(following, dict | None):
            raise Unavailable(f"Intercom's search for {self._what} answers in a form that is not its own; try later.")
        items = [item for item in map(_item, listed) if item is not None]
        self._nameless = self._nameless or len(items) < len(listed)
        mark = (following or {}).get("starting_after")
        total = told.get("total_count")
        return Results(items, str(mark) if mark else None, total if isinstance(total, int) else None)


def _item(told: object) -> Item | None:
    row = reading.thing(told)
    key = reading.key(row.get("id"))
    changed = reading.second(row.get("updated_at")) or reading.second(row.get("created_at"))
    return None if key is None else Item(key, changed, row)
