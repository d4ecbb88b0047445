"""Counts by the hour -> spikes: more tickets than the same hours of earlier weeks explain, with the chance of it. Pure.

A window of the last hours is held against the same weekday and hours of the last eight weeks, by the wall clock of the
workspace: a Monday is compared with Mondays. Counts of tickets scatter more than a Poisson's (an outage here, a mailing
there), so the chance comes from a negative binomial whose spread is measured on the weeks themselves. It is told for
all that one check looks at together: ten areas and six windows are sixty chances to be wrong.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import cached_property
from hashlib import sha256
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray
from scipy.special import betainc

HOUR, DAY, WEEK = timedelta(hours=1), timedelta(days=1), timedelta(weeks=1)
WINDOWS = (1, 2, 3, 6, 12, 24)  # hours: short ones find a burst at once, long ones a slow rise at all
WEEKS, LEAST_WEEKS = 8, 4  # looked back to; with fewer than the least nothing can be said
RARE = 8_766.0  # hourly checks, a year of them: what chance alone does more often is no spike
CALM = timedelta(hours=2)  # without a sign of it, and it is over
_KEPT = 0.95  # of the residuals: a spike of last month, or a holiday, must not make us deaf to this month's
_CUT_OFF = (
    0.5  # what is left of a variance after that, and after the median was fitted to the same eight weeks (measured)
)
_LOST = 1.3  # variance of a median of eight, in variances of a mean of eight
_EXPLAINED = 0.5  # of the surplus of all tickets, and it is the areas' spikes that are told

Counts = Mapping[datetime, int]  # start of a whole hour, UTC -> tickets created in it
Numbers = NDArray[np.float64]


class Cause(StrEnum):
    TOTAL = "total"
    AREA = "area"
    THEME = "theme"
    WORDING = "wording"  # tickets that are alike, and like no theme that is known


@dataclass(frozen=True, slots=True)
class Rule:
    """What is worth an alert: at least so many tickets, and so many times the usual. `mute`: areas never told of."""

    min_tickets: int = 15
    factor: float = 3.0
    mute: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Series:
    """Tickets by the hour. `place` is the area whose alert would tell of it, "" where it is no single one.

    `whole` False: only the last 24 hours, and the same of each earlier week, are known. `tries`: among how many
    candidates this one was picked.
    """

    cause: Cause
    name: str
    place: str
    counts: Counts
    whole: bool = True
    tries: int = 1

    @cached_property
    def first(self) -> datetime | None:
        """The hour of its first ticket."""
        return min((at for at, tickets in self.counts.items() if tickets), default=None)


@dataclass(frozen=True, slots=True)
class Spike:
    """`tickets` from `start` until before `end`; `usual` is the median of `weeks` weeks, `low` and `high` their range.

    `once_in`: chance alone brings a check as striking as this one once in so many hourly checks.
    """

    cause: Cause
    name: str
    place: str
    start: datetime
    end: datetime
    tickets: int
    usual: float
    low: int
    high: int
    weeks: int
    once_in: float

    @property
    def hours(self) -> int:
        return round((self.end - self.start) / HOUR)

    @property
    def times(self) -> float | None:
        """How many times the usual; None where nothing is usual."""
        return self.tickets / self.usual if self.usual else None


@dataclass(frozen=True, slots=True)
class Past:
    """How a check sees one window of a series: what came, and what came in the same hours of each earlier week."""

    tickets: int
    weeks: tuple[int, ...]

    @property
    def usual(self) -> float:
        return float(np.median(self.weeks))

    @property
    def level(self) -> float:
        """What to expect. The median of eight small counts is often 0 where the truth is one half: then the mean."""
        inner = sorted(self.weeks)[1:-1] if len(self.weeks) > LEAST_WEEKS else self.weeks
        return max(self.usual, float(np.mean(inner))) + 0.5 / len(self.weeks)


class Check:
    """One look at the whole hours before `end`, on counts that are complete since `since`."""

    def __init__(self, end: datetime, since: datetime, timezone: str, rule: Rule) -> None:
        """`end` is moved back to the last whole hour."""
        self.end = hour(end)
        self._since, self._rule = since, rule
        local = self.end.astimezone(ZoneInfo(timezone))
        # Wall-clock arithmetic: the same hour of the day on both sides of a change to summer time.
        self._ends = [hour((local - k * WEEK).astimezone(UTC)) for k in range(WEEKS + 1)]

    @property
    def windows(self) -> list[tuple[datetime, datetime]]:
        """The last day and the same day of each earlier week: all that must be known of tickets themselves."""
        return [(end - DAY, end) for end in self._ends if end - DAY >= self._since or end == self.end]

    def spikes(self, series: Sequence[Series]) -> list[Spike]:
        """What stands out, the most striking first. `series` holds all tickets (TOTAL) for the spread of days."""
        looks = len(WINDOWS) * sum(s.tries for s in series)
        total = next((s for s in series if s.cause is Cause.TOTAL), None)
        found = (self._spike(s, looks, total) for s in series)
        return sorted((s for s in found if s is not None), key=lambda s: (-s.once_in, s.cause, s.name))

    def past(self, series: Series, hours: int, end: int = 0) -> Past | None:
        """The window of `hours` that ends `end` hours before the check; None where too few weeks are known."""
        first = self._first(series)
        ends = [at - end * HOUR for at in self._ends]
        sums = [_sum(series.counts, at, hours) for at in ends if at == ends[0] or at - hours * HOUR >= first]
        return Past(sums[0], tuple(sums[1:])) if len(sums) > LEAST_WEEKS else None

    def hourly(self, series: Series, since: datetime) -> Iterator[tuple[datetime, int, float]]:
        """(hour, tickets, usual) from `since` on, at most three days."""
        for back in range(min(72, round((self.end - hour(since)) / HOUR)), 0, -1):
            past = self.past(series, 1, back - 1)
            at = self.end - back * HOUR
            yield at, series.counts.get(at, 0), past.usual if past else 0.0

    def _first(self, series: Series) -> datetime:
        """An area that nobody used before has no usual to be held against."""
        if series.cause is not Cause.AREA:
            return self._since
        return max(self._since, series.first or self.end)

    def _spike(self, series: Series, looks: int, total: Series | None) -> Spike | None:
        found = [s for w in WINDOWS if (s := self._window(series, w, looks, total)) is not None]
        return max(found, key=lambda s: (s.once_in, -s.hours), default=None)

    def _window(self, series: Series, hours: int, looks: int, total: Series | None) -> Spike | None:
        past = self.past(series, hours)
        enough = past and past.tickets >= max(self._rule.min_tickets, self._rule.factor * past.usual)
        if past is None or not enough or not self._fresh(series, hours):
            return None
        spread = self._spread(series, hours)
        if total is not None and not series.whole:
            spread = max(spread, self._spread(total, hours))
        once_in = 1.0 / max(chance(past, spread) * looks, 1e-12)
        if once_in < RARE:
            return None
        return Spike(
            series.cause,
            series.name,
            series.place,
            self.end - hours * HOUR,
            self.end,
            past.tickets,
            past.usual,
            min(past.weeks),
            max(past.weeks),
            len(past.weeks),
            once_in,
        )

    def _fresh(self, series: Series, hours: int) -> bool:
        """It goes on: a day's window would show a burst of this morning until tomorrow."""
        latest = self.past(series, max(1, hours // 8))
        return latest is not None and latest.tickets >= max(1.0, self._rule.factor / 2 * latest.usual)

    def _spread(self, series: Series, hours: int) -> float:
        """How far weeks lie apart beyond what a Poisson's would: variance = mean + spread x mean squared."""
        slots = range(0, 168 if series.whole else 24, hours)
        pasts = [p for back in slots if (p := self.past(series, hours, back)) is not None]
        if not pasts:
            return 0.0
        weeks = np.concatenate([np.array(p.weeks, dtype=float) for p in pasts])
        usual = np.concatenate([np.full(len(p.weeks), p.usual) for p in pasts])
        off = np.square(weeks - usual)
        kept = off / np.maximum(usual, 0.5) <= np.quantile(off / np.maximum(usual, 0.5), _KEPT)
        beyond = off[kept].sum() / _CUT_OFF - usual[kept].sum()
        return float(max(0.0, beyond) / max(1e-9, np.square(usual[kept]).sum()))


def chance(past: Past, spread: float) -> float:
    """Of so many tickets or more in one such window, when nothing is the matter.

    A negative binomial, a little wider than the spread says, since the level is known from a few weeks alone.
    """
    level = past.level
    wide = spread + (1.0 / level + spread) * _LOST / len(past.weeks)
    shape = 1.0 / wide
    return float(betainc(max(past.tickets, 1), shape, level / (level + shape)))  # P(X >= k), k >= 1


def hour(at: datetime) -> datetime:
    """The whole hour that it lies in, UTC."""
    return at.astimezone(UTC).replace(minute=0, second=0, microsecond=0)


def _sum(counts: Counts, end: datetime, hours: int) -> int:
    return sum(counts.get(end - n * HOUR, 0) for n in range(1, hours + 1))


# --- from spikes to alerts


@dataclass(frozen=True, slots=True)
class Hour:
    """One hour of an alert's timeline."""

    at: datetime
    tickets: int
    usual: float


@dataclass(frozen=True, slots=True)
class Alert:
    """What people are told of one place: one for each spike, and no second one within a day.

    `spikes` as they were when last seen, the leading one first; `since`: when it began; `seen_at`: the end of the last
    hours that showed it. What people said of it (`bot.store.spikes` keeps it) comes last.
    """

    key: str
    place: str
    opened_at: datetime
    since: datetime
    seen_at: datetime
    spikes: tuple[Spike, ...]
    timeline: tuple[Hour, ...] = ()
    closed_at: datetime | None = None
    dismissed_by: str | None = None
    muted_by: str | None = None
    muted_until: datetime | None = None
    run_key: str | None = None
    run_by: str | None = None

    @property
    def lead(self) -> Spike:
        return self.spikes[0]


def by_place(spikes: Iterable[Spike], mute: Collection[str] = ()) -> dict[str, tuple[Spike, ...]]:
    """What each place's alert tells of: its own volume first, then what stands out within it.

    All tickets together are no news where the areas' spikes make most of their surplus, also those of areas (in lower
    case) that nobody wants to be told of.
    """
    spikes = list(spikes)
    areas = sum(s.tickets - s.usual for s in spikes if s.cause is Cause.AREA)
    told: dict[str, list[Spike]] = {}
    for spike in sorted(spikes, key=lambda s: s.cause in (Cause.THEME, Cause.WORDING)):
        surplus = spike.tickets - spike.usual
        if spike.cause is not Cause.TOTAL or areas < _EXPLAINED * surplus:
            told.setdefault(spike.place, []).append(spike)
    return {place: tuple(found) for place, found in told.items() if place.casefold() not in mute}


def followed(alert: Alert | None, place: str, found: tuple[Spike, ...], now: datetime) -> Alert | None:
    """The place's alert after a check; None where there is nothing to tell, the same where nothing changed.

    `alert`: the last one of the place, if it is open or younger than a day: what flares up again within a day is the
    same spike. A dismissed one is left alone.
    """
    if not found:
        over = alert and alert.closed_at is None and now - alert.seen_at >= CALM
        return replace(alert, closed_at=alert.seen_at) if alert and over else alert
    start, end = min(s.start for s in found), found[0].end
    if alert is None:
        return Alert(_key(place, end), place, now, start, end, found)
    if alert.dismissed_by:
        return alert
    return replace(alert, since=min(alert.since, start), seen_at=end, spikes=found, closed_at=None)


def _key(place: str, end: datetime) -> str:
    """Short, and of plain characters, whatever an area is called."""
    told = re.sub(r"[^a-z0-9]+", "-", place.casefold()).strip("-")[:24]
    return f"{told or 'all'}-{sha256(place.encode()).hexdigest()[:6]}@{hour(end):%Y-%m-%dT%H}"
