"""A digest as people corrected it: merges, splits, moves, names, edits, and what is muted or asleep. Pure.

What a run found is kept as it was found; what people see is that with the corrections in force, worked out anew each
time, so that taking one back gives exactly what was there before, and each binds the months that come. Membership is
all that a correction decides: every number that follows from it is counted again, by the same rules as before.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from bot import fold
from bot.acts import Decision, Verdict
from bot.digest import SINGLE, Facts, Reading, anecdote_detail, backlog, warned
from bot.domain import (
    BacklogItem,
    Digest,
    Dot,
    Evidence,
    LeftOver,
    Quality,
    Severity,
    Theme,
    Ticket,
    Warned,
    Words,
    shown_ids,
)
from bot.honoured import honoured, muted_detail, set_by
from bot.synthesis import english
from bot.synthesis.alarms import alarms
from bot.synthesis.clean import Cleaned, cleaned
from bot.synthesis.counts import counts
from bot.synthesis.evidence import gist, quotes
from bot.synthesis.kinds import kind
from bot.synthesis.rules import Rules
from bot.synthesis.severity import severity
from bot.synthesis.words import MADE_BY, Material, Vocabulary, candidates, problem, short, weights, words

_PUT_BY = (Verdict.REJECT, Verdict.SNOOZE)  # in the digest that they were said of, the row stays and says so
_EDITED = ("title", "problem", "user_story", "acceptance")


def concerns(digest: Digest, decisions: Iterable[Decision]) -> bool:
    """Whether any of the corrections, in their order, changes something of the digest."""
    here = {t.id for t in _all(digest)}
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
    batch = _Batch(digest, reading, rules)
    sheet = _Sheet(batch)
    for decision in _binding(digest, decisions):
        sheet.apply(decision)
    made = _assembled(sheet)
    before = [d for d in decisions if d.at < digest.making.made_at]
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


def _all(digest: Digest) -> tuple[Theme, ...]:
    return (*digest.themes, *digest.further_themes)


@dataclass(frozen=True)
class _Batch:
    """What was read, by the ids that people see, and the tickets' own words where they are needed."""

    digest: Digest
    reading: Reading
    rules: Rules

    @cached_property
    def shown(self) -> dict[str, str]:
        return shown_ids(self.reading.everything)

    @cached_property
    def tickets(self) -> dict[str, Ticket]:
        return {self.shown[t.id]: t for t in self.reading.everything}

    @cached_property
    def found(self) -> dict[str, Theme]:
        return {t.id: t for t in _all(self.digest)}

    @cached_property
    def kept(self) -> list[Ticket]:
        """What was grouped, in the order of the map's dots."""
        gone = {r.ticket_id for r in self.digest.removed}
        return sorted((t for t in self.reading.tickets if self.shown[t.id] not in gone), key=lambda t: t.id)

    @cached_property
    def clean(self) -> dict[str, Cleaned]:
        said = cleaned([(t.subject, t.body) for t in self.kept])
        return {t.id: c for t, c in zip(self.kept, said, strict=True)}

    @cached_property
    def vocabulary(self) -> Vocabulary:
        return Vocabulary.of(c.sentences for c in self.clean.values())

    def own(self, tickets: Iterable[Ticket]) -> list[str]:
        return [" ".join(self.clean[t.id].sentences) for t in tickets]

    def of(self, ids: Iterable[str]) -> list[Ticket]:
        return [self.tickets[i] for i in ids]

    def evidence(self, shown: str) -> Evidence:
        """Of a ticket that somebody put where the method had not: its fit to the theme is not known."""
        ticket = self.tickets[shown]
        customer = self.reading.customers[ticket.id]
        quote = gist(self.clean[ticket.id].sentences, ticket)
        name = customer.name if customer.identified else None
        return Evidence(shown, ticket.url, ticket.created_at, name, ticket.source, quote, 0.0)


