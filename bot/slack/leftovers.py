"""What is in no theme of a digest, as the last message of its thread. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bot import phrases
from bot.acts import Message
from bot.domain import Digest, Theme
from bot.phrases import count, number, percent
from bot.slack import limits, text
from bot.slack.elements import (
    Block,
    bullets,
    paragraph,
    rich,
    words,
)


def left_over(d: Digest) -> Message:
    """NOT A THEME, anecdotes, further and candidate themes, what was removed and what could not be read."""
    looked_at = d.totals.tickets_read - d.totals.removed
    said = f"Not a theme: {count(d.totals.not_a_theme, 'ticket')} of {number(looked_at)} looked at, by reason."
    text_of_it = text.padded(said, "Ids of the tickets are listed here.")
    return limits.first_fit(Message(text_of_it, list(_leavings(d, lines))) for lines in (20, 10, 5, 2))


def _leavings(d: Digest, most: int) -> Iterator[Block]:
    yield rich(paragraph(words("NOT A THEME", bold=True), words(f": {_counted(d)}")))
    urgent = [f"{text.plain(x.ticket_id, 40)}: “{phrases.line(x.urgent)}”" for x in phrases.urgent(d)]
    yield from _list("May be urgent, though in no theme", urgent, most)
    anecdotes = [_of(ids, detail) for detail, ids in phrases.anecdotes(d)]
    yield from _list("Anecdotes, below 5 tickets or 3 customers", anecdotes, most)
    kept = [d.record.message] if d.record else []
    yield from _list("Did it work?", [*(m.message for m in d.outcomes), *kept], most)
    yield from _list("Watch list", [_of(w.ticket_ids, w.message) for w in d.watched], most)
    one_offs = [_of(ids, detail) for detail, ids in phrases.alike(phrases.one_offs(d))]
    yield from _list("Possible one-off bugs and single requests", one_offs, most)
    yield from _list("Marked as not a theme before", [_of(ids, detail) for detail, ids in phrases.muted(d)], most)
    yield from _list("Snoozed", [_aside(t) for t in d.snoozed_themes], most)
    yield from _list("Corrections that shaped this digest", [h.message for h in d.honoured], most)
    yield from _list("Further themes", [_aside(t) for t in d.further_themes], most)
    candidates = [_aside(t) for t in d.candidate_themes]
    yield from _list("Candidate themes, customers not known; not in the backlog", candidates, most)
    rejects = [f"{phrases.line(r.where)}: {phrases.line(r.why)}" for r in d.rejects]
    yield from _list("Rows that could not be read", rejects, most)


def _counted(d: Digest) -> str:
    why = ", ".join(f"{reason} {number(n)}" for reason, n in phrases.removed_because(d))
    removed = f" {count(d.totals.removed, 'ticket')} removed before grouping: {why}." if d.removed else ""
    if not d.not_a_theme:
        return f"every ticket that was grouped is in a theme.{removed}"
    of = percent(d.totals.not_a_theme, d.totals.tickets_read - d.totals.removed)
    return f"{count(d.totals.not_a_theme, 'ticket')}, {of} of what was looked at.{removed}"


def _of(ids: Sequence[str], detail: str) -> str:
    shown = ", ".join(text.plain(ticket_id, 40) for ticket_id in ids[:8])
    more = f" and {number(len(ids) - 8)} more" if len(ids) > 8 else ""
    return f"{phrases.clip(phrases.line(detail), 160)} ({shown}{more})"


def _aside(theme: Theme) -> str:
    examples = ", ".join(text.plain(ticket_id, 40) for ticket_id in theme.examples)
    return f"{text.plain(theme.words.name, 120)} ({phrases.size(theme)}; {examples})"


def _list(title: str, lines: Sequence[str], most: int) -> Iterator[Block]:
    if not lines:
        return
    shown = [paragraph(words(one, limit=300)) for one in lines[:most]]
    if len(lines) > most:
        shown.append(paragraph(words(f"{number(len(lines) - most)} more, in the report")))
    yield rich(paragraph(words(title, bold=True)), bullets(shown))
