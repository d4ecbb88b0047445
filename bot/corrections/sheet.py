"""The themes of a digest while corrections are applied: who is in which, and what is worked out from that. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from bot.acts import Decision, Verdict
from bot.corrections import fold
from bot.corrections.batch import Batch
from bot.corrections.honoured import set_by
from bot.domain import (
    Evidence,
    Quality,
    Severity,
    Theme,
    Ticket,
    Words,
)
from bot.synthesis import english
from bot.synthesis.alarms import alarms
from bot.synthesis.counts import counts
from bot.synthesis.evidence import quotes
from bot.synthesis.kinds import kind
from bot.synthesis.words import MADE_BY, Material, candidates, problem, renamed, weights, words

_EDITED = ("title", "problem", "user_story", "acceptance")


class Sheet:
    """The themes of a digest while corrections are applied to them, one after the other."""

    def __init__(self, batch: Batch) -> None:
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
        said, edits, name = theme.words, self.edits.get(theme.id, {}), self.names.get(theme.id)
        changes = {k: tuple(map(str, v)) if isinstance(v, list | tuple) else str(v) for k, v in edits.items()}
        if name and name != said.name:
            said = renamed(said, name, [self.batch.clean[t.id].sentences for t in self.batch.of(theme.members)])
        edited = tuple(sorted({*changes, *(["name"] if name else [])}))
        return replace(said, **changes, edited=edited) if edited else said  # type: ignore[arg-type]

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
        options = candidates(material, weights(material, self.batch.vocabulary))
        taken = {t.words.name for i, t in self.themes.items() if i != theme.id}  # two of one name can't be told apart
        best = next((c for c in options if c.name not in taken), options[0])
        return words(best, material, said)

    def _core(self, ids: Sequence[str]) -> int:
        """At least so many are of the core: those of the themes that came together, less all that left."""
        came = [t for t in self.batch.found.values() if set(t.members) & set(ids)]
        return min(len(ids), sum(max(0, t.quality.core - len(set(t.members) - set(ids))) for t in came))
