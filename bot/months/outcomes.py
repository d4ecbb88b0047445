"""Whether a fix worked: a theme's tickets after its issue was done, against its own months before and against the
themes that nobody touched. Pure.

Difference in differences on rates: how the theme's tickets changed, divided by how the untouched themes' changed over
the same windows. What moves them all (a season, fewer customers, a quiet help desk) moves both and is not the fix's;
so does the fall that follows by itself on being picked for a high month. The 95 % interval is of the logarithm of that
ratio, with the variance of counts times what the untouched themes scatter beyond chance (Pearson's chi-squared by its
degrees of freedom, at least 1). A season of this one theme alone can't be told from a fix: that would take years.

A theme below the rule is not counted by a digest: after the fix it is taken for as many tickets as may be (4), before
it for none, so that an effect is rather missed than invented.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import timedelta
from typing import Any

from bot import phrases
from bot.corrections import fold
from bot.domain import BacklogItem, Deflection, Digest, Measured, TrackRecord, Window, Worked
from bot.months import trends
from bot.months.trends import Ending, History
from bot.synthesis.impact import deflection

MONTHS, SLACK = 100, timedelta(days=1)  # days: three months are up to 92; an issue closed on the 1st counts from then
LEAST = 5  # tickets before (PEERS 2.1); and outcomes before forecasts are corrected
CONTROL = (2, 10)  # untouched themes, and their tickets on either side
_Z = 1.96
_NEW = 3  # themes named that are new since


@dataclass(frozen=True, slots=True)
class Period:
    """A window as its digest counted it. `themes`: id -> (name, tickets), of those that pass the rule."""

    window: Window
    looked_at: int
    themes: Mapping[str, tuple[str, int]]

    @property
    def days(self) -> float:
        return self.window.days or 0.0

    def count(self, theme_id: str, absent: float) -> float:
        return self.themes[theme_id][1] if theme_id in self.themes else absent


def told(digest: Digest, history: History, floor: int) -> Digest:
    """The digest with what became of fixes, and its forecasts corrected by the record. `floor`: tickets of the rule."""
    themes = (*digest.themes, *digest.further_themes, *digest.snoozed_themes)
    now = Period(
        digest.window,
        digest.totals.tickets_read - digest.totals.removed,
        {t.id: (t.words.name, t.counts.tickets) for t in themes},
    )
    found = of(now, {w.code for w in digest.warnings}, history, floor)
    kept = record(history.measured)
    by_id = {t.id: t for t in digest.themes}

    def corrected(item: BacklogItem) -> BacklogItem:
        theme = by_id[item.theme_id]
        expected = deflection(theme.counts.tickets, theme.quality.core, digest.window)
        return replace(item, deflection=calibrated(expected, kept))

    return replace(digest, items=tuple(map(corrected, digest.items)), outcomes=found, record=kept)


def calibrated(expected: Deflection, kept: TrackRecord | None) -> Deflection:
    """A forecast by tickets alone, times what came about of earlier ones; its arithmetic says so."""
    if kept is None or kept.factor == 1.0:
        return expected
    low, high = round(expected.low * kept.factor), round(expected.high * kept.factor)
    why = f"× {kept.factor:g}, what came about of {kept.outcomes} measured forecasts: {low} to {high}"
    return replace(expected, low=low, high=high, arithmetic=f"{expected.arithmetic}; {why}", factor=kept.factor)


def of(now: Period, warned: Collection[str], history: History, floor: int) -> tuple[Measured, ...]:
    """What can be said, at the end of this window, of each issue that was done at most three months before."""
    if trends.UNSURE.intersection(warned) or not now.days:
        return ()
    pasts = [p for p in trends.before(now.window, history) if p.whole]
    periods = [Period(p.window, p.looked_at, {i: (w.name, w.tickets) for i, w in p.themes.items()}) for p in pasts]
    endings = [replace(e, theme_id=fold.target(e.theme_id, history.merged)) for e in history.endings]
    touched = {e.theme_id for e in endings}
    looked = (_measured(e, [*periods, now], touched, floor) for e in endings)
    return tuple(sorted((m for m in looked if m), key=lambda m: (m.done_at, m.theme_id, m.issue)))


def record(measured: Iterable[Measured]) -> TrackRecord | None:
    """The running record, of each issue's longest measurement that says something; None: nothing was measured yet.

    The factor is what came about of all that was forecast; a month's outcomes count in later months only.
    """
    last: dict[tuple[str, str], Measured] = {}
    for m in measured:
        judged = m.worked is not Worked.TOO_FEW and m.forecast_high
        if judged and ((m.theme_id, m.issue) not in last or last[m.theme_id, m.issue].days < m.days):
            last[m.theme_id, m.issue] = m
    told = [(m.forecast_low or 0.0, m.forecast_high or 0.0, m.fewer or 0.0) for m in last.values()]
    if not told:
        return None
    promised, actual = sum(high for _, high, _ in told), sum(fewer for _, _, fewer in told)
    inside = sum(round(low) <= round(fewer) <= round(high) for low, high, fewer in told)
    factor = min(1.0, max(0.1, actual / promised)) if len(told) >= LEAST else 1.0
    kept = TrackRecord(len(told), inside, round(promised, 1), round(actual, 1), round(factor, 2))
    return replace(kept, message=recorded(kept))


@dataclass(frozen=True, slots=True)
class _Change:
    """`others`: how the untouched themes' tickets per day changed; `expected`: tickets that would have come without the
    fix. `unsure`, `after_unsure`: variances of the logarithms of both."""

    others: float
    expected: float
    after: float
    unsure: float
    after_unsure: float

    @property
    def spread(self) -> float:
        return _Z * math.sqrt(self.unsure + self.after_unsure)

    @property
    def log(self) -> float:
        return math.log(self.after / self.expected)

    def fewer(self, days: float) -> tuple[float, float, float]:
        """Tickets per 30 days that did not come, and the ends of the interval (by the delta method)."""
        fewer = self.expected - self.after
        spread = _Z * math.sqrt(self.expected**2 * self.unsure + self.after**2 * self.after_unsure)
        return fewer * 30 / days, (fewer - spread) * 30 / days, (fewer + spread) * 30 / days


def _measured(ending: Ending, periods: Sequence[Period], touched: Collection[str], floor: int) -> Measured | None:
    theme_id = ending.theme_id
    after = [p for p in periods if p.window.start and p.window.start >= ending.at - SLACK]
    days = sum(p.days for p in after)
    if not after or not 27 <= days <= MONTHS:
        return None
    before = [p for p in periods if p.window.end and p.window.end <= ending.at]
    first = next((n for n, p in enumerate(before) if theme_id in p.themes), len(before))
    before = before[first:]
    t = [p.count(theme_id, 0) for p in before], [p.count(theme_id, floor - 1) for p in after]
    change = _change(t, before, after, touched, floor) if sum(t[0]) >= LEAST else None
    old = [p for p in periods if p not in after]
    counts = int(sum(t[0])), int(sum(t[1]))
    found = Measured(
        theme_id=theme_id,
        name=_name(theme_id, periods),
        issue=ending.issue,
        done_at=ending.at,
        worked=_worked(change),
        days=round(days),
        before=counts[0],
        after=counts[1],
        rate_before=_per_1000(counts[0], before),
        rate_after=_per_1000(counts[1], after),
        others=round(change.others - 1, 4) if change else None,
        **_amounts(change, days),
        forecast_low=ending.low,
        forecast_high=ending.high,
        at_least=any(theme_id not in p.themes for p in after),
        since=_since(theme_id, old, periods[-1]),
        message="",
    )
    return replace(found, message=said(found))


def _change(
    t: tuple[list[float], list[float]],
    before: Sequence[Period],
    after: Sequence[Period],
    touched: Collection[str],
    floor: int,
) -> _Change | None:
    """None where it can't be told: no themes to compare with, or too few tickets to see it had they all gone away."""
    others = sorted({i for p in before for i in p.themes} - set(touched))
    half = (floor - 1) / 2  # of an untouched theme below the rule nothing is known either way
    table = [[p.count(i, half) for p in (*before, *after)] for i in others]
    c = sum(sum(row[: len(before)]) for row in table), sum(sum(row[len(before) :]) for row in table)
    if len(others) < CONTROL[0] or min(c) < CONTROL[1]:
        return None
    scatter = _scatter(table)
    gone, came = float((floor - 1) * len(after)), max(sum(t[1]), 0.5)
    expected = sum(t[0]) * c[1] / c[0]
    days = sum(p.days for p in before), sum(p.days for p in after)

    def change(n: float) -> _Change:
        unsure = scatter * (1 / sum(t[0]) + 1 / c[0] + 1 / c[1])
        return _Change((c[1] / days[1]) / (c[0] / days[0]), expected, n, unsure, scatter / n)

    best = change(max(gone, 0.5))
    return change(came) if best.log + best.spread < 0 else None


