"""What to keep an eye on: groups just under the rule that grow, themes that are back after their issue was done. Pure.

Counts this small move by chance, which no test can rule out: so what is said is both counts, and nothing of a trend.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from bot import phrases
from bot.domain import Digest, Theme, Watched
from bot.months.trends import CHANGE, History, Little, Past, before, sure

MOST = 5
# Cosine of two centres, each in the space of its own batch: of 7,467 pairs of themes of two problems, drawn as in
# bench/lineage.py, half a per cent were as alike. A group so small says too little of itself to be known again by less.
ALIKE = 0.7


def watched(digest: Digest, anecdotes: Sequence[Little], history: History) -> Digest:
    """The digest with its watch list: what is back first, then what grew most, at most five in all."""
    back = [_back(t) for t in (*digest.themes, *digest.further_themes) if t.trend and t.trend.returned_after]
    pasts = before(digest.window, history)
    past = pasts[-1] if pasts and pasts[-1].whole and sure(digest.warnings) else None
    grown = _grown(digest, anecdotes, past) if past else []
    return replace(digest, watched=tuple([*back, *grown][:MOST]))


def _back(theme: Theme) -> Watched:
    issue = phrases.line(theme.trend.returned_after or "") if theme.trend else ""
    message = f"“{phrases.heading(theme.words.name)}” is back ({phrases.size(theme)}), though {issue} was done"
    return Watched(theme.words.name, theme.counts.tickets, theme.counts.customers, theme.members, message)


def _grown(digest: Digest, anecdotes: Sequence[Little], past: Past) -> list[Watched]:
    days, then = digest.window.days, past.window.days
    if not days or not then:
        return []
    found = [
        (now, was)
        for now, was in _pairs(anecdotes, past.anecdotes)
        if now.tickets > was.tickets and now.tickets / days >= (1 + CHANGE) * was.tickets / then
    ]
    found.sort(key=lambda pair: (pair[1].tickets - pair[0].tickets, -pair[0].tickets, pair[0].ticket_ids))
    return [_more(now, was, past) for now, was in found]


def _more(now: Little, was: Little, past: Past) -> Watched:
    message = said(now.name, now.tickets, now.customers, was.tickets, past)
    return Watched(now.name, now.tickets, now.customers, now.ticket_ids, message)


def said(name: str, tickets: int, customers: int, before: int, past: Past) -> str:
    """ "“Time zone is wrong”: 4 tickets from 2 customers, 3 in September 2026": without a full stop."""
    size = f"{phrases.count(tickets, 'ticket')} from {phrases.count(customers, 'customer')}"
    return f"“{phrases.heading(name)}”: {size}, {phrases.number(before)} in {past.window.label}"


def _pairs(now: Sequence[Little], then: Sequence[Little]) -> list[tuple[Little, Little]]:
    """One to one, the most alike first."""
    like = [
        (-round(float(np.dot(a.centre, b.centre)), 6), i, j)
        for i, a in enumerate(now)
        for j, b in enumerate(then)
        if a.centre and len(a.centre) == len(b.centre)
    ]
    left, right, pairs = set(range(len(now))), set(range(len(then))), []
    for cosine, i, j in sorted(like):
        if -cosine >= ALIKE and i in left and j in right:
            pairs.append((now[i], then[j]))
            left.remove(i)
            right.remove(j)
    return pairs
