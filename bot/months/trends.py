"""How each theme of a digest stands to its own past. Pure: what earlier digests counted comes in.

Windows are compared by tickets per day. GREW and SHRANK are said where the change is at least a fifth and more than
chance: were the rate the same, the tickets of both windows would fall on them by their days (a binomial, given their
sum); twice the smaller tail, with half of what was seen itself, must be under 5 % (Przyborowski and Wilenski 1940, with
Lancaster's mid-p of 1961, without which the test says too seldom what is so).
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from bot.acts import Decision, Verdict
from bot.corrections import fold
from bot.digest import FIRST
from bot.domain import Course, Digest, Measured, Month, Trend, Warned, Window

MOST = 6  # windows of a trend, with this one
CHANGE, CHANCE = 0.2, 0.05
UNSURE = frozenset({"small_sample", FIRST})  # a digest that warns so counts too few, or a part


@dataclass(frozen=True, slots=True)
class Was:
    """A theme as an earlier digest counted it; `customers`: ids of those that are identified."""

    name: str
    tickets: int
    customers: frozenset[str]


@dataclass(frozen=True, slots=True)
class Little:
    """A group below the rule: its counts and centre (of unit length). An earlier one has no name, and names no ticket:
    whoever erases a ticket need not look for it here."""

    tickets: int
    customers: int
    centre: tuple[float, ...]
    name: str = ""
    ticket_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Past:
    """An earlier digest of the same sources and areas. `whole`: it counted all that there was, and enough."""

    run_key: str
    monthly: bool
    window: Window
    themes: Mapping[str, Was]
    whole: bool = True
    anecdotes: tuple[Little, ...] = ()
    looked_at: int = 0  # tickets, those in no theme, too


@dataclass(frozen=True, slots=True)
class Ending:
    """A theme's issue that was done at a time, and what had been forecast of it, per 30 days and before correction."""

    theme_id: str
    issue: str
    at: datetime
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class History:
    """The digests before this one (any number, in any order), and what people have joined and parted since.

    `merged`: theme id -> the one it was merged into; `parted`: a part's id -> the theme it was split from; `done`:
    theme id -> its issue, where that is Done; `endings`: when; `measured`: outcomes that earlier digests told.
    """

    pasts: tuple[Past, ...] = ()
    merged: Mapping[str, str] = field(default_factory=dict)
    parted: Mapping[str, str] = field(default_factory=dict)
    done: Mapping[str, str] = field(default_factory=dict)
    endings: tuple[Ending, ...] = ()
    measured: tuple[Measured, ...] = ()


def bound(history: History, decisions: Iterable[Decision]) -> History:
    """The history with what the corrections in force say of who was one and who was two."""
    decisions = [d for d in decisions if not d.payload.get("once")]
    merged = {d.theme_id: str(d.payload["into"]) for d in decisions if d.verdict is Verdict.MERGE}
    parted = {str(d.payload["part"]): d.theme_id for d in decisions if d.verdict is Verdict.SPLIT}
    return replace(history, merged=merged, parted=parted)


def apart(windows: Sequence[tuple[bool, Window]]) -> list[int]:
    """Which of them (monthly or not, window) are looked at: at most five, the newest, none over another's days.

    Monthly runs come first, and of several over the same days the first. In the order of their time.
    """
    taken: list[int] = []
    order = sorted(range(len(windows)), key=lambda n: (not windows[n][0], -_ends(windows[n][1]), n))
    for n in order:
        if not any(_overlap(windows[n][1], windows[m][1]) for m in taken):
            taken.append(n)
    return sorted(taken, key=lambda n: _ends(windows[n][1]))[-(MOST - 1) :]


def trended(digest: Digest, history: History) -> Digest:
    """The digest with a trend for each of its themes; none of them has one where it can't be told."""
    groups = (digest.themes, digest.further_themes, digest.snoozed_themes)
    counted = {t.id: (t.counts.tickets, t.counts.customers) for themes in groups for t in themes}
    found = of(counted, digest.window, {w.code for w in digest.warnings}, history)
    told = [tuple(replace(t, trend=found.get(t.id)) for t in themes) for themes in groups]
    return replace(digest, themes=told[0], further_themes=told[1], snoozed_themes=told[2])


def of(
    counted: Mapping[str, tuple[int, int]], window: Window, warned: Collection[str], history: History
) -> dict[str, Trend]:
    """Theme id -> its trend, from (tickets, customers) of each theme of a window and the codes of its warnings.

    Empty where none can be told: no digest before, no dates, few tickets or a missing source, now or then.
    """
    pasts = before(window, history)
    if UNSURE.intersection(warned) or not window.days or not pasts or not pasts[-1].whole:
        return {}
    divided = {history.parted.get(theme_id) for theme_id in counted if theme_id not in pasts[-1].themes}
    found: dict[str, Trend] = {}
    for theme_id, (tickets, customers) in counted.items():
        trend = _trend(theme_id, Month(window.label, tickets, customers, window.days), pasts, history)
        found[theme_id] = _undivided(trend) if theme_id in divided else trend
    return found