def _scatter(table: Sequence[Sequence[float]]) -> float:
    """How much the untouched themes move against each other beyond chance: chi-squared by its degrees of freedom."""
    rows, columns = [sum(row) for row in table], [sum(column) for column in zip(*table, strict=True)]
    free, total = (len(rows) - 1) * (len(columns) - 1), sum(rows)
    due = ((n, rows[i] * columns[j] / total) for i, row in enumerate(table) for j, n in enumerate(row))
    return max(1.0, math.fsum((n - e) * (n - e) / e for n, e in due if e) / free)


def _worked(change: _Change | None) -> Worked:
    if change is None:
        return Worked.TOO_FEW
    return Worked.LIKELY if change.log + change.spread < 0 else Worked.NONE


def _amounts(change: _Change | None, days: float) -> dict[str, float | None]:
    if change is None:
        return {"fewer": None, "low": None, "high": None}
    fewer, low, high = (round(n, 1) for n in change.fewer(days))
    return {"fewer": fewer, "low": low, "high": high}


def _per_1000(tickets: int, periods: Sequence[Period]) -> float:
    looked_at = sum(p.looked_at for p in periods)
    return round(1000 * tickets / looked_at, 1) if looked_at else 0.0


def _name(theme_id: str, periods: Sequence[Period]) -> str:
    return next((p.themes[theme_id][0] for p in reversed(periods) if theme_id in p.themes), theme_id)


