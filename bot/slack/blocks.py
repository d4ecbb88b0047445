"""Digest and standings -> the messages of a month: one digest in the channel, its evidence in the thread. Pure.

Every message keeps Slack's limits (`bot.slack.limits`). What is too much is shortened by rule, the least needed first:
each function lays its message out in ever smaller shapes and takes the first that fits.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from bot import phrases
from bot.acts import Message, Stage, Standing
from bot.domain import BacklogItem, Digest, Theme
from bot.phrases import count, number, percent
from bot.slack import limits, rows, text
from bot.slack.elements import (
    Block,
    Press,
    Words,
    bullets,
    context,
    divider,
    figures,
    header,
    link,
    paragraph,
    quote,
    rich,
    words,
)
from bot.slack.rows import Offer
from bot.slack.text import Theirs

SMALL = "small_sample"  # the run's own warnings: it had too few tickets
EVERYTHING = Offer()
MISSING = "source_missing"  # and a source did not answer


@dataclass(frozen=True, slots=True)
class _Shape:
    """How much a digest shows: `rows` of themes, `name` characters of a name, whether each has its small print, and the
    way to its item as Markdown, which the thread has in any case."""

    rows: int
    name: int = 120
    small_print: bool = True
    copy: bool = True


@dataclass(frozen=True, slots=True)
class _Month:
    """A digest, and what its message needs beside it."""

    digest: Digest
    standings: Mapping[str, Standing]
    run_key: str
    missing: Sequence[str]
    evidence: Mapping[str, str]
    offer: Offer
    merged: Sequence[Theme]

    @property
    def small(self) -> bool:
        return any(warned.code == SMALL for warned in self.digest.warnings)

    def standing(self, theme: Theme) -> Standing:
        return self.standings.get(theme.id, Standing(theme.id))


def digest(  # noqa: PLR0913 - what a month's message shows
    d: Digest,
    standings: Mapping[str, Standing],
    *,
    run_key: str,
    missing: Sequence[str] = (),
    evidence: Mapping[str, str] | None = None,
    offer: Offer = EVERYTHING,
    merged: Sequence[Theme] = (),
) -> Message:
    """The month in one message. `missing`: full sentences on sources that failed; they come first. `merged`: themes as
    they were found that are a part of another now, which their standing names.

    `evidence`: theme id -> address of its reply in the thread. `offer` without decisions: nobody may decide (an empty
    list of approvers, a digest over 90 days old), so that there are no buttons and the foot says why.
    """
    absent = (*missing, *(warned.message for warned in d.warnings if warned.code == MISSING))
    month = _Month(d, standings, run_key, absent, evidence or {}, offer, merged)
    if d.totals.tickets_read == 0:
        return _nothing(month)
    most = len(d.themes)
    shapes = [_Shape(most), _Shape(most, 80), _Shape(most, 80, copy=False), _Shape(most, 60, small_print=False)]
    shapes += [_Shape(n, 60, small_print=False, copy=False) for n in range(most, -1, -1)]
    return _first_fit(Message(_headline(month), list(_blocks(month, shape))) for shape in shapes)


def _first_fit(messages: Iterator[Message]) -> Message:
    """The first that Slack takes. Each list of shapes ends in one so small that the last stands for all."""
    for message in messages:
        if not limits.problems(message):
            return message
    return message


# --- the digest in the channel


def _headline(month: _Month) -> str:
    d, t, about = month.digest, month.digest.totals, Theirs(month.digest.window.label)
    partly = [Theirs(month.missing[0]), " "] if month.missing else []
    if not d.themes:
        none = f": no theme in {count(t.tickets_read, 'ticket')}. The rest is in the thread."
        return text.sentence(*partly, "Support themes, ", about, none)
    found = count(len(d.themes), "tentative theme" if month.small else "theme")
    read = f": {found} from {count(t.tickets_read, 'ticket')}, {count(t.customers, 'customer')}. Top: "
    top, item = d.themes[0], d.item_of(d.themes[0])
    tail = f", {count(top.counts.tickets, 'ticket')}, {item.severity}. Evidence in the thread."
    return text.sentence(*partly, "Support themes, ", about, read, Theirs(top.words.name), tail)


def _blocks(month: _Month, shape: _Shape) -> Iterator[Block]:
    yield header(_title(month))
    yield from _first(month)
    yield from _facts(month)
    yield divider()
    for theme in month.digest.themes[: shape.rows]:
        yield from _row(month, theme, shape)
    for theme in (*month.digest.snoozed_themes, *month.merged)[: 2 * shape.rows]:
        yield from _put_by(month, theme)
    yield from _foot(month, shape)


def _title(month: _Month) -> str:
    """Alone in a desktop notification: what it is, how much, and whether it is whole."""
    found = f"{len(month.digest.themes)} found" if month.digest.themes else "none found"
    told = [found] + ["small sample"] * month.small + ["incomplete"] * bool(month.missing)
    return f"Support themes: {text.plain(month.digest.window.label, 90)}, {', '.join(told)}"


def _first(month: _Month) -> Iterator[Block]:
    """A failed part, then every other warning, before any number."""
    for said in month.missing:
        yield rich(paragraph(words("⚠️ Incomplete: ", bold=True), words(phrases.line(said), limit=400)))
    idle = {MISSING} if month.digest.totals.tickets_read else {MISSING, SMALL}
    for warned in [w for w in month.digest.warnings if w.code not in idle][:5]:
        yield rich(paragraph(words("⚠️ "), words(phrases.line(warned.message), bold=True, limit=400)))


def _facts(month: _Month) -> Iterator[Block]:
    d, t = month.digest, month.digest.totals
    yield context(" · ".join(filter(None, (phrases.window_days(d.window), phrases.sources(d.making.sources)))))
    removed = f", {number(t.removed)} removed" if t.removed else ""
    unknown = f", {count(t.unidentified_customers, 'requester')} not identified" if t.unidentified_customers else ""
    yield figures(
        (
            ("Tickets read", number(t.tickets_read)),
            ("Customers", number(t.customers) + unknown),
            ("In a theme", f"{number(t.in_themes)} ({percent(t.in_themes, t.tickets_read)})"),
            ("Not a theme", f"{number(t.not_a_theme)} ({percent(t.not_a_theme, t.tickets_read)}){removed}"),
        )
    )
    ranked = " Ranked by tickets; backlog rank is customers × severity weight." if d.themes else ""
    yield context(phrases.REVIEW_FIRST + ranked)


def _row(month: _Month, theme: Theme, shape: _Shape) -> Iterator[Block]:
    item, now = month.digest.item_of(theme), month.standing(theme)
    press = Press(month.run_key, theme.id, item.revision)
    tentative = "Tentative " if month.small else ""
    name = f"{tentative}{theme.rank}. {text.plain(theme.words.name, shape.name)}"
    course = f" · {phrases.trend(theme)}" if theme.trend else ""
    figures_line = f"\n{phrases.size(theme)}{course} · {item.severity} · {theme.words.kind}"
    said: list[Words] = [words(name, bold=True), words(figures_line)]
    said += [words(f"\nSkewed? {phrases.line(alarm.message)}", limit=200) for alarm in theme.alarms]
    said += [words(f"\nUsage: {phrases.line(theme.signal.message)}", limit=250)] if theme.signal else []
    state = rows.state(now, month.offer)
    said += [words("\n"), *state] if state else []
    found = rows.existing(theme, now, month.offer)
    said += [words("\n"), *found] if found else []
    yield rich(paragraph(*said), block_id=text.plain(f"row.{theme.id}.{now.number}.{now.stage}", 255))
    if shape.small_print:
        small_print = _small_print(theme, item, len(month.digest.items), now.stage is Stage.OPEN)
        yield context(small_print, (month.evidence.get(theme.id), "See evidence"))
    offer = replace(month.offer, copy=shape.copy)
    yield from rows.controls(theme, now, press, offer=offer, tentative=month.small)


def _put_by(month: _Month, theme: Theme) -> Iterator[Block]:
    """A theme that a correction took out of the ranking: where it went, and the way back."""
    now = month.standing(theme)
    said = [words(text.plain(theme.words.name, 80), bold=True), words("\n"), *rows.state(now)]
    if now.stage is Stage.MERGED:
        into = next((t for t in month.digest.themes if t.id == now.into), None)
        said = rows.merged(theme, now, into) if into else []
    if said:
        yield rich(paragraph(*said), block_id=text.plain(f"row.{theme.id}.{now.number}.{now.stage}", 255))
        yield from rows.controls(theme, now, Press(month.run_key, theme.id, 0), offer=month.offer, tentative=False)


def _small_print(theme: Theme, item: BacklogItem, items: int, undecided: bool) -> str:
    told = [f"Backlog rank {item.rank} of {items}"]
    if undecided:  # once decided, the row says what became of it instead
        told.append(f"could avoid {_avoided(item)}")
        by_tickets = sorted(theme.counts.by_source.items(), key=lambda pair: (-pair[1], pair[0]))
        told += [f"in {_listed(names)}"] if (names := _names(by_tickets)) else []
    return " · ".join(told)


def _avoided(item: BacklogItem) -> str:
    return f"up to {count(item.deflection.high, 'ticket')} {phrases.per(item.deflection)}"


def _names(by_source: Iterable[tuple[str, int]]) -> list[str]:
    return [phrases.source_name(phrases.line(name)) for name, _ in by_source]


def _listed(names: Sequence[str]) -> str:
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def _foot(month: _Month, shape: _Shape) -> Iterator[Block]:
    d = month.digest
    if not d.themes:
        so_far = " What is below that is listed in the thread: anecdotes so far." if phrases.anecdotes(d) else ""
        yield rich(paragraph(words(f"No group of tickets reached 5 tickets from 3 customers.{so_far}")))
    beyond = len(d.themes) - shape.rows
    if beyond > 0:
        yield rich(paragraph(words(f"{count(beyond, 'more theme')} in the thread: too much for one message.")))
    yield divider()
    decided = sum(month.standing(theme).stage is not Stage.OPEN for theme in d.themes)
    firm = "" if d.stability is None else f"{d.stability:.2f}, "
    told = [f"{decided} of {len(d.themes)} decided", f"stability {firm}{phrases.stability_word(d.stability)}"]
    told += [_where_the_rest_is(d), f"wording {phrases.made_by(d.making.drafter)}"]
    yield context(" · ".join(told))
    if not month.offer.decisions:
        yield context("Nothing can be decided here: a private copy, nobody may approve, or over 90 days old.")


def _where_the_rest_is(d: Digest) -> str:
    rest = f"{count(d.totals.not_a_theme, 'ticket')} NOT A THEME"
    further = f" and {count(len(d.further_themes), 'further theme')}" if d.further_themes else ""
    return f"{rest}{further}: in the thread"


def _nothing(month: _Month) -> Message:
    """So that silence is never mistaken for health: who answered, and that they had nothing."""
    d = month.digest
    label = text.plain(d.window.label, 90)
    names = _names(d.making.sources)
    answered = f"{_listed(names)} answered." if names else "No source was asked."
    answered = answered.replace(" answered", " both answered") if len(names) == 2 else answered
    partly = [Theirs(month.missing[0]), " "] if month.missing else []
    said = text.sentence(*partly, "No support tickets in ", Theirs(label), f". {answered}")
    told = ", incomplete" if month.missing else ""
    blocks = [header(f"Support themes: {label}, no tickets{told}"), *_first(month)]
    blocks.append(rich(paragraph(words(f"No tickets in {label}. {answered}"))))
    return Message(text.padded(said, "There is nothing to decide."), blocks)


# --- evidence in the thread


@dataclass(frozen=True, slots=True)
class _Depth:
    """How much of its evidence a theme's reply shows."""

    quotes: int
    characters: int
    tickets: int
    problem: int = 600


