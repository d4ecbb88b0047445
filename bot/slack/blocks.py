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
    rich,
    who,
    words,
)
from bot.slack.rows import Offer
from bot.slack.text import Theirs

_URGENT = 3  # tickets that may be urgent, told in the channel; all are in the thread
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
    by: str | None

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
    by: str | None = None,
) -> Message:
    """The month in one message. `missing`: full sentences on sources that failed; they come first. `merged`: themes as
    they were found that are a part of another now, which their standing names. `by`: who asked for it by hand.

    `evidence`: theme id -> address of its reply in the thread. `offer` without decisions: nobody may decide (an empty
    list of approvers, a digest over 90 days old), so that there are no buttons and the foot says why.
    """
    absent = (*missing, *(warned.message for warned in d.warnings if warned.code == MISSING))
    month = _Month(d, standings, run_key, absent, evidence or {}, offer, merged, by)
    if d.totals.tickets_read == 0:
        return _nothing(month)
    most = len(d.themes)
    shapes = [_Shape(most), _Shape(most, 80), _Shape(most, 80, copy=False), _Shape(most, 60, small_print=False)]
    shapes += [_Shape(n, 60, small_print=False, copy=False) for n in range(most, -1, -1)]
    return limits.first_fit(Message(_headline(month), list(_blocks(month, shape))) for shape in shapes)


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
    yield from _urgent(month.digest)
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
    told = (
        [found]
        + ["on request"] * bool(month.by)
        + ["small sample"] * month.small
        + ["incomplete"] * bool(month.missing)
    )
    return f"Support themes: {text.plain(month.digest.window.label, 90)}, {', '.join(told)}"


def _first(month: _Month) -> Iterator[Block]:
    """A failed part, then every other warning, before any number."""
    for said in month.missing:
        yield rich(paragraph(words("⚠️ Incomplete: ", bold=True), words(phrases.line(said), limit=400)))
    idle = {MISSING} if month.digest.totals.tickets_read else {MISSING, SMALL}
    for warned in [w for w in month.digest.warnings if w.code not in idle][:5]:
        yield rich(paragraph(words("⚠️ "), words(phrases.line(warned.message), bold=True, limit=400)))


def _urgent(d: Digest) -> Iterator[Block]:
    """Tickets of no theme that tell of the worst, so that nobody has to look for them in the thread."""
    left = phrases.urgent(d)
    if not left:
        return
    more = f" The first {_URGENT}:" if len(left) > _URGENT else ""
    said = words(f"{phrases.urgent_heading(len(left))}.{more}")
    told = [
        paragraph(link(x.url, x.ticket_id), words(f" “{phrases.line(x.urgent)}”", limit=320)) for x in left[:_URGENT]
    ]
    yield rich(paragraph(words("⚠️ Urgent? ", bold=True), said), bullets(told))


def _facts(month: _Month) -> Iterator[Block]:
    d, t = month.digest, month.digest.totals
    read = " · ".join(filter(None, (phrases.window_days(d.window), phrases.sources(d.making.sources))))
    yield rich(paragraph(words("Asked for by "), who(month.by), words(f" · {read}"))) if month.by else context(read)
    looked_at = t.tickets_read - t.removed  # the one base of all shares
    gone = f", {number(t.removed)} not looked at" if t.removed else ""
    unknown = f", {count(t.unidentified_customers, 'requester')} not identified" if t.unidentified_customers else ""
    yield figures(
        (
            ("Tickets read", f"{number(t.tickets_read)}{gone}"),
            ("Customers", number(t.customers) + unknown),
            ("In a theme", f"{number(t.in_themes)} ({percent(t.in_themes, looked_at)})"),
            ("Not a theme", f"{number(t.not_a_theme)} ({percent(t.not_a_theme, looked_at)})"),
        )
    )
    ranked = " Ranked by tickets; backlog rank is customers × severity weight." if d.themes else ""
    yield context(phrases.REVIEW_FIRST + ranked)


def _row(month: _Month, theme: Theme, shape: _Shape) -> Iterator[Block]:
    item, now = month.digest.item_of(theme), month.standing(theme)
    press = Press(month.run_key, theme.id, item.revision)
    tentative = "Tentative " if month.small else ""
    name = f"{tentative}{theme.number}. {text.plain(theme.words.name, shape.name)}"
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
        told.append(f"could avoid {phrases.avoidance(item.deflection)}")
        by_tickets = sorted(theme.counts.by_source.items(), key=lambda pair: (-pair[1], pair[0]))
        told += [f"in {_listed(names)}"] if (names := _names(by_tickets)) else []
    return " · ".join(told)


def _names(by_source: Iterable[tuple[str, int]]) -> list[str]:
    return [phrases.source_name(phrases.line(name)) for name, _ in by_source]


def _listed(names: Sequence[str]) -> str:
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def _foot(month: _Month, shape: _Shape) -> Iterator[Block]:
    d = month.digest
    if not d.themes:
        so_far = " What is below that is listed in the thread: anecdotes so far." if phrases.anecdotes(d) else ""
        yield rich(
            paragraph(words(f"No problem recurs in enough tickets, of enough customers, to be a theme.{so_far}"))
        )
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
        yield context(f"Nothing can be decided here. {month.offer.why_not}".strip())


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