class _Sheet:
    """The themes of a digest while corrections are applied to them, one after the other."""

    def __init__(self, batch: _Batch) -> None:
        self.batch = batch
        self.themes = dict(batch.found)
        self.rows: dict[str, dict[str, Evidence]] = {}
        for theme in self.themes.values():
            listed = {e.ticket_id: e for e in theme.evidence}
            self.rows[theme.id] = {i: listed[i] if i in listed else batch.evidence(i) for i in theme.members}
        self.names: dict[str, str] = {}
        self.edits: dict[str, dict[str, object]] = {}
        self.severities: dict[str, tuple[Severity, str]] = {}
        self.revised: Counter[str] = Counter()
        self.regrouped: set[str] = set()
        self.muted: dict[str, Decision] = {}
        self.snoozed: dict[str, Decision] = {}
        self.merged: dict[str, str] = {}

    def apply(self, d: Decision) -> None:
        ways = {
            Verdict.MERGE: self._merge,
            Verdict.SPLIT: self._split,
            Verdict.MOVE: self._move,
            Verdict.RENAME: self._rename,
            Verdict.EDIT: self._edit,
            Verdict.REJECT: self._put_by,
            Verdict.SNOOZE: self._put_by,
        }
        ways[d.verdict](d)

    def _merge(self, d: Decision) -> None:
        into = fold.target(str(d.payload["into"]), self.merged)
        if into == d.theme_id:
            return
        self.merged[d.theme_id] = into
        if d.theme_id not in self.rows:
            return
        self.rows.setdefault(into, {}).update(self.rows.pop(d.theme_id))
        if into not in self.themes:  # it did not come this time: the one that was merged into it goes by its name
            self.themes[into] = replace(self.themes[d.theme_id], id=into)
            self.names.setdefault(into, str(d.payload.get("into_name") or self.themes[into].words.name))
        self._regrouped(into)

    def _split(self, d: Decision) -> None:
        part = str(d.payload["part"])
        taken = self._taken(d, fold.target(d.theme_id, self.merged))
        if taken:
            self.rows.setdefault(part, {}).update(taken)
            self.themes.setdefault(part, replace(self.themes[fold.target(d.theme_id, self.merged)], id=part))
            self._regrouped(part)
        if d.payload.get("part_name"):
            self.names[part] = str(d.payload["part_name"])

    def _move(self, d: Decision) -> None:
        """Both ways a bond: what was moved in stays in, what was moved out stays out. Into a theme that is not here,
        they are in none."""
        into = d.payload.get("into")
        where = fold.target(str(into), self.merged) if into else None
        taken = self._taken(d, *(i for i in self.rows if i != where))
        if where in self.rows:
            loose = {i: self.batch.evidence(i) for i in self._loose(d) if i not in self.rows[where]}
            if loose or taken:
                self.rows[where].update({**loose, **taken})
                self._regrouped(where)

    def _wanted(self, d: Decision) -> set[str]:
        return {self.batch.shown[i] for i in d.payload["tickets"] if i in self.batch.shown}

    def _taken(self, d: Decision, *themes: str) -> dict[str, Evidence]:
        wanted, taken = self._wanted(d), dict[str, Evidence]()
        for theme_id in themes:
            there = self.rows.get(theme_id, {})
            here = {i: there.pop(i) for i in list(there) if i in wanted}
            if here:
                taken |= here
                self._regrouped(theme_id)
        return taken

    def _loose(self, d: Decision) -> Iterator[str]:
        """Those of its tickets that were looked at and are in no theme."""
        inside = {i for rows in self.rows.values() for i in rows}
        looked_at = {self.batch.shown[t.id] for t in self.batch.kept}
        yield from (i for i in self._wanted(d) if i in looked_at and i not in inside)

    def _rename(self, d: Decision) -> None:
        self.names[d.theme_id] = str(d.payload["to"])
        self._revised(d.theme_id)

    def _edit(self, d: Decision) -> None:
        self.edits.setdefault(d.theme_id, {}).update({k: d.payload[k] for k in _EDITED if d.payload.get(k)})
        if d.payload.get("severity"):
            self.severities[d.theme_id] = (Severity(d.payload["severity"]), set_by(d))
        self._revised(d.theme_id)

    def _put_by(self, d: Decision) -> None:
        (self.muted if d.verdict is Verdict.REJECT else self.snoozed)[d.theme_id] = d

    def _revised(self, theme_id: str) -> None:
        self.revised[theme_id] += theme_id in self.themes

    def _regrouped(self, theme_id: str) -> None:
        self.regrouped.add(theme_id)
        self.revised[theme_id] += 1

    # --- what came of it

    def built(self) -> list[Theme]:
        """Each theme that still has tickets, counted anew where its tickets changed."""
        made: list[Theme] = []
        for theme_id, rows in self.rows.items():
            theme = self.themes[theme_id]
            if rows and theme_id in self.regrouped:
                theme = self._rebuilt(theme, rows)
            if rows:
                made.append(replace(theme, words=self._worded(theme)))
        return made

    def asleep(self, theme: Theme) -> bool:
        """Snoozed, its date has not come, and it has not grown by as much as was agreed."""
        d = self.snoozed.get(theme.id)
        if d is None:
            return False
        until, growth, rate = (d.payload.get(k) for k in ("until", "growth", "rate"))
        if until and self.batch.digest.making.made_at.isoformat() >= until:
            return False
        days = self.batch.digest.window.days
        if growth is None or not rate or not days:
            return True
        return bool(theme.counts.tickets / days < rate * (1 + growth))

    def _worded(self, theme: Theme) -> Words:
        said, edits = theme.words, self.edits.get(theme.id, {})
        changes = {k: tuple(map(str, v)) if isinstance(v, list | tuple) else str(v) for k, v in edits.items()}
        if name := self.names.get(theme.id):
            changes |= {"name": name, "short": short(name)}
        edited = tuple(sorted(changes.keys() - {"short"}))
        return replace(said, **changes, edited=edited) if changes else said  # type: ignore[arg-type]

    def _rebuilt(self, theme: Theme, rows: Mapping[str, Evidence]) -> Theme:
        batch = self.batch
        evidence = tuple(sorted(rows.values(), key=lambda e: (-e.fit, e.ticket_id)))
        ids = tuple(e.ticket_id for e in evidence)
        tickets, customers = batch.of(ids), batch.reading.customers
        quoted = sorted(evidence, key=lambda e: self._nearness(theme.id, e.ticket_id))
        options = [(batch.tickets[e.ticket_id], e.quote, frozenset(english.content(e.quote))) for e in quoted]
        said = tuple(replace(q, ticket_id=batch.shown[q.ticket_id]) for q in quotes(options, customers))
        made = counts(tickets, customers, batch.rules.timezone)
        days = len({t.created_at.date() for t in batch.kept if t.created_at})
        skewed = alarms(made, batch.own(tickets), Counter(t.source for t in batch.kept), days)
        fits = [e.fit for e in evidence if e.fit > 0]
        return replace(
            theme,
            members=ids,
            examples=tuple(dict.fromkeys((*(q.ticket_id for q in said), *ids)))[:3],
            counts=made,
            words=self._words(theme, tickets, [q.text for q in said]),
            quotes=said,
            evidence=evidence,
            quality=Quality(round(sum(fits) / len(fits), 4) if fits else 0.0, None, self._core(ids)),
            alarms=skewed,
            trend=None,
        )

    def _nearness(self, theme_id: str, shown: str) -> tuple[int, bool]:
        """How near it was to the centre of the theme that it came from: the themes that joined are quoted in turn."""
        came = next((t for t in self.batch.found.values() if shown in t.members), None)
        return (came.members.index(shown), came.id != theme_id) if came else (len(self.batch.kept), True)

    def _words(self, theme: Theme, tickets: Sequence[Ticket], said: Sequence[str]) -> Words:
        """A theme keeps its words through a merge or a move; what was split off gets its own."""
        if theme.id in self.batch.found or theme.id in self.merged.values():
            return replace(theme.words, problem=problem(said)) if theme.words.made_by == MADE_BY else theme.words
        sentences = tuple(self.batch.clean[t.id].sentences for t in tickets)
        material = Material(sentences, *kind(self.batch.own(tickets)))
        best = candidates(material, weights(material, self.batch.vocabulary))[0]
        return words(best, material, said)

    def _core(self, ids: Sequence[str]) -> int:
        """At least so many are of the core: those of the themes that came together, less all that left."""
        came = [t for t in self.batch.found.values() if set(t.members) & set(ids)]
        return min(len(ids), sum(max(0, t.quality.core - len(set(t.members) - set(ids))) for t in came))


