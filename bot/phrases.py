"""How numbers, dates, reasons and hostile text are said: the same words in every renderer. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from bot.domain import BacklogItem, Course, Deflection, Digest, LeftOver, Month, Theme, Trend, Window

REVIEW_FIRST = (
    "A first-pass synthesis: review it against your discovery notes before committing to the backlog."  # METHOD.md
)
NEAREST = 25  # tickets listed per theme, nearest to the centre first; one from the edge comes on top (SURFACES 3)
UNCLEAR = "unclear"  # a change that chance may have made as well
INSTANT = timedelta(microseconds=1)

_PROPER = {"csv": "CSV", "tsv": "TSV", "json": "JSON", "jsonl": "JSONL"}
_REMOVED = {
    "another product area": "of another product area",
    "another source": "of another source",
    "auto-reply": "automatic replies",
    "delivery failure": "delivery failures",
    "duplicate": "duplicates",
    "empty": "without text",
    "follow-up by an agent": "follow-ups by an agent",
    "merged": "merged into another ticket",
    "mirrored": "mirrored from another tool",
    "no date, so in no window": "without a date",
    "no text": "without text",
    "out-of-window": "outside the window",
    "outside the window": "outside the window",
    "spam": "spam",
    "system message": "system messages",
    "written by staff": "written by staff",
}
# C0 and C1 controls, lone surrogates, and the bidirectional overrides that make text read as other text (UAX #9).
_INVISIBLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\u202a-\u202e\u2066-\u2069\ufeff]")


def visible(text: str) -> str:
    """What can't be seen, or can't be stored as UTF-8, stands as a replacement character; all else is untouched."""
    return _INVISIBLE.sub("\ufffd", text.replace("\r\n", "\n").replace("\r", "\n"))


def line(text: str) -> str:
    """The text on one line."""
    return " ".join(visible(text).split())


def clip(text: str, limit: int) -> str:
    """At most `limit` characters, cut between words and marked, so that a cut piece never passes for the whole."""
    if len(text) <= limit:
        return text
    head = text[:limit]
    return (head.rsplit(None, 1)[0] if " " in head.strip() else head) + " […]"


def heading(text: str) -> str:
    """A name or title on one line, and never a page of it."""
    return clip(line(text), 120)


def number(value: int) -> str:
    return f"{value:,}"


def count(value: int, noun: str) -> str:
    return f"{value:,} {noun}" if value == 1 else f"{value:,} {noun}s"


def percent(part: int, whole: int) -> str:
    """Never 0 % of something and never 100 % of less than all."""
    if whole <= 0:
        return "0%"
    if part == whole:
        return "100%"
    share = 100 * part / whole
    if part > 0 and share < 1:
        return "under 1%"
    return "over 99%" if share > 99 else f"{share:.0f}%"


def stability_word(value: float | None) -> str:
    """SURFACES 3: 0.8 and up good, 0.6 to 0.8 fair."""
    if value is None:
        return "not measured"
    return "good" if value >= 0.8 else "fair" if value >= 0.6 else "low"


def avoidable(deflection: Deflection) -> str:
    low, high = number(deflection.low), number(deflection.high)
    return high if deflection.low == deflection.high else f"{low}–{high}"


def avoidance(deflection: Deflection) -> str:
    """ "up to 12 tickets per 30 days"."""
    return f"up to {count(deflection.high, 'ticket')} {per(deflection)}"


def per(deflection: Deflection) -> str:
    """'per 30 days', or what the range is about when tickets have no dates to scale by."""
    return "in a batch like this" if deflection.per == "batch" else f"per {line(deflection.per)}"


def source_name(source: str) -> str:
    return _PROPER.get(source.lower(), source[:1].upper() + source[1:])


def sources(by_source: Mapping[str, int] | Iterable[tuple[str, int]]) -> str:
    """'Zendesk 742, Intercom 298', the largest first."""
    pairs = by_source.items() if isinstance(by_source, Mapping) else by_source
    ordered = sorted(pairs, key=lambda pair: (-pair[1], pair[0]))
    return ", ".join(f"{source_name(line(name))} {number(tickets)}" for name, tickets in ordered)


def day(at: datetime) -> str:
    return f"{at.day} {at:%b %Y}"


def window_days(window: Window) -> str:
    """'1 Oct 2026 to 31 Oct 2026, Europe/London'; the end is exclusive, so the last day is the one before it."""
    if window.start is None or window.end is None:
        return "No ticket has a date"
    last = max(window.start, window.end - INSTANT)
    days = day(window.start) if window.start.date() == last.date() else f"{day(window.start)} to {day(last)}"
    return f"{days}, {line(window.timezone)}"


def size(theme: Theme) -> str:
    """'14 tickets, 11 customers', and who could not be told apart."""
    tickets = count(theme.counts.tickets, "ticket")
    if not theme.counts.customers:
        return f"{tickets}, customers not known"
    said = f"{tickets}, {count(theme.counts.customers, 'customer')}"
    if theme.counts.unidentified:
        said += f", {number(theme.counts.unidentified)} not identified"
    return said


def course(trend: Trend) -> str:
    """'up 41%', 'new', 'returned', 'same', 'unclear': for a column."""
    if trend.course in (Course.NEW, Course.RETURNED):
        return trend.course.value
    if trend.change is None:
        return "continued"
    if trend.course is Course.CONTINUED:
        return "same" if abs(trend.change) < _SAME else UNCLEAR
    now, then = trend.months[-1], trend.months[-2]
    change = now.tickets / then.tickets - 1 if _alike(now, then) else trend.change
    return f"{'up' if trend.course is Course.GREW else 'down'} {abs(change):.0%}"


def went(trend: Trend) -> str:
    """'8 → 5, unclear', '74 → 104, up 41%', 'new': with both counts wherever there are two, since a word alone hides
    them."""
    if trend.course in (Course.NEW, Course.RETURNED) or (trend.previous is None and len(trend.months) < 2):
        return course(trend)
    then = trend.months[-2].tickets if trend.change is not None else trend.previous or 0
    a_day = "" if trend.change is None or _alike(trend.months[-1], trend.months[-2]) else " a day"
    return f"{number(then)} → {number(trend.months[-1].tickets)}, {course(trend)}{a_day}"


_SAME = 0.2  # a smaller change is none; a larger one that chance may have made is not clear
_STEADY = {"same": "about the same", UNCLEAR: "unclear: too few to tell"}


def _alike(now: Month, then: Month) -> bool:
    """As long as each other, as months are: then the share is that of the counts that stand beside it."""
    return bool(now.days and then.days) and abs((now.days or 0) / (then.days or 1) - 1) <= _UNLIKE


def trend(theme: Theme) -> str:
    """'up 41% (74 to 104)', 'new this month', 'returned after August': in words, "" where it can't be told."""
    told = theme.trend
    if told is None:
        return ""
    parts = [_compared(told), *(f"with “{heading(name)}” merged in" for name in told.merged_from)]
    parts += [f"split from “{heading(told.split_from)}”"] if told.split_from else []
    parts += [f"though {line(told.returned_after)} was done"] if told.returned_after else []
    return ", ".join(parts)


