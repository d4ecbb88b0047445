"""A run's findings -> Digest, the one value that every renderer reads. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bot.domain import (
    BacklogItem,
    Counts,
    Customer,
    Digest,
    Dot,
    Evidence,
    LeftOver,
    Making,
    Quote,
    Reject,
    Removed,
    Severity,
    Theme,
    Ticket,
    Totals,
    Warned,
    Window,
    shown_ids,
)
from bot.synthesis import Found, Synthesis
from bot.synthesis.impact import deflection, impact
from bot.synthesis.rules import Rules
from bot.synthesis.severity import alarming

_EXAMPLES = 3  # METHOD: up to three example ids


@dataclass(frozen=True, slots=True)
class Reading:
    """What was read: every ticket once, the ones that a filter took out with the reason, and what could not be read.

    `earlier`: tickets from before the window, which count nowhere in it, that show which of its tickets are copies.
    """

    tickets: tuple[Ticket, ...]
    left_out: tuple[tuple[Ticket, str], ...]
    rejects: tuple[Reject, ...]
    warnings: tuple[Warned, ...]
    window: Window
    customers: Mapping[str, Customer]
    earlier: tuple[Ticket, ...] = ()

    @property
    def everything(self) -> tuple[Ticket, ...]:
        return (*self.tickets, *(t for t, _ in self.left_out))


def digest(reading: Reading, found: Synthesis, making: Making, rules: Rules, theme_ids: Sequence[str]) -> Digest:
    """Everything that a run says, with shown ids, ranks and totals. `theme_ids`: of the themes, then the candidates."""
    ids = shown_ids(reading.everything)
    named = dict(zip(map(id, (*found.themes, *found.candidates)), theme_ids, strict=True))
    themes = [_theme(f, named[id(f)], rank, ids, reading.customers) for rank, f in enumerate(found.themes, 1)]
    rated = [(t, f.severity, f.severity_reason) for t, f in zip(themes[: rules.show], found.themes, strict=False)]
    items = backlog(rated, reading.window, rules)
    candidates = tuple(
        _theme(f, named[id(f)], rank, ids, reading.customers) for rank, f in enumerate(found.candidates, 1)
    )
    removed = tuple(Removed(ids[t.id], why) for t, why in (*found.removed, *reading.left_out))
    left = tuple(_left_over(found, ids))
    return Digest(
        making=making,
        window=reading.window,
        totals=_totals(reading, found, len(left), len(removed)),
        stability=None if found.stability is None else round(found.stability, 4),
        themes=tuple(themes[: rules.show]),
        further_themes=tuple(themes[rules.show :]),
        candidate_themes=candidates,
        items=items,
        not_a_theme=left,
        removed=tuple(sorted(removed, key=lambda r: (r.reason, r.ticket_id))),
        rejects=reading.rejects,
        warnings=_in_order((*warned(_facts(reading, found), rules), *found.remarks, *reading.warnings)),
        dots=_dots(found, rules),
    )


def _theme(found: Found, theme_id: str, rank: int, ids: Mapping[str, str], customers: Mapping[str, Customer]) -> Theme:
    members = tuple(ids[t.id] for t in found.members)
    quotes = tuple(Quote(ids[q.ticket_id], q.text) for q in found.quotes)
    return Theme(
        id=theme_id,
        rank=rank,
        members=members,
        examples=tuple(dict.fromkeys((*(q.ticket_id for q in quotes), *members)))[:_EXAMPLES],
        counts=found.counts,
        words=found.words,
        quotes=quotes,
        evidence=tuple(_evidence(found, ids, customers)),
        quality=found.quality,
        alarms=found.alarms,
    )


def _evidence(found: Found, ids: Mapping[str, str], customers: Mapping[str, Customer]) -> Iterator[Evidence]:
    for ticket, fit, sentence in zip(found.members, found.fit, found.sentences, strict=True):
        customer = customers[ticket.id]
        name = customer.name if customer.identified else None
        yield Evidence(ids[ticket.id], ticket.url, ticket.created_at, name, ticket.source, sentence, fit)


def backlog(themes: Sequence[tuple[Theme, Severity, str]], window: Window, rules: Rules) -> tuple[BacklogItem, ...]:
    """One backlog item for each shown theme (with its severity and why), ranked by customers x severity (METHOD)."""
    ranked = sorted(
        ((impact(theme.counts.customers, rules.weights[level]), theme, level, why) for theme, level, why in themes),
        key=lambda row: (-row[0], -row[1].counts.tickets, row[1].rank),
    )
    return tuple(
        BacklogItem(
            id=f"b-{theme.id[2:]}",
            theme_id=theme.id,
            rank=rank,
            severity=level,
            severity_reason=why,
            deflection=deflection(theme.counts.tickets, theme.quality.core, window),
            impact=points,
        )
        for rank, (points, theme, level, why) in enumerate(ranked, 1)
    )


def _left_over(found: Synthesis, ids: Mapping[str, str]) -> Iterator[LeftOver]:
    """NOT A THEME: candidates, anecdotes (grouped, largest first), then one-offs."""
    for candidate in found.candidates:
        for ticket in candidate.members:
            yield LeftOver(ids[ticket.id], "candidate", f"candidate theme, customers not known: {candidate.words.name}")
    for anecdote in found.anecdotes:
        detail = anecdote_detail(anecdote.counts, anecdote.name)
        for ticket in anecdote.members:
            yield left_over(ticket, ids[ticket.id], "anecdote", detail, found.urgent.get(ticket.id, ""))
    for ticket, about in found.one_offs:
        yield left_over(ticket, ids[ticket.id], "one-off", f"{SINGLE}{about}", found.urgent.get(ticket.id, ""))


def left_over(ticket: Ticket, shown: str, reason: str, detail: str, urgent: str) -> LeftOver:
    return LeftOver(shown, reason, detail, urgent, ticket.url if urgent else None)


def mismarked(
    left: Sequence[Mapping[str, Any]],
    by_id: Mapping[str, Ticket],
    said: Mapping[str, Sequence[str]],
    rules: Rules,
) -> Iterator[str]:
    """Of a document's `not_a_theme`: what tells of the worst and isn't marked so, or is marked and doesn't. `said`: the
    tickets' own sentences, by shown id."""
    for x in left:
        if x["reason"] not in ("one-off", "anecdote") or x["ticket_id"] not in said:
            continue
        ticket, told = by_id[x["ticket_id"]], (x.get("urgent", ""), x.get("url"))
        due = alarming(said[x["ticket_id"]], ticket, rules)
        if told != (due, ticket.url if due else None):
            yield f"{x['reason']} {x['ticket_id']}: urgent is {told[0]!r}, by the rules {due!r}"


