"""A digest as people corrected it: merges, splits, moves, names, edits, and what is muted or asleep. Pure.

Membership is all that a correction decides; every number that follows from it is counted again from the tickets, by the
same rules as before. Corrections that a digest has taken in already change nothing of it a second time.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from bot import fold
from bot.acts import REASONS, Decision, Verdict
from bot.digest import Facts, Reading, anecdote_detail, backlog, warned
from bot.domain import (
    BacklogItem,
    Digest,
    Dot,
    Evidence,
    Honoured,
    LeftOver,
    Quality,
    Severity,
    Theme,
    Ticket,
    Warned,
    Words,
    shown_ids,
)
from bot.synthesis import english
from bot.synthesis.alarms import alarms
from bot.synthesis.clean import Cleaned, cleaned
from bot.synthesis.counts import counts
from bot.synthesis.evidence import gist, quotes
from bot.synthesis.kinds import kind
from bot.synthesis.rules import Rules
from bot.synthesis.severity import severity
from bot.synthesis.words import MADE_BY, Material, Vocabulary, candidates, problem, short, weights, words

_EDITED = ("title", "user_story", "acceptance")


def corrected(digest: Digest, reading: Reading, decisions: Sequence[Decision], rules: Rules) -> Digest:
    """`decisions`: the corrections in force, oldest first (`fold.corrections`). `reading`: what the digest counted.

    A theme that was rejected or snoozed after the digest was made keeps its place in it, where its row says so.
    """
    batch = _Batch(digest, reading, rules)
    sheet = _Sheet({t.id: t for t in (*digest.themes, *digest.further_themes, *digest.snoozed_themes)}, batch)
    for decision in decisions:
        sheet.apply(decision)
    if not sheet.touched and not sheet.muted and not sheet.asleep:
        return digest
    return _assembled(digest, sheet, batch)


def honoured(digest: Digest, decisions: Sequence[Decision], names: Mapping[str, str]) -> tuple[Honoured, ...]:
    """One sentence for each correction that shaped a digest. `names`: of themes, by id, as they were last called."""
    here = {t.id for t in (*digest.themes, *digest.further_themes, *digest.snoozed_themes)}
    muted = {left.detail for left in digest.not_a_theme if left.reason == "muted"}
    found = [(d, said) for d in decisions if (said := _honoured(d, here, muted, names))]
    return tuple(Honoured(d.verdict.value, d.theme_id, d.number, said) for d, said in found)


def _honoured(d: Decision, here: set[str], muted: set[str], names: Mapping[str, str]) -> str | None:
    own, when = _called(d.theme_id, names), f"{_by(d.actor)} on {d.at.day} {d.at:%B}"
    into = d.payload.get("into")
    if d.verdict is Verdict.MERGE and into in here:
        return f"{own} stays a part of {_called(into, names)}, as merged by {when}."
    if d.verdict is Verdict.SPLIT and {d.theme_id, d.payload.get("theme")} & here:
        return f"{_called(str(d.payload.get('theme')), names)} stays apart from {own}, as split by {when}."
    if d.verdict is Verdict.RENAME and d.theme_id in here:
        return f"{own} keeps its name, given by {when}."
    if d.verdict is Verdict.EDIT and d.theme_id in here:
        return f"{own} keeps the draft's words, edited by {when}."
    if d.verdict is Verdict.REJECT and any(said.startswith(_muted(d)) for said in muted):
        return f"{own} is left out, marked as not a theme by {when}{_reason(d)}."
    if d.verdict is Verdict.SNOOZE and d.theme_id in here:
        return f"{own} sleeps, snoozed by {when}."
    return None


def _called(theme_id: str, names: Mapping[str, str]) -> str:
    return f"“{names[theme_id]}”" if theme_id in names else theme_id


def _by(actor: str) -> str:
    where, _, who = actor.rpartition(":")
    return f"<@{who}>" if where == "slack" else who


def _reason(d: Decision) -> str:
    told = REASONS.get(str(d.payload.get("reason")), "")
    return "".join(f": {said}" for said in (told, d.note.strip()) if said)


def _muted(d: Decision) -> str:
    return f"marked as not a theme by {_by(d.actor)} on {d.at.day} {d.at:%B}"


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

    def own(self, tickets: Sequence[Ticket]) -> list[str]:
        return [" ".join(self.clean[t.id].sentences) for t in tickets]

    def of(self, ids: Sequence[str]) -> list[Ticket]:
        return [self.tickets[i] for i in ids]


class _Sheet:
    """The themes of a digest while corrections are applied to them, one after the other."""

    def __init__(self, themes: dict[str, Theme], batch: _Batch) -> None:
        self.batch = batch
        self.themes = dict(themes)
        self.rows: dict[str, dict[str, Evidence]] = {i: {e.ticket_id: e for e in t.evidence} for i, t in themes.items()}
        self.names: dict[str, str] = {}
        self.edits: dict[str, dict[str, object]] = {}
        self.severities: dict[str, tuple[Severity, str]] = {}
        self.revised: Counter[str] = Counter()
        self.regrouped: set[str] = set()
        self.lost: Counter[str] = Counter()  # tickets that left a theme: they may have been of its core
        self.muted: dict[str, Decision] = {}
        self.asleep: set[str] = {t.id for t in batch.digest.snoozed_themes}
        self.merged: dict[str, str] = {}

    @property
    def touched(self) -> set[str]:
        return self.regrouped | set(self.revised)

    def apply(self, d: Decision) -> None:
        ways = {
            Verdict.MERGE: self._merge,
            Verdict.SPLIT: self._split,
            Verdict.MOVE: self._move,
            Verdict.RENAME: self._rename,
            Verdict.EDIT: self._edit,
            Verdict.REJECT: self._reject,
            Verdict.SNOOZE: self._snooze,
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
        self.themes.setdefault(into, replace(self.themes[d.theme_id], id=into))
        self._regrouped(into)
        self.regrouped.add(d.theme_id)

    def _split(self, d: Decision) -> None:
        part = str(d.payload["theme"])
        taken = self._taken(fold.target(d.theme_id, self.merged), d)
        if taken:
            self.rows.setdefault(part, {}).update(taken)
            self.themes.setdefault(part, replace(self.themes[d.theme_id], id=part, quotes=()))
            self._regrouped(part)
        if d.payload.get("name"):
            self.names[part] = str(d.payload["name"])

    def _move(self, d: Decision) -> None:
        taken = self._taken(fold.target(d.theme_id, self.merged), d)
        into = d.payload.get("into")
        where = fold.target(str(into), self.merged) if into else None
        if taken and where in self.rows:
            self.rows[where].update(taken)
            self._regrouped(where)

    def _taken(self, theme_id: str, d: Decision) -> dict[str, Evidence]:
        wanted = {self.batch.shown.get(i, "") for i in d.payload["tickets"]}
        there = self.rows.get(theme_id, {})
        taken = {i: there.pop(i) for i in list(there) if i in wanted}
        if taken:
            self.lost[theme_id] += len(taken)
            self._regrouped(theme_id)
        return taken

    def _rename(self, d: Decision) -> None:
        self.names[d.theme_id] = str(d.payload["name"])
        self.revised[d.theme_id] += d.theme_id in self.themes

    def _edit(self, d: Decision) -> None:
        self.edits.setdefault(d.theme_id, {}).update({k: v for k, v in d.payload.items() if k in _EDITED and v})
        if d.payload.get("severity"):
            self.severities[d.theme_id] = (Severity(d.payload["severity"]), f"set by {_by(d.actor)}")
        self.revised[d.theme_id] += d.theme_id in self.themes

    def _reject(self, d: Decision) -> None:
        if d.theme_id in self.rows and d.at < self.batch.digest.making.made_at:
            self.muted[d.theme_id] = d

    def _snooze(self, d: Decision) -> None:
        if d.theme_id in self.rows and d.at < self.batch.digest.making.made_at and not _woken(d, self.batch.digest):
            self.asleep.add(d.theme_id)

    def _regrouped(self, theme_id: str) -> None:
        self.regrouped.add(theme_id)
        self.revised[theme_id] += 1

    # --- what came of it

    def built(self) -> Iterator[Theme]:
        """Each theme that still has tickets, counted anew where its tickets changed."""
        for theme_id, rows in self.rows.items():
            theme = self.themes[theme_id]
            if rows and theme_id in self.regrouped:
                theme = self._rebuilt(theme, rows)
            if rows:
                yield replace(theme, words=self._worded(theme.id, theme.words))

    def _worded(self, theme_id: str, said: Words) -> Words:
        name = self.names.get(theme_id)
        said = replace(said, name=name, short=short(name)) if name else said
        edits = self.edits.get(theme_id, {})
        title, story, acceptance = (edits.get(k) for k in _EDITED)
        return replace(
            said,
            title=str(title or said.title),
            user_story=str(story or said.user_story),
            acceptance=tuple(map(str, acceptance)) if isinstance(acceptance, list | tuple) else said.acceptance,
        )

    def _rebuilt(self, theme: Theme, rows: Mapping[str, Evidence]) -> Theme:
        batch = self.batch
        evidence = tuple(sorted(rows.values(), key=lambda e: (-e.fit, e.ticket_id)))
        ids = tuple(e.ticket_id for e in evidence)
        tickets, customers = batch.of(ids), batch.reading.customers
        options = [(t, e.quote, frozenset(english.content(e.quote))) for t, e in zip(tickets, evidence, strict=True)]
        said = tuple(replace(q, ticket_id=batch.shown[q.ticket_id]) for q in quotes(options, customers))
        made = counts(tickets, customers, batch.rules.timezone)
        days = len({t.created_at.date() for t in batch.kept if t.created_at})
        skewed = alarms(made, batch.own(tickets), Counter(t.source for t in batch.kept), days)
        return replace(
            theme,
            members=ids,
            examples=tuple(dict.fromkeys((*(q.ticket_id for q in said), *ids)))[:3],
            counts=made,
            words=self._words(theme, tickets, [q.text for q in said]),
            quotes=said,
            evidence=evidence,
            quality=Quality(round(sum(e.fit for e in evidence) / len(evidence), 4), None, self._core(theme, ids)),
            alarms=skewed,
            trend=None,
        )

    def _words(self, theme: Theme, tickets: Sequence[Ticket], said: Sequence[str]) -> Words:
        """A theme keeps its words through a merge or a move; what was split off gets its own."""
        first = next((t for t in (*self.batch.digest.themes, *self.batch.digest.further_themes) if t.id == theme.id), 0)
        if first:
            return replace(theme.words, problem=problem(said)) if theme.words.made_by == MADE_BY else theme.words
        sentences = tuple(self.batch.clean[t.id].sentences for t in tickets)
        material = Material(sentences, *kind(self.batch.own(tickets)))
        best = candidates(material, weights(material, self.batch.vocabulary))[0]
        return words(best, material, said)

    def _core(self, theme: Theme, ids: Sequence[str]) -> int:
        """At least so many are of the core: those of the themes that came together, less all that left."""
        came = [t for t in (*self.batch.digest.themes, *self.batch.digest.further_themes) if set(t.members) & set(ids)]
        return max(0, min(len(ids), sum(max(0, t.quality.core - len(set(t.members) - set(ids))) for t in came)))


def _woken(d: Decision, digest: Digest) -> bool:
    """Its date has come, or the theme has grown by as much as was agreed."""
    until, growth, rate = (d.payload.get(k) for k in ("until", "growth", "rate"))
    if until and digest.making.made_at.isoformat() >= until:
        return True
    theme = next((t for t in (*digest.themes, *digest.further_themes) if t.id == d.theme_id), None)
    if theme is None or growth is None or not rate or not digest.window.days:
        return False
    return theme.counts.tickets / digest.window.days >= rate * (1 + growth)


def _assembled(digest: Digest, sheet: _Sheet, batch: _Batch) -> Digest:
    rules, everything = batch.rules, list(sheet.built())
    holds = [
        t for t in everything if t.counts.tickets >= rules.min_tickets and t.counts.customers >= rules.min_customers
    ]
    here = [t for t in holds if t.id not in sheet.muted]
    ranked = sorted(
        (t for t in here if t.id not in sheet.asleep), key=lambda t: (-t.counts.tickets, -t.counts.customers, t.rank)
    )
    themes = [replace(t, rank=rank) for rank, t in enumerate(ranked, 1)]
    asleep = tuple(t for t in here if t.id in sheet.asleep)
    left = tuple(_left_over(digest, batch, sheet, [t for t in everything if t not in here], [*themes, *asleep]))
    inside = sum(len(t.members) for t in (*themes, *asleep))
    totals = replace(digest.totals, in_themes=inside, not_a_theme=len(left))
    return replace(
        digest,
        totals=totals,
        themes=tuple(themes[: rules.show]),
        further_themes=tuple(themes[rules.show :]),
        snoozed_themes=asleep,
        items=_items(digest, sheet, batch, themes[: rules.show]),
        not_a_theme=left,
        warnings=_warnings(digest, len(themes), inside, batch),
        dots=_dots(digest, batch, themes),
    )


def _items(digest: Digest, sheet: _Sheet, batch: _Batch, themes: Sequence[Theme]) -> tuple[BacklogItem, ...]:
    before = {i.theme_id: i for i in digest.items}

    def level(theme: Theme) -> tuple[Severity, str]:
        was = before.get(theme.id)
        if theme.id in sheet.severities:
            return sheet.severities[theme.id]
        if was is not None and theme.id not in sheet.regrouped:
            return was.severity, was.severity_reason
        tickets = batch.of(theme.members)
        return severity(tickets, batch.own(tickets), batch.reading.customers, theme.words.kind, batch.rules)

    made = backlog([(t, *level(t)) for t in themes], digest.window, batch.rules)
    return tuple(replace(i, revision=1 + sheet.revised[i.theme_id]) for i in made)


def _left_over(
    digest: Digest, batch: _Batch, sheet: _Sheet, fallen: Sequence[Theme], inside: Sequence[Theme]
) -> Iterator[LeftOver]:
    """What was in no theme before, what a correction took out of one, and what fell below the rule by it."""
    told: set[str] = {i for t in inside for i in t.members}
    for left in digest.not_a_theme:
        if left.ticket_id not in told:
            told.add(left.ticket_id)
            yield left
    for theme in fallen:
        muted = sheet.muted.get(theme.id)
        detail = f"{_muted(muted)}{_reason(muted)}: {theme.words.name}" if muted else None
        for i in theme.members:
            told.add(i)
            reason = "muted" if detail else "anecdote"
            yield LeftOver(i, reason, detail or anecdote_detail(theme.counts, theme.words.name))
    for theme in (*digest.themes, *digest.further_themes, *digest.snoozed_themes):
        for i in theme.members:
            if i not in told:
                told.add(i)
                yield LeftOver(
                    i, "one-off", f"single report: {gist(batch.clean[batch.tickets[i].id].sentences, batch.tickets[i])}"
                )


def _warnings(digest: Digest, themes: int, inside: int, batch: _Batch) -> tuple[Warned, ...]:
    facts = Facts(
        looked_at=len(batch.kept),
        themes=themes,
        in_themes=inside,
        candidates=len(digest.candidate_themes),
        stability=digest.stability,
        other_languages=digest.making.other_language_share,
    )
    again = {w.code: w for w in warned(facts, batch.rules)}
    counted = ("small_sample", "customers_unknown", "few_themes", "low_stability", "other_languages", "much_left_out")
    others = [w for w in digest.warnings if w.code not in counted]
    first = [w for w in others if w.code == "source_missing"]
    return (*first, *again.values(), *(w for w in others if w not in first))


def _dots(digest: Digest, batch: _Batch, themes: Sequence[Theme]) -> tuple[Dot, ...]:
    if len(digest.dots) != len(batch.kept):
        return digest.dots
    show = batch.rules.show
    rank = {i: t.rank if t.rank <= show else -1 for t in themes for i in t.members}
    return tuple(
        replace(dot, theme=rank.get(batch.shown[t.id], 0)) for dot, t in zip(digest.dots, batch.kept, strict=True)
    )
