"""Everything changed since a moment, out of a search that promises little: pages in order where it sorts, else anyhow.

Intercom's `starting_after` marks are stateless and may expire (its pages on "Pagination & Sorting (Search)"), dates may
be compared by the day of the workspace's zone (2.14, contacts/search), `sort` is taken and not described
(Intercom-OpenAPI issue 114), and the index behind the search lags. So the place kept is a second and what was handed
over since, never a mark alone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, Protocol

from bot.ports import Unavailable

LAG = 120  # seconds after which a change is surely found by a search
_A_DAY = 25 * 3600  # the longest one: where dates are days, `>` begins with the day after
_SAME = 3  # so often the same page may come; more is no accident
_LOST = 3  # so many marks may expire in one walk


class MarkLost(Exception):
    """The search does not know its own mark any more."""


@dataclass(frozen=True, slots=True)
class Item:
    """One result. `changed`: Unix seconds, None where the search does not say."""

    key: str
    changed: int | None
    told: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Results:
    """One page of a search; `mark` begins the next one, None ends it; `total` counts all pages."""

    items: Sequence[Item]
    mark: str | None = None
    total: int | None = None


class Search(Protocol):
    def __call__(self, since: int, mark: str | None) -> Results:
        """What changed at `since` (Unix seconds) or later, the earliest change first if it sorts. Raises MarkLost."""
        ...

    def latest(self, since: int) -> int | None:
        """When the last change of these was, by a search the other way round."""
        ...


@dataclass(frozen=True, slots=True)
class Place:
    """Where a walk goes on: all changed before `second` is handed over, and so is `done` (key -> second of change).

    In the middle of an unsorted search, begun at `begun`, it is `mark` that goes on, and `ahead` is what of later
    changes was handed over.
    """

    second: int = 0
    done: Mapping[str, int] = field(default_factory=dict)
    mark: str | None = None
    ahead: Mapping[str, int] = field(default_factory=dict)
    begun: int | None = None

    def knows(self, key: str, changed: int) -> bool:
        return changed < self.second or changed in (self.done.get(key), self.ahead.get(key))


@dataclass(frozen=True, slots=True)
class Step:
    """The results that are new, each key once, and the place behind them."""

    fresh: tuple[Item, ...]
    place: Place
    total: int | None


class Walk:
    """One pass. `now` gives Unix seconds."""

    def __init__(self, search: Search, place: Place, now: Callable[[], int]) -> None:
        self._search = search
        self._now = now
        self._start = self._place = place
        self._begun = now() if place.begun is None else place.begun
        self._ordered: bool | None = None if place.mark is None else False  # None: not yet shown
        self._exact = False  # whether a search by the second is known to find what it must
        self._bound = place.second
        self._tried = 0  # the last second that was searched for
        self._first: int | None = None
        self._last: int | None = None
        self._pages: Counter[tuple[object, ...]] = Counter()
        self._lost = 0

    @property
    def complete_to(self) -> int:
        """Unix seconds: at the end of the walk, everything changed before is handed over."""
        return self._begun - LAG

    def steps(self) -> Iterator[Step]:
        """Raises Unavailable when the search goes round in circles."""
        results = self._ask(self._start.second - _A_DAY, self._start.mark)
        while True:
            if not self._in_order(results):
                results = self._unordered(results)
            step = self._step(results)
            if step.fresh or results.mark is None:
                yield step
            if results.mark is None:
                return
            results = self._next(results.mark)

    def _step(self, results: Results) -> Step:
        known = self._place if self._ordered else Place(self._start.second, self._start.done, None, self._place.ahead)
        fresh: dict[str, Item] = {}
        handed = {**known.done, **known.ahead}
        for item in results.items:
            changed = known.second if item.changed is None else item.changed
            if not known.knows(item.key, changed):
                fresh[item.key] = item
                handed[item.key] = changed
        self._place = self._behind(handed, results.mark)
        return Step(tuple(fresh.values()), self._place, results.total)

    def _behind(self, handed: Mapping[str, int], mark: str | None) -> Place:
        settled = (self._now() if self._ordered else self._begun) - LAG
        second = max(self._start.second, min(max(handed.values(), default=0), settled))
        recent = {key: changed for key, changed in handed.items() if changed >= second}
        if self._ordered or mark is None:
            return Place(second, recent)
        return Place(self._start.second, self._start.done, mark, recent, self._begun)

    def _unordered(self, results: Results) -> Results:
        """Where the order was believed, and less was searched for on the strength of it, all is asked for again."""
        believed, self._ordered = self._ordered, False
        return self._ask(self._start.second - _A_DAY, None) if believed else results

    def _in_order(self, results: Results) -> bool:
        changes = [] if self._last is None else [self._last]
        changes += [item.changed for item in results.items if item.changed is not None]
        self._last = changes[-1] if changes else None
        if self._first is None and changes:
            self._first = changes[0]
        return all(a <= b for a, b in pairwise(changes))

    def _next(self, mark: str) -> Results:
        """The page after the last one: searched for anew from the place reached, where that is sure to miss nothing.

        A mark may count positions, and then what is edited meanwhile shifts others past it; a second does not shift.
        """
        bound, last = self._bound, self._last
        if self._ordered is None:
            self._prove()
        if self._ordered and self._place.second > max(bound, self._tried):
            self._last, self._tried = None, self._place.second
            results = self._ask(self._place.second, None)
            self._exact = self._exact or any(self._place.done.get(i.key) == i.changed for i in results.items)
            if self._exact:
                return results
            self._last = last
        return self._ask(bound, mark)

    def _prove(self) -> None:
        """Sorted is what comes out otherwise the other way round. Until then a place reached proves nothing."""
        if self._first is not None:
            latest = self._search.latest(self._bound)
            self._ordered = latest is not None and self._first < latest
            if self._ordered:
                self._place = self._behind(self._place.ahead, None)

    def _ask(self, bound: int, mark: str | None) -> Results:
        self._bound = max(bound, 0)
        try:
            results = self._search(self._bound, mark)
        except MarkLost:
            return self._again()
        page = (self._bound, tuple(item.key for item in results.items))
        self._pages[page] += 1
        if results.mark is not None and (self._pages[page] >= _SAME):
            raise Unavailable("Intercom's search hands over the same page again and again; try again later.")
        return results

    def _again(self) -> Results:
        self._lost += 1
        if self._lost > _LOST:
            raise Unavailable("Intercom's search does not go on from where it stopped; try again later.")
        self._last = None
        self._pages.clear()
        place = self._place if self._ordered else self._start
        return self._ask(place.second - _A_DAY, None)
