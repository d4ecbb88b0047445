"""A digest as people corrected it: merges, splits, moves, names, edits, and what is muted or asleep. Pure.

What a run found is kept as it was found; what people see is that with the corrections in force, worked out anew each
time, so that taking one back gives exactly what was there before, and each binds the months that come. Membership is
all that a correction decides: every number that follows from it is counted again, by the same rules as before.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from bot.acts import Decision, Verdict
from bot.corrections.batch import Batch, everything
from bot.corrections.honoured import honoured, muted_detail
from bot.corrections.sheet import Sheet
from bot.digest import SINGLE, Facts, Reading, anecdote_detail, backlog, left_over, warned
from bot.domain import (
    BacklogItem,
    Digest,
    Dot,
    LeftOver,
    Severity,
    Theme,
    Warned,
)
from bot.synthesis.counts import counts
from bot.synthesis.evidence import gist
from bot.synthesis.rules import Rules
from bot.synthesis.severity import alarming, severity

_PUT_BY = (Verdict.REJECT, Verdict.SNOOZE)  # in the digest that they were said of, the row stays and says so


def concerns(digest: Digest, decisions: Iterable[Decision]) -> bool:
    """Whether any of the corrections, in their order, changes something of the digest."""
    here = {t.id for t in everything(digest)}
    touched = False
    for d in _binding(digest, decisions):
        into, part = d.payload.get("into"), d.payload.get("part")
        if d.theme_id in here or into in here:
            touched = True
            here |= {str(i) for i in (into, part) if i}
    return touched


def corrected(digest: Digest, reading: Reading, decisions: Sequence[Decision], rules: Rules) -> Digest:
    """`decisions`: the corrections in force, oldest first (`fold.corrections`). `reading`: what the digest counted.

    A theme that was rejected or snoozed after the digest was made keeps its place in it, where its row says so.
    """
    if not concerns(digest, decisions):
        return digest
    batch = Batch(digest, reading, rules)
    sheet = Sheet(batch)
    binding = list(_binding(digest, decisions))
    before = [d for d in decisions if d.at < digest.making.made_at]
    later = [d for d in binding if d.at >= digest.making.made_at]
    for decision in binding[: len(binding) - len(later)]:
        sheet.apply(decision)
    numbers = {t.id: rank for rank, t in enumerate(_ranked(sheet, sheet.built()), 1)} if later else None
    for decision in later:
        sheet.apply(decision)
    made = _assembled(sheet, numbers)
    return replace(made, honoured=honoured(made, batch.found, batch.shown, before))


def _binding(digest: Digest, decisions: Iterable[Decision]) -> Iterator[Decision]:
    """Those that say something of this digest."""
    for d in decisions:
        later = d.at >= digest.making.made_at
        if d.payload.get("once") and d.run_key != digest.making.run_id:
            continue
        if d.verdict in _PUT_BY and later:
            continue
        yield d


def _ranked(sheet: Sheet, built: Sequence[Theme]) -> list[Theme]:
    """Those that pass the rule and are not set aside, by tickets."""
    shown = [t for t in built if _holds(t, sheet.batch.rules) and t.id not in sheet.muted]
    awake = (t for t in shown if not sheet.asleep(t))
    return sorted(awake, key=lambda t: (-t.counts.tickets, -t.counts.customers, t.rank))


def _holds(theme: Theme, rules: Rules) -> bool:
    return theme.counts.tickets >= rules.min_tickets and theme.counts.customers >= rules.min_customers


def _numbered(sheet: Sheet, ranked: Sequence[Theme], numbers: Mapping[str, int] | None) -> list[Theme]:
    """`numbers`: as the digest was made, None where nothing was corrected since; what came into being later has the
    next ones, the oldest first."""
    placed = [replace(t, rank=rank) for rank, t in enumerate(ranked, 1)]
    if numbers is None:
        return placed
    more = (i for i in sheet.themes if i not in numbers)
    known = {**numbers, **{i: n for n, i in enumerate(more, len(numbers) + 1)}}
    return [replace(t, numbered=None if known[t.id] == t.rank else known[t.id]) for t in placed]


def _assembled(sheet: Sheet, numbers: Mapping[str, int] | None) -> Digest:
    batch, rules, everything = sheet.batch, sheet.batch.rules, sheet.built()
    holds = [t for t in everything if _holds(t, rules)]
    here = [t for t in holds if t.id not in sheet.muted]
    themes = _numbered(sheet, _ranked(sheet, everything), numbers)
    asleep = tuple(t for t in here if sheet.asleep(t))
    left = tuple(_left_over(sheet, [t for t in everything if t not in here], [*themes, *asleep]))
    inside = sum(len(t.members) for t in (*themes, *asleep))
    return replace(
        batch.digest,
        totals=replace(batch.digest.totals, in_themes=inside, not_a_theme=len(left)),
        themes=tuple(themes[: rules.show]),
        further_themes=tuple(themes[rules.show :]),
        snoozed_themes=asleep,
        items=_items(sheet, themes[: rules.show]),
        not_a_theme=left,
        warnings=_warnings(batch, len(themes), len(holds) - len(themes), inside),
        dots=_dots(batch, themes),
    )


def _items(sheet: Sheet, themes: Sequence[Theme]) -> tuple[BacklogItem, ...]:
    batch = sheet.batch
    before = {i.theme_id: i for i in batch.digest.items}

    def level(theme: Theme) -> tuple[Severity, str]:
        was = before.get(theme.id)
        if theme.id in sheet.severities:
            return sheet.severities[theme.id]
        if was is not None and theme.id not in sheet.regrouped:
            return was.severity, was.severity_reason
        tickets = batch.of(theme.members)
        return severity(tickets, batch.own(tickets), batch.reading.customers, theme.words.kind, batch.rules)

    made = backlog([(t, *level(t)) for t in themes], batch.digest.window, batch.rules)
    return tuple(replace(i, revision=1 + sheet.revised[i.theme_id]) for i in made)


def _left_over(sheet: Sheet, fallen: Sequence[Theme], inside: Sequence[Theme]) -> Iterator[LeftOver]:
    """What was in no theme before, what fell below the rule or is muted by a correction, what was taken out of all."""
    batch = sheet.batch
    placed = {i for t in (*inside, *fallen) for i in t.members}
    yield from _still_left(batch, placed)
    for theme in fallen:
        muted = sheet.muted.get(theme.id)
        name = theme.words.name
        reason, detail = ("muted", muted_detail(muted, name)) if muted else ("anecdote", "")
        yield from (_left(batch, i, reason, detail or anecdote_detail(theme.counts, name)) for i in theme.members)
    for theme in batch.found.values():
        for i in theme.members:
            if i not in placed:
                ticket = batch.tickets[i]
                yield _left(batch, i, "one-off", f"{SINGLE}{gist(batch.clean[ticket.id].sentences, ticket)}")


def _left(batch: Batch, shown: str, reason: str, detail: str) -> LeftOver:
    ticket = batch.tickets[shown]
    said = "" if reason == "muted" else alarming(batch.clean[ticket.id].sentences, ticket, batch.rules)
    return left_over(ticket, shown, reason, detail, said)


def _still_left(batch: Batch, placed: set[str]) -> Iterator[LeftOver]:
    """The anecdotes that lost a ticket to a theme are counted again."""
    left = [x for x in batch.digest.not_a_theme if x.ticket_id not in placed]
    told: defaultdict[str, list[str]] = defaultdict(list)
    for x in left:
        if x.reason == "anecdote":
            told[x.detail].append(x.ticket_id)
    again = {
        detail: anecdote_detail(
            counts(batch.of(ids), batch.reading.customers, batch.rules.timezone), detail.partition(": ")[2]
        )
        for detail, ids in told.items()
    }
    yield from (replace(x, detail=again.get(x.detail, x.detail)) for x in left)


def _warnings(batch: Batch, themes: int, aside: int, inside: int) -> tuple[Warned, ...]:
    digest = batch.digest
    facts = Facts(
        looked_at=len(batch.kept),
        themes=themes,
        in_themes=inside,
        candidates=len(digest.candidate_themes),
        stability=digest.stability,
        other_languages=digest.making.other_language_share,
        set_aside=aside,
    )
    again = {w.code: w for w in warned(facts, batch.rules)}
    counted = ("small_sample", "customers_unknown", "few_themes", "low_stability", "other_languages", "much_left_out")
    others = [w for w in digest.warnings if w.code not in counted]
    first = [w for w in others if w.code == "source_missing"]
    return (*first, *again.values(), *(w for w in others if w not in first))


def _dots(batch: Batch, themes: Sequence[Theme]) -> tuple[Dot, ...]:
    dots = batch.digest.dots
    if len(dots) != len(batch.kept):
        return dots
    rank = {i: t.number if t.rank <= batch.rules.show else -1 for t in themes for i in t.members}
    return tuple(replace(dot, theme=rank.get(batch.shown[t.id], 0)) for dot, t in zip(dots, batch.kept, strict=True))