def _assembled(sheet: _Sheet) -> Digest:
    batch, rules, everything = sheet.batch, sheet.batch.rules, sheet.built()
    holds = [
        t for t in everything if t.counts.tickets >= rules.min_tickets and t.counts.customers >= rules.min_customers
    ]
    here = [t for t in holds if t.id not in sheet.muted]
    ranked = sorted(
        (t for t in here if not sheet.asleep(t)), key=lambda t: (-t.counts.tickets, -t.counts.customers, t.rank)
    )
    themes = [replace(t, rank=rank) for rank, t in enumerate(ranked, 1)]
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


def _items(sheet: _Sheet, themes: Sequence[Theme]) -> tuple[BacklogItem, ...]:
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


def _left_over(sheet: _Sheet, fallen: Sequence[Theme], inside: Sequence[Theme]) -> Iterator[LeftOver]:
    """What was in no theme before, what fell below the rule or is muted by a correction, what was taken out of all."""
    batch = sheet.batch
    placed = {i for t in (*inside, *fallen) for i in t.members}
    yield from _still_left(batch, placed)
    for theme in fallen:
        muted = sheet.muted.get(theme.id)
        name = theme.words.name
        reason, detail = ("muted", muted_detail(muted, name)) if muted else ("anecdote", "")
        yield from (LeftOver(i, reason, detail or anecdote_detail(theme.counts, name)) for i in theme.members)
    for theme in batch.found.values():
        for i in theme.members:
            if i not in placed:
                ticket = batch.tickets[i]
                yield LeftOver(i, "one-off", f"{SINGLE}{gist(batch.clean[ticket.id].sentences, ticket)}")


def _still_left(batch: _Batch, placed: set[str]) -> Iterator[LeftOver]:
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


def _warnings(batch: _Batch, themes: int, aside: int, inside: int) -> tuple[Warned, ...]:
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


def _dots(batch: _Batch, themes: Sequence[Theme]) -> tuple[Dot, ...]:
    dots = batch.digest.dots
    if len(dots) != len(batch.kept):
        return dots
    rank = {i: t.rank if t.rank <= batch.rules.show else -1 for t in themes for i in t.members}
    return tuple(replace(dot, theme=rank.get(batch.shown[t.id], 0)) for dot, t in zip(dots, batch.kept, strict=True))
