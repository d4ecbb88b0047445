"""The incremental cursor export: every ticket that changed, in the order of its last change. For admins alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bot.ports import Unavailable
from connectors.zendesk.declined import Declined
from connectors.zendesk.place import DAY, UNKNOWN_CURSOR, Batch, Place
from connectors.zendesk.progress import Progress
from connectors.zendesk.rows import Row, key_of, row, seconds_of
from connectors.zendesk.wire import Line, promised

_PER_PAGE = 1_000
_INCLUDE = ("users", "organizations")
_TRIES = 3  # of one cursor: a page may come twice by accident
_HELD_BACK = 60  # seconds: the last minute is not shown, and a start within it is an error (the API's `start_time`)


@dataclass(frozen=True, slots=True)
class Export:
    """Raises Declined (403: the token is no admin's) and Unavailable."""

    line: Line
    now: Callable[[], datetime]
    tell: Callable[[str], None]

    def batches(self, place: Place, since: int) -> Iterator[Batch]:
        """From `place`, or from the second `since` where that holds no cursor, to the end of Zendesk's stream.

        Each page is asked for by its cursor: links in an answer are not followed (VENDORS.md 2.1).
        """
        progress, stuck, ended = Progress(), 0, False
        while not ended:
            shown_until = int(self.now().timestamp()) - _HELD_BACK
            answer = self._page(place, min(since, shown_until - 1))
            rows = tuple(map(row, answer.values or ()))
            cursor, ended = getattr(answer, "after_cursor", None), getattr(answer, "end_of_stream", None) is True
            after = cursor if isinstance(cursor, str) else None
            if not ended and (not after or after == place.after):
                stuck += 1
                if not after or stuck == _TRIES:
                    raise Unavailable(
                        "Zendesk's export does not go on: it answers with the cursor that it was asked for."
                    )
                continue
            stuck = 0
            progress.note((_changed(r), key_of(r, "id")) for r in rows)
            # RELIABILITY 5: at its end the stream has shown all but the minute that it holds back, and never more.
            newest = max(map(_changed, rows), default=0)
            high = max(place.high or 0, shown_until if ended else min(newest, shown_until))
            place = Place("export", after or place.after, high or None)
            yield Batch(rows, place)

    def _page(self, place: Place, since: int) -> Any:
        if place.after:
            try:
                return self._asked(cursor=place.after)
            except Declined as declined:
                if declined.status not in UNKNOWN_CURSOR:
                    raise
                self.tell("Zendesk does not know our place any more; going back a day before it")
        # RELIABILITY 8, row 30. Callers upsert by id, so a day twice is a day once.
        return self._asked(start_time=max(since if place.high is None else place.high - DAY, 0), per_page=_PER_PAGE)

    def _asked(self, **where: Any) -> Any:
        with promised():
            answer = self.line.zenpy.tickets.incremental(include=_INCLUDE, **where)
            _ = answer.values  # an answer without tickets has none
            return answer


def _changed(found: Row) -> int:
    """The second of the last change, which orders the export; `updated_at` leaves out what the system did."""
    stamp = key_of(found, "generated_timestamp")
    return seconds_of(found, "updated_at") if stamp is None else stamp
