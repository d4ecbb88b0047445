"""Tickets in, themes out: the method. Pure: the same tickets give the same themes, whatever the row order.

`synthesize` asks, it does not call: it yields what it needs from outside (vectors for texts) and is sent the answer, so
that whoever drives it can cache, batch, price and stop. It reads like the method (DESIGN section 7):

    clean -> embed -> group (-> read) -> rule 5/3 -> evidence -> name (-> word) -> severity, impact -> what is left

What stands in brackets asks a language model, where there is one; without it nothing else changes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bot.domain import Alarm, Counts, Customer, Quality, Quote, Severity, Ticket, Warned, Words
from bot.ports import Spread, Vectors, in_turn
from bot.synthesis import english, quality, reading, tree, words
from bot.synthesis.alarms import alarms
from bot.synthesis.clean import Cleaned, cleaned, passages
from bot.synthesis.counts import counts
from bot.synthesis.evidence import best_sentence, gist, quotes, verbatim
from bot.synthesis.forms import spoken
from bot.synthesis.kinds import kind
from bot.synthesis.known import grouped
from bot.synthesis.language import alike_by_language, foreign, language
from bot.synthesis.layout import layout
from bot.synthesis.lineage import Known
from bot.synthesis.needs import Ask, Embed
from bot.synthesis.noise import why_noise
from bot.synthesis.reading.held import recentred
from bot.synthesis.reading.plan import Plan, Read
from bot.synthesis.reading.texts import seen
from bot.synthesis.reading.wording import Brief, Worded, worded
from bot.synthesis.rules import Rules
from bot.synthesis.severity import alarming, severity

Labels = NDArray[np.intp]


__all__ = ["Anecdote", "Ask", "Embed", "Found", "Plan", "Synthesis", "synthesize"]

Synthesizing = Generator[Embed | Ask, Any, "Synthesis"]

_WORDED = 24  # themes that a model words, the largest first
_TOLD, _TOLD_OF = 8, 240  # tickets of a theme that are shown to word it, and characters of each


@dataclass(frozen=True, slots=True)
class Found:
    """A group that passed the rule (or a candidate, when no customer is known), with everything that speaks for it."""

    members: tuple[Ticket, ...]
    fit: tuple[float, ...]
    sentences: tuple[str, ...]  # the most telling sentence of each member, "" where none can be quoted
    counts: Counts
    words: Words
    quotes: tuple[Quote, ...]
    quality: Quality
    alarms: tuple[Alarm, ...]
    severity: Severity
    severity_reason: str
    centre: tuple[float, ...]  # of unit length, in the batch's own space: by it a later run knows the theme again


@dataclass(frozen=True, slots=True)
class Anecdote:
    """A group that is too small, or comes from too few customers, to be a theme."""

    members: tuple[Ticket, ...]
    name: str
    counts: Counts
    centre: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class Synthesis:
    """`themes` and `candidates` are ranked by tickets; every ticket that was read is in exactly one place."""

    themes: tuple[Found, ...]
    candidates: tuple[Found, ...]
    anecdotes: tuple[Anecdote, ...]
    one_offs: tuple[tuple[Ticket, str], ...]  # with the words that say what it is about
    removed: tuple[tuple[Ticket, str], ...]
    stability: float | None
    other_languages: float
    positions: tuple[tuple[Ticket, float, float], ...]
    remarks: tuple[Warned, ...] = ()  # on the reading of a language model
    urgent: Mapping[str, str] = field(default_factory=dict)  # ticket id -> what it tells of, of those in no theme
    drafter: str = words.MADE_BY  # who made the words, or the first of them


@dataclass(frozen=True, slots=True)
class _Batch:
    """The tickets that are grouped, in canonical order, with what was made of each."""

    tickets: tuple[Ticket, ...]
    own: tuple[str, ...]  # all of each ticket's own words: what the rules of severity read
    said: tuple[Cleaned, ...]  # the same without the subjects of forms: what is grouped and named
    customers: Mapping[str, Customer]
    rules: Rules
    vocabulary: words.Vocabulary


@dataclass(frozen=True, slots=True)
class _Group:
    """One label of the grouping: positions nearest first, their fit, and how it held under resampling."""

    rows: tuple[int, ...]
    fit: tuple[float, ...]
    counts: Counts
    quality: Quality


def synthesize(
    tickets: Sequence[Ticket],
    customers: Mapping[str, Customer],
    rules: Rules,
    plan: Plan | None = None,
    known: Sequence[Known] = (),
    spread: Spread = in_turn,
) -> Synthesizing:
    """The whole method over the (redacted) tickets of one window. With a `plan` a language model reads them.

    `known`: themes of earlier windows, which go on where tickets enough are like them. `spread`: who does what can be
    done side by side; the result is the same.

    Yields `Embed`, is sent an array (len(texts), dim) of unit rows; yields `Ask`, is sent an Answer for each question.
    Returns the `Synthesis`.
    """
    removed = tuple((t, why) for t in _canonical(tickets) if (why := why_noise(t)) is not None)
    kept = tuple(t for t in _canonical(tickets) if why_noise(t) is None)
    clean = cleaned([(t.subject, t.body) for t in kept])
    vectors = yield Embed(tuple(p for c in clean for p in passages(c)), "Embed")
    said, space = spoken(clean, vectors)
    own = tuple(" ".join(c.sentences) for c in clean)
    batch = _Batch(kept, own, said, customers, rules, words.Vocabulary.of(c.sentences for c in said))
    read = Read(grouped(space, known), followed=False)
    if plan:
        read = yield from reading.read(said, space, read.labels, plan)
    held = _held(space, read, known, rules.seed, spread)
    told = tuple(t.language or language(own) for t, own in zip(batch.tickets, batch.own, strict=True))
    groups, apart = _of_problems(_measured(batch, space, read, held), told, read)
    passing, candidates, anecdotes = _ruled(groups, batch)
    named = yield from _named([*passing, *candidates], batch, space)
    if plan and read.followed:
        named = yield from _reworded(named, [*passing, *candidates], batch, read, plan)
    themes = tuple(named[: len(passing)])
    placed = {i for g in groups for i in g.rows}
    return Synthesis(
        themes=themes,
        candidates=tuple(named[len(passing) :]),
        anecdotes=_anecdotes(anecdotes, batch, space),
        one_offs=tuple((t, gist(clean[i].sentences, t)) for i, t in enumerate(batch.tickets) if i not in placed),
        removed=removed,
        stability=held.overall,
        other_languages=foreign(told),
        positions=_positions(batch, space, passing),
        urgent=_urgent(batch, clean, passing),
        remarks=(*read.remarks, *_said_of(apart)),
        drafter=next((f.words.made_by for f in named if f.words.made_by != words.MADE_BY), words.MADE_BY),
    )


def _canonical(tickets: Sequence[Ticket]) -> list[Ticket]:
    return sorted(tickets, key=lambda t: t.id)


def _of_problems(groups: Sequence[_Group], told: Sequence[str | None], read: Read) -> tuple[list[_Group], list[_Group]]:
    """(groups of a problem, groups that share no more than a language). Of what a model has read, it was the judge."""
    share = foreign(told)
    apart = [
        g
        for g in groups
        if not read.followed and alike_by_language([told[i] for i in g.rows], g.quality.cohesion, share)
    ]
    return [g for g in groups if g not in apart], apart


def _urgent(batch: _Batch, clean: Sequence[Cleaned], passing: Sequence[_Group]) -> dict[str, str]:
    inside = {i for g in passing for i in g.rows}
    told = {t.id: alarming(clean[i].sentences, t, batch.rules) for i, t in enumerate(batch.tickets) if i not in inside}
    return {ticket_id: said for ticket_id, said in told.items() if said}


def _said_of(apart: Sequence[_Group]) -> tuple[Warned, ...]:
    """Whose tickets are listed one by one, since what they have in common may be their language alone."""
    n = sum(len(g.rows) for g in apart)
    said = (
        f"{n:,} tickets that are not in English lay together by their language, not clearly by a problem: they are "
        "listed one by one. The built-in embedder reads English; analysis.embedder: endpoint can name another."
    )
    return (Warned("language_only", said),) if n else ()


def _held(space: Vectors, read: Read, known: Sequence[Known], seed: int, spread: Spread) -> quality.Held:
    if read.followed:
        return recentred(space, read.labels, seed=seed)
    return quality.resampled(space, read.labels, known, seed=seed, spread=spread)


def _measured(batch: _Batch, space: Vectors, read: Read, held: quality.Held) -> list[_Group]:
    """The groups with their counts and how far to trust each, largest first."""
    labels = read.labels
    fit = tree.fit(space, labels)
    groups = []
    for label in range(int(labels.max(initial=-1)) + 1):
        rows = sorted(
            np.flatnonzero(labels == label).tolist(), key=lambda i: (-round(float(fit[i]), 6), batch.tickets[i].id)
        )
        made = counts([batch.tickets[i] for i in rows], batch.customers, batch.rules.timezone)
        core = sum(float(held.stay[i]) >= quality.CORE for i in rows)
        stable = None if held.stability is None else round(float(held.stability[label]), 4)
        cohesion = round(float(np.mean(fit[rows])), 4)
        groups.append(
            _Group(tuple(rows), tuple(round(float(fit[i]), 4) for i in rows), made, Quality(cohesion, stable, core))
        )
    groups.sort(key=lambda g: (-g.counts.tickets, -g.counts.customers, batch.tickets[min(g.rows)].id))
    return groups


def _ruled(groups: Sequence[_Group], batch: _Batch) -> tuple[list[_Group], list[_Group], list[_Group]]:
    """Rule 5/3 -> (themes, candidates, anecdotes). Candidates exist only where no customer at all is known."""
    rules = batch.rules
    nobody = not any(batch.customers[t.id].identified for t in batch.tickets)
    large = [g for g in groups if g.counts.tickets >= rules.min_tickets]
    passing = [g for g in large if g.counts.customers >= rules.min_customers]
    candidates = large if nobody else []
    rest = [g for g in groups if g not in passing and g not in candidates]
    return passing, candidates, rest


def _named(groups: Sequence[_Group], batch: _Batch, space: Vectors) -> Generator[Embed, Vectors, list[Found]]:
    """Each group with words that pick it out among the others."""
    materials = [_material(g, batch) for g in groups]
    weights = [words.weights(m, batch.vocabulary) for m in materials]
    options = [words.candidates(m, w) for m, w in zip(materials, weights, strict=True)]
    flat = tuple(c.name for names in options for c in names)
    vectors = yield Embed(flat, "Name")
    centred, centres = tree.compared(space, vectors, [g.rows for g in groups])
    ends = np.cumsum([len(names) for names in options])
    picked = words.chosen(options, np.split(centred, ends[:-1]) if len(options) else [], centres)
    return [
        _found(g, batch, m, w, c, tuple(round(float(x), 5) for x in centre))
        for g, m, w, c, centre in zip(groups, materials, weights, picked, centres, strict=True)
    ]


def _material(group: _Group, batch: _Batch) -> words.Material:
    sentences = tuple(batch.said[i].sentences for i in group.rows)
    return words.Material(sentences, *kind([batch.own[i] for i in group.rows]))


def _found(
    group: _Group,
    batch: _Batch,
    material: words.Material,
    weight: Mapping[str, float],
    name: words.Candidate,
    centre: tuple[float, ...],
) -> Found:
    members = tuple(batch.tickets[i] for i in group.rows)
    stems = [[english.content(s) for s in sentences] for sentences in material.sentences]
    telling = tuple(best_sentence(s, t, weight, w) for s, t, w in zip(material.sentences, members, stems, strict=True))
    shown = quotes(
        [(t, s, frozenset(english.content(s))) for t, s in zip(members, telling, strict=True)], batch.customers
    )
    own = [batch.own[i] for i in group.rows]
    said = words.words(name, material, [q.text for q in shown])
    level, reason = severity(members, own, batch.customers, said.kind, batch.rules)
    return Found(
        members=members,
        fit=group.fit,
        sentences=telling,
        counts=group.counts,
        words=said,
        quotes=shown,
        quality=group.quality,
        alarms=alarms(group.counts, own, Counter(t.source for t in batch.tickets), _days(batch)),
        severity=level,
        severity_reason=reason,
        centre=centre,
    )


def _reworded(
    named: Sequence[Found], groups: Sequence[_Group], batch: _Batch, read: Read, plan: Plan
) -> Generator[Ask, Any, list[Found]]:
    """The model's words in place of the extractive ones, where they hold; each theme says whose it has."""
    shown = [_told_of(g, read) for g in groups[:_WORDED]]
    briefs = [_brief(g, rows, batch, read) for g, rows in zip(groups, shown, strict=False)]
    made = yield from worded(briefs)
    result = list(named)
    taken = {f.words.name.lower() for f in named[_WORDED:]}
    for n, (said, rows) in enumerate(zip(made, shown, strict=True)):
        if said is not None and said.name.lower() not in taken:
            result[n] = _with_words(named[n], said, [batch.tickets[r] for r in rows], batch, plan)
        taken.add(result[n].words.name.lower())
    return result