def told(trend: Trend) -> dict[str, Any]:
    """As JSON, the way the document says it."""
    return {
        "course": trend.course.value,
        "previous": trend.previous,
        "change": trend.change,
        "months": [
            {"label": m.label, "ticket_count": m.tickets, "customer_count": m.customers, "days": m.days}
            for m in trend.months
        ],
        "merged_from": list(trend.merged_from),
        "split_from": trend.split_from,
        "returned_after": trend.returned_after,
    }


def sure(warnings: Iterable[Warned]) -> bool:
    return not any(w.code in UNSURE for w in warnings)


def course(now: int, days: float, then: int, days_then: float) -> tuple[Course, float]:
    """(how it went, the change of tickets per day) from one window to the next."""
    change = (now / days) / (then / days_then) - 1
    if abs(change) < CHANGE or chance(now, days, then, days_then) >= CHANCE:
        return Course.CONTINUED, change
    return (Course.GREW if change > 0 else Course.SHRANK), change


def chance(now: int, days: float, then: int, days_then: float) -> float:
    """How likely counts so far apart, or further, are at one and the same rate: two-sided, exact, mid-p."""
    both, share = now + then, days / (days + days_then)
    each = [math.exp(_log_binomial(both, k, share)) for k in range(both + 1)]
    half = each[now] / 2
    return min(1.0, 2 * min(sum(each[: now + 1]) - half, sum(each[now:]) - half))


def _log_binomial(n: int, k: int, share: float) -> float:
    ways = math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)
    return ways + k * math.log(share) + (n - k) * math.log1p(-share)


def before(window: Window, history: History) -> list[Past]:
    """The windows looked at, oldest first, each with the themes that were merged since counted together."""
    start = window.start
    ended = [p for p in history.pasts if start and p.window.days and p.window.end and p.window.end <= start]
    chosen = apart([(p.monthly, p.window) for p in ended])
    return [replace(ended[n], themes=_joined(ended[n].themes, history.merged)) for n in chosen]


def _joined(themes: Mapping[str, Was], merged: Mapping[str, str]) -> dict[str, Was]:
    together: dict[str, Was] = {}
    for theme_id, was in sorted(themes.items()):
        into = fold.target(theme_id, merged)
        other = together.get(into)
        together[into] = was if other is None else _with(other, was)
    return together


def _with(one: Was, other: Was) -> Was:
    return Was(one.name, one.tickets + other.tickets, one.customers | other.customers)


def _trend(theme_id: str, now: Month, pasts: Sequence[Past], history: History) -> Trend:
    there = [past.themes.get(theme_id) for past in pasts]
    first = next((n for n, was in enumerate(there) if was), len(pasts))
    months = [_month(past, was) for past, was in zip(pasts[first:], there[first:], strict=True) if past.whole]
    previous, days = there[-1], pasts[-1].window.days
    came, change = Course.RETURNED if any(there) else Course.NEW, None
    if previous is not None and now.days and days:
        came, change = course(now.tickets, now.days, previous.tickets, days)
    return Trend(
        course=came,
        months=(*months, now),
        previous=previous.tickets if previous else None,
        change=None if change is None else round(change, 4),
        merged_from=_merged_from(theme_id, history),
        split_from=_split_from(theme_id, history),
        returned_after=history.done.get(theme_id) if came is Course.RETURNED else None,
    )


def _undivided(trend: Trend) -> Trend:
    """Of a theme whose part stands apart for the first time: the window before counted both, growth can't be told."""
    return trend if trend.change is None else replace(trend, course=Course.CONTINUED, change=None)


def _month(past: Past, was: Was | None) -> Month:
    tickets, customers = (was.tickets, len(was.customers)) if was else (0, 0)
    return Month(past.window.label, tickets, customers, past.window.days)


def _merged_from(theme_id: str, history: History) -> tuple[str, ...]:
    """Those that stood for themselves in a digest before."""
    old = [i for i in history.merged if fold.target(i, history.merged) == theme_id]
    return tuple(sorted({name for i in old if (name := _last_name(i, history.pasts)) is not None}))


def _split_from(theme_id: str, history: History) -> str | None:
    whole = history.parted.get(theme_id)
    return None if whole is None else _last_name(whole, history.pasts)


def _last_name(theme_id: str, pasts: Iterable[Past]) -> str | None:
    newest = sorted((p for p in pasts if theme_id in p.themes), key=lambda p: (_ends(p.window), p.run_key))
    return newest[-1].themes[theme_id].name if newest else None


def _ends(window: Window) -> float:
    return window.end.timestamp() if window.end else -math.inf


def _overlap(one: Window, other: Window) -> bool:
    def span(w: Window) -> tuple[datetime, datetime] | None:
        return (w.start, w.end) if w.start and w.end else None

    a, b = span(one), span(other)
    return a is not None and b is not None and a[0] < b[1] and b[0] < a[1]