_DEPTHS = (_Depth(3, 600, 25), _Depth(3, 300, 12), _Depth(3, 150, 5, 300), _Depth(1, 100, 0, 150))


def reply(d: Digest, theme: Theme, standing: Standing, *, run_key: str, offer: Offer = EVERYTHING) -> Message:
    """A theme's evidence: what it is, its figures with their arithmetic, the draft, quotes and tickets, and buttons."""
    item = d.item_of(theme)
    tail = f": {phrases.size(theme)}, {item.severity}. {count(len(theme.quotes), 'quote')} and ticket links."
    said = text.sentence(f"Evidence for theme {theme.rank}, ", Theirs(theme.words.name), tail)
    press = Press(run_key, theme.id, item.revision)
    small = any(warned.code == SMALL for warned in d.warnings)
    controls = rows.controls(theme, standing, press, offer=offer, tentative=small, whole=True)
    return _first_fit(Message(said, [*_evidence(d, theme, standing, offer, depth), *controls]) for depth in _DEPTHS)


def elsewhere(d: Digest, theme: Theme, standing: Standing, *, run_key: str, offer: Offer = EVERYTHING) -> Message:
    """The reply of a theme that is no row of the digest any more: where its tickets are now."""
    into = next((t for t in d.themes if t.id == standing.into), None)
    name = Theirs(theme.words.name)
    told: tuple[str, ...] = (" is not among the themes shown any more.",)
    if standing.stage is Stage.MERGED and into is not None:
        shown, told = rows.merged(theme, standing, into), (" is a part of ", Theirs(into.words.name), " now.")
    else:
        state = rows.state(standing) or [words("No longer among the themes shown, since tickets were moved.")]
        shown = [words(text.plain(theme.words.name, 120), bold=True), words("\n"), *state]
    controls = rows.controls(theme, standing, Press(run_key, theme.id, 0), offer=offer, tentative=False)
    controls = [] if standing.stage is Stage.OPEN else controls
    return Message(
        text.padded(text.sentence(name, *told), "Its evidence is in the digest."), [rich(paragraph(*shown)), *controls]
    )


