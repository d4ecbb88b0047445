"""The search export, for tokens that are not an admin's: the newest ticket first, and nothing of what was deleted.

zenpy's `search_export` is not used: it puts the type into the query, which the API says is an error, can't go on from a
cursor, and tells no page from the next (VENDORS.md 2.2). Plain search never: it stops at 1,000 without a word.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from bot.ports import Unavailable
from connectors.zendesk.declined import Declined
from connectors.zendesk.place import DAY, UNKNOWN_CURSOR, Batch, Place, Seen
from connectors.zendesk.progress import Progress
from connectors.zendesk.rows import Row, key_of, list_of, row, seconds_of, text_of
from connectors.zendesk.wire import Line

_PER_PAGE = "100"  # the API's own advice: more may time out on archived tickets
_LAG = 600  # seconds that the index may be behind; so much is looked at once more by the next search
_MOST_SEEN = 2_000
_RESTARTS = 3


@dataclass(frozen=True, slots=True)
class Search:
    """Raises Declined and Unavailable."""

    line: Line
    now: Callable[[], datetime]
    tell: Callable[[str], None]

    def batches(self, place: Place, since: int) -> Iterator[Batch]:
        """What changed since the second that `place` knows, or `since`; within a search, what is left of it."""
        place = self._begun(place, since)
        progress, first, restarts = Progress(), None, 0
        while True:
            try:
                answer = self._page(place)
            except Declined as declined:  # a cursor lives for an hour
                restarts += 1
                if not place.after or declined.status not in UNKNOWN_CURSOR or restarts > _RESTARTS:
                    raise
                self.tell("Zendesk does not know our place any more; searching again from the start")
                place = self._begun(replace(place, after=None, began=None), since)
                progress, first = Progress(), None
                continue
            rows = tuple(map(row, list_of(answer, "results")))
            made = [seconds_of(r, "created_at") for r in rows]
            first = made[0] if first is None and made else first
            # The order is by creation; that the newest comes first is nowhere promised.
            progress.note((abs(at - (first or 0)), key_of(r, "id")) for at, r in zip(made, rows, strict=True))
            batch = _batch(rows, place, row(answer.get("meta")))
            yield batch
            place = batch.place
            if not place.after:
                return

    def _begun(self, place: Place, since: int) -> Place:
        if place.began is not None and place.since is not None and place.after:
            return place
        start = since
        if place.since is not None:  # a search that is begun anew
            start = place.since
        elif place.high is not None:
            start = place.high if place.way == "search" else place.high - DAY
        began = int(self.now().timestamp())
        return Place("search", None, place.high, since=start, began=began, seen=place.seen)

    def _page(self, place: Place) -> Row:
        since = datetime.fromtimestamp(max(place.since or 0, 0), UTC)
        asked = {"query": f"updated>={since:%Y-%m-%dT%H:%M:%SZ}", "filter[type]": "ticket", "page[size]": _PER_PAGE}
        if place.after:
            asked["page[after]"] = place.after
        return self.line.get("search/export.json", asked)


def _batch(rows: tuple[Row, ...], place: Place, meta: Row) -> Batch:
    """What is new in a page, and the place after it: within the search, or where the next one begins."""
    new = tuple(r for r in rows if _version(r) not in set(place.seen))
    shown_until = (place.began or 0) - _LAG
    recent = (*place.seen, *(_version(r) for r in new if seconds_of(r, "updated_at") >= shown_until))
    if meta.get("has_more") is True:
        after = text_of(meta, "after_cursor")
        if not after or after == place.after:
            raise Unavailable("Zendesk's search does not go on: it answers with the cursor that it was asked for.")
        return Batch(new, replace(place, after=after, seen=recent))
    high = max(shown_until, place.high or 0)
    return Batch(new, Place("search", high=high, seen=_still_recent(recent, high)))


def _version(found: Row) -> tuple[int, str]:
    return (key_of(found, "id") or 0, text_of(found, "updated_at"))


def _still_recent(seen: Seen, high: int) -> Seen:
    return tuple(v for v in seen if seconds_of({"at": v[1]}, "at") >= high)[-_MOST_SEEN:]
