"""Whether a read gets ahead: servers have been seen to answer for ever (RELIABILITY section 8, row 31)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from bot.ports import Unavailable

_PATIENT_PAGES = 20


@dataclass(slots=True)
class Progress:
    """A listing is ordered by some rising number; `top` is the highest so far, `ids` those that have it.

    A page gets ahead if it has a higher number, or another id with the same one: a bulk edit gives thousands of tickets
    the same second.
    """

    top: int | None = None
    ids: frozenset[int | None] = frozenset()
    idle: int = 0

    def note(self, page: Iterable[tuple[int, int | None]]) -> None:
        """`page`: (number, id) of each row. Raises Unavailable when page after page gets nowhere."""
        rows = list(page)
        top = max((number for number, _ in rows), default=None)
        ids = frozenset(key for number, key in rows if number == top)
        if top is not None and (self.top is None or top > self.top):
            self.top, self.ids, self.idle = top, ids, 0
        elif top is not None and top == self.top and not ids <= self.ids:
            self.ids, self.idle = self.ids | ids, 0
        else:
            self.idle += 1
        if self.idle >= _PATIENT_PAGES:
            raise Unavailable(f"Zendesk's listing does not end: {self.idle} pages in succession brought nothing new.")