def _evidence(d: Digest, theme: Theme, now: Standing, offer: Offer, depth: _Depth) -> Iterator[Block]:
    item = d.item_of(theme)
    name = f"{theme.rank}. {text.plain(theme.words.name, 120)}"
    problem = words(f"\n{phrases.line(theme.words.problem)}", limit=depth.problem)
    yield rich(paragraph(words(name, bold=True), problem), bullets(_figures(d, theme, item)))
    story = words(f"\n{phrases.line(theme.words.user_story)}", limit=depth.problem)
    title = words(text.plain(theme.words.title, 160))
    yield rich(paragraph(words("Proposed draft: ", bold=True), title, story), *_acceptance(theme, depth))
    yield context("Word for word from the tickets, with the personal data that was recognised hidden")
    tickets = {e.ticket_id: e.url for e in theme.evidence}
    for said in theme.quotes[: depth.quotes]:
        about = [words(" "), link(tickets.get(said.ticket_id), said.ticket_id)]
        yield rich(quote(words(said.text, limit=depth.characters), *about))
    yield from _tickets(theme, depth)
    state = rows.state(now, offer)
    if state:
        yield rich(paragraph(*state))
    if found := rows.existing(theme, now, offer):
        yield rich(paragraph(*found))


def _figures(d: Digest, theme: Theme, item: BacklogItem) -> Iterator[Block]:
    deflection, customers = item.deflection, count(theme.counts.customers, "customer")
    arithmetic = f"range {phrases.avoidable(deflection)}: {deflection.arithmetic}"
    firm = phrases.stability_word(theme.quality.stability)
    figures = (
        ("Tickets: ", f"{phrases.size(theme)} ({phrases.sources(theme.counts.by_source)})"),
        *([("Trend: ", phrases.trend(theme))] if theme.trend else []),
        *([("Usage: ", phrases.line(theme.signal.message))] if theme.signal else []),
        ("Severity: ", f"{item.severity}, {phrases.why(item)}"),
        ("Could avoid: ", f"{_avoided(item)} ({arithmetic})"),
        (
            "Impact: ",
            f"{number(item.impact)} ({customers} × {item.severity} weight), rank {item.rank} of {len(d.items)}",
        ),
        ("Stability: ", firm if theme.quality.stability is None else f"{theme.quality.stability:.2f} of 1, {firm}"),
    )
    for label, said in figures:
        yield paragraph(words(label, bold=True), words(phrases.line(said), limit=500))
    for alarm in theme.alarms:
        yield paragraph(words("Skewed? ", bold=True), words(phrases.line(alarm.message), limit=300))


