"""The time a run looks at: one grammar for the terminal, the schedule and Slack. Pure: `now` and the zone come in."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from bot.domain import Window

GRAMMAR = "7d, 2w, 30d, last-month, last-quarter, 2026-10, 2026-10-01..2026-10-31 or 2026-10-01.."
_SPAN = re.compile(r"(\d{1,4})([dw])")
_MONTH = re.compile(r"(\d{4})-(\d{2})")
_RANGE = re.compile(r"(\d{4}-\d{2}-\d{2})\.\.(\d{4}-\d{2}-\d{2})?")


def window(text: str, now: datetime, timezone: str) -> Window:
    """The window that `text` names. End dates are inclusive. Raises ValueError with the grammar."""
    text = text.strip().lower()
    today = now.astimezone(ZoneInfo(timezone)).date()
    try:
        first, last = _days(text, today)
        between(first, last, timezone)
    except (ValueError, OverflowError):
        raise ValueError(f"{text!r} is not a time window: write {GRAMMAR}") from None
    return between(first, last, timezone)


def _days(text: str, today: date) -> tuple[date, date]:
    """First and last day, both inclusive."""
    if span := _SPAN.fullmatch(text):
        days = int(span[1]) * (7 if span[2] == "w" else 1)
        if not 0 < days <= 3660:
            raise ValueError("between 1 day and 10 years;")
        return today - timedelta(days=days - 1), today
    if text == "last-month":
        last = today.replace(day=1) - timedelta(days=1)
        return last.replace(day=1), last
    if text == "last-quarter":
        start = date(today.year, 3 * ((today.month - 1) // 3) + 1, 1)
        last = start - timedelta(days=1)
        return date(last.year, last.month - 2, 1), last
    if month := _MONTH.fullmatch(text):
        first = date(int(month[1]), int(month[2]), 1)
        return first, (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)
    if span := _RANGE.fullmatch(text):
        first, last = date.fromisoformat(span[1]), date.fromisoformat(span[2]) if span[2] else today
        if first > last:
            raise ValueError("it ends before it begins;")
        return first, last
    raise ValueError


def between(first: date, last: date, timezone: str) -> Window:
    """The whole days from `first` to `last`, both inclusive."""
    zone = ZoneInfo(timezone)
    start = datetime.combine(first, time(), zone)
    end = datetime.combine(last + timedelta(days=1), time(), zone)
    return Window(start, end, timezone, _label(first, last))


def months(quarter: Window) -> list[Window]:
    """The three months of a calendar quarter; of any other window none."""
    if quarter.start is None or quarter.end is None:
        return []
    zone = ZoneInfo(quarter.timezone)
    first, last = quarter.start.astimezone(zone).date(), quarter.end.astimezone(zone).date() - timedelta(days=1)
    if first.day != 1 or first.month % 3 != 1 or (last.year, last.month) != (first.year, first.month + 2):
        return []
    starts = [first.replace(month=first.month + n) for n in range(3)]
    ends = [(start + timedelta(days=31)).replace(day=1) - timedelta(days=1) for start in starts]
    whole = [between(start, end, quarter.timezone) for start, end in zip(starts, ends, strict=True)]
    return whole if (whole[0].start, whole[-1].end) == (quarter.start, quarter.end) else []


def spanning(moments: Iterable[datetime | None], timezone: str) -> Window:
    """The default for a file: from the day of its first ticket to the day of its last."""
    zone = ZoneInfo(timezone)
    days = [at.astimezone(zone).date() for at in moments if at is not None]
    return between(min(days), max(days), timezone) if days else Window(None, None, timezone, "dates not known")


def _label(first: date, last: date) -> str:
    if first == last:
        return f"{first.day} {first:%B %Y}"
    if first.day == 1 and last == (first + timedelta(days=31)).replace(day=1) - timedelta(days=1):
        return f"{first:%B %Y}"
    left = f"{first.day} {first:%B}" if first.year == last.year else f"{first.day} {first:%B %Y}"
    if (first.year, first.month) == (last.year, last.month):
        left = f"{first.day}"
    return f"{left} to {last.day} {last:%B %Y}"
