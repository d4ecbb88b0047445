"""A theme's evidence in the thread of its digest: figures, draft, quotes and tickets. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from bot import phrases
from bot.acts import Message, Stage, Standing
from bot.domain import BacklogItem, Digest, Theme
from bot.phrases import count, number
from bot.slack import limits, rows, text
from bot.slack.blocks import EVERYTHING, SMALL
from bot.slack.elements import (
    Block,
    Press,
    Words,
    bullets,
    context,
    link,
    paragraph,
    quote,
    rich,
    words,
)
from bot.slack.rows import Offer
from bot.slack.text import Theirs


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
    said = text.sentence(f"Evidence for theme {theme.number}, ", Theirs(theme.words.name), tail)
    press = Press(run_key, theme.id, item.revision)
    small = any(warned.code == SMALL for warned in d.warnings)
    controls = rows.controls(theme, standing, press, offer=offer, tentative=small, whole=True)
    shown = ([*_evidence(d, theme, standing, offer, depth), *controls] for depth in _DEPTHS)
    return limits.first_fit(Message(said, blocks) for blocks in shown)


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
    name = f"{theme.number}. {text.plain(theme.words.name, 120)}"
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
    arithmetic = f"{phrases.avoidable(deflection)}: {deflection.arithmetic}"
    firm = phrases.stability_word(theme.quality.stability)
    figures = (
        ("Tickets: ", f"{phrases.size(theme)} ({phrases.sources(theme.counts.by_source)})"),
        *([("Trend: ", phrases.trend(theme))] if theme.trend else []),
        *([("Usage: ", phrases.line(theme.signal.message))] if theme.signal else []),
        ("Severity: ", f"{item.severity}, {phrases.why(item)}"),
        ("Could avoid: ", f"{phrases.avoidance(item.deflection)} ({arithmetic})"),
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
    parts: list[Words] = [words("Tickets, the most typical first: ", bold=True)]
    for n, one in enumerate(listed):
        parts += [words(", ")] * bool(n) + [link(one.url, one.ticket_id)]
    parts += [words(f" and {number(rest)} more in the report")] if rest > 0 else []
    yield rich(paragraph(*parts))
