"""Digest -> what a run prints: warnings, the table of themes, the totals. Reads without colour and at 80 columns."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from bot import phrases
from bot.domain import BacklogItem, Digest, Severity, Theme
from bot.phrases import UNCLEAR, count, number
from bot.report import sums

_URGENT = 5  # tickets that may be urgent, shown above the table
_STYLES = {Severity.P0: "bold red", Severity.P1: "bold yellow"}


def table(digest: Digest) -> RenderableType:
    """Everything between the progress lines and the caller's "Report ..., Next ..." lines.

    All of it is `Text`, never markup: "[red]" in a ticket is five letters, and an escape sequence a visible character.
    """
    return Group(*_lines(digest))


def _urgent(digest: Digest) -> Iterator[RenderableType]:
    left = phrases.urgent(digest)
    if left:
        yield Text.assemble(("Urgent?  ", "bold red"), f"{phrases.urgent_heading(len(left))}:")
    for one in left[:_URGENT]:
        yield Text(f"  {phrases.line(one.ticket_id)}  “{phrases.clip(phrases.line(one.urgent), 160)}”")
    if len(left) > _URGENT:
        yield Text(f"  and {number(len(left) - _URGENT)} more, in the report.")


def _lines(digest: Digest) -> Iterator[RenderableType]:
    yield from _urgent(digest)
    for warned in digest.warnings:
        yield Text.assemble(("Note  ", "bold yellow"), phrases.line(warned.message))
    if digest.warnings:
        yield Text("")
    if digest.themes:
        yield _themes(digest)
    elif digest.totals.tickets_read:
        yield Text("No problem recurs in enough tickets, of enough customers, to be a theme.")
    if any(t.trend and phrases.course(t.trend) == UNCLEAR for t in digest.themes):
        yield Text(f"Trend {UNCLEAR}: too few tickets to tell a change from chance.")
    yield from (Text.assemble((f"{t.number} skewed?  ", "bold yellow"), alarm) for t, alarm in _alarms(digest))
    yield Text("")
    yield Text(_totals(digest))
    yield Text(_left_over(digest))
    yield from (Text(line) for line in _beside(digest))


def _themes(digest: Digest) -> Table:
    found = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), show_edge=False, header_style="bold")
    found.add_column("#", justify="right", no_wrap=True)
    found.add_column("Theme", ratio=1, overflow="fold")
    for heading in ("Tickets", "Cust."):
        found.add_column(heading, justify="right", no_wrap=True)
    trends = any(theme.trend for theme in digest.themes)
    if trends:
        found.add_column("Trend")
    found.add_column("Sev", no_wrap=True)
    for heading in ("Could\navoid", "Backlog\nrank"):
        found.add_column(heading, justify="right", no_wrap=True)
    found.add_column("Stable", no_wrap=True)
    items = {item.theme_id: item for item in digest.items}
    for theme in digest.themes:
        found.add_row(*_row(theme, items.get(theme.id), trends=trends))
    return found


def _row(theme: Theme, item: BacklogItem | None, *, trends: bool) -> list[Text]:
    stable = "–" if theme.quality.stability is None else phrases.stability_word(theme.quality.stability)
    return [
        Text(str(theme.number)),
        Text(phrases.heading(theme.words.name)),
        Text(number(theme.counts.tickets)),
        Text(number(theme.counts.customers)),
        *([Text(phrases.went(theme.trend).replace(", ", "\n") if theme.trend else "–")] if trends else []),
        Text(item.severity.value, _STYLES.get(item.severity, "")) if item else Text("–"),
        Text(phrases.avoidable(item.deflection) if item else "–"),
        Text(str(item.rank) if item else "–"),
        Text(stable),
    ]


def _alarms(digest: Digest) -> Iterator[tuple[Theme, str]]:
    return ((theme, phrases.line(alarm.message)) for theme in digest.themes for alarm in theme.alarms)


def _totals(digest: Digest) -> str:
    t, told = digest.totals, sums.sums(digest)
    firm = "" if digest.stability is None else f" ({digest.stability:.2f})"
    rest = f". Of the other {number(told.looked_at)}: " if told.gone else ", "
    return (
        f"Tickets: {sums.read(told)}{rest}{sums.in_themes(told)}, {number(t.not_a_theme)} not a theme. "
        f"{count(t.customers, 'customer')}, {number(t.unidentified_customers)} not identified. "
        f"Stability {phrases.stability_word(digest.stability)}{firm}."
    )


def _left_over(digest: Digest) -> str:
    return f"NOT A THEME: {sums.not_a_theme(sums.sums(digest), len(phrases.anecdotes(digest)))}."


def _beside(digest: Digest) -> Iterator[str]:
    yield from (f"{t.number} usage: {phrases.line(t.signal.message)}" for t in digest.themes if t.signal)
    yield from (f"Outcome: {phrases.line(measured.message)}" for measured in digest.outcomes)
    yield from ([f"Forecasts: {digest.record.message}"] if digest.record else [])
    yield from (f"Watch: {phrases.line(one.message)}" for one in digest.watched)
    yield from (f"Honoured: {phrases.line(one.message)}" for one in digest.honoured)
    if digest.snoozed_themes:
        names = ", ".join(phrases.heading(t.words.name) for t in digest.snoozed_themes)
        yield f"Snoozed: {names}."
    if digest.further_themes:
        yield f"Beyond the table: {count(len(digest.further_themes), 'further theme')}."
    if digest.candidate_themes:
        yield f"Customers not known: {count(len(digest.candidate_themes), 'candidate theme')}, not in the backlog."
    if digest.rejects:
        yield f"{count(len(digest.rejects), 'row')} could not be read; the report says where and why."