def _acceptance(theme: Theme, depth: _Depth) -> Iterator[Block]:
    lines = [paragraph(words(phrases.line(a), limit=200)) for a in theme.words.acceptance[:5]]
    if lines and depth.tickets:
        yield bullets(lines)


def _tickets(theme: Theme, depth: _Depth) -> Iterator[Block]:
    """The nearest tickets as links; the others are in the report and, after approval, in the issue."""
    listed = theme.evidence[: depth.tickets]
    if not listed:
        return
    rest = theme.counts.tickets - len(listed)
    parts: list[Words] = [words("Tickets, nearest first: ", bold=True)]
    for n, one in enumerate(listed):
        parts += [words(", ")] * bool(n) + [link(one.url, one.ticket_id)]
    parts += [words(f" and {number(rest)} more in the report")] if rest > 0 else []
    yield rich(paragraph(*parts))


# --- what is in no theme of the digest


def left_over(d: Digest) -> Message:
    """NOT A THEME, anecdotes, further and candidate themes, what was removed and what could not be read."""
    said = f"Not a theme: {count(d.totals.not_a_theme, 'ticket')} of {number(d.totals.tickets_read)} read, by reason."
    text_of_it = text.padded(said, "Ids of the tickets are listed here.")
    return _first_fit(Message(text_of_it, list(_leavings(d, lines))) for lines in (20, 10, 5, 2))


def _leavings(d: Digest, most: int) -> Iterator[Block]:
    yield rich(paragraph(words("NOT A THEME", bold=True), words(f": {_counted(d)}")))
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
    of = percent(d.totals.not_a_theme, d.totals.tickets_read)
    return f"{count(d.totals.not_a_theme, 'ticket')}, {of} of what was read.{removed}"


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
