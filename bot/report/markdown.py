"""Digest -> digest.md: METHOD's three parts, in its order and its words. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from bot import phrases
from bot.domain import BacklogItem, Digest, Theme
from bot.phrases import count, number
from bot.report import sums

_ACTIVE = re.compile(r"[\\`*_\[\]|~$]")
# What starts a block when it comes first on a line (CommonMark 0.31, sections 4 and 5).
_BLOCK = re.compile(r"^(\d+(?=[.)](?:\s|$)))?([-+#=]|(?<=\d)[.)])")
_AUTOLINK = re.compile(r":(?=//)|(?<=www)\.", re.IGNORECASE)  # GFM links bare addresses by itself
# As entities and not with a backslash: the same file pasted into a chat must not call <!channel> either.
_ENTITIES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})
_FOLLOWED = re.compile(r"https?://[^\s<>()\[\]\\\"@]{3,500}", re.IGNORECASE)  # an address that can end no link early
_NAMED = 25  # tickets of an item that stands alone; Slack's window takes 3000 characters


def escape(text: str) -> str:
    """Ticket text on one line that a Markdown reader shows as it was written: no link, image, HTML or heading."""
    flat = _ACTIVE.sub(r"\\\g<0>", phrases.line(text)).translate(_ENTITIES)
    return _AUTOLINK.sub(r"\\\g<0>", _BLOCK.sub(r"\1\\\2", flat))


def render(digest: Digest) -> str:
    """The whole file, ending in a newline."""
    sections = (_head, _themes, _backlog, _not_a_theme, _others, _honoured, _foot)
    return "\n".join(line for section in sections for line in section(digest)).rstrip("\n") + "\n"


def _head(digest: Digest) -> Iterator[str]:
    totals = digest.totals
    yield f"# Support themes: {escape(digest.window.label)}\n"
    yield from _urgent(digest)
    yield from (f"> **Note:** {escape(warned.message)}\n" for warned in digest.warnings)
    yield f"{phrases.REVIEW_FIRST}\n"
    yield f"- Window: {escape(phrases.window_days(digest.window))}"
    yield f"- Tickets: {escape(_read(digest))}"
    yield f"- Customers: {number(totals.customers)}, requesters not identified: {number(totals.unidentified_customers)}"
    firm = "" if digest.stability is None else f"{digest.stability:.2f} of 1, "
    yield f"- Stability: {firm}{phrases.stability_word(digest.stability)}\n"


def _urgent(digest: Digest) -> Iterator[str]:
    left = phrases.urgent(digest)
    if left:
        yield f"> **Urgent?** {phrases.urgent_heading(len(left))}:"
        yield ">"
        yield from (f"> - {_linked(x.ticket_id, x.url)}: “{escape(phrases.clip(x.urgent, 280))}”" for x in left)
        yield ""


def _linked(ticket_id: str, url: str | None) -> str:
    return f"[{escape(ticket_id)}](<{url}>)" if url and _FOLLOWED.fullmatch(url) else escape(ticket_id)


def _read(digest: Digest) -> str:
    told = sums.sums(digest)
    rest = f"; of the other {number(told.looked_at)}, " if told.gone else ", "
    out = sums.not_a_theme(told, len(phrases.anecdotes(digest)))
    return f"{sums.read(told)}{rest}{sums.in_themes(told)} and {number(digest.totals.not_a_theme)} in none ({out})"


def item(about: BacklogItem, theme: Theme) -> str:
    """One item by itself, for any tracker: what, why, how much, when it is done, and the tickets behind it."""
    return "\n".join(_alone(about, theme)).rstrip("\n") + "\n"


def _alone(about: BacklogItem, theme: Theme) -> Iterator[str]:
    words = theme.words
    yield f"## {escape(words.title)}\n"
    yield f"{escape(words.problem)}\n"
    yield f"{escape(words.user_story)}\n"
    yield from (f"- [ ] {escape(criterion)}" for criterion in words.acceptance)
    yield from [""] * bool(words.acceptance)
    yield from _figures(about, theme)
    rest = len(theme.members) - _NAMED
    more = f" and {number(rest)} more" if rest > 0 else ""
    yield f"- From {phrases.size(theme)}: {_ids(theme.members[:_NAMED])}{more}\n"
    yield from (f"> {escape(said.text)} ({escape(said.ticket_id)})\n" for said in theme.quotes)


def _themes(digest: Digest) -> Iterator[str]:
    yield "## 1. THEME CLUSTERS\n"
    if not digest.themes:
        yield "No problem recurs in enough tickets, of enough customers, to be a theme.\n"
    for theme in digest.themes:
        yield from _theme(theme)


def _theme(theme: Theme) -> Iterator[str]:
    indent = " " * (len(str(theme.number)) + 2)  # a list item's text goes on under its first letter
    course = f"; {escape(phrases.trend(theme))}" if theme.trend else ""
    yield f"{theme.number}. **{escape(theme.words.name)}** ({phrases.size(theme)}{course})\n"
    yield f"{indent}{escape(theme.words.problem)}\n"
    yield f"{indent}Example IDs: {_ids(theme.examples)}.\n"
    yield from (f"{indent}Skewed? {escape(alarm.message)}\n" for alarm in theme.alarms)
    yield from ([f"{indent}Usage: {escape(theme.signal.message)}\n"] if theme.signal else [])


def _ids(ids: Iterable[str]) -> str:
    return ", ".join(escape(ticket_id) for ticket_id in ids)


def _backlog(digest: Digest) -> Iterator[str]:
    themes = {theme.id: theme for theme in (*digest.themes, *digest.further_themes)}
    yield "## 2. BACKLOG ITEMS\n"
    yield "Ranked by expected impact: customers × severity weight.\n" if digest.items else "None.\n"
    for item in sorted(digest.items, key=lambda i: i.rank):
        yield from _item(item, themes[item.theme_id])


def _item(item: BacklogItem, theme: Theme) -> Iterator[str]:
    indent = " " * (len(str(item.rank)) + 2)
    yield f"{item.rank}. **{escape(theme.words.title)}**\n"
    yield f"{indent}{escape(theme.words.user_story)}\n"
    yield from (f"{indent}{line}" for line in _figures(item, theme))
    yield f"{indent}- Theme: {escape(theme.words.name)}\n"


def _figures(item: BacklogItem, theme: Theme) -> Iterator[str]:
    deflection = item.deflection
    customers = count(theme.counts.customers, "customer")
    expected = f"up to {count(deflection.high, 'ticket')} {escape(phrases.per(deflection))}"
    arithmetic = f"{phrases.avoidable(deflection)}: {escape(deflection.arithmetic)}"
    yield f"- Severity: {item.severity} ({escape(phrases.why(item))})"
    yield f"- Expected deflection: {expected} ({arithmetic})"
    yield f"- Impact: {number(item.impact)} ({customers} × {item.severity} weight)"


def _not_a_theme(digest: Digest) -> Iterator[str]:
    yield "## 3. NOT A THEME\n"
    if not digest.not_a_theme:
        yield "Every ticket is in a theme.\n" if digest.totals.tickets_read else "No tickets.\n"
    stories = phrases.anecdotes(digest)
    if stories:
        yield "Anecdotes, below 5 tickets or 3 customers:\n"
        yield from (f"- {_ids(ids)} ({escape(detail)})" for detail, ids in stories)
        yield ""
    muted = phrases.muted(digest)
    if muted:
        yield "Left out, since their like was marked as not a theme:\n"
        yield from (f"- {_ids(ids)} ({escape(detail)})" for detail, ids in muted)
        yield ""
    one_offs = phrases.one_offs(digest)
    if one_offs:
        yield "Possible one-off bugs and single requests:\n"
        yield from (f"- {_ids(ids)} ({escape(phrases.clip(detail, 600))})" for detail, ids in phrases.alike(one_offs))
        yield ""
    candidates = phrases.left_over(digest, "candidate")
    if candidates:
        yield f"In candidate themes, below: {_ids(left.ticket_id for left in candidates)}.\n"


def _others(digest: Digest) -> Iterator[str]:
    if digest.outcomes or digest.record:
        yield "## Did it work?\n"
        yield from (f"- {escape(measured.message)}" for measured in digest.outcomes)
        yield from ([f"- {escape(digest.record.message)}"] if digest.record else [])
        yield ""
    if digest.watched:
        yield "## Watch list\n"
        yield from (f"- {escape(w.message)} ({_ids(w.ticket_ids)})" for w in digest.watched)
        yield ""
    if digest.further_themes:
        yield "## Further themes\n"
        yield from (line for theme in digest.further_themes for line in _aside(theme))
    if digest.snoozed_themes:
        yield "## Snoozed themes\n"
        yield from (line for theme in digest.snoozed_themes for line in _aside(theme))
    if digest.candidate_themes:
        yield "## Candidate themes, customers not known\n"
        yield "At least 5 tickets, but the input doesn't say who wrote them. Not in the backlog.\n"
        yield from (line for theme in digest.candidate_themes for line in _aside(theme))


def _honoured(digest: Digest) -> Iterator[str]:
    if digest.honoured:
        yield "## Corrections that shaped this digest\n"
        yield from (f"- {escape(one.message)}" for one in digest.honoured)
        yield ""


def _aside(theme: Theme) -> Iterator[str]:
    yield f"- **{escape(theme.words.name)}** ({phrases.size(theme)})\n"
    yield f"  {escape(theme.words.problem)}\n"
    yield f"  Example IDs: {_ids(theme.examples)}.\n"


def _foot(digest: Digest) -> Iterator[str]:
    made = digest.making
    if digest.removed:
        why = ", ".join(f"{escape(reason)} {number(n)}" for reason, n in phrases.removed_because(digest))
        yield f"Removed before grouping: {why}.\n"
    if digest.rejects:
        yield "Rows that could not be read:\n"
        yield from (f"- {escape(reject.where)}: {escape(reject.why)}" for reject in digest.rejects)
        yield ""
    yield f"Words: {escape(phrases.made_by(made.drafter))}."
    yield f"Run {escape(made.run_id)}, Groundswell {escape(made.version)}."