SINGLE = "single report: "


def anecdote_detail(made: Counts, name: str) -> str:
    """ "4 tickets, 2 customers: Timezone is wrong": why it is no theme, in its own numbers."""
    parts = [counted(made.tickets, "ticket"), counted(made.customers, "customer")]
    if made.unidentified:
        parts.append(f"{made.unidentified} not identified")
    return f"{', '.join(parts)}: {name}"


def counted(n: int, noun: str) -> str:
    return f"{n:,} {noun}{'' if n == 1 else 's'}"


def _facts(reading: Reading, found: Synthesis) -> Facts:
    return Facts(
        looked_at=len(reading.tickets) - len(found.removed),
        themes=len(found.themes),
        in_themes=sum(len(f.members) for f in found.themes),
        candidates=len(found.candidates),
        stability=found.stability,
        other_languages=found.other_languages,
    )


def _totals(reading: Reading, found: Synthesis, left: int, removed: int) -> Totals:
    """Customers are those of the tickets that were looked at: nobody is counted by a ticket that was removed."""
    gone = {t.id for t, _ in found.removed}
    who = [reading.customers[t.id] for t in reading.tickets if t.id not in gone]
    return Totals(
        tickets_read=len(reading.everything),
        in_themes=sum(len(f.members) for f in found.themes),
        not_a_theme=left,
        removed=removed,
        customers=len({c.id for c in who if c.identified}),
        unidentified_customers=len({c.id for c in who if not c.identified}),
    )


FIRST = "source_missing"  # nothing comes before it: counts are of a part


def _in_order(warnings: Sequence[Warned]) -> tuple[Warned, ...]:
    return tuple(sorted(warnings, key=lambda w: w.code != FIRST))


@dataclass(frozen=True, slots=True)
class Facts:
    """The figures that the warnings of a digest are made from.

    `set_aside`: themes that recur, and sleep or are left out, as people wished.
    """

    looked_at: int
    themes: int
    in_themes: int
    candidates: int
    stability: float | None
    other_languages: float
    set_aside: int = 0


def warned(facts: Facts, rules: Rules) -> Iterator[Warned]:
    """What a reader must know before the themes, gravest first. Each is one or two full sentences."""
    shown = min(facts.themes, rules.show)
    enough = facts.looked_at >= rules.small_sample
    if not enough:
        yield Warned(
            "small_sample",
            f"Only {counted(facts.looked_at, 'ticket')} to look at, fewer than {rules.small_sample}: "
            "the clusters may be noise, and counts this small move by chance.",
        )
    if facts.candidates:
        yield Warned(
            "customers_unknown",
            "No customer is known for any ticket, so nothing can pass the rule of three customers: groups are shown as "
            "candidate themes. Add a customer or mail column.",
        )
    recurring = shown + facts.set_aside
    if enough and recurring < 5 and not facts.candidates:
        only = f"Only {counted(recurring, 'problem')} recur{'s' if recurring == 1 else ''}"
        what = only if recurring else "No problem recurs"
        floors = f"{rules.min_tickets} tickets from {rules.min_customers} customers"
        aside = f", {facts.set_aside} of them set aside" if facts.set_aside else ""
        yield Warned("few_themes", f"{what} in at least {floors}{aside}. Nothing was added to make the list longer.")
    if facts.stability is not None and facts.stability < rules.low_stability and shown:
        yield Warned(
            "low_stability",
            f"The grouping moves when a fifth of the tickets is left out (stability {facts.stability:.2f} of 1): "
            "read the themes as leads.",
        )
    if facts.other_languages > rules.other_language_share:
        yield Warned(
            "other_languages",
            f"{facts.other_languages:.0%} of the tickets are not in English: "
            "grouping is weaker there with the built-in embedder, and they may not join the English tickets of their "
            "problem. analysis.embedder: endpoint can name a model that reads them.",
        )
    left = facts.looked_at - facts.in_themes
    if shown and enough and left > 0.5 * facts.looked_at:
        yield Warned(
            "much_left_out",
            f"More than half of the tickets that were grouped are in no theme: {left:,} of {facts.looked_at:,}.",
        )


def _dots(found: Synthesis, rules: Rules) -> tuple[Dot, ...]:
    rank_of = {t.id: rank if rank <= rules.show else -1 for rank, f in enumerate(found.themes, 1) for t in f.members}
    return tuple(Dot(x, y, rank_of.get(t.id, 0)) for t, x, y in found.positions)