def _compared(told: Trend) -> str:
    now, then = told.months[-1], told.months[-2] if len(told.months) > 1 else None
    if told.course is Course.NEW:
        return "new this month" if _is_month(now) else "new"
    if told.course is Course.RETURNED:
        last = next((m for m in reversed(told.months[:-1]) if m.tickets), None)
        return f"returned after {_month_name(last, now)}" if last else "returned"
    if told.change is None or then is None or not (now.days and then.days):
        return f"continued ({number(told.previous or 0)} before)"
    said = _STEADY.get(course(told), course(told))
    if not _alike(now, then):
        spans = f"{number(then.tickets)} in {then.days:.0f} days to {number(now.tickets)} in {now.days:.0f}"
        return f"{said} per day ({spans})"
    return f"{said} ({number(then.tickets)} to {number(now.tickets)})"


_UNLIKE = 0.12  # of a window's length: months differ by less, and then nobody needs to be told


def _is_month(month: Month) -> bool:
    return month.days is not None and 28 <= round(month.days) <= 31


def _month_name(month: Month, now: Month) -> str:
    """'August', and 'August 2025' where it is another year's."""
    year = now.label[-5:]
    return line(month.label.removesuffix(year) if year[1:].isdigit() else month.label)


def month_short(label: str) -> str:
    """'Oct' of 'October 2026' and of '1 to 30 October 2026', 'Sep–Oct' of a window over both."""
    names = [word[:3] for word in line(label).split() if word.isalpha() and word != "to"]
    return "–".join(names) or line(label)


def months(told: Trend) -> str:
    """'August 2026: 50, September 2026: 74': what the line of a trend shows, for who can't see it."""
    return ", ".join(f"{line(m.label)}: {number(m.tickets)}" for m in told.months)


def removal(reason: str) -> str:
    """Why a ticket was removed, in words for many: "automatic replies"."""
    kind = reason.partition(": ")[0]
    return _REMOVED.get(kind, line(kind))


def removed_because(digest: Digest) -> list[tuple[str, int]]:
    """Reason in words -> how many, the largest first. What a reason says after a colon is of one ticket alone."""
    reasons: dict[str, int] = {}
    for gone in digest.removed:
        told = removal(gone.reason)
        reasons[told] = reasons.get(told, 0) + 1
    return sorted(reasons.items(), key=lambda pair: (-pair[1], pair[0]))


def left_over(digest: Digest, reason: str) -> list[LeftOver]:
    return [left for left in digest.not_a_theme if left.reason == reason]


def alike(left: Iterable[LeftOver]) -> list[tuple[str, list[str]]]:
    """What is said of tickets -> the ids of those it is said of, so that it is said once; in the digest's order."""
    groups: dict[str, list[str]] = {}
    for one in left:
        groups.setdefault(one.detail, []).append(one.ticket_id)
    return list(groups.items())


def urgent(digest: Digest) -> list[LeftOver]:
    """Tickets of no theme that tell of what is P0: they come first, whatever else is listed."""
    return [left for left in digest.not_a_theme if left.urgent]


def urgent_heading(n: int) -> str:
    """ "2 tickets that may be urgent, though they are in no theme"."""
    return f"{count(n, 'ticket')} that may be urgent, though {'it is' if n == 1 else 'they are'} in no theme"


def anecdotes(digest: Digest) -> list[tuple[str, list[str]]]:
    return alike(left_over(digest, "anecdote"))


def muted(digest: Digest) -> list[tuple[str, list[str]]]:
    """What passed the rule and is left out, since somebody marked its like as not a theme before."""
    return alike(left_over(digest, "muted"))


def one_offs(digest: Digest) -> list[LeftOver]:
    """What is in no theme, no anecdote and no candidate theme and is not muted, whatever its reason is called."""
    return [left for left in digest.not_a_theme if left.reason not in {"anecdote", "candidate", "muted"}]


def made_by(drafter: str) -> str:
    plain = {"extractive": "taken from the tickets' own words, no language model"}
    return plain.get(drafter, line(drafter))


def why(item: BacklogItem) -> str:
    """The reason for the severity, where the level itself stands beside it."""
    return item.severity_reason.removeprefix(f"{item.severity}: ")