def _told_of(group: _Group, read: Read) -> list[int]:
    """The rows that are shown: the nearest to the centre, and some from all the way out."""
    rows = [r for r in group.rows if r not in read.shut_out]
    near, far = rows[: _TOLD // 2], rows[_TOLD // 2 :]
    return (
        near + [far[i] for i in sorted({round(x) for x in np.linspace(0, len(far) - 1, _TOLD // 2)})] if far else near
    )


def _brief(group: _Group, rows: Sequence[int], batch: _Batch, read: Read) -> Brief:
    shown = tuple(seen(batch.said[r], _TOLD_OF) for r in rows)
    evidence = " ".join(seen(batch.said[r]) for r in group.rows if r not in read.shut_out)
    return Brief(read.definitions[int(read.labels[group.rows[0]])], shown, evidence)


def _with_words(found: Found, said: Worded, shown: Sequence[Ticket], batch: _Batch, plan: Plan) -> Found:
    """Counts, kind and severity stay what the rules made them. Quotes that the model chose are looked up once more."""
    cited = [(shown[n], quote) for n, quote in said.citations if verbatim(quote, shown[n])]
    kept = {t.id: t for t in found.members}
    options = cited + [(kept[q.ticket_id], q.text) for q in found.quotes]
    made = Words(
        name=said.name,
        short=words.short(said.name),
        kind=found.words.kind,
        problem=said.problem,
        title=said.title,
        user_story=said.user_story,
        acceptance=said.acceptance,
        made_by=plan.model,
        near_misses=said.near_misses,
        suggested_severity=said.severity,
        suggested_because=said.because,
    )
    chosen = quotes([(t, q, frozenset(english.content(q))) for t, q in options], batch.customers)
    return replace(found, words=made, quotes=chosen)


def _days(batch: _Batch) -> int:
    return len({t.created_at.date() for t in batch.tickets if t.created_at})


def _anecdotes(groups: Sequence[_Group], batch: _Batch, space: Vectors) -> tuple[Anecdote, ...]:
    where = tree.centred(space)
    centres = [tree.unit(where[list(g.rows)].sum(axis=0, keepdims=True))[0] for g in groups]
    return tuple(_anecdote(g, batch, centre) for g, centre in zip(groups, centres, strict=True))


def _anecdote(group: _Group, batch: _Batch, centre: Vectors) -> Anecdote:
    material = _material(group, batch)
    best = words.candidates(material, words.weights(material, batch.vocabulary))[0]
    told = tuple(round(float(x), 5) for x in centre)
    return Anecdote(tuple(batch.tickets[i] for i in group.rows), best.name, group.counts, told)


def _positions(batch: _Batch, space: Vectors, passing: Sequence[_Group]) -> tuple[tuple[Ticket, float, float], ...]:
    """Every grouped or left-over ticket on the map, themes apart from each other."""
    drawn = np.full(len(batch.tickets), -1, dtype=np.intp)
    for rank, group in enumerate(passing):
        drawn[list(group.rows)] = rank
    points = layout(space, drawn, seed=batch.rules.seed)
    return tuple((t, round(float(x), 4), round(float(y), 4)) for t, (x, y) in zip(batch.tickets, points, strict=True))
