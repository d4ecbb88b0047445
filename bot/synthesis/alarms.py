"""Skew alarms: a theme that one customer, one day, one source or one macro makes most of is shown with a warning."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from bot.domain import Alarm, Counts

_MOST = 0.5
_SAME_TEXT = 0.4


def alarms(
    counts: Counts, texts: Sequence[str], batch_sources: Mapping[str, int], batch_days: int
) -> tuple[Alarm, ...]:
    """`texts` are the members' own words; `batch_sources` and `batch_days` say what would be usual in this batch."""
    return tuple(_alarms(counts, texts, batch_sources, batch_days))


def _alarms(counts: Counts, texts: Sequence[str], batch_sources: Mapping[str, int], batch_days: int) -> Iterator[Alarm]:
    n = counts.tickets
    if counts.top_customer and counts.top_customer[1] >= _MOST * n:
        name, tickets = counts.top_customer
        yield Alarm("one_customer", f"{tickets} of {n} tickets come from one customer ({name}).")
    dated = sum(counts.by_day.values())
    day, most = max(counts.by_day.items(), key=lambda p: (p[1], p[0]), default=("", 0))
    if batch_days >= 7 and dated >= 5 and most >= _MOST * dated:
        yield Alarm("one_day", f"{most} of {n} tickets were written on one day ({day}).")
    source, share = max(counts.by_source.items(), key=lambda p: p[1], default=("", 0))
    elsewhere = sum(batch_sources.values()) - batch_sources.get(source, 0)
    if share == n and elsewhere >= 0.2 * sum(batch_sources.values()):
        yield Alarm("one_source", f"All {n} tickets come from {source}, though other sources were read.")
    same = Counter(re.sub(r"[\W\d_]+", " ", t.lower()).strip() for t in texts)
    text, repeats = max(same.items(), key=lambda p: (p[1], p[0]), default=("", 0))
    if len(text.split()) >= 6 and repeats >= max(3, _SAME_TEXT * n):
        yield Alarm("one_macro", f"{repeats} of {n} tickets have the same text: a macro, a form or one person copying.")