def _since(theme_id: str, old: Iterable[Period], now: Period) -> tuple[str, ...]:
    """The largest themes that no digest had before the fix: where its tickets may have gone."""
    known = {theme_id, *(i for p in old for i in p.themes)}
    new = sorted((-n, i, name) for i, (name, n) in now.themes.items() if i not in known)
    return tuple(name for _, _, name in new[:_NEW])


# --- in words


def said(m: Measured) -> str:
    """ "“CSV export hangs” (BILL-12, done 3 September): forecast up to 12 fewer a month, actual 9 fewer (5 to 11) over
    61 days; untouched themes +4%: likely effect" and what is new since; without a full stop."""
    about = f"“{phrases.heading(m.name)}” ({phrases.line(m.issue)}, done {m.done_at.day} {m.done_at:%B %Y})"
    new = ", ".join(f"“{phrases.heading(name)}”" for name in m.since)
    beside = f". New since then: {new}" if new else ""
    rates = f"per 1,000 tickets {m.rate_before:g} before and {'at most ' * m.at_least}{m.rate_after:g} after"
    if m.fewer is None or m.others is None:
        few = f"{phrases.count(m.before, 'ticket')} before, {'at most ' * m.at_least}{phrases.number(m.after)}"
        return f"{about}: {_forecast(m)}{few} in {m.days} days after: {m.worked.value}{beside}"
    actual = f"actual {'at least ' * m.at_least}{amount(m.fewer)} (95% interval {m.low:.0f} to {m.high:.0f} fewer)"
    others = f"untouched themes {m.others:+.0%}"
    return f"{about}: {_forecast(m)}{actual} over {m.days} days; {rates}; {others}: {m.worked.value}{beside}"


def amount(fewer: float) -> str:
    n = round(abs(fewer))
    return f"{phrases.number(n)} {'fewer' if fewer >= 0 or not n else 'more'} a month"


def _forecast(m: Measured) -> str:
    return f"forecast up to {round(m.forecast_high):,} fewer a month, " if m.forecast_high else ""


def recorded(kept: TrackRecord) -> str:
    """The running record in one sentence."""
    share = kept.actual / kept.forecast if kept.forecast else 0.0
    came = (
        f"{kept.actual:.0f} of up to {kept.forecast:.0f} tickets a month that were forecast did not come ({share:.0%})"
    )
    inside = f"{kept.inside} of {phrases.count(kept.outcomes, 'measured outcome')} inside the forecast range"
    if kept.outcomes < LEAST:
        return f"{inside}; {came}. Forecasts are corrected from {LEAST} on."
    return f"{inside}; {came}. Forecasts are multiplied by {kept.factor:g}."


# --- as JSON, the way the document says it


def as_json(m: Measured) -> dict[str, Any]:
    return {**asdict(m), "done_at": m.done_at.isoformat(), "worked": m.worked.value, "since": list(m.since)}


def record_json(kept: TrackRecord) -> dict[str, Any]:
    return asdict(kept)
